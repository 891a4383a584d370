// SPDX-License-Identifier: GPL-2.0
/*
 * The engines, with and without magazines.
 */
#include "scratch.h"
#include "variants.h"

const struct variant rsvt_variants[VARIANTS] = {
	{"slab", RSV_ENGINE_SLAB | RSV_NO_MAGAZINE},
	{"slab with magazines", RSV_ENGINE_SLAB},
	{"slub", RSV_ENGINE_SLUB | RSV_NO_MAGAZINE},
	{"slub with magazines", RSV_ENGINE_SLUB},
	{"slub that serves others", RSV_ENGINE_SLUB | RSV_NO_MAGAZINE | RSV_CACHE_INTERNAL},
	{"slob", RSV_ENGINE_SLOB | RSV_NO_MAGAZINE},
	{"slob with magazines", RSV_ENGINE_SLOB},
};

const struct engine_case rsvt_engines[ENGINES] = {
	{"slab", RSV_ENGINE_SLAB},
	{"slub", RSV_ENGINE_SLUB},
	{"slob", RSV_ENGINE_SLOB},
};

struct rsv_cache *rsvt_variant_cache(struct kunit *test, struct rsv_region *r,
				     const struct variant *v, unsigned int size, unsigned int align,
				     void (*ctor)(void *object))
{
	rsvt_stay_on_this_cpu();
	return rsvt_scratch_cache_flags(test, r, size, align, v->flags, ctor);
}
