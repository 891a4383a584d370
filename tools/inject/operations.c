// SPDX-License-Identifier: GPL-2.0
/*
 * The operations: loading the module, and what a program asks of the device.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/reservoir.h>

#include "inject.h"

#define KB(n) ((uint64_t)(n) << 10)
#define MB(n) ((uint64_t)(n) << 20)

static int device = -1;

static void open_device(void)
{
	device = open("/dev/reservoir", O_RDWR | O_CLOEXEC);
	if (device < 0)
		give_up("/dev/reservoir: %s", strerror(errno));
}

static int call(unsigned long number, void *argument)
{
	return ioctl(device, number, argument) ? errno : 0;
}

/* Without faults a call must succeed. */
static void must(unsigned long number, void *argument)
{
	if (call(number, argument))
		give_up("ioctl 0x%lx: %s", number, strerror(errno));
}

/* The handle dies with the descriptor, as everything that it owns. */
static void close_device(void)
{
	close(device);
	device = -1;
}

/* The result of an ioctl whose failure also ends the attempt's descriptor */
static int finish(int error)
{
	if (error)
		close_device();
	return error;
}

/* Loading */

static int module_file = -1;
static const char *module_parameters;

void set_load(const char *path, const char *parameters)
{
	module_file = open(path, O_RDONLY | O_CLOEXEC);
	if (module_file < 0)
		give_up("%s: %s", path, strerror(errno));
	module_parameters = parameters;
}

static int run_load(void)
{
	return syscall(SYS_finit_module, module_file, module_parameters, 0) ? errno : 0;
}

static void undo_load(void)
{
	if (syscall(SYS_delete_module, "reservoir", O_NONBLOCK))
		give_up("the module does not unload: %s", strerror(errno));
}

/* The descriptor */

static int run_open(void)
{
	device = open("/dev/reservoir", O_RDWR | O_CLOEXEC);
	return device < 0 ? errno : 0;
}

/* Regions */

static int run_scratch(void)
{
	struct rsv_ioc_region_create want = {.size = sizeof(want), .bytes = MB(1)};

	return finish(call(RSV_IOC_REGION_CREATE, &want));
}

static const struct rsv_ioc_reserve reserve = {.bytes = MB(8)};

static struct rsv_ioc_region_make make = {.size = sizeof(make), .count = 1, .name = "injected"};

static int run_make(void)
{
	make.reserves = (uintptr_t)&reserve;
	return finish(call(RSV_IOC_REGION_MAKE, &make));
}

static void end_region(void)
{
	struct rsv_ioc_region_end end = {.size = sizeof(end), .name = "injected"};

	must(RSV_IOC_REGION_END, &end);
	close_device();
}

static void prepare_region(void)
{
	open_device();
	make.reserves = (uintptr_t)&reserve;
	must(RSV_IOC_REGION_MAKE, &make);
}

static int run_open_region(void)
{
	struct rsv_ioc_region_open open = {.size = sizeof(open), .name = "injected"};
	int error = call(RSV_IOC_REGION_OPEN, &open);
	struct rsv_ioc_free free = {.size = sizeof(free), .handle = open.handle};

	if (error)
		end_region();
	else
		must(RSV_IOC_FREE, &free);
	return error;
}

static int run_grow(void)
{
	struct rsv_ioc_region_grow grow = {
		.size = sizeof(grow), .want = reserve, .name = "injected"};
	int error = call(RSV_IOC_REGION_GROW, &grow);

	if (error)
		end_region();
	return error;
}

/* Memory of a region */

static int run_cache(void)
{
	struct rsv_ioc_cache_create cache = {
		.size = sizeof(cache), .object_size = 200, .name = "injected"};

	return finish(call(RSV_IOC_CACHE_CREATE, &cache));
}

static struct rsv_ioc_object_alloc object = {.size = sizeof(object)};

static void prepare_cache(void)
{
	struct rsv_ioc_cache_create cache = {
		.size = sizeof(cache), .object_size = 200, .name = "injected"};

	open_device();
	must(RSV_IOC_CACHE_CREATE, &cache);
	object.cache = cache.handle;
}

static int run_object(void)
{
	return finish(call(RSV_IOC_OBJECT_ALLOC, &object));
}

static int run_buffer(void)
{
	struct rsv_ioc_buffer_alloc buffer = {.size = sizeof(buffer), .bytes = KB(64)};

	return finish(call(RSV_IOC_BUFFER_ALLOC, &buffer));
}

static int run_exact(void)
{
	struct rsv_ioc_buffer_alloc buffer = {
		.size = sizeof(buffer), .flags = RSV_BUFFER_EXACT, .bytes = KB(44)};

	return finish(call(RSV_IOC_BUFFER_ALLOC, &buffer));
}

static struct rsv_ioc_scattered_alloc pages = {.size = sizeof(pages)};

static int run_scattered(void)
{
	pages.bytes = MB(4);
	return finish(call(RSV_IOC_SCATTERED_ALLOC, &pages));
}

static void prepare_pages(void)
{
	open_device();
	pages.bytes = KB(64);
	must(RSV_IOC_SCATTERED_ALLOC, &pages);
}

/* MAP_POPULATE: page tables are allocated, too; a page without one is left to a later access. */
static int run_mapping(void)
{
	void *mapped = mmap(NULL, pages.bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			    device, pages.mmap_offset);

	if (mapped == MAP_FAILED)
		return finish(errno);
	munmap(mapped, pages.bytes);
	return 0;
}

static int run_buffer_fd(void)
{
	struct rsv_ioc_buffer_fd want = {
		.size = sizeof(want), .flags = RSV_FD_CLOEXEC, .handle = pages.handle};
	int error = finish(call(RSV_IOC_BUFFER_FD, &want));

	if (!error)
		close(want.fd);
	return error;
}

/* A device of every PC that has no driver */
static int run_binding(void)
{
	struct rsv_ioc_bind bind = {
		.size = sizeof(bind), .buffer = pages.handle, .device = "pci/0000:00:00.0"};

	return finish(call(RSV_IOC_BIND, &bind));
}

/* No more than a page of characters: for more the kernel finds another way. */
static int run_map(void)
{
	static char chars[4096];
	struct rsv_ioc_map map = {
		.size = sizeof(map), .count = sizeof(chars), .chars = (uintptr_t)chars};

	return finish(call(RSV_IOC_MAP, &map));
}

static const struct operation operations[] = {
	{"load", NULL, run_load, undo_load, true},
	{"open", NULL, run_open, close_device, false},
	{"scratch-region", open_device, run_scratch, close_device, false},
	{"named-region", open_device, run_make, end_region, false},
	{"open-region", prepare_region, run_open_region, end_region, false},
	{"grow-region", prepare_region, run_grow, end_region, false},
	{"cache", open_device, run_cache, close_device, false},
	{"object", prepare_cache, run_object, close_device, false},
	{"buffer", open_device, run_buffer, close_device, false},
	{"exact-buffer", open_device, run_exact, close_device, false},
	{"scattered-buffer", open_device, run_scattered, close_device, false},
	{"mapping", prepare_pages, run_mapping, close_device, false},
	{"buffer-fd", prepare_pages, run_buffer_fd, close_device, false},
	{"binding", prepare_pages, run_binding, close_device, false},
	{"map", open_device, run_map, close_device, false},
};

const struct operation *find_operation(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (!strcmp(operations[i].name, name))
			return &operations[i];
	return NULL;
}
