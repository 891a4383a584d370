// SPDX-License-Identifier: GPL-2.0
/*
 * Caches and objects.
 */

TEST_F(device, a_cache_has_the_layout_that_wastes_least)
{
	static const struct {
		uint32_t object_size, pages, objects;
	} textbook[] = {
		{2048, 3, 6},
		{3072, 3, 4},
		{7168, 7, 4},
		{1741, 3, 7},
	};
	struct rsv_ioc_cache_create made;
	struct rsv_ioc_cache cache;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(textbook); i++) {
		ASSERT_EQ(create_cache_with(self->fd, 0, "layout", textbook[i].object_size,
					    RSV_ENGINE_SLUB, &made),
			  0);
		ASSERT_EQ(query_cache(self->fd, 0, made.id, &cache), 0);
		EXPECT_EQ(cache.id, made.id);
		EXPECT_STREQ(cache.name, "layout");
		EXPECT_EQ(cache.object_size, textbook[i].object_size);
		EXPECT_EQ(cache.slab_pages, textbook[i].pages);
		EXPECT_EQ(cache.slab_objects, textbook[i].objects);
		EXPECT_GE(cache.stride, cache.object_size);
		EXPECT_EQ(cache.slab_waste,
			  cache.slab_pages * page_size() - cache.slab_objects * cache.stride);
		ASSERT_EQ(free_handle(self->fd, made.handle), 0);
	}
}

/* A small region has no magazines: a freed object goes back to its slab at once. */
TEST_F(device, a_slab_goes_from_partial_to_full_to_partial_to_empty)
{
	struct rsv_ioc_cache_create made;
	uint32_t objects[6], region;
	struct rsv_ioc_cache cache;
	int i;

	ASSERT_EQ(create_scratch(self->fd, KB(128), &region), 0);
	ASSERT_EQ(create_cache_with(self->fd, region, "states", 2048, RSV_ENGINE_SLUB, &made), 0);
	ASSERT_EQ(query_cache(self->fd, region, made.id, &cache), 0);
	EXPECT_EQ(cache.magazine_rounds, 0);
	EXPECT_EQ(cache.total_objects, 0);
	for (i = 0; i < 6; i++) {
		ASSERT_EQ(alloc_object(self->fd, made.handle, &objects[i]), 0);
		ASSERT_EQ(query_cache(self->fd, region, made.id, &cache), 0);
		EXPECT_EQ(cache.active_objects, i + 1);
		EXPECT_EQ(cache.full_slabs, i == 5);
		EXPECT_EQ(cache.partial_slabs, i < 5);
		EXPECT_EQ(cache.empty_slabs, 0);
	}
	for (i = 0; i < 6; i++) {
		ASSERT_EQ(free_handle(self->fd, objects[i]), 0);
		ASSERT_EQ(query_cache(self->fd, region, made.id, &cache), 0);
		EXPECT_EQ(cache.full_slabs, 0);
		EXPECT_EQ(cache.partial_slabs, i < 5);
		EXPECT_EQ(cache.empty_slabs, i == 5);
	}
	EXPECT_EQ(cache.allocs, 6);
	EXPECT_EQ(cache.frees, 6);
	EXPECT_EQ(cache.slabs_made, 1);
}

/* Otherwise a test that begins meanwhile would take the end of a grace period for a leak. */
TEST_F(device, slabs_that_left_their_cache_count_as_free)
{
	struct rsv_ioc_cache_create made;
	uint32_t objects[36], region, i;
	uint64_t bytes;

	ASSERT_EQ(create_scratch(self->fd, KB(128), &region), 0);
	ASSERT_EQ(create_cache(self->fd, region, "left", KB(2), &made), 0);
	bytes = settled_free_bytes(self->fd, region);
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		ASSERT_EQ(alloc_object(self->fd, made.handle, &objects[i]), 0);
	for (i = 0; i < ARRAY_SIZE(objects); i++)
		ASSERT_EQ(free_handle(self->fd, objects[i]), 0);
	EXPECT_EQ(settled_free_bytes(self->fd, region), bytes);
}

TEST_F(device, a_cache_out_of_memory_says_so_and_counts_it)
{
	struct rsv_ioc_cache_create made;
	struct rsv_ioc_cache cache;
	uint32_t region, object;

	ASSERT_EQ(create_scratch(self->fd, page_size(), &region), 0);
	ASSERT_EQ(create_cache_with(self->fd, region, "full", page_size(), RSV_ENGINE_SLUB, &made),
		  0);
	ASSERT_EQ(alloc_object(self->fd, made.handle, &object), 0);
	EXPECT_EQ(alloc_object(self->fd, made.handle, &object), ENOMEM);
	ASSERT_EQ(query_cache(self->fd, region, made.id, &cache), 0);
	EXPECT_GE(cache.failures, 1);
	EXPECT_EQ(cache.active_objects, 1);
}

TEST_F(device, bad_cache_names_are_refused_and_taken_ones_exist)
{
	const char *const bad[] = {"", ".", "..", "a b", "a/b", "\x80", "a\n", "*"};
	struct rsv_ioc_cache_create cache, other;
	uint32_t region;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(create_cache(self->fd, 0, bad[i], 64, &cache), EINVAL)
			TH_LOG("'%s'", bad[i]);
	}
	EXPECT_EQ(create_cache(self->fd, 0, "01234567890123456789012345678901", 64, &cache), EINVAL)
		TH_LOG("a name without a NUL");
	ASSERT_EQ(create_cache(self->fd, 0, "A-Za-z0-9_.-", 64, &cache), 0);
	EXPECT_EQ(create_cache(self->fd, 0, "A-Za-z0-9_.-", 64, &other), EEXIST);
	ASSERT_EQ(create_scratch(self->fd, KB(64), &region), 0);
	EXPECT_EQ(create_cache(self->fd, region, "A-Za-z0-9_.-", 64, &other), 0)
		TH_LOG("another region");
}

/* Counts the caches of a region that have this name, by who created them. */
static void count_caches_named(int fd, uint32_t region, const char *name, unsigned int nr[2])
{
	struct rsv_ioc_cache cache;
	uint32_t id;

	nr[RSV_CACHE_KERNEL] = nr[RSV_CACHE_USER] = 0;
	for (id = 0; !query_cache(fd, region, id, &cache); id = cache.id + 1)
		if (!strcmp(cache.name, name))
			nr[cache.origin]++;
}

TEST_F(device, a_program_may_take_the_names_that_the_kernel_has)
{
	const uint32_t scratch_bytes = KB(64);
	struct rsv_ioc_cache_create cache, other;
	uint32_t regions[2] = {0}, i;
	unsigned int nr[2];

	ASSERT_EQ(create_scratch(self->fd, scratch_bytes, &regions[1]), 0);
	for (i = 0; i < 2; i++) {
		count_caches_named(self->fd, regions[i], "kmalloc-64", nr);
		EXPECT_EQ(nr[RSV_CACHE_KERNEL], 1);
		EXPECT_EQ(nr[RSV_CACHE_USER], 0);
		ASSERT_EQ(create_cache(self->fd, regions[i], "kmalloc-64", 64, &cache), 0);
		EXPECT_EQ(create_cache(self->fd, regions[i], "kmalloc-64", 64, &other), EEXIST);
		count_caches_named(self->fd, regions[i], "kmalloc-64", nr);
		EXPECT_EQ(nr[RSV_CACHE_KERNEL], 1);
		EXPECT_EQ(nr[RSV_CACHE_USER], 1);
	}
	if (!access("/sys/kernel/debug/reservoir/stats", F_OK)) {
		EXPECT_EQ(access("/sys/kernel/debug/reservoir/caches/kmalloc-64/stats", F_OK), 0);
		EXPECT_EQ(access("/sys/kernel/debug/reservoir/caches/user:kmalloc-64/stats", F_OK),
			  0);
	}
	EXPECT_EQ(free_handle(self->fd, cache.handle), 0);
}

#define CACHE_FLAGS                                                                \
	(RSV_HWCACHE_ALIGN | RSV_NO_MAGAZINE | RSV_ENGINE_SLAB | RSV_ENGINE_SLUB | \
	 RSV_ENGINE_SLOB | RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER | RSV_TYPESAFE_BY_RCU)

static const uint32_t engines_at_once[] = {
	RSV_ENGINE_SLAB | RSV_ENGINE_SLUB,
	RSV_ENGINE_SLUB | RSV_ENGINE_SLOB,
	RSV_ENGINE_SLAB | RSV_ENGINE_SLOB,
	RSV_ENGINE_SLAB | RSV_ENGINE_SLUB | RSV_ENGINE_SLOB,
	CACHE_FLAGS,
};

TEST_F(device, impossible_caches_are_refused)
{
	static const uint32_t sizes[] = {0, UINT32_MAX, 1U << 31};
	static const uint32_t aligns[] = {3, 24, 8192, UINT32_MAX, 1U << 31};
	struct rsv_ioc_cache_create want = {
		.size = sizeof(want), .object_size = 64, .name = "impossible"};
	struct rsv_ioc_info before = INFO(0), after = INFO(0);
	size_t i;

	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &before), 0);

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		want.object_size = sizes[i];
		EXPECT_EQ(call(self->fd, RSV_IOC_CACHE_CREATE, &want), EINVAL)
			TH_LOG("size %u", sizes[i]);
	}
	want.object_size = 64;
	for (i = 0; i < ARRAY_SIZE(aligns); i++) {
		want.align = aligns[i];
		EXPECT_EQ(call(self->fd, RSV_IOC_CACHE_CREATE, &want), EINVAL)
			TH_LOG("align %u", aligns[i]);
	}
	want.align = 0;
	for (i = 0; i < 32; i++) {
		want.cache_flags = 1U << i;
		if (want.cache_flags & CACHE_FLAGS)
			continue;
		EXPECT_EQ(call(self->fd, RSV_IOC_CACHE_CREATE, &want), EINVAL)
			TH_LOG("flag %zu", i);
		want.cache_flags |= CACHE_FLAGS & ~(RSV_ENGINE_SLAB | RSV_ENGINE_SLOB);
		EXPECT_EQ(call(self->fd, RSV_IOC_CACHE_CREATE, &want), EINVAL)
			TH_LOG("flag %zu with others", i);
	}
	for (i = 0; i < ARRAY_SIZE(engines_at_once); i++) {
		want.cache_flags = engines_at_once[i];
		EXPECT_EQ(call(self->fd, RSV_IOC_CACHE_CREATE, &want), EINVAL)
			TH_LOG("engines %zu", i);
	}
	want.cache_flags = 0;
	want.flags = RSV_CACHE_CONSTRUCTED;
	for (i = 1; i < sizeof(struct rsv_constructed) + 8; i++) {
		want.object_size = i;
		if (i != sizeof(struct rsv_constructed)) {
			EXPECT_EQ(call(self->fd, RSV_IOC_CACHE_CREATE, &want), EINVAL)
				TH_LOG("constructed %zu", i);
		}
	}
	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &after), 0);
	EXPECT_EQ(after.nr_caches, before.nr_caches);
}

TEST_F(device, objects_are_aligned_as_asked)
{
	struct rsv_ioc_cache_create want = {
		.size = sizeof(want),
		.object_size = 24,
		.align = 256,
		.name = "aligned",
	};
	struct rsv_ioc_object_alloc object = {.size = sizeof(object)};
	struct rsv_ioc_cache cache;
	int i;

	ASSERT_EQ(call(self->fd, RSV_IOC_CACHE_CREATE, &want), 0);
	object.cache = want.handle;
	for (i = 0; i < 5; i++) {
		ASSERT_EQ(call(self->fd, RSV_IOC_OBJECT_ALLOC, &object), 0);
		EXPECT_EQ(object.offset % 256, 0);
	}
	want.align = 0;
	want.cache_flags = RSV_HWCACHE_ALIGN;
	strcpy(want.name, "hwcache");
	ASSERT_EQ(call(self->fd, RSV_IOC_CACHE_CREATE, &want), 0);
	ASSERT_EQ(query_cache(self->fd, 0, want.id, &cache), 0);
	EXPECT_GE(cache.align, 32);
	EXPECT_EQ(cache.stride % cache.align, 0);
}

TEST_F(device, an_object_is_zeroed_and_keeps_what_is_written)
{
	uint8_t bytes[100], zero[100] = {0};
	struct rsv_ioc_cache_create cache;
	uint32_t object;
	int round;

	ASSERT_EQ(create_cache(self->fd, 0, "contents", sizeof(bytes), &cache), 0);
	for (round = 0; round < 3; round++) {
		ASSERT_EQ(alloc_object(self->fd, cache.handle, &object), 0);
		ASSERT_EQ(object_io(self->fd, RSV_IOC_OBJECT_READ, object, 0, sizeof(bytes), bytes),
			  0);
		EXPECT_EQ(memcmp(bytes, zero, sizeof(bytes)), 0);
		memset(bytes, 0x77, sizeof(bytes));
		ASSERT_EQ(object_io(self->fd, RSV_IOC_OBJECT_WRITE, object, 0, sizeof(bytes),
				    bytes),
			  0);
		ASSERT_EQ(object_io(self->fd, RSV_IOC_OBJECT_WRITE, object, 50, 1, "x"), 0);
		memset(bytes, 0, sizeof(bytes));
		ASSERT_EQ(object_io(self->fd, RSV_IOC_OBJECT_READ, object, 49, 3, bytes), 0);
		EXPECT_EQ(memcmp(bytes, "\x77x\x77", 4 - 1), 0);
		ASSERT_EQ(free_handle(self->fd, object), 0);
	}
}

TEST_F(device, objects_do_not_touch_each_other)
{
	struct rsv_ioc_cache_create cache;
	uint32_t objects[64];
	uint8_t bytes[72];
	size_t i;

	ASSERT_EQ(create_cache(self->fd, 0, "neighbours", sizeof(bytes), &cache), 0);
	for (i = 0; i < ARRAY_SIZE(objects); i++) {
		memset(bytes, i + 1, sizeof(bytes));
		ASSERT_EQ(alloc_object(self->fd, cache.handle, &objects[i]), 0);
		ASSERT_EQ(object_io(self->fd, RSV_IOC_OBJECT_WRITE, objects[i], 0, sizeof(bytes),
				    bytes),
			  0);
	}
	for (i = 0; i < ARRAY_SIZE(objects); i++) {
		ASSERT_EQ(object_io(self->fd, RSV_IOC_OBJECT_READ, objects[i], 0, sizeof(bytes),
				    bytes),
			  0);
		ASSERT_TRUE(all_bytes(bytes, i + 1, sizeof(bytes)));
	}
}

TEST_F(device, nothing_beyond_an_object_is_read_or_written)
{
	static const struct {
		uint32_t offset, length;
		int error;
	} ranges[] = {
		{0, 100, 0},
		{100, 0, 0},
		{99, 1, 0},
		{0, 101, EINVAL},
		{100, 1, EINVAL},
		{101, 0, EINVAL},
		{UINT32_MAX, 1, EINVAL},
		{1, UINT32_MAX, EINVAL},
		{UINT32_MAX, UINT32_MAX, EINVAL},
		{0x80000000, 0x80000000, EINVAL},
	};
	struct rsv_ioc_cache_create cache;
	uint8_t bytes[256];
	uint32_t object;
	size_t i;

	ASSERT_EQ(create_cache(self->fd, 0, "bounds", 100, &cache), 0);
	ASSERT_EQ(alloc_object(self->fd, cache.handle, &object), 0);
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		const uint32_t offset = ranges[i].offset, length = ranges[i].length;

		EXPECT_EQ(object_io(self->fd, RSV_IOC_OBJECT_READ, object, offset, length, bytes),
			  ranges[i].error)
			TH_LOG("read %u at %u", length, offset);
		EXPECT_EQ(object_io(self->fd, RSV_IOC_OBJECT_WRITE, object, offset, length, bytes),
			  ranges[i].error)
			TH_LOG("write %u at %u", length, offset);
	}
	EXPECT_EQ(object_io(self->fd, RSV_IOC_OBJECT_READ, object, 0, 1, NULL), EFAULT);
	EXPECT_EQ(object_io(self->fd, RSV_IOC_OBJECT_WRITE, object, 0, 1, NULL), EFAULT);
}

TEST_F_TIMEOUT(device, a_descriptor_has_at_most_1024_caches, 120)
{
	struct rsv_ioc_cache_create cache;
	char name[RSV_NAME_MAX];
	uint32_t first = 0;
	int i;

	for (i = 0; i < 1024; i++) {
		snprintf(name, sizeof(name), "many-%d", i);
		ASSERT_EQ(create_cache(self->fd, 0, name, 64, &cache), 0);
		if (!i)
			first = cache.handle;
	}
	EXPECT_EQ(create_cache(self->fd, 0, "one-more", 64, &cache), EMFILE);
	ASSERT_EQ(free_handle(self->fd, first), 0);
	EXPECT_EQ(create_cache(self->fd, 0, "one-more", 64, &cache), 0);
}
