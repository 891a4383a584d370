/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_PAGES_VMALLOC_H
#define RSV_PAGES_VMALLOC_H

#include "report.h"
#include "types.h"

void rsv_vmalloc_leak(struct rsv_region *r, struct rsv_leak_log *log);

#endif /* RSV_PAGES_VMALLOC_H */
