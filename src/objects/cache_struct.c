// SPDX-License-Identifier: GPL-2.0
/*
 * Memory of struct rsv_cache: structures side by side in chunks, each at the beginning of a cache
 * line. kmalloc() would put them 1 KB apart, where the lines that fast paths read compete for few
 * sets of the CPU's data cache. A kmem_cache would have a structure of the kernel's on each node,
 * in memory of that node. Memory that can be unplugged could not go off-line until the module is
 * unloaded.
 *
 * kmalloc() aligns a chunk to its length, which is a power of two. So the address of a structure
 * tells its chunk. The mutex guards the chunks. Chunks that are full are on no list.
 */
#include <linux/align.h>
#include <linux/bitmap.h>
#include <linux/cache.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cache_struct.h"
#include "pages/gfp.h"

static DEFINE_MUTEX(rsv_cache_chunks_lock);
static LIST_HEAD(rsv_cache_chunks);	/* those with room (rsv_cache_chunks_lock) */

/* The distance of two structures, and of the first one from the beginning of its chunk, in bytes */
static size_t rsv_cache_struct_stride(void)
{
	const struct rsv_cache *c = NULL;

	return ALIGN(struct_size(c, nodes, nr_node_ids), cache_line_size());
}

static size_t rsv_cache_struct_first(void)
{
	return ALIGN(sizeof(struct rsv_cache_chunk), cache_line_size());
}

static unsigned int rsv_cache_chunk_room(void)
{
	return min_t(size_t, RSV_CACHE_CHUNK_MAX,
		     (RSV_CACHE_CHUNK_BYTES - rsv_cache_struct_first()) /
		     rsv_cache_struct_stride());
}

/* A chunk with room, on the list. The lock is held. */
static struct rsv_cache_chunk *rsv_cache_chunk_get(void)
{
	struct rsv_cache_chunk *chunk;

	chunk = list_first_entry_or_null(&rsv_cache_chunks, struct rsv_cache_chunk, list);
	if (chunk)
		return chunk;
	chunk = kzalloc(RSV_CACHE_CHUNK_BYTES, RSV_GFP_CREATE);
	if (chunk)
		list_add(&chunk->list, &rsv_cache_chunks);
	return chunk;
}

/**
 * rsv_cache_struct_alloc() - allocate a structure of a cache
 *
 * Context: Process; may sleep.
 * Return: The structure, all zeroes, or NULL.
 */
struct rsv_cache *rsv_cache_struct_alloc(void)
{
	const unsigned int room = rsv_cache_chunk_room();
	struct rsv_cache_chunk *chunk;
	void *c = NULL;
	unsigned int i;

	mutex_lock(&rsv_cache_chunks_lock);
	chunk = rsv_cache_chunk_get();
	if (chunk) {
		i = find_first_zero_bit(chunk->used, room);
		__set_bit(i, chunk->used);
		if (bitmap_full(chunk->used, room))
			list_del_init(&chunk->list);
		c = (void *)chunk + rsv_cache_struct_first() + i * rsv_cache_struct_stride();
		memset(c, 0, rsv_cache_struct_stride());
	}
	mutex_unlock(&rsv_cache_chunks_lock);
	return c;
}

/**
 * rsv_cache_struct_free() - free a structure of a cache
 * @c: the structure
 *
 * Context: Process; may sleep.
 */
void rsv_cache_struct_free(struct rsv_cache *c)
{
	struct rsv_cache_chunk *chunk = PTR_ALIGN_DOWN((void *)c, RSV_CACHE_CHUNK_BYTES);
	const unsigned int room = rsv_cache_chunk_room();
	size_t into = (void *)c - (void *)chunk - rsv_cache_struct_first();

	mutex_lock(&rsv_cache_chunks_lock);
	if (bitmap_full(chunk->used, room))
		list_add(&chunk->list, &rsv_cache_chunks);
	__clear_bit(into / rsv_cache_struct_stride(), chunk->used);
	if (bitmap_empty(chunk->used, room)) {
		list_del(&chunk->list);
		kfree(chunk);
	}
	mutex_unlock(&rsv_cache_chunks_lock);
}
