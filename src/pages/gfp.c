// SPDX-License-Identifier: GPL-2.0
/*
 * Flags of requests. A flag is understood, or it is a hint, or it changes what the request means
 * and the request gets nothing:
 *
 *	understood
 *	  __GFP_DMA, __GFP_DMA32, __GFP_HIGHMEM	the highest zone that may serve; one at most
 *	  __GFP_THISNODE			no other node serves
 *	  __GFP_ZERO				the memory is zero
 *	  __GFP_HIGH				the request gets a zone's last pages as well
 *	  __GFP_DIRECT_RECLAIM			the caller may sleep
 *	  __GFP_FS				with it a request that may sleep waits for drains
 *	  __GFP_NORETRY				it does not wait, where others have drained in vain
 *						a moment ago (backoff.c)
 *	  __GFP_NOWARN				a failure prints nothing
 *	  __GFP_COMP				others may refer to any page of the block, so its
 *						free looks at all of them; each page has its own
 *						references, and never becomes part of a compound
 *	hints: they promise nothing here
 *	  __GFP_IO, __GFP_KSWAPD_RECLAIM	nothing is ever reclaimed from the system
 *	  __GFP_RETRY_MAYFAIL			every request tries each source once, then fails
 *	  __GFP_NOMEMALLOC			there is no emergency reserve to stay away from
 *	  __GFP_MOVABLE, __GFP_RECLAIMABLE	pages never move, and one kind of block serves all
 *	  __GFP_WRITE, __GFP_HARDWALL		how the system spreads its memory over nodes
 *	  __GFP_ACCOUNT				the reservation was paid for when it was made, so no
 *						control group is charged for parts of it
 *	  __GFP_ZEROTAGS, __GFP_SKIP_ZERO,	how memory that the system hands out is
 *	  __GFP_SKIP_KASAN			prepared
 *	  __GFP_NOLOCKDEP			might_alloc() obeys it
 *	refused, as every flag that is not above
 *	  __GFP_NOFAIL				a region can be exhausted for good
 *	  __GFP_MEMALLOC			the caller relies on memory that the system
 *						keeps for those who free memory
 *
 * Requests for objects refuse the flags that name a low zone or a node where the cache decides.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/bitops.h>
#include <linux/printk.h>

#include "gfp.h"
#include "report.h"
#include "types.h"

/**
 * rsv_gfp_ok() - whether Reservoir accepts all flags of a request
 * @gfp: the flags
 * @known: RSV_GFP_PAGES or RSV_GFP_OBJECTS
 *
 * A caller that passes any other flag, __GFP_NOFAIL above all, relies on something that Reservoir
 * does not do. Its request gets nothing. The log names the flags and the caller, once for each
 * caller.
 *
 * Context: Any.
 * Return: true if it does.
 */
bool rsv_gfp_ok(gfp_t gfp, gfp_t known)
{
	static struct rsv_callers callers;
	const gfp_t zones = gfp & RSV_GFP_ZONES;
	gfp_t refused = gfp & ~known;

	if (hweight32((__force u32)zones) > 1)
		refused |= zones;
	if (likely(!refused))
		return true;
	rsv_warn_caller(&callers, "gfp flags %pGg are not supported, the request gets nothing",
			&refused);
	return false;
}
