// SPDX-License-Identifier: GPL-2.0
/*
 * User space for tests, which run in kernel threads: the memory of the program that loads the
 * module. kunit_vm_mmap() would give a test memory of its own, but it leaks that, and kernels
 * before 6.11 lack it.
 */
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>

#include "program.h"

static struct mm_struct *program_mm;

/* For suite_init, which runs in the program that loads the module */
int rsvt_program_borrow(struct kunit_suite *suite)
{
	program_mm = current->mm;
	if (program_mm)
		mmgrab(program_mm);
	return 0;
}

/* For suite_exit */
void rsvt_program_give_back(struct kunit_suite *suite)
{
	if (program_mm)
		mmdrop(program_mm);
	program_mm = NULL;
}

static void leave_program(void *unused)
{
	if (current->mm)
		kthread_unuse_mm(current->mm);
}

/* From now on user addresses of the test's thread are those of the program. */
void rsvt_program_enter(struct kunit *test)
{
	if (!program_mm)
		kunit_skip(test, "no program loads the module");
	kthread_use_mm(program_mm);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, leave_program, NULL), 0);
}

void rsvt_program_leave(void)
{
	leave_program(NULL);
}
