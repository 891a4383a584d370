/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Per-CPU lists of larger blocks.
 */
#ifndef RSV_PAGES_PCP_LARGE_H
#define RSV_PAGES_PCP_LARGE_H

#include "types.h"

struct rsv_frame *rsv_large_alloc(struct rsv_zone *z, unsigned int order, gfp_t gfp);
bool rsv_large_free(struct rsv_extent *e, unsigned long index, unsigned int order);
void rsv_large_drain(struct rsv_zone *z, bool close);
void rsv_large_drain_dead(struct rsv_zone *z, unsigned int cpu);
bool rsv_large_is_open(const struct rsv_zone *z, unsigned int cpu);
void rsv_large_get_stats(const struct rsv_zone *z, unsigned int order, struct rsv_pcp_stats *stats);

#endif /* RSV_PAGES_PCP_LARGE_H */
