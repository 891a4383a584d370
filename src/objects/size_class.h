/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Size classes: which sizes rsv_kmalloc() rounds up to.
 */
#ifndef RSV_OBJECTS_SIZE_CLASS_H
#define RSV_OBJECTS_SIZE_CLASS_H

#include <linux/math.h>
#include <linux/types.h>

#include "types.h"

void rsv_classes_start(void);
unsigned int rsv_class_of(const struct rsv_classes *classes, size_t bytes);
unsigned int rsv_class_least(const struct rsv_classes *classes, size_t bytes);
const struct rsv_classes *rsv_classes_named(const char *name);
const struct rsv_classes *rsv_classes_default(void);
void rsv_classes_set_default(const struct rsv_classes *classes);

/* Where in a table by the last byte so many bytes stand, from 1 to RSV_KMALLOC_MAX */
static inline size_t rsv_class_step(size_t bytes)
{
	return (bytes - 1) / RSV_CLASS_STEP;
}

#endif /* RSV_OBJECTS_SIZE_CLASS_H */
