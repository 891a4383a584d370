// SPDX-License-Identifier: GPL-2.0
/*
 * The close of a descriptor that has much: it takes a few grace periods, however much that is.
 */

#define CLOSING_CACHES	1024
#define CLOSING_REGIONS 64

/* The most that a close may take, on a machine that emulates its CPUs */
#define CLOSING_MS	2000

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

TEST_F_TIMEOUT(device, a_descriptor_with_many_caches_is_closed_at_once, 120)
{
	int fd = open("/dev/reservoir", O_RDWR | O_CLOEXEC), i;
	char name[RSV_NAME_MAX];
	uint64_t ms;

	ASSERT_GE(fd, 0);
	for (i = 0; i < CLOSING_CACHES; i++) {
		snprintf(name, sizeof(name), "closing-%d", i);
		ASSERT_EQ(create_used_cache(fd, 0, name), 0);
	}
	ms = close_ms(fd);
	TH_LOG("%d caches: %llu ms", CLOSING_CACHES, (unsigned long long)ms);
	EXPECT_LT(ms, CLOSING_MS);
}

TEST_F_TIMEOUT(device, a_descriptor_with_many_regions_is_closed_at_once, 120)
{
	int fd = open("/dev/reservoir", O_RDWR | O_CLOEXEC), i;
	struct rsv_ioc_buffer_alloc block;
	uint32_t region;
	uint64_t ms;

	ASSERT_GE(fd, 0);
	for (i = 0; i < CLOSING_REGIONS; i++) {
		ASSERT_EQ(create_scratch(fd, KB(64), &region), 0);
		ASSERT_EQ(create_used_cache(fd, region, "closing"), 0);
		ASSERT_EQ(alloc_block(fd, region, 1, &block), 0);
	}
	ms = close_ms(fd);
	TH_LOG("%d scratch regions: %llu ms", CLOSING_REGIONS, (unsigned long long)ms);
	EXPECT_LT(ms, CLOSING_MS);
}
