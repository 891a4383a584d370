// SPDX-License-Identifier: GPL-2.0
/*
 * Size classes. rsv_kmalloc() rounds a request up to the next larger size class, and allocates an
 * object from the cache of that class. More classes waste less of each object, and need more
 * caches. The parameter classes= chooses between two sets:
 *
 *	pow2	8, 16, 32 and so on to 8192, as in the textbooks. A request may waste nearly half of
 *		its object.
 *	fine	8 to 64 in steps of 8. Then each doubling has eight classes at equal distances: 72,
 *		80 and so on to 128, then 144, 160 and so on to 256, up to 32 KB. (The default.)
 *
 * In fine, a request of more than 64 bytes gets less than 9/8 of its bytes, so it wastes less than
 * 12.5 %: the size of a class is at most 9/8 of the size of the class before it. jemalloc (Evans
 * 2006) and mimalloc (Leijen et al. 2019) space their classes the same way; jemalloc has four for
 * each doubling.
 *
 * Requests beyond RSV_KMALLOC_MAX get whole pages, unless they would waste more than a class does.
 * So fine has only those classes from there to 32 KB that are not whole pages: four objects of 9 KB
 * fill a slab of nine pages, while each of them would waste most of a third page of its own. With
 * pages of 4 KB, whole pages keep the bound of 12.5 % beyond 32 KB.
 *
 * All sizes are multiples of ARCH_KMALLOC_MINALIGN. It is 8, unless the CPU's caches are not
 * coherent with devices; where it is larger, small sizes are left out and the bound holds from 8
 * times as many bytes.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "size_class.h"

static struct rsv_classes rsv_classes_pow2 = { .name = "pow2" };
static struct rsv_classes rsv_classes_fine = { .name = "fine" };

/* Of regions that are created from now on (changes at load only) */
static const struct rsv_classes *rsv_classes_chosen = &rsv_classes_fine;

/* The class serves requests of more bytes than this: of more than the class before holds. */
static unsigned int rsv_class_begin(const struct rsv_classes *classes, unsigned int class)
{
	unsigned int before = class ? classes->size[class - 1] : 0;

	if (classes->size[class] <= RSV_KMALLOC_MAX)
		return before;
	/* Whole pages serve a request that fits into the pages below the class. */
	return max3(before, RSV_KMALLOC_MAX,
		    (unsigned int)round_down(classes->size[class], PAGE_SIZE));
}

/* Leaves out sizes that are not aligned, as kmalloc() does: slots would be larger anyway. */
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

/* Eight classes for each doubling, but none of whole pages beyond RSV_KMALLOC_MAX */
static void rsv_classes_add_eighths(struct rsv_classes *classes, unsigned int from, unsigned int to)
{
	unsigned int size;

	for (; from < to; from *= 2)
		for (size = from + from / 8; size <= 2 * from; size += from / 8)
			if (size <= RSV_KMALLOC_MAX || !PAGE_ALIGNED(size))
				rsv_classes_add(classes, size);
}

/**
 * rsv_classes_start() - compute the sizes and tables of both sets
 *
 * Context: Module load.
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
 * rsv_class_of() - find the class of a request
 * @classes: the set of classes
 * @bytes: the request, at least 1
 *
 * Context: Any.
 * Return: The number of the first class that holds so many bytes, or RSV_CLASS_NONE if whole pages
 * serve the request.
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
 * rsv_class_least() - find the smallest request of the same class
 * @classes: the set of classes
 * @bytes: a request that has a class
 *
 * Context: Any.
 * Return: The bytes of the smallest request.
 */
unsigned int rsv_class_least(const struct rsv_classes *classes, size_t bytes)
{
	return rsv_class_begin(classes, rsv_class_of(classes, bytes)) + 1;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_class_least);

/**
 * rsv_classes_named() - find a set of classes by name
 * @name: the name
 *
 * Context: Any.
 * Return: The set, or NULL if none has that name.
 */
const struct rsv_classes *rsv_classes_named(const char *name)
{
	if (!strcmp(name, rsv_classes_pow2.name))
		return &rsv_classes_pow2;
	return strcmp(name, rsv_classes_fine.name) ? NULL : &rsv_classes_fine;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_classes_named);

/**
 * rsv_classes_default() - the set of classes of regions that are created from now on
 *
 * Context: Any.
 * Return: The set.
 */
const struct rsv_classes *rsv_classes_default(void)
{
	return rsv_classes_chosen;
}

/**
 * rsv_classes_set_default() - set the set of classes of regions that are created from now on
 * @classes: the set
 *
 * Context: Process. Nobody creates a region meanwhile.
 */
void rsv_classes_set_default(const struct rsv_classes *classes)
{
	rsv_classes_chosen = classes;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_classes_set_default);
