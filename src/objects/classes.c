// SPDX-License-Identifier: GPL-2.0
/*
 * Size classes.
 *
 * pow2, the textbook's: 8, 16, 32 and so on to 8192. Nearly half of a block may be wasted.
 *
 * fine: 8 to 64 in steps of 8, and then eight classes for each doubling: 72, 80 ... 128, 144, 160
 * ... 256, 288 and so on to 8192. What is asked for is more than 8/9 of what is given, so from 64
 * bytes up no more than 12.5 % of a request is wasted. The idea is that of jemalloc (Evans 2006)
 * and mimalloc (Leijen et al. 2019); twice as many classes as the former's hold the bound.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "../compat.h"
#include "classes.h"

static struct rsv_classes rsv_classes_pow2 = { .name = "pow2" };
static struct rsv_classes rsv_classes_fine = { .name = "fine" };

static const struct rsv_classes *rsv_classes_now = &rsv_classes_fine;

static void rsv_classes_add(struct rsv_classes *classes, unsigned int size)
{
	unsigned int step = classes->nr ? classes->size[classes->nr - 1] / RSV_CLASS_STEP : 0;

	for (; step < size / RSV_CLASS_STEP; step++)
		classes->of[step] = classes->nr;
	classes->size[classes->nr++] = size;
}

/**
 * rsv_classes_start() - work out the sizes
 */
void rsv_classes_start(void)
{
	unsigned int size, from;

	for (size = RSV_CLASS_STEP; size <= RSV_KMALLOC_MAX; size *= 2)
		rsv_classes_add(&rsv_classes_pow2, size);
	for (size = RSV_CLASS_STEP; size <= 64; size += RSV_CLASS_STEP)
		rsv_classes_add(&rsv_classes_fine, size);
	for (from = 64; from < RSV_KMALLOC_MAX; from *= 2)
		for (size = from + from / 8; size <= 2 * from; size += from / 8)
			rsv_classes_add(&rsv_classes_fine, size);
}

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
