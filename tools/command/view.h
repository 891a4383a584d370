/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A look at a region: what the commands share that only show.
 */
#ifndef VIEW_H
#define VIEW_H

#include <stdint.h>

#include <linux/reservoir.h>

/**
 * struct view - a region that is looked at
 * @fd: the device
 * @region: handle of the region
 * @info: what the region is, when it was opened
 * @data: of the command that looks
 */
struct view {
	int fd;
	uint32_t region;
	struct rsv_ioc_info info;
	void *data;
};

/* The region that is called so, or for NULL the default one */
struct view open_view(const char *name);

/* For commands whose only option is --region */
struct view open_view_of(int argc, char **argv);

#define ARGUMENTS_OF_VIEW	"[--region NAME]"
#define HELP_OF_VIEW		"  --region NAME  of this region, not the default one\n"

void for_each_zone(const struct view *view,
		   void (*show)(const struct view *view, const struct rsv_ioc_zone *zone));
void for_each_extent(const struct view *view,
		     void (*show)(const struct view *view, const struct rsv_ioc_extent *extent));

/* In the order in which they were made */
void for_each_cache(const struct view *view,
		    void (*show)(const struct view *view, const struct rsv_ioc_cache *cache));

#endif /* VIEW_H */
