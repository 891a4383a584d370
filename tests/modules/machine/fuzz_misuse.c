// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz: misuses. Each is one that the module can tell from a right use: the thread knows that the
 * object is free or another cache's, that the pointer is no object, or that the block has another
 * size. Nobody else can have allocated the object meanwhile, since it names its own cache, or has
 * the region for itself. Each function returns how many misuses it committed.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "fuzz.h"
#include "machine.h"

static u64 nobodys[64] __aligned(PAGE_SIZE);

static struct fuzz_cache *any_cache(struct fuzzer *f)
{
	struct fuzz_cache *c = &f->cache[fuzz_choose(f, FUZZ_CACHES)];

	return c->cache ? c : NULL;
}

static void *any_used(struct fuzzer *f, struct fuzz_cache *c)
{
	return c && c->nr ? c->used[fuzz_choose(f, c->nr)] : NULL;
}

static void *any_old(struct fuzzer *f, struct fuzz_cache *c)
{
	return c && c->nr_old ? c->old[fuzz_choose(f, c->nr_old)] : NULL;
}

/* Frees free objects once more, one or many. */
static unsigned int double_free(struct fuzzer *f)
{
	struct fuzz_cache *c = any_cache(f);
	unsigned int nr = 1 + fuzz_choose(f, 4), i;
	void *objects[4];

	if (!any_old(f, c))
		return 0;
	for (i = 0; i < nr; i++)
		objects[i] = any_old(f, c);
	if (fuzz_choose(f, 2)) {
		rsv_cache_free_bulk(c->cache, nr, objects);
		return nr;
	}
	rsv_cache_free(c->cache, objects[0]);
	return 1;
}

/* Frees a used object to another cache. */
static unsigned int wrong_cache(struct fuzzer *f)
{
	struct fuzz_cache *c = any_cache(f), *other = any_cache(f);
	void *object = any_used(f, c);

	if (!object || !other || other == c)
		return 0;
	if (fuzz_choose(f, 2))
		rsv_cache_free_bulk(other->cache, 1, &object);
	else
		rsv_cache_free(other->cache, object);
	return 1;
}

/* Frees the middle of a used object. */
static unsigned int misaligned(struct fuzzer *f)
{
	struct fuzz_cache *c = any_cache(f);
	void *object = any_used(f, c);
	unsigned int i = fuzz_choose(f, FUZZ_OBJECTS);

	if (object && fuzz_choose(f, 2)) {
		rsv_cache_free(c->cache, object + 1 + fuzz_choose(f, c->size - 1));
		return 1;
	}
	if (!f->small[i])
		return 0;
	rsv_kfree(f->small[i] + 1 + fuzz_choose(f, 15));
	return 1;
}

/* Frees what is not Reservoir's. */
static unsigned int foreign(struct fuzzer *f)
{
	struct fuzz_cache *c = any_cache(f);
	void *pointer = nobodys + fuzz_choose(f, ARRAY_SIZE(nobodys));

	switch (fuzz_choose(f, 4)) {
	case 0:
		rsv_kfree(f);
		return 1;
	case 1:
		__rsv_free_pages(virt_to_page(f), fuzz_choose(f, 6));
		return 1;
	case 2:
		if (!c)
			return 0;
		rsv_cache_free_bulk(c->cache, 1, &pointer);
		return 1;
	default:
		if (!c)
			return 0;
		rsv_cache_free(c->cache, pointer);
		return 1;
	}
}

/* Frees a block that the thread has with another size, or from its middle. */
static unsigned int wrong_size(struct fuzzer *f)
{
	const struct fuzz_block *b = &f->block[fuzz_choose(f, FUZZ_BLOCKS)];

	if (!b->page)
		return 0;
	if (b->exact) {
		rsv_free_pages_exact(page_address(b->page), b->bytes + PAGE_SIZE);
		return 1;
	}
	if (b->order && fuzz_choose(f, 2))
		__rsv_free_pages(b->page + 1 + fuzz_choose(f, (1U << b->order) - 1),
				 fuzz_choose(f, 3));
	else
		__rsv_free_pages(b->page, b->order + 1 + fuzz_choose(f, 4));
	return 1;
}

/* Frees a free block once more. By now it may be part of a used one with another first page. */
static unsigned int double_free_pages(struct fuzzer *f)
{
	const struct fuzz_block *b = &f->old[fuzz_choose(f, FUZZ_BLOCKS)];

	if (!b->page || machine_fuzz_owns_block(f, b->page))
		return 0;
	if (b->exact)
		rsv_free_pages_exact(page_address(b->page), b->bytes);
	else
		__rsv_free_pages(b->page, b->order);
	return 1;
}

/* Destroys a cache in use. */
static unsigned int destroy_used(struct fuzzer *f)
{
	struct fuzz_cache *c = any_cache(f);

	if (!any_used(f, c) || fuzz_choose(f, 512))
		return 0;
	if (rsv_cache_destroy(c->cache) != -EBUSY)
		machine_wrong("a cache in use was destroyed");
	return 1;
}

/* One misuse, if there is something to misuse */
void machine_fuzz_misuse(struct fuzzer *f)
{
	static unsigned int (*const misuses[])(struct fuzzer *f) = {
		double_free, double_free, double_free, wrong_cache, misaligned, foreign,
		wrong_size, double_free_pages, destroy_used,
	};

	f->misuses += misuses[fuzz_choose(f, ARRAY_SIZE(misuses))](f);
}
