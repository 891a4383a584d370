// SPDX-License-Identifier: GPL-2.0
/*
 * Handles: numbers that are not handles, handles of the wrong kind, and handles that are in use.
 */

static const uint32_t no_handles[] = {77, 1 << 20, (1 << 20) + 1, UINT32_MAX};

TEST_F(device, what_is_no_handle_is_not_found)
{
	struct rsv_ioc_cache_create made;
	struct rsv_ioc_buffer_alloc block;
	struct rsv_ioc_cache cache;
	uint32_t object, count;
	char c;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(no_handles); i++) {
		const uint32_t handle = no_handles[i];
		struct rsv_ioc_extent extent = {.size = sizeof(extent), .region = handle};
		struct rsv_ioc_info info = INFO(handle);
		struct rsv_ioc_zone zone = ZONE(handle, 0);

		EXPECT_EQ(call(self->fd, RSV_IOC_INFO, &info), ENOENT);
		EXPECT_EQ(call(self->fd, RSV_IOC_ZONE, &zone), ENOENT);
		EXPECT_EQ(call(self->fd, RSV_IOC_EXTENT, &extent), ENOENT);
		EXPECT_EQ(query_cache(self->fd, handle, 0, &cache), ENOENT);
		EXPECT_EQ(query_map(self->fd, handle, 0, 1, &c, &count), ENOENT);
		EXPECT_EQ(alloc_block(self->fd, handle, 1, &block), ENOENT);
		EXPECT_EQ(create_cache(self->fd, handle, "none", 64, &made), ENOENT);
		EXPECT_EQ(alloc_object(self->fd, handle, &object), ENOENT);
		EXPECT_EQ(object_io(self->fd, RSV_IOC_OBJECT_READ, handle, 0, 1, &c), ENOENT);
		EXPECT_EQ(object_io(self->fd, RSV_IOC_OBJECT_WRITE, handle, 0, 1, &c), ENOENT);
		EXPECT_EQ(free_handle(self->fd, handle), ENOENT);
	}
	EXPECT_EQ(alloc_object(self->fd, 0, &object), ENOENT);
	EXPECT_EQ(object_io(self->fd, RSV_IOC_OBJECT_READ, 0, 0, 1, &c), ENOENT);
	EXPECT_EQ(free_handle(self->fd, 0), ENOENT)
		TH_LOG("no program may free the default region");
}

TEST_F(device, a_handle_of_something_else_is_refused)
{
	struct rsv_ioc_cache_create cache, other;
	struct rsv_ioc_buffer_alloc block, another;
	uint32_t region, object, got, count;
	char c;

	ASSERT_EQ(create_scratch(self->fd, KB(64), &region), 0);
	ASSERT_EQ(alloc_block(self->fd, 0, 1, &block), 0);
	ASSERT_EQ(create_cache(self->fd, 0, "kinds", 64, &cache), 0);
	ASSERT_EQ(alloc_object(self->fd, cache.handle, &object), 0);
	{
		const uint32_t not_regions[] = {block.handle, cache.handle, object};
		const uint32_t not_caches[] = {block.handle, region, object};
		const uint32_t not_objects[] = {block.handle, region, cache.handle};
		size_t i;

		for (i = 0; i < 3; i++) {
			struct rsv_ioc_info info = INFO(not_regions[i]);
			struct rsv_ioc_zone zone = ZONE(not_regions[i], 0);

			EXPECT_EQ(call(self->fd, RSV_IOC_INFO, &info), EINVAL);
			EXPECT_EQ(call(self->fd, RSV_IOC_ZONE, &zone), EINVAL);
			EXPECT_EQ(query_map(self->fd, not_regions[i], 0, 1, &c, &count), EINVAL);
			EXPECT_EQ(alloc_block(self->fd, not_regions[i], 1, &another), EINVAL);
			EXPECT_EQ(create_cache(self->fd, not_regions[i], "none", 64, &other),
				  EINVAL);
			EXPECT_EQ(alloc_object(self->fd, not_caches[i], &got), EINVAL);
			EXPECT_EQ(object_io(self->fd, RSV_IOC_OBJECT_READ, not_objects[i], 0, 1,
					    &c),
				  EINVAL);
			EXPECT_EQ(object_io(self->fd, RSV_IOC_OBJECT_WRITE, not_objects[i], 0, 1,
					    &c),
				  EINVAL);
		}
	}
}

TEST_F(device, what_was_given_back_is_not_found_again)
{
	struct rsv_ioc_buffer_alloc block;
	uint32_t region;

	ASSERT_EQ(alloc_block(self->fd, 0, 1, &block), 0);
	EXPECT_EQ(free_handle(self->fd, block.handle), 0);
	EXPECT_EQ(free_handle(self->fd, block.handle), ENOENT);
	EXPECT_EQ(map_block(self->fd, &block), MAP_FAILED);
	ASSERT_EQ(create_scratch(self->fd, KB(64), &region), 0);
	EXPECT_EQ(free_handle(self->fd, region), 0);
	EXPECT_EQ(alloc_block(self->fd, region, 1, &block), ENOENT);
}

TEST_F(device, a_handle_means_nothing_to_another_descriptor)
{
	int other = open("/dev/reservoir", O_RDWR | O_CLOEXEC);
	struct rsv_ioc_buffer_alloc block;

	ASSERT_GE(other, 0);
	ASSERT_EQ(alloc_block(self->fd, 0, 1, &block), 0);
	EXPECT_EQ(free_handle(other, block.handle), ENOENT);
	EXPECT_EQ(map_block(other, &block), MAP_FAILED);
	EXPECT_EQ(free_handle(self->fd, block.handle), 0);
	close(other);
}

TEST_F(device, what_something_depends_on_is_busy)
{
	struct rsv_ioc_cache_create cache;
	struct rsv_ioc_buffer_alloc block;
	uint32_t region, object;

	ASSERT_EQ(create_scratch(self->fd, KB(64), &region), 0);
	ASSERT_EQ(alloc_block(self->fd, region, 1, &block), 0);
	EXPECT_EQ(free_handle(self->fd, region), EBUSY) TH_LOG("with a buffer");
	EXPECT_EQ(free_handle(self->fd, block.handle), 0);
	ASSERT_EQ(create_cache(self->fd, region, "busy", 64, &cache), 0);
	EXPECT_EQ(free_handle(self->fd, region), EBUSY) TH_LOG("with a cache");
	ASSERT_EQ(alloc_object(self->fd, cache.handle, &object), 0);
	EXPECT_EQ(free_handle(self->fd, cache.handle), EBUSY) TH_LOG("with an object");
	EXPECT_EQ(free_handle(self->fd, object), 0);
	EXPECT_EQ(free_handle(self->fd, cache.handle), 0);
	EXPECT_EQ(free_bytes(self->fd, region), KB(64));
	EXPECT_EQ(free_handle(self->fd, region), 0);
}

TEST_F(device, closing_frees_everything_whatever_depends_on_what)
{
	int other = open("/dev/reservoir", O_RDWR | O_CLOEXEC);
	struct rsv_ioc_cache_create cache;
	struct rsv_ioc_buffer_alloc block;
	uint32_t region, object;
	int i;

	ASSERT_GE(other, 0);
	ASSERT_EQ(create_scratch(other, KB(256), &region), 0);
	ASSERT_EQ(create_cache(other, region, "scratch", 2048, &cache), 0);
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(alloc_object(other, cache.handle, &object), 0);
	}
	ASSERT_EQ(create_cache(other, 0, "closing", 2048, &cache), 0);
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(alloc_object(other, cache.handle, &object), 0);
		ASSERT_EQ(alloc_block(other, 0, KB(64), &block), 0);
	}
	close(other);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
	EXPECT_EQ(create_cache(self->fd, 0, "closing", 64, &cache), 0)
		TH_LOG("its name is still taken");
}
