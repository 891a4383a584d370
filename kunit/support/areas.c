// SPDX-License-Identifier: GPL-2.0
/*
 * The free areas of a region, as text.
 */
#include <linux/bitops.h>
#include <linux/minmax.h>

#include "areas.h"
#include "interface/query.h"
#include "objects/leaving.h"
#include "types.h"

void rsvt_free_areas_read(struct kunit *test, struct rsv_region *r, struct free_areas *areas)
{
	struct rsv_ioc_zone *zone = kunit_kzalloc(test, sizeof(*zone), GFP_KERNEL);
	unsigned int i, order;

	KUNIT_ASSERT_NOT_NULL(test, zone);
	rsv_leaving_free_all(r);
	memset(areas, 0, sizeof(*areas));
	for (i = 0; !rsv_query_zone(r, i, zone); i++)
		for (order = 0; order < zone->nr_orders; order++)
			areas->count[order] += zone->free[order];
	kunit_kfree(test, zone);
}

/*
 * The free areas that a region of one extent has while nothing is used: from its lower end on, the
 * largest block that the address allows and that fits.
 */
void rsvt_free_areas_untouched(struct rsv_region *r, struct free_areas *areas)
{
	unsigned long pfn = r->extents->at[0]->first;
	unsigned long end = pfn + r->extents->at[0]->nr_pages;
	unsigned int order;

	memset(areas, 0, sizeof(*areas));
	for (; pfn < end; pfn += 1UL << order) {
		order = min_t(unsigned int, __ffs(pfn), __fls(end - pfn));
		areas->count[order]++;
	}
}

/* "3:1 5:2" is one block of order 3 and two of order 5. */
const char *rsvt_free_areas_text(struct kunit *test, const struct free_areas *areas)
{
	const size_t size = 256;
	char *text = kunit_kzalloc(test, size, GFP_KERNEL);
	unsigned int order, used = 0;

	KUNIT_ASSERT_NOT_NULL(test, text);
	for (order = 0; order < RSV_ORDERS_MAX; order++)
		if (areas->count[order])
			used += scnprintf(text + used, size - used, "%s%u:%lu", used ? " " : "",
					  order, areas->count[order]);
	return text;
}

const char *rsvt_free_areas_now(struct kunit *test, struct rsv_region *r)
{
	struct free_areas areas;

	rsvt_free_areas_read(test, r, &areas);
	return rsvt_free_areas_text(test, &areas);
}
