/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_OBJECTS_LAYOUT_H
#define RSV_OBJECTS_LAYOUT_H

#include <linux/minmax.h>

#include "types.h"

/* The most pages of a slab in a region of any size, unless one object needs more */
#define RSV_SLAB_PAGES_MOST	8U

/* The largest alignment: that of the largest size class, or a page where that is larger */
#define RSV_LAYOUT_ALIGN_MAX	max_t(unsigned int, RSV_CLASSES_END, PAGE_SIZE)

int rsv_layout_choose(struct rsv_layout *l, const struct rsv_engine *engine, unsigned int size,
		      const struct rsv_cache_args *args);
void rsv_layout_pages(struct rsv_layout *l,
		      unsigned int (*slots)(const struct rsv_layout *l, unsigned int pages));

#endif /* RSV_OBJECTS_LAYOUT_H */
