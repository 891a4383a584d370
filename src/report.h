/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reports of misuse.
 */
#ifndef RSV_REPORT_H
#define RSV_REPORT_H

#include <linux/compiler_attributes.h>
#include <linux/types.h>

enum rsv_misuse {
	RSV_OK,
	RSV_DOUBLE_FREE,	/* freed a block or an object that is free already */
	RSV_FOREIGN,	/* freed a pointer into no region, or of another kind of memory */
	RSV_MISALIGNED,	/* freed a pointer into the middle of a block or an object */
	RSV_WRONG_SIZE,	/* freed a block with another order than it was allocated with */
	RSV_WRONG_CACHE,	/* freed an object to another cache than its own */
	RSV_CORRUPT,	/* wrote to the word that marks a free object */
	RSV_IN_USE,	/* destroyed something that was in use */
	RSV_RED_ZONED,	/* wrote before or behind an object */
	RSV_POISONED,	/* wrote to an object while it was free */
	RSV_DEAD_CACHE,	/* used a cache after it was destroyed */
	RSV_OUTSIDE,	/* copied more than an object or a block between user space and it */
	RSV_LOST_REF,	/* gave memory of a region to put_page() or kfree() of the kernel */
	RSV_IN_NMI,	/* freed something, or asked for its size, in an NMI */
	RSV_MISUSES
};

__printf(2, 3) bool rsv_report(enum rsv_misuse what, const char *fmt, ...);
bool rsv_refuse_nmi(const char *what);
const char *rsv_misuse_name(enum rsv_misuse what);
u64 rsv_misuse_count(enum rsv_misuse what);
u64 rsv_misuse_total(void);
void rsv_misuse_last(char *text, size_t size);

/**
 * struct rsv_leak_log - how many leaks of a region the log still lists (on the caller's stack)
 * @lines: leaks that it may still list
 * @unlisted: leaks that it did not list
 */
struct rsv_leak_log {
	unsigned int lines;
	unsigned long unlisted;
};

/* Whether the log may list one more leak. If not, the function counts the leak. */
static inline bool rsv_leak_listed(struct rsv_leak_log *log)
{
	if (!log->lines) {
		log->unlisted++;
		return false;
	}
	log->lines--;
	return true;
}

/* Whether a warning is due for a caller */
enum rsv_caller {
	RSV_CALLER_NEW,
	RSV_CALLER_SEEN,	/* seen before, or one too many */
	RSV_CALLER_TOO_MANY,	/* the first one for which the table has no room */
};

struct rsv_callers;

enum rsv_caller rsv_callers_add(struct rsv_callers *callers, unsigned long caller);
__printf(2, 3) void rsv_warn_caller(struct rsv_callers *callers, const char *fmt, ...);
void rsv_symbol(char *text, unsigned long addr);

/* Bytes of the text of a report, the closing NUL included */
#define RSV_REPORT_MAX	200

#endif /* RSV_REPORT_H */
