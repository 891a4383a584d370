// SPDX-License-Identifier: GPL-2.0
/*
 * The engine SLAB, as Bonwick described it (The Slab Allocator, USENIX Summer 1994) and the kernel
 * had it in mm/slab.c until 6.7.
 *
 * Each slab has a book: for every object the number of the one that follows it on the slab's free
 * list, or that it is out. So the list runs outside the objects, and a free object keeps every byte
 * that its constructor or its last user left in it. The book of a slab of small objects stands at
 * its beginning. Large objects would lose a whole slot to it, so that from an eighth of a page on
 * (Bonwick's limit, and the kernel's) it is memory by itself, which the second page's frame names.
 *
 * What a slab does not need for its objects is used to begin them at another place in each slab, so
 * that objects of the same number do not all meet in the same lines of the CPU's cache: the slab's
 * colour (Bonwick, 4.1). A slab is carved as needed, object by object.
 *
 *	book->next[], slab->slab	changed under the node's lock, but
 *	next[] of an object that is out	changed by who has the object: from kept to in use, and back
 */
#include <linux/cache.h>
#include <linux/minmax.h>

#include "compat.h"
#include "region.h"
#include "objects/debug/check.h"
#include "objects/magazine.h"
#include "objects/node.h"

/* In place of the next free object, of which there are RSV_SLAB_NONE at most: the object is out. */
#define RSV_BOOK_KEPT	0xfffe
#define RSV_BOOK_USED	0xffff

/**
 * struct rsv_book - where a slab's objects begin, and which of them are free
 * @first: where the first slot begins, in bytes from the slab's beginning (never changes)
 * @next: of an object on the free list the next one or RSV_SLAB_NONE; of one that is out
 *	RSV_BOOK_KEPT or RSV_BOOK_USED; of one that was never carved nothing
 */
struct rsv_book {
	u32 first;
	u16 next[];
};

static unsigned int rsv_book_bytes(unsigned int objects)
{
	return sizeof(struct rsv_book) + objects * sizeof(u16);
}

static union rsv_slab_word rsv_book_word(const struct rsv_frame *slab)
{
	return (union rsv_slab_word){ .word = READ_ONCE(slab->slab) };
}

/* The book of a slab that is known to be one of the cache */
static struct rsv_book *rsv_book_of(const struct rsv_cache *c, const struct rsv_extent *e,
				    const struct rsv_frame *slab)
{
	return c->layout.book ? rsv_frame_addr(e, slab) : READ_ONCE(slab[1].book);
}

static unsigned int rsv_book_index(const struct rsv_cache *c, const struct rsv_book *book,
				   const struct rsv_frame *f, const void *object)
{
	return rsv_slot_index(c, rsv_slab_offset(f, object) - c->layout.before -
				 READ_ONCE(book->first));
}

static void *rsv_book_object(const struct rsv_cache *c, const struct rsv_book *book, void *base,
			     unsigned int index)
{
	return base + book->first + index * c->layout.stride + c->layout.before;
}

/* Notes what has become of a slab, and moves it to the list it belongs on. The node is locked. */
static void rsv_book_note(const struct rsv_cache *c, struct rsv_cache_node *n,
			  struct rsv_frame *slab, union rsv_slab_word word)
{
	enum rsv_fill was = word.fill, fill = rsv_slab_fill(c, word);

	word.fill = fill;
	WRITE_ONCE(slab->slab, word.word);
	if (fill == was)
		return;
	rsv_slab_unlink(n, slab, was);
	rsv_slab_link(n, slab, fill);
}

/*
 * Layout
 */

/* How many slots fit behind their book, and how many if it is elsewhere */
static unsigned int rsv_book_slots(const struct rsv_layout *l, unsigned int pages)
{
	const unsigned int bytes = pages << PAGE_SHIFT;
	unsigned int slots = bytes / l->stride;

	if (l->stride >= PAGE_SIZE / 8)
		return min(slots, RSV_SLAB_OBJECTS_MAX);
	slots = min((bytes - rsv_book_bytes(0)) / (l->stride + (unsigned int)sizeof(u16)),
		    RSV_SLAB_OBJECTS_MAX);
	while (round_up(rsv_book_bytes(slots), l->align) + slots * l->stride > bytes)
		slots--;
	return slots;
}

/* What is left of a slab of so many pages and objects */
static unsigned int rsv_book_rest(const struct rsv_layout *l, unsigned int pages,
				  unsigned int objects)
{
	return (pages << PAGE_SHIFT) - l->book - objects * l->stride;
}

/* The books of small slabs are as long as those of others: who looks for one need not ask. */
static void rsv_book_place(struct rsv_layout *l)
{
	if (l->stride < PAGE_SIZE / 8)
		l->book = round_up(rsv_book_bytes(l->objects), l->align);
	else
		l->small_pages = max(l->small_pages, 2U);
	l->small_objects = min(((l->small_pages << PAGE_SHIFT) - l->book) / l->stride, l->objects);
}

static int rsv_book_layout(struct rsv_layout *l)
{
	rsv_layout_pages(l, rsv_book_slots);
	rsv_book_place(l);
	l->colour = max_t(unsigned int, l->align, cache_line_size());
	l->colours = rsv_book_rest(l, l->pages, l->objects) / l->colour + 1;
	return 0;
}

/*
 * Slabs
 */

/* The cache of the region that serves books which are not in their slab */
static struct rsv_cache *rsv_book_cache(const struct rsv_cache *c)
{
	unsigned int n = 0;

	while (RSV_MAGAZINE_BYTES(n) < rsv_book_bytes(c->layout.objects))
		n++;
	return c->region->own[n];
}

/* The colour of the next slab of a node */
static unsigned int rsv_book_colour(const struct rsv_cache *c, struct rsv_cache_node *n)
{
	unsigned int colour;
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	colour = n->colour;
	n->colour = colour + 1 < c->layout.colours ? colour + 1 : 0;
	raw_spin_unlock_irqrestore(&n->lock, flags);
	return colour;
}

/* Begins the book of a new slab: at @apart or, if that is NULL, in the slab. */
static void rsv_book_open(struct rsv_cache *c, struct rsv_frame *slab, struct rsv_book *apart)
{
	const struct rsv_extent *e = rsv_frame_extent(c->region, slab);
	const unsigned int objects = rsv_slab_objects(c, rsv_book_word(slab));
	unsigned int rest = rsv_book_rest(&c->layout, rsv_slab_pages(c, slab), objects);
	unsigned int colour = rsv_book_colour(c, rsv_slab_node(c, e));

	if (apart)
		WRITE_ONCE(slab[1].book, apart);
	/* A small slab may have fewer colours. */
	colour %= rest / c->layout.colour + 1;
	WRITE_ONCE(rsv_book_of(c, e, slab)->first, c->layout.book + colour * c->layout.colour);
}

static bool rsv_book_grow(struct rsv_cache *c, gfp_t gfp, int nid)
{
	const gfp_t plain = gfp & ~(__GFP_THISNODE | __GFP_ZERO | __GFP_HIGHMEM);
	struct rsv_book *apart = NULL;
	struct rsv_frame *slab;

	if (!c->layout.book) {
		apart = rsv_cache_alloc_node(rsv_book_cache(c), plain, nid);
		if (!apart)
			return false;
	}
	slab = rsv_slab_new(c, gfp, nid);
	if (slab) {
		rsv_book_open(c, slab, apart);
		rsv_slab_enter(c, slab);
	} else if (apart) {
		rsv_cache_free(rsv_book_cache(c), apart);
	}
	return slab;
}

/* Gives back a slab that is nobody's any more. */
static void rsv_book_close(struct rsv_cache *c, struct rsv_frame *slab)
{
	if (!c->layout.book)
		rsv_cache_free(rsv_book_cache(c), slab[1].book);
	rsv_slab_give(c, slab);
}

/*
 * Taking
 */

static void *rsv_book_carve(const struct rsv_cache *c, struct rsv_book *book, void *base,
			    union rsv_slab_word *word)
{
	unsigned int index = word->carved++;

	WRITE_ONCE(book->next[index], RSV_BOOK_KEPT);
	word->inuse++;
	return rsv_book_object(c, book, base, index);
}

/* The first object of the free list, or NULL if the list is not what it can be. */
static void *rsv_book_pop(struct rsv_cache *c, struct rsv_book *book, void *base,
			  union rsv_slab_word *word)
{
	unsigned int index = word->free, next;

	/* A list that ends too early lost objects, one that ends too late has some that are out. */
	if (index >= word->carved || word->inuse >= word->carved)
		return NULL;
	next = READ_ONCE(book->next[index]);
	if (next != RSV_SLAB_NONE && next >= word->carved)
		return NULL;
	WRITE_ONCE(book->next[index], RSV_BOOK_KEPT);
	word->free = next;
	word->inuse++;
	return rsv_book_object(c, book, base, index);
}

/* A book that an overflow of the slab before has reached may no more say where objects begin. */
static bool rsv_book_whole(const struct rsv_cache *c, const struct rsv_book *book,
			   const struct rsv_frame *slab)
{
	const unsigned int objects = rsv_slab_objects(c, rsv_book_word(slab));
	unsigned int rest = rsv_book_rest(&c->layout, rsv_slab_pages(c, slab), objects);
	unsigned int shift = READ_ONCE(book->first) - c->layout.book;

	return shift <= rest && !(shift % c->layout.colour);
}

/* The objects on a free list that was overwritten count as out from now on: they are lost. */
static void rsv_book_abandon(union rsv_slab_word *word, void *base, struct rsv_taken *t)
{
	t->damaged = base;
	t->lost = word->carved - word->inuse;
	word->inuse = word->carved;
	word->free = RSV_SLAB_NONE;
}

/* Takes objects of one slab: those that were in use before first, the CPU's cache may have them. */
static void rsv_book_take_slab(struct rsv_cache *c, struct rsv_frame *slab, unsigned int nr,
			       union rsv_slab_word *word, struct rsv_taken *t)
{
	const struct rsv_extent *e = rsv_frame_extent(c->region, slab);
	struct rsv_book *book = rsv_book_of(c, e, slab);
	void *base = rsv_frame_addr(e, slab), *object;

	if (unlikely(!rsv_book_whole(c, book, slab))) {
		word->carved = rsv_slab_objects(c, *word);
		rsv_book_abandon(word, base, t);
		return;
	}
	while (t->nr < nr && (word->inuse < word->carved || word->free != RSV_SLAB_NONE)) {
		object = rsv_book_pop(c, book, base, word);
		if (!object) {
			rsv_book_abandon(word, base, t);
			return;
		}
		t->object[t->nr++] = object;
	}
	while (t->nr < nr && word->carved < rsv_slab_objects(c, *word)) {
		if (rsv_cache_begins(c) && t->nr)
			return;
		t->fresh = rsv_cache_begins(c);
		t->object[t->nr++] = rsv_book_carve(c, book, base, word);
		if (t->fresh)
			return;
	}
}

static void rsv_book_take(struct rsv_cache *c, struct rsv_cpu *cpu, int nid, unsigned int nr,
			  struct rsv_taken *t)
{
	struct rsv_cache_node *n = c->nodes[nid];
	union rsv_slab_word word;
	struct rsv_frame *slab;
	unsigned long flags;
	unsigned int had;

	raw_spin_lock_irqsave(&n->lock, flags);
	do {
		slab = rsv_slabs_best(n);
		if (!slab)
			break;
		had = t->nr;
		word = rsv_book_word(slab);
		rsv_book_take_slab(c, slab, nr, &word, t);
		rsv_book_note(c, n, slab, word);
	} while (t->nr < nr && t->nr > had && !t->fresh && !t->damaged);
	raw_spin_unlock_irqrestore(&n->lock, flags);
	rsv_taken_begin(c, t);
}

/*
 * Objects that are out
 */

/*
 * The book of a slab that was one of the cache a moment ago. Its frames may be another's by now,
 * and what they hold no address of ours.
 */
static struct rsv_book *rsv_book_find(const struct rsv_cache *c, const struct rsv_extent *e,
				      const struct rsv_frame *slab)
{
	struct rsv_book *book;

	if (c->layout.book)
		return rsv_book_of(c, e, slab);
	/* The second page's frame tells, if there is a second page. */
	if (rsv_frame_index(e, slab) + 1 >= e->nr_pages)
		return NULL;
	book = rsv_book_of(c, e, slab);
	return rsv_extent_has(e, book) || rsv_region_extent(c->region, book) ? book : NULL;
}

/*
 * Where it is noted what has become of an object that was handed out in this life of its slab; or
 * NULL and why there is none.
 */
static u16 *rsv_book_entry(const struct rsv_cache *c, const struct rsv_extent *e,
			   struct rsv_frame *f, const void *object, enum rsv_misuse *why)
{
	struct rsv_frame *slab = rsv_slab_head(e, f);
	/* Pairs with the node's lock: who sees that a slab was carved sees its book. */
	const union rsv_slab_word word = { .word = smp_load_acquire(&slab->slab) };
	struct rsv_book *book;
	unsigned int index;

	*why = RSV_DOUBLE_FREE;
	book = word.carved ? rsv_book_find(c, e, slab) : NULL;
	if (unlikely(!book))
		return NULL;
	index = rsv_book_index(c, book, f, object);
	if (likely(index < word.carved))
		return &book->next[index];
	if (index >= rsv_slab_objects(c, word))
		*why = RSV_MISALIGNED;
	return NULL;
}

static enum rsv_misuse rsv_book_claim(struct rsv_cache *c, struct rsv_extent *e,
				      struct rsv_frame *f, void *object)
{
	enum rsv_misuse why;
	u16 *entry = rsv_book_entry(c, e, f, object, &why);

	if (unlikely(!entry))
		return why;
	if (unlikely(READ_ONCE(*entry) != RSV_BOOK_USED))
		return RSV_DOUBLE_FREE;
	WRITE_ONCE(*entry, RSV_BOOK_KEPT);
	return RSV_OK;
}

static bool rsv_book_live(const struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f,
			  const void *object)
{
	enum rsv_misuse why;
	const u16 *entry = rsv_book_entry(c, e, f, object, &why);

	return entry && READ_ONCE(*entry) == RSV_BOOK_USED;
}

static bool rsv_book_hand(struct rsv_cache *c, void *object)
{
	struct rsv_extent *e = rsv_region_extent(c->region, object);
	enum rsv_misuse why;
	u16 *entry = rsv_book_entry(c, e, rsv_frame_at(e, object), object, &why);

	if (unlikely(!entry || READ_ONCE(*entry) != RSV_BOOK_KEPT))
		return false;
	WRITE_ONCE(*entry, RSV_BOOK_USED);
	return true;
}

/* Of two CPUs that give one object back the second finds that it is free. The node is locked. */
static enum rsv_misuse rsv_book_put_locked(struct rsv_cache *c, struct rsv_cache_node *n,
					   struct rsv_extent *e, struct rsv_frame *f, void *object)
{
	struct rsv_frame *slab = rsv_slab_head(e, f);
	union rsv_slab_word word = rsv_book_word(slab);
	enum rsv_misuse why;
	u16 *entry;

	/* If not, the slab is on its way back, so that its objects are free. */
	if (READ_ONCE(f->cache) != c)
		return RSV_DOUBLE_FREE;
	entry = rsv_book_entry(c, e, f, object, &why);
	if (!entry)
		return why;
	if (READ_ONCE(*entry) != RSV_BOOK_KEPT)
		return RSV_DOUBLE_FREE;
	WRITE_ONCE(*entry, word.free);
	word.free = entry - rsv_book_of(c, e, slab)->next;
	word.inuse--;
	rsv_book_note(c, n, slab, word);
	return RSV_OK;
}

static enum rsv_misuse rsv_book_put(struct rsv_cache *c, struct rsv_cpu *cpu, struct rsv_extent *e,
				    struct rsv_frame *f, void *object)
{
	struct rsv_cache_node *n = rsv_slab_node(c, e);
	struct rsv_frame *evicted;
	enum rsv_misuse misuse;
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	misuse = rsv_book_put_locked(c, n, e, f, object);
	evicted = rsv_slabs_surplus(c, n, flags);
	raw_spin_unlock_irqrestore(&n->lock, flags);
	if (evicted)
		rsv_book_close(c, evicted);
	return misuse;
}

/*
 * The rest of what an engine does
 */

static unsigned int rsv_book_shrink(struct rsv_cache *c, bool idle)
{
	return rsv_slabs_shrink(c, idle, rsv_book_close);
}

/*
 * Whether the free list has the objects that are not out, each once: if one were on it twice, the
 * list would have no end. The node is locked.
 */
static bool rsv_book_sound(const struct rsv_book *book, union rsv_slab_word word)
{
	unsigned int at = word.free, left = word.carved - word.inuse;

	while (left && at < word.carved) {
		at = READ_ONCE(book->next[at]);
		left--;
	}
	return !left && at == RSV_SLAB_NONE;
}

static bool rsv_book_verify(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f)
{
	struct rsv_cache_node *n = rsv_slab_node(c, e);
	struct rsv_frame *slab = rsv_slab_head(e, f);
	unsigned long flags;
	bool sound;

	raw_spin_lock_irqsave(&n->lock, flags);
	sound = rsv_book_sound(rsv_book_of(c, e, slab), rsv_book_word(slab));
	raw_spin_unlock_irqrestore(&n->lock, flags);
	if (!sound)
		rsv_debug_report_slab(RSV_CORRUPT, c, rsv_frame_addr(e, slab),
				      "its free list is wrong");
	return sound;
}

static void rsv_book_each_slab(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *slab,
			       const struct rsv_show *show)
{
	struct rsv_book *book = rsv_book_of(c, e, slab);
	void *base = rsv_frame_addr(e, slab);
	unsigned int index;

	/* A new slab may have no book yet. */
	if (!rsv_book_word(slab).carved || !rsv_book_whole(c, book, slab))
		return;
	for (index = 0; index < rsv_book_word(slab).carved; index++)
		if (READ_ONCE(book->next[index]) == RSV_BOOK_USED)
			show->show(c, e, rsv_book_object(c, book, base, index), show->data);
}

static void rsv_book_each(struct rsv_cache *c, const struct rsv_show *show)
{
	rsv_slabs_each(c, rsv_book_each_slab, show);
}

const struct rsv_engine rsv_engine_slab = {
	.name = "slab",
	.flag = RSV_ENGINE_SLAB,
	.aside = true,
	.layout = rsv_book_layout,
	.take = rsv_book_take,
	.grow = rsv_book_grow,
	.put = rsv_book_put,
	.hand = rsv_book_hand,
	.claim = rsv_book_claim,
	.live = rsv_book_live,
	.shrink = rsv_book_shrink,
	.verify = rsv_book_verify,
	.each = rsv_book_each,
};
