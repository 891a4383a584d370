// SPDX-License-Identifier: GPL-2.0
/*
 * Kinds of mappings, and what programs do with them: private ones, fork(), protection, advice,
 * faults behind the end, futexes, and pins that last.
 */

/* A buffer of which each page begins with its number, mapped shared */
static uint8_t *map_numbered(int fd, uint64_t pages, struct rsv_ioc_buffer_alloc *block)
{
	uint8_t *bytes = alloc_mapped(fd, pages, block);
	uint64_t i;

	if (bytes != MAP_FAILED)
		for (i = 0; i < pages; i++)
			bytes[i * page_size()] = i + 1;
	return bytes;
}

static bool is_numbered(const uint8_t *bytes, uint64_t pages, uint64_t first)
{
	uint64_t i;

	for (i = 0; i < pages; i++)
		if (bytes[i * page_size()] != (uint8_t)(first + i + 1))
			return false;
	return true;
}

static uint8_t *map_private(int fd, uint64_t offset, uint64_t bytes, int protection)
{
	return mmap(NULL, bytes, protection, MAP_PRIVATE, fd, offset);
}

TEST_F(device, a_private_mapping_copies_the_pages_that_are_written_and_no_others)
{
	struct rsv_ioc_buffer_alloc block;
	uint8_t *shared = map_numbered(self->fd, 64, &block), *own;

	ASSERT_NE(shared, MAP_FAILED);
	own = map_private(self->fd, block.mmap_offset, block.bytes, PROT_READ | PROT_WRITE);
	ASSERT_NE(own, MAP_FAILED);
	/* One page is read before it is written, another one is not. */
	EXPECT_EQ(own[0], 1);
	own[0] = 200;
	own[50 * page_size() + 1] = 201;
	EXPECT_EQ(own[50 * page_size()], 51);
	EXPECT_TRUE(is_numbered(shared, 64, 0)) TH_LOG("the buffer changed");
	EXPECT_EQ(shared[50 * page_size() + 1], 0);
	shared[0] = 99;
	shared[page_size()] = 98;
	EXPECT_EQ(own[0], 200);
	EXPECT_EQ(own[page_size()], 98) TH_LOG("a page was copied although nobody wrote to it");
	/* Without its copies the mapping shows the buffer again. */
	ASSERT_EQ(madvise(own, block.bytes, MADV_DONTNEED), 0);
	EXPECT_EQ(own[0], 99);
	EXPECT_EQ(munmap(shared, block.bytes), 0);
	EXPECT_EQ(free_handle(self->fd, block.handle), 0);
	EXPECT_EQ(own[page_size()], 98);
	EXPECT_EQ(munmap(own, block.bytes), 0);
}

TEST_F(device, a_child_shares_the_shared_mapping_and_has_a_copy_of_the_private_one)
{
	struct rsv_ioc_buffer_alloc block;
	uint8_t *shared = map_numbered(self->fd, 4, &block), *own;
	pid_t child;

	ASSERT_NE(shared, MAP_FAILED);
	own = map_private(self->fd, block.mmap_offset, block.bytes, PROT_READ | PROT_WRITE);
	ASSERT_NE(own, MAP_FAILED);
	own[0] = 100;
	child = fork();
	ASSERT_GE(child, 0);
	if (!child) {
		bool good = own[0] == 100 && own[page_size()] == 2;

		own[0] = 101;
		own[page_size()] = 102;
		shared[2 * page_size()] = 103;
		_exit(good && own[0] == 101 && own[2 * page_size()] == 103 ? 0 : 1);
	}
	EXPECT_EQ(wait_for_exit(child), 0);
	EXPECT_EQ(own[0], 100);
	EXPECT_EQ(own[page_size()], 2);
	EXPECT_EQ(shared[0], 1);
	EXPECT_EQ(shared[2 * page_size()], 103);
	EXPECT_EQ(munmap(shared, block.bytes), 0);
	EXPECT_EQ(munmap(own, block.bytes), 0);
}

TEST_F(device, nobody_executes_a_buffer)
{
	struct rsv_ioc_buffer_alloc block;
	int buffer = alloc_fd(self->fd, 0, 1, &block);
	const int rx = PROT_READ | PROT_EXEC;
	uint8_t *bytes = map_block(self->fd, &block);

	ASSERT_GE(buffer, 0);
	ASSERT_NE(bytes, MAP_FAILED);
	EXPECT_EQ(mprotect(bytes, block.bytes, rx), -1);
	EXPECT_EQ(errno, EACCES);
	EXPECT_EQ(mmap(NULL, block.bytes, rx, MAP_SHARED, self->fd, block.mmap_offset), MAP_FAILED);
	EXPECT_EQ(errno, EACCES);
	EXPECT_EQ(mmap(NULL, block.bytes, rx, MAP_SHARED, buffer, 0), MAP_FAILED);
	EXPECT_EQ(errno, EACCES);
	EXPECT_EQ(map_private(buffer, 0, block.bytes, rx), MAP_FAILED);
	EXPECT_EQ(errno, EACCES);
	EXPECT_EQ(syscall(SYS_execveat, buffer, "", NULL, NULL, AT_EMPTY_PATH), -1);
	EXPECT_EQ(errno, EACCES);
	EXPECT_EQ(munmap(bytes, block.bytes), 0);
	close(buffer);
}

static sigjmp_buf bus_error;

static void on_bus_error(int signal)
{
	siglongjmp(bus_error, signal);
}

/* Whether a read of the byte gets SIGBUS */
static bool is_beyond(const volatile uint8_t *byte)
{
	struct sigaction handler = {.sa_handler = on_bus_error}, before;
	bool beyond = true;

	sigaction(SIGBUS, &handler, &before);
	if (!sigsetjmp(bus_error, 1)) {
		(void)*byte;
		beyond = false;
	}
	sigaction(SIGBUS, &before, NULL);
	return beyond;
}

TEST_F(device, beyond_the_end_of_a_buffers_descriptor_is_a_bus_error)
{
	struct rsv_ioc_buffer_alloc block;
	int buffer = alloc_fd(self->fd, 0, 2, &block);
	uint8_t *bytes = map_range(buffer, 0, 8 * page_size()), *far;

	ASSERT_GE(buffer, 0);
	ASSERT_NE(bytes, MAP_FAILED);
	EXPECT_FALSE(is_beyond(bytes + 2 * page_size() - 1));
	EXPECT_TRUE(is_beyond(bytes + 2 * page_size()));
	EXPECT_TRUE(is_beyond(bytes + 8 * page_size() - 1));
	far = map_range(buffer, 1ULL << 40, page_size());
	ASSERT_NE(far, MAP_FAILED);
	EXPECT_TRUE(is_beyond(far));
	EXPECT_EQ(munmap(far, page_size()), 0);
	EXPECT_EQ(munmap(bytes, 8 * page_size()), 0);
	close(buffer);
}

TEST_F(device, a_mapping_survives_in_pieces)
{
	struct rsv_ioc_buffer_alloc block;
	uint8_t *bytes = map_numbered(self->fd, 64, &block), *moved;
	const uint64_t page = page_size();

	ASSERT_NE(bytes, MAP_FAILED);
	ASSERT_EQ(free_handle(self->fd, block.handle), 0);
	ASSERT_EQ(munmap(bytes + 10 * page, 20 * page), 0);
	ASSERT_EQ(mprotect(bytes + 32 * page, 4 * page, PROT_READ), 0);
	ASSERT_EQ(madvise(bytes, 10 * page, MADV_DONTNEED), 0);
	moved = mremap(bytes + 40 * page, 8 * page, 8 * page, MREMAP_MAYMOVE | MREMAP_FIXED,
		       bytes + 12 * page);
	ASSERT_EQ(moved, bytes + 12 * page);
	ASSERT_EQ(madvise(moved, 8 * page, MADV_DONTNEED), 0);
	EXPECT_TRUE(is_numbered(bytes, 10, 0));
	EXPECT_TRUE(is_numbered(moved, 8, 40));
	EXPECT_TRUE(is_numbered(bytes + 30 * page, 10, 30));
	EXPECT_TRUE(is_numbered(bytes + 48 * page, 16, 48));
	ASSERT_EQ(mprotect(bytes + 32 * page, 4 * page, PROT_READ | PROT_WRITE), 0);
	bytes[33 * page + 1] = 1;
	ASSERT_EQ(munmap(bytes, 64 * page), 0);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
}

/* All advices but those that make pages bad, by number, since headers differ */
static bool advise(uint8_t *bytes, uint64_t length)
{
	int advice, taken = 0;

	for (advice = 0; advice < 110; advice++)
		if (advice != 100 && advice != 101 && !madvise(bytes, length, advice))
			taken++;
	/* What fork() does with the mapping, as before. */
	madvise(bytes, length, MADV_DOFORK);
	return taken > 6;
}

TEST_F(device, no_advice_breaks_a_mapping)
{
	struct rsv_ioc_buffer_alloc block;
	uint8_t *shared = map_numbered(self->fd, 64, &block), *own;

	ASSERT_NE(shared, MAP_FAILED);
	own = map_private(self->fd, block.mmap_offset, block.bytes, PROT_READ | PROT_WRITE);
	ASSERT_NE(own, MAP_FAILED);
	own[1] = 7;
	EXPECT_TRUE(advise(shared, block.bytes));
	EXPECT_TRUE(is_numbered(shared, 64, 0));
	EXPECT_TRUE(advise(own, block.bytes));
	EXPECT_TRUE(is_numbered(own, 64, 0));
	shared[5] = 5;
	EXPECT_EQ(own[5], 5);
	EXPECT_EQ(munmap(shared, block.bytes), 0);
	EXPECT_EQ(munmap(own, block.bytes), 0);
}

TEST_F(device, a_mapping_can_be_locked_bound_and_synchronized)
{
	struct rsv_ioc_buffer_alloc block;
	uint8_t *bytes = map_numbered(self->fd, 16, &block);
	unsigned long node = 1;
	long error;

	ASSERT_NE(bytes, MAP_FAILED);
	EXPECT_EQ(mlock(bytes, block.bytes), 0);
	EXPECT_EQ(munlock(bytes, block.bytes), 0);
	EXPECT_EQ(msync(bytes, block.bytes, MS_SYNC), 0);
	/* MPOL_BIND to node 0, with MPOL_MF_MOVE: the pages do not move */
	error = syscall(SYS_mbind, bytes, block.bytes, 2, &node, 8 * sizeof(node), 2);
	EXPECT_TRUE(!error || errno == ENOSYS || errno == EIO);
	EXPECT_TRUE(is_numbered(bytes, 16, 0));
	EXPECT_EQ(munmap(bytes, block.bytes), 0);
}

TEST_F(device, userfaultfd_refuses_a_mapping)
{
	struct uffdio_register want = {.mode = UFFDIO_REGISTER_MODE_MISSING};
	int user = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = {.api = UFFD_API};
	struct rsv_ioc_buffer_alloc block;
	uint8_t *bytes;

	if (user < 0)
		SKIP(return, "userfaultfd() is refused: %s", strerror(errno));
	bytes = alloc_mapped(self->fd, 4, &block);
	ASSERT_NE(bytes, MAP_FAILED);
	want.range.start = (uintptr_t)bytes;
	want.range.len = block.bytes;
	ASSERT_EQ(ioctl(user, UFFDIO_API, &api), 0);
	EXPECT_EQ(ioctl(user, UFFDIO_REGISTER, &want), -1);
	EXPECT_EQ(errno, EINVAL);
	close(user);
	bytes[0] = 1;
	EXPECT_EQ(munmap(bytes, block.bytes), 0);
}

static long futex(uint32_t *word, int operation, uint32_t value, unsigned int ms)
{
	const struct timespec limit = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

	return syscall(SYS_futex, word, operation, value, ms ? &limit : NULL, NULL, 0);
}

/* Waits in a process of its own, at an address of another mapping of the page. */
static pid_t wait_in_page(int buffer, uint64_t page)
{
	pid_t child = fork();
	uint8_t *other;

	if (child)
		return child;
	other = map_range(buffer, page * page_size(), page_size());
	_exit(other == MAP_FAILED || futex((uint32_t *)(other + 64), FUTEX_WAIT, 0, PATIENCE_MS));
}

static long wake_in_page(uint8_t *bytes, uint64_t page)
{
	return futex((uint32_t *)(bytes + page * page_size() + 64), FUTEX_WAKE, 1, 0);
}

/* Whether somebody waits in the page, within a time limit. It goes on waiting. */
static bool is_waited_for(uint8_t *bytes, uint64_t page)
{
	uint8_t *word = bytes + page * page_size() + 64;
	int waited;

	for (waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
		/* Moves one waiter to the queue that it is in, and wakes none. */
		if (syscall(SYS_futex, word, FUTEX_REQUEUE, 0, 1UL, word, 0) == 1)
			return true;
		sleep_ms(POLL_MS);
	}
	return false;
}

TEST_F(device, processes_wait_for_each_other_by_futexes_in_a_buffer)
{
	struct rsv_ioc_buffer_alloc block, second;
	int buffer = alloc_fd(self->fd, 0, 4, &block);
	uint8_t *here = map_block(self->fd, &block), *there = alloc_mapped(self->fd, 4, &second);
	uint64_t page;
	pid_t child;

	ASSERT_GE(buffer, 0);
	ASSERT_NE(here, MAP_FAILED);
	ASSERT_NE(there, MAP_FAILED);
	child = wait_in_page(buffer, 3);
	ASSERT_GE(child, 0);
	EXPECT_TRUE(is_waited_for(here, 3)) TH_LOG("two mappings have two futexes");
	for (page = 0; page < 4; page++) {
		EXPECT_EQ(wake_in_page(there, page), 0) TH_LOG("it woke another buffer's waiter");
		if (page < 3) {
			EXPECT_EQ(wake_in_page(here, page), 0) TH_LOG("it woke another page's");
		}
	}
	EXPECT_EQ(wake_in_page(here, 3), 1);
	EXPECT_EQ(wait_for_exit(child), 0);
	EXPECT_EQ(munmap(here, block.bytes), 0);
	EXPECT_EQ(munmap(there, second.bytes), 0);
	close(buffer);
}

/* Makes each page of a region a buffer of its own for a while, in which somebody waits. */
static bool wait_in_single_pages(int fd, uint32_t region, uint64_t pages)
{
	struct rsv_ioc_buffer_alloc block[4];
	bool timed_out = true;
	uint64_t i;
	uint8_t *bytes;

	for (i = 0; i < pages; i++) {
		if (alloc_block(fd, region, page_size(), &block[i]))
			return false;
		bytes = map_block(fd, &block[i]);
		if (bytes == MAP_FAILED)
			return false;
		timed_out &= futex((uint32_t *)(bytes + 64), FUTEX_WAIT, 0, 1) == -1;
		timed_out &= errno == ETIMEDOUT;
		memset(bytes, 1, page_size());
		munmap(bytes, page_size());
	}
	for (i = 0; i < pages; i++)
		free_handle(fd, block[i].handle);
	return timed_out;
}

TEST_F(device, a_page_that_was_a_futex_serves_the_next_buffer)
{
	struct rsv_ioc_buffer_alloc block;
	uint32_t region;
	int round, buffer;
	uint64_t page;
	uint8_t *here;
	pid_t child;

	ASSERT_EQ(create_scratch(self->fd, 4 * page_size(), &region), 0);
	for (round = 0; round < 20; round++) {
		ASSERT_TRUE(wait_in_single_pages(self->fd, region, 4));
		/* All had index 0. These are the same pages, with indexes 0 to 3. */
		buffer = alloc_fd(self->fd, region, 4, &block);
		ASSERT_GE(buffer, 0) TH_LOG("pages did not come back at once");
		here = map_block(self->fd, &block);
		ASSERT_NE(here, MAP_FAILED);
		child = wait_in_page(buffer, 3);
		ASSERT_GE(child, 0);
		EXPECT_TRUE(is_waited_for(here, 3));
		for (page = 0; page < 3; page++)
			EXPECT_EQ(wake_in_page(here, page), 0);
		EXPECT_EQ(wake_in_page(here, 3), 1);
		EXPECT_EQ(wait_for_exit(child), 0);
		close(buffer);
		ASSERT_EQ(munmap(here, block.bytes), 0);
		ASSERT_EQ(free_handle(self->fd, block.handle), 0);
	}
}

TEST_F(device, populating_and_touching_map_every_page)
{
	struct rsv_ioc_buffer_alloc block;
	uint8_t *shared = map_numbered(self->fd, 1024, &block), *all;
	uint8_t *in_core = malloc(1024);
	uint64_t i, nr = 0;

	ASSERT_NE(shared, MAP_FAILED);
	all = mmap(NULL, block.bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, self->fd,
		   block.mmap_offset);
	ASSERT_NE(all, MAP_FAILED);
	ASSERT_EQ(mincore(all, block.bytes, in_core), 0);
	for (i = 0; i < 1024; i++)
		nr += in_core[i] & 1;
	EXPECT_EQ(nr, 1024);
	EXPECT_TRUE(is_numbered(all, 1024, 0));
	EXPECT_EQ(munmap(all, block.bytes), 0);
	EXPECT_EQ(munmap(shared, block.bytes), 0);
	free(in_core);
}

static long minor_faults(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) ? -1 : usage.ru_minflt;
}

TEST_F(device, one_fault_maps_an_aligned_window_of_pages)
{
	const uint64_t page = page_size(), window = 32, pages = 8 * window;
	struct rsv_ioc_buffer_alloc block;
	uint8_t *bytes = alloc_mapped(self->fd, pages, &block), *in_core = calloc(1, pages);
	uint64_t first, i;
	long before, after;

	ASSERT_NE(bytes, MAP_FAILED);
	/* The windows are aligned in the program's memory, and the mapping need not be. */
	first = (window - (uintptr_t)bytes / page % window) % window + 2 * window;
	before = minor_faults();
	before = minor_faults();
	(void)*(volatile uint8_t *)(bytes + (first + 13) * page);
	after = minor_faults();
	EXPECT_EQ(after - before, 1);
	ASSERT_EQ(mincore(bytes, block.bytes, in_core), 0);
	for (i = 0; i < pages; i++) {
		EXPECT_EQ(in_core[i] & 1, i >= first && i < first + window)
			TH_LOG("page %llu of a window from %llu", (unsigned long long)i,
			       (unsigned long long)first);
	}
	EXPECT_EQ(munmap(bytes, block.bytes), 0);
	free(in_core);
}

TEST_F(device, a_fault_leaves_alone_what_is_mapped_in_its_window)
{
	const uint64_t page = page_size(), pages = 64;
	struct rsv_ioc_buffer_alloc block;
	uint8_t *shared = map_numbered(self->fd, pages, &block), *own;
	uint64_t i;

	ASSERT_NE(shared, MAP_FAILED);
	own = map_private(self->fd, block.mmap_offset, block.bytes, PROT_READ | PROT_WRITE);
	ASSERT_NE(own, MAP_FAILED);
	/* Every third page is a copy, every third one is mapped, and every third one is not. */
	for (i = 0; i < pages; i += 3)
		own[i * page] = 200;
	EXPECT_EQ(own[page], 2);
	for (i = 2; i < pages; i += 3)
		ASSERT_EQ(madvise(own + i * page, page, MADV_DONTNEED), 0);
	for (i = 0; i < pages; i++) {
		EXPECT_EQ(own[i * page], i % 3 ? i + 1 : 200);
	}
	EXPECT_TRUE(is_numbered(shared, pages, 0));
	EXPECT_EQ(munmap(own, block.bytes), 0);
	EXPECT_EQ(munmap(shared, block.bytes), 0);
}

TEST_F(device, a_mapping_names_the_buffer_and_not_the_device)
{
	struct rsv_ioc_buffer_alloc block;
	uint8_t *bytes = alloc_mapped(self->fd, 1, &block);
	FILE *maps = fopen("/proc/self/maps", "r");
	bool found = false;
	char line[256];

	ASSERT_NE(bytes, MAP_FAILED);
	ASSERT_NE(maps, NULL);
	while (fgets(line, sizeof(line), maps)) {
		EXPECT_EQ(strstr(line, "/dev/reservoir"), NULL);
		found |= strstr(line, "/reservoir:default (deleted)") != NULL;
	}
	EXPECT_TRUE(found);
	fclose(maps);
	EXPECT_EQ(munmap(bytes, block.bytes), 0);
}

TEST_F(device, debuggers_read_and_write_a_mapping)
{
	struct rsv_ioc_buffer_alloc block;
	uint8_t *shared = map_numbered(self->fd, 2, &block), byte = 55;
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

	ASSERT_NE(shared, MAP_FAILED);
	ASSERT_GE(mem, 0);
	ASSERT_EQ(pwrite(mem, &byte, 1, (uintptr_t)shared + page_size()), 1);
	EXPECT_EQ(shared[page_size()], 55);
	ASSERT_EQ(pread(mem, &byte, 1, (uintptr_t)shared), 1);
	EXPECT_EQ(byte, 1);
	close(mem);
	EXPECT_EQ(munmap(shared, block.bytes), 0);
}

TEST_F(device, direct_io_moves_the_bytes_of_a_buffer_both_ways)
{
	struct rsv_ioc_buffer_alloc block, back;
	uint8_t *bytes = alloc_mapped(self->fd, 16, &block), *again;
	int file = open_direct("/tmp/reservoir-direct");
	uint64_t i;

	ASSERT_NE(bytes, MAP_FAILED);
	ASSERT_GE(file, 0);
	again = alloc_mapped(self->fd, 16, &back);
	ASSERT_NE(again, MAP_FAILED);
	for (i = 0; i < block.bytes; i++)
		bytes[i] = i % 239 + i / page_size();
	ASSERT_EQ(pwrite(file, bytes, block.bytes, 0), (ssize_t)block.bytes);
	/* The pages that get the bytes have not been touched yet. */
	ASSERT_EQ(pread(file, again, back.bytes, 0), (ssize_t)back.bytes);
	for (i = 0; i < block.bytes; i++) {
		ASSERT_EQ(again[i], (uint8_t)(i % 239 + i / page_size()));
	}
	close(file);
	unlink("/tmp/reservoir-direct");
	EXPECT_EQ(munmap(bytes, block.bytes), 0);
	EXPECT_EQ(munmap(again, back.bytes), 0);
}

static bool is_kernel(const char *series)
{
	struct utsname name;

	return !uname(&name) && !strncmp(name.release, series, strlen(series));
}

static int ring_setup(struct io_uring_params *ring)
{
	*ring = (struct io_uring_params){};
	return syscall(__NR_io_uring_setup, 4, ring);
}

TEST_F(device, io_uring_registers_a_buffer_and_keeps_only_its_pages)
{
	struct io_uring_params params;
	int ring = ring_setup(&params), i;
	struct rsv_ioc_buffer_alloc block, other;
	struct iovec whole;
	uint32_t region;
	uint8_t *bytes;

	if (ring < 0)
		SKIP(return, "io_uring is not there: %s", strerror(errno));
	ASSERT_EQ(create_scratch(self->fd, KB(32), &region), 0);
	ASSERT_EQ(alloc_block(self->fd, region, KB(16), &block), 0);
	bytes = map_block(self->fd, &block);
	ASSERT_NE(bytes, MAP_FAILED);
	whole = (struct iovec){.iov_base = bytes, .iov_len = block.bytes};
	if (syscall(__NR_io_uring_register, ring, IORING_REGISTER_BUFFERS, &whole, 1)) {
		ASSERT_EQ(errno, EOPNOTSUPP) TH_LOG("%s", strerror(errno));
		ASSERT_TRUE(is_kernel("6.1.")) TH_LOG("io_uring took no pages of files before 6.2");
		close(ring);
		munmap(bytes, block.bytes);
		SKIP(return, "this kernel's io_uring takes no pages of files");
	}
	ASSERT_EQ(munmap(bytes, block.bytes), 0);
	ASSERT_EQ(free_handle(self->fd, block.handle), 0);
	for (i = 0; i < 10; i++) {
		EXPECT_EQ(waiting_pages(self->fd, region), KB(16) / page_size());
		EXPECT_EQ(alloc_block(self->fd, region, KB(32), &other), ENOMEM);
		sleep_ms(POLL_MS);
	}
	close(ring);
	EXPECT_TRUE(free_bytes_become(self->fd, region, KB(32)));
}

TEST_F(device, a_pinned_page_keeps_its_bytes_when_buffer_and_device_are_closed)
{
	int fd = open("/dev/reservoir", O_RDWR | O_CLOEXEC), buffer, pipe_ends[2];
	struct rsv_ioc_buffer_alloc block, scribble;
	uint8_t *others;

	ASSERT_GE(fd, 0);
	buffer = alloc_fd(fd, 0, 4, &block);
	ASSERT_GE(buffer, 0);
	ASSERT_EQ(pin_first_page(fd, &block, pipe_ends), 0);
	close(buffer);
	close(fd);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free - page_size()));
	ASSERT_EQ(alloc_block(self->fd, 0, MB(1), &scribble), 0);
	others = map_block(self->fd, &scribble);
	ASSERT_NE(others, MAP_FAILED);
	memset(others, 0xee, scribble.bytes);
	EXPECT_TRUE(read_pinned(pipe_ends));
	EXPECT_EQ(munmap(others, scribble.bytes), 0);
	EXPECT_EQ(free_handle(self->fd, scribble.handle), 0);
}
