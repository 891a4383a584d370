/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A thread of the highest priority that waits for the CPU: how many steps of another task go by
 * before it runs.
 */
#ifndef RSV_KUNIT_RUNNER_H
#define RSV_KUNIT_RUNNER_H

#include <kunit/test.h>

void rsvt_runner_start(struct kunit *test);
void rsvt_runner_step(void);
unsigned int rsvt_runner_stop(struct kunit *test);
unsigned int rsvt_runner_steps(void);

#endif /* RSV_KUNIT_RUNNER_H */
