/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The clock of the benchmark where the kernel's is the best one.
 */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <linux/compiler.h>
#include <linux/ktime.h>

#define BENCH_UNIT	"ns"

static __always_inline u64 bench_clock(void)
{
	return ktime_get_ns();
}

#endif /* BENCH_CLOCK_H */
