/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Flags of requests.
 */
#ifndef RSV_PAGES_GFP_H
#define RSV_PAGES_GFP_H

#include <linux/gfp.h>
#include <linux/kconfig.h>
#include <linux/mmzone.h>
#include <linux/nodemask.h>
#include <linux/sched/mm.h>

#include "types.h"

/* At most one of them names the highest zone that may serve. */
#define RSV_GFP_ZONES	(__GFP_DMA | __GFP_DMA32 | __GFP_HIGHMEM)

/*
 * Hints, which are accepted and promise nothing: gfp.c says why for each. The kernel's combinations
 * contain further ones that only some versions or configurations have: __GFP_ATOMIC,
 * __GFP_SKIP_KASAN and its predecessors.
 */
#define RSV_GFP_HINTS	\
	(((GFP_KERNEL | GFP_ATOMIC | GFP_NOWAIT | GFP_TRANSHUGE) & \
	  ~(RSV_GFP_ZONES | __GFP_HIGH | __GFP_DIRECT_RECLAIM)) | \
	 __GFP_RECLAIMABLE | __GFP_WRITE | __GFP_RETRY_MAYFAIL | __GFP_NORETRY | __GFP_ACCOUNT | \
	 __GFP_ZEROTAGS | __GFP_SKIP_ZERO | __GFP_NOLOCKDEP)

/* Flags of requests that the fast path serves: they name no zone and no node */
#define RSV_GFP_PLAIN	(RSV_GFP_HINTS | __GFP_HIGH | __GFP_DIRECT_RECLAIM)

/* The flags that requests for pages and requests for objects understand */
#define RSV_GFP_PAGES	(RSV_GFP_PLAIN | RSV_GFP_ZONES | __GFP_ZERO | __GFP_THISNODE)
#define RSV_GFP_OBJECTS	(RSV_GFP_PAGES & ~(__GFP_DMA | __GFP_DMA32 | __GFP_THISNODE))

/*
 * For memory of the system that a new region, a new cache or the module itself needs. It may
 * reclaim, but rather fails than invoke the OOM killer: who creates something late, when memory is
 * short, gets an error, and nobody else dies for it.
 */
#define RSV_GFP_CREATE	(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN)

/* The same for a region, whose memory the program is charged for that it is a scratch region of */
static inline gfp_t rsv_gfp_create(const struct rsv_region *r)
{
	return r->origin == RSV_REGION_SCRATCH ? RSV_GFP_CREATE | __GFP_ACCOUNT : RSV_GFP_CREATE;
}

/*
 * The node whose memory a structure should have that manages memory of node @nid. Only CPUs of a
 * node gain from a structure in that node's memory. On a node without CPUs, which may be memory
 * that can be unplugged, the structure would keep that memory from going off-line.
 */
static inline int rsv_metadata_node(int nid)
{
	return node_state(nid, N_CPU) ? nid : NUMA_NO_NODE;
}

bool rsv_gfp_ok(gfp_t gfp, gfp_t known);

/*
 * Checks what might_alloc() checks, on kernels that check anything: might_sleep() costs a call even
 * on others, and this is for fast paths.
 */
static __always_inline void rsv_might_alloc(gfp_t gfp)
{
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP) || IS_ENABLED(CONFIG_LOCKDEP))
		might_alloc(gfp);
}

/*
 * The highest zone that may serve a request. __GFP_MOVABLE names none here, while gfp_zone() makes
 * ZONE_MOVABLE of it and __GFP_HIGHMEM: pages of a region never move.
 */
static inline enum zone_type rsv_gfp_zone(gfp_t gfp)
{
	return gfp_zone(gfp & ~__GFP_MOVABLE);
}

#endif /* RSV_PAGES_GFP_H */
