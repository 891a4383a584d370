// SPDX-License-Identifier: GPL-2.0
/*
 * Size classes.
 *
 * pow2, the textbook's: 8, 16, 32 and so on to 8192, and whole pages beyond. Nearly half of a block
 * may be wasted.
 *
 * fine: 8 to 64 in steps of 8, and then eight classes for each doubling: 72, 80 ... 128, 144, 160
 * ... 256, 288 and so on to 8192. What is asked for is more than 8/9 of what is given, so from 64
 * bytes up no more than 12.5 % of a request is wasted. The idea is that of jemalloc (Evans 2006)
 * and mimalloc (Leijen et al. 2019); twice as many classes as the former's hold the bound.
 *
 * It goes on so to 32 KB, with those sizes alone that are not whole pages: 9 KB lie four to a slab
 * of nine pages, where each would waste most of its third page. Whole pages need no class, and,
 * where they have 4 KB, beyond 32 KB they hold the bound alone.
 *
 * Sizes that are no multiple of ARCH_KMALLOC_MINALIGN are left out. It is 8 unless the machine has
 * caches that its devices do not see; the bound holds from eight times as much up.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "size_class.h"

static struct rsv_classes rsv_classes_pow2 = {.name = "pow2"};
static struct rsv_classes rsv_classes_fine = {.name = "fine"};

static const struct rsv_classes *rsv_classes_now = &rsv_classes_fine;

/* Where the requests begin that are of this class: none is larger than the one before holds. */
static unsigned int rsv_class_begin(const struct rsv_classes *classes, unsigned int class)
{
	unsigned int before = class ? classes->size[class - 1] : 0;

	if (classes->size[class] <= RSV_KMALLOC_MAX)
		return before;
	/* Whole pages serve what they hold without it. */
	return max3(before, RSV_KMALLOC_MAX,
		    (unsigned int)round_down(classes->size[class], PAGE_SIZE));
}

/* Sizes that would have the same slots as the next one are left out, as kmalloc() does. */
static void rsv_classes_add(struct rsv_classes *classes, unsigned int size)
{
	unsigned int class, last;

	if (size % ARCH_KMALLOC_MINALIGN)
		return;
	class = classes->nr++;
	classes->size[class] = size;
	for (last = rsv_class_begin(classes, class); last < size; last += RSV_CLASS_STEP) {
		if (size <= RSV_KMALLOC_MAX)
			classes->of[last / RSV_CLASS_STEP] = class;
		else
			classes->large[(last - RSV_KMALLOC_MAX) / RSV_LARGE_STEP] = class;
	}
}

/* Eight for each doubling */
static void rsv_classes_add_eighths(struct rsv_classes *classes, unsigned int from, unsigned int to)
{
	unsigned int size;

	for (; from < to; from *= 2)
		for (size = from + from / 8; size <= 2 * from; size += from / 8)
			if (size <= RSV_KMALLOC_MAX || !PAGE_ALIGNED(size))
				rsv_classes_add(classes, size);
}

/**
 * rsv_classes_start() - work out the sizes
 */
void rsv_classes_start(void)
{
	unsigned int size;

	memset(rsv_classes_pow2.large, RSV_CLASS_NONE, sizeof(rsv_classes_pow2.large));
	memset(rsv_classes_fine.large, RSV_CLASS_NONE, sizeof(rsv_classes_fine.large));
	for (size = RSV_CLASS_STEP; size <= RSV_KMALLOC_MAX; size *= 2)
		rsv_classes_add(&rsv_classes_pow2, size);
	for (size = RSV_CLASS_STEP; size <= 64; size += RSV_CLASS_STEP)
		rsv_classes_add(&rsv_classes_fine, size);
	rsv_classes_add_eighths(&rsv_classes_fine, 64, RSV_CLASSES_END);
}

/**
 * rsv_class_of() - the first class that holds so many bytes
 * @classes: the sizes
 * @bytes: at least 1
 *
 * Return: Its number, or RSV_CLASS_NONE where whole pages serve.
 */
unsigned int rsv_class_of(const struct rsv_classes *classes, size_t bytes)
{
	if (bytes <= RSV_KMALLOC_MAX)
		return classes->of[rsv_class_step(bytes)];
	if (bytes <= RSV_CLASSES_END)
		return classes->large[(bytes - 1 - RSV_KMALLOC_MAX) / RSV_LARGE_STEP];
	return RSV_CLASS_NONE;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_class_of);

/**
 * rsv_class_least() - the smallest request that is served as another one
 * @classes: the sizes
 * @bytes: the other one, which has a class
 *
 * Return: The bytes.
 */
unsigned int rsv_class_least(const struct rsv_classes *classes, size_t bytes)
{
	return rsv_class_begin(classes, rsv_class_of(classes, bytes)) + 1;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_class_least);

/**
 * rsv_classes_named() - find a choice of sizes
 * @name: its name
 *
 * Return: The choice or NULL.
 */
const struct rsv_classes *rsv_classes_named(const char *name)
{
	if (!strcmp(name, rsv_classes_pow2.name))
		return &rsv_classes_pow2;
	return strcmp(name, rsv_classes_fine.name) ? NULL : &rsv_classes_fine;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_classes_named);

/**
 * rsv_classes_default() - the sizes that regions have that are made from now on
 *
 * Return: The sizes.
 */
const struct rsv_classes *rsv_classes_default(void)
{
	return rsv_classes_now;
}

/**
 * rsv_classes_set_default() - say which they are
 * @classes: the sizes
 */
void rsv_classes_set_default(const struct rsv_classes *classes)
{
	rsv_classes_now = classes;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_classes_set_default);
