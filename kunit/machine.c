// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir_machine.ko: what is proved on whole machines rather than in a suite: interrupts, CPUs
 * that come and go, real zones and nodes. It uses nothing but the public interface, so that it
 * loads on any kernel, and the default region. Loading it does what run= names, and fails with -EIO
 * if that fails; make check-machines compares the region's free areas before and after.
 */
#define pr_fmt(fmt) "machine: " fmt

#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/reservoir.h>
#include <linux/sizes.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>

#include "../src/compat.h"

static char *run = "drain";
module_param(run, charp, 0400);
MODULE_PARM_DESC(run, "what to do: drain, zones, nodes, stress or reserve");

static unsigned int seconds = 40;
module_param(seconds, uint, 0400);
MODULE_PARM_DESC(seconds, "how long stress takes");

static unsigned int slots = 2048;
module_param(slots, uint, 0400);
MODULE_PARM_DESC(slots, "blocks that stress holds at most, of six pages on average");

static unsigned int seed;
module_param(seed, uint, 0400);
MODULE_PARM_DESC(seed, "of stress; 0 for another one each time");

static unsigned int megabytes = 1024;
module_param(megabytes, uint, 0400);
MODULE_PARM_DESC(megabytes, "how much reserve takes");

/*
 * drain: what is free goes to the free areas. No region has a block of 4 TiB, and a request that
 * may sleep gathers all there is before it fails.
 */
static int run_drain(struct rsv_region *r)
{
	return rsv_alloc_pages(r, GFP_KERNEL | __GFP_NOWARN, 30) ? -EIO : 0;
}

/*
 * Pages by the list
 */

static void give_all(struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru)
		__rsv_free_pages(page, 0);
	INIT_LIST_HEAD(pages);
}

static u64 physical(struct page *page)
{
	return (u64)page_to_pfn(page) << PAGE_SHIFT;
}

/* Takes single pages until there are none; each must satisfy the test. */
static int take_all(struct rsv_region *r, gfp_t gfp, struct list_head *pages,
		    bool (*good)(struct page *page))
{
	struct page *page;
	int nr = 0;

	while ((page = rsv_alloc_pages(r, gfp | __GFP_NOWARN, 0))) {
		list_add(&page->lru, pages);
		nr++;
		if (!good(page)) {
			pr_err("gfp flags %pGg got a page at 0x%llx\n", &gfp, physical(page));
			return -EIO;
		}
	}
	return nr;
}

/*
 * zones: of a region all of whose memory was reserved by the name of its zone, requests for a zone
 * get pages below its limit, and find them when those for higher zones have taken what they can
 */
static bool below_16m(struct page *page)
{
	return physical(page) + PAGE_SIZE <= SZ_16M;
}

static bool below_4g(struct page *page)
{
	return physical(page) + PAGE_SIZE <= SZ_4G;
}

static bool has_address(struct page *page)
{
	return !PageHighMem(page);
}

static bool has_none(struct page *page)
{
	return PageHighMem(page);
}

/* From the most general request to the most special: each finds only what the others left. */
static const struct zone_case {
	const char *name;
	gfp_t gfp;
	bool (*good)(struct page *page);
	bool here;
} zone_cases[] = {
	{ "GFP_HIGHUSER", GFP_HIGHUSER, has_none, IS_ENABLED(CONFIG_HIGHMEM) },
	{ "GFP_KERNEL", GFP_KERNEL, has_address, true },
	{ "GFP_DMA32", GFP_KERNEL | __GFP_DMA32, below_4g, IS_ENABLED(CONFIG_ZONE_DMA32) },
	{ "GFP_DMA", GFP_KERNEL | __GFP_DMA, below_16m, IS_ENABLED(CONFIG_ZONE_DMA) },
};

static int run_zones(struct rsv_region *r)
{
	LIST_HEAD(pages);
	unsigned int i;
	int nr = 0;

	for (i = 0; nr >= 0 && i < ARRAY_SIZE(zone_cases); i++) {
		const struct zone_case *c = &zone_cases[i];

		if (!c->here)
			continue;
		nr = take_all(r, c->gfp, &pages, c->good);
		pr_info("%s was served %d pages\n", c->name, nr);
		if (!nr)
			nr = -EIO;
	}
	give_all(&pages);
	return min(nr, 0);
}

/*
 * nodes: a request is served by the node that it names, and then by the others, the nearest first
 */

/* Stays on its CPU: the lists of others may still have pages of a node that was passed. */
static int take_outwards(struct rsv_region *r, int nid, struct list_head *pages)
{
	int distance = 0, now = -1;
	struct page *page;

	while ((page = rsv_alloc_pages_node(r, nid, GFP_NOWAIT | __GFP_NOWARN, 0))) {
		list_add(&page->lru, pages);
		if (page_to_nid(page) == now)
			continue;
		now = page_to_nid(page);
		pr_info("node %d is served by node %d, distance %d\n", nid, now,
			node_distance(nid, now));
		if (node_distance(nid, now) < distance)
			return -EIO;
		distance = node_distance(nid, now);
	}
	return 0;
}

static int take_here(struct rsv_region *r, int nid, struct list_head *pages)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_THISNODE | __GFP_NOWARN;
	struct page *page;

	while ((page = rsv_alloc_pages_node(r, nid, gfp, 0))) {
		list_add(&page->lru, pages);
		if (page_to_nid(page) != nid)
			return -EIO;
	}
	return list_empty(pages) ? -EIO : 0;
}

static int run_nodes(struct rsv_region *r)
{
	LIST_HEAD(pages);
	int nid, err = 0;

	for_each_online_node(nid) {
		err = run_drain(r);
		migrate_disable();
		if (!err)
			err = take_outwards(r, nid, &pages);
		migrate_enable();
		give_all(&pages);
		if (!err)
			err = take_here(r, nid, &pages);
		give_all(&pages);
		if (err)
			break;
	}
	return err;
}

/*
 * stress: a thread and a hard timer interrupt on every CPU put blocks into slots that all share,
 * and give back what was there, which mostly another CPU took
 */

/**
 * struct worker - what stresses one CPU
 * @task: the thread
 * @timer: the interrupt, set off by the thread wherever it runs
 * @cpu: the CPU, as long as it is there
 * @random: of the thread
 * @irq_random: of the interrupt
 * @nr_taken: blocks that the thread took
 * @nr_irq_taken: blocks that the interrupt took
 * @nr_failed: requests that found nothing
 */
struct worker {
	struct task_struct *task;
	struct hrtimer timer;
	unsigned int cpu;
	struct rnd_state random;
	struct rnd_state irq_random;
	unsigned long nr_taken;
	unsigned long nr_irq_taken;
	unsigned long nr_failed;
};

static struct worker *workers;
static atomic_long_t *slot;	/* number of a block's first page, and its order; or 0 */
static atomic_t nr_wrong;
static DEFINE_RAW_SPINLOCK(stress_lock);

#define ORDER_BITS	3
#define STRESS_ORDERS	5
#define STRESS_BATCH	64

/* What the first and the last word of a page in use say */
static unsigned long stress_mark(unsigned long pfn)
{
	return ~pfn ^ ((unsigned long)seed << 8);
}

static void wrong(const char *what, unsigned long pfn, unsigned long word)
{
	if (atomic_inc_return(&nr_wrong) <= 10)
		pr_err("page 0x%lx %s: 0x%lx\n", pfn, what, word);
}

/* Writes what a page's first and last word shall be; what they are must be as @good says. */
static void page_mark(unsigned long pfn, unsigned long mark, bool in_use, bool zeroed)
{
	unsigned long *word = kmap_local_page(pfn_to_page(pfn));
	unsigned long *last = word + PAGE_SIZE / sizeof(*word) - 1;

	if (in_use && (*word != stress_mark(pfn) || *last != stress_mark(pfn)))
		wrong("was written to by somebody else", pfn, *word);
	if (!in_use && *word == stress_mark(pfn))
		wrong("was handed out twice", pfn, *word);
	if (zeroed && memchr_inv(word, 0, PAGE_SIZE))
		wrong("is not zeroed", pfn, *word);
	*word = mark;
	*last = mark;
	kunmap_local(word);
}

static unsigned long stress_take(struct rsv_region *r, gfp_t gfp, unsigned int order)
{
	struct page *page = rsv_alloc_pages(r, gfp | __GFP_NOWARN, order);
	unsigned long pfn, i;

	if (!page)
		return 0;
	pfn = page_to_pfn(page);
	for (i = pfn; i < pfn + (1UL << order); i++)
		page_mark(i, stress_mark(i), false, gfp & __GFP_ZERO);
	return pfn << ORDER_BITS | order;
}

static void stress_give(unsigned long block)
{
	unsigned int order = block & ((1U << ORDER_BITS) - 1);
	unsigned long pfn = block >> ORDER_BITS, i;

	if (!block)
		return;
	for (i = pfn; i < pfn + (1UL << order); i++)
		page_mark(i, 0xdead, true, false);
	__rsv_free_pages(pfn_to_page(pfn), order);
}

/* Returns 1 if a block was taken; one time in eight none is asked for. */
static unsigned int stress_step(struct worker *w, struct rnd_state *random, gfp_t gfp)
{
	struct rsv_region *r = rsv_default_region();
	u32 x = prandom_u32_state(random);
	unsigned long block = 0;

	if (x >> 29) {
		block = stress_take(r, gfp | (x & 0x100 ? __GFP_ZERO : 0), x % STRESS_ORDERS);
		w->nr_failed += !block;
	}
	stress_give(atomic_long_xchg(&slot[(x >> 9) % slots], block));
	return !!block;
}

static enum hrtimer_restart stress_interrupt(struct hrtimer *timer)
{
	struct worker *w = container_of(timer, struct worker, timer);
	unsigned int i;

	for (i = 0; i < 4; i++)
		w->nr_irq_taken += stress_step(w, &w->irq_random, GFP_ATOMIC);
	return HRTIMER_NORESTART;
}

/* One step in each of the ways in which a thread may take pages */
static void stress_way(struct worker *w)
{
	u32 way = prandom_u32_state(&w->random) % 64;
	unsigned long flags;

	if (!way) {
		w->nr_taken += stress_step(w, &w->random, GFP_KERNEL);
	} else if (way < 16) {
		raw_spin_lock_irqsave(&stress_lock, flags);
		w->nr_taken += stress_step(w, &w->random, GFP_ATOMIC);
		raw_spin_unlock_irqrestore(&stress_lock, flags);
	} else {
		w->nr_taken += stress_step(w, &w->random, GFP_NOWAIT);
	}
}

/* A thread whose CPU went away runs elsewhere, and returns when the CPU does. */
static int stress_thread(void *data)
{
	struct worker *w = data;
	unsigned int i;

	while (!kthread_should_stop()) {
		if (task_cpu(current) != w->cpu && cpu_online(w->cpu))
			set_cpus_allowed_ptr(current, cpumask_of(w->cpu));
		hrtimer_start(&w->timer,
			      ns_to_ktime(20000 + prandom_u32_state(&w->random) % 200000),
			      HRTIMER_MODE_REL_PINNED_HARD);
		for (i = 0; i < STRESS_BATCH; i++)
			stress_way(w);
		cond_resched();
	}
	return 0;
}

static int stress_start(struct worker *w, unsigned int cpu)
{
	w->cpu = cpu;
	prandom_seed_state(&w->random, seed + 2 * cpu);
	prandom_seed_state(&w->irq_random, seed + 2 * cpu + 1);
	rsv_hrtimer_setup(&w->timer, stress_interrupt, HRTIMER_MODE_REL_PINNED_HARD);
	w->task = kthread_run(stress_thread, w, "stress/%u", cpu);
	return PTR_ERR_OR_ZERO(w->task);
}

/* Stops the threads and then, as nobody sets them off any more, the interrupts. */
static void stress_stop(unsigned int nr)
{
	unsigned long taken = 0, irq_taken = 0, failed = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		kthread_stop(workers[i].task);
		hrtimer_cancel(&workers[i].timer);
		taken += workers[i].nr_taken;
		irq_taken += workers[i].nr_irq_taken;
		failed += workers[i].nr_failed;
	}
	for (i = 0; i < slots; i++)
		stress_give(atomic_long_read(&slot[i]));
	pr_info("figure: seed %u: %lu blocks were taken by %u threads, %lu by interrupts, %lu requests failed\n",
		seed, taken, nr, irq_taken, failed);
	if (!taken || !irq_taken)
		atomic_inc(&nr_wrong);
}

static int stress(void)
{
	unsigned int cpu, nr = 0;
	int err = 0;

	for_each_online_cpu(cpu) {
		err = stress_start(&workers[nr], cpu);
		if (err)
			break;
		nr++;
	}
	if (!err)
		msleep_interruptible(seconds * MSEC_PER_SEC);
	stress_stop(nr);
	return err ?: atomic_read(&nr_wrong) ? -EIO : 0;
}

static int run_stress(struct rsv_region *r)
{
	int err = -ENOMEM;

	if (!seed)
		seed = get_random_u32() | 1;
	workers = kcalloc(nr_cpu_ids, sizeof(*workers), GFP_KERNEL);
	slot = vcalloc(slots, sizeof(*slot));
	if (workers && slot)
		err = stress();
	vfree(slot);
	kfree(workers);
	/* The last zeroed pages may still be on their way to where a drain finds them. */
	msleep(200);
	return err ?: run_drain(r);
}

/*
 * reserve: a region made and ended, beside as much memory taken and given back by the page
 */
static s64 microseconds(ktime_t since)
{
	return ktime_us_delta(ktime_get(), since);
}

static int reserve_region(s64 *took, s64 *gave)
{
	const struct rsv_reserve want = { .bytes = (size_t)megabytes << 20 };
	ktime_t start = ktime_get();
	struct rsv_region *r = rsv_region_create("measured", &want, 1);
	int err;

	if (IS_ERR(r))
		return PTR_ERR(r);
	*took = microseconds(start);
	start = ktime_get();
	err = rsv_region_destroy(r);
	*gave = microseconds(start);
	return err;
}

static int reserve_pages(s64 *took, s64 *gave)
{
	unsigned long nr = (unsigned long)megabytes << (20 - PAGE_SHIFT), i;
	ktime_t start = ktime_get();
	struct page *page, *next;
	LIST_HEAD(pages);

	for (i = 0; i < nr; i++) {
		page = alloc_pages(GFP_KERNEL, 0);
		if (!page)
			break;
		list_add(&page->lru, &pages);
	}
	*took = microseconds(start);
	start = ktime_get();
	list_for_each_entry_safe(page, next, &pages, lru)
		__free_pages(page, 0);
	*gave = microseconds(start);
	return i < nr ? -ENOMEM : 0;
}

static int reserve_once(void)
{
	s64 took, gave, page_took, page_gave;
	int err = reserve_region(&took, &gave);

	if (!err)
		err = reserve_pages(&page_took, &page_gave);
	if (err)
		return err;
	pr_info("figure: %u MiB reserved in %lld us, released in %lld us; by the page %lld and %lld us: %lld %%\n",
		megabytes, took, gave, page_took, page_gave,
		div64_s64(100 * (took + gave), max(page_took + page_gave, 1LL)));
	return 0;
}

/* Three times, since the first one also pays for the order in which the system's memory is. */
static int run_reserve(struct rsv_region *r)
{
	int i, err = 0;

	for (i = 0; !err && i < 3; i++)
		err = reserve_once();
	return err;
}

static const struct {
	const char *name;
	int (*run)(struct rsv_region *r);
} runs[] = {
	{ "drain", run_drain },
	{ "zones", run_zones },
	{ "nodes", run_nodes },
	{ "stress", run_stress },
	{ "reserve", run_reserve },
};

static int __init machine_init(void)
{
	struct rsv_region *r = rsv_default_region();
	unsigned int i;

	if (!r || !slots)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(runs); i++)
		if (!strcmp(run, runs[i].name))
			return runs[i].run(r);
	return -EINVAL;
}
module_init(machine_init);

/* Nothing is left behind: what was started in machine_init() ended there. */
static void __exit machine_exit(void)
{
}
module_exit(machine_exit);

MODULE_DESCRIPTION("Proofs of Reservoir on whole machines");
MODULE_LICENSE("GPL");
