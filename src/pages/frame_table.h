/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_PAGES_FRAME_TABLE_H
#define RSV_PAGES_FRAME_TABLE_H

#include "types.h"

struct rsv_frame *rsv_frames_alloc(unsigned long nr_pages, int nid, gfp_t gfp);
struct rsv_frame *rsv_frames_alloc_pages(unsigned long nr_pages, int nid, gfp_t gfp);
void rsv_frames_free(struct rsv_frame *frames);

#endif /* RSV_PAGES_FRAME_TABLE_H */
