/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Drained regions (pages/backoff.c).
 */
#ifndef RSV_KUNIT_DRAINED_H
#define RSV_KUNIT_DRAINED_H

#include "suite.h"

struct rsv_region;

/* Large enough for magazines, and for lists of blocks of order 4 of as many CPUs as tests have */
#define PAGES	256
#define ALL	8	/* the order of all pages */
#define GFP	(GFP_KERNEL | __GFP_HIGH | __GFP_NOWARN)

void rsvt_drain(struct kunit *test, struct rsv_region *r);
void rsvt_drain_in_vain(struct rsv_region *r);
bool rsvt_all_can_be_had(struct rsv_region *r);

#endif /* RSV_KUNIT_DRAINED_H */
