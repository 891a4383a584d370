// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir fragmentation: how much of a region's free memory is in pieces too small, and how much was given out that
 * nobody asked for.
 */
#include <stdio.h>

#include "command.h"
#include "device.h"
#include "draw.h"
#include "options.h"

static void print_order(const struct rsv_ioc_zone *zone, uint32_t order, uint32_t page_size)
{
	uint64_t index = unusable_index(zone, order);
	uint64_t asked = zone->asked[order], granted = zone->granted[order];

	printf("%5u %8s %4llu.%03llu %14llu %14llu %6.1f %%\n", order,
	       size_text((uint64_t)page_size << order).chars, (unsigned long long)index / 1000,
	       (unsigned long long)index % 1000, (unsigned long long)asked, (unsigned long long)granted,
	       percent(granted > asked ? granted - asked : 0, granted));
}

static void print_zone(const struct rsv_ioc_zone *zone, uint32_t page_size)
{
	uint32_t order;

	printf("zone %s, node %u\n", zone->name, zone->node);
	printf("%5s %8s %8s %14s %14s %8s\n", "order", "block", "unusable", "bytes asked", "bytes granted", "unasked");
	for (order = 0; order < zone->nr_orders; order++)
		print_order(zone, order, page_size);
}

static enum status run_fragmentation(int argc, char **argv)
{
	static const struct option options[] = { OPTION_REGION, OPTION_HELP, OPTIONS_END };
	const char *name = NULL;
	struct rsv_ioc_info info;
	uint32_t region, i;
	int fd;

	while (next_option(argc, argv, options) != -1)
		name = optarg;
	check_arguments(argc, argv, 0, 0);
	fd = open_to_look();
	region = open_region(fd, name);
	info = query_info(fd, region);
	for (i = 0; i < info.nr_zones; i++) {
		struct rsv_ioc_zone zone = query_zone(fd, region, i);

		print_zone(&zone, info.page_size);
	}
	return STATUS_OK;
}

const struct command command_fragmentation = {
	.name = "fragmentation",
	.arguments = "[--region NAME]",
	.summary = "free memory in pieces too small, and memory that nobody asked for",
	.help = "For each order: which share of the free memory is in blocks too small for it, from 0.000, none,\n"
		"to 1.000, all (external fragmentation: the kernel's unusable free space index); bytes that\n"
		"requests asked for, bytes they were granted, and the share that nobody asked for (internal).\n\n"
		"  --region NAME  of this region, not the default one\n",
	.run = run_fragmentation,
};
