// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers of ioctls, and sizes, flags and addresses of structures: every ioctl checks them alike.
 */

/* @first: bytes of the first version of the structure, if it has grown since */
static const struct {
	unsigned long number;
	uint32_t size;
	bool changes;
	uint32_t first;
} ioctls[] = {
	{RSV_IOC_INFO, sizeof(struct rsv_ioc_info), false, offsetof(struct rsv_ioc_info, engine)},
	{RSV_IOC_ZONE, sizeof(struct rsv_ioc_zone), false,
	 offsetof(struct rsv_ioc_zone, largest_free_pages)},
	{RSV_IOC_EXTENT, sizeof(struct rsv_ioc_extent), false, 0},
	{RSV_IOC_CACHE, sizeof(struct rsv_ioc_cache), false,
	 offsetof(struct rsv_ioc_cache, cache_flags)},
	{RSV_IOC_MAP, sizeof(struct rsv_ioc_map), false, 0},
	{RSV_IOC_REGION_NEXT, sizeof(struct rsv_ioc_region_next), false, 0},
	{RSV_IOC_REGION_OPEN, sizeof(struct rsv_ioc_region_open), false, 0},
	{RSV_IOC_REGION_CREATE, sizeof(struct rsv_ioc_region_create), true,
	 offsetof(struct rsv_ioc_region_create, refusal)},
	{RSV_IOC_BUFFER_ALLOC, sizeof(struct rsv_ioc_buffer_alloc), true,
	 offsetof(struct rsv_ioc_buffer_alloc, refusal)},
	{RSV_IOC_CACHE_CREATE, sizeof(struct rsv_ioc_cache_create), true, 0},
	{RSV_IOC_OBJECT_ALLOC, sizeof(struct rsv_ioc_object_alloc), true,
	 offsetof(struct rsv_ioc_object_alloc, refusal)},
	{RSV_IOC_OBJECT_READ, sizeof(struct rsv_ioc_object_io), true, 0},
	{RSV_IOC_OBJECT_WRITE, sizeof(struct rsv_ioc_object_io), true, 0},
	{RSV_IOC_FREE, sizeof(struct rsv_ioc_free), true, 0},
	{RSV_IOC_REGION_MAKE, sizeof(struct rsv_ioc_region_make), true, 0},
	{RSV_IOC_REGION_END, sizeof(struct rsv_ioc_region_end), true, 0},
	{RSV_IOC_REGION_GROW, sizeof(struct rsv_ioc_region_grow), true, 0},
	{RSV_IOC_REGION_SHRINK, sizeof(struct rsv_ioc_region_shrink), true, 0},
	{RSV_IOC_SCATTERED_ALLOC, sizeof(struct rsv_ioc_scattered_alloc), true,
	 offsetof(struct rsv_ioc_scattered_alloc, refusal)},
	{RSV_IOC_CACHE_SHRINK, sizeof(struct rsv_ioc_cache_shrink), true, 0},
	{RSV_IOC_RCU_BARRIER, sizeof(struct rsv_ioc_rcu_barrier), true, 0},
	{RSV_IOC_BUFFER_FD, sizeof(struct rsv_ioc_buffer_fd), true, 0},
	{RSV_IOC_BIND, sizeof(struct rsv_ioc_bind), true, 0},
	{RSV_IOC_SYNC, sizeof(struct rsv_ioc_sync), true, 0},
	{RSV_IOC_DMA_ADDRESS, sizeof(struct rsv_ioc_dma_address), true, 0},
	{RSV_IOC_PHYSICAL, sizeof(struct rsv_ioc_physical), true, 0},
	{RSV_IOC_DEVICE_QUIET, sizeof(struct rsv_ioc_device_quiet), true, 0},
};

#define NR_IOCTLS (sizeof(ioctls) / sizeof(ioctls[0]))

/* Large enough for any structure. Every structure begins with its size and its flags. */
union structure {
	struct {
		uint32_t size;
		uint32_t flags;
	};
	uint8_t bytes[8192];
};

TEST_F(device, a_structure_that_is_too_short_is_refused)
{
	size_t i;

	for (i = 0; i < NR_IOCTLS; i++) {
		uint32_t first = ioctls[i].first ? ioctls[i].first : ioctls[i].size;
		const uint32_t sizes[] = {0, 4, 8, first - 1};
		size_t s;

		for (s = 0; s < ARRAY_SIZE(sizes); s++) {
			union structure arg = {.size = sizes[s]};

			EXPECT_EQ(call(self->fd, ioctls[i].number, &arg), EINVAL)
				TH_LOG("ioctl 0x%lx, size %u", ioctls[i].number, sizes[s]);
		}
	}
}

TEST_F(device, a_structure_of_the_future_is_refused_if_it_asks_for_the_unknown)
{
	size_t i;

	for (i = 0; i < NR_IOCTLS; i++) {
		union structure arg = {.size = ioctls[i].size + 8};

		arg.bytes[arg.size - 1] = 1;
		EXPECT_EQ(call(self->fd, ioctls[i].number, &arg), E2BIG)
			TH_LOG("ioctl 0x%lx", ioctls[i].number);
	}
}

TEST_F(device, a_structure_of_the_future_is_accepted_if_the_unknown_is_zero)
{
	struct {
		struct rsv_ioc_info info;
		uint8_t unknown[64];
	} arg = {.info = INFO(0)};

	arg.info.size = sizeof(arg);
	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &arg), 0);
	EXPECT_STREQ(arg.info.name, "default");
	EXPECT_EQ(arg.info.size, sizeof(arg));
	EXPECT_TRUE(all_bytes(arg.unknown, 0, sizeof(arg.unknown)));
}

TEST_F(device, a_structure_of_the_past_is_answered_as_far_as_it_goes)
{
	size_t i, nr = 0;

	for (i = 0; i < NR_IOCTLS; i++) {
		union structure now = {.size = ioctls[i].size}, past = {.size = ioctls[i].first};
		uint32_t first = ioctls[i].first;

		/* An ioctl that changes something wants more than zeroes. */
		if (!first || ioctls[i].changes)
			continue;
		nr++;
		memset(past.bytes + first, 0xff, sizeof(past) - first);
		ASSERT_EQ(call(self->fd, ioctls[i].number, &now), 0);
		ASSERT_EQ(call(self->fd, ioctls[i].number, &past), 0);
		EXPECT_EQ(past.size, first);
		EXPECT_EQ(memcmp(past.bytes + 4, now.bytes + 4, first - 4), 0);
		EXPECT_TRUE(all_bytes(past.bytes + first, 0xff, sizeof(past) - first));
	}
	EXPECT_EQ(nr, 3);
}

TEST_F(device, a_structure_larger_than_a_page_is_refused)
{
	size_t i;

	for (i = 0; i < NR_IOCTLS; i++) {
		union structure arg = {.size = page_size() + 1};

		EXPECT_EQ(call(self->fd, ioctls[i].number, &arg), E2BIG);
		arg.size = UINT32_MAX;
		EXPECT_EQ(call(self->fd, ioctls[i].number, &arg), E2BIG);
	}
}

TEST_F(device, unknown_flags_are_refused)
{
	uint32_t flag;
	size_t i;

	for (i = 0; i < NR_IOCTLS; i++) {
		union structure arg = {.size = ioctls[i].size, .flags = 0x40};

		EXPECT_EQ(call(self->fd, ioctls[i].number, &arg), EINVAL);
		arg.flags = 0x80000000;
		EXPECT_EQ(call(self->fd, ioctls[i].number, &arg), EINVAL);
	}
	/* Nothing else is wrong with these. */
	for (flag = 1; flag; flag <<= 1) {
		struct rsv_ioc_scattered_alloc pages = {
			.size = sizeof(pages), .flags = flag & ~RSV_BUFFER_HIGH, .bytes = 1};
		struct rsv_ioc_buffer_alloc block = {
			.size = sizeof(block), .flags = flag, .bytes = 1};

		if (pages.flags) {
			EXPECT_EQ(call(self->fd, RSV_IOC_SCATTERED_ALLOC, &pages), EINVAL);
		}
		if (flag > RSV_BUFFER_THISNODE) {
			EXPECT_EQ(call(self->fd, RSV_IOC_BUFFER_ALLOC, &block), EINVAL);
		}
	}
}

TEST_F(device, a_bad_address_is_refused)
{
	uint8_t *page = mmap(NULL, 2 * page_size(), PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint32_t *size;
	size_t i;

	ASSERT_NE(page, MAP_FAILED);
	ASSERT_EQ(munmap(page + page_size(), page_size()), 0);
	size = (uint32_t *)(page + page_size() - 8);
	for (i = 0; i < NR_IOCTLS; i++) {
		*size = ioctls[i].size;
		EXPECT_EQ(call(self->fd, ioctls[i].number, NULL), EFAULT);
		EXPECT_EQ(call(self->fd, ioctls[i].number, size), EFAULT)
			TH_LOG("a structure that ends at an unmapped page");
	}
}

TEST_F(device, reserved_fields_must_be_zero)
{
	struct rsv_ioc_region_create region = {
		.size = sizeof(region), .bytes = page_size(), .reserved = 1};
	struct rsv_ioc_extent extent = {.size = sizeof(extent), .reserved = 1};
	struct rsv_ioc_object_io io = {.size = sizeof(io), .reserved = 1};
	struct rsv_ioc_free free = {.size = sizeof(free), .reserved = 1};
	struct rsv_ioc_region_open open = {.size = sizeof(open), .reserved = 1, .name = "default"};
	struct rsv_ioc_region_make make = {.size = sizeof(make), .reserved = 1, .name = "reserved"};
	struct rsv_ioc_buffer_alloc block = {
		.size = sizeof(block), .bytes = page_size(), .reserved = 1};
	struct rsv_ioc_rcu_barrier barrier = {.size = sizeof(barrier), .reserved = 1};
	struct rsv_ioc_cache_create cache;

	EXPECT_EQ(call(self->fd, RSV_IOC_RCU_BARRIER, &barrier), EINVAL);
	EXPECT_EQ(call(self->fd, RSV_IOC_REGION_OPEN, &open), EINVAL);
	EXPECT_EQ(call(self->fd, RSV_IOC_REGION_MAKE, &make), EINVAL);
	EXPECT_EQ(call(self->fd, RSV_IOC_BUFFER_ALLOC, &block), EINVAL);

	EXPECT_EQ(call(self->fd, RSV_IOC_REGION_CREATE, &region), EINVAL);
	EXPECT_EQ(call(self->fd, RSV_IOC_EXTENT, &extent), EINVAL);
	ASSERT_EQ(create_cache(self->fd, 0, "reserved", 64, &cache), 0);
	ASSERT_EQ(alloc_object(self->fd, cache.handle, &io.handle), 0);
	EXPECT_EQ(call(self->fd, RSV_IOC_OBJECT_READ, &io), EINVAL);
	EXPECT_EQ(call(self->fd, RSV_IOC_OBJECT_WRITE, &io), EINVAL);
	free.handle = io.handle;
	EXPECT_EQ(call(self->fd, RSV_IOC_FREE, &free), EINVAL);
	EXPECT_EQ(free_handle(self->fd, io.handle), 0);
}

TEST_F(device, unknown_numbers_are_no_ioctls)
{
	union structure arg = {.size = sizeof(struct rsv_ioc_info)};
	unsigned int nr;
	size_t i;

	for (nr = 0; nr < 256; nr++) {
		bool known = false;

		for (i = 0; i < NR_IOCTLS; i++)
			known |= ioctls[i].number == _IO(RSV_IOC_MAGIC, nr);
		if (!known) {
			EXPECT_EQ(call(self->fd, _IO(RSV_IOC_MAGIC, nr), &arg), ENOTTY);
		}
	}
	EXPECT_EQ(call(self->fd, _IO(RSV_IOC_MAGIC + 1, 0), &arg), ENOTTY);
	EXPECT_EQ(call(self->fd, _IOWR(RSV_IOC_MAGIC, 0, struct rsv_ioc_info), &arg), ENOTTY);
}

TEST_F(device, a_read_only_descriptor_may_ask_but_not_change)
{
	int fd = open("/dev/reservoir", O_RDONLY | O_CLOEXEC);
	size_t i;

	ASSERT_GE(fd, 0);
	for (i = 0; i < NR_IOCTLS; i++) {
		union structure arg = {.size = ioctls[i].size};

		/* No region has an empty name, but a read-only descriptor may try to open it. */
		int error = ioctls[i].number == RSV_IOC_REGION_OPEN ? ENOENT : 0;

		EXPECT_EQ(call(fd, ioctls[i].number, &arg), ioctls[i].changes ? EBADF : error)
			TH_LOG("ioctl 0x%lx", ioctls[i].number);
	}
	close(fd);
}

/* Copies a structure to read-only memory, and calls the ioctl with it. */
static int call_read_only(int fd, unsigned long number, const void *arg, size_t size)
{
	void *page =
		mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int error;

	if (page == MAP_FAILED)
		return -1;
	memcpy(page, arg, size);
	mprotect(page, page_size(), PROT_READ);
	error = call(fd, number, page);
	munmap(page, page_size());
	return error;
}

TEST_F(device, what_cannot_be_answered_is_undone)
{
	struct rsv_ioc_region_create region = {
		.size = sizeof(region),
		.bytes = page_size(),
		.name = "undone",
	};
	struct rsv_ioc_buffer_alloc block = {.size = sizeof(block), .bytes = page_size()};
	struct rsv_ioc_cache_create cache = {
		.size = sizeof(cache), .object_size = 64, .name = "undone"};
	struct rsv_ioc_object_alloc object = {.size = sizeof(object)};
	struct rsv_ioc_region_open open = {.size = sizeof(open), .name = "unopened"};
	struct rsv_ioc_scattered_alloc pages = {.size = sizeof(pages), .bytes = page_size()};
	struct rsv_ioc_cache before, after;

	EXPECT_EQ(call_read_only(self->fd, RSV_IOC_REGION_CREATE, &region, sizeof(region)), EFAULT);
	EXPECT_EQ(call(self->fd, RSV_IOC_REGION_CREATE, &region), 0)
		TH_LOG("its name is still taken");
	EXPECT_EQ(call_read_only(self->fd, RSV_IOC_BUFFER_ALLOC, &block, sizeof(block)), EFAULT);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
	EXPECT_EQ(call_read_only(self->fd, RSV_IOC_SCATTERED_ALLOC, &pages, sizeof(pages)), EFAULT);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
	ASSERT_EQ(create_named(self->fd, "unopened", NULL, 0), 0);
	EXPECT_EQ(call_read_only(self->fd, RSV_IOC_REGION_OPEN, &open, sizeof(open)), EFAULT);
	EXPECT_EQ(destroy_named(self->fd, "unopened"), 0) TH_LOG("it is still open");
	EXPECT_EQ(call_read_only(self->fd, RSV_IOC_CACHE_CREATE, &cache, sizeof(cache)), EFAULT);
	EXPECT_EQ(call(self->fd, RSV_IOC_CACHE_CREATE, &cache), 0)
		TH_LOG("its name is still taken");

	ASSERT_EQ(query_cache(self->fd, 0, cache.id, &before), 0);
	object.cache = cache.handle;
	EXPECT_EQ(call_read_only(self->fd, RSV_IOC_OBJECT_ALLOC, &object, sizeof(object)), EFAULT);
	ASSERT_EQ(query_cache(self->fd, 0, cache.id, &after), 0);
	EXPECT_EQ(after.active_objects, before.active_objects);
	EXPECT_EQ(free_handle(self->fd, cache.handle), 0) TH_LOG("the object is still there");
}

TEST_F(device, structures_without_an_answer_may_be_read_only)
{
	struct rsv_ioc_free free = {.size = sizeof(free)};
	struct rsv_ioc_buffer_alloc block;

	ASSERT_EQ(alloc_block(self->fd, 0, page_size(), &block), 0);
	free.handle = block.handle;
	EXPECT_EQ(call_read_only(self->fd, RSV_IOC_FREE, &free, sizeof(free)), 0);
}
