// SPDX-License-Identifier: GPL-2.0
/*
 * double_free: the course of a race. Some CPUs, the freers, free targets that are free already, or
 * free used ones at the same instant. A hard timer interrupts each freer at a random step of a
 * free, and holds it there. Meanwhile the CPU of the run frees the last used objects of the slabs,
 * shrinks the cache, allocates the pages that come back and fills them. Then the freer goes on.
 * Another CPU all the time allocates, fills and checks pages.
 *
 * Each page must stay as its owner filled it, no target may be allocated twice, and every free but
 * the first of a target must be reported. The run prints how many misuses it committed, and
 * scripts/guest/machines compares that with the reports that the module counted.
 *
 * No target is allocated while freers are at work. So a target that was freed once is free, and
 * each further free is a misuse.
 */
#define pr_fmt(fmt) "machine: " fmt

#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "compat.h"
#include "machine.h"
#include "race.h"

#define FREERS		8
#define TARGETS		256	/* at most; large ones take half of the region */
#define KEPT_EVERY	8	/* one target of as many stays used until the freers are at work */
#define PAGES_MOST	96	/* that the run, and half as many that the other CPU allocates */
#define STALL_US	2000	/* the longest that an interrupt holds a freer */
#define MEETING		200	/* turns that a freer waits for others at a target */

/**
 * struct freer - a CPU that frees targets
 * @task: its thread
 * @timer: its hard timer
 * @random: the thread's random numbers
 * @irq_random: the interrupt's
 * @inside: the thread may be freeing
 * @irq_inside: the interrupt may be freeing
 * @stalled: the interrupt holds the CPU
 * @next: the target that the thread frees next; beyond the last one it frees random ones
 * @round: the round in which it began to free
 * @frees: targets that the thread freed
 * @irq_frees: targets that the interrupt freed
 * @stalls: rounds in which the interrupt held the thread
 */
struct freer {
	struct task_struct *task;
	struct hrtimer timer;
	struct rnd_state random;
	struct rnd_state irq_random;
	bool inside;
	bool irq_inside;
	bool stalled;
	unsigned int next;
	unsigned long round;
	unsigned long frees;
	unsigned long irq_frees;
	unsigned long stalls;
};

/**
 * struct round - what one round is about; fixed while freers are at work
 * @race: the kind of targets
 * @nr: their number
 * @target: the targets
 * @freed: those of which a free began
 * @met: freers that came to free a target, by target
 * @number: counts the rounds
 * @armed: freers may free
 * @filled: the pages that came back have another owner
 */
static struct round {
	const struct race *race;
	unsigned int nr;
	void *target[TARGETS];
	DECLARE_BITMAP(freed, TARGETS);
	atomic_t met[TARGETS];
	unsigned long number;
	bool armed;
	bool filled;
} round;

static struct freer freers[FREERS];
static unsigned int nr_freers;
static struct page *pages[PAGES_MOST];
static void *kept[TARGETS / KEPT_EVERY];
static unsigned int nr_kept;

/* Of all rounds */
static unsigned long nr_misuses, nr_frees, nr_irq_frees, nr_stalls, nr_pages;

/* The freers */

/*
 * Says that a free may begin. The run first sets round.armed to false, and then waits until nobody
 * says so.
 */
static bool freer_enter(bool *inside)
{
	WRITE_ONCE(*inside, true);
	/* Either this CPU sees round.armed false, or freers_disarm() sees *inside true. */
	smp_mb();
	if (READ_ONCE(round.armed))
		return true;
	WRITE_ONCE(*inside, false);
	return false;
}

static void freer_leave(bool *inside)
{
	/* What the free wrote is there when freers_disarm() sees this. */
	smp_store_release(inside, false);
}

/* Waits a little until all freers have come to the same target. */
static void freers_meet(unsigned int n)
{
	unsigned int turns = MEETING;

	atomic_inc(&round.met[n]);
	while (turns-- && atomic_read(&round.met[n]) < nr_freers)
		barrier();
}

static unsigned int freer_choose(struct freer *f, struct rnd_state *random)
{
	if (random == &f->random && f->next < round.nr)
		return f->next++;
	return prandom_u32_state(random) % round.nr;
}

static unsigned int freer_free(struct freer *f, struct rnd_state *random)
{
	unsigned int nr = round.race->bulk ? 1 + prandom_u32_state(random) % RACE_BULK : 1, i;
	void *some[RACE_BULK];

	for (i = 0; i < nr; i++) {
		unsigned int n = freer_choose(f, random);

		set_bit(n, round.freed);
		some[i] = round.target[n];
		if (!i && random == &f->random)
			freers_meet(n);
	}
	machine_targets_give(round.race, nr, some);
	return nr;
}

/* Holds the CPU until the pages that came back have another owner, and then frees a target too. */
static enum hrtimer_restart freer_interrupt(struct hrtimer *timer)
{
	struct freer *f = container_of(timer, struct freer, timer);
	ktime_t end = ktime_add_us(ktime_get(), STALL_US);

	if (!freer_enter(&f->irq_inside))
		return HRTIMER_NORESTART;
	f->stalls++;
	WRITE_ONCE(f->stalled, true);
	while (READ_ONCE(round.armed) && !READ_ONCE(round.filled) &&
	       ktime_before(ktime_get(), end))
		cpu_relax();
	WRITE_ONCE(f->stalled, false);
	if (READ_ONCE(round.armed) && prandom_u32_state(&f->irq_random) % 2)
		f->irq_frees += freer_free(f, &f->irq_random);
	freer_leave(&f->irq_inside);
	return HRTIMER_NORESTART;
}

/* The first free of a round starts the timer. */
static void freer_begin(struct freer *f)
{
	if (f->round == round.number)
		return;
	f->round = round.number;
	f->next = 0;
	hrtimer_start(&f->timer, ns_to_ktime(prandom_u32_state(&f->random) % 60000),
		      HRTIMER_MODE_REL_PINNED_HARD);
}

static int freer_thread(void *data)
{
	struct freer *f = data;

	while (!kthread_should_stop()) {
		if (freer_enter(&f->inside)) {
			freer_begin(f);
			f->frees += freer_free(f, &f->random);
			freer_leave(&f->inside);
		} else {
			cpu_relax();
		}
		cond_resched();
	}
	return 0;
}

static int freer_start(struct freer *f, unsigned int cpu)
{
	memset(f, 0, sizeof(*f));
	prandom_seed_state(&f->random, machine_seed + 2 * cpu);
	prandom_seed_state(&f->irq_random, machine_seed + 2 * cpu + 1);
	rsv_hrtimer_setup(&f->timer, freer_interrupt, HRTIMER_MODE_REL_PINNED_HARD);
	f->task = kthread_create_on_cpu(freer_thread, f, cpu, "freer/%u");
	if (IS_ERR(f->task))
		return PTR_ERR(f->task);
	wake_up_process(f->task);
	return 0;
}

static void freers_stop(void)
{
	struct freer *f;

	for (f = freers; f < freers + nr_freers; f++) {
		kthread_stop(f->task);
		hrtimer_cancel(&f->timer);
		nr_frees += f->frees;
		nr_irq_frees += f->irq_frees;
		nr_stalls += f->stalls;
	}
}

static bool freers_any_stalled(void)
{
	struct freer *f;

	for (f = freers; f < freers + nr_freers; f++)
		if (READ_ONCE(f->stalled))
			return true;
	return false;
}

static bool freer_is_inside(struct freer *f)
{
	/* Pairs with freer_leave(). */
	return smp_load_acquire(&f->inside) || smp_load_acquire(&f->irq_inside);
}

/* No free is under way after that. */
static void freers_disarm(void)
{
	struct freer *f;

	WRITE_ONCE(round.armed, false);
	/* Pairs with freer_enter(). */
	smp_mb();
	for (f = freers; f < freers + nr_freers; f++)
		while (freer_is_inside(f))
			cond_resched();
}

static unsigned long freers_frees(void)
{
	unsigned long frees = 0;
	struct freer *f;

	for (f = freers; f < freers + nr_freers; f++)
		frees += f->frees + f->irq_frees;
	return frees;
}

/* The other CPU */

static int taker_thread(void *data)
{
	const struct race *race = data;
	static struct page *held[PAGES_MOST / 2];
	struct rnd_state random;
	unsigned int nr;

	prandom_seed_state(&random, machine_seed);
	while (!kthread_should_stop()) {
		nr = machine_blocks_take(race->region, race->others,
					 ARRAY_SIZE(held) >> race->others, held);
		udelay(prandom_u32_state(&random) % 300);
		machine_blocks_give(race->others, nr, held);
		usleep_range(50, 100);
	}
	return 0;
}

/* The rounds */

/* Allocates targets and fills them. A target that was allocated twice is not as it was filled. */
static void round_take(const struct race *race)
{
	unsigned int most = min_t(size_t, TARGETS, SZ_1M / 2 / race->size), nr, i;

	for (nr = 0; nr < most; nr++) {
		round.target[nr] = machine_target_take(race);
		if (!round.target[nr])
			break;
		machine_pattern_fill(round.target[nr], race->size, nr);
	}
	for (i = 0; i < nr; i++)
		if (machine_pattern_changed(round.target[i], race->size, i))
			machine_wrong("a target was handed out twice, or written to");
	nr_kept = 0;
	round.nr = 0;
	for (i = 0; i < nr; i++) {
		if (i % KEPT_EVERY)
			round.target[round.nr++] = round.target[i];
		else
			kept[nr_kept++] = round.target[i];
	}
}

static void round_give(const struct race *race, unsigned int nr, void **targets)
{
	for (; nr; nr--)
		machine_targets_give(race, 1, targets++);
}

static void round_arm(const struct race *race)
{
	unsigned int i;

	for (i = 0; i < round.nr; i++)
		atomic_set(&round.met[i], 0);
	bitmap_zero(round.freed, TARGETS);
	if (!race->used) {
		bitmap_fill(round.freed, round.nr);
		round_give(race, round.nr, round.target);
	}
	round.number++;
	round.filled = false;
	/* A freer that sees this sees the round: freer_enter() */
	smp_store_release(&round.armed, true);
}

/* While a freer is held, its targets' pages go to another owner. */
static void round_race(const struct race *race, struct rnd_state *random)
{
	ktime_t end = ktime_add_us(ktime_get(), STALL_US);
	unsigned int nr;

	while (!freers_any_stalled() && ktime_before(ktime_get(), end))
		cpu_relax();
	round_give(race, nr_kept, kept);
	machine_targets_flush(race);
	nr = machine_blocks_take(race->region, race->others, PAGES_MOST >> race->others, pages);
	nr_pages += nr << race->others;
	WRITE_ONCE(round.filled, true);
	udelay(prandom_u32_state(random) % 50);
	freers_disarm();
	machine_blocks_give(race->others, nr, pages);
}

static void round_run(const struct race *race, struct rnd_state *random)
{
	unsigned long frees = freers_frees(), first;
	unsigned int i;

	round_take(race);
	if (!round.nr) {
		round_give(race, nr_kept, kept);
		return;
	}
	first = race->used ? 0 : round.nr;
	round_arm(race);
	round_race(race, random);
	first = bitmap_weight(round.freed, round.nr) - first;
	nr_misuses += freers_frees() - frees - first;
	for (i = 0; i < round.nr; i++)
		if (!test_bit(i, round.freed))
			round_give(race, 1, &round.target[i]);
}

static void rounds_run(const struct race *race, unsigned int seconds)
{
	unsigned long end = jiffies + seconds * HZ;
	struct rnd_state random;

	prandom_seed_state(&random, machine_seed + 1000);
	while (time_before(jiffies, end)) {
		round_run(race, &random);
		cond_resched();
	}
}

/*
 * The first CPU is the run's, the last one allocates pages all the time, and those in between are
 * freers.
 */
static int cpus_start(const struct race *race, struct task_struct **taker)
{
	unsigned int cpu, last = cpumask_last(cpu_online_mask);
	int err = 0;

	nr_freers = 0;
	for_each_online_cpu(cpu) {
		if (cpu == cpumask_first(cpu_online_mask) || cpu == last || nr_freers == FREERS)
			continue;
		err = freer_start(&freers[nr_freers], cpu);
		if (err)
			return err;
		nr_freers++;
	}
	if (!nr_freers)
		return -EINVAL;
	*taker = kthread_create_on_cpu(taker_thread, (void *)race, last, "taker/%u");
	if (IS_ERR(*taker))
		return PTR_ERR(*taker);
	wake_up_process(*taker);
	return 0;
}

void machine_race_for(struct race *race, unsigned int seconds)
{
	struct task_struct *taker = NULL;
	cpumask_var_t before;
	int err;

	if (!alloc_cpumask_var(&before, GFP_KERNEL))
		return;
	cpumask_copy(before, current->cpus_ptr);
	set_cpus_allowed_ptr(current, cpumask_of(cpumask_first(cpu_online_mask)));
	round.race = race;
	err = cpus_start(race, &taker);
	if (!err)
		rounds_run(race, seconds);
	else
		machine_wrong("the run needs three CPUs: %d", err);
	if (!IS_ERR_OR_NULL(taker))
		kthread_stop(taker);
	freers_stop();
	set_cpus_allowed_ptr(current, before);
	free_cpumask_var(before);
}

void machine_race_say(const char *what)
{
	pr_info("misused: %lu\n", nr_misuses);
	pr_info("figure: %s: seed %u: %lu rounds, %lu times an interrupt held a free, %lu frees, %lu of interrupts, %lu misuses, %lu pages went to another owner, %lu foreign bytes changed\n",
		what, machine_seed, round.number, nr_stalls, nr_frees, nr_irq_frees, nr_misuses,
		nr_pages, machine_nr_changed());
	if (!nr_misuses || !nr_stalls || !nr_pages)
		machine_wrong("nothing was tried");
}
