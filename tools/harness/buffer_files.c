// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of single buffers: their bytes, what they refuse, and how long they keep the buffer.
 */

static int buffer_fd(int fd, uint32_t handle, uint32_t flags, int *buffer)
{
	struct rsv_ioc_buffer_fd want = {.size = sizeof(want), .flags = flags, .handle = handle};
	int error = call(fd, RSV_IOC_BUFFER_FD, &want);

	*buffer = error ? -1 : want.fd;
	return error;
}

/* Allocates a buffer of @pages pages in @region, and returns a descriptor of it, or -1. */
static int alloc_fd(int fd, uint32_t region, uint64_t pages, struct rsv_ioc_buffer_alloc *block)
{
	int buffer;

	if (alloc_block(fd, region, pages * page_size(), block))
		return -1;
	buffer_fd(fd, block->handle, RSV_FD_CLOEXEC, &buffer);
	return buffer;
}

TEST_F(device, a_buffers_descriptor_is_a_file_of_constant_size)
{
	struct rsv_ioc_buffer_alloc block;
	int buffer = alloc_fd(self->fd, 0, 4, &block);
	struct stat stat;

	ASSERT_GE(buffer, 0);
	ASSERT_EQ(fstat(buffer, &stat), 0);
	EXPECT_TRUE(S_ISREG(stat.st_mode));
	EXPECT_EQ(stat.st_mode & 0777, 0600);
	EXPECT_EQ((uint64_t)stat.st_size, block.bytes);
	EXPECT_EQ((uint64_t)stat.st_blocks * 512, block.bytes);
	EXPECT_EQ((uint64_t)lseek(buffer, 0, SEEK_END), block.bytes);
	EXPECT_EQ(lseek(buffer, 1, SEEK_END), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(ftruncate(buffer, 0), -1);
	EXPECT_EQ(errno, EPERM);
	EXPECT_EQ(ftruncate(buffer, 2 * block.bytes), -1);
	EXPECT_EQ(errno, EPERM);
	EXPECT_EQ(fallocate(buffer, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, page_size()), -1);
	EXPECT_EQ(errno, EOPNOTSUPP);
	EXPECT_EQ(fchmod(buffer, 0777), -1);
	EXPECT_EQ(errno, EPERM);
	EXPECT_EQ(fsync(buffer), 0);
	ASSERT_EQ(fstat(buffer, &stat), 0);
	EXPECT_EQ((uint64_t)stat.st_size, block.bytes);
	close(buffer);
}

TEST_F(device, a_buffers_descriptor_reads_and_writes_what_mappings_show)
{
	struct rsv_ioc_buffer_alloc block;
	int buffer = alloc_fd(self->fd, 0, 4, &block);
	uint8_t *bytes = map_block(self->fd, &block), *own = malloc(block.bytes), front[3], back[5];
	const struct iovec parts[2] = {{front, sizeof(front)}, {back, sizeof(back)}};
	uint64_t i;

	ASSERT_GE(buffer, 0);
	ASSERT_NE(bytes, MAP_FAILED);
	for (i = 0; i < block.bytes; i++)
		own[i] = i % 251;
	ASSERT_EQ(write(buffer, own, block.bytes), (ssize_t)block.bytes);
	EXPECT_EQ(memcmp(bytes, own, block.bytes), 0);
	EXPECT_EQ(read(buffer, own, 1), 0) TH_LOG("the position is not at the end");
	EXPECT_EQ(write(buffer, own, 1), -1);
	EXPECT_EQ(errno, ENOSPC);

	/* Across the border of two pages, and across the end */
	bytes[page_size() - 1] = 77;
	bytes[page_size()] = 78;
	ASSERT_EQ(pread(buffer, own, 2, page_size() - 1), 2);
	EXPECT_EQ(own[0], 77);
	EXPECT_EQ(own[1], 78);
	EXPECT_EQ(pwrite(buffer, "end", 3, block.bytes - 2), 2);
	EXPECT_EQ(bytes[block.bytes - 1], 'n');
	EXPECT_EQ(pread(buffer, own, 3, block.bytes - 2), 2);
	EXPECT_EQ(pread(buffer, own, 3, block.bytes), 0);
	EXPECT_EQ(pread(buffer, own, 3, INT64_MAX - 4096), 0);

	ASSERT_EQ(lseek(buffer, 100, SEEK_SET), 100);
	ASSERT_EQ(readv(buffer, parts, 2), 8);
	EXPECT_EQ(memcmp(front, bytes + 100, 3), 0);
	EXPECT_EQ(memcmp(back, bytes + 103, 5), 0);
	ASSERT_EQ(lseek(buffer, 200, SEEK_SET), 200);
	ASSERT_EQ(writev(buffer, parts, 2), 8);
	EXPECT_EQ(memcmp(bytes + 200, bytes + 100, 8), 0);
	EXPECT_EQ(munmap(bytes, block.bytes), 0);
	EXPECT_EQ(pread(buffer, bytes, 8, 0), -1);
	EXPECT_EQ(errno, EFAULT);
	close(buffer);
	free(own);
}

TEST_F(device, an_appending_descriptor_of_a_buffer_finds_no_space)
{
	struct rsv_ioc_buffer_alloc block;
	int buffer = alloc_fd(self->fd, 0, 1, &block);

	ASSERT_GE(buffer, 0);
	ASSERT_EQ(fcntl(buffer, F_SETFL, O_APPEND), 0);
	EXPECT_EQ(write(buffer, "x", 1), -1);
	EXPECT_EQ(errno, ENOSPC);
	close(buffer);
}

TEST_F(device, a_read_only_descriptor_of_a_buffer_lets_nobody_write)
{
	struct rsv_ioc_buffer_alloc block;
	char path[32], byte = 0;
	int buffer;
	uint8_t *bytes;

	ASSERT_EQ(alloc_block(self->fd, 0, page_size(), &block), 0);
	ASSERT_EQ(buffer_fd(self->fd, block.handle, RSV_FD_CLOEXEC | RSV_FD_READ_ONLY, &buffer), 0);
	EXPECT_EQ(pwrite(buffer, "x", 1, 0), -1);
	EXPECT_EQ(errno, EBADF);
	EXPECT_EQ(pread(buffer, &byte, 1, 0), 1);
	EXPECT_EQ(map_range(buffer, 0, page_size()), MAP_FAILED);
	EXPECT_EQ(errno, EACCES);
	bytes = mmap(NULL, page_size(), PROT_READ, MAP_SHARED, buffer, 0);
	ASSERT_NE(bytes, MAP_FAILED);
	EXPECT_EQ(mprotect(bytes, page_size(), PROT_READ | PROT_WRITE), -1);
	EXPECT_EQ(errno, EACCES);
	EXPECT_EQ(munmap(bytes, page_size()), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", buffer);
	EXPECT_EQ(open(path, O_RDWR), -1) TH_LOG("it could be opened for writing");
	EXPECT_EQ(truncate(path, 0), -1);
	close(buffer);
}

TEST_F(device, a_buffers_descriptor_is_closed_by_execve_if_the_flag_says_so)
{
	struct rsv_ioc_buffer_alloc block;
	int closed = alloc_fd(self->fd, 0, 1, &block), open;

	ASSERT_GE(closed, 0);
	ASSERT_EQ(buffer_fd(self->fd, block.handle, 0, &open), 0);
	EXPECT_EQ(fcntl(closed, F_GETFD), FD_CLOEXEC);
	EXPECT_EQ(fcntl(open, F_GETFD), 0);
	close(closed);
	close(open);
}

TEST_F(device, only_buffers_have_descriptors)
{
	struct rlimit limit, small;
	struct rsv_ioc_buffer_alloc block;
	uint32_t region;
	int buffer;

	ASSERT_EQ(create_scratch(self->fd, KB(64), &region), 0);
	EXPECT_EQ(buffer_fd(self->fd, region, 0, &buffer), EINVAL);
	EXPECT_EQ(buffer_fd(self->fd, 12345, 0, &buffer), ENOENT);
	ASSERT_EQ(alloc_block(self->fd, region, page_size(), &block), 0);
	EXPECT_EQ(buffer_fd(self->fd, block.handle, 4, &buffer), EINVAL);
	ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
	small = limit;
	small.rlim_cur = 0;
	ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &small), 0);
	EXPECT_EQ(buffer_fd(self->fd, block.handle, 0, &buffer), EMFILE);
	ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	EXPECT_EQ(free_handle(self->fd, block.handle), 0);
	EXPECT_EQ(free_handle(self->fd, region), 0) TH_LOG("a refused descriptor keeps the buffer");
}

TEST_F(device, a_structure_that_cannot_be_answered_leaves_no_descriptor)
{
	struct rsv_ioc_buffer_alloc block;
	struct rsv_ioc_buffer_fd *want = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
					      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int before, after;

	ASSERT_NE(want, MAP_FAILED);
	ASSERT_EQ(alloc_block(self->fd, 0, page_size(), &block), 0);
	*want = (struct rsv_ioc_buffer_fd){.size = sizeof(*want), .handle = block.handle};
	ASSERT_EQ(mprotect(want, page_size(), PROT_READ), 0);
	before = dup(self->fd);
	close(before);
	EXPECT_EQ(call(self->fd, RSV_IOC_BUFFER_FD, want), EFAULT);
	after = dup(self->fd);
	close(after);
	EXPECT_EQ(before, after);
	EXPECT_EQ(free_handle(self->fd, block.handle), 0);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
	EXPECT_EQ(munmap(want, page_size()), 0);
}

TEST_F(device, bytes_are_spliced_into_a_buffer_and_out_of_it)
{
	struct rsv_ioc_buffer_alloc block, target;
	int from = alloc_fd(self->fd, 0, 2, &block), to = alloc_fd(self->fd, 0, 2, &target);
	uint8_t *source = map_block(self->fd, &block), *copy = map_block(self->fd, &target);
	int ends[2];
	uint64_t i;

	ASSERT_GE(from, 0);
	ASSERT_GE(to, 0);
	ASSERT_NE(source, MAP_FAILED);
	ASSERT_NE(copy, MAP_FAILED);
	ASSERT_EQ(pipe(ends), 0);
	for (i = 0; i < block.bytes; i++)
		source[i] = i % 241;
	ASSERT_EQ(splice(from, NULL, ends[1], NULL, block.bytes, 0), (ssize_t)block.bytes);
	/* The pipe has the bytes as they were. */
	memset(source, 0, block.bytes);
	ASSERT_EQ(splice(ends[0], NULL, to, NULL, block.bytes, 0), (ssize_t)block.bytes);
	for (i = 0; i < block.bytes; i++) {
		ASSERT_EQ(copy[i], i % 241);
	}
	ASSERT_EQ(lseek(to, 0, SEEK_SET), 0);
	ASSERT_EQ(lseek(from, 0, SEEK_SET), 0);
	ASSERT_EQ(sendfile(from, to, NULL, block.bytes), (ssize_t)block.bytes);
	EXPECT_EQ(memcmp(source, copy, block.bytes), 0);
	close(ends[0]);
	close(ends[1]);
	close(from);
	close(to);
	EXPECT_EQ(munmap(source, block.bytes), 0);
	EXPECT_EQ(munmap(copy, block.bytes), 0);
}

static int receive_descriptor(int socket, int flags)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	char byte;
	struct iovec one = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &one,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC | flags) != 1 || !CMSG_FIRSTHDR(&message))
		return -1;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

/* Sends a buffer of a scratch region through a socket, and ends without anything else. */
static void export_and_die(int socket, uint64_t pages)
{
	struct rsv_ioc_region_create region = {
		.size = sizeof(region), .bytes = KB(64), .name = "exported"};
	int fd = open("/dev/reservoir", O_RDWR | O_CLOEXEC), buffer;
	struct rsv_ioc_buffer_alloc block;

	if (fd < 0 || call(fd, RSV_IOC_REGION_CREATE, &region))
		_exit(1);
	buffer = alloc_fd(fd, region.handle, pages, &block);
	if (buffer < 0 || pwrite(buffer, "exported", 8, 0) != 8)
		_exit(2);
	_exit(send_descriptor(socket, buffer) ? 3 : 0);
}

TEST_F(device, a_passed_buffer_outlives_its_exporter_and_so_does_its_region)
{
	struct rsv_ioc_region_create again = {
		.size = sizeof(again), .bytes = KB(64), .name = "exported"};
	int ends[2], buffer, waited;
	uint8_t *bytes;
	pid_t child;

	ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	child = fork();
	ASSERT_GE(child, 0);
	if (!child) {
		close(self->fd);
		export_and_die(ends[1], 4);
	}
	ASSERT_EQ(wait_for_exit(child), 0);
	buffer = receive_descriptor(ends[0], 0);
	ASSERT_GE(buffer, 0);
	bytes = map_range(buffer, 0, 4 * page_size());
	ASSERT_NE(bytes, MAP_FAILED);
	EXPECT_EQ(memcmp(bytes, "exported", 8), 0);
	memset(bytes, 6, 4 * page_size());
	close(buffer);
	EXPECT_TRUE(all_bytes(bytes, 6, 4 * page_size()));
	EXPECT_EQ(call(self->fd, RSV_IOC_REGION_CREATE, &again), EEXIST);
	ASSERT_EQ(munmap(bytes, 4 * page_size()), 0);
	for (waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
		if (!call(self->fd, RSV_IOC_REGION_CREATE, &again))
			break;
		sleep_ms(POLL_MS);
	}
	EXPECT_LT(waited, PATIENCE_MS) TH_LOG("the region did not end");
	close(ends[0]);
	close(ends[1]);
}

TEST_F(device, a_buffers_descriptor_keeps_it_and_its_charge_until_the_last_close)
{
	struct rsv_ioc_info info = INFO(0);
	struct rsv_ioc_buffer_alloc block;
	int fd = open("/dev/reservoir", O_RDWR | O_CLOEXEC), buffer, copy;
	uint64_t charged;

	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
	charged = info.programs_bytes;
	ASSERT_GE(fd, 0);
	buffer = alloc_fd(fd, 0, 4, &block);
	ASSERT_GE(buffer, 0);
	copy = dup(buffer);
	ASSERT_EQ(free_handle(fd, block.handle), 0);
	close(fd);
	close(buffer);
	EXPECT_EQ(pwrite(copy, "x", 1, 0), 1);
	EXPECT_EQ(free_bytes(self->fd, 0), self->free - block.bytes);
	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
	EXPECT_EQ(info.programs_bytes, charged + block.bytes);
	EXPECT_GT(module_users(), self->users + 1) TH_LOG("nothing holds the module");
	close(copy);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
	EXPECT_EQ(info.programs_bytes, charged);
}

TEST_F(device, a_region_is_busy_while_anybody_has_one_of_its_buffers_open)
{
	struct rsv_ioc_buffer_alloc block;
	uint32_t region;
	int buffer;

	ASSERT_EQ(create_scratch(self->fd, KB(64), &region), 0);
	buffer = alloc_fd(self->fd, region, 1, &block);
	ASSERT_GE(buffer, 0);
	ASSERT_EQ(free_handle(self->fd, block.handle), 0);
	EXPECT_EQ(free_handle(self->fd, region), EBUSY);
	close(buffer);
	EXPECT_EQ(free_handle(self->fd, region), 0);
}

TEST_F(device, two_processes_that_read_by_one_descriptor_get_different_bytes)
{
	struct rsv_ioc_buffer_alloc block;
	int buffer = alloc_fd(self->fd, 0, 64, &block);
	uint64_t *words = (uint64_t *)map_block(self->fd, &block), word, i, sum = 0;
	uint64_t *others = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const uint64_t nr = block.bytes / sizeof(word);
	pid_t child;

	ASSERT_GE(buffer, 0);
	ASSERT_NE((void *)words, MAP_FAILED);
	ASSERT_NE((void *)others, MAP_FAILED);
	for (i = 0; i < nr; i++)
		words[i] = i;
	child = fork();
	ASSERT_GE(child, 0);
	while (read(buffer, &word, sizeof(word)) == sizeof(word))
		sum += word;
	if (!child) {
		*others = sum;
		_exit(0);
	}
	EXPECT_EQ(wait_for_exit(child), 0);
	EXPECT_EQ(sum + *others, nr * (nr - 1) / 2) TH_LOG("both read some, or nobody did");
	EXPECT_EQ(munmap(words, block.bytes), 0);
	EXPECT_EQ(munmap(others, page_size()), 0);
	close(buffer);
}

TEST_F(device, a_path_to_a_closed_buffer_keeps_the_module_but_no_memory)
{
	int fd = open("/dev/reservoir", O_RDWR | O_CLOEXEC), buffer, path;
	struct rsv_ioc_buffer_alloc block;
	struct stat stat;
	char name[32];

	ASSERT_GE(fd, 0);
	buffer = alloc_fd(fd, 0, 4, &block);
	ASSERT_GE(buffer, 0);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", buffer);
	path = open(name, O_PATH | O_CLOEXEC);
	ASSERT_GE(path, 0);
	close(buffer);
	close(fd);
	close(self->fd);
	EXPECT_TRUE(users_become(self->users + 1)) TH_LOG("nothing holds the module");
	EXPECT_EQ(fstat(path, &stat), 0);
	EXPECT_EQ((uint64_t)stat.st_size, block.bytes);
	self->fd = open("/dev/reservoir", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
	close(path);
}

static bool fdinfo_has(int fd, const char *line)
{
	char path[40], text[1024];
	ssize_t got;
	int info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY);
	got = read(info, text, sizeof(text) - 1);
	close(info);
	text[got < 0 ? 0 : got] = 0;
	return strstr(text, line);
}

TEST_F(device, fdinfo_tells_what_buffer_a_descriptor_is_of)
{
	struct rsv_ioc_scattered_alloc pages = {.size = sizeof(pages), .bytes = 3 * page_size()};
	struct rsv_ioc_buffer_alloc block;
	int buffer = alloc_fd(self->fd, 0, 2, &block), scattered;
	char line[64];

	ASSERT_GE(buffer, 0);
	EXPECT_TRUE(fdinfo_has(buffer, "reservoir-region:\tdefault\n"));
	snprintf(line, sizeof(line), "reservoir-bytes:\t%llu\n", (unsigned long long)block.bytes);
	EXPECT_TRUE(fdinfo_has(buffer, line));
	snprintf(line, sizeof(line), "reservoir-offset:\t0x%llx\n", (unsigned long long)block.offset);
	EXPECT_TRUE(fdinfo_has(buffer, line));
	ASSERT_EQ(call(self->fd, RSV_IOC_SCATTERED_ALLOC, &pages), 0);
	ASSERT_EQ(buffer_fd(self->fd, pages.handle, RSV_FD_CLOEXEC, &scattered), 0);
	EXPECT_TRUE(fdinfo_has(scattered, "reservoir-offset:\tscattered\n"));
	close(buffer);
	close(scattered);
}

/* What processes did before they were killed; they count in shared memory */
struct done {
	uint64_t written;
	uint64_t received;
};

/* Maps a buffer in both ways and forks; then unmaps it, or not. */
static void map_at_random(int fd, int buffer, const struct rsv_ioc_buffer_alloc *block,
			  struct done *done)
{
	uint8_t *shared = map_range(buffer, 0, block->bytes);
	uint8_t *own = mmap(NULL, block->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd,
			    block->mmap_offset);

	if (shared != MAP_FAILED && own != MAP_FAILED) {
		memset(shared, 1, block->bytes);
		memset(own, 2, block->bytes);
		__atomic_add_fetch(&done->written, 1, __ATOMIC_RELAXED);
	}
	if (rand() % 4 == 0 && !fork())
		_exit(0);
	if (rand() % 2)
		munmap(shared, block->bytes);
	if (rand() % 2)
		munmap(own, block->bytes);
}

/*
 * Allocates, maps, passes on and forks with buffers in any order until it is killed. It pauses
 * before it has so much that its end takes long: a region that is in use ends alone.
 */
static void use_until_killed(unsigned int seed, struct done *done)
{
	int fd = open("/dev/reservoir", O_RDWR), ends[2], buffer, passed;
	struct rsv_ioc_buffer_alloc block;
	uint32_t region;
	int i;

	srand(seed);
	if (fd < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		_exit(1);
	for (i = 0; i < 32; i++) {
		region = 0;
		if (rand() % 4 == 0 && create_scratch(fd, KB(128), &region))
			region = 0;
		buffer = alloc_fd(fd, region, 1 + rand() % 8, &block);
		if (buffer < 0) {
			close(fd);
			fd = open("/dev/reservoir", O_RDWR);
			continue;
		}
		map_at_random(fd, buffer, &block, done);
		if (rand() % 2)
			free_handle(fd, block.handle);
		if (rand() % 8 || send_descriptor(ends[0], buffer))
			close(buffer);
		passed = rand() % 4 ? -1 : receive_descriptor(ends[1], MSG_DONTWAIT);
		if (passed >= 0) {
			close(passed);
			__atomic_add_fetch(&done->received, 1, __ATOMIC_RELAXED);
		}
		if (rand() % 16 == 0) {
			close(fd);
			fd = open("/dev/reservoir", O_RDWR);
		}
	}
	for (;;)
		pause();
}

TEST_F_TIMEOUT(device, two_hundred_processes_with_buffers_are_killed_and_leave_nothing, 300)
{
	struct done *done = mmap(NULL, sizeof(*done), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t children[4];
	int round, i;

	ASSERT_NE((void *)done, MAP_FAILED);
	signal(SIGCHLD, SIG_DFL);
	for (round = 0; round < 50; round++) {
		for (i = 0; i < 4; i++) {
			children[i] = fork();
			ASSERT_GE(children[i], 0);
			if (!children[i]) {
				signal(SIGCHLD, SIG_IGN);
				alarm(60);
				close(self->fd);
				use_until_killed(4 * round + i, done);
			}
		}
		sleep_ms(5 + 7 * (round % 17));
		for (i = 0; i < 4; i++) {
			EXPECT_EQ(kill(children[i], SIGKILL), 0);
			EXPECT_EQ(wait_for_exit(children[i]), -1) TH_LOG("it ended by itself");
		}
	}
	/* On a slow machine many are killed early, but not all. */
	EXPECT_GT(done->written, 50);
	EXPECT_GT(done->received, 0);
	EXPECT_EQ(munmap(done, sizeof(*done)), 0);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
	EXPECT_TRUE(users_become(self->users + 2));
}
