// SPDX-License-Identifier: GPL-2.0
/*
 * Size classes. rsv_kmalloc() rounds a request up to the next size class, and allocates an object
 * from the cache of that class. With more classes each object wastes less, but a region has more
 * caches. The parameter classes= chooses between two sets:
 *
 *	pow2	8, 16, 32 and so on to 8192, as in the textbooks. A request may waste nearly half of
 *		its object.
 *	fine	8 to 64 in steps of 8. Then each doubling has eight classes at equal distances: 72,
 *		80 and so on to 128, then 144, 160 and so on to 256, up to 32 KB. (The default.)
 *
 * In fine, the size of a class beyond 64 bytes is at most 9/8 of the size of the class before it.
 * So a request of more than 64 bytes wastes less than 12.5 % of its bytes. jemalloc (Evans 2006)
 * and mimalloc (Leijen et al. 2019) space their classes the same way; jemalloc has four for each
 * doubling.
 *
 * Beyond RSV_KMALLOC_MAX fine has classes of two kinds. Those whose size is no multiple of a page
 * waste less than whole pages do: four objects of 9 KB fill a slab of nine pages, while in whole
 * pages each of them would waste most of its third page. Those of three to eight pages waste as
 * much, but magazines have their objects. A pair of pages off a CPU's list takes twice the time,
 * since it looks at the frame of each page, and a run that is no block is split off and merged each
 * time. So these classes serve only in regions that can spare what magazines have (kmalloc.c).
 * Beyond 32 KB whole pages of 4 KB keep the bound of 12.5 %.
 *
 * All sizes are multiples of ARCH_KMALLOC_MINALIGN. That is 8, unless the CPU's caches are not
 * coherent with devices. Where it is larger, both sets leave out smaller sizes, and the bound holds
 * from 8 times as many bytes on.
 *
 * Where devices are not coherent with the CPU's caches, memory that a device writes to must share
 * no cache line with other memory: the CPU would write an old line over what the device wrote, or
 * lose its own bytes. The DMA API sees an address and a length only. Since 6.5 it bounces the
 * transfer (dma_kmalloc_needs_bounce()), unless it takes it from the length that kmalloc() gave
 * memory with cache lines of its own (dma_kmalloc_size_aligned()):
 *
 *	from 2 * ARCH_DMA_MINALIGN bytes up always, since the kernel's classes from there on are
 *	multiples of that; below, if the size of the kernel's class for that length is a multiple
 *	of dma_get_cache_alignment().
 *
 * Drivers map memory of rsv_kmalloc() in the same way, so the sets leave out each class that is not
 * a multiple of a cache line and would serve a request of such a length. The next larger class
 * serves it. A class that is such a multiple has objects aligned to it: see rsv_class_align().
 *
 * On arm64 ARCH_DMA_MINALIGN is 128, ARCH_KMALLOC_MINALIGN is 8 since 6.5, and a cache line mostly
 * has 64 bytes. The kernel has classes of 8, 16, 32, 64, 96, 128, 192 and 256 bytes. So 40 to 56
 * bytes are left out (the API does not bounce 33 to 64 bytes), 72 to 96 stay (it bounces 65 to 96),
 * and from 97 bytes up the sizes are multiples of 64: 128, 192, 256, 320, 384, 448 and, from 512
 * on, all that fine has anyway. If the kernel has no bounce buffers, its classes begin at a cache
 * line (kmalloc_size_roundup() tells), and so do these. Before 6.5 ARCH_KMALLOC_MINALIGN is 128. On
 * x86 devices are coherent, a line counts as 1 byte, and no class is left out.
 */
#include <linux/align.h>
#include <linux/dma-mapping.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "compat.h"
#include "size_class.h"

static struct rsv_classes rsv_classes_pow2 = { .name = "pow2" };
static struct rsv_classes rsv_classes_fine = { .name = "fine" };

/* The set of regions that are created from now on (changes at load only) */
static const struct rsv_classes *rsv_classes_chosen = &rsv_classes_fine;

/* The class serves requests of more bytes than this number, which the class before serves. */
static unsigned int rsv_class_begin(const struct rsv_classes *classes, unsigned int class)
{
	unsigned int before = class ? classes->size[class - 1] : 0;

	if (classes->size[class] <= RSV_KMALLOC_MAX)
		return before;
	/* Whole pages serve a request that fits into fewer pages than the class takes. */
	return max3(before, RSV_KMALLOC_MAX,
		    (unsigned int)round_down(classes->size[class] - 1, PAGE_SIZE));
}

/* Whether the DMA API takes it that memory of so many bytes has cache lines of its own */
static bool rsv_dma_takes_aligned(const struct rsv_dma_rule *dma, unsigned int bytes)
{
	return bytes >= 2 * dma->min || IS_ALIGNED(dma->kernel_class(bytes), dma->line);
}

/* Whether a class has cache lines of its own if the DMA API relies on that for a request of it */
static bool rsv_class_suits_dma(const struct rsv_classes *classes, unsigned int size,
				const struct rsv_dma_rule *dma)
{
	unsigned int bytes = classes->nr ? classes->size[classes->nr - 1] : 0;

	if (IS_ALIGNED(size, dma->line))
		return true;
	while (++bytes <= size)
		if (rsv_dma_takes_aligned(dma, bytes))
			return false;
	return true;
}

/*
 * Adds a class, unless its size is not aligned: kmalloc() has none either, since its slots would be
 * larger than that. Nor does it add one whose objects devices could not use.
 */
static void rsv_classes_add(struct rsv_classes *classes, unsigned int size,
			    const struct rsv_dma_rule *dma)
{
	unsigned int class, last;

	if (size % ARCH_KMALLOC_MINALIGN || !rsv_class_suits_dma(classes, size, dma))
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

/* Adds eight classes for each doubling. */
static void rsv_classes_add_eighths(struct rsv_classes *classes, unsigned int from, unsigned int to,
				    const struct rsv_dma_rule *dma)
{
	unsigned int size;

	for (; from < to; from *= 2)
		for (size = from + from / 8; size <= 2 * from; size += from / 8)
			rsv_classes_add(classes, size, dma);
}

/**
 * rsv_classes_compute() - compute the sizes and tables of a set
 * @classes: the set, with no class yet
 * @fine: whether the set is fine; else it is pow2
 * @dma: what the DMA API takes for granted
 *
 * Context: Any.
 */
void rsv_classes_compute(struct rsv_classes *classes, bool fine, const struct rsv_dma_rule *dma)
{
	const unsigned int small = 64;
	unsigned int size;

	memset(classes->large, RSV_CLASS_NONE, sizeof(classes->large));
	if (!fine) {
		for (size = RSV_CLASS_STEP; size <= RSV_KMALLOC_MAX; size *= 2)
			rsv_classes_add(classes, size, dma);
		return;
	}
	for (size = RSV_CLASS_STEP; size <= small; size += RSV_CLASS_STEP)
		rsv_classes_add(classes, size, dma);
	rsv_classes_add_eighths(classes, small, RSV_CLASSES_END, dma);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_classes_compute);

/**
 * rsv_classes_start() - compute the sizes and tables of both sets
 *
 * Context: Module load.
 */
void rsv_classes_start(void)
{
	const struct rsv_dma_rule dma = {
		.min = ARCH_DMA_MINALIGN,
		.line = dma_get_cache_alignment(),
		.kernel_class = kmalloc_size_roundup,
	};

	rsv_classes_compute(&rsv_classes_pow2, false, &dma);
	rsv_classes_compute(&rsv_classes_fine, true, &dma);
}

/**
 * rsv_class_of() - find the class of a request
 * @classes: the set of classes
 * @bytes: the request, at least 1
 *
 * Context: Any.
 * Return: The number of the smallest class that holds the request, or RSV_CLASS_NONE if whole pages
 * serve it.
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
 * Context: Process. No other task creates a region meanwhile.
 */
void rsv_classes_set_default(const struct rsv_classes *classes)
{
	rsv_classes_chosen = classes;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_classes_set_default);
