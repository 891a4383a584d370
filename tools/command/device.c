// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "command.h"
#include "device.h"
#include "memory.h"

#define MAP_CHUNK	65536U

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
		fail("there is no %s: load the module first (as root: modprobe reservoir)", device_path());
	if (errno == EACCES || errno == EPERM)
		fail("%s may not be opened: be root, or in the group reservoir", device_path());
	fail("cannot open %s: %m", device_path());
}

int open_to_look(void)
{
	return open_device(O_RDONLY);
}

int open_to_change(void)
{
	return open_device(O_RDWR);
}

/* An ioctl that fails only if something is wrong with the device. */
static void must(int fd, unsigned long number, void *argument, const char *what)
{
	if (!ioctl(fd, number, argument))
		return;
	if (errno == ENOTTY)
		fail("%s is not the device of the module reservoir, or of a version without this",
		     device_path());
	fail("cannot %s: %m", what);
}

struct rsv_ioc_info query_info(int fd, uint32_t region)
{
	struct rsv_ioc_info info = { .size = sizeof(info), .region = region };

	must(fd, RSV_IOC_INFO, &info, "query the region");
	return info;
}

struct rsv_ioc_zone query_zone(int fd, uint32_t region, uint32_t index)
{
	struct rsv_ioc_zone zone = { .size = sizeof(zone), .region = region, .index = index };

	must(fd, RSV_IOC_ZONE, &zone, "query a zone");
	return zone;
}

struct rsv_ioc_extent query_extent(int fd, uint32_t region, uint32_t index)
{
	struct rsv_ioc_extent extent = { .size = sizeof(extent), .region = region, .index = index };

	must(fd, RSV_IOC_EXTENT, &extent, "query an extent");
	return extent;
}

bool query_cache(int fd, uint32_t region, uint32_t id, struct rsv_ioc_cache *cache)
{
	*cache = (struct rsv_ioc_cache){ .size = sizeof(*cache), .region = region, .id = id };
	if (!ioctl(fd, RSV_IOC_CACHE, cache))
		return true;
	if (errno != ENOENT)
		fail("cannot query a cache: %m");
	return false;
}

char *query_map(int fd, uint32_t region, uint64_t *nr_pages)
{
	struct rsv_ioc_info info = query_info(fd, region);
	uint64_t most = info.bytes / info.page_size;
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
		must(fd, RSV_IOC_MAP, &map, "query the map");
		if (!map.count)
			break;
	}
	return chars;
}

uint32_t create_region(int fd, uint64_t bytes)
{
	struct rsv_ioc_region_create want = { .size = sizeof(want), .bytes = bytes };

	must(fd, RSV_IOC_REGION_CREATE, &want, "make a scratch region");
	return want.handle;
}

struct rsv_ioc_buffer_alloc alloc_buffer(int fd, uint32_t region, uint64_t bytes)
{
	struct rsv_ioc_buffer_alloc want = { .size = sizeof(want), .region = region, .bytes = bytes };

	if (ioctl(fd, RSV_IOC_BUFFER_ALLOC, &want) && errno == ENOMEM)
		return (struct rsv_ioc_buffer_alloc){ 0 };
	if (!want.handle)
		fail("cannot take a block: %m");
	return want;
}

void create_cache(int fd, struct rsv_ioc_cache_create *want)
{
	want->size = sizeof(*want);
	if (!ioctl(fd, RSV_IOC_CACHE_CREATE, want))
		return;
	if (errno == EEXIST)
		fail("there is a cache '%s' already", want->name);
	if (errno == EINVAL)
		fail("a cache '%s' with objects of %u bytes aligned to %u is not possible", want->name,
		     want->object_size, want->align);
	fail("cannot make the cache '%s': %m", want->name);
}

uint32_t alloc_object(int fd, uint32_t cache)
{
	struct rsv_ioc_object_alloc want = { .size = sizeof(want), .cache = cache };

	if (ioctl(fd, RSV_IOC_OBJECT_ALLOC, &want) && errno != ENOMEM)
		fail("cannot take an object: %m");
	return want.handle;
}

void free_handle(int fd, uint32_t handle)
{
	struct rsv_ioc_free free = { .size = sizeof(free), .handle = handle };

	must(fd, RSV_IOC_FREE, &free, "give back what was taken");
}
