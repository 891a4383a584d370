/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Jobs that a CPU does as soon as it serves interrupts again.
 */
#ifndef RSV_OBJECTS_IRQ_JOB_H
#define RSV_OBJECTS_IRQ_JOB_H

#include "types.h"

void rsv_irq_jobs_start(void);
void rsv_irq_job_queue(struct rsv_irq_job *job);
void rsv_irq_jobs_flush(void);
void rsv_irq_jobs_check(void);
void rsv_irq_jobs_run_cpu(unsigned int cpu);

#endif /* RSV_OBJECTS_IRQ_JOB_H */
