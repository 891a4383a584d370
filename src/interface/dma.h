/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The addresses of a buffer for a device.
 */
#ifndef RSV_INTERFACE_DMA_H
#define RSV_INTERFACE_DMA_H

#include <linux/types.h>

#include "types.h"

const struct rsv_buffer *rsv_dma_buffer(const struct rsv_binding *b);
int rsv_dma_prepare(struct rsv_binding *b);
void rsv_dma_free(struct rsv_binding *b);
int rsv_dma_map(struct rsv_binding *b, struct device *dev, u32 *refusal);
void rsv_dma_unmap(struct rsv_binding *b, struct device *dev);
u64 rsv_dma_address(const struct rsv_binding *b, u64 offset, u64 *length);
u32 rsv_dma_segments(const struct rsv_binding *b);
void rsv_dma_sync(const struct rsv_binding *b, struct device *dev,
		  const struct rsv_ioc_sync *range);

#endif /* RSV_INTERFACE_DMA_H */
