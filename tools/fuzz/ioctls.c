// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls of the device. Each has a function that fills in its structure, mostly so that the
 * call can succeed, and one that remembers what the call created. What all structures share goes
 * wrong here now and then: the size, a field, the memory that the structure or the data lies in.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/reservoir.h>

#include "fuzz.h"

union argument {
	uint32_t words[1024];
	struct {
		uint32_t size;
		uint32_t flags;
	} head;
	struct rsv_ioc_info info;
	struct rsv_ioc_zone zone;
	struct rsv_ioc_extent extent;
	struct rsv_ioc_cache cache;
	struct rsv_ioc_map map;
	struct rsv_ioc_region_next next;
	struct rsv_ioc_region_open open;
	struct rsv_ioc_region_create create;
	struct rsv_ioc_buffer_alloc buffer;
	struct rsv_ioc_scattered_alloc pages;
	struct rsv_ioc_cache_create new_cache;
	struct rsv_ioc_cache_shrink shrink_cache;
	struct rsv_ioc_object_alloc object;
	struct rsv_ioc_object_io io;
	struct rsv_ioc_free free;
	struct rsv_ioc_rcu_barrier barrier;
	struct rsv_ioc_buffer_fd buffer_fd;
	struct rsv_ioc_region_make make;
	struct rsv_ioc_region_end end;
	struct rsv_ioc_region_grow grow;
	struct rsv_ioc_region_shrink shrink;
	struct rsv_ioc_bind bind;
	struct rsv_ioc_sync sync;
	struct rsv_ioc_dma_address dma;
	struct rsv_ioc_physical physical;
	struct rsv_ioc_device_quiet quiet;
};

/* Names of regions of each kind */
#define NAMES 8

/* Values for any field */
static const uint32_t extremes[] = {0,	    1,		4095,	    4096,	4097,
				    0xffff, 0x7fffffff, 0x80000000, 0xfffff000, 0xffffffff};

/* What fields contain */

/* A handle that the descriptor got, or one of its first numbers, which others may have got */
static uint32_t some_handle(struct thread *t, const struct descriptor *d, enum kind kind)
{
	unsigned int try;

	for (try = 0; try < KNOWN && choose(t, 32); try++) {
		uint32_t handle = d->handles[kind][choose(t, KNOWN)];

		if (handle)
			return handle;
	}
	return choose(t, 24);
}

/* The default region, or a handle */
static uint32_t some_region(struct thread *t, const struct descriptor *d)
{
	return choose(t, 4) ? 0 : some_handle(t, d, KIND_REGION);
}

static uint32_t some_cache(struct thread *t, const struct descriptor *d)
{
	return some_handle(t, d, KIND_CACHE);
}

/* The address of memory for data: a mapping, none at all, or the kernel's. The default is @own. */
static uint64_t some_address(struct thread *t, void *own)
{
	static const uint64_t wrong[] = {0, 0xfff, 1ULL << 46, 0xffff888000000000, ~0ULL};

	switch (choose(t, 8)) {
	case 0:
	case 1:
		return (uintptr_t)some_mapping(t);
	case 2:
		return choose(t, 2) ? (uintptr_t)own : wrong[choose(t, ARRAY_SIZE(wrong))];
	default:
		return (uintptr_t)own;
	}
}

static void set_name(struct thread *t, char name[RSV_NAME_MAX], const char *prefix, uint32_t nr)
{
	if (choose(t, 64))
		snprintf(name, RSV_NAME_MAX, "%s-%u", prefix, choose(t, nr));
	else
		memset(name, "/ .a"[choose(t, 4)], RSV_NAME_MAX - choose(t, 2));
}

/* A multiple of a page, most likely small */
static uint64_t some_pages(struct thread *t, uint64_t most)
{
	return KB(4) * (1 + choose(t, 1 + choose(t, most / KB(4))));
}

/* The structures */

typedef void (*fill_function)(struct thread *t, const struct descriptor *d, union argument *a);

static void fill_query(struct thread *t, const struct descriptor *d, union argument *a)
{
	a->info.region = some_region(t, d);
}

static void fill_index(struct thread *t, const struct descriptor *d, union argument *a)
{
	a->zone.region = some_region(t, d);
	a->zone.index = choose(t, 8) ? 0 : choose(t, 4);
}

static void fill_extent(struct thread *t, const struct descriptor *d, union argument *a)
{
	a->extent.region = some_region(t, d);
	a->extent.index = choose(t, 8) ? 0 : choose(t, 16);
}

static void fill_cache_query(struct thread *t, const struct descriptor *d, union argument *a)
{
	a->cache.region = some_region(t, d);
	a->cache.id = choose(t, 100);
}

static void fill_map(struct thread *t, const struct descriptor *d, union argument *a)
{
	static uint8_t chars[65536];

	a->map.region = some_region(t, d);
	a->map.count = choose(t, choose(t, 8) ? 4096 : 65537);
	a->map.first = choose(t, 20000);
	a->map.chars = some_address(t, chars);
}

static void fill_next(struct thread *t, const struct descriptor *d, union argument *a)
{
	(void)d;
	a->next.id = choose(t, 4) ? 0 : choose(t, 1000);
}

static void fill_open(struct thread *t, const struct descriptor *d, union argument *a)
{
	(void)d;
	if (choose(t, 2)) {
		set_name(t, a->open.name, choose(t, 8) ? "named" : "scratch", NAMES);
		return;
	}
	strcpy(a->open.name, "default");
	a->open.flags = choose(t, 2) ? RSV_REGION_OF_KERNEL : 0;
}

static void fill_create(struct thread *t, const struct descriptor *d, union argument *a)
{
	(void)d;
	a->create.bytes = some_pages(t, MB(2));
	if (choose(t, 2))
		set_name(t, a->create.name, "scratch", NAMES);
	if (t->privileged && memory_is_short())
		a->create.bytes = 1ULL << 50;
}

static void fill_buffer(struct thread *t, const struct descriptor *d, union argument *a)
{
	a->buffer.region = some_region(t, d);
	a->buffer.bytes = some_pages(t, choose(t, 128) ? KB(256) : MB(32));
	if (!choose(t, 4))
		a->buffer.flags = choose(t, 2) ? RSV_BUFFER_EXACT : 1U << choose(t, 6);
}

static void fill_scattered(struct thread *t, const struct descriptor *d, union argument *a)
{
	a->pages.region = some_region(t, d);
	a->pages.bytes = some_pages(t, choose(t, 128) ? KB(256) : MB(32));
	a->pages.flags = choose(t, 4) ? 0 : RSV_BUFFER_HIGH;
}

static void fill_new_cache(struct thread *t, const struct descriptor *d, union argument *a)
{
	static const uint32_t kinds[] = {0, RSV_ENGINE_SLAB, RSV_ENGINE_SLUB, RSV_ENGINE_SLOB};
	static const uint32_t options[] = {
		0,		 0,	       0,	   RSV_HWCACHE_ALIGN,
		RSV_NO_MAGAZINE, RSV_RED_ZONE, RSV_POISON, RSV_STORE_USER,
		RSV_TYPESAFE_BY_RCU,
	};

	a->new_cache.region = some_region(t, d);
	a->new_cache.object_size = 1 + choose(t, choose(t, 8) ? 600 : 40000);
	a->new_cache.align = choose(t, 4) ? 0 : 1U << choose(t, 13);
	a->new_cache.cache_flags = kinds[choose(t, ARRAY_SIZE(kinds))] |
				   options[choose(t, ARRAY_SIZE(options))];
	if (!choose(t, 8)) {
		a->new_cache.flags = RSV_CACHE_CONSTRUCTED;
		a->new_cache.object_size = sizeof(struct rsv_constructed);
	}
	set_name(t, a->new_cache.name, "cache", 32);
}

static void fill_shrink_cache(struct thread *t, const struct descriptor *d, union argument *a)
{
	a->shrink_cache.cache = some_cache(t, d);
}

static void fill_object(struct thread *t, const struct descriptor *d, union argument *a)
{
	a->object.cache = some_cache(t, d);
}

static void fill_io(struct thread *t, const struct descriptor *d, union argument *a)
{
	static uint8_t bytes[65536];

	a->io.handle = some_handle(t, d, KIND_OBJECT);
	a->io.length = choose(t, choose(t, 8) ? 16 : 40000);
	a->io.offset = choose(t, 2) ? 0 : choose(t, 64);
	a->io.data = some_address(t, bytes);
}

/* Objects and buffers more often than what they lie in */
static void fill_free(struct thread *t, const struct descriptor *d, union argument *a)
{
	static const enum kind kinds[] = {KIND_OBJECT, KIND_OBJECT, KIND_OBJECT, KIND_OBJECT,
					  KIND_BUFFER, KIND_BUFFER, KIND_BUFFER, KIND_BUFFER,
					  KIND_BINDING};
	enum kind kind = kinds[choose(t, ARRAY_SIZE(kinds))];

	if (!choose(t, 16))
		kind = choose(t, 4) ? KIND_CACHE : KIND_REGION;
	a->free.handle = some_handle(t, d, kind);
	a->free.flags = choose(t, kind == KIND_OBJECT ? 3 : 64) ? 0 : RSV_FREE_BY_RCU;
}

static void fill_barrier(struct thread *t, const struct descriptor *d, union argument *a)
{
	a->barrier.region = some_region(t, d);
}

static void fill_buffer_fd(struct thread *t, const struct descriptor *d, union argument *a)
{
	a->buffer_fd.handle = some_handle(t, d, KIND_BUFFER);
	a->buffer_fd.flags = choose(t, 4) ? RSV_FD_CLOEXEC : choose(t, 4);
}

static void fill_reserve(struct thread *t, struct rsv_ioc_reserve *r)
{
	*r = (struct rsv_ioc_reserve){.bytes = MB(1) << choose(t, 4)};
	if (!choose(t, 4))
		r->zone = choose(t, 6);
	if (!choose(t, 4))
		r->flags = choose(t, 8);
	/* By force a region may have all memory: then it wants more than there is. */
	if (memory_is_short() || (r->flags & RSV_RESERVE_FORCE && choose(t, 2)))
		r->bytes = 1ULL << 50;
}

static void fill_make(struct thread *t, const struct descriptor *d, union argument *a)
{
	static struct rsv_ioc_reserve reserves[THREADS][2];
	struct rsv_ioc_reserve *r = reserves[choose(t, THREADS)];

	(void)d;
	fill_reserve(t, &r[0]);
	fill_reserve(t, &r[1]);
	a->make.count = choose(t, 16) ? choose(t, 3) : choose(t, 20);
	a->make.reserves = some_address(t, r);
	set_name(t, a->make.name, "named", NAMES);
}

static void fill_end(struct thread *t, const struct descriptor *d, union argument *a)
{
	(void)d;
	set_name(t, a->end.name, choose(t, 8) ? "named" : "scratch", NAMES);
}

static void fill_grow(struct thread *t, const struct descriptor *d, union argument *a)
{
	(void)d;
	fill_reserve(t, &a->grow.want);
	set_name(t, a->grow.name, choose(t, 8) ? "named" : "scratch", NAMES);
}

/* The default region keeps its memory: it is compared in the end. */
static void fill_shrink(struct thread *t, const struct descriptor *d, union argument *a)
{
	(void)d;
	if (choose(t, 8)) {
		a->shrink.bytes = MB(choose(t, 64));
		set_name(t, a->shrink.name, choose(t, 8) ? "named" : "scratch", NAMES);
	} else {
		strcpy(a->shrink.name, "default");
	}
}

static void set_device(struct thread *t, char name[RSV_DEVICE_NAME_MAX])
{
	static const char *const names[] = {PCI_MASTER, PCI_PLAIN, DRIVEN};

	if (choose(t, 64))
		strcpy(name, names[choose(t, ARRAY_SIZE(names))]);
	else
		memset(name, "/ .p"[choose(t, 4)], RSV_DEVICE_NAME_MAX - choose(t, 2));
}

static void fill_bind(struct thread *t, const struct descriptor *d, union argument *a)
{
	a->bind.buffer = some_handle(t, d, KIND_BUFFER);
	set_device(t, a->bind.device);
	if (!choose(t, 8))
		a->bind.bits = choose(t, 66);
	if (choose(t, 2) && !strcmp(a->bind.device, PCI_MASTER))
		a->bind.flags = RSV_BIND_MASTER;
}

static void fill_sync(struct thread *t, const struct descriptor *d, union argument *a)
{
	a->sync.binding = some_handle(t, d, KIND_BINDING);
	a->sync.direction = choose(t, 16) ? 1 + choose(t, 3) : choose(t, 8);
	a->sync.owner = choose(t, 16) ? 1 + choose(t, 2) : choose(t, 8);
	a->sync.offset = choose(t, choose(t, 8) ? KB(4) : KB(256));
	a->sync.length = choose(t, choose(t, 8) ? KB(4) : KB(256));
}

static void fill_dma(struct thread *t, const struct descriptor *d, union argument *a)
{
	a->dma.binding = some_handle(t, d, KIND_BINDING);
	a->dma.offset = choose(t, choose(t, 8) ? KB(4) : KB(256));
}

static void fill_physical(struct thread *t, const struct descriptor *d, union argument *a)
{
	a->physical.buffer = some_handle(t, d, KIND_BUFFER);
	a->physical.offset = choose(t, choose(t, 8) ? KB(4) : KB(256));
}

static void fill_quiet(struct thread *t, const struct descriptor *d, union argument *a)
{
	(void)d;
	set_device(t, a->quiet.device);
}

/* What calls create and end */

static void know(struct thread *t, struct descriptor *d, enum kind kind, uint32_t handle)
{
	d->handles[kind][choose(t, KNOWN)] = handle;
}

static void know_buffer(struct thread *t, struct descriptor *d, uint32_t handle, uint64_t offset,
			uint64_t bytes)
{
	unsigned int i = choose(t, KNOWN);

	d->handles[KIND_BUFFER][i] = handle;
	d->offset[i] = offset;
	d->bytes[i] = bytes;
}

static void forget(struct descriptor *d, uint32_t handle)
{
	unsigned int kind, i;

	for (kind = 0; kind < NR_KINDS; kind++)
		for (i = 0; i < KNOWN; i++)
			if (d->handles[kind][i] == handle)
				d->handles[kind][i] = 0;
}

/* Uses a descriptor of a buffer in one of the ways that a program may, and closes it. */
static void use_buffer_fd(struct thread *t, int fd)
{
	char bytes[64] = {0};
	void *mapped;

	switch (choose(t, 4)) {
	case 0:
		(void)!pread(fd, bytes, sizeof(bytes), choose(t, 65536));
		break;
	case 1:
		(void)!pwrite(fd, bytes, sizeof(bytes), choose(t, 65536));
		break;
	case 2:
		(void)!ftruncate(fd, choose(t, 65536));
		break;
	default:
		mapped = mmap(NULL, MB(1), PROT_READ, choose(t, 2) ? MAP_SHARED : MAP_PRIVATE, fd,
			      0);
		close(fd);
		fd = -1;
		/* Within the buffer, which has a page at least */
		if (mapped != MAP_FAILED) {
			(void)*(volatile char *)mapped;
			munmap(mapped, MB(1));
		}
	}
	if (fd >= 0)
		close(fd);
}

/* @nr: the ioctl, one that succeeded */
static void know_result(struct thread *t, struct descriptor *d, unsigned long nr,
			const union argument *a)
{
	switch (nr) {
	case RSV_IOC_REGION_OPEN:
		know(t, d, KIND_REGION, a->open.handle);
		break;
	case RSV_IOC_REGION_CREATE:
		know(t, d, KIND_REGION, a->create.handle);
		break;
	case RSV_IOC_CACHE_CREATE:
		know(t, d, KIND_CACHE, a->new_cache.handle);
		break;
	case RSV_IOC_OBJECT_ALLOC:
		know(t, d, KIND_OBJECT, a->object.handle);
		break;
	case RSV_IOC_BUFFER_ALLOC:
		know_buffer(t, d, a->buffer.handle, a->buffer.mmap_offset, a->buffer.bytes);
		break;
	case RSV_IOC_SCATTERED_ALLOC:
		know_buffer(t, d, a->pages.handle, a->pages.mmap_offset, a->pages.bytes);
		break;
	case RSV_IOC_BUFFER_FD:
		use_buffer_fd(t, a->buffer_fd.fd);
		break;
	case RSV_IOC_BIND:
		know(t, d, KIND_BINDING, a->bind.handle);
		break;
	case RSV_IOC_FREE:
		forget(d, a->free.handle);
		break;
	}
}

#define IOCTL(name, type, weight, fill, privileged) \
	{#name, RSV_IOC_##name, sizeof(struct type), weight, fill, privileged}

/**
 * struct ioctl - an ioctl
 * @name: how it is printed
 * @number: its number
 * @size: bytes of its structure
 * @weight: how often it is called
 * @fill: fills in the structure
 * @privileged: it needs CAP_SYS_ADMIN
 */
static const struct ioctl {
	const char *name;
	unsigned long number;
	uint32_t size;
	unsigned int weight;
	fill_function fill;
	bool privileged;
} ioctls[] = {
	IOCTL(INFO, rsv_ioc_info, 15, fill_query, false),
	IOCTL(ZONE, rsv_ioc_zone, 30, fill_index, false),
	IOCTL(EXTENT, rsv_ioc_extent, 20, fill_extent, false),
	IOCTL(CACHE, rsv_ioc_cache, 40, fill_cache_query, false),
	IOCTL(MAP, rsv_ioc_map, 20, fill_map, false),
	IOCTL(REGION_NEXT, rsv_ioc_region_next, 30, fill_next, false),
	IOCTL(REGION_OPEN, rsv_ioc_region_open, 20, fill_open, false),
	IOCTL(REGION_CREATE, rsv_ioc_region_create, 2, fill_create, false),
	IOCTL(BUFFER_ALLOC, rsv_ioc_buffer_alloc, 90, fill_buffer, false),
	IOCTL(SCATTERED_ALLOC, rsv_ioc_scattered_alloc, 50, fill_scattered, false),
	IOCTL(CACHE_CREATE, rsv_ioc_cache_create, 10, fill_new_cache, false),
	IOCTL(CACHE_SHRINK, rsv_ioc_cache_shrink, 8, fill_shrink_cache, false),
	IOCTL(OBJECT_ALLOC, rsv_ioc_object_alloc, 150, fill_object, false),
	IOCTL(OBJECT_READ, rsv_ioc_object_io, 90, fill_io, false),
	IOCTL(OBJECT_WRITE, rsv_ioc_object_io, 90, fill_io, false),
	IOCTL(FREE, rsv_ioc_free, 180, fill_free, false),
	IOCTL(RCU_BARRIER, rsv_ioc_rcu_barrier, 4, fill_barrier, false),
	IOCTL(BUFFER_FD, rsv_ioc_buffer_fd, 40, fill_buffer_fd, false),
	IOCTL(REGION_MAKE, rsv_ioc_region_make, 4, fill_make, true),
	IOCTL(REGION_END, rsv_ioc_region_end, 12, fill_end, true),
	IOCTL(REGION_GROW, rsv_ioc_region_grow, 3, fill_grow, true),
	IOCTL(REGION_SHRINK, rsv_ioc_region_shrink, 4, fill_shrink, true),
	IOCTL(BIND, rsv_ioc_bind, 40, fill_bind, false),
	IOCTL(SYNC, rsv_ioc_sync, 30, fill_sync, false),
	IOCTL(DMA_ADDRESS, rsv_ioc_dma_address, 20, fill_dma, false),
	IOCTL(PHYSICAL, rsv_ioc_physical, 15, fill_physical, false),
	IOCTL(DEVICE_QUIET, rsv_ioc_device_quiet, 8, fill_quiet, false),
};

_Static_assert(ARRAY_SIZE(ioctls) == NR_IOCTLS, "all ioctls are counted");

const char *ioctl_name(unsigned int i)
{
	return ioctls[i].name;
}

unsigned int ioctl_weight(unsigned int i)
{
	return ioctls[i].weight;
}

bool ioctl_is_privileged(unsigned int i)
{
	return ioctls[i].privileged;
}

/* The size, the flags or another field has a value that it most likely may not have. */
static void spoil(struct thread *t, union argument *a, uint32_t size)
{
	const uint32_t sizes[] = {0, 4, 8, size - 4, size - 1, size + 8, 4096, 4097, UINT32_MAX};

	if (choose(t, 4))
		a->words[choose(t, size / sizeof(uint32_t))] =
			extremes[choose(t, ARRAY_SIZE(extremes))];
	else
		a->head.size = sizes[choose(t, ARRAY_SIZE(sizes))];
}

/* The structure in memory that ends within it, that is read-only, or that goes away meanwhile */
static long call_in_bad_memory(struct thread *t, int fd, unsigned long number,
			       const union argument *a, uint32_t size)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	uint8_t *own = t->pages;
	long result;

	switch (choose(t, 4)) {
	case 0:
		return ioctl(fd, number, some_address(t, own));
	case 1:
		return ioctl(fd, number, some_mapping(t));
	case 2:
		own += page - choose(t, size + 1);
		memcpy(own, a, t->pages + page - own);
		return ioctl(fd, number, own);
	default:
		memcpy(own, a, size);
		mprotect(own, page, PROT_READ);
		result = ioctl(fd, number, own);
		mprotect(own, page, PROT_READ | PROT_WRITE);
		return result;
	}
}

void call_ioctl(struct thread *t, unsigned int i)
{
	union argument a = {.head.size = ioctls[i].size};
	struct descriptor *d;
	int fd = some_device(t, &d);
	long result;

	ioctls[i].fill(t, d, &a);
	if (!choose(t, 16))
		spoil(t, &a, ioctls[i].size);
	if (!choose(t, 16)) {
		result = call_in_bad_memory(t, fd, ioctls[i].number, &a, ioctls[i].size);
		count(t, i, result);
		return;
	}
	result = ioctl(fd, ioctls[i].number, &a);
	count(t, i, result);
	if (!result)
		know_result(t, d, ioctls[i].number, &a);
}

void call_unknown_ioctl(struct thread *t)
{
	union argument a = {.head.size = sizeof(struct rsv_ioc_info)};
	struct descriptor *d;
	int fd = some_device(t, &d);
	unsigned int number = _IO(RSV_IOC_MAGIC, 0x40 + choose(t, 180));

	if (choose(t, 2))
		number = _IOWR(RSV_IOC_MAGIC, choose(t, 0x20), struct rsv_ioc_info);
	count_other(t, OTHER_IOCTL, ioctl(fd, number, &a));
}
