// SPDX-License-Identifier: GPL-2.0
/*
 * The map of a region.
 */
#include "interface/query.h"
#include "map.h"
#include "types.h"

const char *rsvt_map_text(struct kunit *test, struct rsv_region *r)
{
	char *map = kunit_kzalloc(test, r->span + 1, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, map);
	KUNIT_EXPECT_EQ(test, rsv_query_map(r, 0, map, r->span), r->span);
	return map;
}

/* The number of pages that the map shows as @what, RSV_MAP_*. */
unsigned long rsvt_map_count(struct kunit *test, struct rsv_region *r, char what)
{
	const char *map = rsvt_map_text(test, r);
	unsigned long nr = 0, i;

	for (i = 0; map[i]; i++)
		nr += map[i] == what;
	kunit_kfree(test, map);
	return nr;
}
