// SPDX-License-Identifier: GPL-2.0
/*
 * Pages with hardware errors. An administrator may tell the kernel that a page has one.
 */

#define HARD_OFFLINE "/sys/devices/system/memory/hard_offline_page"

static uint64_t bad_pages(int fd, uint32_t region)
{
	struct rsv_ioc_info info = INFO(region);

	return call(fd, RSV_IOC_INFO, &info) ? UINT64_MAX : info.bad_pages;
}

/* The physical address of an offset in a region; 0 if the region has none there */
static uint64_t physical_address(int fd, uint32_t region, uint64_t offset)
{
	struct rsv_ioc_extent extent = {.size = sizeof(extent), .region = region};

	for (; !call(fd, RSV_IOC_EXTENT, &extent); extent.index++)
		if (offset - extent.offset < extent.bytes)
			return extent.physical + (offset - extent.offset);
	return 0;
}

/* Tells the kernel that the page at an offset in a region is bad. */
static bool make_bad(int fd, uint32_t region, uint64_t offset)
{
	uint64_t physical = physical_address(fd, region, offset);
	int file = open(HARD_OFFLINE, O_WRONLY);
	char text[32];

	if (file < 0 || !physical)
		return false;
	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)physical);
	/* An error says that the kernel could not do more than mark the page. */
	(void)!write(file, text, strlen(text));
	close(file);
	return true;
}

static bool bad_pages_become(int fd, uint32_t region, uint64_t nr)
{
	int waited;

	for (waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
		if (bad_pages(fd, region) == nr)
			return true;
		sleep_ms(POLL_MS);
	}
	return false;
}

static char map_char(int fd, uint32_t region, uint64_t page)
{
	struct rsv_ioc_map map = {
		.size = sizeof(map),
		.region = region,
		.count = 1,
		.first = page,
	};
	char c = 0;

	map.chars = (uintptr_t)&c;
	return call(fd, RSV_IOC_MAP, &map) ? 0 : c;
}

TEST_F(device, a_free_page_that_goes_bad_is_never_handed_out)
{
	struct rsv_ioc_buffer_alloc page;
	uint32_t region;
	int i;

	if (access(HARD_OFFLINE, W_OK))
		SKIP(return, "this kernel has no " HARD_OFFLINE);
	ASSERT_EQ(create_scratch(self->fd, KB(64), &region), 0);
	ASSERT_TRUE(make_bad(self->fd, region, 5 * page_size()));
	EXPECT_TRUE(bad_pages_become(self->fd, region, 1));
	EXPECT_EQ(map_char(self->fd, region, 5), RSV_MAP_BAD);
	EXPECT_EQ(free_bytes(self->fd, region), KB(64) - page_size());
	for (i = 0; i < 15; i++) {
		ASSERT_EQ(alloc_block(self->fd, region, page_size(), &page), 0);
		EXPECT_NE(page.offset, 5 * page_size());
	}
	EXPECT_EQ(alloc_block(self->fd, region, page_size(), &page), ENOMEM);
}

/* The page is on the list of a CPU when it goes bad. */
TEST_F(device, a_cached_page_that_goes_bad_is_never_handed_out)
{
	struct rsv_ioc_buffer_alloc page, other;
	uint32_t region;
	uint64_t nr = 0;

	if (access(HARD_OFFLINE, W_OK))
		SKIP(return, "this kernel has no " HARD_OFFLINE);
	ASSERT_EQ(pin_to_cpu(), 0);
	ASSERT_EQ(create_scratch(self->fd, MB(4), &region), 0);
	ASSERT_EQ(alloc_block(self->fd, region, page_size(), &page), 0);
	ASSERT_EQ(free_handle(self->fd, page.handle), 0);
	ASSERT_TRUE(make_bad(self->fd, region, page.offset));
	EXPECT_TRUE(bad_pages_become(self->fd, region, 1));
	for (; !alloc_block(self->fd, region, page_size(), &other); nr++)
		ASSERT_NE(other.offset, page.offset);
	EXPECT_GT(nr, MB(4) / page_size() - 8) TH_LOG("all but the last ones, and the bad one");
}

TEST_F(device, a_bad_page_costs_its_buffer_only_that_page)
{
	static const uint64_t sizes[] = {KB(4), KB(32), MB(1)};
	struct rsv_ioc_buffer_alloc block;
	uint32_t region, flags;
	size_t i;

	if (access(HARD_OFFLINE, W_OK))
		SKIP(return, "this kernel has no " HARD_OFFLINE);
	for (flags = 0; flags <= RSV_BUFFER_EXACT; flags += RSV_BUFFER_EXACT) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			ASSERT_EQ(create_scratch(self->fd, MB(2), &region), 0);
			block = (struct rsv_ioc_buffer_alloc){
				.size = sizeof(block),
				.flags = flags,
				.region = region,
				.bytes = sizes[i],
			};
			ASSERT_EQ(call(self->fd, RSV_IOC_BUFFER_ALLOC, &block), 0);
			ASSERT_TRUE(make_bad(self->fd, region,
					     block.offset + sizes[i] - page_size()));
			EXPECT_EQ(bad_pages(self->fd, region), 0);
			ASSERT_EQ(free_handle(self->fd, block.handle), 0);
			EXPECT_TRUE(bad_pages_become(self->fd, region, 1));
			EXPECT_TRUE(free_bytes_become(self->fd, region, MB(2) - page_size()));
			EXPECT_EQ(free_handle(self->fd, region), 0);
		}
	}
}
