/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The parts that suites with random operations share.
 */
#ifndef RSV_KUNIT_RANDOM_H
#define RSV_KUNIT_RANDOM_H

#include <kunit/test.h>

extern unsigned int rsvt_random_seed;

/* A failed check prints the seed and the step, with which the failure can be repeated. */
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
