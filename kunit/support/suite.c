// SPDX-License-Identifier: GPL-2.0
/*
 * The init of every suite: it counts misuses from the beginning of a test to its end.
 */
#include <kunit/test-bug.h>
#include <linux/mm.h>

#include "report.h"
#include "suite.h"

/* It needs no lock: tests run one after another, and no other task uses the module meanwhile. */
static u64 misuses_expected;

static void check_misuses(void *unused)
{
	KUNIT_EXPECT_EQ_MSG(kunit_get_current_test(), rsv_misuse_total(), misuses_expected,
			    "misuses were reported that this test does not expect");
}

int rsvt_suite_init(struct kunit *test)
{
	/* The tests expect the textbook's numbers of pages and slabs. */
	if (PAGE_SIZE != SZ_4K)
		kunit_skip(test, "pages are not 4 KB");
	misuses_expected = rsv_misuse_total();
	return kunit_add_action_or_reset(test, check_misuses, NULL);
}

/* The test provoked @nr misuses. */
void rsvt_misuses_expected(u64 nr)
{
	misuses_expected += nr;
}
