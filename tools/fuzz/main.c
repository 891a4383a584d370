// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz: privileged and unprivileged processes call /dev/reservoir at random, at the same time. This
 * one kills them and starts others in their place; another one takes the system's memory.
 *
 * Each process is a group, so that it is killed with its children, and has a seed of its own, which
 * comes from the one that is printed. The seed repeats what is called, but not when. In the end
 * nobody has anything of the device; scripts/guest/device looks what the module says then.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/reservoir.h>

#include "fuzz.h"

static const char usage[] =
	"usage: fuzz [--calls=NUMBER] [--seconds=NUMBER] [--seed=NUMBER] [--lends]\n"
	"It ends after so many calls or seconds, whichever is first; 0 means no limit. When the\n"
	"seconds are over it goes on, ten times as long at most, until each call succeeded once.\n"
	"--lends: the system runs short of memory, and the default region must lend.\n";

#define CALLS_PER_KILL 2000
#define PATIENCE       10

struct common *common;

static uint64_t seed;
static unsigned long seconds;
static bool lends;
static struct prng random_numbers;
static unsigned int kills;
static bool failed;

static void parse_options(int argc, char **argv)
{
	static const struct option options[] = {
		{"calls", required_argument, NULL, 'c'},
		{"seconds", required_argument, NULL, 's'},
		{"seed", required_argument, NULL, 'r'},
		{"lends", no_argument, NULL, 'l'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'c') {
			common->left = strtol(optarg, NULL, 10);
		} else if (option == 's') {
			seconds = strtoul(optarg, NULL, 10);
		} else if (option == 'r') {
			seed = strtoull(optarg, NULL, 10);
		} else if (option == 'l') {
			lends = true;
		} else {
			fputs(usage, stdout);
			exit(2);
		}
	}
	if (!common->left)
		common->left = LONG_MAX;
	while (!seed)
		if (getrandom(&seed, sizeof(uint32_t), 0) < 0)
			exit(2);
}

static void wrong(const char *what)
{
	printf("%s: %s\n", what, strerror(errno));
	failed = true;
}

/* Opens one of the descriptors that all share, again if there is one. */
static void open_shared(unsigned int i)
{
	int fd = open(DEVICE, O_RDWR);

	if (fd < 0 || dup2(fd, FD_SHARED + (int)i) < 0)
		wrong(DEVICE);
	close(fd);
}

/* Numbers of descriptors and addresses that all processes inherit */
static void set_up(void)
{
	int ends[2];

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (chmod(DEVICE, 0666))
		wrong(DEVICE);
	if (write_text(PARAMETERS "devices", PCI_MASTER "," PCI_PLAIN "," DRIVEN) < 0 ||
	    write_text(PARAMETERS "phys", "group") < 0)
		wrong(PARAMETERS);
	open_shared(0);
	open_shared(1);
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) || dup2(ends[0], FD_SOCKET) < 0 ||
	    dup2(ends[1], FD_SOCKET + 1) < 0)
		wrong("socket");
	close(ends[0]);
	close(ends[1]);
	arena = mmap(NULL, SLOTS * SLOT_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED)
		wrong("mmap");
}

static void start_worker(unsigned int i)
{
	uint64_t its_seed = seed + ((uint64_t)prng_choose(&random_numbers, ~0U) << 32);
	pid_t pid = fork();

	if (!pid) {
		setpgid(0, 0);
		worker_run(i, its_seed);
	}
	if (pid < 0) {
		wrong("fork");
		return;
	}
	setpgid(pid, pid);
	__atomic_store_n(&common->pids[i], pid, __ATOMIC_RELAXED);
}

static pid_t start_pressure(void)
{
	pid_t pid = fork();

	if (!pid)
		pressure_run(seed);
	if (pid < 0)
		wrong("fork");
	return pid;
}

/* A process may end by itself only when all do. Nobody but this one kills it. */
static void check_end(int status)
{
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return;
	printf("a process ended with status 0x%x\n", status);
	failed = true;
}

static void kill_and_replace(unsigned int i)
{
	int status = 0;

	if (common->pids[i] > 0)
		kill(-common->pids[i], SIGKILL);
	if (waitpid(common->pids[i], &status, 0) == common->pids[i])
		check_end(status);
	kills++;
	start_worker(i);
}

/* Whether the run shows what it is for: each call succeeded, and the region lent. */
static bool all_seen(bool say)
{
	bool lent = !lends || __atomic_load_n(&common->most_lent, __ATOMIC_RELAXED);

	if (say && !lent)
		printf("the region never lent any memory\n");
	return tally_ok(say) && lent;
}

/* A slow machine gets more time until it has seen everything. */
static bool time_is_over(time_t begin)
{
	const time_t now = time(NULL);

	if (!seconds || now < begin + (time_t)seconds)
		return false;
	return all_seen(false) || now >= begin + PATIENCE * (time_t)seconds;
}

static bool calls_left(void)
{
	return __atomic_load_n(&common->left, __ATOMIC_RELAXED) > 0;
}

/* Whether a worker ended by itself: the calls are over, or something is wrong. */
static bool worker_ended(void)
{
	unsigned int i;
	int status;
	pid_t pid = waitpid(-1, &status, WNOHANG);

	if (pid <= 0)
		return false;
	check_end(status);
	for (i = 0; i < WORKERS; i++)
		if (common->pids[i] == pid)
			return true;
	return false;
}

/*
 * Waits for some calls, however long they take. Returns false when calls or seconds are over, or a
 * worker is not there any more.
 */
static bool wait_for_calls(long nr, time_t begin)
{
	const struct timespec poll = {.tv_nsec = 2000000};
	long until = __atomic_load_n(&common->left, __ATOMIC_RELAXED) - nr;

	while (__atomic_load_n(&common->left, __ATOMIC_RELAXED) > until) {
		nanosleep(&poll, NULL);
		if (!calls_left() || time_is_over(begin) || worker_ended())
			return false;
	}
	return true;
}

/* Until the calls or the seconds are over */
static void supervise(void)
{
	const time_t begin = time(NULL);

	while (wait_for_calls(1 + prng_choose(&random_numbers, CALLS_PER_KILL), begin)) {
		if (prng_choose(&random_numbers, 4))
			kill_and_replace(prng_choose(&random_numbers, WORKERS));
		else
			open_shared(prng_choose(&random_numbers, 2));
	}
}

/* Ends all processes and waits for them, and for those whose parents were killed. */
static void stop_all(pid_t pressure)
{
	unsigned int i;
	int status;

	__atomic_store_n(&common->stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < WORKERS; i++)
		if (common->pids[i] > 0)
			kill(-common->pids[i], SIGKILL);
	if (pressure)
		kill(pressure, SIGKILL);
	while (wait(&status) > 0)
		check_end(status);
	for (i = 0; i < 2; i++) {
		close(FD_SHARED + (int)i);
		close(FD_SOCKET + (int)i);
	}
}

/* Gives back the memory that processes left to devices. */
static void end_bindings(void)
{
	static const char *const names[] = {PCI_MASTER, PCI_PLAIN, DRIVEN};
	int fd = open(DEVICE, O_RDWR);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		struct rsv_ioc_device_quiet quiet = {.size = sizeof(quiet)};

		strcpy(quiet.device, names[i]);
		if (ioctl(fd, RSV_IOC_DEVICE_QUIET, &quiet))
			wrong(names[i]);
	}
	close(fd);
}

/* Destroys the regions that outlived their processes. Nothing may be in use in them. */
static void end_regions(void)
{
	struct rsv_ioc_region_next next = {.size = sizeof(next)};
	int fd = open(DEVICE, O_RDWR);

	for (; !ioctl(fd, RSV_IOC_REGION_NEXT, &next); next.id++) {
		struct rsv_ioc_region_end end = {.size = sizeof(end)};

		if (next.origin == RSV_REGION_KERNEL)
			continue;
		memcpy(end.name, next.name, sizeof(end.name));
		if (ioctl(fd, RSV_IOC_REGION_END, &end))
			wrong(next.name);
	}
	close(fd);
	chmod(DEVICE, 0660);
}

static void restore_parameters(void)
{
	if (write_text(PARAMETERS "user", "50%") < 0 || write_text(PARAMETERS "quota", "25%") < 0 ||
	    write_text(PARAMETERS "devices", "\n") < 0 || write_text(PARAMETERS "phys", "root") < 0)
		wrong(PARAMETERS);
}

static void report(void)
{
	tally_print();
	printf("figure: seed %llu: %lu unprivileged calls, %lu privileged ones, %u kills\n",
	       (unsigned long long)seed, tally_calls(false), tally_calls(true), kills);
	if (lends)
		printf("figure: memory ran short %u times, and at most %llu KiB were lent\n",
		       common->presses, (unsigned long long)common->most_lent >> 10);
	if (!all_seen(true))
		failed = true;
}

int main(int argc, char **argv)
{
	pid_t pressure = 0;
	unsigned int i;

	common = mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (common == MAP_FAILED)
		return 2;
	parse_options(argc, argv);
	prng_seed(&random_numbers, seed);
	printf("seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	set_up();
	for (i = 0; i < WORKERS; i++)
		start_worker(i);
	if (lends)
		pressure = start_pressure();
	supervise();
	stop_all(pressure);
	end_bindings();
	end_regions();
	restore_parameters();
	report();
	return failed;
}
