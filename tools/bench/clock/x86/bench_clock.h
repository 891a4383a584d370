/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The clock of the benchmark on x86, including User Mode Linux: the time stamp counter.
 */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <linux/compiler.h>
#include <linux/types.h>

#define BENCH_UNIT	"cycles"

/* All instructions before it have ended when the counter is read, and none behind it has begun. */
static __always_inline u64 bench_clock(void)
{
	u32 low, high;

	asm volatile("lfence\n\trdtsc\n\tlfence" : "=a" (low), "=d" (high) : : "memory");
	return (u64)high << 32 | low;
}

#endif /* BENCH_CLOCK_H */
