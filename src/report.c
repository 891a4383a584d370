// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/atomic.h>
#include <linux/hardirq.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/spinlock.h>
#include <linux/string.h>

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
	[RSV_RED_ZONED] = "red_zone_overwritten",
	[RSV_POISONED] = "written_while_free",
	[RSV_DEAD_CACHE] = "dead_cache",
	[RSV_IN_NMI] = "given_back_in_nmi",
};

/* What the last report said. Raw: reports are made wherever memory is given back. */
static DEFINE_RAW_SPINLOCK(rsv_report_lock);
static char rsv_report_text[RSV_REPORT_MAX];

static atomic64_t rsv_misuse_counts[RSV_MISUSES];

static void rsv_report_set_last(const char *text)
{
	unsigned long flags;

	/* An NMI may have come while this CPU had the lock. */
	if (in_nmi())
		return;
	raw_spin_lock_irqsave(&rsv_report_lock, flags);
	strscpy(rsv_report_text, text, sizeof(rsv_report_text));
	raw_spin_unlock_irqrestore(&rsv_report_lock, flags);
}

/**
 * rsv_report() - count a misuse and print it with the caller's stack
 * @what: the kind
 * @fmt: which object, block, cache or region; places only as offsets in a region
 *
 * Prints at a limited rate, so that a loop of misuses does not drown the log; counts every one.
 *
 * Context: Any, with no raw lock held.
 * Return: Whether it was printed, and details may follow.
 */
bool rsv_report(enum rsv_misuse what, const char *fmt, ...)
{
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 20);
	char text[RSV_REPORT_MAX];
	va_list args;

	va_start(args, fmt);
	vscnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	atomic64_inc(&rsv_misuse_counts[what]);
	rsv_report_set_last(text);
	if (!__ratelimit(&limit))
		return false;

	pr_err("misuse: %s: %s\n", rsv_misuse_name(what), text);
	dump_stack();
	return true;
}

/**
 * rsv_misuse_last() - what the last report said
 * @text: set to it; empty if there was none
 * @size: room in @text
 *
 * Context: Any.
 */
void rsv_misuse_last(char *text, size_t size)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&rsv_report_lock, flags);
	strscpy(text, rsv_report_text, size);
	raw_spin_unlock_irqrestore(&rsv_report_lock, flags);
}
EXPORT_SYMBOL_IF_KUNIT(rsv_misuse_last);

/**
 * rsv_refuse_nmi() - whether it is in an NMI that something is done, which is reported
 * @what: what is done, to what
 *
 * Context: Any.
 * Return: true if so: it stays as it is.
 */
bool rsv_refuse_nmi(const char *what)
{
	if (likely(!in_nmi()))
		return false;
	rsv_report(RSV_IN_NMI, "%s in an NMI", what);
	return true;
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
