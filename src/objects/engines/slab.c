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
 *
 * slab_direct.c serves users of caches without magazines.
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
#include "slab.h"

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
		object = rsv_bufctl_pop(c, bufctl, base, word, RSV_BUFCTL_CACHED);
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
		batch->object[batch->nr++] =
			rsv_bufctl_carve(c, bufctl, base, word, RSV_BUFCTL_CACHED);
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
	u16 *entry;

	/* A slab that is no longer the cache's was evicted, because all its objects were free. */
	if (READ_ONCE(f->cache) != c)
		return RSV_DOUBLE_FREE;
	entry = rsv_bufctl_entry(c, e, f, object);
	if (!entry)
		return rsv_bufctl_misuse(c, e, f, object);
	if (READ_ONCE(*entry) != RSV_BUFCTL_CACHED)
		return RSV_DOUBLE_FREE;
	rsv_bufctl_put(c, n, e, rsv_slab_head(e, f), entry);
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
	.alloc_direct = rsv_bufctl_alloc_direct,
	.free_direct = rsv_bufctl_free_direct,
	.mark_used = rsv_bufctl_mark_used,
	.mark_cached = rsv_bufctl_mark_cached,
	.is_used = rsv_bufctl_is_used,
	.free_slab = rsv_bufctl_free_slab,
	.object_at = rsv_bufctl_object_at,
	.shrink = rsv_bufctl_shrink,
	.verify = rsv_bufctl_verify,
	.for_each = rsv_bufctl_for_each,
};
