// SPDX-License-Identifier: GPL-2.0
/*
 * Scratch regions.
 */

static int create_scratch_named(int fd, const char *name, uint64_t bytes, uint32_t *handle)
{
	struct rsv_ioc_region_create want = {.size = sizeof(want), .bytes = bytes};
	int error;

	set_name(want.name, name);
	error = call(fd, RSV_IOC_REGION_CREATE, &want);
	*handle = want.handle;
	return error;
}

TEST_F(device, a_scratch_region_has_exactly_the_bytes_asked_for_in_one_extent)
{
	const uint64_t sizes[] = {KB(256), page_size(), 7 * page_size(), MB(4)};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct rsv_ioc_info info = {.size = sizeof(info)};

		ASSERT_EQ(create_scratch(self->fd, sizes[i], &info.region), 0);
		ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
		EXPECT_EQ(info.bytes, sizes[i]);
		EXPECT_EQ(info.free_bytes, sizes[i]);
		EXPECT_EQ(info.nr_extents, 1);
		EXPECT_EQ(free_handle(self->fd, info.region), 0);
	}
}

TEST_F(device, a_scratch_region_and_the_default_one_do_not_touch)
{
	struct rsv_ioc_buffer_alloc block;
	uint32_t region;

	ASSERT_EQ(create_scratch(self->fd, KB(256), &region), 0);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
	ASSERT_EQ(alloc_block(self->fd, region, KB(256), &block), 0);
	EXPECT_EQ(block.offset, 0);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
	EXPECT_EQ(free_bytes(self->fd, region), 0);
	EXPECT_EQ(alloc_block(self->fd, region, 1, &block), ENOMEM);
}

TEST_F(device, a_region_without_a_name_gets_one)
{
	struct rsv_ioc_region_create one = {.size = sizeof(one), .bytes = page_size()}, two = one;
	struct rsv_ioc_info info = {.size = sizeof(info)};

	ASSERT_EQ(call(self->fd, RSV_IOC_REGION_CREATE, &one), 0);
	ASSERT_EQ(call(self->fd, RSV_IOC_REGION_CREATE, &two), 0);
	EXPECT_NE(one.name[0], '\0');
	EXPECT_STRNE(one.name, two.name);
	EXPECT_NE(one.handle, two.handle);
	info.region = one.handle;
	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
	EXPECT_STREQ(info.name, one.name);
}

TEST_F(device, bad_region_names_are_refused_and_taken_ones_exist)
{
	const char *const bad[] = {".", "..", "a b", "a/b", "\x80", "a\n"};
	const char longest[] = "0123456789012345678901234567890";
	uint32_t region, other;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(create_scratch_named(self->fd, bad[i], page_size(), &region), EINVAL)
			TH_LOG("'%s'", bad[i]);
	}
	EXPECT_EQ(create_scratch_named(self->fd, "01234567890123456789012345678901", page_size(),
				       &region),
		  EINVAL)
		TH_LOG("a name without a NUL");
	ASSERT_EQ(create_scratch_named(self->fd, longest, page_size(), &region), 0);
	EXPECT_EQ(create_scratch_named(self->fd, longest, page_size(), &other), EEXIST);
	EXPECT_EQ(create_scratch_named(self->fd, "default", page_size(), &other), EEXIST);
	EXPECT_EQ(free_handle(self->fd, region), 0);
	EXPECT_EQ(create_scratch_named(self->fd, longest, page_size(), &region), 0);
}

TEST_F(device, impossible_region_sizes_are_refused)
{
	const uint64_t bad[] = {0, 1, page_size() - 1, page_size() + 1, UINT64_MAX};
	uint32_t region;
	int error;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(create_scratch(self->fd, bad[i], &region), EINVAL)
			TH_LOG("%llu bytes", (unsigned long long)bad[i]);
	}
	for (i = 40; i < 64; i++) {
		error = create_scratch(self->fd, 1ULL << i, &region);
		EXPECT_TRUE(error == ENOMEM || error == EINVAL)
			TH_LOG("2^%zu bytes: error %d", i, error);
	}
	error = create_scratch(self->fd, -page_size(), &region);
	EXPECT_TRUE(error == ENOMEM || error == EINVAL);
}

/* Runs a test in a child without privileges, which inherits the descriptor. */
static int as_nobody(int (*test)(int fd), int fd)
{
	pid_t child = fork();

	if (!child)
		_exit(setgid(65534) || setuid(65534) ? 99 : test(fd));
	return wait_for_exit(child);
}

static int see_physical(int fd)
{
	struct rsv_ioc_extent extent = {.size = sizeof(extent), .physical = 1};

	return call(fd, RSV_IOC_EXTENT, &extent) || extent.physical ? 1 : 0;
}

TEST_F(device, a_user_without_privileges_sees_no_physical_address)
{
	EXPECT_EQ(as_nobody(see_physical, self->fd), 0);
	EXPECT_EQ(see_physical(self->fd), 1) TH_LOG("root does");
}

static int open_device(int fd)
{
	(void)fd;
	return open("/dev/reservoir", O_RDONLY) >= 0 ? 1 : errno != EACCES;
}

TEST_F(device, a_user_who_is_not_in_the_group_cannot_open_the_device)
{
	EXPECT_EQ(as_nobody(open_device, -1), 0);
}
