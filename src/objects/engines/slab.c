// SPDX-License-Identifier: GPL-2.0
/*
 * The engine SLAB, as Bonwick described it (The Slab Allocator, USENIX Summer 1994) and the kernel
 * had it in mm/slab.c until 6.7.
 *
 * Each slab has an array of bufctls, one for each object. A bufctl has the number of the next
 * object on the slab's freelist, or says that the object is used or cached. So the freelist runs
 * outside the objects, and a free object keeps all bytes that its constructor or its last user left
 * in it.
 *
 * The bufctls of small objects are at the beginning of the slab. For objects from an eighth of a
 * page (Bonwick's limit, and the kernel's) they would take the room of a whole object. Then they
 * are off-slab: an object of an internal cache, to which the frame of the slab's second page
 * points.
 *
 * Slabs begin their objects at different offsets, within the bytes that the objects do not need:
 * the slab's colour (Bonwick 1994, 4). Otherwise the objects of the same number in all slabs would
 * compete for the same lines of the CPU's cache. An allocation carves a slab as needed, one object
 * at a time.
 *
 * The node's lock guards the bufctls and slab->slab, with one exception: the owner of an object
 * changes its bufctl from cached to used, and back, without the lock.
 */
#include <linux/cache.h>
#include <linux/limits.h>
#include <linux/minmax.h>

#include "compat.h"
#include "engines.h"
#include "objects/cache.h"
#include "objects/debug/check.h"
#include "objects/layout.h"
#include "objects/leaving.h"
#include "objects/node.h"
#include "pages/pagemap.h"

/* Values of a bufctl that is not the number of a free object, which is RSV_SLAB_NONE at most */
#define RSV_BUFCTL_CACHED	0xfffe
#define RSV_BUFCTL_USED	  0xffff

/**
 * struct rsv_bufctl - the bufctls of a slab
 * @first: offset of the first slot in the slab, in bytes (constant)
 * @next: for each object: the next one on the freelist or RSV_SLAB_NONE if the object is free, else
 *	RSV_BUFCTL_CACHED or RSV_BUFCTL_USED. Undefined until the object is carved
 */
struct rsv_bufctl {
	u32 first;
	u16 next[];
};

static unsigned int rsv_bufctl_bytes(unsigned int objects)
{
	return sizeof(struct rsv_bufctl) + objects * sizeof(u16);
}

/* The bufctls of a slab. The caller knows that the slab is one of the cache. */
static struct rsv_bufctl *rsv_bufctl_of(const struct rsv_cache *c, const struct rsv_extent *e,
					const struct rsv_frame *slab)
{
	return c->layout.bufctl ? rsv_frame_addr(e, slab) : READ_ONCE(slab[1].bufctl);
}

static unsigned int rsv_bufctl_index(const struct rsv_cache *c, const struct rsv_bufctl *bufctl,
				     const struct rsv_frame *f, const void *object)
{
	return rsv_slot_index(c, rsv_slab_offset(f, object) - c->layout.before -
					 READ_ONCE(bufctl->first));
}

static void *rsv_bufctl_object(const struct rsv_cache *c, const struct rsv_bufctl *bufctl,
			       void *base, unsigned int index)
{
	return base + bufctl->first + index * c->layout.stride + c->layout.before;
}

/* Stores a slab's new word, and moves the slab to the list for that word. The node is locked. */
static void rsv_bufctl_update_slab(const struct rsv_cache *c, struct rsv_cache_node *n,
				   struct rsv_frame *slab, union rsv_slab_word word)
{
	enum rsv_fill old = word.fill, fill = rsv_slab_fill(c, word);

	word.fill = fill;
	/* A reader that sees objects as carved also sees their bufctls: rsv_bufctl_entry() */
	smp_store_release(&slab->slab, word.word);
	if (fill == old)
		return;
	rsv_slab_unlink(n, slab, old);
	rsv_slab_link(n, slab, fill);
}

/*
 * Layout
 */

/* The number of slots of a slab that has room for their bufctls too, if these are not off-slab */
static unsigned int rsv_bufctl_slots(const struct rsv_layout *l, unsigned int pages)
{
	const unsigned int bytes = pages << PAGE_SHIFT;
	unsigned int slots = bytes / l->stride;

	if (l->stride >= PAGE_SIZE / 8)
		return min(slots, RSV_SLAB_OBJECTS_MAX);
	slots = min((bytes - rsv_bufctl_bytes(0)) / (l->stride + (unsigned int)sizeof(u16)),
		    RSV_SLAB_OBJECTS_MAX);
	while (round_up(rsv_bufctl_bytes(slots), l->align) + slots * l->stride > bytes)
		slots--;
	return slots;
}

/* Bytes of a slab that neither bufctls nor objects need */
static unsigned int rsv_bufctl_slack(const struct rsv_layout *l, unsigned int pages,
				     unsigned int objects)
{
	return (pages << PAGE_SHIFT) - l->bufctl - objects * l->stride;
}

/* A small slab has as many bufctls as a whole one, so that both have the same layout. */
static void rsv_bufctl_choose_where(struct rsv_layout *l)
{
	if (l->stride < PAGE_SIZE / 8)
		l->bufctl = round_up(rsv_bufctl_bytes(l->objects), l->align);
	else
		l->small_pages = max(l->small_pages, 2U);
	l->small_objects =
		min(((l->small_pages << PAGE_SHIFT) - l->bufctl) / l->stride, l->objects);
}

static int rsv_bufctl_layout(struct rsv_layout *l)
{
	rsv_layout_pages(l, rsv_bufctl_slots);
	rsv_bufctl_choose_where(l);
	l->colour = max_t(unsigned int, l->align, cache_line_size());
	l->colours = rsv_bufctl_slack(l, l->pages, l->objects) / l->colour + 1;
	return 0;
}

/*
 * Slabs
 */

/* The internal cache that off-slab bufctls are objects of */
static struct rsv_cache *rsv_bufctl_cache(const struct rsv_cache *c)
{
	unsigned int n = 0;

	while (RSV_MAGAZINE_BYTES(n) < rsv_bufctl_bytes(c->layout.objects))
		n++;
	return c->region->magazine_caches[n];
}

static unsigned int rsv_bufctl_next_colour(const struct rsv_cache *c, struct rsv_cache_node *n)
{
	unsigned int colour;
	unsigned long flags;

	raw_spin_lock_irqsave(&n->lock, flags);
	colour = n->colour;
	n->colour = colour + 1 < c->layout.colours ? colour + 1 : 0;
	raw_spin_unlock_irqrestore(&n->lock, flags);
	return colour;
}

/* Initialises the bufctls of a new slab: those at @off_slab or, if that is NULL, in the slab. */
static void rsv_bufctl_init(struct rsv_cache *c, struct rsv_frame *slab,
			    struct rsv_bufctl *off_slab)
{
	const struct rsv_extent *e = rsv_frame_extent(c->region, slab);
	const unsigned int objects = rsv_slab_objects(c, rsv_slab_read(slab));
	unsigned int slack = rsv_bufctl_slack(&c->layout, rsv_slab_pages(c, slab), objects);
	unsigned int colour = rsv_bufctl_next_colour(c, rsv_slab_node(c, e));

	if (off_slab)
		WRITE_ONCE(slab[1].bufctl, off_slab);
	/* A small slab may have fewer colours. */
	colour %= slack / c->layout.colour + 1;
	WRITE_ONCE(rsv_bufctl_of(c, e, slab)->first, c->layout.bufctl + colour * c->layout.colour);
}

/*
 * Allocates the pages of a slab, and its bufctls if they are off-slab. Returns NULL if either
 * fails.
 */
static struct rsv_frame *rsv_bufctl_alloc_pages(struct rsv_cache *c, gfp_t gfp, int nid)
{
	const gfp_t plain = gfp & ~(__GFP_THISNODE | __GFP_ZERO | __GFP_HIGHMEM);
	struct rsv_bufctl *off_slab = NULL;
	struct rsv_frame *slab;

	if (!c->layout.bufctl) {
		off_slab = rsv_cache_alloc_node(rsv_bufctl_cache(c), plain, nid);
		if (!off_slab)
			return NULL;
	}
	slab = rsv_slab_new(c, gfp, nid);
	if (slab)
		rsv_bufctl_init(c, slab, off_slab);
	else if (off_slab)
		rsv_cache_free(rsv_bufctl_cache(c), off_slab);
	return slab;
}

/* Returns an object of a slab that is not free, or NULL. */
static void *rsv_bufctl_find_used(struct rsv_cache *c, const struct rsv_extent *e,
				  struct rsv_frame *slab)
{
	const struct rsv_bufctl *bufctl = rsv_bufctl_of(c, e, slab);
	unsigned int index;

	for (index = 0; index < rsv_slab_read(slab).carved; index++)
		if (READ_ONCE(bufctl->next[index]) > RSV_SLAB_NONE)
			return rsv_bufctl_object(c, bufctl, rsv_frame_addr(e, slab), index);
	return NULL;
}

static void rsv_bufctl_free_slab(struct rsv_cache *c, struct rsv_frame *slab)
{
	const struct rsv_extent *e = rsv_frame_extent(c->region, slab);
	const void *used = rsv_bufctl_find_used(c, e, slab);

	if (used) {
		rsv_slab_report_used(RSV_DOUBLE_FREE, c, e, used);
		return;
	}
	if (!c->layout.bufctl)
		rsv_cache_free(rsv_bufctl_cache(c), slab[1].bufctl);
	rsv_slab_free_pages(c, slab);
}

/*
 * Allocation
 */

static void *rsv_bufctl_carve(const struct rsv_cache *c, struct rsv_bufctl *bufctl, void *base,
			      union rsv_slab_word *word)
{
	unsigned int index = word->carved++;

	WRITE_ONCE(bufctl->next[index], RSV_BUFCTL_CACHED);
	word->inuse++;
	return rsv_bufctl_object(c, bufctl, base, index);
}

/* Takes the first object off the freelist. Returns NULL if the list was overwritten. */
static void *rsv_bufctl_pop(struct rsv_cache *c, struct rsv_bufctl *bufctl, void *base,
			    union rsv_slab_word *word)
{
	unsigned int index = word->free, next;

	/*
	 * The list has all free objects, so it ends neither earlier nor later than their number
	 * says.
	 */
	if (index >= word->carved || word->inuse >= word->carved)
		return NULL;
	next = READ_ONCE(bufctl->next[index]);
	if (next != RSV_SLAB_NONE && next >= word->carved)
		return NULL;
	WRITE_ONCE(bufctl->next[index], RSV_BUFCTL_CACHED);
	word->free = next;
	word->inuse++;
	return rsv_bufctl_object(c, bufctl, base, index);
}

/* Whether @first is that of a possible colour. An overflow of the slab before may reach it. */
static bool rsv_bufctl_is_sound(const struct rsv_cache *c, const struct rsv_bufctl *bufctl,
				const struct rsv_frame *slab)
{
	const unsigned int objects = rsv_slab_objects(c, rsv_slab_read(slab));
	unsigned int slack = rsv_bufctl_slack(&c->layout, rsv_slab_pages(c, slab), objects);
	unsigned int offset = READ_ONCE(bufctl->first) - c->layout.bufctl;

	return offset <= slack && !(offset % c->layout.colour);
}

/* Abandons the freelist: from now on the slab counts its objects as used. */
static void rsv_bufctl_abandon(union rsv_slab_word *word, void *base, struct rsv_batch *batch)
{
	batch->damaged = base;
	batch->lost = word->carved - word->inuse;
	word->inuse = word->carved;
	word->free = RSV_SLAB_NONE;
}

/*
 * Allocates objects of one slab: first those on the freelist, which the CPU's cache may still have.
 */
static void rsv_bufctl_alloc_slab(struct rsv_cache *c, struct rsv_frame *slab, unsigned int nr,
				  union rsv_slab_word *word, struct rsv_batch *batch)
{
	const struct rsv_extent *e = rsv_frame_extent(c->region, slab);
	struct rsv_bufctl *bufctl = rsv_bufctl_of(c, e, slab);
	void *base = rsv_frame_addr(e, slab), *object;

	if (unlikely(!rsv_bufctl_is_sound(c, bufctl, slab))) {
		word->carved = rsv_slab_objects(c, *word);
		rsv_bufctl_abandon(word, base, batch);
		return;
	}
	while (batch->nr < nr && (word->inuse < word->carved || word->free != RSV_SLAB_NONE)) {
		object = rsv_bufctl_pop(c, bufctl, base, word);
		if (!object) {
			rsv_bufctl_abandon(word, base, batch);
			return;
		}
		batch->object[batch->nr++] = object;
	}
	while (batch->nr < nr && word->carved < rsv_slab_objects(c, *word)) {
		if (rsv_cache_has_raw(c) && batch->nr)
			return;
		batch->raw = rsv_cache_has_raw(c);
		batch->object[batch->nr++] = rsv_bufctl_carve(c, bufctl, base, word);
		if (batch->raw)
			return;
	}
}

static bool rsv_bufctl_new_slab(struct rsv_cache *c, gfp_t gfp, int nid, unsigned int nr,
				struct rsv_batch *batch)
{
	struct rsv_frame *slab = rsv_bufctl_alloc_pages(c, gfp, nid);
	struct rsv_cache_node *n;
	union rsv_slab_word word;
	unsigned long flags;

	if (!slab)
		return false;
	n = rsv_slab_node(c, rsv_frame_extent(c->region, slab));
	raw_spin_lock_irqsave(&n->lock, flags);
	rsv_slab_add(c, n, slab);
	/* Usually the new one. Another slab may have got objects back while this one was made. */
	slab = rsv_slabs_best(n);
	word = rsv_slab_read(slab);
	rsv_bufctl_alloc_slab(c, slab, nr, &word, batch);
	rsv_bufctl_update_slab(c, n, slab, word);
	raw_spin_unlock_irqrestore(&n->lock, flags);
	return true;
}

static void rsv_bufctl_alloc(struct rsv_cache *c, struct rsv_cpu *cpu, int nid, unsigned int nr,
			     struct rsv_batch *batch)
{
	struct rsv_cache_node *n = c->nodes[nid];
	union rsv_slab_word word;
	struct rsv_frame *slab;
	unsigned long flags;
	unsigned int before;

	raw_spin_lock_irqsave(&n->lock, flags);
	do {
		slab = rsv_slabs_best(n);
		if (!slab)
			break;
		before = batch->nr;
		word = rsv_slab_read(slab);
		rsv_bufctl_alloc_slab(c, slab, nr, &word, batch);
		rsv_bufctl_update_slab(c, n, slab, word);
	} while (batch->nr < nr && batch->nr > before && !batch->raw && !batch->damaged);
	raw_spin_unlock_irqrestore(&n->lock, flags);
}

/*
 * Marks
 */

/*
 * The bufctls of a slab that was the cache's a moment ago. If the slab was freed meanwhile, its
 * frames may have another owner, and the pointer in them may have any value. Then the function
 * returns NULL, or the address of memory that the caller can read.
 */
static struct rsv_bufctl *rsv_bufctl_find(const struct rsv_cache *c, const struct rsv_extent *e,
					  const struct rsv_frame *slab)
{
	struct rsv_bufctl *bufctl;

	if (c->layout.bufctl)
		return rsv_bufctl_of(c, e, slab);
	/* Only a slab that is no longer the cache's may lack a second page. */
	if (rsv_frame_index(e, slab) + 1 >= e->nr_pages)
		return NULL;
	bufctl = rsv_bufctl_of(c, e, slab);
	return rsv_extent_has(e, bufctl) || rsv_region_extent(c->region, bufctl) ? bufctl : NULL;
}

/*
 * The bufctl of a used or cached object. Returns NULL if the object was not carved in this life of
 * its slab, or if no object begins there. The function is inline because a call for each mark is a
 * tenth of what SLAB costs.
 */
static __always_inline u16 *rsv_bufctl_entry(const struct rsv_cache *c, const struct rsv_extent *e,
					     struct rsv_frame *f, const void *object)
{
	struct rsv_frame *slab = rsv_slab_head(e, f);
	/* Pairs with rsv_bufctl_update_slab(). */
	const union rsv_slab_word word = { .word = smp_load_acquire(&slab->slab) };
	struct rsv_bufctl *bufctl = word.carved ? rsv_bufctl_find(c, e, slab) : NULL;
	unsigned int index;

	if (unlikely(!bufctl))
		return NULL;
	index = rsv_bufctl_index(c, bufctl, f, object);
	return likely(index < word.carved) ? &bufctl->next[index] : NULL;
}

/* Why an object has no bufctl */
static noinline enum rsv_misuse rsv_bufctl_misuse(const struct rsv_cache *c,
						  const struct rsv_extent *e,
						  struct rsv_frame *f, const void *object)
{
	struct rsv_frame *slab = rsv_slab_head(e, f);
	/* As in rsv_bufctl_entry() */
	const union rsv_slab_word word = { .word = smp_load_acquire(&slab->slab) };
	struct rsv_bufctl *bufctl = word.carved ? rsv_bufctl_find(c, e, slab) : NULL;

	if (bufctl && rsv_bufctl_index(c, bufctl, f, object) >= rsv_slab_objects(c, word))
		return RSV_MISALIGNED;
	return RSV_DOUBLE_FREE;
}

static enum rsv_misuse rsv_bufctl_mark_cached(struct rsv_cache *c, struct rsv_extent *e,
					      struct rsv_frame *f, void *object)
{
	u16 *entry = rsv_bufctl_entry(c, e, f, object), used = RSV_BUFCTL_USED;

	if (unlikely(!entry))
		return rsv_bufctl_misuse(c, e, f, object);
	/* Of several frees at the same time one succeeds. */
	return likely(try_cmpxchg(entry, &used, RSV_BUFCTL_CACHED)) ? RSV_OK : RSV_DOUBLE_FREE;
}

static bool rsv_bufctl_is_used(const struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f,
			       const void *object)
{
	const u16 *entry = rsv_bufctl_entry(c, e, f, object);

	return entry && READ_ONCE(*entry) == RSV_BUFCTL_USED;
}

static const void *rsv_bufctl_object_at(const struct rsv_cache *c, struct rsv_extent *e,
					struct rsv_frame *f, const void *p)
{
	struct rsv_frame *slab = rsv_slab_head(e, f);
	/* As in rsv_bufctl_entry() */
	const union rsv_slab_word word = { .word = smp_load_acquire(&slab->slab) };
	struct rsv_bufctl *bufctl = word.carved ? rsv_bufctl_find(c, e, slab) : NULL;
	unsigned int first = bufctl ? READ_ONCE(bufctl->first) : UINT_MAX;

	/* The bufctls and the colour come before the first slot. */
	if (rsv_slab_offset(f, p) < first)
		return NULL;
	return rsv_slot_object(c, p, rsv_slab_offset(f, p) - first);
}

static bool rsv_bufctl_mark_used(struct rsv_cache *c, void *object)
{
	struct rsv_extent *e = rsv_region_extent(c->region, object);
	u16 *entry = rsv_bufctl_entry(c, e, rsv_frame_at(e, object), object);

	if (unlikely(!entry || READ_ONCE(*entry) != RSV_BUFCTL_CACHED))
		return false;
	WRITE_ONCE(*entry, RSV_BUFCTL_USED);
	return true;
}

/* The node is locked. So of two CPUs that free the same object the second finds that it is free. */
static enum rsv_misuse rsv_bufctl_free_locked(struct rsv_cache *c, struct rsv_cache_node *n,
					      struct rsv_extent *e, struct rsv_frame *f,
					      void *object)
{
	struct rsv_frame *slab = rsv_slab_head(e, f);
	union rsv_slab_word word = rsv_slab_read(slab);
	u16 *entry;

	/* A slab that is no longer the cache's was evicted, because all its objects were free. */
	if (READ_ONCE(f->cache) != c)
		return RSV_DOUBLE_FREE;
	entry = rsv_bufctl_entry(c, e, f, object);
	if (!entry)
		return rsv_bufctl_misuse(c, e, f, object);
	if (READ_ONCE(*entry) != RSV_BUFCTL_CACHED)
		return RSV_DOUBLE_FREE;
	WRITE_ONCE(*entry, word.free);
	word.free = entry - rsv_bufctl_of(c, e, slab)->next;
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
		rsv_leaving_add(c, evicted);
	return misuse;
}

/*
 * Shrinking and checks
 */

static unsigned int rsv_bufctl_shrink(struct rsv_cache *c, bool aged)
{
	return rsv_slabs_shrink(c, aged);
}

/*
 * Whether the freelist has each free object once. A list that had one twice would have no end. The
 * node is locked.
 */
static bool rsv_bufctl_freelist_is_sound(const struct rsv_bufctl *bufctl, union rsv_slab_word word)
{
	unsigned int at = word.free, left = word.carved - word.inuse;

	while (left && at < word.carved) {
		at = READ_ONCE(bufctl->next[at]);
		left--;
	}
	return !left && at == RSV_SLAB_NONE;
}

static bool rsv_bufctl_verify(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *f)
{
	struct rsv_cache_node *n = rsv_slab_node(c, e);
	struct rsv_frame *slab = rsv_slab_head(e, f);
	unsigned long flags;
	bool sound;

	raw_spin_lock_irqsave(&n->lock, flags);
	sound = rsv_bufctl_freelist_is_sound(rsv_bufctl_of(c, e, slab), rsv_slab_read(slab));
	raw_spin_unlock_irqrestore(&n->lock, flags);
	if (!sound)
		rsv_debug_report_slab(RSV_CORRUPT, c, rsv_frame_addr(e, slab),
				      "its freelist is wrong");
	return sound;
}

static void rsv_bufctl_visit_slab(struct rsv_cache *c, struct rsv_extent *e, struct rsv_frame *slab,
				  const struct rsv_visitor *visitor)
{
	struct rsv_bufctl *bufctl = rsv_bufctl_of(c, e, slab);
	void *base = rsv_frame_addr(e, slab);
	unsigned int index;

	/* The bufctls of a new slab may not be initialised yet. */
	if (!rsv_slab_read(slab).carved || !rsv_bufctl_is_sound(c, bufctl, slab))
		return;
	for (index = 0; index < rsv_slab_read(slab).carved; index++)
		if (READ_ONCE(bufctl->next[index]) == RSV_BUFCTL_USED)
			visitor->visit(c, e, rsv_bufctl_object(c, bufctl, base, index),
				       visitor->data);
}

static void rsv_bufctl_for_each(struct rsv_cache *c, const struct rsv_visitor *visitor)
{
	rsv_slabs_for_each(c, rsv_bufctl_visit_slab, visitor);
}

const struct rsv_engine rsv_engine_slab = {
	.name = "slab",
	.flag = RSV_ENGINE_SLAB,
	.off_object = true,
	.layout = rsv_bufctl_layout,
	.alloc = rsv_bufctl_alloc,
	.new_slab = rsv_bufctl_new_slab,
	.free = rsv_bufctl_free,
	.mark_used = rsv_bufctl_mark_used,
	.mark_cached = rsv_bufctl_mark_cached,
	.is_used = rsv_bufctl_is_used,
	.free_slab = rsv_bufctl_free_slab,
	.object_at = rsv_bufctl_object_at,
	.shrink = rsv_bufctl_shrink,
	.verify = rsv_bufctl_verify,
	.for_each = rsv_bufctl_for_each,
};
