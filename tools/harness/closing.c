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

static int create_nth_cache(int fd, int n)
{
	char name[RSV_NAME_MAX];

	snprintf(name, sizeof(name), "closing-%d", n);
	return create_used_cache(fd, 0, name);
}

/* A scratch region that has a cache and a buffer */
static int create_nth_region(int fd, int n)
{
	struct rsv_ioc_buffer_alloc block;
	uint32_t region;

	(void)n;
	return create_scratch(fd, KB(64), &region) ?: create_used_cache(fd, region, "closing") ?:
	       alloc_block(fd, region, 1, &block);
}

/* How long the close of a descriptor with @nr of them takes, in ms; 0 if they were not created */
static uint64_t close_many(int nr, int (*create_nth)(int fd, int n))
{
	int fd = open("/dev/reservoir", O_RDWR | O_CLOEXEC), n = 0;
	uint64_t ms;

	while (n < nr && !create_nth(fd, n))
		n++;
	ms = close_ms(fd);
	return n < nr ? 0 : ms + 1;
}

/*
 * Each one used to wait for grace periods of its own, so that many took as many times as long as
 * one. How fast the machine is does not matter, but on a slow one the work for each, which is not
 * shared, takes most of the time.
 */
TEST_F_TIMEOUT(device, a_descriptor_with_many_caches_is_closed_at_once, 120)
{
	uint64_t one = close_many(1, create_nth_cache);
	uint64_t many = close_many(CLOSING_CACHES, create_nth_cache);

	TH_LOG("1 cache: %llu ms, %d: %llu ms", (unsigned long long)one, CLOSING_CACHES,
	       (unsigned long long)many);
	EXPECT_GT(one, 0);
	EXPECT_GT(many, 0);
	EXPECT_LT(many, one * CLOSING_CACHES / 4);
}

TEST_F_TIMEOUT(device, a_descriptor_with_many_regions_is_closed_at_once, 120)
{
	uint64_t one = close_many(1, create_nth_region);
	uint64_t many = close_many(CLOSING_REGIONS, create_nth_region);

	TH_LOG("1 scratch region: %llu ms, %d: %llu ms", (unsigned long long)one, CLOSING_REGIONS,
	       (unsigned long long)many);
	EXPECT_GT(one, 0);
	EXPECT_GT(many, 0);
	EXPECT_LT(many, one * CLOSING_REGIONS * 3 / 4);
}
