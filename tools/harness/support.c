// SPDX-License-Identifier: GPL-2.0
/*
 * Functions that the tests share.
 */

#define KB(n) ((uint64_t)(n) << 10)
#define MB(n) ((uint64_t)(n) << 20)

/*
 * The time limit of a poll, long enough for a slow machine. A poll ends as soon as its condition
 * holds.
 */
#define PATIENCE_MS 20000
#define POLL_MS	    5

/* Structures as the program passes them to the ioctl */
#define INFO(handle)                                                    \
	{                                                               \
		.size = sizeof(struct rsv_ioc_info), .region = (handle) \
	}
#define ZONE(handle, i)                                                               \
	{                                                                             \
		.size = sizeof(struct rsv_ioc_zone), .region = (handle), .index = (i) \
	}

/* Returns the error number of an ioctl, or 0. */
static int call(int fd, unsigned long number, void *argument)
{
	return ioctl(fd, number, argument) ? errno : 0;
}

static uint64_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

static void sleep_ms(unsigned int ms)
{
	const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	nanosleep(&time, NULL);
}

static int query_cache(int fd, uint32_t region, uint32_t id, struct rsv_ioc_cache *cache)
{
	*cache = (struct rsv_ioc_cache){.size = sizeof(*cache), .region = region, .id = id};
	return call(fd, RSV_IOC_CACHE, cache);
}

/*
 * Bytes of slabs in which no object is in use. Caches keep empty slabs for a while. A cache without
 * any object in use may have objects in magazines, which makes its slabs partial or full.
 */
static uint64_t empty_slab_bytes(int fd, uint32_t region)
{
	struct rsv_ioc_cache cache;
	uint64_t bytes = 0;
	uint32_t id;

	for (id = 0; !query_cache(fd, region, id, &cache); id = cache.id + 1) {
		uint64_t slabs = cache.empty_slabs;

		if (!cache.active_objects)
			slabs += cache.partial_slabs + cache.full_slabs;
		bytes += slabs * cache.slab_pages * page_size();
	}
	return bytes;
}

/*
 * The free bytes of a region: in free blocks, cached on CPUs' lists, zeroed, and in slabs without
 * an object in use, even if they left their caches and wait for a grace period. UINT64_MAX if the
 * query fails.
 */
static uint64_t free_bytes(int fd, uint32_t region)
{
	struct rsv_ioc_info info = INFO(region);

	if (call(fd, RSV_IOC_INFO, &info))
		return UINT64_MAX;
	return info.free_bytes + info.cached_bytes + info.leaving_bytes +
	       empty_slab_bytes(fd, region);
}

/* Waits until the region has @bytes free bytes. Returns false if that takes too long. */
static bool free_bytes_become(int fd, uint32_t region, uint64_t bytes)
{
	int waited;

	for (waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
		if (free_bytes(fd, region) == bytes)
			return true;
		sleep_ms(POLL_MS);
	}
	return false;
}

/* The free bytes once they are stable: the kernel zeroes pages in the background. */
static uint64_t settled_free_bytes(int fd, uint32_t region)
{
	uint64_t before, now = free_bytes(fd, region);

	do {
		before = now;
		sleep_ms(POLL_MS);
		now = free_bytes(fd, region);
	} while (now != before);
	return now;
}

/* References to the module, or -1 if sysfs does not say; no test accepts -1. */
static int module_users(void)
{
	FILE *file = fopen("/sys/module/reservoir/refcnt", "r");
	int users = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%d", &users) != 1)
		users = -1;
	fclose(file);
	return users;
}

static bool users_become(int users)
{
	int waited;

	for (waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
		if (module_users() == users)
			return true;
		sleep_ms(POLL_MS);
	}
	return false;
}

static int free_handle(int fd, uint32_t handle)
{
	struct rsv_ioc_free want = {.size = sizeof(want), .handle = handle};

	return call(fd, RSV_IOC_FREE, &want);
}

/* A name that is too long fills the field, without a NUL. */
static void set_name(char field[RSV_NAME_MAX], const char *name)
{
	memcpy(field, name, strnlen(name, RSV_NAME_MAX));
}

static int create_scratch(int fd, uint64_t bytes, uint32_t *handle)
{
	struct rsv_ioc_region_create want = {.size = sizeof(want), .bytes = bytes};
	int error = call(fd, RSV_IOC_REGION_CREATE, &want);

	*handle = want.handle;
	return error;
}

static int alloc_block(int fd, uint32_t region, uint64_t bytes, struct rsv_ioc_buffer_alloc *block)
{
	*block = (struct rsv_ioc_buffer_alloc){
		.size = sizeof(*block), .region = region, .bytes = bytes};
	return call(fd, RSV_IOC_BUFFER_ALLOC, block);
}

/* @cache_flags are RSV_ENGINE_* and so on. */
static int create_cache_with(int fd, uint32_t region, const char *name, uint32_t object_size,
			     uint32_t cache_flags, struct rsv_ioc_cache_create *cache)
{
	*cache = (struct rsv_ioc_cache_create){
		.size = sizeof(*cache),
		.region = region,
		.object_size = object_size,
		.cache_flags = cache_flags,
	};
	set_name(cache->name, name);
	return call(fd, RSV_IOC_CACHE_CREATE, cache);
}

static int create_cache(int fd, uint32_t region, const char *name, uint32_t object_size,
			struct rsv_ioc_cache_create *cache)
{
	return create_cache_with(fd, region, name, object_size, 0, cache);
}

static int create_constructed(int fd, uint32_t region, uint32_t cache_flags,
			      struct rsv_ioc_cache_create *cache)
{
	*cache = (struct rsv_ioc_cache_create){
		.size = sizeof(*cache),
		.flags = RSV_CACHE_CONSTRUCTED,
		.region = region,
		.object_size = sizeof(struct rsv_constructed),
		.cache_flags = cache_flags,
		.name = "constructed",
	};
	return call(fd, RSV_IOC_CACHE_CREATE, cache);
}

static int alloc_object(int fd, uint32_t cache, uint32_t *handle)
{
	struct rsv_ioc_object_alloc want = {.size = sizeof(want), .cache = cache};
	int error = call(fd, RSV_IOC_OBJECT_ALLOC, &want);

	*handle = want.handle;
	return error;
}

static int object_io(int fd, unsigned long number, uint32_t object, uint32_t offset,
		     uint32_t length, const void *data)
{
	struct rsv_ioc_object_io io = {
		.size = sizeof(io),
		.handle = object,
		.offset = offset,
		.length = length,
		.data = (uintptr_t)data,
	};

	return call(fd, number, &io);
}

static int shrink_cache(int fd, uint32_t cache, uint32_t *slabs)
{
	struct rsv_ioc_cache_shrink shrink = {.size = sizeof(shrink), .cache = cache};
	int error = call(fd, RSV_IOC_CACHE_SHRINK, &shrink);

	*slabs = shrink.slabs;
	return error;
}

static int query_map(int fd, uint32_t region, uint64_t first, uint32_t room, char *chars,
		     uint32_t *count)
{
	struct rsv_ioc_map map = {
		.size = sizeof(map),
		.region = region,
		.count = room,
		.first = first,
		.chars = (uintptr_t)chars,
	};
	int error = call(fd, RSV_IOC_MAP, &map);

	*count = map.count;
	return error;
}

static int next_region(int fd, uint32_t id, struct rsv_ioc_region_next *next)
{
	*next = (struct rsv_ioc_region_next){.size = sizeof(*next), .id = id};
	return call(fd, RSV_IOC_REGION_NEXT, next);
}

static int open_named(int fd, const char *name, uint32_t *handle)
{
	struct rsv_ioc_region_open want = {.size = sizeof(want)};
	int error;

	set_name(want.name, name);
	error = call(fd, RSV_IOC_REGION_OPEN, &want);
	*handle = want.handle;
	return error;
}

static int create_named(int fd, const char *name, const struct rsv_ioc_reserve *want, uint32_t nr)
{
	struct rsv_ioc_region_make make = {
		.size = sizeof(make), .reserves = (uintptr_t)want, .count = nr};

	set_name(make.name, name);
	return call(fd, RSV_IOC_REGION_MAKE, &make);
}

static int destroy_named(int fd, const char *name)
{
	struct rsv_ioc_region_end end = {.size = sizeof(end)};

	set_name(end.name, name);
	return call(fd, RSV_IOC_REGION_END, &end);
}

static int grow_named(int fd, const char *name, uint64_t bytes)
{
	struct rsv_ioc_region_grow grow = {.size = sizeof(grow), .want.bytes = bytes};

	set_name(grow.name, name);
	return call(fd, RSV_IOC_REGION_GROW, &grow);
}

static int shrink_named(int fd, const char *name, uint64_t *bytes)
{
	struct rsv_ioc_region_shrink shrink = {.size = sizeof(shrink), .bytes = *bytes};
	int error;

	set_name(shrink.name, name);
	error = call(fd, RSV_IOC_REGION_SHRINK, &shrink);
	*bytes = shrink.bytes;
	return error;
}

static int alloc_block_with(int fd, uint32_t region, uint64_t bytes, uint32_t flags, int32_t node,
			    struct rsv_ioc_buffer_alloc *block)
{
	*block = (struct rsv_ioc_buffer_alloc){
		.size = sizeof(*block),
		.flags = flags,
		.region = region,
		.bytes = bytes,
		.node = node,
	};
	return call(fd, RSV_IOC_BUFFER_ALLOC, block);
}

/* Gets pages that need not be adjacent, since a region in several extents may have no such block. */
static int hold_bytes(int fd, uint32_t region, uint64_t bytes, uint32_t *handle)
{
	struct rsv_ioc_scattered_alloc pages = {
		.size = sizeof(pages),
		.region = region,
		.bytes = bytes,
	};
	int error = call(fd, RSV_IOC_SCATTERED_ALLOC, &pages);

	*handle = pages.handle;
	return error;
}

static uint8_t *map_range(int fd, uint64_t offset, uint64_t bytes)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
}

static uint8_t *map_block(int fd, const struct rsv_ioc_buffer_alloc *block)
{
	return map_range(fd, block->mmap_offset, block->bytes);
}

static bool all_bytes(const uint8_t *bytes, uint8_t value, uint64_t nr)
{
	uint64_t i;

	for (i = 0; i < nr; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

/* Returns the exit status of a child, or -1 if a signal killed it. */
static int wait_for_exit(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}
