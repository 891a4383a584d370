// SPDX-License-Identifier: GPL-2.0
/*
 * Random orders for cases that free in another order than they allocate.
 */
#include <linux/prandom.h>

#include "bench.h"

/**
 * bench_shuffle() - put numbers in random order (Knuth, The Art of Computer Programming, 3.4.2)
 * @order: receives the numbers below @nr; the same order in every run
 * @nr: how many
 */
void bench_shuffle(u32 *order, unsigned int nr)
{
	struct rnd_state random;
	unsigned int i;

	prandom_seed_state(&random, 1);
	for (i = 0; i < nr; i++) {
		unsigned int other = prandom_u32_state(&random) % (i + 1);

		order[i] = order[other];
		order[other] = i;
	}
}
