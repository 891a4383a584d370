// SPDX-License-Identifier: GPL-2.0
/*
 * A process that calls: its privileges, its threads, and what they choose to do next. It may be
 * killed at any time.
 */
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "fuzz.h"

/* With less free memory nobody takes more for regions */
#define SHORT MB(64)

static const struct {
	call_function call;
	unsigned int weight;
	bool privileged;
} others[] = {
	[OTHER_IOCTL] = {call_unknown_ioctl, 5, false},
	[OTHER_OPEN] = {call_open, 4, false},
	[OTHER_CLOSE] = {call_close, 2, false},
	[OTHER_DUP] = {call_dup, 3, false},
	[OTHER_SEND] = {call_send, 3, false},
	[OTHER_RECEIVE] = {call_receive, 3, false},
	[OTHER_MMAP] = {call_mmap, 40, false},
	[OTHER_MUNMAP] = {call_munmap, 12, false},
	[OTHER_MREMAP] = {call_mremap, 10, false},
	[OTHER_MPROTECT] = {call_mprotect, 15, false},
	[OTHER_MADVISE] = {call_madvise, 20, false},
	[OTHER_TOUCH] = {call_touch, 60, false},
	[OTHER_FORK] = {call_fork, 2, false},
	[OTHER_VMSPLICE] = {call_vmsplice, 20, false},
	[OTHER_READ_PIPE] = {call_read_pipe, 15, false},
	[OTHER_READ_PROCESS] = {call_read_process, 15, false},
	[OTHER_DEBUGFS] = {call_debugfs, 8, true},
	[OTHER_PARAMETER] = {call_parameter, 2, true},
};

_Static_assert(ARRAY_SIZE(others) == NR_OTHERS, "all others are called");

void prng_seed(struct prng *p, uint64_t seed)
{
	/* splitmix64, so that similar seeds begin differently */
	seed += 0x9e3779b97f4a7c15;
	seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9;
	seed = (seed ^ (seed >> 27)) * 0x94d049bb133111eb;
	p->state = (seed ^ (seed >> 31)) | 1;
}

uint32_t prng_choose(struct prng *p, uint32_t nr)
{
	p->state ^= p->state >> 12;
	p->state ^= p->state << 25;
	p->state ^= p->state >> 27;
	return ((p->state * 0x2545f4914f6cdd1d) >> 32) * nr >> 32;
}

bool memory_is_short(void)
{
	struct sysinfo info;

	return sysinfo(&info) || (uint64_t)info.freeram * info.mem_unit < SHORT;
}

/* The thread that an access failed in goes on where it is prepared for that. */
static __thread struct thread *current;

static void on_fault(int signal)
{
	(void)signal;
	if (!current || !current->jumps)
		_exit(70);
	siglongjmp(current->jump, 1);
}

static unsigned int weight_of_others(unsigned int i)
{
	return others[i].privileged && !current->privileged ? 0 : others[i].weight;
}

static unsigned int weight_of_all(void)
{
	unsigned int sum = 0, i;

	for (i = 0; i < NR_IOCTLS; i++)
		sum += ioctl_weight(i);
	for (i = 0; i < NR_OTHERS; i++)
		sum += weight_of_others(i);
	return sum;
}

static void step(struct thread *t, unsigned int weights)
{
	unsigned int at = choose(t, weights), i;

	for (i = 0; i < NR_IOCTLS; i++) {
		if (at < ioctl_weight(i)) {
			call_ioctl(t, i);
			return;
		}
		at -= ioctl_weight(i);
	}
	for (i = 0; i < NR_OTHERS && at >= weight_of_others(i); i++)
		at -= weight_of_others(i);
	others[i].call(t);
}

/* At most @nr calls, as long as there are any to be made */
void steps(struct thread *t, unsigned int nr)
{
	unsigned int weights = weight_of_all();

	while (nr-- && !__atomic_load_n(&common->stop, __ATOMIC_RELAXED) &&
	       __atomic_fetch_sub(&common->left, 1, __ATOMIC_RELAXED) > 0)
		step(t, weights);
}

static void *thread_run(void *argument)
{
	current = argument;
	steps(current, ~0U);
	return NULL;
}

/* Three pages, of which the second has no memory */
static void thread_init(struct thread *t, uint64_t seed, bool privileged)
{
	const size_t page = sysconf(_SC_PAGESIZE);

	memset(t, 0, sizeof(*t));
	prng_seed(&t->random, seed);
	t->privileged = privileged;
	t->pages = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(t->pages + page, page);
}

/* All of them are one user's, so that they may read one another's memory. */
static void drop_privileges(void)
{
	const id_t user = 65534;

	if (setgroups(0, NULL) || setresgid(user, user, user) || setresuid(user, user, user))
		_exit(71);
	prctl(PR_SET_DUMPABLE, 1);
}

static void set_up_descriptors(void)
{
	int ends[2];

	if (pipe2(ends, O_NONBLOCK) || dup2(ends[0], FD_PIPE) < 0 || dup2(ends[1], FD_PIPE + 1) < 0)
		_exit(72);
	close(ends[0]);
	close(ends[1]);
}

void worker_run(unsigned int number, uint64_t seed)
{
	const struct sigaction action = {.sa_handler = on_fault};
	static struct thread threads[THREADS];
	pthread_t ids[THREADS];
	bool privileged = number % 2;
	unsigned int i;

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	set_up_descriptors();
	if (!privileged)
		drop_privileges();
	for (i = 0; i < THREADS; i++)
		thread_init(&threads[i], seed + i, privileged);
	open_devices(&threads[0]);
	for (i = 0; i < THREADS; i++) {
		if (pthread_create(&ids[i], NULL, thread_run, &threads[i]))
			_exit(73);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
	_exit(0);
}
