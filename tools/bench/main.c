// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir_bench.ko: the cost of Reservoir compared with the running kernel's own allocators. It
 * uses only the public interface and the default region, and has three files in debugfs:
 */
#define pr_fmt(fmt) "bench: " fmt

#include <linux/cpumask.h>
#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bench.h"

#define NOTE_MAX	96

char *bench_unit = BENCH_UNIT;
module_param_named(unit, bench_unit, charp, 0400);
MODULE_PARM_DESC(unit, "what the clock counts: cycles, or instructions where it is known to");

unsigned int bench_rounds = 31;
module_param_named(rounds, bench_rounds, uint, 0400);
MODULE_PARM_DESC(rounds, "rounds of each case, an odd number of at least 7");

unsigned int bench_tries = 12;
module_param_named(tries, bench_tries, uint, 0400);
MODULE_PARM_DESC(tries, "how often they are repeated at most, until two medians agree");

static const struct bench_case *const all_cases[] = {
	bench_objects,
	bench_kmalloc,
	bench_pages,
	bench_exhaust,
	bench_cpus,
	bench_stream,
	bench_worst,
	bench_delay,
	bench_others,
	bench_growth,
	bench_extents,
	bench_vmalloc,
	bench_caches_life,
	bench_sheaf,
	bench_nolock,
	bench_full,
	bench_aged,
	bench_page_lists,
	bench_fragment,
	bench_rcu,
};

/**
 * struct result - a line of results
 * @link: in results
 * @name: of the case
 * @cpus: number of CPUs
 * @unit: unit of the figures
 * @ours: Reservoir's figure; 0 if there is none
 * @kernels: the kernel's
 * @note: a remark, such as why there are no figures
 */
struct result {
	struct list_head link;
	char name[40];
	unsigned int cpus;
	char unit[24];
	struct bench_figure ours;
	struct bench_figure kernels;
	char note[NOTE_MAX];
};

static LIST_HEAD(results);
static DEFINE_MUTEX(lock);	/* guards results, and one run at a time measures */
static struct dentry *dir;

/*
 * Results
 */

/**
 * bench_report - add a line to the results
 * @name: of the case
 * @cpus: number of CPUs
 * @measured_in: unit
 * @ours: Reservoir's figure; may be NULL
 * @kernels: the kernel's; may be NULL
 * @note: a remark, or ""
 */
void bench_report(const char *name, unsigned int cpus, const char *measured_in,
		  const struct bench_figure *ours, const struct bench_figure *kernels,
		  const char *note)
{
	struct result *r = kzalloc(sizeof(*r), GFP_KERNEL);

	if (!r)
		return;
	strscpy(r->name, name, sizeof(r->name));
	strscpy(r->unit, measured_in, sizeof(r->unit));
	strscpy(r->note, note, sizeof(r->note));
	r->cpus = cpus;
	if (ours)
		r->ours = *ours;
	if (kernels)
		r->kernels = *kernels;
	list_add_tail(&r->link, &results);
}

static void free_results(void)
{
	struct result *r, *next;

	list_for_each_entry_safe(r, next, &results, link) {
		list_del(&r->link);
		kfree(r);
	}
}

/* Hundredths as a number, or a dash if there is none */
static void show_value(struct seq_file *m, u64 value, bool there)
{
	u32 rest;
	u64 whole = div_u64_rem(value, 100, &rest);

	if (there)
		seq_printf(m, "\t%llu.%02u", whole, rest);
	else
		seq_puts(m, "\t-");
}

static void show_result(struct seq_file *m, const struct result *r)
{
	bool ours = r->ours.median, kernels = r->kernels.median;
	u64 thousandths, whole;
	u32 rest;

	seq_printf(m, "%s\t%u\t%s", r->name, r->cpus, r->unit);
	show_value(m, r->ours.median, ours);
	show_value(m, r->kernels.median, kernels);
	if (ours && kernels) {
		thousandths = div64_u64(r->ours.median * 1000, r->kernels.median);
		whole = div_u64_rem(thousandths, 1000, &rest);
		seq_printf(m, "\t%llu.%03u", whole, rest);
	} else {
		seq_puts(m, "\t-");
	}
	show_value(m, r->ours.lowest, ours);
	show_value(m, r->ours.highest, ours);
	show_value(m, r->kernels.lowest, kernels);
	show_value(m, r->kernels.highest, kernels);
	seq_printf(m, "\t%s\n", r->note);
}

static int results_show(struct seq_file *m, void *unused)
{
	struct result *r;

	seq_puts(m, "case\tcpus\tunit\treservoir\tkernel\tratio");
	seq_puts(m, "\treservoir_lowest\treservoir_highest\tkernel_lowest\tkernel_highest\tnote\n");
	mutex_lock(&lock);
	list_for_each_entry(r, &results, link)
		show_result(m, r);
	mutex_unlock(&lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(results);

/*
 * Cases
 */

static int cases_show(struct seq_file *m, void *unused)
{
	const struct bench_case *c;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all_cases); i++)
		for (c = all_cases[i]; c->name; c++)
			seq_printf(m, "%s\n", c->name);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(cases);

/* Not every kernel exports its own. */
static bool matches(const char *pattern, const char *name)
{
	const char *star = NULL, *again = NULL;

	while (*name) {
		if (*pattern == '*') {
			star = ++pattern;
			again = name;
		} else if (*pattern == '?' || *pattern == *name) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++again;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/* Measures the cases whose names match, or only counts them. */
static unsigned int run_matching(const char *pattern, bool dry)
{
	const struct bench_case *c;
	unsigned int i, nr = 0;

	for (i = 0; i < ARRAY_SIZE(all_cases); i++) {
		for (c = all_cases[i]; c->name; c++) {
			if (!matches(pattern, c->name))
				continue;
			nr++;
			if (!dry)
				bench_measure(c);
		}
	}
	return nr;
}

/* Runs none of the patterns if one of them matches no case. */
static int run_patterns(char *patterns, bool dry)
{
	char *pattern;

	while ((pattern = strsep(&patterns, "\n "))) {
		if (!*pattern || run_matching(pattern, dry))
			continue;
		pr_err("there is no case named %s\n", pattern);
		return -EINVAL;
	}
	return 0;
}

static ssize_t run_write(struct file *file, const char __user *from, size_t count, loff_t *pos)
{
	char *asked, *patterns;
	int err = -ENOMEM;

	asked = memdup_user_nul(from, min_t(size_t, count, PAGE_SIZE));
	if (IS_ERR(asked))
		return PTR_ERR(asked);
	patterns = kstrdup(asked, GFP_KERNEL);
	if (patterns)
		err = count > PAGE_SIZE ? -E2BIG : run_patterns(patterns, true);
	kfree(patterns);
	mutex_lock(&lock);
	if (!err) {
		free_results();
		err = run_patterns(asked, false);
	}
	mutex_unlock(&lock);
	kfree(asked);
	return err ?: count;
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = run_write,
};

static int __init bench_init(void)
{
	if (bench_rounds < 7 || !(bench_rounds & 1)) {
		pr_err("rounds=%u is not an odd number of at least 7\n", bench_rounds);
		return -EINVAL;
	}
	if (!bench_tries) {
		pr_err("tries=0: nothing would be measured\n");
		return -EINVAL;
	}
	if (!rsv_default_region()) {
		pr_err("there is no default region to measure in\n");
		return -ENODEV;
	}
	dir = debugfs_create_dir("reservoir_bench", NULL);
	debugfs_create_file("cases", 0400, dir, NULL, &cases_fops);
	debugfs_create_file("run", 0200, dir, NULL, &run_fops);
	debugfs_create_file("results", 0400, dir, NULL, &results_fops);
	return 0;
}

static void __exit bench_exit(void)
{
	debugfs_remove_recursive(dir);
	free_results();
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_DESCRIPTION("What Reservoir costs beside the kernel's own allocators");
MODULE_LICENSE("GPL");
