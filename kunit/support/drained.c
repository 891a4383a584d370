// SPDX-License-Identifier: GPL-2.0
/*
 * Drained regions: how a test makes one, and whether a request still gets all pages of it.
 */
#include <linux/jiffies.h>
#include <linux/mm.h>

#include "drained.h"
#include "pages/backoff.h"

/* A drain waits only so long for other CPUs. This is many times that, so no test is short of it. */
#define DEADLINE (jiffies + 60 * HZ)

/* Fails until the region is drained. The first drain may find something, and the next does not. */
void rsvt_drain(struct kunit *test, struct rsv_region *r)
{
	const unsigned long end = DEADLINE;

	while (!rsv_backoff_is_drained(r) && time_before(jiffies, end))
		KUNIT_EXPECT_NULL(test, rsv_alloc_pages(r, GFP, ALL));
	KUNIT_ASSERT_TRUE(test, rsv_backoff_is_drained(r));
}

/* As if a drain had found nothing. */
void rsvt_drain_in_vain(struct rsv_region *r)
{
	rsv_backoff_end_drain(r, rsv_backoff_begin_drain(r));
}

/*
 * Whether a request gets all pages: the first one or, if other CPUs had no time to drain, another.
 * A request of a region that claims to be drained is the last.
 */
bool rsvt_all_can_be_had(struct rsv_region *r)
{
	const unsigned long end = DEADLINE;
	struct page *page;

	do {
		page = rsv_alloc_pages(r, GFP, ALL);
	} while (!page && !rsv_backoff_is_drained(r) && time_before(jiffies, end));
	if (page)
		__rsv_free_pages(page, ALL);
	return page;
}
