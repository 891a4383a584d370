/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An interrupt after each instruction of the module, on CPUs that have a trap flag.
 */
#ifndef RSV_KUNIT_SINGLE_STEP_H
#define RSV_KUNIT_SINGLE_STEP_H

#include <kunit/test.h>
#include <linux/types.h>

void rsvt_single_step_or_skip(struct kunit *test);
unsigned int rsvt_single_step(struct kunit *test, void (*run)(void *data), void *data,
			      void (*interrupt)(void));
bool rsvt_interrupt_once(struct kunit *test, void (*run)(void *data), void *data, unsigned int at,
			 void (*interrupt)(void));

#endif /* RSV_KUNIT_SINGLE_STEP_H */
