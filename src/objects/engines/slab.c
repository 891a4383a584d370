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
#include "objects/debug/check.h"
#include "objects/layout.h"
#include "objects/node.h"
#include "region.h"

/* In place of the next free object, of which there are RSV_SLAB_NONE at most: the object is out. */
#define RSV_BUFCTL_CACHED 0xfffe
#define RSV_BUFCTL_USED	  0xffff

/**
 * struct rsv_bufctl - where a slab's objects begin, and which of them are free
 * @first: where the first slot begins, in bytes from the slab's beginning (never changes)
 * @next: of an object on the free list the next one or RSV_SLAB_NONE; of one that is out
 *	RSV_BUFCTL_CACHED or RSV_BUFCTL_USED; of one that was never carved nothing
 */
struct rsv_bufctl {
	u32 first;
	u16 next[];
};

static unsigned int rsv_book_bytes(unsigned int objects)
{
	return sizeof(struct rsv_bufctl) + objects * sizeof(u16);
}

static union rsv_slab_word rsv_book_word(const struct rsv_frame *slab)
{
	return (union rsv_slab_word){.word = READ_ONCE(slab->slab)};
}

/* The book of a slab that is known to be one of the cache */
static struct rsv_bufctl *rsv_book_of(const struct rsv_cache *c, const struct rsv_extent *e,
				      const struct rsv_frame *slab)
{
	return c->layout.bufctl ? rsv_frame_addr(e, slab) : READ_ONCE(slab[1].bufctl);
}

static unsigned int rsv_book_index(const struct rsv_cache *c, const struct rsv_bufctl *book,
				   const struct rsv_frame *f, const void *object)
{
	return rsv_slot_index(c, rsv_slab_offset(f, object) - c->layout.before -
					 READ_ONCE(book->first));
}

static void *rsv_book_object(const struct rsv_cache *c, const struct rsv_bufctl *book, void *base,
			     unsigned int index)
{
	return base + book->first + index * c->layout.stride + c->layout.before;
}

/* Notes what has become of a slab, and moves it to the list it belongs on. The node is locked. */
static void rsv_bufctl_update_slab(const struct rsv_cache *c, struct rsv_cache_node *n,
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
static unsigned int rsv_bufctl_slack(const struct rsv_layout *l, unsigned int pages,
				     unsigned int objects)
{
	return (pages << PAGE_SHIFT) - l->bufctl - objects * l->stride;
}

/* The books of small slabs are as long as those of others: who looks for one need not ask. */
static void rsv_bufctl_choose_where(struct rsv_layout *l)
{
	if (l->stride < PAGE_SIZE / 8)
		l->bufctl = round_up(rsv_book_bytes(l->objects), l->align);
	else
		l->small_pages = max(l->small_pages, 2U);
	l->small_objects =
		min(((l->small_pages << PAGE_SHIFT) - l->bufctl) / l->stride, l->objects);
}

static int rsv_book_layout(struct rsv_layout *l)
{
	rsv_layout_pages(l, rsv_book_slots);
	rsv_bufctl_choose_where(l);
	l->colour = max_t(unsigned int, l->align, cache_line_size());
	l->colours = rsv_bufctl_slack(l, l->pages, l->objects) / l->colour + 1;
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
	return c->region->magazine_caches[n];
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
static void rsv_bufctl_init(struct rsv_cache *c, struct rsv_frame *slab, struct rsv_bufctl *apart)
{
	const struct rsv_extent *e = rsv_frame_extent(c->region, slab);
	const unsigned int objects = rsv_slab_objects(c, rsv_book_word(slab));
	unsigned int rest = rsv_bufctl_slack(&c->layout, rsv_slab_pages(c, slab), objects);
	unsigned int colour = rsv_book_colour(c, rsv_slab_node(c, e));

	if (apart)
		WRITE_ONCE(slab[1].bufctl, apart);
	/* A small slab may have fewer colours. */
	colour %= rest / c->layout.colour + 1;
	WRITE_ONCE(rsv_book_of(c, e, slab)->first, c->layout.bufctl + colour * c->layout.colour);
}

static bool rsv_bufctl_new_slab(struct rsv_cache *c, gfp_t gfp, int nid)
{
	const gfp_t plain = gfp & ~(__GFP_THISNODE | __GFP_ZERO | __GFP_HIGHMEM);
	struct rsv_bufctl *apart = NULL;
	struct rsv_frame *slab;

	if (!c->layout.bufctl) {
		apart = rsv_cache_alloc_node(rsv_book_cache(c), plain, nid);
		if (!apart)
			return false;
	}
	slab = rsv_slab_new(c, gfp, nid);
	if (slab) {
		rsv_bufctl_init(c, slab, apart);
		rsv_slab_add(c, slab);
	} else if (apart) {
		rsv_cache_free(rsv_book_cache(c), apart);
	}
	return slab;
}

/* Gives back a slab that is nobody's any more. */
static void rsv_bufctl_free_slab(struct rsv_cache *c, struct rsv_frame *slab)
{
	if (!c->layout.bufctl)
		rsv_cache_free(rsv_book_cache(c), slab[1].bufctl);
	rsv_slab_free_pages(c, slab);
}

/*
 * Taking
 */

static void *rsv_book_carve(const struct rsv_cache *c, struct rsv_bufctl *book, void *base,
			    union rsv_slab_word *word)
{
	unsigned int index = word->carved++;

	WRITE_ONCE(book->next[index], RSV_BUFCTL_CACHED);
	word->inuse++;
	return rsv_book_object(c, book, base, index);
}

/* The first object of the free list, or NULL if the list is not what it can be. */
static void *rsv_book_pop(struct rsv_cache *c, struct rsv_bufctl *book, void *base,
			  union rsv_slab_word *word)
{
	unsigned int index = word->free, next;

	/* A list that ends too early lost objects, one that ends too late has some that are out. */
	if (index >= word->carved || word->inuse >= word->carved)
		return NULL;
	next = READ_ONCE(book->next[index]);
	if (next != RSV_SLAB_NONE && next >= word->carved)
		return NULL;
	WRITE_ONCE(book->next[index], RSV_BUFCTL_CACHED);
	word->free = next;
	word->inuse++;
	return rsv_book_object(c, book, base, index);
}

/* A book that an overflow of the slab before has reached may no more say where objects begin. */
static bool rsv_bufctl_is_sound(const struct rsv_cache *c, const struct rsv_bufctl *book,
				const struct rsv_frame *slab)
{
	const unsigned int objects = rsv_slab_objects(c, rsv_book_word(slab));
	unsigned int rest = rsv_bufctl_slack(&c->layout, rsv_slab_pages(c, slab), objects);
	unsigned int shift = READ_ONCE(book->first) - c->layout.bufctl;

	return shift <= rest && !(shift % c->layout.colour);
}

/* The objects on a free list that was overwritten count as out from now on: they are lost. */
static void rsv_book_abandon(union rsv_slab_word *word, void *base, struct rsv_batch *t)
{
	t->damaged = base;
	t->lost = word->carved - word->inuse;
	word->inuse = word->carved;
	word->free = RSV_SLAB_NONE;
}

/* Takes objects of one slab: those that were in use before first, the CPU's cache may have them. */
static void rsv_bufctl_alloc_slab(struct rsv_cache *c, struct rsv_frame *slab, unsigned int nr,
				  union rsv_slab_word *word, struct rsv_batch *t)
{
	const struct rsv_extent *e = rsv_frame_extent(c->region, slab);
	struct rsv_bufctl *book = rsv_book_of(c, e, slab);
	void *base = rsv_frame_addr(e, slab), *object;

	if (unlikely(!rsv_bufctl_is_sound(c, book, slab))) {
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
		if (rsv_cache_has_raw(c) && t->nr)
			return;
		t->raw = rsv_cache_has_raw(c);
		t->object[t->nr++] = rsv_book_carve(c, book, base, word);
		if (t->raw)
			return;
	}
}

static void rsv_bufctl_alloc(struct rsv_cache *c, struct rsv_cpu *cpu, int nid, unsigned int nr,
			     struct rsv_batch *t)
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
		rsv_bufctl_alloc_slab(c, slab, nr, &word, t);
		rsv_bufctl_update_slab(c, n, slab, word);
	} while (t->nr < nr && t->nr > had && !t->raw && !t->damaged);
	raw_spin_unlock_irqrestore(&n->lock, flags);
	rsv_batch_prepare(c, t);
}

/*
 * Objects that are out
 */

/*
 * The book of a slab that was one of the cache a moment ago. Its frames may be another's by now,
 * and what they hold no address of ours.
 */
static struct rsv_bufctl *rsv_book_find(const struct rsv_cache *c, const struct rsv_extent *e,
					const struct rsv_frame *slab)
{
	struct rsv_bufctl *book;

	if (c->layout.bufctl)
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
	const union rsv_slab_word word = {.word = smp_load_acquire(&slab->slab)};
	struct rsv_bufctl *book;
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

static enum rsv_misuse rsv_bufctl_mark_cached(struct rsv_cache *c, struct rsv_extent *e,
					      struct rsv_frame *f, void *object)
{
	enum rsv_misuse why;
	u16 *entry = rsv_book_entry(c, e, f, object, &why);

	if (unlikely(!entry))
		return why;
	if (unlikely(READ_ONCE(*entry) != RSV_BUFCTL_USED))
		return RSV_DOUBLE_FREE;
	WRITE_ONCE(*entry, RSV_BUFCTL_CACHED);
	return RSV_OK;
}

static bool rsv_bufctl_is_used(const struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f,
			       const void *object)
{
	enum rsv_misuse why;
	const u16 *entry = rsv_book_entry(c, e, f, object, &why);

	return entry && READ_ONCE(*entry) == RSV_BUFCTL_USED;
}

static bool rsv_bufctl_mark_used(struct rsv_cache *c, void *object)
{
	struct rsv_extent *e = rsv_region_extent(c->region, object);
	enum rsv_misuse why;
	u16 *entry = rsv_book_entry(c, e, rsv_frame_at(e, object), object, &why);

	if (unlikely(!entry || READ_ONCE(*entry) != RSV_BUFCTL_CACHED))
		return false;
	WRITE_ONCE(*entry, RSV_BUFCTL_USED);
	return true;
}

/* Of two CPUs that give one object back the second finds that it is free. The node is locked. */
static enum rsv_misuse rsv_bufctl_free_locked(struct rsv_cache *c, struct rsv_cache_node *n,
					      struct rsv_extent *e, struct rsv_frame *f,
					      void *object)
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
	if (READ_ONCE(*entry) != RSV_BUFCTL_CACHED)
		return RSV_DOUBLE_FREE;
	WRITE_ONCE(*entry, word.free);
	word.free = entry - rsv_book_of(c, e, slab)->next;
	word.inuse--;
	rsv_bufctl_update_slab(c, n, slab, word);
	return RSV_OK;
}

static enum rsv_misuse rsv_bufctl_free(struct rsv_cache *c, struct rsv_cpu *cpu,
				       struct rsv_extent *e, struct rsv_frame *f, void *object)
{
	struct rsv_cache_node *n = rsv_slab_node(c, e);
	struct rsv_frame *evicted;
	enum rsv_misuse misuse;
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	misuse = rsv_bufctl_free_locked(c, n, e, f, object);
	evicted = rsv_slabs_surplus(c, n, flags);
	raw_spin_unlock_irqrestore(&n->lock, flags);
	if (evicted)
		rsv_bufctl_free_slab(c, evicted);
	return misuse;
}

/*
 * The rest of what an engine does
 */

static unsigned int rsv_book_shrink(struct rsv_cache *c, bool idle)
{
	return rsv_slabs_shrink(c, idle, rsv_bufctl_free_slab);
}

/*
 * Whether the free list has the objects that are not out, each once: if one were on it twice, the
 * list would have no end. The node is locked.
 */
static bool rsv_bufctl_freelist_is_sound(const struct rsv_bufctl *book, union rsv_slab_word word)
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
	sound = rsv_bufctl_freelist_is_sound(rsv_book_of(c, e, slab), rsv_book_word(slab));
	raw_spin_unlock_irqrestore(&n->lock, flags);
	if (!sound)
		rsv_debug_report_slab(RSV_CORRUPT, c, rsv_frame_addr(e, slab),
				      "its free list is wrong");
	return sound;
}

static void rsv_bufctl_for_each_in(struct rsv_cache *c, struct rsv_extent *e,
				   struct rsv_frame *slab, const struct rsv_visitor *visitor)
{
	struct rsv_bufctl *book = rsv_book_of(c, e, slab);
	void *base = rsv_frame_addr(e, slab);
	unsigned int index;

	/* A new slab may have no book yet. */
	if (!rsv_book_word(slab).carved || !rsv_bufctl_is_sound(c, book, slab))
		return;
	for (index = 0; index < rsv_book_word(slab).carved; index++)
		if (READ_ONCE(book->next[index]) == RSV_BUFCTL_USED)
			visitor->visit(c, e, rsv_book_object(c, book, base, index), visitor->data);
}

static void rsv_bufctl_for_each(struct rsv_cache *c, const struct rsv_visitor *visitor)
{
	rsv_slabs_for_each(c, rsv_bufctl_for_each_in, visitor);
}

const struct rsv_engine rsv_engine_slab = {
	.name = "slab",
	.flag = RSV_ENGINE_SLAB,
	.off_object = true,
	.layout = rsv_book_layout,
	.alloc = rsv_bufctl_alloc,
	.new_slab = rsv_bufctl_new_slab,
	.free = rsv_bufctl_free,
	.mark_used = rsv_bufctl_mark_used,
	.mark_cached = rsv_bufctl_mark_cached,
	.is_used = rsv_bufctl_is_used,
	.shrink = rsv_book_shrink,
	.verify = rsv_book_verify,
	.for_each = rsv_bufctl_for_each,
};
