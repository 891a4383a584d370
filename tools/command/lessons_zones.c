// SPDX-License-Identifier: GPL-2.0
/*
 * The lessons about zones and nodes.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "device.h"
#include "draw.h"
#include "lesson.h"

#define NODES_MAX 64

static void show_zones(const struct lesson_ctx *ctx)
{
	uint32_t nr = query_info(ctx->fd, ctx->region).nr_zones, i;

	putchar('\n');
	for (i = 0; i < nr; i++) {
		struct rsv_ioc_zone zone = query_zone(ctx->fd, ctx->region, i);

		printf("  %-9s  %s, %s free, %s protected\n", zone.name,
		       size_text(zone.pages * ctx->page_size).chars,
		       size_text(zone.free_pages * ctx->page_size).chars,
		       size_text(zone.protection * ctx->page_size).chars);
	}
}

static void expect_zones(const struct lesson_ctx *ctx, uint64_t dma, uint64_t dma32)
{
	struct rsv_ioc_zone low = query_zone(ctx->fd, ctx->region, 0);
	struct rsv_ioc_zone high = query_zone(ctx->fd, ctx->region, 1);

	expect(ctx, low.free_pages * ctx->page_size, dma, "free bytes of the zone DMA");
	expect(ctx, high.free_pages * ctx->page_size, dma32, "free bytes of the zone DMA32");
}

static void must_alloc(const struct lesson_ctx *ctx, uint64_t bytes, uint32_t flags)
{
	if (!try_alloc_block(ctx, bytes, flags).handle)
		fail("lesson %s: there is no block for %s", ctx->lesson, size_text(bytes).chars);
}

static void teach_two_zones(struct lesson_ctx *ctx)
{
	expect_zones(ctx, KB(256), KB(512));
	explain("A region with memory of two zones. Memory of DMA is below 16 MB, for devices "
		"that cannot address more. Half of the region's memory there is protected: it "
		"serves only requests that name this zone.");
	show_zones(ctx);
	end_step(ctx);

	must_alloc(ctx, KB(512), 0);
	expect_zones(ctx, KB(256), 0);
	explain("A request for 512 KB that may use any zone gets memory of the highest zone.");
	show_zones(ctx);
	end_step(ctx);

	must_alloc(ctx, KB(128), 0);
	expect_zones(ctx, KB(128), 0);
	explain("Another request, for 128 KB. The highest zone has no free memory left, and the "
		"request falls back to the next lower zone, as far as that is not protected.");
	show_zones(ctx);
	end_step(ctx);

	if (try_alloc_block(ctx, ctx->page_size, 0).handle)
		fail("lesson %s: the protection does not hold", ctx->lesson);
	explain("A request for one more page fails, although the region has free memory.");
	show_zones(ctx);
	end_step(ctx);

	must_alloc(ctx, KB(128), RSV_BUFFER_DMA);
	expect_zones(ctx, 0, 0);
	explain("A request for 128 KB that names DMA succeeds.");
	show_zones(ctx);
	end_step(ctx);
}

static void teach_zones(struct lesson_ctx *ctx)
{
	static const struct rsv_ioc_reserve want[] = {
		{.bytes = KB(256), .shared = KB(128), .zone = RSV_ZONE_DMA},
		{.bytes = KB(512), .shared = KB(512), .zone = RSV_ZONE_DMA32},
	};

	if (create_lesson_region(ctx, want, 2))
		teach_two_zones(ctx);
}

const struct lesson lesson_zones = {
	.name = "zones",
	.title = "zones: fallback, and protection from it",
	.teach = teach_zones,
};

/*
 * Nodes
 */

/* Reads numbers from a file of sysfs. Returns how many, which is 0 if the file does not exist. */
static unsigned int read_numbers(const char *path, unsigned int *numbers, unsigned int most)
{
	FILE *file = fopen(path, "r");
	unsigned int nr = 0;

	if (!file)
		return 0;
	while (nr < most && fscanf(file, "%u", &numbers[nr]) == 1)
		nr++;
	fclose(file);
	return nr;
}

/* The node that has fewer free pages than @seen says. @seen gets the current numbers. */
static uint32_t serving_node(struct lesson_ctx *ctx, uint64_t *seen)
{
	uint32_t nr = query_info(ctx->fd, ctx->region).nr_zones, i, node = NODES_MAX;

	for (i = 0; i < nr && i < NODES_MAX; i++) {
		struct rsv_ioc_zone zone = query_zone(ctx->fd, ctx->region, i);

		if (zone.free_pages < seen[i])
			node = zone.node;
		seen[i] = zone.free_pages;
	}
	return node;
}

static void alloc_from_nodes(struct lesson_ctx *ctx, const unsigned int *distance,
			     unsigned int nodes)
{
	const struct rsv_ioc_buffer_alloc want = {
		.region = ctx->region,
		.flags = RSV_BUFFER_NODE,
		.node = 0,
		.bytes = KB(256),
	};
	unsigned int last = 0, i;
	uint64_t seen[NODES_MAX] = {0};
	uint32_t node;

	serving_node(ctx, seen);
	for (i = 0; i < nodes; i++) {
		if (!alloc_buffer(ctx->fd, want).handle)
			fail("lesson %s: there is no block for %s", ctx->lesson,
			     size_text(want.bytes).chars);
		node = serving_node(ctx, seen);
		if (node >= nodes || distance[node] < last)
			fail("lesson %s: node %u served before a nearer one", ctx->lesson, node);
		last = distance[node];
		printf("%s  request %u  served by node %u, distance %u\n", i ? "" : "\n", i + 1,
		       node, last);
	}
}

static void teach_nodes(struct lesson_ctx *ctx)
{
	struct rsv_ioc_reserve want[RSV_RESERVES_MAX];
	unsigned int distance[NODES_MAX];
	unsigned int nodes = read_numbers("/sys/devices/system/node/node0/distance", distance,
					  NODES_MAX),
		     i;

	if (nodes < 2 || nodes > RSV_RESERVES_MAX) {
		explain("Skipped: this machine has %s.",
			nodes < 2 ? "one node" : "too many nodes for it");
		return;
	}
	for (i = 0; i < nodes; i++)
		want[i] = (struct rsv_ioc_reserve){
			.bytes = KB(256), .flags = RSV_RESERVE_NODE, .node = i};
	if (!create_lesson_region(ctx, want, nodes))
		return;
	explain("A region with %s on each of %u nodes, and requests that prefer node 0. The first "
		"request gets memory of node 0. Each of the others gets memory of the nearest "
		"node that has some left.",
		size_text(KB(256)).chars, nodes);
	alloc_from_nodes(ctx, distance, nodes);
	end_step(ctx);
}

const struct lesson lesson_nodes = {
	.name = "nodes",
	.title = "nodes: the nearest memory first",
	.teach = teach_nodes,
};
