// SPDX-License-Identifier: GPL-2.0
/*
 * Page offsets for mmap(). Not a maple tree: 6.1 has defects in its search for gaps, and taking an
 * entry out of one may need memory.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "buffer.h"
#include "mmap_offset.h"

/* What plain offsets of a 32-bit program reach, and what all others do */
static const unsigned long rsv_offset_limits[] = {SZ_2G >> PAGE_SHIFT, LONG_MAX >> PAGE_SHIFT};

static struct rsv_buffer *rsv_buffer_of(struct rb_node *node)
{
	return rb_entry(node, struct rsv_buffer, node);
}

static unsigned long rsv_buffer_end(const struct rsv_buffer *b)
{
	return b->offset + b->nr_pages;
}

static bool rsv_buffer_before(struct rb_node *node, const struct rb_node *other)
{
	return rsv_buffer_of(node)->offset < rb_entry(other, struct rsv_buffer, node)->offset;
}

/* The first buffer that ends behind an offset: the one that has it, or else the next one. */
static struct rb_node *rsv_offsets_first_behind(struct rsv_mmap_offsets *o, unsigned long offset)
{
	struct rb_node *node = o->root.rb_node;
	struct rb_node *best = NULL;

	while (node) {
		if (rsv_buffer_end(rsv_buffer_of(node)) > offset) {
			best = node;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

/* The first gap of so many pages from an offset on and below a limit, or the limit. */
static unsigned long rsv_offsets_gap(struct rsv_mmap_offsets *o, unsigned long from,
				     unsigned long nr_pages, unsigned long limit)
{
	struct rb_node *node;

	for (node = rsv_offsets_first_behind(o, from); node; node = rb_next(node)) {
		const struct rsv_buffer *b = rsv_buffer_of(node);

		if (b->offset >= from && b->offset - from >= nr_pages)
			break;
		from = rsv_buffer_end(b);
	}
	return from < limit && limit - from >= nr_pages ? from : limit;
}

static int rsv_offsets_choose(struct rsv_mmap_offsets *o, struct rsv_buffer *b)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rsv_offset_limits); i++) {
		unsigned long limit = rsv_offset_limits[i];

		b->offset = rsv_offsets_gap(o, o->next, b->nr_pages, limit);
		if (b->offset == limit)
			b->offset = rsv_offsets_gap(o, 0, b->nr_pages, limit);
		if (b->offset != limit)
			return 0;
	}
	return -ENOSPC;
}

/**
 * rsv_offsets_init() - begin without a buffer
 * @o: the offsets
 */
void rsv_offsets_init(struct rsv_mmap_offsets *o)
{
	spin_lock_init(&o->lock);
	o->root = RB_ROOT;
	o->next = 0;
}

/**
 * rsv_offsets_add() - give a buffer a range of offsets
 * @o: the offsets
 * @b: the buffer
 *
 * Context: Any; nobody else adds or removes meanwhile.
 * Return: 0, or -ENOSPC if no gap is large enough.
 */
int rsv_offsets_add(struct rsv_mmap_offsets *o, struct rsv_buffer *b)
{
	int error = rsv_offsets_choose(o, b);

	if (error)
		return error;
	spin_lock(&o->lock);
	rb_add(&b->node, &o->root, rsv_buffer_before);
	spin_unlock(&o->lock);
	o->next = rsv_buffer_end(b);
	return 0;
}

/**
 * rsv_offsets_remove() - take a buffer's range away
 * @o: the offsets
 * @b: a buffer, which need not have one
 *
 * Context: Any; nobody else adds or removes meanwhile.
 */
void rsv_offsets_remove(struct rsv_mmap_offsets *o, struct rsv_buffer *b)
{
	if (RB_EMPTY_NODE(&b->node))
		return;
	spin_lock(&o->lock);
	rb_erase(&b->node, &o->root);
	spin_unlock(&o->lock);
}

/**
 * rsv_offsets_get() - the buffer that has an offset, with a reference to it
 * @o: the offsets
 * @offset: page offset
 *
 * Context: Any.
 * Return: The buffer or NULL.
 */
struct rsv_buffer *rsv_offsets_get(struct rsv_mmap_offsets *o, unsigned long offset)
{
	struct rsv_buffer *b = NULL;
	struct rb_node *node;

	spin_lock(&o->lock);
	node = rsv_offsets_first_behind(o, offset);
	if (node && rsv_buffer_of(node)->offset <= offset) {
		b = rsv_buffer_of(node);
		/* What is in the tree has its handle still, and with it a reference. */
		kref_get(&b->handle.ref);
	}
	spin_unlock(&o->lock);
	return b;
}
