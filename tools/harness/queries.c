// SPDX-License-Identifier: GPL-2.0
/*
 * Queries: their answers are complete and agree with each other.
 */

TEST_F(device, info_tells_who_is_there_and_how_much)
{
	struct rsv_ioc_info info = INFO(0);

	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
	EXPECT_EQ(info.abi_version, RSV_ABI_VERSION);
	EXPECT_STREQ(info.version, RSV_VERSION);
	EXPECT_STREQ(info.name, "default");
	EXPECT_EQ(info.page_size, page_size());
	EXPECT_GT(info.bytes, 0);
	EXPECT_EQ(info.bytes % info.page_size, 0);
	EXPECT_LE(info.free_bytes, info.bytes);
	EXPECT_LE(info.largest_free, info.free_bytes + info.cached_bytes);
	EXPECT_LE(info.largest_free_block, info.free_bytes);
	EXPECT_LE(info.largest_free_block, info.largest_block);
	EXPECT_GT(info.metadata_bytes, 0);
	EXPECT_GT(info.nr_zones, 0);
	EXPECT_GT(info.nr_extents, 0);
}

TEST_F(device, info_follows_what_is_allocated_and_freed)
{
	struct rsv_ioc_buffer_alloc block;

	ASSERT_EQ(alloc_block(self->fd, 0, 3 * page_size(), &block), 0);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free - block.bytes));
	ASSERT_EQ(free_handle(self->fd, block.handle), 0);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
}

TEST_F(device, zones_and_their_free_areas_add_up_to_the_region)
{
	struct rsv_ioc_info info = INFO(0);
	uint64_t pages = 0, free = 0;
	uint32_t i, order;

	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
	for (i = 0; i < info.nr_zones; i++) {
		struct rsv_ioc_zone zone = ZONE(0, i);
		uint64_t in_blocks = 0;

		ASSERT_EQ(call(self->fd, RSV_IOC_ZONE, &zone), 0);
		EXPECT_LE(zone.nr_orders, RSV_ORDERS_MAX);
		EXPECT_NE(zone.name[0], '\0');
		for (order = 0; order < RSV_ORDERS_MAX; order++)
			in_blocks += zone.free[order] << order;
		EXPECT_EQ(in_blocks, zone.free_pages);
		pages += zone.pages;
		free += zone.free_pages;
	}
	EXPECT_EQ(pages * info.page_size, info.bytes);
	EXPECT_EQ(free * info.page_size, info.free_bytes);
}

TEST_F(device, a_zone_counts_what_a_request_does_to_it)
{
	struct rsv_ioc_zone before, after, later;
	struct rsv_ioc_buffer_alloc block;
	uint32_t region;

	ASSERT_EQ(create_scratch(self->fd, 4 * page_size(), &region), 0);
	before = after = later = (struct rsv_ioc_zone)ZONE(region, 0);
	ASSERT_EQ(call(self->fd, RSV_IOC_ZONE, &before), 0);
	ASSERT_EQ(alloc_block(self->fd, region, page_size(), &block), 0);
	ASSERT_EQ(call(self->fd, RSV_IOC_ZONE, &after), 0);
	EXPECT_EQ(after.allocs[0], before.allocs[0] + 1);
	EXPECT_EQ(after.splits[2], before.splits[2] + 1);
	EXPECT_EQ(after.splits[1], before.splits[1] + 1);
	EXPECT_EQ(after.free[1], 1);
	EXPECT_EQ(after.free[0], 1);
	EXPECT_GE(after.peak_pages, 1);

	ASSERT_EQ(free_handle(self->fd, block.handle), 0);
	ASSERT_EQ(call(self->fd, RSV_IOC_ZONE, &later), 0);
	EXPECT_EQ(later.frees[0], before.frees[0] + 1);
	EXPECT_EQ(later.merges[0], before.merges[0] + 1);
	EXPECT_EQ(later.merges[1], before.merges[1] + 1);

	ASSERT_EQ(alloc_block(self->fd, region, 4 * page_size(), &block), 0);
	ASSERT_EQ(alloc_block(self->fd, region, page_size(), &block), ENOMEM);
	ASSERT_EQ(call(self->fd, RSV_IOC_ZONE, &later), 0);
	EXPECT_EQ(later.failures[0], before.failures[0] + 1);
}

TEST_F(device, extents_lie_end_to_end)
{
	struct rsv_ioc_info info = INFO(0);
	uint64_t end = 0;
	uint32_t i;

	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
	for (i = 0; i < info.nr_extents; i++) {
		struct rsv_ioc_extent extent = {.size = sizeof(extent), .index = i};

		ASSERT_EQ(call(self->fd, RSV_IOC_EXTENT, &extent), 0);
		EXPECT_EQ(extent.offset, end);
		EXPECT_GT(extent.bytes, 0);
		EXPECT_NE(extent.physical, 0) TH_LOG("root may see physical addresses");
		EXPECT_EQ(extent.physical % info.page_size, 0);
		end += extent.bytes;
	}
	EXPECT_EQ(end, info.bytes);
}

TEST_F(device, an_index_beyond_the_last_zone_or_extent_is_not_found)
{
	struct rsv_ioc_info info = INFO(0);
	struct rsv_ioc_extent extent = {.size = sizeof(extent)};
	struct rsv_ioc_zone zone = ZONE(0, 0);

	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
	zone.index = info.nr_zones;
	EXPECT_EQ(call(self->fd, RSV_IOC_ZONE, &zone), ENOENT);
	zone.index = UINT32_MAX;
	EXPECT_EQ(call(self->fd, RSV_IOC_ZONE, &zone), ENOENT);
	extent.index = info.nr_extents;
	EXPECT_EQ(call(self->fd, RSV_IOC_EXTENT, &extent), ENOENT);
	extent.index = UINT32_MAX;
	EXPECT_EQ(call(self->fd, RSV_IOC_EXTENT, &extent), ENOENT);
}

TEST_F(device, caches_are_listed_once_each_in_the_order_of_their_numbers)
{
	struct rsv_ioc_info info = INFO(0);
	struct rsv_ioc_cache_create made;
	struct rsv_ioc_cache cache;
	uint32_t nr = 0, id = 0;
	bool seen = false;

	ASSERT_EQ(create_cache(self->fd, 0, "listed", 100, &made), 0);
	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
	while (!query_cache(self->fd, 0, id, &cache)) {
		ASSERT_GE(cache.id, id);
		seen |= cache.id == made.id && !strcmp(cache.name, "listed");
		id = cache.id + 1;
		nr++;
	}
	EXPECT_TRUE(seen);
	EXPECT_EQ(nr, info.nr_caches);
	EXPECT_EQ(query_cache(self->fd, 0, UINT32_MAX, &cache), ENOENT);
}

TEST_F(device, the_map_has_a_character_for_every_page)
{
	const uint64_t pages = 16;
	struct rsv_ioc_buffer_alloc block;
	uint32_t region, count;
	char map[32];

	ASSERT_EQ(create_scratch(self->fd, pages * page_size(), &region), 0);
	ASSERT_EQ(alloc_block(self->fd, region, 4 * page_size(), &block), 0);
	ASSERT_EQ(query_map(self->fd, region, 0, sizeof(map), map, &count), 0);
	ASSERT_EQ(count, pages);
	EXPECT_EQ(memcmp(map + block.offset / page_size(), "Pppp", 4), 0);
	memset(map + block.offset / page_size(), RSV_MAP_FREE, 4);
	EXPECT_EQ(memcmp(map, "................", 16), 0);
}

TEST_F(device, the_map_can_be_read_in_pieces_and_ends)
{
	struct rsv_ioc_info info = INFO(0);
	uint64_t first = 0, pages;
	uint32_t count, free = 0;
	char chars[1000];

	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
	pages = info.bytes / info.page_size;
	do {
		uint32_t i;

		ASSERT_EQ(query_map(self->fd, 0, first, sizeof(chars), chars, &count), 0);
		for (i = 0; i < count; i++) {
			ASSERT_NE(strchr(".C-PpSs", chars[i]), NULL);
			free += chars[i] == RSV_MAP_FREE || chars[i] == RSV_MAP_CACHED;
		}
		first += count;
	} while (count);
	EXPECT_EQ(first, pages);
	EXPECT_EQ(free * page_size(), info.free_bytes + info.cached_bytes);
	ASSERT_EQ(query_map(self->fd, 0, UINT64_MAX, sizeof(chars), chars, &count), 0);
	EXPECT_EQ(count, 0);
}

TEST_F(device, the_map_refuses_too_much_and_bad_addresses)
{
	static char chars[65537];
	uint32_t count;

	EXPECT_EQ(query_map(self->fd, 0, 0, 65536, chars, &count), 0);
	EXPECT_EQ(query_map(self->fd, 0, 0, 65537, chars, &count), EINVAL);
	EXPECT_EQ(query_map(self->fd, 0, 0, UINT32_MAX, chars, &count), EINVAL);
	EXPECT_EQ(query_map(self->fd, 0, 0, 1, NULL, &count), EFAULT);
}

TEST_F(device, what_the_program_leaves_in_answer_fields_does_not_matter)
{
	struct rsv_ioc_info info, clean = INFO(0);
	struct rsv_ioc_zone zone, clean_zone = ZONE(0, 0);

	memset(&info, 0xff, sizeof(info));
	info.size = sizeof(info);
	info.flags = 0;
	info.region = 0;
	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &clean), 0);
	EXPECT_EQ(memcmp(&info, &clean, sizeof(info)), 0);

	memset(&zone, 0xff, sizeof(zone));
	memcpy(&zone, &clean_zone, offsetof(struct rsv_ioc_zone, node));
	ASSERT_EQ(call(self->fd, RSV_IOC_ZONE, &zone), 0);
	ASSERT_EQ(call(self->fd, RSV_IOC_ZONE, &clean_zone), 0);
	EXPECT_EQ(memcmp(&zone, &clean_zone, sizeof(zone)), 0);
}
