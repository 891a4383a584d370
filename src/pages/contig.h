/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_PAGES_RUN_H
#define RSV_PAGES_RUN_H

struct rsv_frame;
struct rsv_region;
struct rsv_request;

struct rsv_frame *rsv_run_gather(struct rsv_region *r, const struct rsv_request *q);

#endif /* RSV_PAGES_RUN_H */
