/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Differences between the supported kernels, and nowhere else.
 */
#ifndef RSV_COMPAT_H
#define RSV_COMPAT_H

#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/version.h>

/*
 * The largest order of the kernel's page allocator: was exclusive until 6.4, got this name in 6.8.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define RSV_KERNEL_MAX_ORDER	(MAX_ORDER - 1)
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define RSV_KERNEL_MAX_ORDER	MAX_ORDER
#else
#define RSV_KERNEL_MAX_ORDER	MAX_PAGE_ORDER
#endif

/* What only the tests need is exported to them alone. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define EXPORT_SYMBOL_IF_KUNIT(symbol) \
	EXPORT_SYMBOL_NS_GPL(symbol, EXPORTED_FOR_KUNIT_TESTING)
#else
#include <kunit/visibility.h>
#endif

/* A name space became a string in 6.13. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define RSV_IMPORT_KUNIT_NS	MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING)
#else
#define RSV_IMPORT_KUNIT_NS	MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING")
#endif

/* A mapping's flags got functions of their own in 6.3. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}
#endif

#endif /* RSV_COMPAT_H */
