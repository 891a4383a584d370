// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>

#include "device.h"
#include "options.h"
#include "view.h"

struct view open_view(const char *name)
{
	struct view view = {.fd = open_for_queries()};

	view.region = open_region(view.fd, name);
	view.info = query_info(view.fd, view.region);
	return view;
}

struct view open_view_from_args(int argc, char **argv)
{
	static const struct option options[] = {OPTION_REGION, OPTION_HELP, OPTIONS_END};
	const char *name = NULL;

	while (next_option(argc, argv, options) != -1)
		name = optarg;
	check_arguments(argc, argv, 0, 0);
	return open_view(name);
}

void for_each_zone(const struct view *view,
		   void (*show)(const struct view *view, const struct rsv_ioc_zone *zone))
{
	uint32_t i;

	for (i = 0; i < view->info.nr_zones; i++) {
		struct rsv_ioc_zone zone = query_zone(view->fd, view->region, i);

		show(view, &zone);
	}
}

void for_each_extent(const struct view *view,
		     void (*show)(const struct view *view, const struct rsv_ioc_extent *extent))
{
	uint32_t i;

	for (i = 0; i < view->info.nr_extents; i++) {
		struct rsv_ioc_extent extent = query_extent(view->fd, view->region, i);

		show(view, &extent);
	}
}

void for_each_cache(const struct view *view,
		    void (*show)(const struct view *view, const struct rsv_ioc_cache *cache))
{
	struct rsv_ioc_cache cache;
	uint32_t id;

	for (id = 0; query_cache(view->fd, view->region, id, &cache); id = cache.id + 1)
		show(view, &cache);
}
