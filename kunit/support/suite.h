/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Functions that every suite needs. Each suite has rsvt_suite_init() as its init: a test fails if
 * the module reported a misuse that the test did not expect.
 */
#ifndef RSV_KUNIT_SUITE_H
#define RSV_KUNIT_SUITE_H

#include <kunit/test.h>
#include <linux/reservoir.h>
#include <linux/sizes.h>
#include <linux/types.h>

/*
 * Sanitizers make every operation many times as slow, the leak detector above all. So does User
 * Mode Linux with several CPUs, where each change of the interrupt flag is a system call. Tests do
 * less there.
 */
#define SLOW	\
	(IS_ENABLED(CONFIG_KASAN) || IS_ENABLED(CONFIG_KCSAN) || \
	 (IS_ENABLED(CONFIG_UML) && IS_ENABLED(CONFIG_SMP)))

int rsvt_suite_init(struct kunit *test);
void rsvt_misuses_expected(u64 nr);

#endif /* RSV_KUNIT_SUITE_H */
