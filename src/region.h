/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A region: everything that one reservation owns. Each wing keeps its part here: pages/ the extents
 * and zones, objects/ the caches, interface/ what is shown.
 */
#ifndef RSV_REGION_H
#define RSV_REGION_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/reservoir.h>
#include <linux/xarray.h>

#include "objects/cache.h"
#include "objects/size_class.h"
#include "pages/extent.h"
#include "pages/lend.h"
#include "pages/pagemap.h"
#include "pages/pcp.h"
#include "pages/zone.h"
#include "pages/zonelist.h"
#include "types.h"

struct dentry;

struct rsv_region *rsv_region_make(const char *name, const struct rsv_reserve *want,
				   unsigned int nr, unsigned int origin);
struct rsv_region *rsv_region_get(const char *name);
void rsv_region_put(struct rsv_region *r);
int rsv_region_remove(const char *name);
int rsv_region_next(struct rsv_ioc_region_next *next);
int rsv_regions_start(const struct rsv_reserve *want, unsigned int nr);
void rsv_regions_stop(void);

#endif /* RSV_REGION_H */
