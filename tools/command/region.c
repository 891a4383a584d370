// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir region: create, destroy, grow, shrink and list regions.
 */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "device.h"
#include "draw.h"
#include "options.h"
#include "spec.h"

static void print_size(int fd, const char *name)
{
	struct rsv_ioc_info info = query_info(fd, open_region(fd, name));

	printf("%s: %s, %s free\n", info.name, size_text(info.bytes).chars,
	       size_text(info.free_bytes + info.cached_bytes).chars);
}

static void run_create(char **arguments)
{
	struct rsv_ioc_reserve want[RSV_RESERVES_MAX];
	uint32_t nr = parse_specs(arguments[1], want);
	int fd = open_for_changes();

	create_region(fd, arguments[0], want, nr);
	print_size(fd, arguments[0]);
}

static void run_destroy(char **arguments)
{
	destroy_region(open_for_changes(), arguments[0]);
	printf("%s: destroyed\n", arguments[0]);
}

static void run_grow(char **arguments)
{
	struct rsv_ioc_reserve want;
	int fd;

	parse_spec(arguments[1], &want);
	fd = open_for_changes();
	grow_region(fd, arguments[0], &want);
	print_size(fd, arguments[0]);
}

static void run_shrink(char **arguments)
{
	uint64_t wanted = parse_size(arguments[1]), removed;
	int fd = open_for_changes();

	removed = shrink_region(fd, arguments[0], wanted);
	printf("%s given back to the system\n", size_text(removed).chars);
	print_size(fd, arguments[0]);
}

static void print_region(int fd, const struct rsv_ioc_region_next *region)
{
	static const char *const origins[] = {"kernel", "named", "scratch"};
	char name[sizeof("kernel:") + RSV_NAME_MAX];
	struct rsv_ioc_info info;
	uint32_t handle;

	printf("%-20s %-8s", region->name, origins[region->origin]);
	if (region->origin == RSV_REGION_SCRATCH) {
		puts("  (destroyed when its program ends)");
		return;
	}
	snprintf(name, sizeof(name), "%s%s", region->origin == RSV_REGION_KERNEL ? "kernel:" : "",
		 region->name);
	/* Only root opens a kernel module's region, and a region may be gone by now. */
	if (!try_open_region(fd, name, &handle)) {
		puts("  (cannot be opened)");
		return;
	}
	info = query_info(fd, handle);
	printf(" %12s", size_text(info.bytes).chars);
	printf(" %12s %7u %6u\n", size_text(info.free_bytes + info.cached_bytes).chars,
	       info.nr_extents, info.nr_caches);
}

static void run_list(char **arguments)
{
	struct rsv_ioc_region_next region;
	int fd = open_for_queries();
	uint32_t id;

	(void)arguments;
	printf("%-20s %-8s %12s %12s %7s %6s\n", "region", "origin", "size", "free", "extents",
	       "caches");
	for (id = 0; next_region(fd, id, &region); id = region.id + 1)
		print_region(fd, &region);
}

static const struct {
	const char *name;
	int arguments;
	void (*run)(char **arguments);
} actions[] = {
	{"create", 2, run_create}, {"destroy", 1, run_destroy}, {"grow", 2, run_grow},
	{"shrink", 2, run_shrink}, {"list", 0, run_list},
};

#define NR_ACTIONS (sizeof(actions) / sizeof(actions[0]))

static enum status run_region(int argc, char **argv)
{
	static const struct option options[] = {OPTION_HELP, OPTIONS_END};
	const char *name;
	size_t i;

	next_option(argc, argv, options);
	check_arguments(argc, argv, 1, 3);
	name = argv[optind++];
	for (i = 0; i < NR_ACTIONS; i++) {
		if (strcmp(name, actions[i].name))
			continue;
		check_arguments(argc, argv, actions[i].arguments, actions[i].arguments);
		actions[i].run(argv + optind);
		return STATUS_OK;
	}
	wrong_usage("'%s' is none of create, destroy, grow, shrink and list", name);
}

const struct command command_region = {
	.name = "region",
	.arguments =
		"create NAME SPEC[,SPEC...] | destroy NAME | grow NAME SPEC | shrink NAME SIZE | list",
	.summary = "create, destroy, resize and list regions",
	.help = "A region stays until it is destroyed or the module is unloaded. If a kernel module has\n"
		"a region of the same name, kernel:NAME is that one. A region that shrinks\n"
		"gives back free memory only; what is allocated does not move. All actions but list\n"
		"are for root.\n\n"
		"SPEC is [nodeN/][ZONE:]SIZE[K|M|G][:SHARED], where ZONE is dma, dma32, normal or\n"
		"highmem, or contig for one extent. The memory of a named zone serves only requests\n"
		"for that zone, except for SHARED of it.\n",
	.run = run_region,
};
