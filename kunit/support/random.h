/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the suites share in which a seed decides what is done.
 */
#ifndef RSV_KUNIT_RANDOM_H
#define RSV_KUNIT_RANDOM_H

#include <kunit/test.h>

extern unsigned int rsvt_random_seed;

/* All that is checked there says how to come there again. */
#define CHECK(w, condition)                                                                       \
	do {                                                                                      \
		typeof(w) __w = (w);                                                              \
                                                                                                  \
		KUNIT_ASSERT_TRUE_MSG(__w->test, condition, "seed=%u, step %u", rsvt_random_seed, \
				      __w->step);                                                 \
	} while (0)

#define CHECK_EQ(w, a, b)                                                                  \
	do {                                                                               \
		typeof(w) __w = (w);                                                       \
                                                                                           \
		KUNIT_ASSERT_EQ_MSG(__w->test, a, b, "seed=%u, step %u", rsvt_random_seed, \
				    __w->step);                                            \
	} while (0)

#endif /* RSV_KUNIT_RANDOM_H */
