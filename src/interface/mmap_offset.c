// SPDX-License-Identifier: GPL-2.0
/*
 * The offsets by which mmap() finds the buffers of a descriptor: each buffer has a range of page
 * offsets of its own.
 *
 * A search tries ranges below 2 GB first, since a 32-bit program may not be able to pass a larger
 * offset. It begins behind the range that was given last, so that an offset whose buffer was freed
 * does not find another buffer at once.
 *
 * The ranges are a red-black tree whose nodes lie in the buffers, so adding one cannot fail for
 * want of memory. A maple tree would not do: its search for gaps has defects in 6.1, and erasing an
 * entry may allocate.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/kref.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/rbtree.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>

#include "mmap_offset.h"

/*
 * The limits below which ranges end: that for any program, then that for one with large file
 * offsets
 */
static const unsigned long rsv_mmap_offset_limits[] = {
	SZ_2G >> PAGE_SHIFT,
	LONG_MAX >> PAGE_SHIFT,
};

static struct rsv_buffer *rsv_mmap_offset_buffer(struct rb_node *node)
{
	return rb_entry(node, struct rsv_buffer, node);
}

static unsigned long rsv_mmap_offset_end(const struct rsv_buffer *b)
{
	return b->offset + b->nr_pages;
}

static bool rsv_mmap_offset_before(struct rb_node *node, const struct rb_node *other)
{
	return rsv_mmap_offset_buffer(node)->offset <
	       rb_entry(other, struct rsv_buffer, node)->offset;
}

/* The first buffer whose range ends behind an offset: the range contains it or is the next one. */
static struct rb_node *rsv_mmap_offset_search(struct rsv_mmap_offsets *o, unsigned long offset)
{
	struct rb_node *node = o->root.rb_node;
	struct rb_node *best = NULL;

	while (node) {
		if (rsv_mmap_offset_end(rsv_mmap_offset_buffer(node)) > offset) {
			best = node;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return best;
}

/*
 * The first free range from an offset on that ends at or below the limit; the limit if there is
 * none
 */
static unsigned long rsv_mmap_offset_find_free(struct rsv_mmap_offsets *o, unsigned long from,
					       unsigned long nr_pages, unsigned long limit)
{
	struct rb_node *node;

	for (node = rsv_mmap_offset_search(o, from); node; node = rb_next(node)) {
		const struct rsv_buffer *b = rsv_mmap_offset_buffer(node);

		if (b->offset >= from && b->offset - from >= nr_pages)
			break;
		from = rsv_mmap_offset_end(b);
	}
	return from < limit && limit - from >= nr_pages ? from : limit;
}

static int rsv_mmap_offset_choose(struct rsv_mmap_offsets *o, struct rsv_buffer *b)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rsv_mmap_offset_limits); i++) {
		unsigned long limit = rsv_mmap_offset_limits[i];

		b->offset = rsv_mmap_offset_find_free(o, o->next, b->nr_pages, limit);
		if (b->offset == limit)
			b->offset = rsv_mmap_offset_find_free(o, 0, b->nr_pages, limit);
		if (b->offset != limit)
			return 0;
	}
	return -ENOSPC;
}

/**
 * rsv_mmap_offset_init() - initialize the offsets of a descriptor without any buffer
 * @o: the offsets
 *
 * Context: Any.
 */
void rsv_mmap_offset_init(struct rsv_mmap_offsets *o)
{
	spin_lock_init(&o->lock);
	o->root = RB_ROOT;
	o->next = 0;
}

/**
 * rsv_mmap_offset_add() - give a buffer a range of offsets
 * @o: the offsets
 * @b: the buffer
 *
 * Context: Process. The caller excludes others that add or remove.
 * Return: 0, or -ENOSPC if no free range is large enough.
 */
int rsv_mmap_offset_add(struct rsv_mmap_offsets *o, struct rsv_buffer *b)
{
	int error = rsv_mmap_offset_choose(o, b);

	if (error)
		return error;
	spin_lock(&o->lock);
	rb_add(&b->node, &o->root, rsv_mmap_offset_before);
	spin_unlock(&o->lock);
	o->next = rsv_mmap_offset_end(b);
	return 0;
}

/**
 * rsv_mmap_offset_remove() - free a buffer's range of offsets
 * @o: the offsets
 * @b: the buffer, with or without a range
 *
 * Context: Process. The caller excludes others that add or remove.
 */
void rsv_mmap_offset_remove(struct rsv_mmap_offsets *o, struct rsv_buffer *b)
{
	if (RB_EMPTY_NODE(&b->node))
		return;
	spin_lock(&o->lock);
	rb_erase(&b->node, &o->root);
	spin_unlock(&o->lock);
}

/**
 * rsv_mmap_offset_get() - find the buffer whose range contains an offset, and take a reference
 * @o: the offsets
 * @offset: page offset, from a program
 *
 * Context: Process.
 * Return: The buffer or NULL.
 */
struct rsv_buffer *rsv_mmap_offset_get(struct rsv_mmap_offsets *o, unsigned long offset)
{
	struct rsv_buffer *b = NULL;
	struct rb_node *node;

	spin_lock(&o->lock);
	node = rsv_mmap_offset_search(o, offset);
	if (node && rsv_mmap_offset_buffer(node)->offset <= offset) {
		b = rsv_mmap_offset_buffer(node);
		/* The descriptor removes a range before it drops its reference to the buffer. */
		kref_get(&b->handle.ref);
	}
	spin_unlock(&o->lock);
	return b;
}
