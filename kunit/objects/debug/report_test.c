// SPDX-License-Identifier: GPL-2.0
/*
 * The lines of a report after the first, read from the kernel's log: stacks; the owners of the
 * object; its bytes, only where debug= allows that; the list of leaked objects when a cache in use
 * is destroyed; and traces.
 *
 * The module limits the rate of reports. The suite waits for the limit's interval to end and makes
 * fewer reports than one interval allows.
 */
#include <linux/jiffies.h>
#include <linux/kmsg_dump.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "support/arrays.h"
#include "support/bytes.h"
#include "support/checks.h"
#include "support/misuse.h"
#include "support/scratch.h"
#include "support/suite.h"
#include "support/variants.h"

KUNIT_ARRAY_PARAM_DESC(engines, rsvt_engines, name);

/* A cache of the test's engine, if the test has such a parameter */
static struct rsv_cache *report_cache(struct kunit *test, unsigned int flags)
{
	const struct engine_case *k = test->param_value;

	rsvt_stay_on_this_cpu();
	return rsvt_scratch_cache_flags(test, rsvt_scratch_region(test, SZ_1M), SIZE, 0,
					flags | (k ? k->flag : RSV_ENGINE_SLUB), NULL);
}

static int wait_until_reports_are_printed(struct kunit_suite *suite)
{
	schedule_timeout_uninterruptible(5 * HZ + HZ / 2);
	return 0;
}

/* --- The log -------------------------------------------------------------------------------- */

#define LINES	400
#define WIDTH	256

/**
 * struct log - lines of the kernel's log since log_begin()
 * @nr: number of lines
 * @at: the first line that the test has not looked at
 * @line: the lines, without the time
 */
struct log {
	unsigned int nr;
	unsigned int at;
	char line[LINES][WIDTH];
};

static unsigned int mark;

static void log_begin(void)
{
	pr_info("kunit: report_test: mark %u\n", ++mark);
}

static void log_add(struct log *log, const char *line)
{
	const char *text = *line == '[' ? strstr(line, "] ") : NULL;

	if (log->nr < LINES)
		strscpy(log->line[log->nr++], text ? text + 2 : line, WIDTH);
}

/* Reads the lines since log_begin(). */
static struct log *log_read(struct kunit *test)
{
	struct log *log = kunit_kzalloc(test, sizeof(*log), GFP_KERNEL);
	char *line = kunit_kzalloc(test, 1024, GFP_KERNEL), begin[48];
	struct kmsg_dump_iter iter;
	bool begun = false;
	size_t length;

	KUNIT_ASSERT_NOT_NULL(test, log);
	KUNIT_ASSERT_NOT_NULL(test, line);
	snprintf(begin, sizeof(begin), "report_test: mark %u\n", mark);
	kmsg_dump_rewind(&iter);
	while (kmsg_dump_get_line(&iter, false, line, 1023, &length)) {
		line[length] = 0;
		if (begun)
			log_add(log, strim(line));
		begun |= !!strstr(line, begin);
	}
	KUNIT_ASSERT_TRUE(test, begun);
	KUNIT_ASSERT_LT(test, log->nr, LINES);
	return log;
}

static unsigned int log_count(const struct log *log, const char *text)
{
	unsigned int i, nr = 0;

	for (i = 0; i < log->nr; i++)
		nr += !!strstr(log->line[i], text);
	return nr;
}

/* Returns the next line that contains @text, and skips the lines before it. */
static const char *log_next(struct kunit *test, struct log *log, const char *text)
{
	unsigned int i;

	for (i = log->at; i < log->nr; i++)
		if (strstr(log->line[i], text)) {
			log->at = i + 1;
			return log->line[i];
		}
	KUNIT_FAIL(test, "no line '%s' after '%s'", text, log->at ? log->line[log->at - 1] : "");
	return NULL;
}

static void expect_line(struct kunit *test, struct log *log, const char *text)
{
	log_next(test, log, text);
}

/* The module prints offsets, never addresses. The kernel prints the stacks. */
static void expect_no_address(struct kunit *test, const struct log *log, const void *object)
{
	const char *address = rsvt_report_text(test, "%lx", (unsigned long)object);
	unsigned int i;

	for (i = 0; i < log->nr; i++)
		if (!strncmp(log->line[i], "reservoir: ", 11))
			KUNIT_EXPECT_NULL(test, strstr(log->line[i], address));
}

/* --- Owners and stacks ---------------------------------------------------------------------- */

static noinline void *take_there(struct rsv_cache *c)
{
	/* With the flags of the other function the compiler would merge the two. */
	void *object = rsv_cache_alloc(c, GFP_NOWAIT);

	barrier();
	return object;
}

static noinline void give_again(struct rsv_cache *c, void *object)
{
	OPTIMIZER_HIDE_VAR(object);
	rsv_cache_free(c, object);
	barrier();
}

/* Expects a line that names the owner of an object, and the stack up to the test itself. */
static void expect_who(struct kunit *test, struct log *log, const char *did, const char *function,
		       const char *from, unsigned long since)
{
	const char *line =
		log_next(test, log, rsvt_report_text(test, "reservoir: %s in %s+", did, function));
	const char *figures = line ? strstr(line, " age=") : NULL;
	unsigned long age;
	unsigned int cpu;
	int pid, nr;

	KUNIT_ASSERT_NOT_NULL(test, figures);
	nr = sscanf(figures, " age=%lu cpu=%u pid=%d", &age, &cpu, &pid);
	KUNIT_ASSERT_EQ(test, nr, 3);
	KUNIT_EXPECT_LE(test, age, jiffies - since);
	KUNIT_EXPECT_EQ(test, cpu, raw_smp_processor_id());
	KUNIT_EXPECT_EQ(test, pid, current->pid);
	if (!IS_ENABLED(CONFIG_STACKDEPOT))
		return;
	expect_line(test, log, rsvt_report_text(test, "reservoir:   %s+", function));
	expect_line(test, log, rsvt_report_text(test, "reservoir:   %s+", from));
}

static const char *object_at(struct kunit *test, struct rsv_cache *c, const void *object)
{
	return rsvt_report_text(test, "cache %s of region %s: object at 0x%zx", c->name,
				c->region->name, rsvt_scratch_offset(c->region, object));
}

static void report_says_whose_object_it_is_and_who_gave_it_back(struct kunit *test)
{
	struct rsv_cache *c = report_cache(test, RSV_STORE_USER | RSV_POISON | RSV_RED_ZONE);
	unsigned long since = jiffies;
	void *object, *other;
	struct log *log;

	rsvt_objects_alloc(test, c, &other, 1);
	object = rsvt_alloc_here(c);
	KUNIT_ASSERT_NOT_NULL(test, object);
	rsvt_free_here(c, object);
	log_begin();
	EXPECT_REPORT(test, RSV_DOUBLE_FREE, rsvt_report_free(test, c, object),
		      give_again(c, object));
	log = log_read(test);
	expect_line(test, log,
		    rsvt_report_text(test, "reservoir: misuse: double_free: %s: given back",
				     object_at(test, c, object)));
	/* The stack of the report comes first. */
	expect_line(test, log, "give_again+");
	expect_who(test, log, "Allocated", "rsvt_alloc_here", __func__, since);
	expect_who(test, log, "Freed", "rsvt_free_here", __func__, since);
	/* Objects of SLOB's heap are in no slab. */
	if (!(c->flags & RSV_ENGINE_SLOB))
		expect_line(test, log,
			    rsvt_report_text(test, "reservoir: Slab objects=%u used=1",
					     c->layout.objects));
	KUNIT_EXPECT_EQ(test, log_count(log, "Allocated in"), 1);
	KUNIT_EXPECT_EQ(test, log_count(log, "Freed in"), 1);
	expect_no_address(test, log, object);
	rsv_cache_free(c, other);
}

/* The owner comes from the cache that the object belongs to. */
static void report_of_a_wrong_cache_says_who_took_the_object(struct kunit *test)
{
	struct rsv_cache *c = report_cache(test, RSV_STORE_USER);
	unsigned int flags = c->flags & (RSV_ENGINES | RSV_STORE_USER);
	struct rsv_cache *d = rsvt_scratch_cache_flags(test, c->region, SIZE, 0, flags, NULL);
	unsigned long since = jiffies;
	void *object = rsvt_alloc_here(c);
	struct log *log;

	KUNIT_ASSERT_NOT_NULL(test, object);
	log_begin();
	EXPECT_REPORT(test, RSV_WRONG_CACHE, rsvt_report_free(test, d, object),
		      give_again(d, object));
	log = log_read(test);
	expect_line(test, log,
		    rsvt_report_text(test, "reservoir: misuse: wrong_cache: cache %s ", d->name));
	expect_who(test, log, "Allocated", "rsvt_alloc_here", __func__, since);
	KUNIT_EXPECT_EQ(test, log_count(log, "Freed in"), 0);
	rsv_cache_free(c, object);
}

static void report_without_owners_ends_with_the_stack(struct kunit *test)
{
	struct rsv_cache *c = report_cache(test, 0);
	struct log *log;
	void *object[2];

	rsvt_objects_alloc(test, c, object, 2);
	rsvt_free_here(c, object[0]);
	log_begin();
	EXPECT_MISUSE(test, RSV_DOUBLE_FREE, give_again(c, object[0]));
	log = log_read(test);
	expect_line(test, log, "reservoir: misuse: double_free: ");
	expect_line(test, log, "give_again+");
	KUNIT_EXPECT_EQ(test, log_count(log, "Allocated"), 0);
	KUNIT_EXPECT_EQ(test, log_count(log, "Freed"), 0);
	KUNIT_EXPECT_EQ(test, log_count(log, "Slab objects="), 0);
	rsv_cache_free(c, object[1]);
}

/* --- Bytes ---------------------------------------------------------------------------------- */

/* The log after the free of an object full of "secret" whose right red zone was overwritten */
static struct log *log_of_an_overflow(struct kunit *test)
{
	struct rsv_cache *c = report_cache(test, RSV_POISON | RSV_RED_ZONE);
	struct log *log;
	u8 *object;

	rsvt_objects_alloc(test, c, (void **)&object, 1);
	memset(object, 'S', SIZE);
	rsvt_poke_byte(object, SIZE, 0x12);
	log_begin();
	EXPECT_MISUSE(test, RSV_RED_ZONED, rsv_cache_free(c, object));
	log = log_read(test);
	expect_line(test, log,
		    rsvt_report_text(test, "%s: right red zone overwritten, first at byte %u",
				     object_at(test, c, object), SIZE));
	expect_no_address(test, log, object);
	rsvt_recover(test, c, object);
	return log;
}

static void bytes_are_shown_where_debug_was_given(struct kunit *test)
{
	struct log *log;

	rsvt_set_debug(test, "Z,somebody");
	log = log_of_an_overflow(test);
	expect_line(test, log, "Redzone  00000000: cc cc cc cc cc cc cc cc");
	expect_line(test, log, "Object   00000000: 53 53 53 53 53 53 53 53");
	expect_line(test, log, "Object   00000030: 53 53 53 53 53 53 53 53");
	expect_line(test, log, "Redzone  00000000: 12 cc cc cc cc cc cc cc");
}

static void bytes_are_not_shown_where_it_was_not(struct kunit *test)
{
	struct log *log = log_of_an_overflow(test);

	KUNIT_EXPECT_EQ(test, log_count(log, "Object   "), 0);
	KUNIT_EXPECT_EQ(test, log_count(log, "Redzone  "), 0);
	KUNIT_EXPECT_EQ(test, log_count(log, "Padding  "), 0);
	KUNIT_EXPECT_EQ(test, log_count(log, "53 53"), 0);
	KUNIT_EXPECT_EQ(test, log_count(log, "SSSS"), 0);
}

/* --- Leaks ---------------------------------------------------------------------------------- */

/* The log after a refused destruction of a cache with @nr used objects */
static struct log *log_of_a_destruction(struct kunit *test, struct rsv_cache *c, unsigned int nr)
{
	struct log *log;
	int err;

	log_begin();
	EXPECT_MISUSE(test, RSV_IN_USE, err = rsv_cache_destroy(c));
	KUNIT_EXPECT_EQ(test, err, -EBUSY);
	log = log_read(test);
	expect_line(test, log,
		    rsvt_report_text(test,
				     "misuse: destroyed_in_use: cache %s of region %s: %u objects",
				     c->name, c->region->name, nr));
	return log;
}

/* In any order */
static void expect_leak(struct kunit *test, struct log *log, struct rsv_cache *c,
			const void *object)
{
	const char *text = rsvt_report_text(test, "%s is in use", object_at(test, c, object));

	KUNIT_EXPECT_EQ(test, log_count(log, text), 1);
	log->at = 0;
	expect_line(test, log, text);
}

static void each_leaked_object_is_listed_with_who_took_it(struct kunit *test)
{
	struct rsv_cache *c = report_cache(test, RSV_STORE_USER);
	unsigned long since = jiffies;
	void *here[3], *there[3];
	struct log *log;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		here[i] = rsvt_alloc_here(c);
		there[i] = take_there(c);
		KUNIT_ASSERT_NOT_NULL(test, here[i]);
		KUNIT_ASSERT_NOT_NULL(test, there[i]);
	}
	rsv_cache_free(c, there[1]);
	log = log_of_a_destruction(test, c, 5);
	for (i = 0; i < 3; i++) {
		expect_leak(test, log, c, here[i]);
		expect_who(test, log, "Allocated", "rsvt_alloc_here", __func__, since);
		expect_no_address(test, log, here[i]);
	}
	for (i = 0; i < 3; i += 2) {
		expect_leak(test, log, c, there[i]);
		expect_who(test, log, "Allocated", "take_there", __func__, since);
	}
	KUNIT_EXPECT_EQ(test, log_count(log, " is in use"), 5);
	KUNIT_EXPECT_EQ(test, log_count(log, "and more"), 0);
	rsv_cache_free(c, there[0]);
	rsv_cache_free(c, there[2]);
	rsvt_objects_free(c, here, 3);
}

/* The most lines of the list of leaks */
#define LISTED	16

static void list_of_leaks_ends_after_sixteen_and_says_so(struct kunit *test)
{
	struct rsv_cache *c = report_cache(test, 0);
	void *object[LISTED + 1];
	struct log *log;

	rsvt_objects_alloc(test, c, object, LISTED + 1);
	log = log_of_a_destruction(test, c, LISTED + 1);
	KUNIT_EXPECT_EQ(test, log_count(log, " is in use"), LISTED);
	KUNIT_EXPECT_EQ(test, log_count(log, "and more"), 1);
	KUNIT_EXPECT_EQ(test, log_count(log, "Allocated in"), 0);

	rsv_cache_free(c, object[LISTED]);
	log = log_of_a_destruction(test, c, LISTED);
	KUNIT_EXPECT_EQ(test, log_count(log, " is in use"), LISTED);
	KUNIT_EXPECT_EQ(test, log_count(log, "and more"), 0);
	rsvt_objects_free(c, object, LISTED);
}

/* Both caches have objects of the same size in SLOB's heap. */
static void leaks_of_another_cache_in_the_heap_are_not_listed(struct kunit *test)
{
	const unsigned int flags = RSV_ENGINE_SLOB;
	struct rsv_region *r = rsvt_scratch_region(test, SZ_1M);
	struct rsv_cache *c = rsvt_scratch_cache_flags(test, r, SIZE, 0, flags, NULL);
	struct rsv_cache *d = rsvt_scratch_cache_flags(test, r, SIZE, 0, flags, NULL);
	void *object[3], *theirs[LISTED];
	struct log *log;
	unsigned int i;

	rsvt_stay_on_this_cpu();
	rsvt_objects_alloc(test, d, theirs, LISTED);
	rsvt_objects_alloc(test, c, object, 3);
	log = log_of_a_destruction(test, c, 3);
	KUNIT_EXPECT_EQ(test, log_count(log, " is in use"), 3);
	for (i = 0; i < 3; i++)
		expect_leak(test, log, c, object[i]);
	rsvt_objects_free(c, object, 3);
	rsvt_objects_free(d, theirs, LISTED);
}

/* --- Traces --------------------------------------------------------------------------------- */

/* With T each allocation and free is logged in a line of its own. It is no misuse. */
static void allocations_and_frees_are_logged_where_they_are_traced(struct kunit *test)
{
	struct rsv_cache *c = report_cache(test, RSV_CACHE_TRACE);
	const char *took, *gave;
	struct log *log;
	void *object;

	log_begin();
	object = rsvt_alloc_here(c);
	KUNIT_ASSERT_NOT_NULL(test, object);
	rsvt_free_here(c, object);
	log = log_read(test);
	took = rsvt_report_text(test, "reservoir: TRACE %s alloc 0x%zx by rsvt_alloc_here+",
				c->name, rsvt_scratch_offset(c->region, object));
	gave = rsvt_report_text(test, "reservoir: TRACE %s free 0x%zx by rsvt_free_here+", c->name,
				rsvt_scratch_offset(c->region, object));
	expect_line(test, log, took);
	expect_line(test, log, gave);
	KUNIT_EXPECT_EQ(test, log_count(log, "TRACE"), 2);
	expect_no_address(test, log, object);
}

static struct kunit_case report_cases[] = {
	KUNIT_CASE_PARAM(report_says_whose_object_it_is_and_who_gave_it_back, engines_gen_params),
	KUNIT_CASE_PARAM(report_of_a_wrong_cache_says_who_took_the_object, engines_gen_params),
	KUNIT_CASE(report_without_owners_ends_with_the_stack),
	KUNIT_CASE(bytes_are_shown_where_debug_was_given),
	KUNIT_CASE(bytes_are_not_shown_where_it_was_not),
	KUNIT_CASE_PARAM(each_leaked_object_is_listed_with_who_took_it, engines_gen_params),
	KUNIT_CASE_PARAM(list_of_leaks_ends_after_sixteen_and_says_so, engines_gen_params),
	KUNIT_CASE(leaks_of_another_cache_in_the_heap_are_not_listed),
	KUNIT_CASE_PARAM(allocations_and_frees_are_logged_where_they_are_traced,
			 engines_gen_params),
	{}};

static struct kunit_suite report_suite = {
	.name = "reservoir_report",
	.suite_init = wait_until_reports_are_printed,
	.init = rsvt_suite_init,
	.test_cases = report_cases,
};

kunit_test_suite(report_suite);
