/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the fuzzer share, from the top: main.c, the process that starts, kills and
 * replaces all others; pressure.c, the one that takes the system's memory; worker.c, those that
 * call, and their threads; ioctls.c, memory.c, descriptors.c and privileged.c, what they call;
 * tally.c, what came of it.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DEVICE	      "/dev/reservoir"
#define PARAMETERS    "/sys/module/reservoir/parameters/"
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/*
 * Devices of the machine: QEMU's edu, which can become a bus master, one that has no driver, and
 * one that has
 */
#define PCI_MASTER    "pci/0000:00:02.0"
#define PCI_PLAIN     "pci/0000:00:00.0"
#define DRIVEN	      "platform/serial8250"

#define KB(n)	      ((uint64_t)(n) << 10)
#define MB(n)	      ((uint64_t)(n) << 20)

#define WORKERS	      4 /* processes that call; the odd ones are privileged */
#define THREADS	      2 /* of each of them */
#define DESCRIPTORS   3 /* that a process has of the device at most */
#define KNOWN	      8 /* handles of a kind that it remembers of each */
#define SLOTS	      8 /* mappings that it has at most */
#define SLOT_BYTES    KB(256)

/* File descriptors with fixed numbers, so that threads and processes mean the same ones */
#define FD_SHARED     32 /* two of the device, which all processes have */
#define FD_SOCKET     34 /* both ends of a socket through which they send others */
#define FD_PIPE	      36 /* both ends of a process's own pipe, for pinned pages */
#define FD_DEVICE     64 /* a process's own of the device, DESCRIPTORS of them */

/* Calls that are no ioctl of the table in ioctls.c, counted behind those */
enum other {
	OTHER_IOCTL, /* a number that is no ioctl */
	OTHER_OPEN,
	OTHER_CLOSE,
	OTHER_DUP,
	OTHER_SEND,
	OTHER_RECEIVE,
	OTHER_MMAP,
	OTHER_MUNMAP,
	OTHER_MREMAP,
	OTHER_MPROTECT,
	OTHER_MADVISE,
	OTHER_TOUCH,
	OTHER_FORK,
	OTHER_VMSPLICE,
	OTHER_READ_PIPE,
	OTHER_READ_PROCESS,
	OTHER_DEBUGFS,
	OTHER_PARAMETER,
	NR_OTHERS
};

#define NR_IOCTLS 27
#define NR_CALLS  (NR_IOCTLS + NR_OTHERS)
#define NR_ERRORS 134

/**
 * struct common - memory that all processes share
 * @left: calls that may still be made (atomic)
 * @stop: everybody ends
 * @pids: the processes that call (atomic)
 * @most_lent: the most bytes that the default region had lent at once
 * @presses: times that memory was taken until the system ran short
 * @nr: results of each call, by the caller's privileges and the error number (atomic)
 */
struct common {
	long left;
	bool stop;
	pid_t pids[WORKERS];
	uint64_t most_lent;
	unsigned int presses;
	unsigned long nr[2][NR_CALLS][NR_ERRORS];
};

extern struct common *common;
extern uint8_t *arena; /* SLOTS ranges of addresses for mappings, the same in all processes */

/* Random numbers: xorshift64* */
struct prng {
	uint64_t state;
};

void prng_seed(struct prng *p, uint64_t seed);
uint32_t prng_choose(struct prng *p, uint32_t nr);

/* Kinds of handles */
enum kind { KIND_REGION, KIND_CACHE, KIND_OBJECT, KIND_BUFFER, KIND_BINDING, NR_KINDS };

/**
 * struct descriptor - what a process knows of a descriptor of the device
 * @handles: handles of each kind that it got, the last ones; they may be gone by now
 * @offset: of each buffer, what mmap() takes
 * @bytes: of each buffer, its length
 *
 * Threads change this at the same time, without a lock: a wrong number is as good as any.
 */
struct descriptor {
	uint32_t handles[NR_KINDS][KNOWN];
	uint64_t offset[KNOWN];
	uint64_t bytes[KNOWN];
};

/**
 * struct thread - a thread that calls
 * @random: its random numbers
 * @privileged: its process is root's
 * @pages: three pages for arguments, of which the second has no memory
 * @jump: where to go on after a signal for an access that fails
 * @jumps: whether such an access is under way
 */
struct thread {
	struct prng random;
	bool privileged;
	uint8_t *pages;
	sigjmp_buf jump;
	volatile bool jumps;
};

extern struct descriptor descriptors[DESCRIPTORS];

static inline uint32_t choose(struct thread *t, uint32_t nr)
{
	return prng_choose(&t->random, nr);
}

/* A descriptor of the device, mostly the process's own; @d is what is known of it */
int some_device(struct thread *t, struct descriptor **d);
uint8_t *some_mapping(struct thread *t);

void call_ioctl(struct thread *t, unsigned int i);
unsigned int ioctl_weight(unsigned int i);
const char *ioctl_name(unsigned int i);
bool ioctl_is_privileged(unsigned int i);

typedef void (*call_function)(struct thread *t);
void call_unknown_ioctl(struct thread *t);
void call_open(struct thread *t);
void open_devices(struct thread *t);
void call_close(struct thread *t);
void call_dup(struct thread *t);
void call_send(struct thread *t);
void call_receive(struct thread *t);
void call_mmap(struct thread *t);
void call_munmap(struct thread *t);
void call_mremap(struct thread *t);
void call_mprotect(struct thread *t);
void call_madvise(struct thread *t);
void call_touch(struct thread *t);
void call_fork(struct thread *t);
void call_vmsplice(struct thread *t);
void call_read_pipe(struct thread *t);
void call_read_process(struct thread *t);
void call_debugfs(struct thread *t);
void call_parameter(struct thread *t);

void steps(struct thread *t, unsigned int nr);
__attribute__((noreturn)) void worker_run(unsigned int number, uint64_t seed);
__attribute__((noreturn)) void pressure_run(uint64_t seed);
bool memory_is_short(void);
long write_text(const char *path, const char *text);

/* Counts a call. @result is below 0 if it failed, and errno says why. */
void count(const struct thread *t, unsigned int call, long result);
static inline void count_other(const struct thread *t, enum other call, long result)
{
	count(t, NR_IOCTLS + call, result);
}

void tally_print(void);
bool tally_ok(bool say);
unsigned long tally_calls(bool privileged);

#endif /* FUZZ_H */
