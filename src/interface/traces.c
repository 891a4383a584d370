// SPDX-License-Identifier: GPL-2.0
/*
 * caches/NAME/alloc_traces and free_traces: which code allocated the used objects of a cache, and
 * which code freed them the time before, in the format of the kernel's
 * /sys/kernel/debug/slab/NAME/.
 *
 * Opening a file counts the objects by caller and stack in a hash table. The engine may visit its
 * objects under a raw lock, so the table cannot grow meanwhile: if it is too small, the walk starts
 * again with one twice as large.
 */
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "compat.h"
#include "objects/debug/track.h"
#include "traces.h"

#define RSV_SITES_FIRST	256U /* entries of the first table; a power of two */

/**
 * struct rsv_site - the objects that one call site allocated, or freed, with one stack
 * @caller: address of the call site; 0: not known. With @stack the key of the entry
 * @stack: the stack, as for rsv_stack_fetch()
 * @nr: number of objects; 0: the entry is empty
 * @age_sum: sum of the jiffies since each event
 * @age_min: the fewest jiffies since an event
 * @age_max: the most jiffies since an event
 * @pid_min: the smallest number of a process that allocated or freed
 * @pid_max: the largest one
 * @nodes: nodes of the objects
 * @cpus: CPUs that the code ran on, nr_cpu_ids bits
 */
struct rsv_site {
	unsigned long caller;
	u32 stack;
	unsigned long nr;
	u64 age_sum;
	unsigned long age_min;
	unsigned long age_max;
	pid_t pid_min;
	pid_t pid_max;
	nodemask_t nodes;
	unsigned long cpus[];
};

/**
 * struct rsv_traces - an open file
 * @event: the event that the file shows
 * @nr: number of sites
 * @capacity: entries of @sites, a power of two
 * @full: there are more sites than the table has room for
 * @sites: a hash table while objects are counted; then the sites, those with most objects first
 */
struct rsv_traces {
	enum rsv_event event;
	unsigned int nr;
	unsigned int capacity;
	bool full;
	void *sites;
};

static size_t rsv_site_bytes(void)
{
	return sizeof(struct rsv_site) + BITS_TO_LONGS(nr_cpu_ids) * sizeof(long);
}

static struct rsv_site *rsv_site_at(const struct rsv_traces *t, unsigned int index)
{
	return t->sites + index * rsv_site_bytes();
}

/*
 * Counting
 */

static bool rsv_site_is(const struct rsv_site *s, const struct rsv_track *track)
{
	return s->caller == track->caller && s->stack == track->stack;
}

/*
 * The entry of a record's site, or the empty entry for it. The search ends, since a quarter of the
 * table stays empty.
 */
static struct rsv_site *rsv_traces_find(const struct rsv_traces *t, const struct rsv_track *track)
{
	unsigned int index = hash_long(track->caller ^ track->stack, ilog2(t->capacity));

	while (rsv_site_at(t, index)->nr && !rsv_site_is(rsv_site_at(t, index), track))
		index = (index + 1) % t->capacity;
	return rsv_site_at(t, index);
}

static void rsv_site_init(struct rsv_site *s, const struct rsv_track *track)
{
	s->caller = track->caller;
	s->stack = track->stack;
	s->age_min = ULONG_MAX;
	s->pid_min = track->pid;
	s->pid_max = track->pid;
}

static void rsv_site_count(struct rsv_site *s, const struct rsv_track *track, int nid)
{
	unsigned long age = jiffies - track->when;

	s->nr++;
	s->age_sum += age;
	s->age_min = min(s->age_min, age);
	s->age_max = max(s->age_max, age);
	s->pid_min = min(s->pid_min, track->pid);
	s->pid_max = max(s->pid_max, track->pid);
	__set_bit(track->cpu, s->cpus);
	node_set(nid, s->nodes);
}

/* Counts one object. The engine may call this under a raw lock. */
static void rsv_traces_count(struct rsv_cache *c, struct rsv_extent *e, void *object, void *data)
{
	struct rsv_traces *t = data;
	struct rsv_track track;
	struct rsv_site *s;

	if (t->full || !rsv_track_read(c, object, t->event, &track))
		return;
	s = rsv_traces_find(t, &track);
	if (!s->nr) {
		t->full = t->nr == t->capacity / 4 * 3;
		if (t->full)
			return;
		t->nr++;
		rsv_site_init(s, &track);
	}
	rsv_site_count(s, &track, e->nid);
}

static int rsv_site_compare(const void *a, const void *b)
{
	const struct rsv_site *x = a, *y = b;

	return x->nr > y->nr ? -1 : x->nr < y->nr;
}

static int rsv_traces_try(struct rsv_traces *t, struct rsv_cache *c, unsigned int capacity)
{
	const struct rsv_visitor show = { .visit = rsv_traces_count, .data = t };

	kvfree(t->sites);
	t->sites = kvcalloc(capacity, rsv_site_bytes(), GFP_KERNEL);
	if (!t->sites)
		return -ENOMEM;
	t->capacity = capacity;
	t->nr = 0;
	t->full = false;
	c->engine->for_each(c, &show);
	return 0;
}

static int rsv_traces_collect(struct rsv_traces *t, struct rsv_cache *c)
{
	unsigned int capacity = RSV_SITES_FIRST;
	int err;

	do {
		err = rsv_traces_try(t, c, capacity);
		capacity *= 2;
	} while (!err && t->full);
	if (!err)
		sort(t->sites, t->capacity, rsv_site_bytes(), rsv_site_compare, NULL);
	return err;
}

/*
 * Showing
 */

static void rsv_show_ages(struct seq_file *m, const struct rsv_site *s)
{
	if (s->age_min != s->age_max)
		seq_printf(m, " age=%lu/%llu/%lu", s->age_min, div64_ul(s->age_sum, s->nr),
			   s->age_max);
	else
		seq_printf(m, " age=%lu", s->age_min);
}

static void rsv_show_pids(struct seq_file *m, const struct rsv_site *s)
{
	if (s->pid_min != s->pid_max)
		seq_printf(m, " pid=%d-%d", s->pid_min, s->pid_max);
	else
		seq_printf(m, " pid=%d", s->pid_min);
}

static void rsv_show_cpus_and_nodes(struct seq_file *m, const struct rsv_site *s)
{
	if (num_online_cpus() > 1)
		seq_printf(m, " cpus=%*pbl", nr_cpu_ids, s->cpus);
	if (nr_online_nodes > 1)
		seq_printf(m, " nodes=%*pbl", nodemask_pr_args(&s->nodes));
}

static void rsv_show_symbol(struct seq_file *m, unsigned long addr)
{
	char text[RSV_SYMBOL_MAX];

	rsv_symbol(text, addr);
	seq_puts(m, text);
}

static void rsv_show_stack(struct seq_file *m, u32 stack)
{
	unsigned long *entries;
	unsigned int nr, i;

	if (!stack)
		return;
	nr = rsv_stack_fetch(stack, &entries);
	for (i = 0; i < nr; i++) {
		seq_puts(m, "        ");
		rsv_show_symbol(m, entries[i]);
		seq_putc(m, '\n');
	}
	seq_putc(m, '\n');
}

static int rsv_traces_show(struct seq_file *m, void *v)
{
	const struct rsv_site *s = v;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "No data\n");
		return 0;
	}
	seq_printf(m, "%7lu ", s->nr);
	/* An object that was never freed before has no record in free_traces. */
	if (s->caller) {
		rsv_show_symbol(m, s->caller);
		rsv_show_ages(m, s);
		rsv_show_pids(m, s);
		rsv_show_cpus_and_nodes(m, s);
	} else {
		seq_puts(m, "<not-available>");
	}
	seq_putc(m, '\n');
	rsv_show_stack(m, s->stack);
	return 0;
}

static void *rsv_traces_start(struct seq_file *m, loff_t *pos)
{
	struct rsv_traces *t = m->private;

	if (!t->nr && !*pos)
		return SEQ_START_TOKEN;
	return *pos < t->nr ? rsv_site_at(t, *pos) : NULL;
}

static void *rsv_traces_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct rsv_traces *t = m->private;

	return ++*pos < t->nr ? rsv_site_at(t, *pos) : NULL;
}

static void rsv_traces_stop(struct seq_file *m, void *v)
{
}

static const struct seq_operations rsv_traces_sops = {
	.start = rsv_traces_start,
	.next = rsv_traces_next,
	.stop = rsv_traces_stop,
	.show = rsv_traces_show,
};

static int rsv_traces_release(struct inode *inode, struct file *file)
{
	struct rsv_traces *t = ((struct seq_file *)file->private_data)->private;

	kvfree(t->sites);
	return seq_release_private(inode, file);
}

static int rsv_traces_open(struct inode *inode, struct file *file, enum rsv_event event)
{
	struct rsv_traces *t = __seq_open_private(file, &rsv_traces_sops, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->event = event;
	err = rsv_traces_collect(t, inode->i_private);
	if (err)
		rsv_traces_release(inode, file);
	return err;
}

static int rsv_alloc_traces_open(struct inode *inode, struct file *file)
{
	return rsv_traces_open(inode, file, RSV_ALLOCATED);
}

static int rsv_free_traces_open(struct inode *inode, struct file *file)
{
	return rsv_traces_open(inode, file, RSV_FREED);
}

static const struct file_operations rsv_alloc_traces_fops = {
	.owner = THIS_MODULE,
	.open = rsv_alloc_traces_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = rsv_traces_release,
};

static const struct file_operations rsv_free_traces_fops = {
	.owner = THIS_MODULE,
	.open = rsv_free_traces_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = rsv_traces_release,
};

/**
 * rsv_traces_add() - create the files of a cache that records callers (RSV_STORE_USER)
 * @c: the cache, whose folder exists
 *
 * Removing the folder removes the files, and waits for those that are being opened.
 *
 * Context: Process; may sleep.
 */
void rsv_traces_add(struct rsv_cache *c)
{
	if (!(c->flags & RSV_STORE_USER))
		return;
	debugfs_create_file("alloc_traces", 0400, c->debugfs, c, &rsv_alloc_traces_fops);
	debugfs_create_file("free_traces", 0400, c->debugfs, c, &rsv_free_traces_fops);
}
