// SPDX-License-Identifier: GPL-2.0
/*
 * The growth of cost: from small regions to large ones, and from one cache to ten thousand.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "bench.h"
#include "loops.h"

#define PAIRS		1024
#define LOADS		7
#define READS		7
#define READ_SIZE	SZ_64K
#define MOST_CACHES	10000

static struct rsv_region *region;
static struct rsv_cache *cache;		/* in that region */
static struct kmem_cache *kernel_cache;

/*
 * Files are read as programs read them: debugfs does not read into kernel memory. The buffer is in
 * the program that asked for the case.
 */

/* Reads the whole file and leaves its beginning at @to. Returns bytes, or a negative error. */
static ssize_t read_to(const char *path, char __user *to)
{
	struct file *file = filp_open(path, O_RDONLY, 0);
	ssize_t got = -EINVAL, sum = 0;
	char __user *at = to;
	loff_t pos = 0;

	if (IS_ERR(file))
		return PTR_ERR(file);
	while (file->f_op->read) {
		got = file->f_op->read(file, at, READ_SIZE, &pos);
		if (got <= 0)
			break;
		sum += got;
		/* The beginning stays; the rest overwrites one buffer again and again. */
		at = to + READ_SIZE;
	}
	fput(file);
	return got < 0 ? got : sum;
}

static char __user *reading_begin(void)
{
	unsigned long at = vm_mmap(NULL, 0, 2 * READ_SIZE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, 0);

	return IS_ERR_VALUE(at) ? NULL : (char __user *)at;
}

static void reading_end(char __user *at)
{
	vm_munmap((unsigned long)at, 2 * READ_SIZE);
}

/* Time to read a file, in ns; false if there is none */
static bool reading_takes(const char *path, struct bench_figure *f)
{
	char __user *to = reading_begin();
	u64 values[READS];
	ssize_t got = -1;
	unsigned int i;

	for (i = 0; to && i < READS; i++) {
		ktime_t start = ktime_get();

		got = read_to(path, to);
		if (got < 0)
			break;
		values[i] = ktime_to_ns(ktime_sub(ktime_get(), start)) * 100;
		cond_resched();
	}
	if (to)
		reading_end(to);
	if (got < 0)
		return false;
	*f = bench_summarize(values, READS);
	return true;
}

/**
 * bench_fact - a number in the file stats of a region
 * @region_name: the region
 * @name: what stands before the number
 *
 * Return: the number, or 0 if there is none.
 */
u64 bench_fact(const char *region_name, const char *name)
{
	static char text[2048];
	char path[80], *line;
	char __user *to = reading_begin();
	u64 value = 0;

	if (!to)
		return 0;
	snprintf(path, sizeof(path), "/sys/kernel/debug/reservoir/regions/%s/stats", region_name);
	if (read_to(path, to) > 0 && !copy_from_user(text, to, sizeof(text) - 1)) {
		line = strstr(text, name);
		if (line && sscanf(line + strlen(name), " %llu", &value) != 1)
			value = 0;
	}
	reading_end(to);
	return value;
}

/*
 * Regions
 */

static struct rsv_region *region_of(unsigned int megabytes)
{
	const struct rsv_reserve want = {
		.bytes = (size_t)megabytes * SZ_1M,
		.flags = RSV_RESERVE_FORCE,
	};

	return rsv_region_create("growing", &want, 1);
}

/* Hundredths of a unit for each GB */
static u64 per_gb(u64 value, unsigned int megabytes)
{
	return div_u64(value * 100 * 1024, megabytes);
}

static const char *load(const struct bench_case *c)
{
	struct bench_figure f, metadata = {};
	u64 values[LOADS];
	unsigned int i;
	char name[32];

	for (i = 0; i < LOADS; i++) {
		ktime_t start = ktime_get();

		region = region_of(c->what);
		if (IS_ERR(region))
			return "the machine does not have so much memory";
		values[i] = per_gb(ktime_us_delta(ktime_get(), start), c->what);
		metadata.median = per_gb(bench_fact("growing", "metadata_bytes"), c->what) / SZ_1K;
		rsv_region_destroy(region);
		cond_resched();
	}
	f = bench_summarize(values, LOADS);
	bench_report(c->name, 1, "us/GB", &f, NULL, "");
	metadata.lowest = metadata.median;
	metadata.highest = metadata.median;
	snprintf(name, sizeof(name), "growth-metadata%s", strrchr(c->name, '-'));
	bench_report(name, 1, "KB/GB", &metadata, NULL, "");
	return NULL;
}

static const char *begin(const struct bench_case *c)
{
	cache = NULL;
	kernel_cache = NULL;
	region = region_of(c->what);
	if (IS_ERR(region))
		return "the machine does not have so much memory";
	cache = rsv_cache_create(region, "growing", BENCH_OBJECT, 0, 0, NULL);
	kernel_cache = kmem_cache_create("growing", BENCH_OBJECT, 0, SLAB_NO_MERGE, NULL);
	return kernel_cache && !IS_ERR(cache) ? NULL : "no cache could be made";
}

static void end(const struct bench_case *c)
{
	kmem_cache_destroy(kernel_cache);
	if (!IS_ERR_OR_NULL(cache))
		rsv_cache_destroy(cache);
	if (!IS_ERR(region))
		rsv_region_destroy(region);
}

static u64 pair(const struct bench_case *c, bool ours)
{
	return ours ? bench_pairs(our_object, our_object_back, cache, 0, GFP_KERNEL, PAIRS) :
		bench_pairs(kernel_object, kernel_object_back, kernel_cache, 0, GFP_KERNEL, PAIRS);
}

static u64 page(const struct bench_case *c, bool ours)
{
	return ours ? bench_pairs(our_pages, our_pages_back, region, 0, GFP_KERNEL, PAIRS) :
		bench_pairs(kernel_pages, kernel_pages_back, NULL, 0, GFP_KERNEL, PAIRS);
}

/*
 * Caches
 */

static struct rsv_cache **ours;
static struct kmem_cache **kernels;

static bool make_ours(unsigned int i)
{
	char name[24];

	snprintf(name, sizeof(name), "growing-%u", i);
	ours[i] = rsv_cache_create(rsv_default_region(), name, BENCH_OBJECT, 0, 0, NULL);
	return !IS_ERR(ours[i]);
}

static bool make_kernels(unsigned int i)
{
	char name[24];

	snprintf(name, sizeof(name), "growing-%u", i);
	kernels[i] = kmem_cache_create(name, BENCH_OBJECT, 0, SLAB_NO_MERGE, NULL);
	return kernels[i];
}

/* Creates the caches from @nr to @to. Returns ns for each, in hundredths; 0 if that failed. */
static u64 make(bool (*make_one)(unsigned int i), unsigned int *nr, unsigned int to)
{
	unsigned int from = *nr;
	ktime_t start = ktime_get();

	for (; *nr < to; ++*nr) {
		if (!make_one(*nr))
			return 0;
		cond_resched();
	}
	return div_u64(ktime_to_ns(ktime_sub(ktime_get(), start)) * 100, to - from);
}

static void report_caches(unsigned int nr, u64 our_time, u64 kernel_time)
{
	struct bench_figure a = { our_time, our_time, our_time };
	struct bench_figure b = { kernel_time, kernel_time, kernel_time };
	char name[32];

	snprintf(name, sizeof(name), "growth-caches-%u", nr);
	bench_report(name, 1, "ns, creating one", &a, &b, "");
	a = (struct bench_figure){};
	b = (struct bench_figure){};
	reading_takes("/sys/kernel/debug/reservoir/slabinfo", &a);
	reading_takes("/proc/slabinfo", &b);
	snprintf(name, sizeof(name), "growth-slabinfo-%u", nr);
	bench_report(name, 1, "ns, reading it", &a, &b, b.median ? "" : "no /proc/slabinfo");
}

static const char *grow_caches(unsigned int *our_nr, unsigned int *kernel_nr)
{
	static const unsigned int marks[] = { 1, 10, 100, 1000, MOST_CACHES };
	u64 our_time, kernel_time;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(marks); i++) {
		our_time = make(make_ours, our_nr, marks[i]);
		kernel_time = make(make_kernels, kernel_nr, marks[i]);
		if (!our_time || !kernel_time)
			return "there was not enough memory for all caches";
		report_caches(marks[i], our_time, kernel_time);
	}
	return NULL;
}

static const char *many_caches(const struct bench_case *c)
{
	const char *why = "no memory for what is measured";
	unsigned int our_nr = 0, kernel_nr = 0;

	ours = vcalloc(MOST_CACHES, sizeof(*ours));
	kernels = vcalloc(MOST_CACHES, sizeof(*kernels));
	if (ours && kernels)
		why = grow_caches(&our_nr, &kernel_nr);
	while (our_nr)
		rsv_cache_destroy(ours[--our_nr]);
	while (kernel_nr)
		kmem_cache_destroy(kernels[--kernel_nr]);
	vfree(kernels);
	vfree(ours);
	return why;
}

#define LOAD(size, megabytes)							\
	{ .name = "growth-load-" size, .run = load, .what = megabytes }

#define PAIR(size, megabytes)							\
	{									\
		.name = "growth-pair-" size, .begin = begin, .turn = pair,	\
		.end = end, .what = megabytes					\
	}

#define PAGE(size, megabytes)							\
	{									\
		.name = "growth-page-" size, .begin = begin, .turn = page,	\
		.end = end, .what = megabytes					\
	}

/* bench_growth - the cases of this file */
const struct bench_case bench_growth[] = {
	LOAD("64M", 64),
	LOAD("256M", 256),
	LOAD("1G", 1024),
	LOAD("4G", 4096),
	LOAD("16G", 16384),
	PAIR("64M", 64),
	PAIR("256M", 256),
	PAIR("1G", 1024),
	PAIR("4G", 4096),
	PAIR("16G", 16384),
	PAGE("64M", 64),
	PAGE("256M", 256),
	PAGE("1G", 1024),
	PAGE("4G", 4096),
	PAGE("16G", 16384),
	{ .name = "growth-caches", .run = many_caches },
	{ }
};
