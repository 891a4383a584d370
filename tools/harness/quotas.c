// SPDX-License-Identifier: GPL-2.0
/*
 * Quotas: what all programs together, and those of one user, may hold.
 */

#define PARAMETERS "/sys/module/reservoir/parameters/"

/* Writes a parameter. Returns 0 or an error number. */
static int set_parameter(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_TRUNC), error = 0;

	if (fd < 0)
		return errno;
	if (write(fd, value, strlen(value)) < 0)
		error = errno;
	close(fd);
	return error;
}

static void set_shares(const char *all, const char *one)
{
	set_parameter(PARAMETERS "user", all);
	set_parameter(PARAMETERS "quota", one);
}

/* The steps of a test, which also are what a child exits with if one fails */
#define STEP(n, condition)          \
	do {                        \
		if (!(condition))   \
			return (n); \
	} while (0)

static struct rsv_ioc_info info_of(int fd, uint32_t region)
{
	struct rsv_ioc_info info = INFO(region);

	call(fd, RSV_IOC_INFO, &info);
	return info;
}

/* One user may hold a quarter of the region; blocks, scattered pages and objects count. */
static int hold_a_quarter(int fd)
{
	struct rsv_ioc_info info = info_of(fd, 0);
	struct rsv_ioc_scattered_alloc pages = {.size = sizeof(pages)};
	struct rsv_ioc_cache_create cache;
	struct rsv_ioc_buffer_alloc block;
	uint32_t object, rest;

	STEP(1, info.user_bytes == 0 && info.user_limit == info.bytes / 4);
	STEP(2, alloc_block_with(fd, 0, info.user_limit + 1, RSV_BUFFER_EXACT, 0, &block) == EDQUOT);
	STEP(3, !alloc_block_with(fd, 0, MB(1), RSV_BUFFER_EXACT, 0, &block));
	STEP(4, !hold_bytes(fd, 0, info.user_limit - MB(1) - page_size(), &rest));
	STEP(5, info_of(fd, 0).user_bytes == info.user_limit - page_size());
	pages.bytes = 2 * page_size();
	STEP(6, call(fd, RSV_IOC_SCATTERED_ALLOC, &pages) == EDQUOT);
	pages.bytes = page_size();
	STEP(7, !call(fd, RSV_IOC_SCATTERED_ALLOC, &pages));
	STEP(8, !create_cache(fd, 0, "quota", 64, &cache));
	STEP(9, alloc_object(fd, cache.handle, &object) == EDQUOT);
	STEP(10, !free_handle(fd, pages.handle));
	STEP(11, !free_handle(fd, block.handle) && !free_handle(fd, rest));
	STEP(12, !alloc_object(fd, cache.handle, &object));
	STEP(13, info_of(fd, 0).user_bytes > 0);
	STEP(14, !free_handle(fd, object) && !free_handle(fd, cache.handle));
	STEP(15, info_of(fd, 0).user_bytes == 0);
	return 0;
}

TEST_F(device, a_user_holds_his_quota_and_no_more)
{
	EXPECT_EQ(as_nobody(hold_a_quarter, self->fd), 0);
}

/* The administrator's programs hold as much as all may: others get nothing, he does. */
static int get_nothing(int fd)
{
	struct rsv_ioc_buffer_alloc block;

	return alloc_block(fd, 0, 1, &block) == EDQUOT ? 0 : 1;
}

TEST_F(device, all_programs_together_hold_their_share_and_no_more)
{
	struct rsv_ioc_info info = info_of(self->fd, 0);
	struct rsv_ioc_buffer_alloc more;
	uint32_t most;

	EXPECT_EQ(info.programs_limit, info.bytes / 2);
	ASSERT_EQ(hold_bytes(self->fd, 0, info.programs_limit, &most), 0);
	EXPECT_EQ(info_of(self->fd, 0).programs_bytes, info.programs_limit);
	EXPECT_EQ(as_nobody(get_nothing, self->fd), 0);
	EXPECT_EQ(alloc_block(self->fd, 0, 1, &more), 0) TH_LOG("root gets more");
}

static int get_one_page(int fd)
{
	struct rsv_ioc_buffer_alloc block;

	return alloc_block(fd, 0, 1, &block);
}

TEST_F(device, shares_change_at_run_time)
{
	EXPECT_EQ(set_parameter(PARAMETERS "quota", "0%"), 0);
	EXPECT_EQ(as_nobody(get_one_page, self->fd), EDQUOT);
	EXPECT_EQ(set_parameter(PARAMETERS "quota", "100"), 0);
	EXPECT_EQ(set_parameter(PARAMETERS "user", "0"), 0);
	EXPECT_EQ(as_nobody(get_one_page, self->fd), EDQUOT);
	EXPECT_EQ(set_parameter(PARAMETERS "user", "101%"), EINVAL);
	EXPECT_EQ(set_parameter(PARAMETERS "user", "-1"), EINVAL);
	EXPECT_EQ(set_parameter(PARAMETERS "user", "5%%"), EINVAL);
	EXPECT_EQ(set_parameter(PARAMETERS "user", "1000"), EINVAL);
	EXPECT_EQ(set_parameter(PARAMETERS "user", "%"), EINVAL);
	EXPECT_EQ(as_nobody(get_one_page, self->fd), EDQUOT);
	set_shares("50%", "25%");
	EXPECT_EQ(as_nobody(get_one_page, self->fd), 0);
}

/* Each scratch region counts for its pages, and for what manages it. */
static int exhaust_scratch(int fd)
{
	uint32_t region, nr = 0;
	int error;

	while (!(error = create_scratch(fd, page_size(), &region)))
		nr++;
	STEP(1, error == EDQUOT);
	STEP(2, nr > 0);
	/* A larger one would exceed the quota even if it were the only one. */
	STEP(3, create_scratch(fd, MB(512), &region) == EDQUOT);
	return 0;
}

/* Objects count with every engine, and the slabs of free ones until the cache gives them back. */
static int use_objects(int fd)
{
	static uint32_t object[4096];
	struct rsv_ioc_cache_create cache;
	struct rsv_ioc_buffer_alloc block;
	uint32_t slabs;
	unsigned int e, nr;
	int error;

	for (e = 0; e < ARRAY_SIZE(engines); e++) {
		STEP(10 * e + 1, !create_cache_with(fd, 0, "quota", 2000, engines[e].flag, &cache));
		for (nr = 0; nr < ARRAY_SIZE(object); nr++) {
			error = alloc_object(fd, cache.handle, &object[nr]);
			if (error)
				break;
		}
		STEP(10 * e + 2, error == EDQUOT && nr > 100);
		STEP(10 * e + 3, !free_handle(fd, object[--nr]));
		STEP(10 * e + 4, !alloc_object(fd, cache.handle, &object[nr++]));
		while (nr)
			STEP(10 * e + 5, !free_handle(fd, object[--nr]));
		STEP(10 * e + 6, !shrink_cache(fd, cache.handle, &slabs) &&
					 !alloc_block(fd, 0, KB(256), &block));
		STEP(10 * e + 7, !free_handle(fd, block.handle) && !free_handle(fd, cache.handle));
		STEP(10 * e + 8, !info_of(fd, 0).user_bytes);
	}
	return 0;
}

TEST_F(device, objects_of_every_engine_count_for_the_quota)
{
	set_shares("50%", "1%");
	EXPECT_EQ(as_nobody(use_objects, self->fd), 0);
	set_shares("50%", "25%");
}

TEST_F(device, scratch_regions_of_a_user_end_at_his_quota)
{
	uint32_t region;

	/* One percent of half the memory is some dozen regions. */
	set_shares("50%", "1%");
	EXPECT_EQ(as_nobody(exhaust_scratch, self->fd), 0);
	EXPECT_EQ(create_scratch(self->fd, MB(4), &region), 0) TH_LOG("root gets more");
	set_shares("50%", "25%");
}

/* Programs may use up a region that was created for them, each user his quota of it. */
static int use_named(int fd)
{
	struct rsv_ioc_buffer_alloc block;
	struct rsv_ioc_info info;
	uint32_t region;

	STEP(1, !open_named(fd, "shared", &region));
	info = info_of(fd, region);
	STEP(2, info.programs_limit == info.bytes && info.user_limit == info.bytes / 4);
	STEP(3, alloc_block_with(fd, region, info.bytes / 2, RSV_BUFFER_EXACT, 0, &block) == EDQUOT);
	STEP(4, !alloc_block_with(fd, region, info.bytes / 4, RSV_BUFFER_EXACT, 0, &block));
	STEP(5, !free_handle(fd, block.handle) && !free_handle(fd, region));
	return 0;
}

TEST_F(device, a_region_for_programs_is_all_theirs)
{
	ASSERT_EQ(create_named(self->fd, "shared", &anywhere, 1), 0);
	EXPECT_EQ(as_nobody(use_named, self->fd), 0);
	EXPECT_EQ(destroy_named(self->fd, "shared"), 0);
}

#define CGROUPS "/tmp/cgroup"

static bool mount_memory_cgroups(void)
{
	mkdir(CGROUPS, 0700);
	if (mount("none", CGROUPS, "cgroup2", 0, NULL))
		return false;
	mkdir(CGROUPS "/program", 0755);
	return !set_parameter(CGROUPS "/cgroup.subtree_control", "+memory");
}

static uint64_t charged_bytes(void)
{
	FILE *file = fopen(CGROUPS "/program/memory.current", "r");
	unsigned long long bytes = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%llu", &bytes) != 1)
		bytes = 0;
	fclose(file);
	return bytes;
}

/*
 * The pages of a region are charged; a region beyond the limit is refused. The kernel keeps some
 * charges for each CPU, so the sum is half a megabyte off at most.
 */
static int charge_region(int fd)
{
	const uint64_t region_bytes = MB(3);
	uint32_t region, second;
	uint64_t before;

	STEP(1, !set_parameter(CGROUPS "/program/cgroup.procs", "0"));
	STEP(2, !set_parameter(CGROUPS "/program/memory.max", "6M"));
	STEP(3, !setgid(65534) && !setuid(65534));
	before = charged_bytes();
	STEP(4, !create_scratch(fd, region_bytes, &region));
	STEP(5, charged_bytes() + KB(512) >= before + region_bytes);
	STEP(6, create_scratch(fd, region_bytes, &second) == ENOMEM);
	STEP(7, !free_handle(fd, region));
	STEP(8, charged_bytes() < before + region_bytes / 2);
	STEP(9, !create_scratch(fd, region_bytes, &second));
	return 0;
}

TEST_F(device, a_scratch_region_is_charged_to_its_programs_cgroup)
{
	pid_t child;

	if (!mount_memory_cgroups())
		SKIP(return, "the machine has no memory cgroups");
	child = fork();
	if (!child)
		_exit(charge_region(self->fd));
	EXPECT_EQ(wait_for_exit(child), 0);
	rmdir(CGROUPS "/program");
	umount(CGROUPS);
}
