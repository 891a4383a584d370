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

#define NODES_MAX	64

static void show_zones(const struct classroom *room)
{
	uint32_t nr = query_info(room->fd, room->region).nr_zones, i;

	putchar('\n');
	for (i = 0; i < nr; i++) {
		struct rsv_ioc_zone zone = query_zone(room->fd, room->region, i);

		printf("  %-9s  %s, %s free, %s protected\n", zone.name,
		       size_text(zone.pages * room->page_size).chars,
		       size_text(zone.free_pages * room->page_size).chars,
		       size_text(zone.protection * room->page_size).chars);
	}
}

static void expect_zones(const struct classroom *room, uint64_t dma, uint64_t dma32)
{
	struct rsv_ioc_zone low = query_zone(room->fd, room->region, 0);
	struct rsv_ioc_zone high = query_zone(room->fd, room->region, 1);

	expect(room, low.free_pages * room->page_size, dma, "free bytes of the zone DMA");
	expect(room, high.free_pages * room->page_size, dma32, "free bytes of the zone DMA32");
}

static void take(const struct classroom *room, uint64_t bytes, uint32_t flags)
{
	if (!try_block(room, bytes, flags).handle)
		fail("lesson %s: there is no block for %s", room->lesson, size_text(bytes).chars);
}

static void teach_two_zones(struct classroom *room)
{
	expect_zones(room, KB(256), KB(512));
	tell("A region with memory of two zones. DMA, below 16 MB, is for devices that reach no further. Half of "
	     "what the region has there is protected, for requests that name this zone.");
	show_zones(room);
	end_step(room);

	take(room, KB(512), 0);
	expect_zones(room, KB(256), 0);
	tell("A request for 512 KB that any memory will do for is served by the highest zone there is.");
	show_zones(room);
	end_step(room);

	take(room, KB(128), 0);
	expect_zones(room, KB(128), 0);
	tell("Another one, for 128 KB. The highest zone has nothing left, and the request falls back to the next "
	     "lower one, as far as that is not protected.");
	show_zones(room);
	end_step(room);

	if (try_block(room, room->page_size, 0).handle)
		fail("lesson %s: the protection does not hold", room->lesson);
	tell("A request for one page more gets nothing, although there is free memory.");
	show_zones(room);
	end_step(room);

	take(room, KB(128), RSV_BUFFER_DMA);
	expect_zones(room, 0, 0);
	tell("A request for 128 KB that names DMA gets them.");
	show_zones(room);
	end_step(room);
}

static void teach_zones(struct classroom *room)
{
	static const struct rsv_ioc_reserve want[] = {
		{ .bytes = KB(256), .shared = KB(128), .zone = RSV_ZONE_DMA },
		{ .bytes = KB(512), .shared = KB(512), .zone = RSV_ZONE_DMA32 },
	};

	if (begin_region(room, want, 2))
		teach_two_zones(room);
}

const struct lesson lesson_zones = {
	.name = "zones",
	.title = "zones: falling back, and what is protected from it",
	.teach = teach_zones,
};

/*
 * Nodes
 */

/* Numbers from a file of sysfs; 0 where it is not there. */
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

/* The node whose free memory a request has made less, and how much it has still */
static uint32_t node_taken_from(struct classroom *room, uint64_t *seen)
{
	uint32_t nr = query_info(room->fd, room->region).nr_zones, i, node = NODES_MAX;

	for (i = 0; i < nr && i < NODES_MAX; i++) {
		struct rsv_ioc_zone zone = query_zone(room->fd, room->region, i);

		if (zone.free_pages < seen[i])
			node = zone.node;
		seen[i] = zone.free_pages;
	}
	return node;
}

static void take_from_nodes(struct classroom *room, const unsigned int *distance, unsigned int nodes)
{
	const struct rsv_ioc_buffer_alloc want = {
		.region = room->region, .flags = RSV_BUFFER_NODE, .node = 0, .bytes = KB(256),
	};
	unsigned int last = 0, i;
	uint64_t seen[NODES_MAX] = { 0 };
	uint32_t node;

	node_taken_from(room, seen);
	for (i = 0; i < nodes; i++) {
		if (!alloc_buffer(room->fd, want).handle)
			fail("lesson %s: there is no block for %s", room->lesson, size_text(want.bytes).chars);
		node = node_taken_from(room, seen);
		if (node >= nodes || distance[node] < last)
			fail("lesson %s: node %u was asked before a nearer one", room->lesson, node);
		last = distance[node];
		printf("%s  request %u  served by node %u, distance %u\n", i ? "" : "\n", i + 1, node, last);
	}
}

static void teach_nodes(struct classroom *room)
{
	struct rsv_ioc_reserve want[RSV_RESERVES_MAX];
	unsigned int distance[NODES_MAX];
	unsigned int nodes = read_numbers("/sys/devices/system/node/node0/distance", distance, NODES_MAX), i;

	if (nodes < 2 || nodes > RSV_RESERVES_MAX) {
		tell("Left out: this machine has %s.", nodes < 2 ? "one node" : "too many nodes for it");
		return;
	}
	for (i = 0; i < nodes; i++)
		want[i] = (struct rsv_ioc_reserve){ .bytes = KB(256), .flags = RSV_RESERVE_NODE, .node = i };
	if (!begin_region(room, want, nodes))
		return;
	tell("A region with %s on each of %u nodes, and requests that would like memory of node 0. The first gets "
	     "it; the others get what is nearest to it.", size_text(KB(256)).chars, nodes);
	take_from_nodes(room, distance, nodes);
	end_step(room);
}

const struct lesson lesson_nodes = {
	.name = "nodes",
	.title = "nodes: the nearest memory first",
	.teach = teach_nodes,
};
