// SPDX-License-Identifier: GPL-2.0
/*
 * The lesson about readers under RCU. A program has no such readers, so the lesson shows what one
 * would find at the address that it has.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "device.h"
#include "lesson.h"
#include "lesson_cache.h"
#include "step_region.h"

#define SESSION_SIZE 500 /* a slab of the engine SLAB has 24, and its bufctls */
#define LETTER       RSV_RCU_OBJECT_MIN /* behind the struct rcu_head of a session */
#define PRICE_SIZE   256
#define MARK_SIZE    8 /* bytes of the word that tells whether an object is free */
#define MAGAZINE     64 /* objects of that size in a magazine */
#define PICTURE_MAX  64

enum rcu_step {
	FOUND,
	FREED,
	WAITING,
	ENDED,
	FULL,
	COLLECTED,
};

/* The caches that are compared: how their objects are freed */
enum price {
	AT_ONCE,
	TYPESAFE,
	BY_RCU,
	NR_PRICES
};

/**
 * struct session - an object that the lesson draws
 * @handle: its handle
 * @offset: its offset in the region
 * @letter: its byte at LETTER, and how it is drawn
 */
struct session {
	uint32_t handle;
	uint64_t offset;
	char letter;
};

/* The cache, session A, the session of the last request, and the slab of A, object by object */
static struct lesson_cache sessions;
static struct session a, last;
static char picture[PICTURE_MAX];
static struct rsv_ioc_cache seen;

/* Their figures in the end, and those of BY_RCU after the barrier */
static struct lesson_cache prices[NR_PRICES];
static struct rsv_ioc_cache seen_prices[NR_PRICES], seen_full;

static struct session alloc_session(const struct lesson_ctx *ctx, struct lesson_cache *c)
{
	struct rsv_ioc_object_alloc object = alloc_object(ctx->fd, ctx->region, c->own.handle);

	if (!object.handle)
		fail("lesson %s: the cache '%s' has no object", ctx->lesson, c->own.name);
	c->objects[c->nr++] = object.handle;
	return (struct session){.handle = object.handle, .offset = object.offset};
}

/*
 * The slab of session A
 */

static struct session alloc_lettered(const struct lesson_ctx *ctx, char letter)
{
	struct session s = alloc_session(ctx, &sessions);

	s.letter = letter;
	write_object(ctx->fd, s.handle, LETTER, &letter, sizeof(letter));
	return s;
}

/* The offset of the slab that has an offset: in the map the first page of a slab is marked. */
static uint64_t slab_offset(const struct lesson_ctx *ctx, uint64_t offset)
{
	uint64_t nr_pages, page = offset / ctx->page_size;
	char *chars = query_map(ctx->fd, ctx->region, &nr_pages);

	while (page && chars[page] != RSV_MAP_SLAB)
		page--;
	free(chars);
	return page * ctx->page_size;
}

/* The bytes before the first object of the slab are fewer than those of an object. */
static void draw(const struct lesson_ctx *ctx, const struct session *s, char letter)
{
	uint64_t index = (s->offset - slab_offset(ctx, a.offset)) / seen.stride;

	if (index >= seen.slab_objects)
		fail("lesson %s: session %c is in another slab", ctx->lesson, s->letter);
	picture[index] = letter;
}

static void begin_picture(const struct lesson_ctx *ctx)
{
	seen = query_lesson_cache(ctx, &sessions);
	if (seen.slab_objects >= PICTURE_MAX)
		fail("lesson %s: a slab has %u objects", ctx->lesson, seen.slab_objects);
	memset(picture, 0, sizeof(picture));
	memset(picture, '.', seen.slab_objects);
}

/* Allocates until a request gets the memory that A had, or the slab has no more. */
static void alloc_until_reused(const struct lesson_ctx *ctx)
{
	while (last.offset != a.offset && sessions.nr < seen.slab_objects) {
		last = alloc_lettered(ctx, 'C');
		draw(ctx, &last, last.offset == a.offset ? 'C' : '#');
	}
}

static void begin_sessions(struct lesson_ctx *ctx, unsigned int step)
{
	create_lesson_cache(ctx, &sessions, "sessions", SESSION_SIZE, RSV_ENGINE_SLAB);
	a = alloc_lettered(ctx, 'A');
	last = a;
	begin_picture(ctx);
	draw(ctx, &a, 'A');
	if (step == FOUND)
		return;
	sessions.nr--;
	if (step == FREED)
		free_handle(ctx->fd, a.handle);
	else
		free_object_by_rcu(ctx->fd, a.handle);
	draw(ctx, &a, step == FREED ? '.' : 'w');
	last = alloc_lettered(ctx, 'B');
	draw(ctx, &last, 'B');
	if (step == ENDED) {
		rcu_barrier(ctx->fd, ctx->region);
		alloc_until_reused(ctx);
	}
	seen = query_lesson_cache(ctx, &sessions);
}

static void end_sessions(struct lesson_ctx *ctx)
{
	destroy_lesson_cache(ctx, &sessions);
}

static const struct step_region session_steps = {.bytes = KB(1024),
						 .begin = begin_sessions,
						 .end = end_sessions};

static void end_session_step(struct lesson_ctx *ctx)
{
	printf("\n  slab       [%s]\n", picture);
	printf("  waiting    %llu\n", (unsigned long long)seen.rcu_waiting);
	end_step_region(ctx, &session_steps);
	end_step(ctx);
}

/*
 * What a reader finds that has the address of A. The last session is at that address. While A
 * waits no handle leads there, so in that step the lesson only shows that no other session does.
 */
static char found(const struct lesson_ctx *ctx)
{
	char bytes[LETTER + 1];

	expect(ctx, last.offset, a.offset, "address of the last session");
	read_object(ctx->fd, last.handle, bytes, sizeof(bytes));
	return bytes[LETTER];
}

static void teach_grace_period(struct lesson_ctx *ctx)
{
	begin_step(ctx, &session_steps, FOUND);
	explain("A reader under RCU takes no lock. Between rcu_read_lock() and rcu_read_unlock() "
		"it finds an object through a pointer, and looks at it. A writer may unlink the "
		"object meanwhile. From then on nobody finds it, but this reader still has its "
		"address. Here is a slab of %u sessions. A reader finds session %c in it.",
		seen.slab_objects, found(ctx));
	end_session_step(ctx);

	begin_step(ctx, &session_steps, FREED);
	expect(ctx, seen.rcu_waiting, 0, "objects that wait");
	explain("The writer unlinks A and frees it at once. The next request gets the same memory, "
		"since the object that was freed last is on top of the CPU's magazine. The reader, "
		"which looked at A, now finds %c there.",
		found(ctx));
	end_session_step(ctx);

	begin_step(ctx, &session_steps, WAITING);
	expect(ctx, seen.rcu_waiting, 1, "objects that wait");
	expect(ctx, seen.active_objects, 2, "objects in use");
	expect(ctx, last.offset == a.offset, 0, "session B in the memory of A");
	explain("The writer frees A by RCU instead, as with kfree_rcu(). Then A waits (w) until a "
		"grace period is over: until every reader that may have found it has called "
		"rcu_read_unlock(). For the allocator it is in use meanwhile, so the next request "
		"gets other memory. Nothing in A changes but its struct rcu_head, which readers "
		"leave alone: it is in front of the letter. A program cannot look, since its handle "
		"of A is gone.");
	end_session_step(ctx);

	begin_step(ctx, &session_steps, ENDED);
	expect(ctx, last.offset, a.offset, "address of session C");
	expect(ctx, seen.rcu_waiting, 0, "objects that wait");
	explain("A barrier waits until the grace period is over. No reader has the address of A "
		"any more, and A is free. It is in a magazine of the depot. So %u more requests "
		"get what is left in the CPU's magazine (#), and the next one, C, gets the memory "
		"that A had. A reader that comes now finds %c there.",
		sessions.nr - 2, found(ctx));
	end_session_step(ctx);
}

/*
 * What it costs
 */

static void free_objects_by_rcu(const struct lesson_ctx *ctx, struct lesson_cache *c)
{
	while (c->nr)
		free_object_by_rcu(ctx->fd, c->objects[--c->nr]);
}

/* Allocates and frees objects of a cache, and allocates the same number again. */
static void use_price(const struct lesson_ctx *ctx, enum price price, unsigned int step)
{
	const uint32_t nr = step == FULL ? MAGAZINE : MAGAZINE - 1;
	struct lesson_cache *c = &prices[price];

	alloc_objects(ctx, c, nr);
	if (price == BY_RCU)
		free_objects_by_rcu(ctx, c);
	else
		free_objects(ctx, c, c->nr);
	if (price == BY_RCU && step == FULL) {
		rcu_barrier(ctx->fd, ctx->region);
		seen_full = query_lesson_cache(ctx, c);
	}
	alloc_objects(ctx, c, nr);
	seen_prices[price] = query_lesson_cache(ctx, c);
}

static void begin_prices(struct lesson_ctx *ctx, unsigned int step)
{
	static const char *const names[] = {"at-once", "typesafe", "by-rcu"};
	unsigned int i;

	for (i = 0; i < NR_PRICES; i++) {
		create_lesson_cache(ctx, &prices[i], names[i], PRICE_SIZE,
				    RSV_ENGINE_SLUB | (i == TYPESAFE ? RSV_TYPESAFE_BY_RCU : 0));
		use_price(ctx, i, step);
	}
}

static void end_prices(struct lesson_ctx *ctx)
{
	unsigned int i;

	for (i = 0; i < NR_PRICES; i++)
		destroy_lesson_cache(ctx, &prices[i]);
}

static const struct step_region price_steps = {.bytes = KB(1024),
					       .begin = begin_prices,
					       .end = end_prices};

static void show_figures(const char *what, const struct rsv_ioc_cache *cache)
{
	printf("  %-9s  %2llu in use, %2llu waiting; slabs: %llu allocated\n", what,
	       (unsigned long long)(cache->active_objects - cache->rcu_waiting),
	       (unsigned long long)cache->rcu_waiting, (unsigned long long)cache->slabs_made);
}

static void show_price(const char *what, enum price price)
{
	const struct rsv_ioc_cache *cache = &seen_prices[price];

	show_figures(what, cache);
	printf("             each takes %u bytes of its slab\n", cache->stride);
}

static void show_depot(const char *what, const struct rsv_ioc_cache *cache)
{
	show_figures(what, cache);
	printf("             depot: %llu full, %llu empty; magazines exchanged: %llu\n",
	       (unsigned long long)cache->depot_full, (unsigned long long)cache->depot_empty,
	       (unsigned long long)cache->exchanges);
}

static void teach_batch(struct lesson_ctx *ctx)
{
	const struct rsv_ioc_cache *after = &seen_prices[BY_RCU];

	begin_step(ctx, &price_steps, FULL);
	expect(ctx, after->magazine_rounds, MAGAZINE, "objects of a magazine");
	expect(ctx, seen_full.active_objects, 0, "objects in use or waiting");
	expect(ctx, seen_full.depot_full, 1, "full magazines in the depot");
	expect(ctx, after->slabs_made, seen_full.slabs_made, "slabs allocated");
	explain("%u objects are freed by RCU. The CPU collects them in a magazine. When it is "
		"full, all of them wait for one grace period together. After that the magazine "
		"goes to the depot as it is: no object goes back to its slab. So a free by RCU "
		"costs little time. %u objects are allocated again. The CPU gets the full "
		"magazine, and the cache needs no slab.",
		MAGAZINE, MAGAZINE);
	putchar('\n');
	show_depot("freed", &seen_full);
	show_depot("allocated", after);
	end_step_region(ctx, &price_steps);
	end_step(ctx);
}

static void teach_prices(struct lesson_ctx *ctx)
{
	begin_step(ctx, &price_steps, COLLECTED);
	expect(ctx, seen_prices[TYPESAFE].rcu_waiting, 0, "typesafe objects that wait");
	expect(ctx, seen_prices[TYPESAFE].slabs_made, seen_prices[AT_ONCE].slabs_made,
	       "slabs of the typesafe cache");
	expect(ctx, seen_prices[BY_RCU].rcu_waiting, MAGAZINE - 1, "objects that wait");
	expect(ctx, seen_prices[TYPESAFE].stride, PRICE_SIZE + MARK_SIZE,
	       "stride of the typesafe cache");
	expect(ctx, seen_prices[AT_ONCE].stride, PRICE_SIZE, "stride of the others");
	explain("Both ways have a price. %u objects of each cache are allocated and freed, and %u "
		"are allocated again. A free by RCU costs memory: while objects wait, the cache "
		"needs others, in more slabs. In return readers may rely on what they found. In "
		"a typesafe cache nothing waits, but its readers look twice. And no byte of a free "
		"object may change, so the engines SLUB and SLOB keep the mark of each, which is "
		"otherwise in the object, behind it: %u bytes more.",
		MAGAZINE - 1, MAGAZINE - 1, MARK_SIZE);
	putchar('\n');
	show_price("at once", AT_ONCE);
	show_price("typesafe", TYPESAFE);
	show_price("by RCU", BY_RCU);
	end_step_region(ctx, &price_steps);
	end_step(ctx);
}

/*
 * Objects that are used again at once
 */

static struct lesson_cache typesafe;

static struct rsv_constructed read_session(const struct lesson_ctx *ctx, const struct session *s)
{
	struct rsv_constructed o;

	read_object(ctx->fd, s->handle, &o, sizeof(o));
	return o;
}

static void set_key(const struct lesson_ctx *ctx, const struct session *s, char key)
{
	write_object(ctx->fd, s->handle, offsetof(struct rsv_constructed, state), &key,
		     sizeof(key));
}

/* Returns the number of the constructor's call for the session. */
static uint64_t teach_reuse(struct lesson_ctx *ctx)
{
	struct session old = alloc_session(ctx, &typesafe), new;
	const uint64_t serial = read_session(ctx, &old).serial;

	set_key(ctx, &old, 'A');
	free_objects(ctx, &typesafe, 1);
	new = alloc_session(ctx, &typesafe);
	expect(ctx, new.offset, old.offset, "address of the next session");
	expect(ctx, read_session(ctx, &new).state[0], 'A', "key that the last user left");
	expect(ctx, read_session(ctx, &new).serial, serial, "call of the constructor");
	set_key(ctx, &new, 'B');
	explain("There is another way. From a cache with RSV_TYPESAFE_BY_RCU, as with the kernel's "
		"SLAB_TYPESAFE_BY_RCU, the writer frees A at once, and the next request gets the "
		"same memory. But until a grace period is over the memory stays an object of this "
		"cache. No byte changes while it is free, the constructor does not run again, and "
		"the pages of its slab go to nobody else. So the reader that has the address of A "
		"can get a reference to what is there now, or lock it. Then it must look whether "
		"that is still what it wanted. The kernel's <linux/slab.h> has the rule; "
		"examples/example_rcu.c follows it.");
	printf("\n  session    same memory, constructor not called again\n");
	printf("  reader     wanted A, finds %c, and searches again\n",
	       read_session(ctx, &new).state[0]);
	end_step(ctx);
	return serial;
}

static void teach_slab_life(struct lesson_ctx *ctx, uint64_t serial)
{
	struct rsv_constructed constructed;
	struct rsv_ioc_cache cache;
	struct session s;

	free_objects(ctx, &typesafe, 1);
	expect(ctx, shrink_cache(ctx->fd, typesafe.own.handle), 1, "slabs freed");
	cache = query_lesson_cache(ctx, &typesafe);
	s = alloc_session(ctx, &typesafe);
	constructed = read_session(ctx, &s);
	expect(ctx, constructed.serial > serial, 1, "another call of the constructor");
	expect(ctx, constructed.state[0], 0, "key that the constructor left");
	explain("The session is freed, and the cache is shrunk. The slab leaves the cache, but the "
		"buddy system gets its pages only after a grace period: then no reader has the "
		"address of an object in them. The constructor runs once for an object's life in "
		"its slab, not for each allocation. The next session, in a new slab, is "
		"constructed.");
	printf("\n  slabs      %llu allocated, %llu freed\n", (unsigned long long)cache.slabs_made,
	       (unsigned long long)cache.slabs_given);
	printf("  session    constructor called again\n");
	end_step(ctx);
}

static void teach_typesafe(struct lesson_ctx *ctx)
{
	ctx->region = create_scratch_region(ctx->fd, KB(1024));
	create_constructed_cache(ctx, &typesafe, RSV_ENGINE_SLUB | RSV_TYPESAFE_BY_RCU);
	teach_slab_life(ctx, teach_reuse(ctx));
	destroy_lesson_cache(ctx, &typesafe);
	free_handle(ctx->fd, ctx->region);
}

static void teach_rcu_steps(struct lesson_ctx *ctx)
{
	teach_grace_period(ctx);
	teach_batch(ctx);
	teach_typesafe(ctx);
	teach_prices(ctx);
}

static void teach_rcu(struct lesson_ctx *ctx)
{
	teach_unchecked(ctx, teach_rcu_steps);
}

const struct lesson lesson_rcu = {
	.name = "rcu",
	.title = "readers under RCU: when freed memory may be used again",
	.teach = teach_rcu,
};
