// SPDX-License-Identifier: GPL-2.0
/*
 * A region that is used up: how much can be had, who gets the last pages, and why a request was
 * refused.
 */

#define MARKED_BYTES MB(8)

static const struct rsv_ioc_reserve one_run = {.bytes = MARKED_BYTES, .flags = RSV_RESERVE_CONTIG};

/* Any other error than a refusal */
#define OTHER(error) (1000U + (error))

static uint32_t told(int error, uint32_t refusal)
{
	return error == ENOMEM || error == EDQUOT ? refusal : OTHER(error);
}

/* The module clears pages in the background, which takes long where the host stalls the CPU. */
static bool ask_again(int error, uint32_t refusal)
{
	if (error != ENOMEM || refusal != RSV_REFUSED_AGAIN)
		return false;
	sleep_ms(POLL_MS);
	return true;
}

static int alloc_block_again(int fd, uint32_t region, uint64_t bytes, uint32_t flags, int32_t node,
			     struct rsv_ioc_buffer_alloc *block)
{
	int error;

	do
		error = alloc_block_with(fd, region, bytes, flags, node, block);
	while (ask_again(error, block->refusal));
	return error;
}

/* Returns why a block is refused, or 0 if it is not: then it is freed again. */
static uint32_t block_refusal(int fd, uint32_t region, uint64_t bytes, uint32_t flags, int32_t node)
{
	struct rsv_ioc_buffer_alloc block;
	int error = alloc_block_again(fd, region, bytes, flags, node, &block);

	if (!error)
		return free_handle(fd, block.handle);
	return told(error, block.refusal);
}

static int alloc_pages(int fd, uint32_t region, uint64_t bytes, uint32_t flags,
		       struct rsv_ioc_scattered_alloc *pages)
{
	int error;

	do {
		*pages = (struct rsv_ioc_scattered_alloc){
			.size = sizeof(*pages),
			.flags = flags,
			.region = region,
			.bytes = bytes,
		};
		error = call(fd, RSV_IOC_SCATTERED_ALLOC, pages);
	} while (ask_again(error, pages->refusal));
	return error;
}

static uint32_t pages_refusal(int fd, uint32_t region, uint64_t bytes, uint32_t flags)
{
	struct rsv_ioc_scattered_alloc pages;
	int error = alloc_pages(fd, region, bytes, flags, &pages);

	if (!error)
		return free_handle(fd, pages.handle);
	return told(error, pages.refusal);
}

static uint32_t object_refusal(int fd, uint32_t cache)
{
	struct rsv_ioc_object_alloc object = {.size = sizeof(object), .cache = cache};
	int error = call(fd, RSV_IOC_OBJECT_ALLOC, &object);

	if (!error)
		return free_handle(fd, object.handle);
	return told(error, object.refusal);
}

static uint64_t largest_free(int fd, uint32_t region)
{
	struct rsv_ioc_info info = INFO(region);

	return call(fd, RSV_IOC_INFO, &info) ? UINT64_MAX : info.largest_free;
}

/* Opens a new region of one run. Its last pages are withheld. */
static int open_marked(int fd, uint32_t *region, uint64_t *withheld)
{
	struct rsv_ioc_zone zone = ZONE(0, 0);

	if (create_named(fd, "marked", &one_run, 1) || open_named(fd, "marked", region))
		return -1;
	zone.region = *region;
	if (call(fd, RSV_IOC_ZONE, &zone))
		return -1;
	*withheld = zone.min_pages * page_size();
	return *withheld ? 0 : -1;
}

static int close_marked(int fd, uint32_t region)
{
	return free_handle(fd, region) ?: destroy_named(fd, "marked");
}

TEST_F_TIMEOUT(device, a_region_can_be_used_up, 120)
{
	const uint32_t exact = RSV_BUFFER_EXACT, high = RSV_BUFFER_HIGH;
	struct rsv_ioc_scattered_alloc pages;
	struct rsv_ioc_buffer_alloc most, rest;
	uint64_t withheld, can;
	uint32_t region;

	ASSERT_EQ(open_marked(self->fd, &region, &withheld), 0);
	can = largest_free(self->fd, region);
	EXPECT_EQ(can, MARKED_BYTES - withheld);
	EXPECT_EQ(block_refusal(self->fd, region, can, exact, 0), 0);
	EXPECT_EQ(block_refusal(self->fd, region, can + 1, exact, 0), RSV_REFUSED_MARK);
	EXPECT_EQ(block_refusal(self->fd, region, MARKED_BYTES, exact | high, 0), 0);
	EXPECT_EQ(pages_refusal(self->fd, region, MARKED_BYTES, 0), RSV_REFUSED_MARK);
	EXPECT_EQ(pages_refusal(self->fd, region, MARKED_BYTES, high), 0);

	ASSERT_EQ(alloc_block_again(self->fd, region, can, exact, 0, &most), 0);
	EXPECT_EQ(largest_free(self->fd, region), 0);
	EXPECT_EQ(block_refusal(self->fd, region, 1, 0, 0), RSV_REFUSED_MARK);
	withheld -= page_size();
	ASSERT_EQ(alloc_block_again(self->fd, region, withheld, exact | high, 0, &rest), 0);
	ASSERT_EQ(alloc_pages(self->fd, region, 1, high, &pages), 0);
	EXPECT_EQ(free_bytes(self->fd, region), 0);
	EXPECT_EQ(block_refusal(self->fd, region, 1, high, 0), RSV_REFUSED_FULL);
	EXPECT_EQ(free_handle(self->fd, most.handle), 0);
	EXPECT_EQ(free_handle(self->fd, rest.handle), 0);
	EXPECT_EQ(free_handle(self->fd, pages.handle), 0);
	EXPECT_EQ(close_marked(self->fd, region), 0);
}

/* The last pages of the default region are for drivers; those of programs' regions are not. */
static int ask_for_the_last_pages(int fd)
{
	uint32_t marked, scratch;

	STEP(1, block_refusal(fd, 0, 1, RSV_BUFFER_HIGH, 0) == OTHER(EPERM));
	STEP(2, pages_refusal(fd, 0, 1, RSV_BUFFER_HIGH) == OTHER(EPERM));
	STEP(3, block_refusal(fd, 0, 0, RSV_BUFFER_HIGH, 0) == OTHER(EINVAL));
	STEP(4, !open_named(fd, "marked", &marked));
	STEP(5, !block_refusal(fd, marked, 1, RSV_BUFFER_HIGH, 0));
	STEP(6, !pages_refusal(fd, marked, 1, RSV_BUFFER_HIGH));
	STEP(7, !create_scratch(fd, KB(64), &scratch));
	STEP(8, !block_refusal(fd, scratch, KB(64), RSV_BUFFER_HIGH, 0));
	STEP(9, !free_handle(fd, marked) && !free_handle(fd, scratch));
	return 0;
}

TEST_F_TIMEOUT(device, the_last_pages_of_the_default_region_need_a_capability, 120)
{
	uint64_t withheld;
	uint32_t region;

	ASSERT_EQ(open_marked(self->fd, &region, &withheld), 0);
	EXPECT_EQ(as_nobody(ask_for_the_last_pages, self->fd), 0);
	EXPECT_EQ(block_refusal(self->fd, 0, 1, RSV_BUFFER_HIGH, 0), 0) TH_LOG("root may");
	EXPECT_EQ(close_marked(self->fd, region), 0);
}

/* Frees pages in an order of chance: each time what can be had is had, and no more. */
TEST_F_TIMEOUT(device, the_largest_buffer_is_what_a_query_says, 120)
{
	struct rsv_ioc_buffer_alloc blocks[64];
	unsigned int nr, at, seed = 1;
	uint32_t region;
	uint64_t can;

	ASSERT_EQ(create_scratch(self->fd, 64 * page_size(), &region), 0);
	for (nr = 0; nr < 64; nr++) {
		ASSERT_EQ(alloc_block(self->fd, region, 1, &blocks[nr]), 0);
	}
	EXPECT_EQ(largest_free(self->fd, region), 0);
	while (nr) {
		at = rand_r(&seed) % nr--;
		ASSERT_EQ(free_handle(self->fd, blocks[at].handle), 0);
		blocks[at] = blocks[nr];
		can = largest_free(self->fd, region);
		EXPECT_EQ(block_refusal(self->fd, region, can, RSV_BUFFER_EXACT, 0), 0);
		EXPECT_EQ(block_refusal(self->fd, region, can + 1, RSV_BUFFER_EXACT, 0),
			  can == (64 - nr) * page_size() ? RSV_REFUSED_FULL : RSV_REFUSED_PIECES);
	}
	EXPECT_EQ(can, 64 * page_size());
}

TEST_F_TIMEOUT(device, a_full_region_says_that_it_is_full, 120)
{
	struct rsv_ioc_buffer_alloc all;
	struct rsv_ioc_cache_create cache;
	uint32_t region;

	ASSERT_EQ(create_scratch(self->fd, 16 * page_size(), &region), 0);
	ASSERT_EQ(create_cache(self->fd, region, "full", 64, &cache), 0);
	EXPECT_EQ(object_refusal(self->fd, cache.handle), 0);
	ASSERT_EQ(alloc_block(self->fd, region, 16 * page_size(), &all), 0);
	EXPECT_EQ(block_refusal(self->fd, region, 1, 0, 0), RSV_REFUSED_FULL);
	EXPECT_EQ(block_refusal(self->fd, region, 1, RSV_BUFFER_EXACT, 0), RSV_REFUSED_FULL);
	EXPECT_EQ(block_refusal(self->fd, region, 17 * page_size(), 0, 0), RSV_REFUSED_FULL);
	EXPECT_EQ(block_refusal(self->fd, region, UINT64_MAX, RSV_BUFFER_EXACT, 0),
		  RSV_REFUSED_FULL);
	EXPECT_EQ(pages_refusal(self->fd, region, 1, 0), RSV_REFUSED_FULL);
	EXPECT_EQ(pages_refusal(self->fd, region, UINT64_MAX, 0), RSV_REFUSED_FULL);
	EXPECT_EQ(object_refusal(self->fd, cache.handle), RSV_REFUSED_FULL);
}

TEST_F_TIMEOUT(device, objects_are_refused_the_last_pages, 120)
{
	struct rsv_ioc_buffer_alloc most;
	struct rsv_ioc_cache_create cache;
	uint64_t withheld;
	uint32_t region;

	ASSERT_EQ(open_marked(self->fd, &region, &withheld), 0);
	ASSERT_EQ(create_cache(self->fd, region, "marked", 64, &cache), 0);
	withheld = MARKED_BYTES - withheld;
	ASSERT_EQ(alloc_block_again(self->fd, region, withheld, RSV_BUFFER_EXACT, 0, &most), 0);
	EXPECT_EQ(object_refusal(self->fd, cache.handle), RSV_REFUSED_MARK);
	EXPECT_EQ(free_handle(self->fd, most.handle), 0);
	EXPECT_EQ(object_refusal(self->fd, cache.handle), 0);
	EXPECT_EQ(free_handle(self->fd, cache.handle), 0);
	EXPECT_EQ(close_marked(self->fd, region), 0);
}

/* Every other page is free; then three in a row are, which are no block of four. */
TEST_F_TIMEOUT(device, memory_in_pieces_is_told_from_a_full_region, 120)
{
	struct rsv_ioc_buffer_alloc blocks[16], block;
	uint32_t region, i;

	ASSERT_EQ(create_scratch(self->fd, 16 * page_size(), &region), 0);
	for (i = 0; i < 16; i++) {
		ASSERT_EQ(alloc_block(self->fd, region, 1, &block), 0);
		blocks[block.offset / page_size()] = block;
	}
	for (i = 1; i < 16; i += 2) {
		ASSERT_EQ(free_handle(self->fd, blocks[i].handle), 0);
	}
	EXPECT_EQ(block_refusal(self->fd, region, 2 * page_size(), RSV_BUFFER_EXACT, 0),
		  RSV_REFUSED_PIECES);
	EXPECT_EQ(block_refusal(self->fd, region, 2 * page_size(), 0, 0), RSV_REFUSED_PIECES);
	EXPECT_EQ(pages_refusal(self->fd, region, 8 * page_size(), 0), 0) TH_LOG("pages fit");
	EXPECT_EQ(block_refusal(self->fd, region, 9 * page_size(), RSV_BUFFER_EXACT, 0),
		  RSV_REFUSED_FULL);
	ASSERT_EQ(free_handle(self->fd, blocks[2].handle), 0);
	EXPECT_EQ(block_refusal(self->fd, region, 3 * page_size(), 0, 0), RSV_REFUSED_PIECES);
	EXPECT_EQ(block_refusal(self->fd, region, 3 * page_size(), RSV_BUFFER_EXACT, 0), 0);
}

/* A block has a power of two of pages: the exact block, which is smaller, is the one to ask for. */
TEST_F_TIMEOUT(device, what_is_free_is_compared_with_what_was_asked_for, 120)
{
	struct rsv_ioc_buffer_alloc page;
	uint64_t withheld, bytes = 9 * page_size();
	uint32_t region;

	ASSERT_EQ(create_scratch(self->fd, 16 * page_size(), &region), 0);
	ASSERT_EQ(alloc_block(self->fd, region, 1, &page), 0);
	EXPECT_EQ(block_refusal(self->fd, region, bytes, 0, 0), RSV_REFUSED_PIECES);
	EXPECT_EQ(block_refusal(self->fd, region, bytes, RSV_BUFFER_EXACT, 0), 0);
	EXPECT_EQ(block_refusal(self->fd, region, 16 * page_size(), 0, 0), RSV_REFUSED_FULL);

	ASSERT_EQ(open_marked(self->fd, &region, &withheld), 0);
	bytes = MARKED_BYTES / 2 + 1;
	EXPECT_EQ(block_refusal(self->fd, region, bytes, 0, 0), RSV_REFUSED_PIECES);
	EXPECT_EQ(block_refusal(self->fd, region, bytes, RSV_BUFFER_EXACT, 0), 0);
	EXPECT_EQ(close_marked(self->fd, region), 0);
}

/* 4 MB for all, and 1 MB of the zone DMA, which serves only requests that name it */
TEST_F_TIMEOUT(device, memory_of_other_zones_is_told, 120)
{
	const struct rsv_ioc_reserve want[] = {
		{.bytes = MB(4)},
		{.bytes = MB(1), .zone = RSV_ZONE_DMA},
	};
	const uint32_t exact = RSV_BUFFER_EXACT, dma = RSV_BUFFER_DMA;
	struct rsv_ioc_scattered_alloc pages;
	uint32_t region;

	if (create_named(self->fd, "zones", want, 2))
		SKIP(return, "this machine has no such zones");
	ASSERT_EQ(open_named(self->fd, "zones", &region), 0);
	EXPECT_EQ(block_refusal(self->fd, region, MB(1), dma, 0), 0);
	EXPECT_EQ(block_refusal(self->fd, region, MB(2), exact | dma, 0), RSV_REFUSED_ZONE);
	ASSERT_EQ(alloc_pages(self->fd, region, MB(4), RSV_BUFFER_HIGH, &pages), 0);
	EXPECT_EQ(block_refusal(self->fd, region, KB(64), 0, 0), RSV_REFUSED_PROTECTED);
	EXPECT_EQ(block_refusal(self->fd, region, KB(64), exact, 0), RSV_REFUSED_PROTECTED);
	EXPECT_EQ(pages_refusal(self->fd, region, KB(64), 0), RSV_REFUSED_PROTECTED);
	EXPECT_EQ(block_refusal(self->fd, region, KB(64), dma, 0), 0);
	EXPECT_EQ(free_handle(self->fd, pages.handle), 0);
	EXPECT_EQ(free_handle(self->fd, region), 0);
	EXPECT_EQ(destroy_named(self->fd, "zones"), 0);
}

TEST_F_TIMEOUT(device, a_buffer_may_insist_on_its_node, 120)
{
	const uint32_t this_node = RSV_BUFFER_NODE | RSV_BUFFER_THISNODE;
	struct rsv_ioc_buffer_alloc all;
	uint32_t region;

	EXPECT_EQ(block_refusal(self->fd, 0, 1, RSV_BUFFER_THISNODE, 0), OTHER(EINVAL));
	ASSERT_EQ(create_scratch(self->fd, KB(64), &region), 0);
	ASSERT_EQ(alloc_block(self->fd, region, KB(64), &all), 0);
	EXPECT_EQ(block_refusal(self->fd, region, 1, this_node, 0), RSV_REFUSED_FULL);
}

TEST_F_TIMEOUT(device, memory_of_other_nodes_is_told, 120)
{
	const struct rsv_ioc_reserve want = {.bytes = MB(4), .flags = RSV_RESERVE_NODE};
	const uint32_t this_node = RSV_BUFFER_NODE | RSV_BUFFER_THISNODE;
	uint32_t region;

	if (block_refusal(self->fd, 0, 1, RSV_BUFFER_NODE, 1) == OTHER(EINVAL))
		SKIP(return, "the machine has one node");
	ASSERT_EQ(create_named(self->fd, "nodes", &want, 1), 0);
	ASSERT_EQ(open_named(self->fd, "nodes", &region), 0);
	EXPECT_EQ(block_refusal(self->fd, region, 1, this_node, 0), 0);
	EXPECT_EQ(block_refusal(self->fd, region, 1, this_node, 1), RSV_REFUSED_NODE);
	EXPECT_EQ(block_refusal(self->fd, region, 1, RSV_BUFFER_NODE, 1), 0);
	EXPECT_EQ(free_handle(self->fd, region), 0);
	EXPECT_EQ(destroy_named(self->fd, "nodes"), 0);
}

static uint32_t scratch_refusal(int fd, uint64_t bytes)
{
	struct rsv_ioc_region_create region = {.size = sizeof(region), .bytes = bytes};
	int error = call(fd, RSV_IOC_REGION_CREATE, &region);

	if (!error)
		return free_handle(fd, region.handle);
	return told(error, region.refusal);
}

static int exceed_a_users_quota(int fd)
{
	const uint64_t limit = info_of(fd, 0).user_limit;
	struct rsv_ioc_cache_create cache;
	uint32_t most;

	STEP(1, block_refusal(fd, 0, limit + 1, RSV_BUFFER_EXACT, 0) == RSV_REFUSED_USER);
	STEP(2, pages_refusal(fd, 0, limit + 1, 0) == RSV_REFUSED_USER);
	STEP(3, !hold_bytes(fd, 0, limit, &most));
	STEP(4, !create_cache(fd, 0, "quota", 64, &cache));
	STEP(5, object_refusal(fd, cache.handle) == RSV_REFUSED_USER);
	STEP(6, !free_handle(fd, most));
	STEP(7, !object_refusal(fd, cache.handle));
	STEP(8, !free_handle(fd, cache.handle));
	return 0;
}

static int get_a_scratch_region(int fd)
{
	return scratch_refusal(fd, page_size()) == RSV_REFUSED_USER ? 0 : 1;
}

static int exceed_what_programs_may(int fd)
{
	STEP(1, block_refusal(fd, 0, 1, 0, 0) == RSV_REFUSED_PROGRAMS);
	STEP(2, pages_refusal(fd, 0, 1, 0) == RSV_REFUSED_PROGRAMS);
	return 0;
}

TEST_F_TIMEOUT(device, the_quota_that_refuses_is_told, 120)
{
	struct rsv_ioc_info info = info_of(self->fd, 0);
	uint32_t most;

	EXPECT_EQ(as_nobody(exceed_a_users_quota, self->fd), 0);
	set_shares("50%", "0%");
	EXPECT_EQ(as_nobody(get_a_scratch_region, self->fd), 0);
	set_shares("50%", "25%");
	ASSERT_EQ(hold_bytes(self->fd, 0, info.programs_limit, &most), 0);
	EXPECT_EQ(as_nobody(exceed_what_programs_may, self->fd), 0);
	EXPECT_EQ(scratch_refusal(self->fd, 1ULL << 40), RSV_REFUSED_SYSTEM);
}

/* So it is in a program that was built before the structure grew: nothing is written behind it. */
TEST_F_TIMEOUT(device, a_refusal_changes_nothing_else_in_the_structure, 120)
{
	struct rsv_ioc_buffer_alloc want, got;

	memset(&want, 0, sizeof(want));
	want.size = sizeof(want);
	want.bytes = 1ULL << 40;
	got = want;
	EXPECT_EQ(call(self->fd, RSV_IOC_BUFFER_ALLOC, &got), ENOMEM);
	want.refusal = RSV_REFUSED_FULL;
	EXPECT_EQ(memcmp(&got, &want, sizeof(want)), 0);
	EXPECT_EQ(call(self->fd, RSV_IOC_BUFFER_ALLOC, &got), ENOMEM) TH_LOG("used again");

	got.size = want.size = offsetof(struct rsv_ioc_buffer_alloc, refusal);
	got.refusal = want.refusal = 0xffffffff;
	EXPECT_EQ(call(self->fd, RSV_IOC_BUFFER_ALLOC, &got), ENOMEM);
	EXPECT_EQ(memcmp(&got, &want, sizeof(want)), 0);

	want = (struct rsv_ioc_buffer_alloc){.size = sizeof(want), .bytes = 1, .padding = 1};
	EXPECT_EQ(call(self->fd, RSV_IOC_BUFFER_ALLOC, &want), EINVAL);
}

/* What follows the structure of an old program is its own. */
TEST_F_TIMEOUT(device, a_structure_without_a_refusal_succeeds, 120)
{
	struct rsv_ioc_buffer_alloc block = {
		.size = offsetof(struct rsv_ioc_buffer_alloc, refusal),
		.bytes = page_size(),
		.refusal = 0xffffffff,
		.padding = 0xffffffff,
	};

	ASSERT_EQ(call(self->fd, RSV_IOC_BUFFER_ALLOC, &block), 0);
	EXPECT_EQ(block.bytes, page_size());
	EXPECT_EQ(block.refusal, 0xffffffff);
	EXPECT_EQ(block.padding, 0xffffffff);
	EXPECT_EQ(free_handle(self->fd, block.handle), 0);
}

TEST_F_TIMEOUT(device, a_refusal_that_cannot_be_told_is_an_error_all_the_same, 120)
{
	struct rsv_ioc_buffer_alloc block = {.size = sizeof(block), .bytes = 1ULL << 40};

	EXPECT_EQ(call_read_only(self->fd, RSV_IOC_BUFFER_ALLOC, &block, sizeof(block)), ENOMEM);
}
