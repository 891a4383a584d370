// SPDX-License-Identifier: GPL-2.0
/*
 * The module: its parameters, and the order in which its layers start and stop. Only this file
 * knows every layer.
 *
 * The module checks its parameters before anything starts. The layers start from the bottom: pages,
 * objects, regions, the device, and last debugfs, whose files may not appear before the last step
 * that can fail. They stop in the opposite order.
 */
#define pr_fmt(fmt) "reservoir: " fmt

#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "compat.h"
#include "interface/bind.h"
#include "interface/debugfs.h"
#include "interface/device.h"
#include "interface/device_name.h"
#include "interface/ioctl_bind.h"
#include "interface/query.h"
#include "interface/quota.h"
#include "objects/cache.h"
#include "objects/cache_destroy.h"
#include "objects/debug/check.h"
#include "objects/engine.h"
#include "objects/size_class.h"
#include "pages/bad_page.h"
#include "pages/drain.h"
#include "pages/gfp.h"
#include "pages/lend.h"
#include "pages/pagemap.h"
#include "pages/reserve.h"
#include "pages/zonelist.h"
#include "region.h"
#include "work.h"

static char *reserve = "64M";
module_param(reserve, charp, 0444);
MODULE_PARM_DESC(reserve, "memory: [nodeN/][ZONE:|contig:]SIZE[K|M|G],... or none (default 64M)");

static bool force;
module_param(force, bool, 0444);
MODULE_PARM_DESC(force, "take up to all of the available memory, not up to half (default 0)");

static bool reclaim;
module_param(reclaim, bool, 0444);
MODULE_PARM_DESC(reclaim, "lend free memory to the system when it runs short (default 0)");

static char *floor = "0";
module_param(floor, charp, 0444);
MODULE_PARM_DESC(floor, "with reclaim=1: SIZE[K|M|G] that is never lent (default 0)");

static char *engine = "slub";
module_param(engine, charp, 0444);
MODULE_PARM_DESC(engine, "of caches that ask for none: slub, slab or slob (default slub)");

static char *classes = "fine";
module_param(classes, charp, 0444);
MODULE_PARM_DESC(classes, "sizes that rsv_kmalloc() rounds up to: fine or pow2 (default fine)");

static char *debug = "-";
module_param(debug, charp, 0444);
MODULE_PARM_DESC(debug, "checks: [FZPUT][,cache...], as slab_debug= (default - for none)");

static bool rsv_parse_percent(const char *text, unsigned int *percent)
{
	const size_t length = strspn(text, "0123456789");
	const char *rest = text + length;
	char digits[4];

	if (!length || length >= sizeof(digits))
		return false;
	strscpy(digits, text, length + 1);
	rest += *rest == '%';
	rest += *rest == '\n';
	return !*rest && !kstrtouint(digits, 10, percent) && *percent <= 100;
}

/* Runs at load and whenever somebody writes the parameter. */
static int rsv_set_percent(const char *value, const struct kernel_param *param)
{
	unsigned int percent;

	if (!rsv_parse_percent(value, &percent)) {
		pr_err("%s=%s is not understood: want 0%% to 100%%\n", param->name, value);
		return -EINVAL;
	}
	WRITE_ONCE(*(unsigned int *)param->arg, percent);
	return 0;
}

static int rsv_get_percent(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%u%%\n", READ_ONCE(*(unsigned int *)param->arg));
}

static const struct kernel_param_ops rsv_percent_ops = {
	.set = rsv_set_percent,
	.get = rsv_get_percent,
};

module_param_cb(user, &rsv_percent_ops, &rsv_quota_programs, 0644);
MODULE_PARM_DESC(user, "of a region that all programs together may hold (default 50%)");

module_param_cb(quota, &rsv_percent_ops, &rsv_quota_user, 0644);
MODULE_PARM_DESC(quota, "of a region that the programs of one user may hold (default 25%)");

module_param_cb(devices, &rsv_devices_ops, NULL, 0644);
MODULE_PARM_DESC(devices, "for all who open the device: pci/NAME,platform/NAME,... (default none)");

module_param_cb(phys, &rsv_phys_ops, NULL, 0644);
MODULE_PARM_DESC(phys, "who gets physical addresses: root or group (default root)");

/*
 * Parses digits and at most one of K, M and G. The size is more than 0 and so small that rounding
 * it up to whole pages cannot overflow.
 */
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

/*
 * Moves the text behind a word that it begins with. Returns false if it does not begin with the
 * word.
 */
static bool rsv_parse_word(char **text, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*text, word, length))
		return false;
	*text += length;
	return true;
}

static void rsv_parse_zone(char **text, struct rsv_reserve *want)
{
	if (rsv_parse_word(text, "dma:"))
		want->zone = RSV_ZONE_DMA;
	else if (rsv_parse_word(text, "dma32:"))
		want->zone = RSV_ZONE_DMA32;
	else if (rsv_parse_word(text, "normal:"))
		want->zone = RSV_ZONE_NORMAL;
	else if (rsv_parse_word(text, "highmem:"))
		want->zone = RSV_ZONE_HIGHMEM;
	else if (rsv_parse_word(text, "contig:"))
		want->flags |= RSV_RESERVE_CONTIG;
}

static int rsv_parse_node(char **text, struct rsv_reserve *want)
{
	char *number;

	if (!rsv_parse_word(text, "node"))
		return 0;
	number = strsep(text, "/");
	if (!*text || !isdigit(*number) || kstrtoint(number, 10, &want->nid))
		return -EINVAL;
	want->flags |= RSV_RESERVE_NODE;
	return 0;
}

/* Parses [nodeN/][ZONE:|contig:]SIZE[:SHARED]; see struct rsv_reserve for SHARED. */
static int rsv_parse_entry(char *text, struct rsv_reserve *want)
{
	char *size;

	if (rsv_parse_node(&text, want))
		return -EINVAL;
	rsv_parse_zone(&text, want);
	size = strsep(&text, ":");
	if (rsv_parse_size(size, &want->bytes))
		return -EINVAL;
	if (text && rsv_parse_size(text, &want->shared))
		return -EINVAL;
	if (force)
		want->flags |= RSV_RESERVE_FORCE;
	return rsv_reserve_ok(want) ? 0 : -EINVAL;
}

/* Returns the number of entries, or an error after a message that quotes the bad entry. */
static int rsv_parse_list(char *list, struct rsv_reserve *want)
{
	char *entry, quoted[64];
	int nr = 0;

	while ((entry = strsep(&list, ","))) {
		if (nr == RSV_RESERVES_MAX) {
			pr_err("reserve=: more than %u entries\n", RSV_RESERVES_MAX);
			return -EINVAL;
		}
		strscpy(quoted, entry, sizeof(quoted));
		if (rsv_parse_entry(entry, &want[nr++])) {
			pr_err("reserve=%s is not understood, or not of this machine\n", quoted);
			return -EINVAL;
		}
	}
	return nr;
}

static int rsv_parse_reserve(struct rsv_reserve *want)
{
	char *copy;
	int nr;

	if (!strcmp(reserve, "none"))
		return 0;
	copy = kstrdup(reserve, RSV_GFP_CREATE);
	if (!copy)
		return -ENOMEM;
	nr = rsv_parse_list(copy, want);
	kfree(copy);
	return nr;
}

static int rsv_param_error(const char *name, const char *value, const char *expected)
{
	pr_err("%s=%s is not understood: want %s\n", name, value, expected);
	return -EINVAL;
}

static int rsv_parse_floor(size_t *bytes)
{
	*bytes = 0;
	if (!strcmp(floor, "0") || !rsv_parse_size(floor, bytes))
		return 0;
	return rsv_param_error("floor", floor, "SIZE[K|M|G]");
}

static int rsv_parse_engine(void)
{
	const struct rsv_engine *chosen = rsv_engine_named(engine);

	if (!chosen)
		return rsv_param_error("engine", engine, "slub, slab or slob");
	rsv_engine_set_default(chosen);
	return 0;
}

static int rsv_parse_classes(void)
{
	const struct rsv_classes *chosen = rsv_classes_named(classes);

	if (!chosen)
		return rsv_param_error("classes", classes, "fine or pow2");
	rsv_classes_set_default(chosen);
	return 0;
}

/* Sets the defaults of caches before the first one is created. */
static int rsv_parse_cache_params(void)
{
	return rsv_parse_engine() ?: rsv_parse_classes() ?: rsv_debug_parse(debug);
}

static void rsv_print_info(void)
{
	struct rsv_ioc_info info = {};

	rsv_query_info(rsv_default_region(), &info);
	pr_info(RSV_VERSION ": %llu KiB in %u %s, largest block %llu KiB%s\n", info.bytes >> 10,
		info.nr_extents, info.nr_extents == 1 ? "extent" : "extents",
		info.largest_block >> 10,
		info.nr_extents > 1 ? "; reserve=contig:SIZE insists on one contiguous run" : "");
}

static int rsv_pages_start(void)
{
	int err = rsv_work_start();

	if (err)
		return err;
	err = rsv_pagemap_start();
	if (err)
		goto no_pagemap;
	err = rsv_zones_start();
	if (err)
		goto no_zones;
	err = rsv_drain_start();
	if (err)
		goto no_drain;
	err = rsv_bad_pages_start();
	if (err)
		goto no_bad_pages;
	return 0;

no_bad_pages:
	rsv_drain_stop();
no_drain:
	rsv_zones_stop();
no_zones:
	rsv_pagemap_stop();
no_pagemap:
	rsv_work_stop();
	return err;
}

static void rsv_pages_stop(void)
{
	rsv_bad_pages_exit();
	rsv_drain_stop();
	rsv_zones_stop();
	rsv_pagemap_stop();
	rsv_work_stop();
}

static int rsv_layers_start(void)
{
	int err = rsv_pages_start();

	if (err)
		return err;
	rsv_classes_start();
	err = rsv_caches_start();
	if (err)
		rsv_pages_stop();
	return err;
}

static void rsv_layers_stop(void)
{
	/* Works free destroyed caches and removed extents, after a grace period. */
	rsv_work_flush();
	rsv_quarantine_stop();
	rsv_caches_stop();
	rsv_pages_stop();
}

static int rsv_default_start(const struct rsv_reserve *want, int nr, size_t floor_bytes)
{
	int err = rsv_regions_start(want, nr);

	if (err || !reclaim)
		return err;
	err = rsv_lending_start(rsv_default_region(), floor_bytes);
	if (err)
		rsv_regions_stop();
	return err;
}

static int __init rsv_init(void)
{
	struct rsv_reserve want[RSV_RESERVES_MAX] = {};
	size_t floor_bytes;
	int nr, err;

	nr = rsv_parse_reserve(want);
	if (nr < 0)
		return nr;
	err = rsv_parse_floor(&floor_bytes);
	if (err)
		return err;
	err = rsv_parse_cache_params() ?: rsv_layers_start();
	if (err)
		return err;

	rsv_debugfs_init();
	err = rsv_default_start(want, nr, floor_bytes);
	if (err)
		goto no_regions;
	err = rsv_bind_start();
	if (err)
		goto no_bind;
	err = rsv_device_create();
	if (err)
		goto no_device;
	rsv_debugfs_start();
	rsv_device_start();
	rsv_print_info();
	return 0;

no_device:
	pr_err("/dev/reservoir cannot be created: error %d\n", err);
	rsv_bind_stop();
no_bind:
	rsv_regions_stop();
no_regions:
	rsv_layers_stop();
	return err;
}

/*
 * No descriptor, mapping or kernel user is left, since each of them has a reference to the module.
 */
static void __exit rsv_exit(void)
{
	rsv_device_destroy();
	rsv_bind_stop();
	rsv_regions_stop();
	rsv_debugfs_stop();
	rsv_layers_stop();
}

module_init(rsv_init);
module_exit(rsv_exit);

MODULE_DESCRIPTION("Reservoir: memory set aside once, with its own buddy system and slab allocator");
MODULE_LICENSE("GPL");
MODULE_VERSION(RSV_VERSION);
