// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/reservoir: read-only files about regions and caches. The files of the default
 * region are in this folder itself, those of another region in regions/NAME/. Names are full ones
 * here (name.c): what a program made is user:NAME, and never in the way of a driver's NAME.
 * cache_files.c and traces.c have the files of a cache.
 *
 * region.c and objects/cache.c call the hooks at the end of this file when a region or a cache is
 * created or destroyed.
 *
 * The module works without these files. Where debugfs is absent or switched off, the creation of a
 * file fails, and the debugfs API wants its callers to ignore that.
 *
 * Removing a file waits for its readers, so the remover must not hold a lock that a reader takes.
 * Readers take the raw locks of caches, heaps and zones, and no mutex. The hooks run under none of
 * them.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cache_files.h"
#include "debugfs.h"
#include "objects/cache.h"
#include "objects/cache_list.h"
#include "objects/kmalloc.h"
#include "objects/rcu_frees.h"
#include "objects/stats.h"
#include "pages/zonelist.h"
#include "query.h"
#include "quota.h"
#include "region.h"
#include "report.h"
#include "show.h"
#include "traces.h"

#define RSV_MAP_LINE	64 /* pages in a line of the file map */

static struct dentry *rsv_debugfs_root;
static struct dentry *rsv_debugfs_regions;

/*
 * stats: one name and its value in each line
 */

static void rsv_show_order(struct seq_file *m, const struct rsv_ioc_zone *z, unsigned int order,
			   const char *name, u64 value)
{
	seq_printf(m, "node%u.%s.order%u.%s %llu\n", z->node, z->name, order, name, value);
}

static void rsv_show_zone(struct seq_file *m, const struct rsv_ioc_zone *z)
{
	unsigned int order;

	seq_printf(m, "node%u.%s.pages %llu\n", z->node, z->name, z->pages);
	seq_printf(m, "node%u.%s.free_pages %llu\n", z->node, z->name, z->free_pages);
	seq_printf(m, "node%u.%s.peak_pages %llu\n", z->node, z->name, z->peak_pages);
	seq_printf(m, "node%u.%s.zeroed_pages %llu\n", z->node, z->name, z->zeroed_pages);
	seq_printf(m, "node%u.%s.zeroed_hits %llu\n", z->node, z->name, z->zeroed_hits);
	for (order = 0; order < z->nr_orders; order++) {
		rsv_show_order(m, z, order, "allocs", z->allocs[order]);
		rsv_show_order(m, z, order, "frees", z->frees[order]);
		rsv_show_order(m, z, order, "failures", z->failures[order]);
		rsv_show_order(m, z, order, "splits", z->splits[order]);
		rsv_show_order(m, z, order, "merges", z->merges[order]);
		if (order >= RSV_LISTED_ORDERS)
			continue;
		rsv_show_order(m, z, order, "cached", z->cached[order]);
		rsv_show_order(m, z, order, "cache_hits", z->cache_hits[order]);
		rsv_show_order(m, z, order, "cache_refills", z->cache_refills[order]);
	}
}

/* Calls show for each zone. The structure is too large for the stack. */
static int rsv_each_zone(struct seq_file *m,
			 void (*show)(struct seq_file *m, const struct rsv_ioc_zone *z))
{
	struct rsv_region *r = m->private;
	struct rsv_ioc_zone *z = kzalloc(sizeof(*z), GFP_KERNEL);

	if (!z)
		return -ENOMEM;
	while (!rsv_query_zone(r, z->index, z)) {
		show(m, z);
		z->index++;
		memset_after(z, 0, index);
	}
	kfree(z);
	return 0;
}

static int rsv_stats_show(struct seq_file *m, void *unused)
{
	const struct rsv_region *r = m->private;
	struct rsv_ioc_info info = {};
	char last[RSV_REPORT_MAX];
	enum rsv_misuse what;

	rsv_query_info(m->private, &info);
	rsv_quota_query(m->private, &info);
	seq_printf(m, "version %s\n", info.version);
	seq_printf(m, "region %s\n", r->name);
	rsv_show(m, "bytes", info.bytes);
	rsv_show(m, "free_bytes", info.free_bytes);
	rsv_show(m, "largest_free_bytes", info.largest_free);
	rsv_show(m, "largest_free_block_bytes", info.largest_free_block);
	rsv_show(m, "largest_block_bytes", info.largest_block);
	seq_printf(m, "engine %s\n", info.engine);
	seq_printf(m, "classes %s\n", info.classes);
	rsv_show(m, "slab_bytes", info.slab_bytes);
	rsv_show(m, "heap_bytes", info.heap_bytes);
	rsv_show(m, "heap_free_bytes", info.heap_free_bytes);
	rsv_show(m, "leaving_bytes", info.leaving_bytes);
	rsv_show(m, "rcu_waiting", rsv_rcu_count_region(m->private));
	rsv_show(m, "waiting_pages", info.waiting_pages);
	rsv_show(m, "bad_pages", info.bad_pages);
	rsv_show(m, "programs_bytes", info.programs_bytes);
	rsv_show(m, "programs_limit_bytes", info.programs_limit);
	rsv_show(m, "cached_bytes", info.cached_bytes);
	rsv_show(m, "lent_bytes", info.lent_bytes);
	rsv_show(m, "metadata_bytes", info.metadata_bytes);
	rsv_show(m, "metadata_percpu_bytes", info.percpu_bytes);
	rsv_show(m, "extents", info.nr_extents);
	rsv_show(m, "zones", info.nr_zones);
	rsv_show(m, "caches", info.nr_caches);
	for (what = RSV_OK + 1; what < RSV_MISUSES; what++)
		seq_printf(m, "misuse.%s %llu\n", rsv_misuse_name(what), rsv_misuse_count(what));
	rsv_misuse_last(last, sizeof(last));
	if (last[0])
		seq_printf(m, "misuse.last %s\n", last);
	return rsv_each_zone(m, rsv_show_zone);
}
DEFINE_SHOW_ATTRIBUTE(rsv_stats);

/*
 * buddyinfo: the format of /proc/buddyinfo, whose readers expect the same number of orders in every
 * line
 */

static unsigned int rsv_region_orders(const struct rsv_region *r)
{
	unsigned int n, orders = 0;
	struct rsv_zone *z;

	for (n = 0; (z = rsv_zone_nth(r, n)); n++)
		orders = max(orders, READ_ONCE(z->nr_orders));
	return orders;
}

static void rsv_show_free(struct seq_file *m, const struct rsv_ioc_zone *z)
{
	unsigned int order, orders = rsv_region_orders(m->private);

	seq_printf(m, "Node %u, zone %8s ", z->node, z->name);
	for (order = 0; order < orders; order++)
		seq_printf(m, "%6llu ", z->free[order]);
	seq_putc(m, '\n');
}

static int rsv_buddyinfo_show(struct seq_file *m, void *unused)
{
	return rsv_each_zone(m, rsv_show_free);
}
DEFINE_SHOW_ATTRIBUTE(rsv_buddyinfo);

/*
 * zoneinfo: the watermarks of each zone, similar to /proc/zoneinfo
 */

static void rsv_show_watermarks(struct seq_file *m, const struct rsv_ioc_zone *z)
{
	unsigned int order;

	seq_printf(m, "Node %u, zone %8s\n", z->node, z->name);
	seq_printf(m, "  pages free     %llu\n", z->free_pages);
	seq_printf(m, "        min      %llu\n", z->min_pages);
	seq_printf(m, "        low      %llu\n", z->low_pages);
	seq_printf(m, "        present  %llu\n", z->pages);
	seq_printf(m, "        protection %llu\n", z->protection);
	seq_printf(m, "        largest  %llu\n", rsv_query_largest_run(m->private, z->index));
	seq_printf(m, "        zeroed   %llu\n", z->zeroed_pages);
	for (order = 0; order < RSV_LISTED_ORDERS; order++)
		seq_printf(m, "        cached order %u: %llu\n", order, z->cached[order]);
}

static int rsv_zoneinfo_show(struct seq_file *m, void *unused)
{
	return rsv_each_zone(m, rsv_show_watermarks);
}
DEFINE_SHOW_ATTRIBUTE(rsv_zoneinfo);

/*
 * fragmentation. External: the unusable free space index of each order, as in the kernel's extfrag
 * (0: every free page can serve a request of this order, 1: none can). Internal: bytes requested
 * and granted, and the waste of each size class.
 */

static void rsv_show_unusable(struct seq_file *m, const struct rsv_ioc_zone *z)
{
	unsigned int order, above, orders = rsv_region_orders(m->private);

	seq_printf(m, "Node %u, zone %8s unusable ", z->node, z->name);
	for (order = 0; order < orders; order++) {
		unsigned int index = 1000;
		u64 usable = 0;

		for (above = order; above < orders; above++)
			usable += z->free[above] << above;
		if (z->free_pages)
			index = div64_u64((z->free_pages - min(usable, z->free_pages)) * 1000,
					  z->free_pages);
		seq_printf(m, "%u.%03u ", index / 1000, index % 1000);
	}
	seq_putc(m, '\n');
}

static void rsv_show_internal(struct seq_file *m, const struct rsv_ioc_zone *z)
{
	unsigned int order;

	for (order = 0; order < z->nr_orders; order++)
		seq_printf(m, "Node %u, zone %8s order %2u asked %llu granted %llu\n", z->node,
			   z->name, order, z->asked[order], z->granted[order]);
}

/*
 * Shows a size class: the smallest request that it serves, the waste of that request as a fraction
 * of the request, and the bytes of a slab that no object can use. A class that serves no request
 * has no line.
 */
static void rsv_show_class(struct seq_file *m, const struct rsv_cache *c)
{
	const struct rsv_layout *l = &c->layout;
	unsigned int bytes = l->pages << PAGE_SHIFT, waste = bytes - l->objects * l->object_size;
	unsigned int least = rsv_kmalloc_least(c);
	struct rsv_cache_figures figures;
	unsigned int worst;

	if (!least)
		return;
	worst = (l->object_size - least) * 1000 / least;
	rsv_cache_count(c, &figures);
	seq_printf(m, "class %4u from %4u worst %u.%03u slab %u waste %u active %llu\n",
		   l->object_size, least, worst / 1000, worst % 1000, bytes, waste, figures.active);
}

static bool rsv_show_if_class(struct rsv_cache *c, void *m)
{
	if (c->flags & RSV_CACHE_KMALLOC)
		rsv_show_class(m, c);
	return false;
}

/* Visits all caches, since nothing guards r->kmalloc[] while a region creates or destroys these. */
static int rsv_show_classes(struct seq_file *m)
{
	rsv_caches_visit(m->private, rsv_show_if_class, m);
	return 0;
}

static int rsv_fragmentation_show(struct seq_file *m, void *unused)
{
	return rsv_each_zone(m, rsv_show_unusable) ?: rsv_each_zone(m, rsv_show_internal) ?:
	       rsv_show_classes(m);
}
DEFINE_SHOW_ATTRIBUTE(rsv_fragmentation);

/* extents: the offset and the length of each extent */

static int rsv_extents_show(struct seq_file *m, void *unused)
{
	struct rsv_ioc_extent extent = {};
	unsigned int number;

	seq_puts(m, "# offset bytes node zone lent\n");
	for (number = 0; !rsv_query_next_extent(m->private, &number, &extent); number++)
		seq_printf(m, "0x%llx %llu %u %s %llu\n", extent.offset, extent.bytes, extent.node,
			   extent.zone, extent.lent_bytes);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(rsv_extents);

/*
 * slabinfo: the format of /proc/slabinfo, version 2.1, and nothing else, since some readers refuse
 * a line with more than its 16 words. The engine of a cache is in its file stats.
 */

static void rsv_slabinfo_head(struct seq_file *m)
{
	seq_puts(m, "slabinfo - version: 2.1\n");
	seq_puts(m, "# name            <active_objs> <num_objs> <objsize> <objperslab>");
	seq_puts(m, " <pagesperslab> : tunables <limit> <batchcount> <sharedfactor>");
	seq_puts(m, " : slabdata <active_slabs> <num_slabs> <sharedavail>\n");
}

/* The position is the number of a cache, so caches may come and go between two of them. */
static void *rsv_slabinfo_from(struct seq_file *m, loff_t *pos)
{
	struct rsv_cache *c;

	rcu_read_lock();
	c = *pos > U32_MAX ? NULL : rsv_cache_next(m->private, *pos);
	if (c)
		*pos = c->id;
	rcu_read_unlock();
	return c ? pos : NULL;
}

static void *rsv_slabinfo_start(struct seq_file *m, loff_t *pos)
{
	if (!*pos)
		rsv_slabinfo_head(m);
	return rsv_slabinfo_from(m, pos);
}

static void *rsv_slabinfo_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return rsv_slabinfo_from(m, pos);
}

static void rsv_slabinfo_stop(struct seq_file *m, void *v)
{
}

static void rsv_show_slabinfo(struct seq_file *m, struct rsv_cache *cache)
{
	struct rsv_ioc_cache c = {};
	u64 slabs;

	rsv_query_one_cache(cache, &c);
	slabs = c.full_slabs + c.partial_slabs;
	seq_printf(m, "%-17s %6llu %6llu %6u %4u %4u", cache->name, c.active_objects,
		   c.total_objects, c.stride, c.slab_objects, c.slab_pages);
	seq_printf(m, " : tunables    0    0    0 : slabdata %6llu %6llu %6u\n", slabs,
		   slabs + c.empty_slabs, 0);
}

static int rsv_slabinfo_show(struct seq_file *m, void *pos)
{
	struct rsv_cache *c;

	rcu_read_lock();
	c = rsv_cache_next(m->private, *(loff_t *)pos);
	/* It may be gone, and the next one has its turn. */
	if (c && c->id == *(loff_t *)pos)
		rsv_show_slabinfo(m, c);
	rcu_read_unlock();
	return 0;
}

static const struct seq_operations rsv_slabinfo_sops = {
	.start = rsv_slabinfo_start,
	.next = rsv_slabinfo_next,
	.stop = rsv_slabinfo_stop,
	.show = rsv_slabinfo_show,
};
DEFINE_SEQ_ATTRIBUTE(rsv_slabinfo);

/*
 * map: one character for each page. The iterator is the number of the line plus one, since NULL
 * ends the file.
 */

static void *rsv_map_line(struct rsv_region *r, loff_t pos)
{
	return pos * RSV_MAP_LINE < READ_ONCE(r->span) ? (void *)(unsigned long)(pos + 1) : NULL;
}

static void *rsv_map_start(struct seq_file *m, loff_t *pos)
{
	return rsv_map_line(m->private, *pos);
}

static void *rsv_map_next(struct seq_file *m, void *v, loff_t *pos)
{
	return rsv_map_line(m->private, ++*pos);
}

static void rsv_map_stop(struct seq_file *m, void *v)
{
}

static int rsv_map_show(struct seq_file *m, void *v)
{
	unsigned long line = (unsigned long)v - 1;
	char chars[RSV_MAP_LINE];
	size_t count = rsv_query_map(m->private, line * RSV_MAP_LINE, chars, sizeof(chars));

	seq_write(m, chars, count);
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations rsv_map_sops = {
	.start = rsv_map_start,
	.next = rsv_map_next,
	.stop = rsv_map_stop,
	.show = rsv_map_show,
};
DEFINE_SEQ_ATTRIBUTE(rsv_map);

/*
 * Hooks: the folders of caches and regions
 */

static void rsv_debugfs_cache_created(struct rsv_cache *c)
{
	if (!rsv_debugfs_root)
		return;
	c->debugfs = debugfs_create_dir(c->name, c->region->debugfs_caches);
	rsv_cache_files_add(c);
	rsv_traces_add(c);
}

static void rsv_debugfs_cache_destroyed(struct rsv_cache *c)
{
	debugfs_remove(c->debugfs);
}

static const struct rsv_cache_hooks rsv_debugfs_cache_hooks = {
	.created = rsv_debugfs_cache_created,
	.destroyed = rsv_debugfs_cache_destroyed,
};

/* Compares names, since the last hook runs when rsv_default_region() returns no region any more. */
static bool rsv_is_default(const struct rsv_region *r)
{
	return !strcmp(r->name, RSV_DEFAULT_REGION);
}

static void rsv_debugfs_add_files(struct rsv_region *r, struct dentry *dir)
{
	debugfs_create_file("stats", 0400, dir, r, &rsv_stats_fops);
	debugfs_create_file("buddyinfo", 0400, dir, r, &rsv_buddyinfo_fops);
	debugfs_create_file("zoneinfo", 0400, dir, r, &rsv_zoneinfo_fops);
	debugfs_create_file("fragmentation", 0400, dir, r, &rsv_fragmentation_fops);
	debugfs_create_file("slabinfo", 0400, dir, r, &rsv_slabinfo_fops);
	debugfs_create_file("extents", 0400, dir, r, &rsv_extents_fops);
	debugfs_create_file("map", 0400, dir, r, &rsv_map_fops);
	r->debugfs_caches = debugfs_create_dir("caches", dir);
}

static void rsv_debugfs_region_created(struct rsv_region *r)
{
	if (!rsv_debugfs_root)
		return;
	r->debugfs = rsv_is_default(r) ? rsv_debugfs_root
				       : debugfs_create_dir(r->name, rsv_debugfs_regions);
	rsv_debugfs_add_files(r, r->debugfs);
}

static void rsv_debugfs_region_destroyed(struct rsv_region *r)
{
	/* The default region goes last, and its folder is the root. */
	if (rsv_is_default(r))
		rsv_debugfs_stop();
	else
		debugfs_remove(r->debugfs);
}

static const struct rsv_region_hooks rsv_debugfs_region_hooks = {
	.created = rsv_debugfs_region_created,
	.destroyed = rsv_debugfs_region_destroyed,
};

/**
 * rsv_debugfs_init() - register the hooks, which create nothing before rsv_debugfs_start()
 *
 * Context: At load, before the first region is created.
 */
void rsv_debugfs_init(void)
{
	rsv_region_set_hooks(&rsv_debugfs_region_hooks);
	rsv_cache_set_hooks(&rsv_debugfs_cache_hooks);
}

/**
 * rsv_debugfs_start() - create the folders and files of the default region
 *
 * This is the last step of loading, which cannot fail: a file that somebody has open would outlive
 * a module that fails to load, whose functions it calls.
 *
 * Context: At load, while nobody can create a region or a cache; may sleep.
 */
void rsv_debugfs_start(void)
{
	struct rsv_region *r = rsv_default_region();
	struct rsv_cache *c;

	rsv_debugfs_root = debugfs_create_dir("reservoir", NULL);
	rsv_debugfs_regions = debugfs_create_dir("regions", rsv_debugfs_root);
	rsv_debugfs_region_created(r);
	list_for_each_entry(c, &r->caches, list)
		rsv_debugfs_cache_created(c);
}

/**
 * rsv_debugfs_stop() - remove all folders that are left, once their readers are done
 *
 * Context: May sleep; under none of the locks that readers take.
 */
void rsv_debugfs_stop(void)
{
	debugfs_remove(rsv_debugfs_root);
	rsv_debugfs_root = NULL;
}
