// SPDX-License-Identifier: GPL-2.0
/*
 * Who only looks disturbs nobody: requests succeed while others read all there is to read.
 */

#define READERS	 4
#define REQUESTS 60

/* A query that needs a descriptor which is open for reading, and what changes one for writing */
TEST_F(device, a_descriptor_does_only_what_it_is_open_for)
{
	struct rsv_ioc_info info = INFO(0);
	struct rsv_ioc_buffer_alloc block;
	int fd = open("/dev/reservoir", O_WRONLY | O_CLOEXEC);
	struct rsv_ioc_zone zone = ZONE(0, 0);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(call(fd, RSV_IOC_INFO, &info), EBADF);
	EXPECT_EQ(call(fd, RSV_IOC_ZONE, &zone), EBADF);
	EXPECT_EQ(alloc_block(fd, 0, 1, &block), 0);
	EXPECT_EQ(free_handle(fd, block.handle), 0);
	close(fd);
}

static void read_file(const char *path)
{
	int fd = open(path, O_RDONLY);
	char some[4096];

	while (fd >= 0 && read(fd, some, sizeof(some)) > 0)
		;
	close(fd);
}

/* Asks for everything, again and again, until it is killed. */
static void read_all(const char *region_name)
{
	int fd = open("/dev/reservoir", O_RDONLY);
	static char chars[65536];
	struct rsv_ioc_cache cache;
	uint32_t region, count;

	if (fd < 0 || open_named(fd, region_name, &region))
		_exit(1);
	for (;;) {
		struct rsv_ioc_info info = INFO(region);
		struct rsv_ioc_zone zone = ZONE(region, 0);

		if (call(fd, RSV_IOC_INFO, &info) || call(fd, RSV_IOC_ZONE, &zone) ||
		    query_map(fd, region, 0, sizeof(chars), chars, &count) ||
		    query_cache(fd, region, 0, &cache))
			_exit(2);
		read_file("/sys/kernel/debug/reservoir/regions/user:read/slabinfo");
	}
}

/* Returns how many readers read until then. */
static int stop_readers(const pid_t *reader)
{
	int i, nr = 0, status;

	for (i = 0; i < READERS; i++) {
		kill(reader[i], SIGKILL);
		if (waitpid(reader[i], &status, 0) == reader[i])
			nr += WIFSIGNALED(status);
	}
	return nr;
}

/* A request of more than half of the region needs several free blocks: the region is searched. */
TEST_F(device, readers_make_no_request_fail)
{
	const struct rsv_ioc_reserve want = {.bytes = MB(15), .flags = RSV_RESERVE_CONTIG};
	struct rsv_ioc_buffer_alloc block;
	pid_t reader[READERS];
	int i, failed = 0;
	uint32_t region;

	ASSERT_EQ(create_named(self->fd, "read", &want, 1), 0);
	ASSERT_EQ(open_named(self->fd, "read", &region), 0);
	for (i = 0; i < READERS; i++) {
		reader[i] = fork();
		ASSERT_GE(reader[i], 0);
		if (!reader[i])
			read_all("read");
	}
	for (i = 0; i < REQUESTS; i++) {
		if (alloc_block_with(self->fd, region, MB(10), RSV_BUFFER_EXACT, 0, &block))
			failed++;
		else
			free_handle(self->fd, block.handle);
	}
	EXPECT_EQ(stop_readers(reader), READERS);
	EXPECT_EQ(failed, 0) TH_LOG("%d of %d requests failed", failed, REQUESTS);
	EXPECT_EQ(free_handle(self->fd, region), 0);
	EXPECT_EQ(destroy_named(self->fd, "read"), 0);
}
