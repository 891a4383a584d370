// SPDX-License-Identifier: GPL-2.0
/*
 * traces: objects of a cache with owner records, which stay used until the module goes. A reader of
 * alloc_traces and free_traces meanwhile finds four objects of take_seven(), three of take_three()
 * and two of take_two(), which give_two() had freed before.
 */
#include <linux/compiler.h>
#include <linux/err.h>

#include "machine.h"

static struct rsv_cache *traced;
static void *object[10];

/*
 * Inlined, so that the trace names the caller, and a loop, so that there is one place in the code.
 */
static __always_inline int take(unsigned int from, unsigned int nr)
{
	OPTIMIZER_HIDE_VAR(nr);
	for (; nr--; from++) {
		object[from] = rsv_cache_alloc(traced, GFP_KERNEL);
		if (!object[from])
			return -ENOMEM;
	}
	return 0;
}

static noinline int take_seven(void)
{
	return take(0, 7);
}

static noinline int take_three(void)
{
	return take(7, 3);
}

/* The objects freed last are allocated first. */
static noinline int take_two(void)
{
	return take(5, 2);
}

static noinline void give_two(void)
{
	unsigned int i = 5, end = 7;

	OPTIMIZER_HIDE_VAR(end);
	for (; i < end; i++)
		rsv_cache_free(traced, object[i]);
}

int machine_run_traces(struct rsv_region *r)
{
	int err;

	traced = rsv_cache_create(r, "traced", 64, 0, RSV_ENGINE_SLUB | RSV_STORE_USER, NULL);
	if (IS_ERR(traced))
		return PTR_ERR(traced);
	err = take_seven() ?: take_three();
	if (!err) {
		give_two();
		err = take_two();
		rsv_cache_free(traced, object[0]);
		object[0] = NULL;
	}
	if (err)
		machine_traces_end();
	return err;
}

void machine_traces_end(void)
{
	unsigned int i;

	if (IS_ERR_OR_NULL(traced))
		return;
	for (i = 0; i < ARRAY_SIZE(object); i++)
		rsv_cache_free(traced, object[i]);
	rsv_cache_destroy(traced);
}
