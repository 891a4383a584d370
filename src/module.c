// SPDX-License-Identifier: GPL-2.0
/*
 * Parameters, start and stop.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/string.h>

#include "compat.h"
#include "interface/debugfs.h"
#include "interface/device.h"
#include "interface/query.h"
#include "region.h"

static char *reserve = "64M";
module_param(reserve, charp, 0444);
MODULE_PARM_DESC(reserve, "memory to take at load: SIZE[K|M|G], or none (default 64M)");

static bool force;
module_param(force, bool, 0444);
MODULE_PARM_DESC(force, "take up to all of the available memory, not up to half (default 0)");

/* Digits and one of K, M and G; more than 0 and no more than a size can be. */
static int rsv_parse_size(const char *text, size_t *size)
{
	size_t length = strlen(text);
	unsigned long long number;
	unsigned int shift = 0;
	char digits[24];

	if (!isdigit(text[0]) || length >= sizeof(digits))
		return -EINVAL;
	strscpy(digits, text, sizeof(digits));

	switch (digits[length - 1]) {
	case 'G':
		shift += 10;
		fallthrough;
	case 'M':
		shift += 10;
		fallthrough;
	case 'K':
		shift += 10;
		digits[length - 1] = '\0';
	}
	if (kstrtoull(digits, 10, &number) || !number || check_shl_overflow(number, shift, size) ||
	    *size > SIZE_MAX - PAGE_SIZE)
		return -EINVAL;
	return 0;
}

/* Returns the number of entries, 0 or 1. */
static int rsv_parse_reserve(const char *text, struct rsv_reserve *want)
{
	if (!strcmp(text, "none"))
		return 0;
	if (rsv_parse_size(text, &want->bytes)) {
		pr_err("reserve=%s is not understood: want SIZE[K|M|G], such as 64M, or none\n",
		       text);
		return -EINVAL;
	}
	if (force)
		want->flags |= RSV_RESERVE_FORCE;
	return 1;
}

static void rsv_announce(void)
{
	struct rsv_ioc_info info = {};

	rsv_query_info(rsv_default_region(), &info);
	pr_info(RSV_VERSION ": %llu KiB in %u %s, largest block %llu KiB\n", info.bytes >> 10,
		info.nr_extents, info.nr_extents == 1 ? "run" : "runs", info.largest_block >> 10);
}

static int __init rsv_init(void)
{
	struct rsv_reserve want = {};
	int nr, err;

	nr = rsv_parse_reserve(reserve, &want);
	if (nr < 0)
		return nr;

	rsv_debugfs_start();
	err = rsv_regions_start(&want, nr);
	if (err)
		goto no_regions;
	err = rsv_device_create();
	if (err)
		goto no_device;
	rsv_announce();
	return 0;

no_device:
	pr_err("/dev/reservoir cannot be made: error %d\n", err);
	rsv_regions_stop();
no_regions:
	rsv_debugfs_stop();
	return err;
}

/* No descriptor, mapping or kernel user is left: each of them holds a reference to the module. */
static void __exit rsv_exit(void)
{
	rsv_device_destroy();
	rsv_regions_stop();
	rsv_debugfs_stop();
}

module_init(rsv_init);
module_exit(rsv_exit);

MODULE_DESCRIPTION("Reservoir: memory set aside once, with its own buddy system and slab allocator");
MODULE_LICENSE("GPL");
MODULE_VERSION(RSV_VERSION);
