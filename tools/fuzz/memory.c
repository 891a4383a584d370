// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of buffers, and what else the kernel does with a program's memory: it moves, protects
 * and forgets it, pins its pages in a pipe, and reads it for another process. Threads do that to
 * the same mappings, so an access may find none: its thread gets a signal and goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/reservoir.h>

#include "fuzz.h"

uint8_t *arena;

static uint64_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

static uint8_t *some_slot(struct thread *t)
{
	return arena + choose(t, SLOTS) * SLOT_BYTES;
}

/* An address that may be mapped, most likely near the beginning of a mapping */
uint8_t *some_mapping(struct thread *t)
{
	return some_slot(t) + choose(t, choose(t, 4) ? 2 * page_size() : SLOT_BYTES);
}

/* A number of bytes: up to a slot, most likely few */
static uint64_t some_bytes(struct thread *t)
{
	return choose(t, 4) ? (1 + choose(t, 4)) * page_size() : choose(t, SLOT_BYTES) + 1;
}

/* One of those that the descriptor has, if it has any */
static unsigned int some_buffer(struct thread *t, const struct descriptor *d)
{
	unsigned int i = choose(t, KNOWN), tries;

	for (tries = 0; tries < KNOWN && !d->handles[KIND_BUFFER][i]; tries++)
		i = (i + 1) % KNOWN;
	return i;
}

void call_mmap(struct thread *t)
{
	struct descriptor *d;
	int fd = some_device(t, &d);
	unsigned int i = some_buffer(t, d);
	uint64_t bytes = d->bytes[i] ? d->bytes[i] : page_size(), offset = d->offset[i];
	int flags = choose(t, 16) ? MAP_SHARED : MAP_PRIVATE;
	int prot = choose(t, 8) ? PROT_READ | PROT_WRITE : PROT_READ;
	void *mapped;

	if (!choose(t, 4) && bytes > page_size()) {
		offset += page_size();
		bytes = choose(t, 2) ? bytes - page_size() : page_size();
	}
	if (!choose(t, 32))
		offset = choose(t, 1 << 20) * page_size();
	if (bytes > SLOT_BYTES)
		bytes = SLOT_BYTES;
	if (!choose(t, 4))
		flags |= MAP_POPULATE;
	mapped = mmap(some_slot(t), bytes, prot, flags | MAP_FIXED, fd, offset);
	count_other(t, OTHER_MMAP, mapped == MAP_FAILED ? -1 : 0);
}

void call_munmap(struct thread *t)
{
	uint64_t bytes = choose(t, 2) ? SLOT_BYTES : some_bytes(t);

	count_other(t, OTHER_MUNMAP, munmap(some_slot(t), bytes));
}

void call_mremap(struct thread *t)
{
	uint64_t from = some_bytes(t), to = choose(t, 4) ? from : some_bytes(t);
	void *mapped = mremap(some_slot(t), from, to, MREMAP_MAYMOVE | MREMAP_FIXED, some_slot(t));

	count_other(t, OTHER_MREMAP, mapped == MAP_FAILED ? -1 : 0);
}

void call_mprotect(struct thread *t)
{
	static const int protections[] = {PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE, PROT_READ,
					  PROT_NONE, PROT_READ | PROT_EXEC};
	int prot = protections[choose(t, ARRAY_SIZE(protections))];

	count_other(t, OTHER_MPROTECT, mprotect(some_slot(t), some_bytes(t), prot));
}

void call_madvise(struct thread *t)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_WILLNEED, MADV_DONTFORK,	  MADV_DOFORK,	       MADV_REMOVE,
		MADV_COLD,     MADV_PAGEOUT,  MADV_POPULATE_READ, MADV_POPULATE_WRITE,
	};

	count_other(t, OTHER_MADVISE,
		    madvise(some_slot(t), some_bytes(t), advice[choose(t, ARRAY_SIZE(advice))]));
}

void call_touch(struct thread *t)
{
	volatile uint8_t *byte = some_mapping(t);
	long result = -1;

	errno = EFAULT;
	if (!sigsetjmp(t->jump, 1)) {
		t->jumps = true;
		if (choose(t, 2))
			*byte = 1;
		else
			(void)*byte;
		result = 0;
	}
	t->jumps = false;
	count_other(t, OTHER_TOUCH, result);
}

/* The child shares descriptors and mappings. It goes on for a while, unless it is killed in it. */
void call_fork(struct thread *t)
{
	const struct timespec soon = {.tv_nsec = choose(t, 20) * 1000000L};
	bool kills = choose(t, 2);
	pid_t child = fork();

	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prng_seed(&t->random, t->random.state + 1);
		steps(t, 1 + choose(t, 64));
		_exit(0);
	}
	count_other(t, OTHER_FORK, child);
	if (child < 0)
		return;
	if (kills) {
		nanosleep(&soon, NULL);
		kill(child, SIGKILL);
	}
	waitpid(child, NULL, 0);
}

/* Pages of a buffer stay pinned in the pipe, whatever happens to buffer and mapping. */
void call_vmsplice(struct thread *t)
{
	struct iovec part = {.iov_base = some_mapping(t), .iov_len = some_bytes(t)};
	unsigned int flags = SPLICE_F_NONBLOCK | (choose(t, 4) ? 0 : SPLICE_F_GIFT);

	count_other(t, OTHER_VMSPLICE, vmsplice(FD_PIPE + 1, &part, 1, flags));
}

void call_read_pipe(struct thread *t)
{
	static uint8_t bytes[1 << 16];
	void *to = choose(t, 4) ? bytes : some_slot(t);

	count_other(t, OTHER_READ_PIPE, read(FD_PIPE, to, some_bytes(t) % sizeof(bytes)));
}

void call_read_process(struct thread *t)
{
	static uint8_t bytes[1 << 16];
	struct iovec from = {.iov_base = some_mapping(t), .iov_len = some_bytes(t) % sizeof(bytes)};
	struct iovec to = {.iov_base = bytes, .iov_len = from.iov_len};
	pid_t pid = __atomic_load_n(&common->pids[choose(t, WORKERS)], __ATOMIC_RELAXED);
	long result;

	if (choose(t, 2))
		to.iov_base = some_mapping(t);
	result = choose(t, 2) ? process_vm_readv(pid, &to, 1, &from, 1, 0)
			      : process_vm_writev(pid, &to, 1, &from, 1, 0);
	count_other(t, OTHER_READ_PROCESS, result);
}
