// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers: sizes, offsets, contents, and the moment when they are freed.
 */

TEST_F(device, a_block_is_the_power_of_two_of_pages_that_holds_the_request)
{
	const uint64_t page = page_size();
	const uint64_t wanted[] = {1,	     page - 1, page,	  page + 1,
				   2 * page, 3 * page, 21 * 1024, 5 * page};
	const uint64_t served[] = {page,     page,     page,	 2 * page,
				   2 * page, 4 * page, 8 * page, 8 * page};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		struct rsv_ioc_buffer_alloc block;

		ASSERT_EQ(alloc_block(self->fd, 0, wanted[i], &block), 0);
		EXPECT_EQ(block.bytes, served[i]);
		EXPECT_EQ(free_handle(self->fd, block.handle), 0);
	}
}

TEST_F(device, impossible_buffer_sizes_are_refused)
{
	struct rsv_ioc_info info = INFO(0);
	struct rsv_ioc_buffer_alloc block;
	unsigned int i;

	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
	EXPECT_EQ(alloc_block(self->fd, 0, 0, &block), EINVAL);
	EXPECT_EQ(alloc_block(self->fd, 0, info.bytes + 1, &block), ENOMEM);
	EXPECT_EQ(alloc_block(self->fd, 0, info.largest_block + 1, &block), ENOMEM);
	EXPECT_EQ(alloc_block(self->fd, 0, UINT64_MAX, &block), ENOMEM);
	EXPECT_EQ(alloc_block(self->fd, 0, UINT64_MAX - page_size() + 1, &block), ENOMEM);
	for (i = 40; i < 64; i++) {
		EXPECT_EQ(alloc_block(self->fd, 0, 1ULL << i, &block), ENOMEM);
	}
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
}

TEST_F(device, the_largest_block_can_be_allocated)
{
	struct rsv_ioc_info info = INFO(0);
	struct rsv_ioc_buffer_alloc block;
	uint64_t most;
	uint8_t *bytes;

	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
	most = info.largest_free_block;
	ASSERT_EQ(alloc_block_with(self->fd, 0, most, RSV_BUFFER_HIGH, 0, &block), 0);
	EXPECT_EQ(block.bytes, most);
	bytes = map_block(self->fd, &block);
	ASSERT_NE(bytes, MAP_FAILED);
	bytes[0] = bytes[block.bytes - 1] = 1;
	EXPECT_EQ(munmap(bytes, block.bytes), 0);
}

TEST_F(device, blocks_lie_in_the_region_and_do_not_overlap)
{
	struct rsv_ioc_buffer_alloc blocks[16];
	bool taken[64] = {false};
	uint32_t region;
	size_t i, page;

	ASSERT_EQ(create_scratch(self->fd, 64 * page_size(), &region), 0);
	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		ASSERT_EQ(alloc_block(self->fd, region, (1 + i % 4) * page_size(), &blocks[i]), 0);
		ASSERT_EQ(blocks[i].offset % blocks[i].bytes, 0);
		for (page = 0; page < blocks[i].bytes / page_size(); page++) {
			size_t at = blocks[i].offset / page_size() + page;

			ASSERT_LT(at, 64);
			EXPECT_FALSE(taken[at]);
			taken[at] = true;
		}
	}
}

TEST_F(device, an_exhausted_region_says_so_and_recovers)
{
	struct rsv_ioc_buffer_alloc blocks[16], one_more;
	uint32_t region;
	size_t i;

	ASSERT_EQ(create_scratch(self->fd, 16 * page_size(), &region), 0);
	for (i = 0; i < 16; i++) {
		ASSERT_EQ(alloc_block(self->fd, region, 1, &blocks[i]), 0);
	}
	EXPECT_EQ(alloc_block(self->fd, region, 1, &one_more), ENOMEM);
	for (i = 0; i < 16; i++) {
		ASSERT_EQ(free_handle(self->fd, blocks[i].handle), 0);
	}
	EXPECT_EQ(alloc_block(self->fd, region, 16 * page_size(), &one_more), 0)
		TH_LOG("not coalesced");
}

static bool offsets_overlap(const struct rsv_ioc_buffer_alloc *a,
			    const struct rsv_ioc_buffer_alloc *b)
{
	return a->mmap_offset < b->mmap_offset + b->bytes &&
	       b->mmap_offset < a->mmap_offset + a->bytes;
}

TEST_F(device, mmap_offsets_do_not_overlap_and_suit_32_bit_programs)
{
	struct rsv_ioc_buffer_alloc blocks[32];
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		ASSERT_EQ(alloc_block(self->fd, 0, (1 + i % 5) * page_size(), &blocks[i]), 0);
		EXPECT_EQ(blocks[i].mmap_offset % page_size(), 0);
		EXPECT_LT(blocks[i].mmap_offset, 1ULL << 31);
		for (j = 0; j < i; j++) {
			EXPECT_FALSE(offsets_overlap(&blocks[i], &blocks[j]));
		}
	}
}

/*
 * Allocates and frees large blocks until offsets start again. @block gets the last one, not
 * freed.
 */
static int use_up_offsets(int fd, struct rsv_ioc_buffer_alloc *block)
{
	uint64_t before = 0;

	for (;;) {
		if (alloc_block(fd, 0, MB(4), block))
			return -1;
		if (block->mmap_offset < before)
			return 0;
		before = block->mmap_offset;
		if (free_handle(fd, block->handle))
			return -1;
	}
}

TEST_F_TIMEOUT(device, mmap_offsets_begin_anew_and_still_do_not_overlap, 120)
{
	struct rsv_ioc_buffer_alloc blocks[16], large;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(blocks); i++) {
		ASSERT_EQ(alloc_block(self->fd, 0, page_size(), &blocks[i]), 0);
	}
	/* Gaps between offsets that are too small for the large block */
	for (i = 0; i < ARRAY_SIZE(blocks); i += 2) {
		ASSERT_EQ(free_handle(self->fd, blocks[i].handle), 0);
	}
	ASSERT_EQ(use_up_offsets(self->fd, &large), 0);
	EXPECT_LT(large.mmap_offset, MB(1));
	for (i = 1; i < ARRAY_SIZE(blocks); i += 2) {
		EXPECT_FALSE(offsets_overlap(&large, &blocks[i]));
	}
}

TEST_F(device, a_buffer_is_zeroed_and_again_after_somebody_used_it)
{
	struct rsv_ioc_buffer_alloc block;
	uint32_t region;
	uint8_t *bytes;
	int round;

	ASSERT_EQ(create_scratch(self->fd, KB(64), &region), 0);
	for (round = 0; round < 3; round++) {
		ASSERT_EQ(alloc_block(self->fd, region, KB(64), &block), 0);
		bytes = map_block(self->fd, &block);
		ASSERT_NE(bytes, MAP_FAILED);
		EXPECT_TRUE(all_bytes(bytes, 0, block.bytes));
		memset(bytes, 0xa5, block.bytes);
		ASSERT_EQ(munmap(bytes, block.bytes), 0);
		ASSERT_EQ(free_handle(self->fd, block.handle), 0);
	}
}

TEST_F(device, a_freed_buffer_stays_while_it_is_mapped)
{
	struct rsv_ioc_buffer_alloc block, other;
	uint32_t region;
	uint8_t *bytes;

	ASSERT_EQ(create_scratch(self->fd, KB(64), &region), 0);
	ASSERT_EQ(alloc_block(self->fd, region, KB(32), &block), 0);
	bytes = map_block(self->fd, &block);
	ASSERT_NE(bytes, MAP_FAILED);
	memset(bytes, 1, block.bytes);
	ASSERT_EQ(free_handle(self->fd, block.handle), 0);
	EXPECT_EQ(free_bytes(self->fd, region), KB(32));
	EXPECT_EQ(alloc_block(self->fd, region, KB(64), &other), ENOMEM);
	EXPECT_EQ(free_handle(self->fd, region), EBUSY);
	EXPECT_TRUE(all_bytes(bytes, 1, block.bytes));

	ASSERT_EQ(munmap(bytes, KB(16)), 0);
	EXPECT_EQ(free_bytes(self->fd, region), KB(32)) TH_LOG("half of it is still mapped");
	EXPECT_TRUE(all_bytes(bytes + KB(16), 1, KB(16)));
	ASSERT_EQ(munmap(bytes + KB(16), KB(16)), 0);
	EXPECT_TRUE(free_bytes_become(self->fd, region, KB(64)));
	EXPECT_EQ(free_handle(self->fd, region), 0);
}

TEST_F(device, a_mapping_outlives_the_descriptor)
{
	int fd = open("/dev/reservoir", O_RDWR | O_CLOEXEC);
	struct rsv_ioc_buffer_alloc block;
	uint8_t *bytes;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(alloc_block(fd, 0, KB(16), &block), 0);
	bytes = map_block(fd, &block);
	ASSERT_NE(bytes, MAP_FAILED);
	close(fd);
	memset(bytes, 7, block.bytes);
	EXPECT_TRUE(all_bytes(bytes, 7, block.bytes));
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free - block.bytes));
	ASSERT_EQ(munmap(bytes, block.bytes), 0);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
}

/* Makes a pipe refer to the first page of the block, then unmaps and frees the block. */
static int pin_first_page(int fd, const struct rsv_ioc_buffer_alloc *block, int pipe_ends[2])
{
	uint8_t *bytes = map_block(fd, block);
	struct iovec page = {.iov_base = bytes, .iov_len = page_size()};

	if (bytes == MAP_FAILED || pipe(pipe_ends))
		return -1;
	memset(bytes, 0x5a, block->bytes);
	if (vmsplice(pipe_ends[1], &page, 1, SPLICE_F_GIFT) != (ssize_t)page_size())
		return -1;
	return munmap(bytes, block->bytes) || free_handle(fd, block->handle) ? -1 : 0;
}

/*
 * Reads the page out of the pipe, which unpins it. Returns whether it has what was written to it.
 */
static bool read_pinned(int pipe_ends[2])
{
	static uint8_t page[65536];
	ssize_t got = read(pipe_ends[0], page, page_size());

	close(pipe_ends[0]);
	close(pipe_ends[1]);
	return got == (ssize_t)page_size() && all_bytes(page, 0x5a, got);
}

static uint64_t waiting_pages(int fd, uint32_t region)
{
	struct rsv_ioc_info info = INFO(region);

	return call(fd, RSV_IOC_INFO, &info) ? UINT64_MAX : info.waiting_pages;
}

TEST_F(device, only_the_page_that_is_pinned_waits)
{
	struct rsv_ioc_buffer_alloc block, other;
	int pipe_ends[2], i;
	uint32_t region;

	ASSERT_EQ(create_scratch(self->fd, KB(32), &region), 0);
	ASSERT_EQ(alloc_block(self->fd, region, KB(16), &block), 0);
	ASSERT_EQ(pin_first_page(self->fd, &block, pipe_ends), 0);
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(free_bytes(self->fd, region), KB(32) - page_size());
		ASSERT_EQ(waiting_pages(self->fd, region), 1);
		ASSERT_EQ(alloc_block(self->fd, region, KB(32), &other), ENOMEM);
		sleep_ms(POLL_MS);
	}
	EXPECT_TRUE(read_pinned(pipe_ends));
	EXPECT_TRUE(free_bytes_become(self->fd, region, KB(32)));
	EXPECT_EQ(waiting_pages(self->fd, region), 0);
	EXPECT_EQ(free_handle(self->fd, region), 0);
}

TEST_F(device, neither_a_scratch_region_nor_the_module_waits_for_a_page_that_is_pinned)
{
	struct rsv_ioc_region_create region = {
		.size = sizeof(region),
		.bytes = KB(32),
		.name = "pinned",
	};
	int fd = open("/dev/reservoir", O_RDWR | O_CLOEXEC);
	struct rsv_ioc_buffer_alloc block;
	int pipe_ends[2];

	ASSERT_GE(fd, 0);
	ASSERT_EQ(call(fd, RSV_IOC_REGION_CREATE, &region), 0);
	ASSERT_EQ(alloc_block(fd, region.handle, KB(16), &block), 0);
	ASSERT_EQ(pin_first_page(fd, &block, pipe_ends), 0);
	close(fd);
	EXPECT_TRUE(users_become(self->users + 2));
	EXPECT_EQ(call(self->fd, RSV_IOC_REGION_CREATE, &region), 0)
		TH_LOG("the region was not destroyed");
	EXPECT_TRUE(read_pinned(pipe_ends));
}

TEST_F(device, many_pinned_pages_are_freed_as_they_are_unpinned)
{
	struct rsv_ioc_buffer_alloc block;
	int pipes[8][2];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pipes); i++) {
		ASSERT_EQ(alloc_block(self->fd, 0, KB(8), &block), 0);
		ASSERT_EQ(pin_first_page(self->fd, &block, pipes[i]), 0);
	}
	for (i = 0; i < ARRAY_SIZE(pipes); i++) {
		ASSERT_EQ(free_bytes(self->fd, 0), self->free - (ARRAY_SIZE(pipes) - i) * page_size());
		ASSERT_TRUE(read_pinned(pipes[i]));
		ASSERT_TRUE(free_bytes_become(self->fd, 0,
					      self->free - (ARRAY_SIZE(pipes) - i - 1) * page_size()));
	}
}
