// SPDX-License-Identifier: GPL-2.0
/*
 * The lesson about constructors.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "device.h"
#include "lesson.h"
#include "lesson_cache.h"

#define CONSTRUCTED 6
#define ROUNDS	    1000
#define LAST_STATE  "of the last user"

/**
 * struct serials - objects that were allocated from a cache with a constructor
 * @serials: the different numbers that their constructor gave them
 * @calls: how many: each is a call of the constructor
 * @allocs: allocations
 */
struct serials {
	uint64_t serials[64];
	uint64_t calls;
	uint64_t allocs;
};

static struct lesson_cache constructed;

static void count_object(struct serials *s, const struct rsv_constructed *o)
{
	uint64_t i;

	s->allocs++;
	for (i = 0; i < s->calls; i++)
		if (s->serials[i] == o->serial)
			return;
	if (s->calls < sizeof(s->serials) / sizeof(s->serials[0]))
		s->serials[s->calls++] = o->serial;
}

static void alloc_constructed(const struct lesson_ctx *ctx, struct serials *s, uint32_t nr)
{
	struct rsv_constructed o;

	while (nr--) {
		alloc_objects(ctx, &constructed, 1);
		read_object(ctx->fd, constructed.objects[constructed.nr - 1], &o, sizeof(o));
		count_object(s, &o);
	}
}

static void write_state(const struct lesson_ctx *ctx)
{
	uint32_t i;

	for (i = 0; i < constructed.nr; i++)
		write_object(ctx->fd, constructed.objects[i],
			     offsetof(struct rsv_constructed, state), LAST_STATE,
			     sizeof(LAST_STATE));
}

/* Objects that have the state in which they were freed */
static uint32_t count_unchanged(const struct lesson_ctx *ctx)
{
	struct rsv_constructed o;
	uint32_t i, nr = 0;

	for (i = 0; i < constructed.nr; i++) {
		read_object(ctx->fd, constructed.objects[i], &o, sizeof(o));
		nr += !memcmp(o.state, LAST_STATE, sizeof(LAST_STATE));
	}
	return nr;
}

static void free_and_alloc(const struct lesson_ctx *ctx, struct serials *s)
{
	uint32_t i;

	for (i = 0; i < ROUNDS; i++) {
		free_objects(ctx, &constructed, 1);
		alloc_constructed(ctx, s, 1);
	}
}

static void show_calls(const struct serials *s)
{
	printf("\n  constructor called %llu times, objects allocated %llu times\n",
	       (unsigned long long)s->calls, (unsigned long long)s->allocs);
}

static void compare_engines(const struct lesson_ctx *ctx)
{
	static const struct {
		const char *name;
		uint32_t flags;
	} rows[] = {
		{"slab", RSV_ENGINE_SLAB},
		{"slab, no magazines", RSV_ENGINE_SLAB | RSV_NO_MAGAZINE},
		{"slub", RSV_ENGINE_SLUB},
		{"slub, no magazines", RSV_ENGINE_SLUB | RSV_NO_MAGAZINE},
		{"slob", RSV_ENGINE_SLOB},
		{"slob, no magazines", RSV_ENGINE_SLOB | RSV_NO_MAGAZINE},
	};
	size_t i;

	putchar('\n');
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct serials s = {.calls = 0};

		create_constructed_cache(ctx, &constructed, rows[i].flags);
		alloc_constructed(ctx, &s, CONSTRUCTED);
		free_and_alloc(ctx, &s);
		expect(ctx, s.calls, CONSTRUCTED, rows[i].name);
		printf("  %-18s  called %llu times, allocated %llu times\n", rows[i].name,
		       (unsigned long long)s.calls, (unsigned long long)s.allocs);
		destroy_lesson_cache(ctx, &constructed);
	}
}

static void teach_constructed(struct lesson_ctx *ctx)
{
	struct serials s = {.calls = 0};

	create_constructed_cache(ctx, &constructed, RSV_ENGINE_SLAB | RSV_NO_MAGAZINE);
	alloc_constructed(ctx, &s, CONSTRUCTED);
	expect(ctx, s.calls, CONSTRUCTED, "calls of the constructor");
	explain("Every user of an object needs its locks and lists initialized. The cache's "
		"constructor can do that once, before the first allocation of the object. A "
		"program cannot bring code into the kernel, but the module has a constructor for "
		"programs, which numbers its calls. %u objects are allocated:",
		CONSTRUCTED);
	show_calls(&s);
	end_step(ctx);

	write_state(ctx);
	free_objects(ctx, &constructed, CONSTRUCTED);
	alloc_constructed(ctx, &s, CONSTRUCTED);
	expect(ctx, s.calls, CONSTRUCTED, "calls of the constructor");
	expect(ctx, count_unchanged(ctx), CONSTRUCTED,
	       "objects in the state in which they were freed");
	explain("The objects are freed, and %u are allocated again. They are the same objects, in "
		"the state in which they were freed: neither cleared nor constructed again. So a "
		"user must free an object in the state that the constructor made: the lock "
		"unlocked, the list empty.",
		CONSTRUCTED);
	show_calls(&s);
	end_step(ctx);

	free_and_alloc(ctx, &s);
	expect(ctx, s.calls, CONSTRUCTED, "calls of the constructor");
	explain("One object is freed and allocated a thousand times. Without a constructor each "
		"allocation would have to initialize the object.");
	show_calls(&s);
	end_step(ctx);
	destroy_lesson_cache(ctx, &constructed);

	explain("All engines call the constructor only once for an object, with magazines and "
		"without. SLUB, whose freelist runs through the free objects, puts the links of "
		"such a cache behind the objects. SLOB keeps free objects of such a cache on a "
		"list of the cache and does not turn them into free blocks.");
	compare_engines(ctx);
	end_step(ctx);
}

static void teach_constructors(struct lesson_ctx *ctx)
{
	struct affinity before = pin_to_cpu(ctx);

	ctx->region = create_scratch_region(ctx->fd, KB(1024));
	teach_constructed(ctx);
	free_handle(ctx->fd, ctx->region);
	restore_affinity(&before);
}

const struct lesson lesson_constructors = {
	.name = "constructors",
	.title = "constructors: initialized once, allocated many times",
	.teach = teach_constructors,
};
