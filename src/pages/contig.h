/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_PAGES_CONTIG_H
#define RSV_PAGES_CONTIG_H

#include "types.h"

struct rsv_frame *rsv_run_gather(struct rsv_region *r, const struct rsv_request *q);

#endif /* RSV_PAGES_CONTIG_H */
