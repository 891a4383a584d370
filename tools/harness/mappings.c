// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings: allowed and refused ones, their contents, and that their pages are ordinary pages.
 */

/* Allocates a buffer of @pages pages and maps it. */
static uint8_t *alloc_mapped(int fd, uint64_t pages, struct rsv_ioc_buffer_alloc *block)
{
	return alloc_block(fd, 0, pages * page_size(), block) ? MAP_FAILED : map_block(fd, block);
}

TEST_F(device, two_mappings_show_the_same_bytes)
{
	struct rsv_ioc_buffer_alloc block;
	uint8_t *one = alloc_mapped(self->fd, 4, &block), *two;
	uint64_t i;

	ASSERT_NE(one, MAP_FAILED);
	two = map_block(self->fd, &block);
	ASSERT_NE(two, MAP_FAILED);
	for (i = 0; i < block.bytes; i++)
		one[i] = i % 251;
	for (i = 0; i < block.bytes; i++) {
		ASSERT_EQ(two[i], i % 251);
	}
	two[5] = 255;
	EXPECT_EQ(one[5], 255);
	EXPECT_EQ(munmap(one, block.bytes), 0);
	EXPECT_EQ(two[5], 255);
	EXPECT_EQ(munmap(two, block.bytes), 0);
}

TEST_F(device, a_part_of_a_buffer_can_be_mapped)
{
	struct rsv_ioc_buffer_alloc block;
	uint8_t *whole = alloc_mapped(self->fd, 8, &block), *part, *last;
	uint64_t page;

	ASSERT_NE(whole, MAP_FAILED);
	for (page = 0; page < 8; page++)
		memset(whole + page * page_size(), page + 1, page_size());
	part = map_range(self->fd, block.mmap_offset + 3 * page_size(), 2 * page_size());
	ASSERT_NE(part, MAP_FAILED);
	EXPECT_TRUE(all_bytes(part, 4, page_size()));
	EXPECT_TRUE(all_bytes(part + page_size(), 5, page_size()));
	last = map_range(self->fd, block.mmap_offset + 7 * page_size(), 1);
	ASSERT_NE(last, MAP_FAILED);
	EXPECT_TRUE(all_bytes(last, 8, page_size()));
	EXPECT_EQ(munmap(whole, block.bytes), 0);
	EXPECT_EQ(munmap(part, 2 * page_size()), 0);
	EXPECT_EQ(munmap(last, page_size()), 0);
}

TEST_F(device, what_lies_beyond_a_buffer_cannot_be_mapped)
{
	struct rsv_ioc_buffer_alloc block, next;
	uint64_t end;

	ASSERT_EQ(alloc_block(self->fd, 0, 4 * page_size(), &block), 0);
	ASSERT_EQ(alloc_block(self->fd, 0, 4 * page_size(), &next), 0);
	end = block.mmap_offset + block.bytes;
	EXPECT_EQ(map_range(self->fd, block.mmap_offset, block.bytes + 1), MAP_FAILED);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(map_range(self->fd, end - page_size(), 2 * page_size()), MAP_FAILED);
	EXPECT_EQ(errno, EINVAL);
	ASSERT_EQ(free_handle(self->fd, next.handle), 0);
	EXPECT_EQ(map_range(self->fd, next.mmap_offset, page_size()), MAP_FAILED);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(map_range(self->fd, 1ULL << 40, page_size()), MAP_FAILED);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(map_range(self->fd, INT64_MAX - page_size() + 1, page_size()), MAP_FAILED);
}

TEST_F(device, a_refused_mapping_leaves_nothing_behind)
{
	struct rsv_ioc_buffer_alloc block;
	int i;

	ASSERT_EQ(alloc_block(self->fd, 0, page_size(), &block), 0);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(map_range(self->fd, block.mmap_offset, 2 * page_size()), MAP_FAILED);
	}
	ASSERT_EQ(free_handle(self->fd, block.handle), 0);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
}

TEST_F(device, a_mapping_moves_but_does_not_grow)
{
	struct rsv_ioc_buffer_alloc block;
	uint8_t *bytes = alloc_mapped(self->fd, 4, &block), *moved;

	ASSERT_NE(bytes, MAP_FAILED);
	memset(bytes, 9, block.bytes);
	EXPECT_EQ(mremap(bytes, 2 * page_size(), 4 * page_size(), MREMAP_MAYMOVE), MAP_FAILED);
	moved = mmap(NULL, block.bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(moved, MAP_FAILED);
	ASSERT_EQ(mremap(bytes, block.bytes, block.bytes, MREMAP_MAYMOVE | MREMAP_FIXED, moved),
		  moved);
	EXPECT_TRUE(all_bytes(moved, 9, block.bytes));
	ASSERT_EQ(free_handle(self->fd, block.handle), 0);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free - block.bytes));
	ASSERT_EQ(munmap(moved, block.bytes), 0);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
}

TEST_F(device, pages_dropped_from_a_mapping_come_back_with_their_contents)
{
	struct rsv_ioc_buffer_alloc block;
	uint8_t *bytes = alloc_mapped(self->fd, 4, &block);

	ASSERT_NE(bytes, MAP_FAILED);
	memset(bytes, 3, block.bytes);
	ASSERT_EQ(madvise(bytes, block.bytes, MADV_DONTNEED), 0);
	EXPECT_TRUE(all_bytes(bytes, 3, block.bytes));
	EXPECT_EQ(munmap(bytes, block.bytes), 0);
}

TEST_F(device, a_child_shares_the_bytes_and_keeps_them_after_its_parent)
{
	struct rsv_ioc_buffer_alloc block;
	uint8_t *bytes = alloc_mapped(self->fd, 2, &block);
	pid_t child;

	ASSERT_NE(bytes, MAP_FAILED);
	bytes[0] = 1;
	child = fork();
	ASSERT_GE(child, 0);
	if (!child) {
		int seen = bytes[0];

		bytes[page_size()] = 2;
		while (bytes[1] != 3)
			sleep_ms(1);
		_exit(seen == 1 && free_bytes(self->fd, 0) == self->free - block.bytes ? 0 : 1);
	}
	while (bytes[page_size()] != 2)
		sleep_ms(1);
	ASSERT_EQ(free_handle(self->fd, block.handle), 0);
	bytes[1] = 3;
	ASSERT_EQ(munmap(bytes, block.bytes), 0);
	EXPECT_EQ(wait_for_exit(child), 0);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
}

/* With O_DIRECT, if the file system has it, I/O uses the pages of the buffer themselves. */
static int open_direct(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_DIRECT | O_CLOEXEC, 0600);

	return fd >= 0 ? fd : open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

TEST_F(device, files_are_read_into_a_buffer_and_written_from_it)
{
	struct rsv_ioc_buffer_alloc block;
	uint8_t *bytes = alloc_mapped(self->fd, 4, &block);
	int file = open_direct("/tmp/reservoir-harness");

	ASSERT_NE(bytes, MAP_FAILED);
	ASSERT_GE(file, 0);
	memset(bytes, 0x11, block.bytes);
	ASSERT_EQ(write(file, bytes, block.bytes), (ssize_t)block.bytes);
	memset(bytes, 0, block.bytes);
	ASSERT_EQ(pread(file, bytes, block.bytes, 0), (ssize_t)block.bytes);
	EXPECT_TRUE(all_bytes(bytes, 0x11, block.bytes));
	close(file);
	unlink("/tmp/reservoir-harness");
	EXPECT_EQ(munmap(bytes, block.bytes), 0);
}

TEST_F(device, other_processes_can_be_given_the_pages_by_the_kernel)
{
	struct rsv_ioc_buffer_alloc block;
	uint8_t *bytes = alloc_mapped(self->fd, 2, &block);
	uint8_t copy[16] = {0};
	struct iovec here = {.iov_base = copy, .iov_len = sizeof(copy)};
	struct iovec there = {.iov_base = bytes + page_size() - 8, .iov_len = sizeof(copy)};

	ASSERT_NE(bytes, MAP_FAILED);
	memset(bytes, 0x22, block.bytes);
	ASSERT_EQ(process_vm_readv(getpid(), &here, 1, &there, 1, 0), sizeof(copy));
	EXPECT_TRUE(all_bytes(copy, 0x22, sizeof(copy)));
	memset(copy, 0x33, sizeof(copy));
	ASSERT_EQ(process_vm_writev(getpid(), &here, 1, &there, 1, 0), sizeof(copy));
	EXPECT_TRUE(all_bytes(there.iov_base, 0x33, sizeof(copy)));
	EXPECT_EQ(munmap(bytes, block.bytes), 0);
}

/**
 * struct race - one thread maps a buffer while another thread frees it
 * @fd: the descriptor of both
 * @offset: the offset of the buffer now, or RACE_OVER
 * @mapped: how often it could be mapped
 * @refused: how often it was freed already
 * @wrong: how often there was another error, or the bytes were of another buffer
 */
struct race {
	int fd;
	_Atomic uint64_t offset;
	unsigned int mapped;
	unsigned int refused;
	unsigned int wrong;
};

#define RACE_ROUNDS 3000
#define RACE_OVER   UINT64_MAX

/* No other thread maps the buffers, so each is zeroed, or as this thread left it. */
static void *map_while_it_is_freed(void *argument)
{
	struct race *race = argument;
	uint64_t offset;
	uint8_t *bytes;

	while ((offset = race->offset) != RACE_OVER) {
		bytes = map_range(race->fd, offset, page_size());
		if (bytes == MAP_FAILED) {
			race->refused++;
			race->wrong += errno != EINVAL;
			continue;
		}
		race->mapped++;
		race->wrong += bytes[0] != 0 && bytes[0] != 0x5a;
		race->wrong += !all_bytes(bytes, bytes[0], page_size());
		memset(bytes, 0x5a, page_size());
		race->wrong += !all_bytes(bytes, 0x5a, page_size());
		race->wrong += munmap(bytes, page_size()) != 0;
	}
	return NULL;
}

TEST_F_TIMEOUT(device, a_buffer_is_mapped_while_it_is_freed, 120)
{
	struct race race = {.fd = self->fd};
	struct rsv_ioc_buffer_alloc block;
	pthread_t other;
	int round;

	ASSERT_EQ(alloc_block(self->fd, 0, page_size(), &block), 0);
	race.offset = block.mmap_offset;
	ASSERT_EQ(pthread_create(&other, NULL, map_while_it_is_freed, &race), 0);
	for (round = 0; round < RACE_ROUNDS; round++) {
		if (round % 3 == 0)
			sched_yield();
		ASSERT_EQ(free_handle(self->fd, block.handle), 0);
		ASSERT_EQ(alloc_block(self->fd, 0, page_size(), &block), 0);
		race.offset = block.mmap_offset;
	}
	race.offset = RACE_OVER;
	ASSERT_EQ(pthread_join(other, NULL), 0);
	EXPECT_EQ(race.wrong, 0);
	EXPECT_GT(race.mapped, 0);
	EXPECT_EQ(free_handle(self->fd, block.handle), 0);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
}

TEST_F(device, a_structure_may_lie_in_a_buffer_of_the_same_descriptor)
{
	struct rsv_ioc_buffer_alloc block;
	struct rsv_ioc_info *info = (struct rsv_ioc_info *)alloc_mapped(self->fd, 1, &block);

	ASSERT_NE(info, MAP_FAILED);
	/* The ioctl faults while it reads and writes the structure, with the descriptor locked. */
	info->size = sizeof(*info);
	ASSERT_EQ(madvise(info, block.bytes, MADV_DONTNEED), 0);
	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, info), 0);
	EXPECT_STREQ(info->name, "default");
	EXPECT_EQ(munmap(info, block.bytes), 0);
}
