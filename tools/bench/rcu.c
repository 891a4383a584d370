// SPDX-License-Identifier: GPL-2.0
/*
 * Frees that wait for a grace period. Each round allocates objects and frees them by RCU, and then
 * waits until all are free. The wait is not measured: it is that for a grace period, which on one
 * side is hurried. So what is done after the grace period does not count, on either side.
 *
 *	kfree-rcu-flood-64	memory by the byte, beside kfree_rcu()
 *	rcu-nodes-576		nodes of a cache with a constructor, beside call_rcu() with a
 *				function that calls kmem_cache_free()
 */
#include <linux/err.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bench.h"
#include "compat.h"

#define FLOOD	10000	/* objects of a round */
#define NODES	2000	/* nodes of a round */

/**
 * struct flooded - memory of 64 bytes
 * @key: what its user looks at
 * @rcu: for the free
 * @rest: the rest
 */
struct flooded {
	unsigned long key;
	struct rcu_head rcu;
	u8 rest[64 - sizeof(unsigned long) - sizeof(struct rcu_head)];
};

/**
 * struct bench_node - what a node of a radix tree has. The constructor clears all but @rcu
 * @bits: shift, offset, counts, parent and root
 * @rcu: for the free
 * @slots: its children
 * @tags: their tags
 */
struct bench_node {
	u64 bits[3];
	struct rcu_head rcu;
	u64 slots[64];
	u64 tags[3];
};

static_assert(sizeof(struct bench_node) == 560 + sizeof(struct rcu_head));

static struct bench_caches nodes;

static u64 flood_ours(struct rsv_region *r)
{
	u64 start = bench_clock(), ticks;
	unsigned int i;

	for (i = 0; i < FLOOD; i++) {
		struct flooded *p = rsv_kmalloc(r, sizeof(*p), GFP_KERNEL);

		if (unlikely(!p))
			return BENCH_FAILED;
		p->key = i;
		rsv_kfree_rcu(p, rcu);
	}
	ticks = bench_clock() - start;
	rsv_rcu_barrier(r);
	return bench_each(ticks, FLOOD);
}

static u64 flood_kernels(void)
{
	u64 start = bench_clock(), ticks;
	unsigned int i;

	for (i = 0; i < FLOOD; i++) {
		struct flooded *p = kmalloc(sizeof(*p), GFP_KERNEL);

		if (unlikely(!p))
			return BENCH_FAILED;
		p->key = i;
		kfree_rcu(p, rcu);
	}
	ticks = bench_clock() - start;
	rsv_kernel_kfree_rcu_barrier();
	return bench_each(ticks, FLOOD);
}

static u64 flood(const struct bench_case *c, bool ours)
{
	return ours ? flood_ours(rsv_default_region()) : flood_kernels();
}

static void construct(void *object)
{
	memset(object, 0, sizeof(struct bench_node));
}

static void use_node(struct bench_node *node)
{
	node->bits[0] = 1;
	node->slots[7] = 1;
	node->tags[0] = 1;
}

static void restore_node(struct bench_node *node)
{
	memset(node->bits, 0, sizeof(node->bits));
	memset(node->slots, 0, sizeof(node->slots));
	memset(node->tags, 0, sizeof(node->tags));
}

static void free_node(struct rcu_head *head)
{
	kmem_cache_free(nodes.kernels, container_of(head, struct bench_node, rcu));
}

static u64 nodes_ours(void)
{
	u64 start = bench_clock(), ticks;
	unsigned int i;

	for (i = 0; i < NODES; i++) {
		struct bench_node *node = rsv_cache_alloc(nodes.ours, GFP_KERNEL);

		if (unlikely(!node))
			return BENCH_FAILED;
		use_node(node);
		restore_node(node);
		rsv_cache_free_rcu(nodes.ours, node, &node->rcu);
	}
	ticks = bench_clock() - start;
	rsv_rcu_barrier(rsv_default_region());
	return bench_each(ticks, NODES);
}

static u64 nodes_kernels(void)
{
	u64 start = bench_clock(), ticks;
	unsigned int i;

	for (i = 0; i < NODES; i++) {
		struct bench_node *node = kmem_cache_alloc(nodes.kernels, GFP_KERNEL);

		if (unlikely(!node))
			return BENCH_FAILED;
		use_node(node);
		restore_node(node);
		call_rcu(&node->rcu, free_node);
	}
	ticks = bench_clock() - start;
	rcu_barrier();
	return bench_each(ticks, NODES);
}

static u64 turn_nodes(const struct bench_case *c, bool ours)
{
	return ours ? nodes_ours() : nodes_kernels();
}

static const char *begin_nodes(const struct bench_case *c)
{
	nodes.kernels = kmem_cache_create("bench-nodes", sizeof(struct bench_node), 0,
					  SLAB_NO_MERGE, construct);
	nodes.ours = rsv_cache_create(rsv_default_region(), "bench-nodes",
				      sizeof(struct bench_node), 0, 0, construct);
	return nodes.kernels && !IS_ERR(nodes.ours) ? NULL : "no cache could be made";
}

static void end_nodes(const struct bench_case *c)
{
	rcu_barrier();
	if (!IS_ERR(nodes.ours))
		rsv_cache_destroy(nodes.ours);
	kmem_cache_destroy(nodes.kernels);
}

/* bench_rcu - the cases of this file */
const struct bench_case bench_rcu[] = {
	{ .name = "kfree-rcu-flood-64", .turn = flood },
	{ .name = "rcu-nodes-576", .begin = begin_nodes, .turn = turn_nodes, .end = end_nodes },
	{ }
};
