/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Size classes: which sizes rsv_kmalloc() rounds up to.
 */
#ifndef RSV_OBJECTS_CLASSES_H
#define RSV_OBJECTS_CLASSES_H

#include <linux/math.h>
#include <linux/types.h>

#define RSV_CLASSES_MAX		80

/* Up to here each request has a class, and the fast path finds it. */
#define RSV_KMALLOC_MAX		8192U

/* All sizes are multiples of this, */
#define RSV_CLASS_STEP		8U
/* and so many of these it takes to RSV_KMALLOC_MAX. */
#define RSV_CLASS_STEPS		(RSV_KMALLOC_MAX / RSV_CLASS_STEP)

/* Beyond it requests have a class where whole pages would waste more, up to here, */
#define RSV_CLASSES_END		32768U
/* and it takes so many of these. */
#define RSV_LARGE_STEP		(RSV_KMALLOC_MAX / 8)
#define RSV_LARGE_STEPS		((RSV_CLASSES_END - RSV_KMALLOC_MAX) / RSV_LARGE_STEP)

/* Whole pages serve a request. */
#define RSV_CLASS_NONE		0xffU

/**
 * struct rsv_classes - a choice of sizes (never changes once the module is loaded)
 * @name: as classes= knows it
 * @nr: number of sizes
 * @size: the sizes, growing
 * @of: by the last byte, in RSV_CLASS_STEP, the class that holds them
 * @large: the same for what is larger than RSV_KMALLOC_MAX, in RSV_LARGE_STEP; or RSV_CLASS_NONE
 */
struct rsv_classes {
	const char *name;
	unsigned int nr;
	u16 size[RSV_CLASSES_MAX];
	u8 of[RSV_CLASS_STEPS];
	u8 large[RSV_LARGE_STEPS];
};

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

#endif /* RSV_OBJECTS_CLASSES_H */
