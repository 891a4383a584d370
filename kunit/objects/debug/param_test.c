// SPDX-License-Identifier: GPL-2.0
/*
 * The module parameter debug=: the checks that it gives to each cache.
 */
#include <linux/string.h>

#include "objects/debug/check.h"
#include "support/checks.h"
#include "support/scratch.h"
#include "support/suite.h"

#define F	RSV_CACHE_VERIFY
#define Z	RSV_RED_ZONE
#define P	RSV_POISON
#define U	RSV_STORE_USER
#define T	RSV_CACHE_TRACE

struct option_case {
	const char *text;
	const char *name;
	unsigned int flags;
};

static const struct option_case good_options[] = {
	{NULL, "any", 0},
	{"-", "any", 0},
	{"", "any", F | Z | P | U},
	{"F", "any", F},
	{"Z", "any", Z},
	{"P", "any", P},
	{"U", "any", U},
	{"T", "any", T},
	{"FZPUT", "any", F | Z | P | U | T},
	{"zu", "any", Z | U},
	{"ZZ", "any", Z},
	{"FZ,one", "one", F | Z},
	{"FZ,one", "two", 0},
	{"FZ,one", "one1", 0},
	{"FZ,one", "on", 0},
	{"FZ,one,two", "two", F | Z},
	{",one", "one", F | Z | P | U},
	{",one", "two", 0},
	{"Z,kmalloc-*", "kmalloc-64", Z},
	{"Z,kmalloc-*", "kmalloc-", Z},
	{"Z,kmalloc-*", "kmalloc", 0},
	{"Z,*", "any", Z},
	{"Z,one;P,two", "one", Z},
	{"Z,one;P,two", "two", P},
	{"Z,one;P,two", "three", 0},
	{"Z,o*;P,one", "one", Z},
	{"P,one;Z", "one", P},
	{"P,one;Z", "two", Z},
	{"Z;P", "any", P},
	{"Z;-,one", "one", 0},
	{";;Z;;", "any", Z},
	{"Z,abcdefghijklmnopqrstuvwxyz-1234", "abcdefghijklmnopqrstuvwxyz-1234", Z},
};

static void option_text(const struct option_case *k, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "'%s' for %s", k->text ?: "(none)", k->name);
}

KUNIT_ARRAY_PARAM(good_options, good_options, option_text);

static void option_says_what_is_checked(struct kunit *test)
{
	const struct option_case *k = test->param_value;

	/* A new value replaces the old one. */
	rsvt_set_debug(test, "FZPUT;U,one");
	KUNIT_ASSERT_EQ(test, rsv_debug_parse(k->text), 0);
	KUNIT_EXPECT_EQ(test, rsv_debug_flags(k->name), k->flags);
}

static const char *const bad_options[] = {
	"X",
	"ZX",
	"Z Z",
	"--",
	"Z-",
	"*",
	"Z,",
	"Z,,one",
	"Z,one,",
	"Z,a/b",
	"Z,a b",
	"Z,.",
	"Z,..",
	"Z,a*b",
	"Z,**",
	"Z,one;Q",
	"Z,one;P,",
	"Z\n",
	"Z,caf\xc3\xa9",
	"Z,abcdefghijklmnopqrstuvwxyz-12345",
	/* One name too many */
	"Z,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a",
};

static void bad_option_text(const char *const *text, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%*pE", (int)min_t(size_t, strlen(*text), 40), *text);
}

KUNIT_ARRAY_PARAM(bad_options, bad_options, bad_option_text);

static void option_that_is_not_understood_changes_nothing(struct kunit *test)
{
	const char *text = *(const char *const *)test->param_value;

	rsvt_set_debug(test, "U,one;P");
	KUNIT_EXPECT_EQ(test, rsv_debug_parse(text), -EINVAL);
	KUNIT_EXPECT_EQ(test, rsv_debug_flags("one"), U);
	KUNIT_EXPECT_EQ(test, rsv_debug_flags("two"), P);
}

/* debug= applies to caches that are created afterwards, and not to the module's own. */
static void option_holds_for_caches_that_are_made_afterwards(struct kunit *test)
{
	struct rsv_region *r;
	struct rsv_cache *c;

	rsvt_set_debug(test, "Z;PU,mine");
	r = rsvt_scratch_region(test, SZ_256K);
	KUNIT_EXPECT_EQ(test, r->magazine_caches[0]->flags & RSV_CHECKS, 0);
	KUNIT_EXPECT_EQ(test, r->kmalloc[0]->flags & RSV_CHECKS, Z);
	c = rsv_cache_create(r, "mine", SIZE, 0, RSV_RED_ZONE, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
	KUNIT_EXPECT_EQ(test, c->flags & RSV_CHECKS, Z | P | U);
	rsv_debug_parse("-");
	KUNIT_EXPECT_EQ(test, c->flags & RSV_CHECKS, Z | P | U);
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c), 0);
	c = rsv_cache_create(r, "mine", SIZE, 0, 0, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, c);
	KUNIT_EXPECT_EQ(test, c->flags & RSV_CHECKS, 0);
	KUNIT_EXPECT_EQ(test, rsv_cache_destroy(c), 0);
}

static struct kunit_case option_cases[] = {
	KUNIT_CASE_PARAM(option_says_what_is_checked, good_options_gen_params),
	KUNIT_CASE_PARAM(option_that_is_not_understood_changes_nothing, bad_options_gen_params),
	KUNIT_CASE(option_holds_for_caches_that_are_made_afterwards),
	{}};

static struct kunit_suite option_suite = {
	.name = "reservoir_option",
	.init = rsvt_suite_init,
	.test_cases = option_cases,
};

kunit_test_suite(option_suite);
