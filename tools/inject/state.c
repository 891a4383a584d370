// SPDX-License-Identifier: GPL-2.0
/*
 * What must be as before: the figures of the default region, those of the module, and the system's
 * free memory. Some of it comes back in the background, so a comparison waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/reservoir.h>

#include "inject.h"

#define PATIENCE_MS 20000
#define POLL_MS	    5

/* Less than a block that the module takes at load, more than the ups and downs of the system */
#define NOISE_BYTES (3U << 20)

static void sleep_ms(unsigned int ms)
{
	const struct timespec time = {.tv_nsec = ms * 1000000L};

	nanosleep(&time, NULL);
}

bool wait_until(bool (*holds)(const void *), const void *argument)
{
	int waited;

	for (waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
		if (holds(argument))
			return true;
		sleep_ms(POLL_MS);
	}
	return false;
}

static int module_users(void)
{
	FILE *file = fopen("/sys/module/reservoir/refcnt", "r");
	int users = -1;

	if (!file || fscanf(file, "%d", &users) != 1)
		give_up("cannot read the references to the module");
	fclose(file);
	return users;
}

static uint32_t count_regions(int fd)
{
	struct rsv_ioc_region_next next = {.size = sizeof(next)};
	uint32_t nr = 0;

	for (; !ioctl(fd, RSV_IOC_REGION_NEXT, &next); next.id++)
		nr++;
	return nr;
}

/* Empty slabs are free, or about to be. */
static uint64_t unused_slab_bytes(int fd, uint64_t page_size)
{
	struct rsv_ioc_cache c = {.size = sizeof(c)};
	uint64_t bytes = 0;

	for (; !ioctl(fd, RSV_IOC_CACHE, &c); c.id++) {
		uint64_t slabs = c.empty_slabs;

		if (!c.active_objects)
			slabs += c.partial_slabs + c.full_slabs;
		bytes += slabs * c.slab_pages * page_size;
	}
	return bytes;
}

void state_save(struct state *s)
{
	struct rsv_ioc_info info = {.size = sizeof(info)};
	int fd = open("/dev/reservoir", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, RSV_IOC_INFO, &info))
		give_up("/dev/reservoir: %s", strerror(errno));
	*s = (struct state){
		.free = info.free_bytes + info.cached_bytes + info.leaving_bytes +
			unused_slab_bytes(fd, info.page_size),
		.programs = info.programs_bytes,
		.caches = info.nr_caches,
		.regions = count_regions(fd),
		.misuse = info.misuse,
		.users = module_users(),
	};
	close(fd);
}

static bool state_holds(const void *argument)
{
	const struct state *want = argument;
	struct state now;

	state_save(&now);
	return now.free == want->free && now.programs == want->programs &&
	       now.caches == want->caches && now.regions == want->regions &&
	       now.misuse == want->misuse && now.users == want->users;
}

static void state_print(const char *when, const struct state *s)
{
	printf("%s: %llu bytes free, %llu charged, %u caches, %u regions, %llu misuses, %d users\n",
	       when, (unsigned long long)s->free, (unsigned long long)s->programs, s->caches,
	       s->regions, (unsigned long long)s->misuse, s->users);
}

/* Waits until the state is as it was saved. Prints the difference if that takes too long. */
bool state_is(const struct state *s)
{
	struct state now;

	if (wait_until(state_holds, s))
		return true;
	state_save(&now);
	state_print("before", s);
	state_print("now", &now);
	return false;
}

static uint64_t system_free_bytes(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long long kilobytes = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemFree: %llu kB", &kilobytes) == 1)
			break;
	if (file)
		fclose(file);
	return kilobytes << 10;
}

static bool system_holds(const void *argument)
{
	return system_free_bytes() + NOISE_BYTES > *(const uint64_t *)argument;
}

/*
 * Waits until the system has about as much free memory as it had at least after the attempts until
 * now, and keeps the least in *@least. It is not the same each time: KASAN keeps what was freed for
 * a while, the more the longer an attempt went. Prints the difference as state_is().
 */
bool system_is_whole(uint64_t *least)
{
	uint64_t now;

	if (*least != UINT64_MAX && !wait_until(system_holds, least)) {
		printf("free before: %llu bytes at least, now: %llu\n",
		       (unsigned long long)*least, (unsigned long long)system_free_bytes());
		return false;
	}
	now = system_free_bytes();
	if (now < *least)
		*least = now;
	return true;
}
