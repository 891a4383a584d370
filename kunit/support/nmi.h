/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Statements in an NMI. The tests make none: they set the count by which the kernel knows that it
 * is in one, with interrupts off.
 */
#ifndef RSV_KUNIT_NMI_H
#define RSV_KUNIT_NMI_H

#include <linux/irqflags.h>
#include <linux/preempt.h>

#define IN_NMI(statement)                        \
	do {                                     \
		unsigned long __flags;           \
						 \
		local_irq_save(__flags);         \
		__preempt_count_add(NMI_OFFSET); \
		statement;                       \
		__preempt_count_sub(NMI_OFFSET); \
		local_irq_restore(__flags);      \
	} while (0)

#endif /* RSV_KUNIT_NMI_H */
