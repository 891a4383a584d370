// SPDX-License-Identifier: GPL-2.0
/*
 * The list of engines. A new engine needs a line here and in engines.h, a flag in
 * include/uapi/linux/reservoir.h, and that flag in RSV_ENGINES (types.h).
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "compat.h"
#include "engines.h"
#include "objects/engine.h"

static const struct rsv_engine *const rsv_engines[] = {
	&rsv_engine_slub,
	&rsv_engine_slab,
	&rsv_engine_slob,
};

/* The engine of caches whose flags name none (changes at load only, before there are caches) */
static const struct rsv_engine *rsv_engine_default = &rsv_engine_slub;

/**
 * rsv_engine_named() - find an engine by name
 * @name: the name
 *
 * Context: Any.
 * Return: The engine, or NULL if none has that name.
 */
const struct rsv_engine *rsv_engine_named(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rsv_engines); i++)
		if (!strcmp(rsv_engines[i]->name, name))
			return rsv_engines[i];
	return NULL;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_engine_named);

/**
 * rsv_engine_of() - find the engine that a cache's flags ask for
 * @flags: the flags, with one of RSV_ENGINE_* at most
 *
 * Magazines are made and freed on the way to other objects. So their caches have the engine that
 * frees without a lock, whatever the default one is.
 *
 * Context: Any.
 * Return: The engine, or the default one if the flags name none.
 */
const struct rsv_engine *rsv_engine_of(unsigned int flags)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rsv_engines); i++)
		if (flags & rsv_engines[i]->flag)
			return rsv_engines[i];
	return flags & RSV_CACHE_INTERNAL ? &rsv_engine_slub : rsv_engine_default;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_engine_of);

/**
 * rsv_engine_set_default() - set the engine of caches whose flags name none
 * @engine: the engine
 *
 * Caches that exist keep their engines.
 *
 * Context: Process. No other task creates a cache meanwhile.
 */
void rsv_engine_set_default(const struct rsv_engine *engine)
{
	rsv_engine_default = engine;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_engine_set_default);
