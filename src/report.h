/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reports of misuse: one form, counted always, printed with the caller's stack at a limited rate. A
 * report may be made in any context but never under a raw lock: whoever finds a misuse under one
 * says so after dropping it.
 */
#ifndef RSV_REPORT_H
#define RSV_REPORT_H

#include <linux/compiler_attributes.h>
#include <linux/types.h>

enum rsv_misuse {
	RSV_OK,
	RSV_DOUBLE_FREE, /* what is given back is free already */
	RSV_FOREIGN, /* a pointer into no region, or to what this free cannot take */
	RSV_MISALIGNED, /* a pointer into the middle of a block or an object */
	RSV_WRONG_SIZE, /* a block given back with another order than it was taken with */
	RSV_WRONG_CACHE, /* an object given back to another cache than its own */
	RSV_CORRUPT, /* the word that marks a free object was written to */
	RSV_IN_USE, /* something destroyed while in use */
	RSV_RED_ZONED, /* bytes before or behind an object were written to */
	RSV_POISONED, /* an object was written to while it was free */
	RSV_DEAD_CACHE, /* a cache used after it was destroyed */
	RSV_IN_NMI, /* something given back, or its size asked for, in an NMI */
	RSV_MISUSES
};

__printf(2, 3) bool rsv_report(enum rsv_misuse what, const char *fmt, ...);
bool rsv_refuse_nmi(const char *what);
const char *rsv_misuse_name(enum rsv_misuse what);
u64 rsv_misuse_count(enum rsv_misuse what);
u64 rsv_misuse_total(void);
void rsv_misuse_last(char *text, size_t size);

/* Bytes of the last report's text, with its end */
#define RSV_REPORT_MAX 200

#endif /* RSV_REPORT_H */
