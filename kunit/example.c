// SPDX-License-Identifier: GPL-2.0
/* A driver's memory from Reservoir: objects of its own, a block of pages, and a few bytes. */
#include <linux/module.h>
#include <linux/reservoir.h>

struct packet {
	struct list_head queue;
	char payload[200];
};

static struct rsv_cache *packets;
static struct packet *packet;
static unsigned long ring;
static char *label;

/* Runs once for each object: whoever frees a packet leaves it as it is made here. */
static void packet_init(void *object)
{
	struct packet *p = object;

	INIT_LIST_HEAD(&p->queue);
}

/* All frees take NULL, so this also unwinds a start that got half way. */
static void example_exit(void)
{
	rsv_kfree(label);
	rsv_free_pages(ring, 4);
	rsv_cache_free(packets, packet);
	rsv_cache_destroy(packets);
}
module_exit(example_exit);

static int __init example_init(void)
{
	struct rsv_region *r = rsv_default_region();

	if (!r)
		return -ENODEV;
	packets = rsv_cache_create(r, "packets", sizeof(struct packet), 0, RSV_HWCACHE_ALIGN,
				   packet_init);
	if (IS_ERR(packets))
		return PTR_ERR(packets);

	packet = rsv_cache_alloc(packets, GFP_KERNEL);
	ring = rsv_get_free_pages(r, GFP_KERNEL | __GFP_ZERO, 4);	/* 16 contiguous pages */
	label = rsv_kzalloc(r, 32, GFP_KERNEL);
	if (packet && ring && label)
		return 0;

	example_exit();
	return -ENOMEM;
}
module_init(example_init);

MODULE_DESCRIPTION("Example of Reservoir's kernel API");
MODULE_LICENSE("GPL");
