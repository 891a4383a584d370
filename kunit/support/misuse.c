// SPDX-License-Identifier: GPL-2.0
/*
 * Misuses that a test provokes.
 */
#include "misuse.h"
#include "scratch.h"
#include "suite.h"
#include "types.h"

void rsvt_misuse_counts_read(struct misuse_counts *counts)
{
	enum rsv_misuse kind;

	for (kind = 0; kind < RSV_MISUSES; kind++)
		counts->count[kind] = rsv_misuse_count(kind);
}

/* Misuses reported since @before. The end of the test expects them from now on. */
u64 rsvt_nr_misuses_since(const struct misuse_counts *before)
{
	enum rsv_misuse kind;
	u64 nr = 0;

	for (kind = RSV_OK + 1; kind < RSV_MISUSES; kind++)
		nr += rsv_misuse_count(kind) - before->count[kind];
	rsvt_misuses_expected(nr);
	return nr;
}

/* The names of their kinds, one for each report; "none" if there was no report. */
const char *rsvt_misuses_since(struct kunit *test, const struct misuse_counts *before)
{
	const size_t size = 256;
	char *text = kunit_kzalloc(test, size, GFP_KERNEL);
	enum rsv_misuse kind;
	size_t used = 0;
	u64 n;

	KUNIT_ASSERT_NOT_NULL(test, text);
	for (kind = RSV_OK + 1; kind < RSV_MISUSES; kind++)
		for (n = before->count[kind]; n < rsv_misuse_count(kind); n++)
			used += scnprintf(text + used, size - used, "%s%s", used ? " " : "",
					  rsv_misuse_name(kind));
	return rsvt_nr_misuses_since(before) ? text : rsv_misuse_name(RSV_OK);
}

const char *rsvt_last_report(struct kunit *test)
{
	char *text = kunit_kzalloc(test, RSV_REPORT_MAX, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, text);
	rsv_misuse_last(text, RSV_REPORT_MAX);
	return text;
}

const char *rsvt_report_text(struct kunit *test, const char *fmt, ...)
{
	char *text = kunit_kzalloc(test, RSV_REPORT_MAX, GFP_KERNEL);
	va_list args;

	KUNIT_ASSERT_NOT_NULL(test, text);
	va_start(args, fmt);
	vsnprintf(text, RSV_REPORT_MAX, fmt, args);
	va_end(args);
	return text;
}

/* The text of a report of an object whose free was refused */
const char *rsvt_report_free(struct kunit *test, struct rsv_cache *c, const void *object)
{
	return rsvt_report_text(test, "cache %s of region %s: object at 0x%zx: given back", c->name,
				c->region->name, rsvt_scratch_offset(c->region, object));
}
