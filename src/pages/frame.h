/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who gets a block that is freed, and whether its pages may serve again.
 *
 * A used block belongs to whoever allocated it, and any CPU may free it. So the step from USED to
 * anything else is a compare-and-exchange of the frame's state. Why a block that several CPUs, or a
 * CPU and an interrupt on it, free at the same time is freed once:
 *
 * - Of all that try the step, one succeeds. It alone puts the block onto a list or into a free
 *   area. The others see another kind, change nothing, and report.
 * - No step out of USED is anything else than this one: not that of a fast path, nor that of a free
 *   under the zone's lock, nor that which turns a block into a slab. So a block on a list stays
 *   CACHED until the list's own CPU pops or flushes it, and a list never has a block twice.
 * - A free that comes after the block was allocated again is like one by the new owner. The page
 *   API has nothing that would tell them apart, as that of the kernel has not.
 *
 * The kernel's own free of a page has one atomic instruction, too, on the reference count.
 */
#ifndef RSV_PAGES_FRAME_H
#define RSV_PAGES_FRAME_H

#include <linux/atomic.h>
#include <linux/mm.h>

#include "types.h"

/* struct rsv_frame.state; @block: the kind and the order together, for one comparison */
union rsv_frame_state {
	struct {
		union {
			struct {
				u8 kind;
				u8 order;
			};
			u16 block;
		};
		u16 extent;
	};
	u32 word;
};

/* Gives a block to the request that it serves. All other fields of the frame are set before. */
static __always_inline void rsv_frame_set_used(struct rsv_frame *f)
{
	smp_store_release(&f->kind, RSV_FRAME_USED); /* pairs with rsv_frame_claim_from() */
}

/* Claims a block that said USED, if its state is still @old. */
static __always_inline bool rsv_frame_claim_from(struct rsv_frame *f, union rsv_frame_state old,
						 enum rsv_frame_kind kind)
{
	const union rsv_frame_state from = { .kind = RSV_FRAME_USED }, to = { .kind = kind };
	const u32 claimed = old.word - from.word + to.word;	/* as one addition */

	if (RSV_CHECKED)
		return likely(try_cmpxchg(&f->state, &old.word, claimed));
	WRITE_ONCE(f->state, claimed);
	return true;
}

/*
 * Claims a used block of any order: nobody else can free it from now on. Returns false, and then
 * nothing has changed, if the block is not a used one.
 */
static inline bool rsv_frame_claim(struct rsv_frame *f, enum rsv_frame_kind kind)
{
	union rsv_frame_state old = { .word = READ_ONCE(f->state) };

	/* rsv_frame_look_at_all() may mark the block in between, which is used after that too. */
	while (old.kind == RSV_FRAME_USED) {
		if (rsv_frame_claim_from(f, old, kind))
			return true;
		old.word = READ_ONCE(f->state);
	}
	return false;
}

/*
 * Marks a used block so that its free looks at every page: no caller gives the order
 * RSV_ORDER_NONE, so fast paths refuse the block. A block of any other kind does not change.
 */
static inline void rsv_frame_look_at_all(struct rsv_frame *f)
{
	union rsv_frame_state old = { .word = READ_ONCE(f->state) }, marked;

	do {
		if (old.kind != RSV_FRAME_USED)
			return;
		marked = old;
		marked.order = RSV_ORDER_NONE;
	} while (!try_cmpxchg(&f->state, &old.word, marked.word));
}

/* Clears what is the owner's alone, also if others use the page. */
static inline void rsv_page_clear_fields(struct page *page)
{
	page->mapping = NULL;
	set_page_private(page, 0);
	rsv_page_clear_flags(page, 1UL << PG_private);
}

/* Clears what the owner left in the fields of a page. Nobody else uses the page. */
static inline void rsv_page_clear(struct page *page)
{
	rsv_page_clear_fields(page);
	rsv_page_clear_flags(page, RSV_PAGE_FLAGS_OWNED);
}

/*
 * Whether a page may serve the next owner as it is, with one branch: nobody but its owner refers to
 * it, and nothing that he left in its fields would reach the next one. If the count is exactly
 * RSV_PAGE_REFS then nobody has a reference of his own, and whoever takes one for a moment, as
 * those do who walk page tables or all pages, finds the page gone and drops it.
 */
static __always_inline bool rsv_page_is_settled(const struct page *page)
{
	return !((rsv_page_word(page) & RSV_PAGE_FLAGS) |
		 ((unsigned long)page->mapping | page->private) |
		 ((unsigned int)page_ref_count(page) ^ RSV_PAGE_REFS));
}

/*
 * rsv_page_is_settled() of all pages of a block that has one of the kernel's own orders. The
 * function collects what it finds, and branches once: most pages are settled.
 */
static __always_inline bool rsv_block_is_settled(const struct page *page, unsigned int order)
{
	const struct page *end = page + (1UL << order);
	unsigned long left = 0, flags = 0;

	do {
		flags |= rsv_page_word(page);
		left |= ((unsigned long)page->mapping | page->private) |
			((unsigned int)page_ref_count(page) ^ RSV_PAGE_REFS);
	} while (++page < end);
	return !(left | (flags & RSV_PAGE_FLAGS));
}

/*
 * Claims a used block of an order, whose pages can serve again at once. Returns false, and then
 * nothing has changed, if the block is not a used one of this order, or if a page is not settled.
 *
 * Up to the orders of the lists the function looks at every page, and of larger blocks only at the
 * first: to look at a thousand pages takes longer than all else that a free does. A request with
 * __GFP_COMP says that it will share pages one by one. The state of its block says RSV_ORDER_NONE,
 * so this function refuses, and rsv_zone_free() looks at all of them.
 */
static __always_inline bool rsv_frame_claim_settled(struct rsv_frame *f, const struct page *page,
						    unsigned int order, enum rsv_frame_kind kind)
{
	const union rsv_frame_state used = { .kind = RSV_FRAME_USED, .order = order };
	union rsv_frame_state old = { .word = READ_ONCE(f->state) };

	/* A wrong order comes first: the extent may have no such pages. */
	if (unlikely(RSV_CHECKED ? old.block != used.block : old.order != order))
		return false;
	if (unlikely(order && order < RSV_PCP_ORDERS ? !rsv_block_is_settled(page, order) :
						       !rsv_page_is_settled(page)))
		return false;
	return rsv_frame_claim_from(f, old, kind);
}

#endif /* RSV_PAGES_FRAME_H */
