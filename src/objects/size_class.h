/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Size classes: the sizes that rsv_kmalloc() rounds requests up to.
 */
#ifndef RSV_OBJECTS_SIZE_CLASS_H
#define RSV_OBJECTS_SIZE_CLASS_H

#include <linux/bitops.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/types.h>

#include "types.h"

void rsv_classes_start(void);
void rsv_classes_compute(struct rsv_classes *classes, bool fine, const struct rsv_dma_rule *dma);
unsigned int rsv_class_of(const struct rsv_classes *classes, size_t bytes);
unsigned int rsv_class_least(const struct rsv_classes *classes, size_t bytes);
const struct rsv_classes *rsv_classes_named(const char *name);
const struct rsv_classes *rsv_classes_default(void);
void rsv_classes_set_default(const struct rsv_classes *classes);

/*
 * The index of a request of 1 to RSV_KMALLOC_MAX bytes in tables that have an entry for each step
 */
static inline size_t rsv_class_step(size_t bytes)
{
	return (bytes - 1) / RSV_CLASS_STEP;
}

/* kmalloc()'s contract for objects of a class: the largest power of two that divides the size */
static inline unsigned int rsv_class_align(unsigned int size)
{
	return max(1U << __ffs(size), (unsigned int)ARCH_KMALLOC_MINALIGN);
}

#endif /* RSV_OBJECTS_SIZE_CLASS_H */
