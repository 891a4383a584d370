// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "command.h"
#include "device.h"
#include "memory.h"
#include "refusal.h"

#define MAP_CHUNK 65536U

static const char *device_path(void)
{
	const char *path = getenv("RESERVOIR_DEVICE");

	return path ? path : "/dev/reservoir";
}

static int open_device(int mode)
{
	int fd = open(device_path(), mode | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno == ENOENT || errno == ENXIO || errno == ENODEV)
		fail("there is no %s: load the module first (as root: modprobe reservoir)",
		     device_path());
	if (errno == EACCES || errno == EPERM)
		fail("no permission to open %s: it is for root and the group reservoir",
		     device_path());
	fail("cannot open %s: %m", device_path());
}

int open_for_queries(void)
{
	return open_device(O_RDONLY);
}

int open_for_changes(void)
{
	return open_device(O_RDWR);
}

/* For an ioctl that fails only on a wrong device */
static void must_ioctl(int fd, unsigned long number, void *argument, const char *what)
{
	if (!ioctl(fd, number, argument))
		return;
	if (errno == ENOTTY)
		fail("%s is not the device of the module reservoir, or of a version without this ioctl",
		     device_path());
	fail("cannot %s: %m", what);
}

struct rsv_ioc_info query_info(int fd, uint32_t region)
{
	struct rsv_ioc_info info = {.size = sizeof(info), .region = region};

	must_ioctl(fd, RSV_IOC_INFO, &info, "query the region");
	return info;
}

struct rsv_ioc_zone query_zone(int fd, uint32_t region, uint32_t index)
{
	struct rsv_ioc_zone zone = {.size = sizeof(zone), .region = region, .index = index};

	must_ioctl(fd, RSV_IOC_ZONE, &zone, "query a zone");
	return zone;
}

struct rsv_ioc_extent query_extent(int fd, uint32_t region, uint32_t index)
{
	struct rsv_ioc_extent extent = {.size = sizeof(extent), .region = region, .index = index};

	must_ioctl(fd, RSV_IOC_EXTENT, &extent, "query an extent");
	return extent;
}

bool query_cache(int fd, uint32_t region, uint32_t id, struct rsv_ioc_cache *cache)
{
	*cache = (struct rsv_ioc_cache){.size = sizeof(*cache), .region = region, .id = id};
	if (!ioctl(fd, RSV_IOC_CACHE, cache))
		return true;
	if (errno != ENOENT)
		fail("cannot query a cache: %m");
	return false;
}

/* Returns the bytes from the beginning of the first extent to the end of the last. */
static uint64_t query_span(int fd, uint32_t region)
{
	struct rsv_ioc_info info = query_info(fd, region);
	uint64_t span = 0;
	uint32_t i;

	for (i = 0; i < info.nr_extents; i++) {
		struct rsv_ioc_extent extent = query_extent(fd, region, i);

		if (extent.offset + extent.bytes > span)
			span = extent.offset + extent.bytes;
	}
	return span;
}

char *query_map(int fd, uint32_t region, uint64_t *nr_pages)
{
	uint64_t most = query_span(fd, region) / query_info(fd, region).page_size;
	struct rsv_ioc_map map;
	char *chars = new_memory(most + 1);

	for (*nr_pages = 0; *nr_pages < most; *nr_pages += map.count) {
		uint64_t room = most - *nr_pages;

		map = (struct rsv_ioc_map){
			.size = sizeof(map),
			.region = region,
			.count = room < MAP_CHUNK ? room : MAP_CHUNK,
			.first = *nr_pages,
			.chars = (uintptr_t)(chars + *nr_pages),
		};
		must_ioctl(fd, RSV_IOC_MAP, &map, "query the map");
		if (!map.count)
			break;
	}
	return chars;
}

_Noreturn void fail_refused(int fd, uint32_t region, const char *what, uint32_t refusal,
			    const char *advice)
{
	int error = errno;
	struct rsv_ioc_info info = query_info(fd, region);

	if (error == EACCES)
		fail("cannot %s: the region belongs to a kernel module", what);
	if (error == EPERM)
		fail("cannot %s: the last pages of the default region are for drivers and for root "
		     "(CAP_SYS_RESOURCE)",
		     what);
	fail("cannot %s: %s%s%s", what, refusal_text(refusal, error, &info).chars,
	     advice ? ": " : "", advice ? advice : "");
}

uint32_t create_scratch_region(int fd, uint64_t bytes)
{
	struct rsv_ioc_region_create want = {.size = sizeof(want), .bytes = bytes};

	if (ioctl(fd, RSV_IOC_REGION_CREATE, &want))
		fail("cannot create a scratch region: %s",
		     refusal_text(want.refusal, errno, NULL).chars);
	return want.handle;
}

/* Stores a name. Returns the flags that its prefix, which is no part of it, stands for. */
static uint32_t set_region_name(char field[RSV_NAME_MAX], const char *name)
{
	static const char prefix[] = "kernel:";
	bool of_kernel = !strncmp(name, prefix, sizeof(prefix) - 1);

	if (of_kernel)
		name += sizeof(prefix) - 1;
	if (strlen(name) >= RSV_NAME_MAX)
		wrong_usage("the name '%s' is longer than %d characters", name, RSV_NAME_MAX - 1);
	strcpy(field, name);
	return of_kernel ? RSV_REGION_OF_KERNEL : 0;
}

/* Ends the program after an ioctl that takes a name of a region. */
static void fail_region(const char *name, const char *what)
{
	if (errno == ENOENT)
		fail("there is no region '%s'; reservoir region list shows them", name);
	if (errno == EACCES)
		fail("'%s' is a scratch region of another program", name);
	if (errno == EPERM)
		fail("cannot %s '%s': only root may do that (CAP_SYS_ADMIN)", what, name);
	if (errno == EBUSY)
		fail("cannot %s '%s': it is in use, or belongs to a kernel module", what, name);
	if (errno == EEXIST)
		fail("there is a region '%s' already", name);
	if (errno == ENOMEM)
		fail("cannot %s '%s': the system lacks free memory; the kernel's log has details",
		     what, name);
	if (errno == EINVAL)
		fail("cannot %s '%s': a bad name, or a zone or node that this machine does not have",
		     what, name);
	fail("cannot %s '%s': %m", what, name);
}

bool try_open_region(int fd, const char *name, uint32_t *handle)
{
	struct rsv_ioc_region_open want = {.size = sizeof(want)};
	int error;

	want.flags = set_region_name(want.name, name);
	error = ioctl(fd, RSV_IOC_REGION_OPEN, &want);
	*handle = want.handle;
	return !error;
}

uint32_t open_region(int fd, const char *name)
{
	uint32_t handle = DEFAULT_REGION;

	if (name && !try_open_region(fd, name, &handle))
		fail_region(name, "open");
	return handle;
}

bool next_region(int fd, uint32_t id, struct rsv_ioc_region_next *region)
{
	*region = (struct rsv_ioc_region_next){.size = sizeof(*region), .id = id};
	if (!ioctl(fd, RSV_IOC_REGION_NEXT, region))
		return true;
	if (errno != ENOENT)
		fail("cannot list the regions: %m");
	return false;
}

int try_create_region(int fd, const char *name, const struct rsv_ioc_reserve *want, uint32_t nr)
{
	struct rsv_ioc_region_make make = {
		.size = sizeof(make), .reserves = (uintptr_t)want, .count = nr};

	make.flags = set_region_name(make.name, name);
	return ioctl(fd, RSV_IOC_REGION_MAKE, &make) ? errno : 0;
}

void create_region(int fd, const char *name, const struct rsv_ioc_reserve *want, uint32_t nr)
{
	if (try_create_region(fd, name, want, nr))
		fail_region(name, "create");
}

int try_destroy_region(int fd, const char *name)
{
	struct rsv_ioc_region_end end = {.size = sizeof(end)};

	end.flags = set_region_name(end.name, name);
	return ioctl(fd, RSV_IOC_REGION_END, &end) ? errno : 0;
}

void destroy_region(int fd, const char *name)
{
	if (try_destroy_region(fd, name))
		fail_region(name, "destroy");
}

void grow_region(int fd, const char *name, const struct rsv_ioc_reserve *want)
{
	struct rsv_ioc_region_grow grow = {.size = sizeof(grow), .want = *want};

	grow.flags = set_region_name(grow.name, name);
	if (ioctl(fd, RSV_IOC_REGION_GROW, &grow))
		fail_region(name, "grow");
}

uint64_t shrink_region(int fd, const char *name, uint64_t bytes)
{
	struct rsv_ioc_region_shrink shrink = {.size = sizeof(shrink), .bytes = bytes};

	shrink.flags = set_region_name(shrink.name, name);
	if (ioctl(fd, RSV_IOC_REGION_SHRINK, &shrink))
		fail_region(name, "shrink");
	return shrink.bytes;
}

struct rsv_ioc_buffer_alloc alloc_buffer(int fd, struct rsv_ioc_buffer_alloc want)
{
	want.size = sizeof(want);
	if (ioctl(fd, RSV_IOC_BUFFER_ALLOC, &want) && (errno == ENOMEM || errno == EDQUOT))
		return (struct rsv_ioc_buffer_alloc){.refusal = want.refusal};
	if (!want.handle)
		fail_refused(fd, want.region, "allocate a block", want.refusal, NULL);
	return want;
}

struct rsv_ioc_scattered_alloc alloc_scattered(int fd, uint32_t region, uint64_t bytes)
{
	struct rsv_ioc_scattered_alloc want = {
		.size = sizeof(want), .region = region, .bytes = bytes};

	if (ioctl(fd, RSV_IOC_SCATTERED_ALLOC, &want) && errno == ENOMEM)
		return (struct rsv_ioc_scattered_alloc){.refusal = want.refusal};
	if (!want.handle)
		fail_refused(fd, region, "allocate pages", want.refusal, NULL);
	return want;
}

void create_cache(int fd, struct rsv_ioc_cache_create *want)
{
	want->size = sizeof(*want);
	if (!ioctl(fd, RSV_IOC_CACHE_CREATE, want))
		return;
	if (errno == EACCES)
		fail("cannot create a cache: the region belongs to a kernel module");
	if (errno == EEXIST)
		fail("there is a cache '%s' already", want->name);
	if (errno == EINVAL)
		fail("cannot create a cache '%s' with objects of %u bytes aligned to %u",
		     want->name, want->object_size, want->align);
	fail("cannot create the cache '%s': %m", want->name);
}

uint32_t shrink_cache(int fd, uint32_t cache)
{
	struct rsv_ioc_cache_shrink shrink = {.size = sizeof(shrink), .cache = cache};

	must_ioctl(fd, RSV_IOC_CACHE_SHRINK, &shrink, "shrink a cache");
	return shrink.slabs;
}

struct rsv_ioc_object_alloc alloc_object(int fd, uint32_t region, uint32_t cache)
{
	struct rsv_ioc_object_alloc want = {.size = sizeof(want), .cache = cache};

	if (ioctl(fd, RSV_IOC_OBJECT_ALLOC, &want) && errno != ENOMEM)
		fail_refused(fd, region, "allocate an object", want.refusal, NULL);
	return want;
}

void read_object(int fd, uint32_t object, void *bytes, uint32_t length)
{
	struct rsv_ioc_object_io io = {
		.size = sizeof(io),
		.handle = object,
		.length = length,
		.data = (uintptr_t)bytes,
	};

	must_ioctl(fd, RSV_IOC_OBJECT_READ, &io, "read an object");
}

void write_object(int fd, uint32_t object, uint32_t offset, const void *bytes, uint32_t length)
{
	struct rsv_ioc_object_io io = {
		.size = sizeof(io),
		.handle = object,
		.offset = offset,
		.length = length,
		.data = (uintptr_t)bytes,
	};

	must_ioctl(fd, RSV_IOC_OBJECT_WRITE, &io, "write an object");
}

static void free_with(int fd, uint32_t handle, uint32_t flags)
{
	struct rsv_ioc_free free = {.size = sizeof(free), .flags = flags, .handle = handle};

	must_ioctl(fd, RSV_IOC_FREE, &free, "free a handle");
}

void free_handle(int fd, uint32_t handle)
{
	free_with(fd, handle, 0);
}

void free_object_by_rcu(int fd, uint32_t object)
{
	free_with(fd, object, RSV_FREE_BY_RCU);
}

void rcu_barrier(int fd, uint32_t region)
{
	struct rsv_ioc_rcu_barrier barrier = {.size = sizeof(barrier), .region = region};

	must_ioctl(fd, RSV_IOC_RCU_BARRIER, &barrier, "wait for a grace period");
}
