// SPDX-License-Identifier: GPL-2.0
/*
 * What the command says when it gets no memory: the reason, and what helps.
 */

/* 8 MB for all, and 1 MB of the zone DMA */
TEST_F_TIMEOUT(device, the_command_says_why_it_got_no_memory, 120)
{
	const struct rsv_ioc_reserve zones[] = {
		one_run,
		{.bytes = MB(1), .zone = RSV_ZONE_DMA},
	};
	char *last[] = {"reservoir", "alloc", "8M", "--exact", "--high", "--region=why", NULL};
	struct rsv_ioc_scattered_alloc pages;
	uint32_t region;

	if (create_named(self->fd, "why", zones, 2))
		SKIP(return, "this machine has no such zones");
	ASSERT_EQ(open_named(self->fd, "why", &region), 0);
	EXPECT_EQ(run("alloc", "8M", "--exact", "--region=why"), 1);
	EXPECT_TRUE(printed("min watermark") && printed("--high") && printed_one_line())
		TH_LOG("%s", output);
	EXPECT_EQ(run_arguments("/dev/reservoir", last), 0) TH_LOG("%s", output);
	EXPECT_EQ(run("alloc", "5M", "--region=why", NULL), 1);
	EXPECT_TRUE(printed("of 8 MB for 5 MB: ") && printed("in pieces") && printed("--exact"))
		TH_LOG("%s", output);
	EXPECT_EQ(run("alloc", "2M", "--zone=dma", "--region=why"), 1);
	EXPECT_TRUE(printed("this zone") && printed_one_line()) TH_LOG("%s", output);
	EXPECT_EQ(run("alloc", "10M", "--exact", "--region=why"), 1);
	EXPECT_TRUE(printed("not so much free memory") && printed_one_line()) TH_LOG("%s", output);
	ASSERT_EQ(alloc_pages(self->fd, region, MB(8), RSV_BUFFER_HIGH, &pages), 0);
	EXPECT_EQ(run("alloc", "4K", "--region=why", NULL), 1);
	EXPECT_TRUE(printed("name its zone") && printed("--zone") && printed_one_line())
		TH_LOG("%s", output);
	EXPECT_EQ(run("cache", "why", "64", "--region=why"), 1);
	EXPECT_TRUE(printed("more than 0 objects: ") && printed("name its zone") && !printed("--"))
		TH_LOG("%s", output);
	EXPECT_EQ(free_handle(self->fd, pages.handle), 0);
	EXPECT_EQ(free_handle(self->fd, region), 0);
	EXPECT_EQ(destroy_named(self->fd, "why"), 0);
}

/* Pages of a region one by one; every other one is freed. */
TEST_F_TIMEOUT(device, the_command_says_that_memory_is_in_pieces, 120)
{
	struct rsv_ioc_reserve want = {.bytes = MB(1), .flags = RSV_RESERVE_CONTIG};
	struct rsv_ioc_buffer_alloc blocks[256], block;
	uint32_t region, i;

	ASSERT_EQ(create_named(self->fd, "pieces", &want, 1), 0);
	ASSERT_EQ(open_named(self->fd, "pieces", &region), 0);
	for (i = 0; i < 256; i++) {
		ASSERT_EQ(alloc_block(self->fd, region, page_size(), &block), 0);
		blocks[block.offset / page_size()] = block;
	}
	for (i = 0; i < 256; i += 2) {
		ASSERT_EQ(free_handle(self->fd, blocks[i].handle), 0);
	}
	EXPECT_EQ(run("alloc", "8K", "--region=pieces", NULL), 1);
	EXPECT_TRUE(printed("in pieces") && printed("largest buffer: 4 KB") && printed_one_line())
		TH_LOG("%s", output);
	for (i = 1; i < 256; i += 2) {
		ASSERT_EQ(free_handle(self->fd, blocks[i].handle), 0);
	}
	EXPECT_EQ(free_handle(self->fd, region), 0);
	EXPECT_EQ(destroy_named(self->fd, "pieces"), 0);
}

/* Programs of root, but without the capability that lifts limits */
static int run_with_limits(int fd)
{
	struct rsv_ioc_info info = info_of(fd, 0);
	char bytes[32];

	STEP(1, !prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE, 0, 0, 0));
	snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)info.user_limit + 1);
	STEP(2, run("alloc", bytes, "--exact", NULL) == 1);
	STEP(3, printed("a block of ") && printed("quota=") && printed("held: 0 bytes of "));
	STEP(4, run("alloc", "4K", "--high", NULL) == 1);
	STEP(5, printed("CAP_SYS_RESOURCE") && printed_one_line());
	set_shares("0%", "25%");
	STEP(6, run("alloc", "4K", NULL, NULL) == 1 && printed("user=") && printed_one_line());
	return 0;
}

TEST_F_TIMEOUT(device, the_command_says_which_limit_it_met, 120)
{
	pid_t child = fork();

	if (!child)
		_exit(run_with_limits(self->fd));
	EXPECT_EQ(wait_for_exit(child), 0);
	set_shares("50%", "25%");
}
