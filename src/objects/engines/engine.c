// SPDX-License-Identifier: GPL-2.0
/*
 * Which engines there are.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "compat.h"
#include "objects/engine.h"

static const struct rsv_engine *const rsv_engines[] = {
	&rsv_engine_slub,
	&rsv_engine_slab,
	&rsv_engine_slob,
};

/* What caches have that ask for none */
static const struct rsv_engine *rsv_engine_default = &rsv_engine_slub;

/**
 * rsv_engine_named() - find an engine
 * @name: its name
 *
 * Context: Any.
 * Return: The engine or NULL.
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
 * rsv_engine_of() - the engine that a cache's flags ask for
 * @flags: the flags, of RSV_ENGINE_* one at most
 *
 * Context: Any.
 * Return: The engine.
 */
const struct rsv_engine *rsv_engine_of(unsigned int flags)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rsv_engines); i++)
		if (flags & rsv_engines[i]->flag)
			return rsv_engines[i];
	return rsv_engine_default;
}

/**
 * rsv_engine_set_default() - say which engine caches have from now on that ask for none
 * @engine: the engine
 */
void rsv_engine_set_default(const struct rsv_engine *engine)
{
	rsv_engine_default = engine;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_engine_set_default);
