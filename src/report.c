// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/atomic.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>

#include "compat.h"
#include "report.h"

static const char *const rsv_misuse_names[RSV_MISUSES] = {
	[RSV_OK] = "none",
	[RSV_DOUBLE_FREE] = "double_free",
	[RSV_FOREIGN] = "foreign_pointer",
	[RSV_MISALIGNED] = "misaligned_pointer",
	[RSV_WRONG_SIZE] = "wrong_size",
	[RSV_WRONG_CACHE] = "wrong_cache",
	[RSV_CORRUPT] = "corrupt_free_list",
	[RSV_IN_USE] = "destroyed_in_use",
};

static atomic64_t rsv_misuse_counts[RSV_MISUSES];

/**
 * rsv_report() - count a misuse and print it with the caller's stack
 * @what: the kind
 * @fmt: which object, block, cache or region; places only as offsets in a region
 *
 * Prints at a limited rate, so that a loop of misuses does not drown the log; counts every one.
 *
 * Context: Any, with no raw lock held.
 */
void rsv_report(enum rsv_misuse what, const char *fmt, ...)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 20);
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	atomic64_inc(&rsv_misuse_counts[what]);
	if (!__ratelimit(&limit))
		return;

	va_start(args, fmt);
	vaf.va = &args;
	pr_err("misuse: %s: %pV\n", rsv_misuse_name(what), &vaf);
	va_end(args);
	dump_stack();
}

/**
 * rsv_misuse_name() - the name of a kind of misuse, as statistics and reports show it
 * @what: the kind
 *
 * Context: Any.
 * Return: The name.
 */
const char *rsv_misuse_name(enum rsv_misuse what)
{
	return rsv_misuse_names[what];
}
EXPORT_SYMBOL_IF_KUNIT(rsv_misuse_name);

/**
 * rsv_misuse_count() - how often a kind of misuse was caught since the module was loaded
 * @what: the kind
 *
 * Context: Any.
 * Return: The count.
 */
u64 rsv_misuse_count(enum rsv_misuse what)
{
	return atomic64_read(&rsv_misuse_counts[what]);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_misuse_count);

/**
 * rsv_misuse_total() - how many misuses of all kinds were caught since the module was loaded
 *
 * Context: Any.
 * Return: The count.
 */
u64 rsv_misuse_total(void)
{
	enum rsv_misuse what;
	u64 total = 0;

	for (what = RSV_OK + 1; what < RSV_MISUSES; what++)
		total += rsv_misuse_count(what);
	return total;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_misuse_total);
