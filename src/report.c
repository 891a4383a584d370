// SPDX-License-Identifier: GPL-2.0
/*
 * Reports of misuse. Each misuse is counted. A limited number of reports is printed, in one form
 * and with the caller's stack. debugfs shows the text of the last one.
 *
 * A warning that is due once for each caller has a table of callers. The caller is the code outside
 * the module that called into it, so the stack tells it, whatever function of the module it called.
 *
 * Any context may report, but printing takes long, so no reporter holds a raw lock: code that finds
 * a misuse under one drops the lock first.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/atomic.h>
#include <linux/hardirq.h>
#include <linux/hash.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "compat.h"
#include "report.h"
#include "types.h"

/* Return addresses that the search for the caller of the module looks at */
#define RSV_CALLER_DEPTH	16

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
	[RSV_OUTSIDE] = "copy_leaves_object",
	[RSV_LOST_REF] = "lost_reference",
	[RSV_IN_NMI] = "given_back_in_nmi",
};

/* Guards rsv_report_text. Raw, since memory may be freed, and so misused, in any context. */
static DEFINE_RAW_SPINLOCK(rsv_report_lock);
static char rsv_report_text[RSV_REPORT_MAX];

static atomic64_t rsv_misuse_counts[RSV_MISUSES];

static void rsv_report_set_last(const char *text)
{
	unsigned long flags;

	/*
	 * An NMI, or a probe, may have interrupted the holder of the lock. Of two reports at one
	 * time either may be the last. Without SMP the lock does not tell.
	 */
	if (in_nmi() || !raw_spin_trylock_irqsave(&rsv_report_lock, flags))
		return;
	strscpy(rsv_report_text, text, sizeof(rsv_report_text));
	raw_spin_unlock_irqrestore(&rsv_report_lock, flags);
}

/**
 * rsv_report() - count a misuse and print it with the caller's stack
 * @what: the kind of misuse
 * @fmt: format of a text that names the object, block, cache or region; it gives offsets in a
 *	region, never addresses
 *
 * The function prints at a limited rate, so that a loop of misuses does not fill the log.
 *
 * Context: Any, with no raw lock held.
 * Return: true if the report was printed, so that the caller may print details.
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
 * rsv_misuse_last() - copy the text of the last report
 * @text: set to the text; empty if there was no report
 * @size: bytes of @text
 *
 * Context: Any but NMI.
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
 * rsv_refuse_nmi() - report an operation that an NMI must not do
 * @what: the operation
 *
 * Context: Any.
 * Return: true in an NMI: the caller must not do the operation.
 */
bool rsv_refuse_nmi(const char *what)
{
	if (likely(!in_nmi()))
		return false;
	rsv_report(RSV_IN_NMI, "%s in an NMI", what);
	return true;
}

/**
 * rsv_misuse_name() - the name of a kind of misuse in statistics and reports
 * @what: the kind of misuse
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
 * rsv_misuse_count() - the number of misuses of one kind since the module was loaded
 * @what: the kind of misuse
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
 * rsv_misuse_total() - the number of misuses of all kinds since the module was loaded
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

/**
 * rsv_symbol() - the name of a code address
 * @text: set to the name; RSV_SYMBOL_MAX bytes
 * @addr: the address
 *
 * The name is that of %pS. If the code was unloaded, as that of a module that leaked its objects,
 * %pS would show the address. Then the function hashes the address.
 *
 * Context: Any.
 */
void rsv_symbol(char *text, unsigned long addr)
{
	sprint_symbol(text, addr);
	if (!*text || !strncmp(text, "0x", 2))
		snprintf(text, RSV_SYMBOL_MAX, "%p", (void *)addr);
}

/*
 * Warnings
 */

/**
 * rsv_callers_add() - add a caller to a table
 * @callers: the table
 * @caller: its address, not 0
 *
 * Context: Any.
 * Return: Whether it was new.
 */
enum rsv_caller rsv_callers_add(struct rsv_callers *callers, unsigned long caller)
{
	unsigned int slot = hash_long(caller, ilog2(RSV_CALLERS_MAX)), i;

	for (i = 0; i < RSV_CALLERS_MAX; i++, slot = (slot + 1) % RSV_CALLERS_MAX) {
		unsigned long seen = READ_ONCE(callers->seen[slot]);

		if (!seen)
			seen = cmpxchg(&callers->seen[slot], 0UL, caller);
		if (!seen)
			return RSV_CALLER_NEW;
		if (seen == caller)
			return RSV_CALLER_SEEN;
	}
	return READ_ONCE(callers->full) || xchg(&callers->full, 1UL) ? RSV_CALLER_SEEN :
								     RSV_CALLER_TOO_MANY;
}
EXPORT_SYMBOL_IF_KUNIT(rsv_callers_add);

/*
 * The return address in the innermost function outside the module. The stack may begin with the
 * functions that save it. Where the kernel saves no stacks, the function of the module stands for
 * its callers.
 */
static noinline unsigned long rsv_outer_caller(unsigned long inner)
{
	unsigned long entries[RSV_CALLER_DEPTH];
	unsigned int nr = rsv_stack_entries(entries, RSV_CALLER_DEPTH), i = 0;

	while (i < nr && !within_module(entries[i], THIS_MODULE))
		i++;
	while (i < nr && within_module(entries[i], THIS_MODULE))
		i++;
	return i < nr ? entries[i] : inner;
}

/**
 * rsv_warn_caller() - print a warning that names the caller of the module, once for each caller
 * @callers: the callers that this warning has named
 * @fmt: format of the text
 *
 * Context: Any, with no raw lock of the module held.
 */
void rsv_warn_caller(struct rsv_callers *callers, const char *fmt, ...)
{
	const unsigned long caller = rsv_outer_caller(_RET_IP_);
	enum rsv_caller seen = rsv_callers_add(callers, caller);
	char text[RSV_SYMBOL_MAX];
	struct va_format vaf;
	va_list args;

	if (seen == RSV_CALLER_SEEN)
		return;
	rsv_symbol(text, caller);
	va_start(args, fmt);
	vaf.fmt = fmt;
	vaf.va = &args;
	pr_warn("%s: %pV%s\n", text, &vaf,
		seen == RSV_CALLER_NEW ? "" : "; further callers are not named");
	va_end(args);
}
