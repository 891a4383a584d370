/* SPDX-License-Identifier: GPL-2.0 */
/*
 * User space for tests, which run in kernel threads: the memory of the program that loads the
 * module.
 */
#ifndef RSV_KUNIT_PROGRAM_H
#define RSV_KUNIT_PROGRAM_H

#include "suite.h"

int rsvt_program_borrow(struct kunit_suite *suite);
void rsvt_program_give_back(struct kunit_suite *suite);

void rsvt_program_enter(struct kunit *test);
void rsvt_program_leave(void);

#endif /* RSV_KUNIT_PROGRAM_H */
