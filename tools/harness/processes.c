// SPDX-License-Identifier: GPL-2.0
/*
 * Processes and threads: several at once, and their ends.
 */

#define STORM_ROUNDS 400
#define STORM_BLOCKS 8

/* Allocates, fills, checks and frees blocks. Returns 0 if all blocks had the right bytes. */
static int storm(int fd, unsigned int seed, uint8_t mark, int rounds)
{
	struct rsv_ioc_buffer_alloc blocks[STORM_BLOCKS] = {0};
	uint8_t *bytes[STORM_BLOCKS];
	int round, i;

	for (round = 0; round < rounds; round++) {
		i = rand_r(&seed) % STORM_BLOCKS;
		if (!blocks[i].handle) {
			if (alloc_block(fd, 0, (1 + rand_r(&seed) % 8) * page_size(), &blocks[i]))
				return 1;
			bytes[i] = map_block(fd, &blocks[i]);
			if (bytes[i] == MAP_FAILED || !all_bytes(bytes[i], 0, blocks[i].bytes))
				return 2;
			memset(bytes[i], mark, blocks[i].bytes);
		} else {
			if (!all_bytes(bytes[i], mark, blocks[i].bytes))
				return 3;
			if (munmap(bytes[i], blocks[i].bytes) || free_handle(fd, blocks[i].handle))
				return 4;
			blocks[i].handle = 0;
		}
	}
	for (i = 0; i < STORM_BLOCKS; i++)
		if (blocks[i].handle &&
		    (munmap(bytes[i], blocks[i].bytes) || free_handle(fd, blocks[i].handle)))
			return 5;
	return 0;
}

TEST_F_TIMEOUT(device, two_processes_at_once_never_see_each_others_bytes, 120)
{
	pid_t children[2];
	int i;

	for (i = 0; i < 2; i++) {
		children[i] = fork();
		ASSERT_GE(children[i], 0);
		if (!children[i]) {
			int fd = open("/dev/reservoir", O_RDWR | O_CLOEXEC);

			_exit(fd < 0 ? 99 : storm(fd, i + 1, i + 1, STORM_ROUNDS));
		}
	}
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(wait_for_exit(children[i]), 0);
	}
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
}

#define NR_THREADS 4

struct thread {
	pthread_t id;
	int fd;
	int number;
	int result;
};

static void *run_thread(void *argument)
{
	struct thread *t = argument;

	t->result = storm(t->fd, t->number, t->number, STORM_ROUNDS);
	return NULL;
}

TEST_F_TIMEOUT(device, threads_share_a_descriptor, 120)
{
	struct thread threads[NR_THREADS];
	int i;

	for (i = 0; i < NR_THREADS; i++) {
		threads[i] = (struct thread){.fd = self->fd, .number = i + 1, .result = -1};
		ASSERT_EQ(pthread_create(&threads[i].id, NULL, run_thread, &threads[i]), 0);
	}
	for (i = 0; i < NR_THREADS; i++) {
		ASSERT_EQ(pthread_join(threads[i].id, NULL), 0);
		EXPECT_EQ(threads[i].result, 0);
	}
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
}

/* Allocates something of every kind, writes to the pipe, and waits to be killed. */
static void alloc_everything(int ready)
{
	int fd = open("/dev/reservoir", O_RDWR | O_CLOEXEC);
	struct rsv_ioc_cache_create cache, scratch;
	struct rsv_ioc_buffer_alloc block;
	uint32_t region, object;
	uint8_t *bytes;
	int i;

	if (fd < 0 || create_scratch(fd, MB(1), &region) ||
	    create_cache(fd, 0, "doomed", 700, &cache) ||
	    create_cache(fd, region, "doomed", 700, &scratch))
		_exit(1);
	for (i = 0; i < 100; i++) {
		if (alloc_object(fd, cache.handle, &object) ||
		    alloc_object(fd, scratch.handle, &object) || alloc_block(fd, 0, KB(16), &block))
			_exit(2);
		bytes = map_block(fd, &block);
		if (bytes == MAP_FAILED)
			_exit(3);
		memset(bytes, i, block.bytes);
	}
	if (write(ready, "x", 1) != 1)
		_exit(4);
	for (;;)
		pause();
}

TEST_F_TIMEOUT(device, everything_of_a_killed_process_comes_back, 120)
{
	struct rsv_ioc_cache_create cache;
	int ready[2];
	pid_t child;
	char c;

	ASSERT_EQ(pipe(ready), 0);
	child = fork();
	ASSERT_GE(child, 0);
	if (!child)
		alloc_everything(ready[1]);
	close(ready[1]);
	ASSERT_EQ(read(ready[0], &c, 1), 1);
	EXPECT_LE(free_bytes(self->fd, 0), self->free - 100 * KB(16));
	ASSERT_EQ(kill(child, SIGKILL), 0);
	EXPECT_EQ(wait_for_exit(child), -1);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
	EXPECT_EQ(create_cache(self->fd, 0, "doomed", 64, &cache), 0)
		TH_LOG("its name is still taken");
}

/* Runs storms until it is killed or one fails. Writes to the pipe after the first one. */
static void storm_for_ever(int ready, unsigned int seed)
{
	int fd = open("/dev/reservoir", O_RDWR | O_CLOEXEC);

	if (fd < 0 || storm(fd, seed, 1, STORM_BLOCKS) || write(ready, "x", 1) != 1)
		_exit(1);
	while (!storm(fd, seed, 1, STORM_ROUNDS))
		;
	_exit(2);
}

TEST_F_TIMEOUT(device, a_process_killed_in_the_midst_of_it_leaves_nothing, 120)
{
	int round;

	for (round = 0; round < 10; round++) {
		int ready[2];
		pid_t child;
		char c;

		ASSERT_EQ(pipe(ready), 0);
		child = fork();
		ASSERT_GE(child, 0);
		if (!child)
			storm_for_ever(ready[1], round);
		close(ready[1]);
		ASSERT_EQ(read(ready[0], &c, 1), 1) TH_LOG("the first storm of the child failed");
		close(ready[0]);
		sleep_ms(7 * round);
		ASSERT_EQ(kill(child, SIGKILL), 0);
		EXPECT_EQ(wait_for_exit(child), -1) TH_LOG("the child ended by itself");
	}
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
}

TEST_F(device, memory_goes_back_with_the_last_copy_of_a_descriptor)
{
	int fd = open("/dev/reservoir", O_RDWR | O_CLOEXEC), copy;
	struct rsv_ioc_buffer_alloc block;

	ASSERT_GE(fd, 0);
	copy = dup(fd);
	ASSERT_GE(copy, 0);
	ASSERT_EQ(alloc_block(fd, 0, KB(16), &block), 0);
	close(fd);
	EXPECT_EQ(free_bytes(self->fd, 0), self->free - KB(16));
	EXPECT_EQ(free_bytes(copy, 0), self->free - KB(16));
	close(copy);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
}

/* Sends a descriptor through a socket. The message in the socket then has the only copy. */
static int send_descriptor(int socket, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec one = {.iov_base = "x", .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &one,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(socket, &message, 0) == 1 ? close(fd) : -1;
}

TEST_F(device, memory_waits_for_a_descriptor_that_is_on_its_way)
{
	int fd = open("/dev/reservoir", O_RDWR | O_CLOEXEC), ends[2];
	struct rsv_ioc_buffer_alloc block;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(alloc_block(fd, 0, KB(16), &block), 0);
	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	ASSERT_EQ(send_descriptor(ends[0], fd), 0);
	EXPECT_EQ(free_bytes(self->fd, 0), self->free - KB(16));
	close(ends[0]);
	EXPECT_EQ(free_bytes(self->fd, 0), self->free - KB(16));
	close(ends[1]);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
}
