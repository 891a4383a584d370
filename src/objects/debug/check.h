/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checks of objects: red zones, poison and owners, for caches whose flags or debug= ask for them;
 * and the reports of misuse, for all caches.
 */
#ifndef RSV_OBJECTS_DEBUG_CHECK_H
#define RSV_OBJECTS_DEBUG_CHECK_H

#include <linux/compiler_attributes.h>
#include <linux/types.h>

#include "types.h"

/* param.c */
int rsv_debug_parse(const char *text);
unsigned int rsv_debug_flags(const char *name);
bool rsv_debug_given(void);

/* check.c: for caches with RSV_CHECKS */
void rsv_debug_start(const struct rsv_cache *c);
void rsv_debug_init(struct rsv_cache *c, void *object);
bool rsv_debug_alloc(struct rsv_cache *c, void *object, unsigned long caller);
unsigned int rsv_debug_size(const struct rsv_cache *c, const void *object);
void rsv_debug_asked(struct rsv_cache *c, void *object, size_t size);
bool rsv_debug_free(struct rsv_cache *c, struct rsv_extent *e, void *object, unsigned long caller);

/* report.c: for all caches */
__printf(5, 6) void rsv_debug_report(enum rsv_misuse what, const struct rsv_cache *c,
				     const struct rsv_extent *e, const void *object,
				     const char *fmt, ...);
__printf(4, 5) void rsv_debug_report_slab(enum rsv_misuse what, const struct rsv_cache *c,
					  const void *base, const char *fmt, ...);
unsigned int rsv_debug_leaks(struct rsv_cache *c);

#endif /* RSV_OBJECTS_DEBUG_CHECK_H */
