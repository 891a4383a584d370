// SPDX-License-Identifier: GPL-2.0
/*
 * The files of a cache in debugfs: caches/NAME/stats and caches/NAME/slabs. debugfs.c says what
 * holds for all files.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "cache_files.h"
#include "query.h"
#include "show.h"

static int rsv_cache_stats_show(struct seq_file *m, void *unused)
{
	struct rsv_cache *cache = m->private;
	struct rsv_ioc_cache c = {};

	rsv_query_one_cache(cache, &c);
	seq_printf(m, "name %s\n", cache->name);
	seq_printf(m, "engine %s\n", c.engine);
	rsv_show(m, "object_size", c.object_size);
	rsv_show(m, "stride", c.stride);
	rsv_show(m, "align", c.align);
	rsv_show(m, "slab_pages", c.slab_pages);
	rsv_show(m, "slab_objects", c.slab_objects);
	rsv_show(m, "slab_waste_bytes", c.slab_waste);
	rsv_show(m, "active_objects", c.active_objects);
	rsv_show(m, "total_objects", c.total_objects);
	rsv_show(m, "full_slabs", c.full_slabs);
	rsv_show(m, "partial_slabs", c.partial_slabs);
	rsv_show(m, "empty_slabs", c.empty_slabs);
	rsv_show(m, "allocs", c.allocs);
	rsv_show(m, "frees", c.frees);
	rsv_show(m, "failures", c.failures);
	rsv_show(m, "slabs_made", c.slabs_made);
	rsv_show(m, "slabs_given", c.slabs_given);
	rsv_show(m, "magazine_rounds", c.magazine_rounds);
	rsv_show(m, "depot_full", c.depot_full);
	rsv_show(m, "depot_empty", c.depot_empty);
	rsv_show(m, "exchanges", c.exchanges);
	rsv_show(m, "contended", c.contended);
	rsv_show(m, "guaranteed_objects", c.guaranteed_objects);
	rsv_show(m, "rcu_waiting", c.rcu_waiting);
	rsv_show(m, "percpu_target", c.percpu_target);
	rsv_show(m, "percpu_objects", c.percpu_objects);
	rsv_show(m, "percpu_allocs", c.percpu_allocs);
	rsv_show(m, "percpu_refills", c.percpu_refills);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(rsv_cache_stats);

/*
 * slabs: one line for each slab. The iterator is the number of the slab's first page
 * plus one, since NULL ends the file.
 */

static void *rsv_slabs_from(struct seq_file *m, loff_t *pos)
{
	struct rsv_slab_figures slab;

	if (!rsv_query_slab(m->private, *pos, &slab))
		return NULL;
	*pos = slab.page;
	return (void *)(slab.page + 1);
}

static void *rsv_slabs_start(struct seq_file *m, loff_t *pos)
{
	if (!*pos)
		seq_puts(m, "# offset pages objects out carved list\n");
	return rsv_slabs_from(m, pos);
}

static void *rsv_slabs_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return rsv_slabs_from(m, pos);
}

static void rsv_slabs_stop(struct seq_file *m, void *v)
{
}

static int rsv_slabs_show(struct seq_file *m, void *v)
{
	unsigned long page = (unsigned long)v - 1;
	struct rsv_slab_figures slab;

	/* The slab may have been freed since rsv_slabs_from() found it. */
	if (!rsv_query_slab(m->private, page, &slab) || slab.page != page)
		return SEQ_SKIP;
	seq_printf(m, "0x%llx %u %u %u %u %s\n", (u64)page << PAGE_SHIFT, slab.pages, slab.objects,
		   slab.out, slab.carved, slab.list);
	return 0;
}

static const struct seq_operations rsv_slabs_sops = {
	.start = rsv_slabs_start,
	.next = rsv_slabs_next,
	.stop = rsv_slabs_stop,
	.show = rsv_slabs_show,
};
DEFINE_SEQ_ATTRIBUTE(rsv_slabs);

/**
 * rsv_cache_files_add() - create the files of a cache
 * @c: the cache, its folder created
 *
 * Context: Process; may sleep.
 */
void rsv_cache_files_add(struct rsv_cache *c)
{
	debugfs_create_file("stats", 0400, c->debugfs, c, &rsv_cache_stats_fops);
	debugfs_create_file("slabs", 0400, c->debugfs, c, &rsv_slabs_fops);
}
