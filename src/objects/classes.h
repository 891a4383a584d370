/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Size classes: which sizes rsv_kmalloc() rounds up to.
 */
#ifndef RSV_OBJECTS_CLASSES_H
#define RSV_OBJECTS_CLASSES_H

#include <linux/math.h>
#include <linux/types.h>

#define RSV_CLASSES_MAX		64

/* What is larger goes to pages. */
#define RSV_KMALLOC_MAX		8192U

/* All sizes are multiples of this. */
#define RSV_CLASS_STEP		8U

/**
 * struct rsv_classes - a choice of sizes (never changes once the module is loaded)
 * @name: as classes= knows it
 * @nr: number of sizes
 * @size: the sizes, growing, up to RSV_KMALLOC_MAX
 * @of: by the last byte, in RSV_CLASS_STEP, the class that holds them
 */
struct rsv_classes {
	const char *name;
	unsigned int nr;
	u16 size[RSV_CLASSES_MAX];
	u8 of[RSV_KMALLOC_MAX / RSV_CLASS_STEP];
};

void rsv_classes_start(void);
const struct rsv_classes *rsv_classes_named(const char *name);
const struct rsv_classes *rsv_classes_default(void);
void rsv_classes_set_default(const struct rsv_classes *classes);

/* The first class that holds so many bytes, from 1 to RSV_KMALLOC_MAX */
static inline unsigned int rsv_class_of(const struct rsv_classes *classes, size_t bytes)
{
	return classes->of[(bytes - 1) / RSV_CLASS_STEP];
}

#endif /* RSV_OBJECTS_CLASSES_H */
