/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Misuses that a test provokes: how often the module reported them, and in which words.
 */
#ifndef RSV_KUNIT_MISUSE_H
#define RSV_KUNIT_MISUSE_H

#include <linux/types.h>

#include "report.h"
#include "suite.h"

struct rsv_cache;

/**
 * struct misuse_counts - misuses reported so far
 * @count: by kind
 */
struct misuse_counts {
	u64 count[RSV_MISUSES];
};

void rsvt_misuse_counts_read(struct misuse_counts *counts);
u64 rsvt_nr_misuses_since(const struct misuse_counts *before);
const char *rsvt_misuses_since(struct kunit *test, const struct misuse_counts *before);

const char *rsvt_last_report(struct kunit *test);
const char *rsvt_report_text(struct kunit *test, const char *fmt, ...) __printf(2, 3);
const char *rsvt_report_free(struct kunit *test, struct rsv_cache *c, const void *object);

/* EXPECT_MISUSE(test, RSV_DOUBLE_FREE, rsv_kfree(p)): one report, of exactly this kind */
#define EXPECT_MISUSE(test, what, statement)                                      \
	do {                                                                      \
		struct kunit *__test = (test);                                    \
		struct misuse_counts __before;                                    \
										  \
		rsvt_misuse_counts_read(&__before);                               \
		statement;                                                        \
		KUNIT_EXPECT_STREQ(__test, rsvt_misuses_since(__test, &__before), \
				   rsv_misuse_name(what));                        \
	} while (0)

/* EXPECT_REPORT(test, RSV_DOUBLE_FREE, text, rsv_kfree(p)): one report, in these words */
#define EXPECT_REPORT(test, what, text, statement)                              \
	do {                                                                    \
		struct kunit *___test = (test);                                 \
		const char *__text = (text);                                    \
										\
		EXPECT_MISUSE(___test, what, statement);                        \
		KUNIT_EXPECT_STREQ(___test, rsvt_last_report(___test), __text); \
	} while (0)

#endif /* RSV_KUNIT_MISUSE_H */
