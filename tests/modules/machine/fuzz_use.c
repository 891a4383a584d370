// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz: right uses. A thread creates and destroys caches of any kind, allocates and frees objects,
 * one or many, memory by the byte and pages, shrinks its caches and has objects guaranteed. It
 * fills what it gets, and looks now and then, and before each free, whether it is as it was filled.
 */
#define pr_fmt(fmt) "machine: " fmt

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "fuzz.h"
#include "machine.h"

#define CONSTRUCTED	0x636f6e7374727563ULL
#define FUZZ_GFP	(GFP_NOWAIT | __GFP_NOWARN)

/* Objects */

static void fuzz_construct(void *object)
{
	*(u64 *)object = CONSTRUCTED;
}

/* What the constructor made stays as it is. */
static void object_fill(struct fuzz_cache *c, unsigned int i, unsigned int stamp)
{
	unsigned int kept = c->constructed ? sizeof(u64) : 0;

	c->stamp[i] = stamp;
	machine_pattern_fill(c->used[i] + kept, c->size - kept, stamp);
}

static void object_check(const struct fuzz_cache *c, unsigned int i)
{
	unsigned int kept = c->constructed ? sizeof(u64) : 0;
	size_t changed = machine_pattern_changed(c->used[i] + kept, c->size - kept, c->stamp[i]);

	if (changed)
		machine_wrong("%zu bytes of an object of %u bytes were written to by somebody else",
			      changed, c->size);
	if (c->constructed && *(u64 *)c->used[i] != CONSTRUCTED)
		machine_wrong("an object of %u bytes is not constructed any more", c->size);
}

/* Removes an object from the old ones, since it is used again. */
static void object_renew(struct fuzz_cache *c, const void *object)
{
	unsigned int i;

	for (i = 0; i < c->nr_old; i++)
		if (c->old[i] == object)
			c->old[i--] = c->old[--c->nr_old];
}

static void object_got(struct fuzzer *f, struct fuzz_cache *c, void *object)
{
	if (c->constructed && *(u64 *)object != CONSTRUCTED)
		machine_wrong("an object of %u bytes is not constructed", c->size);
	c->used[c->nr] = object;
	object_fill(c, c->nr++, prandom_u32_state(&f->random));
	object_renew(c, object);
}

static void objects_take(struct fuzzer *f, struct fuzz_cache *c)
{
	unsigned int nr = 1 + fuzz_choose(f, FUZZ_BULK), i;
	void *objects[FUZZ_BULK];
	gfp_t gfp = fuzz_choose(f, 64) ? FUZZ_GFP : GFP_KERNEL | __GFP_NOWARN;

	nr = min(nr, FUZZ_OBJECTS - c->nr);
	if (fuzz_choose(f, 2)) {
		nr = rsv_cache_alloc_bulk(c->cache, gfp, nr, objects);
	} else {
		for (i = 0; i < nr; i++) {
			objects[i] = rsv_cache_alloc(c->cache, gfp);
			if (!objects[i])
				break;
		}
		nr = i;
	}
	for (i = 0; i < nr; i++)
		object_got(f, c, objects[i]);
	f->uses += nr;
}

/* Takes a used object out of the thread's account: it is about to be freed. */
static void *object_let_go(struct fuzzer *f, struct fuzz_cache *c)
{
	unsigned int i = fuzz_choose(f, c->nr);
	void *object = c->used[i];

	object_check(c, i);
	c->used[i] = c->used[--c->nr];
	c->stamp[i] = c->stamp[c->nr];
	c->old[c->nr_old < FUZZ_OBJECTS ? c->nr_old++ : fuzz_choose(f, FUZZ_OBJECTS)] = object;
	return object;
}

static void objects_give(struct fuzzer *f, struct fuzz_cache *c)
{
	unsigned int nr = min(1 + fuzz_choose(f, FUZZ_BULK), c->nr), i;
	void *objects[FUZZ_BULK];

	for (i = 0; i < nr; i++)
		objects[i] = object_let_go(f, c);
	if (fuzz_choose(f, 2))
		rsv_cache_free_bulk(c->cache, nr, objects);
	else
		for (i = 0; i < nr; i++)
			rsv_cache_free(c->cache, objects[i]);
	f->uses += nr;
}

/* Caches */

static void cache_create(struct fuzzer *f, struct fuzz_cache *c)
{
	static const unsigned int engines[] = {
		RSV_ENGINE_SLAB, RSV_ENGINE_SLUB, RSV_ENGINE_SLOB, 0
	};
	static const unsigned int checks[] = {
		0, 0, 0, RSV_RED_ZONE, RSV_POISON, RSV_STORE_USER, RSV_HWCACHE_ALIGN, 0
	};
	unsigned int flags = engines[fuzz_choose(f, ARRAY_SIZE(engines))];
	char name[RSV_NAME_MAX];
	struct rsv_cache *cache;

	flags |= checks[fuzz_choose(f, ARRAY_SIZE(checks))];
	if (!fuzz_choose(f, 3))
		flags |= RSV_NO_MAGAZINE;
	snprintf(name, sizeof(name), "fuzz-%u-%u", f->cpu, (unsigned int)(c - f->cache));
	c->size = 2 * sizeof(u64) + fuzz_choose(f, fuzz_choose(f, 4) ? 400 : 5000);
	c->constructed = !fuzz_choose(f, 3);
	cache = rsv_cache_create(f->shared, name, c->size, 0, flags,
				 c->constructed ? fuzz_construct : NULL);
	if (IS_ERR(cache))
		return;
	c->cache = cache;
	c->nr_old = 0;
	f->uses++;
}

static void cache_destroy(struct fuzzer *f, struct fuzz_cache *c)
{
	int err;

	while (c->nr)
		rsv_cache_free(c->cache, object_let_go(f, c));
	err = rsv_cache_destroy(c->cache);
	if (err)
		machine_wrong("a cache of %u bytes without used objects is not destroyed: %d",
			      c->size, err);
	c->cache = NULL;
	c->nr_old = 0;
	f->uses++;
}

static void cache_use(struct fuzzer *f)
{
	struct fuzz_cache *c = &f->cache[fuzz_choose(f, FUZZ_CACHES)];
	u32 way = fuzz_choose(f, 1024);

	if (!c->cache)
		cache_create(f, c);
	else if (way < 4)
		cache_destroy(f, c);
	else if (way < 16)
		rsv_cache_shrink(c->cache);
	else if (way < 24)
		rsv_cache_reserve(c->cache, fuzz_choose(f, 16));
	else if (way < 520 && c->nr < FUZZ_OBJECTS)
		objects_take(f, c);
	else if (c->nr && way < 900)
		objects_give(f, c);
	else if (c->nr)
		object_check(c, fuzz_choose(f, c->nr));
}

/* Memory by the byte */

static void small_give(struct fuzzer *f, unsigned int i)
{
	if (machine_pattern_changed(f->small[i], f->small_size[i], i))
		machine_wrong("%zu bytes of rsv_kmalloc() were written to by somebody else",
			      f->small_size[i]);
	rsv_kfree(f->small[i]);
	f->small[i] = NULL;
}

static void small_use(struct fuzzer *f)
{
	unsigned int i = fuzz_choose(f, FUZZ_OBJECTS);

	f->uses++;
	if (f->small[i]) {
		small_give(f, i);
		return;
	}
	f->small_size[i] = 16 + fuzz_choose(f, fuzz_choose(f, 8) ? 600 : 20000);
	f->small[i] = rsv_kmalloc(f->shared, f->small_size[i], FUZZ_GFP);
	if (f->small[i])
		machine_pattern_fill(f->small[i], f->small_size[i], i);
}

/* Pages */

/* Whether a page is the first one of a used block. */
bool machine_fuzz_owns_block(const struct fuzzer *f, const struct page *page)
{
	unsigned int i;

	for (i = 0; i < FUZZ_BLOCKS; i++)
		if (f->block[i].page == page)
			return true;
	return false;
}

static void block_give(struct fuzzer *f, struct fuzz_block *b)
{
	void *address = page_address(b->page);

	if (machine_pattern_changed(address, b->bytes, b->order))
		machine_wrong("pages of order %u were written to by somebody else", b->order);
	f->old[fuzz_choose(f, FUZZ_BLOCKS)] = *b;
	b->page = NULL;
	if (b->exact)
		rsv_free_pages_exact(address, b->bytes);
	else
		__rsv_free_pages(virt_to_page(address), b->order);
}

static void block_use(struct fuzzer *f)
{
	struct fuzz_block *b = &f->block[fuzz_choose(f, FUZZ_BLOCKS)];
	void *address = NULL;

	f->uses++;
	if (b->page) {
		block_give(f, b);
		return;
	}
	b->exact = !fuzz_choose(f, 4);
	b->order = fuzz_choose(f, 5);
	b->bytes = b->exact ? (3 + fuzz_choose(f, 10)) * PAGE_SIZE : PAGE_SIZE << b->order;
	if (b->exact) {
		address = rsv_alloc_pages_exact(f->own, b->bytes, FUZZ_GFP);
		b->page = address ? virt_to_page(address) : NULL;
	} else {
		b->page = rsv_alloc_pages(f->own, FUZZ_GFP, b->order);
	}
	if (b->page)
		machine_pattern_fill(page_address(b->page), b->bytes, b->order);
}

/* One right operation */
void machine_fuzz_use(struct fuzzer *f)
{
	u32 way = fuzz_choose(f, 8);

	if (way < 5)
		cache_use(f);
	else if (way < 6)
		small_use(f);
	else
		block_use(f);
}

/* Frees all that the thread has. */
void machine_fuzz_end(struct fuzzer *f)
{
	unsigned int i;

	for (i = 0; i < FUZZ_CACHES; i++)
		if (f->cache[i].cache)
			cache_destroy(f, &f->cache[i]);
	for (i = 0; i < FUZZ_OBJECTS; i++)
		if (f->small[i])
			small_give(f, i);
	for (i = 0; i < FUZZ_BLOCKS; i++)
		if (f->block[i].page)
			block_give(f, &f->block[i]);
}
