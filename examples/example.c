// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>
#include <linux/reservoir.h>

static struct rsv_cache *packets;	/* objects of 200 bytes */
static void *packet;			/* one of them */
static unsigned long ring;		/* 16 contiguous pages */

static void example_exit(void)
{
	rsv_free_pages(ring, 4);
	rsv_cache_free(packets, packet);
	rsv_cache_destroy(packets);
}
module_exit(example_exit);

static int __init example_init(void)
{
	struct rsv_region *r = rsv_default_region();

	packets = rsv_cache_create(r, "packets", 200, 0, RSV_HWCACHE_ALIGN, NULL);
	if (IS_ERR(packets))
		return PTR_ERR(packets);
	packet = rsv_cache_alloc(packets, GFP_KERNEL);
	ring = rsv_get_free_pages(r, GFP_KERNEL | __GFP_ZERO, 4);
	if (packet && ring)
		return 0;
	example_exit();		/* every free accepts NULL: this also undoes a start that failed */
	return -ENOMEM;
}
module_init(example_init);

MODULE_DESCRIPTION("Example of Reservoir's kernel API");
MODULE_LICENSE("GPL");
