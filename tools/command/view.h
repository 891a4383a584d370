/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions that the commands which only query a region share.
 */
#ifndef VIEW_H
#define VIEW_H

#include <stdint.h>

#include <linux/reservoir.h>

/**
 * struct view - a region that a command queries
 * @fd: the device
 * @region: handle of the region
 * @info: the region's figures when it was opened
 * @data: private to the command
 */
struct view {
	int fd;
	uint32_t region;
	struct rsv_ioc_info info;
	void *data;
};

/* Opens the region of this name, or the default region if @name is NULL. */
struct view open_view(const char *name);

/* open_view() for a command whose only option is --region */
struct view open_view_from_args(int argc, char **argv);

#define ARGUMENTS_OF_VIEW "[--region NAME]"
#define HELP_OF_VIEW	  "  --region NAME  show this region, not the default one\n"

void for_each_zone(const struct view *view,
		   void (*show)(const struct view *view, const struct rsv_ioc_zone *zone));
void for_each_extent(const struct view *view,
		     void (*show)(const struct view *view, const struct rsv_ioc_extent *extent));

/* In the order of creation */
void for_each_cache(const struct view *view,
		    void (*show)(const struct view *view, const struct rsv_ioc_cache *cache));

#endif /* VIEW_H */
