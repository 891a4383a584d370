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

/* All sizes are multiples of this, */
#define RSV_CLASS_STEP		8U
/* and so many of these it takes to the largest. */
#define RSV_CLASS_STEPS		(RSV_KMALLOC_MAX / RSV_CLASS_STEP)

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
	u8 of[RSV_CLASS_STEPS];
};

void rsv_classes_start(void);
const struct rsv_classes *rsv_classes_named(const char *name);
const struct rsv_classes *rsv_classes_default(void);
void rsv_classes_set_default(const struct rsv_classes *classes);

/* Where in a table by the last byte so many bytes stand, from 1 to RSV_KMALLOC_MAX */
static inline size_t rsv_class_step(size_t bytes)
{
	return (bytes - 1) / RSV_CLASS_STEP;
}

/* The first class that holds so many bytes */
static inline unsigned int rsv_class_of(const struct rsv_classes *classes, size_t bytes)
{
	return classes->of[rsv_class_step(bytes)];
}

#endif /* RSV_OBJECTS_CLASSES_H */
