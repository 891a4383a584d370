// SPDX-License-Identifier: GPL-2.0
/*
 * The process that takes memory until the system runs short, so that a region that lends must lend,
 * and gives it back, so that the region takes its memory again.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

#include <linux/reservoir.h>

#include "fuzz.h"

/*
 * How much is taken when nothing is available any more: that is more than the distance of the
 * watermarks high and low, so that the system reclaims, and less than that of high and min
 */
#define BELOW	MB(10)

/* How much memory comes and goes */
#define RELIEF	MB(128)

static void sleep_ms(unsigned int ms)
{
	const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	nanosleep(&time, NULL);
}

static uint64_t lent_bytes(int fd)
{
	struct rsv_ioc_info info = {.size = sizeof(info)};

	return ioctl(fd, RSV_IOC_INFO, &info) ? 0 : info.lent_bytes;
}

/* What the system could give without reclaiming from others. It counts from the watermark high. */
static uint64_t available_bytes(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long long kilobytes = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemAvailable: %llu kB", &kilobytes) == 1)
			break;
	if (file)
		fclose(file);
	return KB(kilobytes);
}

static uint64_t all_bytes(void)
{
	struct sysinfo info;

	return sysinfo(&info) ? 0 : (uint64_t)info.totalram * info.mem_unit;
}

static void touch(uint8_t *bytes, uint64_t nr)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	uint64_t at;

	for (at = 0; at < nr; at += page)
		*(volatile uint8_t *)(bytes + at) = 1;
}

/* Touches a range until the system runs short and a region lent memory. Returns how much of it. */
static uint64_t press(int fd, uint8_t *bytes, uint64_t nr)
{
	uint64_t at, below = 0;

	for (at = 0; at < nr && below < BELOW && !lent_bytes(fd); at += MB(2)) {
		touch(bytes + at, MB(2));
		if (available_bytes() < MB(2))
			below += MB(2);
	}
	return at;
}

/* Most of the memory stays taken: only what a region needs to be whole again comes and goes. */
void pressure_run(uint64_t seed)
{
	int fd = open(DEVICE, O_RDONLY | O_CLOEXEC);
	uint64_t nr = all_bytes() / MB(2) * MB(2), pressed, lent;
	uint8_t *bytes = mmap(NULL, nr, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct prng random;

	if (fd < 0 || bytes == MAP_FAILED)
		_exit(74);
	write_text("/proc/self/oom_score_adj", "1000");
	madvise(bytes, nr, MADV_HUGEPAGE);
	prng_seed(&random, seed);
	while (!__atomic_load_n(&common->stop, __ATOMIC_RELAXED)) {
		pressed = press(fd, bytes, nr);
		common->presses++;
		sleep_ms(prng_choose(&random, 500));
		lent = lent_bytes(fd);
		if (lent > common->most_lent)
			common->most_lent = lent;
		if (pressed > RELIEF)
			pressed -= RELIEF;
		madvise(bytes + pressed, nr - pressed, MADV_DONTNEED);
		sleep_ms(500 + prng_choose(&random, 3000));
	}
	_exit(0);
}
