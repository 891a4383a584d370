// SPDX-License-Identifier: GPL-2.0
/*
 * The close of a descriptor that has much: it takes a few grace periods, however much that is.
 */

#define CLOSING_CACHES	1024
#define CLOSING_REGIONS 64

static uint64_t now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000ULL + time.tv_nsec / 1000000;
}

static uint64_t close_ms(int fd)
{
	uint64_t start = now_ms();

	close(fd);
	return now_ms() - start;
}

/* Creates a cache with a used object and one that was freed. Returns 0 or an error number. */
static int create_used_cache(int fd, uint32_t region, const char *name)
{
	struct rsv_ioc_cache_create cache;
	uint32_t used, freed;

	return create_cache(fd, region, name, 64, &cache) ?:
	       alloc_object(fd, cache.handle, &used) ?:
	       alloc_object(fd, cache.handle, &freed) ?: free_handle(fd, freed);
}

/* How long the close of a descriptor with so many caches takes, in ms; 0 if they were not created */
static uint64_t close_caches(int nr)
{
	int fd = open("/dev/reservoir", O_RDWR | O_CLOEXEC), i;
	char name[RSV_NAME_MAX];

	for (i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "closing-%d", i);
		if (create_used_cache(fd, 0, name))
			break;
	}
	return i < nr ? 0 : close_ms(fd) + 1;
}

/* The same for scratch regions, each of which has a cache and a buffer */
static uint64_t close_regions(int nr)
{
	int fd = open("/dev/reservoir", O_RDWR | O_CLOEXEC), i;
	struct rsv_ioc_buffer_alloc block;
	uint32_t region;

	for (i = 0; i < nr; i++)
		if (create_scratch(fd, KB(64), &region) ||
		    create_used_cache(fd, region, "closing") ||
		    alloc_block(fd, region, 1, &block))
			break;
	return i < nr ? 0 : close_ms(fd) + 1;
}

/*
 * Each one used to wait for grace periods of its own, so that many took as many times as long as
 * one. How fast the machine is does not matter.
 */
TEST_F_TIMEOUT(device, a_descriptor_with_many_caches_is_closed_at_once, 120)
{
	uint64_t one = close_caches(1), many = close_caches(CLOSING_CACHES);

	TH_LOG("1 cache: %llu ms, %d caches: %llu ms", (unsigned long long)one, CLOSING_CACHES,
	       (unsigned long long)many);
	EXPECT_GT(one, 0);
	EXPECT_GT(many, 0);
	EXPECT_LT(many, one * CLOSING_CACHES / 4);
}

TEST_F_TIMEOUT(device, a_descriptor_with_many_regions_is_closed_at_once, 120)
{
	uint64_t one = close_regions(1), many = close_regions(CLOSING_REGIONS);

	TH_LOG("1 scratch region: %llu ms, %d: %llu ms", (unsigned long long)one, CLOSING_REGIONS,
	       (unsigned long long)many);
	EXPECT_GT(one, 0);
	EXPECT_GT(many, 0);
	/* The rest is work for each, which takes most of the time on a slow machine. */
	EXPECT_LT(many, one * CLOSING_REGIONS * 3 / 4);
}
