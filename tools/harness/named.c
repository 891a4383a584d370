// SPDX-License-Identifier: GPL-2.0
/*
 * Named regions: create, open, list, grow, shrink and destroy them; and buffers with flags.
 */

/* More than the blocks in which a region grows and shrinks, on all machines */
#define NAMED_BYTES MB(8)

static const struct rsv_ioc_reserve anywhere = {.bytes = NAMED_BYTES};

TEST_F(device, a_named_region_outlives_its_descriptor)
{
	struct rsv_ioc_info info = {.size = sizeof(info)};
	int fd = open("/dev/reservoir", O_RDWR | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(create_named(fd, "outlives", &anywhere, 1), 0);
	close(fd);
	ASSERT_EQ(open_named(self->fd, "outlives", &info.region), 0);
	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
	EXPECT_STREQ(info.name, "outlives");
	EXPECT_EQ(info.bytes, NAMED_BYTES);
	EXPECT_EQ(info.free_bytes, NAMED_BYTES);
	EXPECT_EQ(free_handle(self->fd, info.region), 0);
	EXPECT_EQ(destroy_named(self->fd, "outlives"), 0);
	EXPECT_EQ(open_named(self->fd, "outlives", &info.region), ENOENT);
	EXPECT_EQ(destroy_named(self->fd, "outlives"), ENOENT);
}

TEST_F(device, a_region_may_have_no_memory_yet)
{
	struct rsv_ioc_buffer_alloc block;
	uint32_t region;

	ASSERT_EQ(create_named(self->fd, "empty", NULL, 0), 0);
	ASSERT_EQ(open_named(self->fd, "empty", &region), 0);
	EXPECT_EQ(alloc_block(self->fd, region, 1, &block), ENOMEM);
	ASSERT_EQ(grow_named(self->fd, "empty", NAMED_BYTES), 0);
	EXPECT_EQ(alloc_block(self->fd, region, 1, &block), 0);
	EXPECT_EQ(free_handle(self->fd, block.handle), 0);
	EXPECT_EQ(free_handle(self->fd, region), 0);
	EXPECT_EQ(destroy_named(self->fd, "empty"), 0);
}

TEST_F(device, regions_are_listed_once_each_in_the_order_of_their_numbers)
{
	struct rsv_ioc_region_next next;
	bool named = false, scratch = false;
	uint32_t region, id;

	ASSERT_EQ(create_named(self->fd, "listed", &anywhere, 1), 0);
	ASSERT_EQ(create_scratch_named(self->fd, "listed-too", page_size(), &region), 0);
	ASSERT_EQ(next_region(self->fd, 0, &next), 0);
	EXPECT_STREQ(next.name, "default");
	EXPECT_EQ(next.origin, RSV_REGION_KERNEL);
	for (id = next.id + 1; !next_region(self->fd, id, &next); id = next.id + 1) {
		ASSERT_GE(next.id, id);
		if (!strcmp(next.name, "listed")) {
			EXPECT_FALSE(named);
			EXPECT_EQ(next.origin, RSV_REGION_NAMED);
			named = true;
		} else if (!strcmp(next.name, "listed-too")) {
			EXPECT_FALSE(scratch);
			EXPECT_EQ(next.origin, RSV_REGION_SCRATCH);
			scratch = true;
		}
	}
	EXPECT_TRUE(named && scratch);
	EXPECT_EQ(next_region(self->fd, UINT32_MAX, &next), ENOENT);
	EXPECT_EQ(destroy_named(self->fd, "listed"), 0);
}

TEST_F(device, a_region_that_is_open_or_in_use_cannot_be_ended)
{
	struct rsv_ioc_cache_create cache;
	struct rsv_ioc_buffer_alloc block;
	int fd = open("/dev/reservoir", O_RDONLY | O_CLOEXEC);
	uint32_t region, other;
	uint8_t *bytes;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(create_named(self->fd, "busy", &anywhere, 1), 0);
	ASSERT_EQ(open_named(fd, "busy", &other), 0);
	EXPECT_EQ(destroy_named(self->fd, "busy"), EBUSY) TH_LOG("open by a read-only descriptor");
	EXPECT_EQ(alloc_block(fd, other, 1, &block), EBADF);
	close(fd);
	ASSERT_EQ(open_named(self->fd, "busy", &region), 0);
	ASSERT_EQ(open_named(self->fd, "busy", &other), 0);
	EXPECT_NE(region, other);
	EXPECT_EQ(free_handle(self->fd, other), 0);

	ASSERT_EQ(alloc_block(self->fd, region, page_size(), &block), 0);
	EXPECT_EQ(free_handle(self->fd, region), EBUSY) TH_LOG("a buffer depends on the handle");
	bytes = map_block(self->fd, &block);
	ASSERT_NE(bytes, MAP_FAILED);
	ASSERT_EQ(free_handle(self->fd, block.handle), 0);
	EXPECT_EQ(free_handle(self->fd, region), EBUSY) TH_LOG("a mapping depends on the handle");
	EXPECT_EQ(destroy_named(self->fd, "busy"), EBUSY);
	bytes[0] = 1;
	ASSERT_EQ(munmap(bytes, block.bytes), 0);
	ASSERT_EQ(create_cache(self->fd, region, "busy", 64, &cache), 0);
	EXPECT_EQ(free_handle(self->fd, region), EBUSY) TH_LOG("a cache depends on the handle");
	EXPECT_EQ(free_handle(self->fd, cache.handle), 0);
	EXPECT_EQ(free_handle(self->fd, region), 0);
	EXPECT_EQ(destroy_named(self->fd, "busy"), 0);
}

TEST_F(device, regions_of_others_are_not_a_programs_to_open_or_end)
{
	uint32_t region, other;

	ASSERT_EQ(create_scratch_named(self->fd, "own", page_size(), &region), 0);
	EXPECT_EQ(open_named(self->fd, "own", &other), EACCES);
	EXPECT_EQ(destroy_named(self->fd, "own"), EBUSY);
	EXPECT_EQ(grow_named(self->fd, "own", NAMED_BYTES), EACCES);
	EXPECT_EQ(destroy_named(self->fd, "default"), EBUSY);
	ASSERT_EQ(open_named(self->fd, "default", &other), 0);
	EXPECT_EQ(free_bytes(self->fd, other), free_bytes(self->fd, 0));
	EXPECT_EQ(free_handle(self->fd, other), 0);
}

TEST_F(device, a_region_of_the_kernel_is_found_if_the_program_says_so)
{
	struct rsv_ioc_region_open open = {
		.size = sizeof(open), .flags = RSV_REGION_OF_KERNEL, .name = "default"};

	ASSERT_EQ(call(self->fd, RSV_IOC_REGION_OPEN, &open), 0);
	EXPECT_EQ(free_handle(self->fd, open.handle), 0);
	ASSERT_EQ(create_named(self->fd, "programs", &anywhere, 1), 0);
	strcpy(open.name, "programs");
	EXPECT_EQ(call(self->fd, RSV_IOC_REGION_OPEN, &open), ENOENT);
	open.flags = 2;
	EXPECT_EQ(call(self->fd, RSV_IOC_REGION_OPEN, &open), EINVAL);
	EXPECT_EQ(destroy_named(self->fd, "programs"), 0);
}

static const char *const bad_names[] = {"",    ".",   "..",
					"a b", "a/b", "01234567890123456789012345678901"};

/* Every request that makes no sense */
static void expect_bad_requests_refused(struct __test_metadata *_metadata, int fd)
{
	/* clang-format off */
	const struct rsv_ioc_reserve bad[] = {
		{.bytes = 0}, {.bytes = UINT64_MAX}, {.bytes = page_size(), .shared = page_size()},
		{.bytes = page_size(), .zone = RSV_ZONE_DMA, .shared = 2 * page_size()},
		{.bytes = page_size(), .zone = RSV_ZONE_HIGHMEM + 1},
		{.bytes = page_size(), .zone = UINT32_MAX},
		{.bytes = page_size(), .flags = 8}, {.bytes = page_size(), .flags = 0x80000000},
		{.bytes = page_size(), .node = 1}, {.bytes = page_size(), .reserved = 1},
		{.bytes = page_size(), .flags = RSV_RESERVE_NODE, .node = -1},
		{.bytes = page_size(), .flags = RSV_RESERVE_NODE, .node = 100000},
	};
	/* clang-format on */
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(create_named(fd, "bad", &bad[i], 1), EINVAL)
			TH_LOG("request %zu", i);
	}
}

TEST_F(device, bad_names_and_requests_for_a_named_region_are_refused)
{
	struct rsv_ioc_reserve many[RSV_RESERVES_MAX + 1];
	uint64_t bytes = 1;
	uint32_t region;
	size_t i;

	expect_bad_requests_refused(_metadata, self->fd);
	for (i = 0; i < ARRAY_SIZE(bad_names); i++) {
		EXPECT_EQ(create_named(self->fd, bad_names[i], &anywhere, 1), EINVAL)
			TH_LOG("'%s'", bad_names[i]);
	}
	for (i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct rsv_ioc_reserve){.bytes = page_size()};
	EXPECT_EQ(create_named(self->fd, "many", many, RSV_RESERVES_MAX + 1), EINVAL);
	EXPECT_EQ(create_named(self->fd, "many", many, UINT32_MAX), EINVAL);
	EXPECT_EQ(create_named(self->fd, "many", NULL, 1), EFAULT);
	EXPECT_EQ(create_named(self->fd, "default", many, 1), EEXIST);
	many[0].bytes = 1ULL << 46;
	EXPECT_EQ(create_named(self->fd, "many", many, 1), ENOMEM);
	EXPECT_EQ(open_named(self->fd, "many", &region), ENOENT)
		TH_LOG("a part of the region is left");
	EXPECT_EQ(open_named(self->fd, bad_names[5], &region), EINVAL);
	EXPECT_EQ(destroy_named(self->fd, bad_names[5]), EINVAL);
	EXPECT_EQ(grow_named(self->fd, bad_names[5], NAMED_BYTES), EINVAL);
	EXPECT_EQ(grow_named(self->fd, "default", 0), EINVAL);
	EXPECT_EQ(grow_named(self->fd, "nowhere", NAMED_BYTES), ENOENT);
	EXPECT_EQ(shrink_named(self->fd, bad_names[5], &bytes), EINVAL);
	EXPECT_EQ(shrink_named(self->fd, "nowhere", &bytes), ENOENT);

	many[0].bytes = page_size();
	ASSERT_EQ(create_named(self->fd, "many", many, RSV_RESERVES_MAX), 0);
	EXPECT_EQ(create_named(self->fd, "many", many, 1), EEXIST);
	EXPECT_EQ(create_scratch_named(self->fd, "many", page_size(), &region), EEXIST);
	EXPECT_EQ(destroy_named(self->fd, "many"), 0);
}

static int change_regions(int fd)
{
	uint64_t bytes = MB(4);
	uint32_t region;

	if (create_named(fd, "unprivileged", &anywhere, 1) != EPERM ||
	    destroy_named(fd, "privileged") != EPERM)
		return 1;
	if (grow_named(fd, "privileged", NAMED_BYTES) != EPERM ||
	    shrink_named(fd, "privileged", &bytes) != EPERM)
		return 2;
	return open_named(fd, "privileged", &region) || free_handle(fd, region) ? 3 : 0;
}

TEST_F(device, a_user_without_privileges_may_open_regions_but_not_change_them)
{
	ASSERT_EQ(create_named(self->fd, "privileged", &anywhere, 1), 0);
	EXPECT_EQ(as_nobody(change_regions, self->fd), 0);
	EXPECT_EQ(destroy_named(self->fd, "privileged"), 0);
}

/* Bytes of a region that its map shows as removed */
static uint64_t removed_bytes(int fd, uint32_t region)
{
	static char chars[65536];
	uint32_t count, nr = 0, i;

	if (query_map(fd, region, 0, sizeof(chars), chars, &count))
		return UINT64_MAX;
	for (i = 0; i < count; i++)
		nr += chars[i] == RSV_MAP_HOLE;
	return nr * page_size();
}

TEST_F(device, what_is_mapped_stays_while_its_region_grows_and_shrinks)
{
	struct rsv_ioc_info info = {.size = sizeof(info)};
	struct rsv_ioc_buffer_alloc blocks[4];
	uint64_t removed = UINT64_MAX, nothing = UINT64_MAX;
	uint8_t *bytes[4];
	size_t i;

	ASSERT_EQ(create_named(self->fd, "resized", &anywhere, 1), 0);
	ASSERT_EQ(open_named(self->fd, "resized", &info.region), 0);
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(alloc_block(self->fd, info.region, MB(1) / (i + 1), &blocks[i]), 0);
		bytes[i] = map_block(self->fd, &blocks[i]);
		ASSERT_NE(bytes[i], MAP_FAILED);
		memset(bytes[i], i + 1, blocks[i].bytes);
	}
	ASSERT_EQ(grow_named(self->fd, "resized", NAMED_BYTES), 0);
	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
	EXPECT_EQ(info.bytes, 2 * NAMED_BYTES);
	EXPECT_EQ(removed_bytes(self->fd, info.region), 0);

	ASSERT_EQ(shrink_named(self->fd, "resized", &removed), 0);
	EXPECT_GE(removed, MB(4));
	EXPECT_LT(removed, 2 * NAMED_BYTES);
	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
	EXPECT_EQ(info.bytes, 2 * NAMED_BYTES - removed);
	EXPECT_GT(removed_bytes(self->fd, info.region), 0);
	EXPECT_LE(removed_bytes(self->fd, info.region), removed);
	ASSERT_EQ(shrink_named(self->fd, "resized", &nothing), 0);
	EXPECT_EQ(nothing, 0);

	ASSERT_EQ(grow_named(self->fd, "resized", NAMED_BYTES), 0);
	for (i = 0; i < 4; i++) {
		EXPECT_TRUE(all_bytes(bytes[i], i + 1, blocks[i].bytes));
		EXPECT_EQ(munmap(bytes[i], blocks[i].bytes), 0);
		EXPECT_EQ(free_handle(self->fd, blocks[i].handle), 0);
	}
	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
	EXPECT_EQ(settled_free_bytes(self->fd, info.region), info.bytes);
	EXPECT_EQ(free_handle(self->fd, info.region), 0);
	EXPECT_EQ(destroy_named(self->fd, "resized"), 0);
}

TEST_F(device, an_exact_buffer_has_the_pages_asked_for)
{
	const uint64_t pages[] = {1, 2, 3, 5, 7, 13, 21, 33, 63};
	struct rsv_ioc_buffer_alloc block;
	uint32_t region;
	uint8_t *bytes;
	size_t i;

	ASSERT_EQ(create_scratch(self->fd, 64 * page_size(), &region), 0);
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		uint64_t wanted = pages[i] * page_size();

		ASSERT_EQ(alloc_block_with(self->fd, region, wanted - 1, RSV_BUFFER_EXACT, 0,
					   &block),
			  0);
		EXPECT_EQ(block.bytes, wanted);
		EXPECT_EQ(free_bytes(self->fd, region), 64 * page_size() - wanted);
		EXPECT_EQ(map_range(self->fd, block.mmap_offset, wanted + page_size()), MAP_FAILED);
		bytes = map_block(self->fd, &block);
		ASSERT_NE(bytes, MAP_FAILED);
		EXPECT_TRUE(all_bytes(bytes, 0, wanted));
		memset(bytes, 0xff, wanted);
		EXPECT_EQ(free_handle(self->fd, block.handle), 0);
		EXPECT_EQ(free_bytes(self->fd, region), 64 * page_size() - wanted)
			TH_LOG("still mapped");
		EXPECT_EQ(munmap(bytes, wanted), 0);
		EXPECT_TRUE(free_bytes_become(self->fd, region, 64 * page_size()));
	}
	EXPECT_EQ(alloc_block_with(self->fd, region, 65 * page_size(), RSV_BUFFER_EXACT, 0, &block),
		  ENOMEM);
	EXPECT_EQ(alloc_block_with(self->fd, region, UINT64_MAX, RSV_BUFFER_EXACT, 0, &block),
		  ENOMEM);
	EXPECT_EQ(alloc_block_with(self->fd, region, 0, RSV_BUFFER_EXACT, 0, &block), EINVAL);
	EXPECT_EQ(alloc_block(self->fd, region, 64 * page_size(), &block), 0)
		TH_LOG("not coalesced");
}

TEST_F(device, an_exact_buffer_may_come_from_blocks_that_are_not_buddies)
{
	struct rsv_ioc_buffer_alloc quarters[4], exact;
	uint8_t *bytes;
	uint32_t region;
	size_t i;

	ASSERT_EQ(create_scratch(self->fd, 64 * page_size(), &region), 0);
	for (i = 0; i < 4; i++) {
		struct rsv_ioc_buffer_alloc block;

		ASSERT_EQ(alloc_block(self->fd, region, 16 * page_size(), &block), 0);
		quarters[block.offset / page_size() / 16] = block;
	}
	EXPECT_EQ(free_handle(self->fd, quarters[1].handle), 0);
	EXPECT_EQ(free_handle(self->fd, quarters[2].handle), 0);
	EXPECT_EQ(alloc_block(self->fd, region, 32 * page_size(), &exact), ENOMEM);
	ASSERT_EQ(alloc_block_with(self->fd, region, 32 * page_size(), RSV_BUFFER_EXACT, 0, &exact),
		  0);
	EXPECT_EQ(exact.offset, 16 * page_size());
	bytes = map_block(self->fd, &exact);
	ASSERT_NE(bytes, MAP_FAILED);
	EXPECT_TRUE(all_bytes(bytes, 0, exact.bytes));
	memset(bytes, 1, exact.bytes);
	EXPECT_EQ(munmap(bytes, exact.bytes), 0);
	EXPECT_EQ(free_handle(self->fd, exact.handle), 0);
	EXPECT_EQ(free_handle(self->fd, quarters[0].handle), 0);
	EXPECT_EQ(free_handle(self->fd, quarters[3].handle), 0);
	EXPECT_EQ(alloc_block(self->fd, region, 64 * page_size(), &exact), 0)
		TH_LOG("not coalesced");
}

static int alloc_scattered(int fd, uint32_t region, uint64_t bytes,
			   struct rsv_ioc_scattered_alloc *buffer)
{
	*buffer = (struct rsv_ioc_scattered_alloc){
		.size = sizeof(*buffer), .region = region, .bytes = bytes};
	return call(fd, RSV_IOC_SCATTERED_ALLOC, buffer);
}

TEST_F(device, scattered_pages_are_mapped_side_by_side)
{
	const uint64_t all = 64 * page_size();
	struct rsv_ioc_buffer_alloc pages[64];
	struct rsv_ioc_scattered_alloc buffer, more;
	uint32_t region;
	uint8_t *bytes;
	size_t i;

	ASSERT_EQ(create_scratch(self->fd, all, &region), 0);
	for (i = 0; i < 64; i++) {
		struct rsv_ioc_buffer_alloc page;

		ASSERT_EQ(alloc_block(self->fd, region, 1, &page), 0);
		pages[page.offset / page_size()] = page;
	}
	for (i = 0; i < 64; i += 2) {
		EXPECT_EQ(free_handle(self->fd, pages[i].handle), 0);
	}
	EXPECT_EQ(alloc_scattered(self->fd, region, all / 2 + 1, &buffer), ENOMEM);
	EXPECT_EQ(free_bytes(self->fd, region), all / 2)
		TH_LOG("the failed request did not free all pages");
	ASSERT_EQ(alloc_scattered(self->fd, region, all / 2 - 1, &buffer), 0);
	EXPECT_EQ(buffer.bytes, all / 2);
	EXPECT_EQ(free_bytes(self->fd, region), 0);
	EXPECT_EQ(map_range(self->fd, buffer.mmap_offset, buffer.bytes + page_size()), MAP_FAILED);
	bytes = map_range(self->fd, buffer.mmap_offset, buffer.bytes);
	ASSERT_NE(bytes, MAP_FAILED);
	EXPECT_TRUE(all_bytes(bytes, 0, buffer.bytes));
	for (i = 0; i < buffer.bytes; i += 4)
		*(uint32_t *)(bytes + i) = i;
	EXPECT_EQ(free_handle(self->fd, buffer.handle), 0);
	for (i = 0; i < buffer.bytes; i += 4) {
		ASSERT_EQ(*(uint32_t *)(bytes + i), i);
	}
	EXPECT_EQ(free_bytes(self->fd, region), 0) TH_LOG("still mapped");
	EXPECT_EQ(munmap(bytes, buffer.bytes), 0);
	EXPECT_TRUE(free_bytes_become(self->fd, region, all / 2));
	for (i = 1; i < 64; i += 2) {
		EXPECT_EQ(free_handle(self->fd, pages[i].handle), 0);
	}
	EXPECT_EQ(alloc_scattered(self->fd, region, 0, &more), EINVAL);
	EXPECT_EQ(alloc_scattered(self->fd, region, all + 1, &more), ENOMEM);
	EXPECT_EQ(alloc_scattered(self->fd, region, UINT64_MAX, &more), ENOMEM);
	EXPECT_EQ(alloc_scattered(self->fd, 12345, 1, &more), ENOENT);
	EXPECT_EQ(alloc_block(self->fd, region, all, &pages[0]), 0) TH_LOG("not coalesced");
}

TEST_F(device, requests_for_a_buffer_that_make_no_sense_are_refused)
{
	struct rsv_ioc_buffer_alloc block;

	EXPECT_EQ(alloc_block_with(self->fd, 0, 1, RSV_BUFFER_DMA | RSV_BUFFER_DMA32, 0, &block),
		  EINVAL);
	EXPECT_EQ(alloc_block_with(self->fd, 0, 1, RSV_BUFFER_EXACT | RSV_BUFFER_NODE, 0, &block),
		  EINVAL);
	EXPECT_EQ(alloc_block_with(self->fd, 0, 1, 0, 1, &block), EINVAL);
	EXPECT_EQ(alloc_block_with(self->fd, 0, 1, RSV_BUFFER_NODE, -1, &block), EINVAL);
	EXPECT_EQ(alloc_block_with(self->fd, 0, 1, RSV_BUFFER_NODE, INT32_MAX, &block), EINVAL);
	ASSERT_EQ(alloc_block_with(self->fd, 0, 1, RSV_BUFFER_NODE, 0, &block), 0);
	EXPECT_EQ(free_handle(self->fd, block.handle), 0);
}

TEST_F(device, a_zone_that_is_named_is_protected_from_other_requests)
{
	const struct rsv_ioc_reserve want[] = {
		{.bytes = KB(256), .shared = KB(64), .zone = RSV_ZONE_DMA},
		{.bytes = KB(256), .zone = RSV_ZONE_DMA32},
	};
	struct rsv_ioc_extent extent = {.size = sizeof(extent)};
	struct rsv_ioc_buffer_alloc block;
	uint32_t region;
	int error = create_named(self->fd, "zones", want, 2);

	if (error)
		SKIP(return, "this machine has no such zones");
	ASSERT_EQ(open_named(self->fd, "zones", &region), 0);
	for (extent.region = region; !call(self->fd, RSV_IOC_EXTENT, &extent); extent.index++) {
		if (!strcmp(extent.zone, "DMA")) {
			EXPECT_LE(extent.physical + extent.bytes, MB(16));
		}
	}
	EXPECT_EQ(alloc_block(self->fd, region, KB(128), &block), ENOMEM);
	EXPECT_EQ(alloc_block(self->fd, region, KB(64), &block), 0) TH_LOG("the shared part");
	EXPECT_EQ(alloc_block(self->fd, region, 1, &block), ENOMEM);
	EXPECT_EQ(alloc_block_with(self->fd, region, KB(256), RSV_BUFFER_DMA32, 0, &block), 0);
	EXPECT_EQ(alloc_block_with(self->fd, region, 1, RSV_BUFFER_DMA32, 0, &block), ENOMEM);
	EXPECT_EQ(alloc_block_with(self->fd, region, KB(128), RSV_BUFFER_DMA, 0, &block), 0);
	EXPECT_EQ(alloc_block_with(self->fd, region, KB(64), RSV_BUFFER_DMA | RSV_BUFFER_EXACT, 0,
				   &block),
		  0);
	EXPECT_EQ(alloc_block_with(self->fd, region, 1, RSV_BUFFER_DMA, 0, &block), ENOMEM);
	close(self->fd);
	self->fd = open("/dev/reservoir", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	EXPECT_EQ(destroy_named(self->fd, "zones"), 0);
}
