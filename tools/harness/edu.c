// SPDX-License-Identifier: GPL-2.0
/*
 * DMA by a real device, or one that is as good: QEMU's "edu", which this file drives from user
 * space, as FPGA cards are driven. It copies up to 4 KB between memory and a buffer of its own, a
 * tenth of a second after it was told to, and puts 28 bits of an address on its bus.
 */

#define EDU_VENDOR  0x1234
#define EDU_NUMBER  0x11e8
#define EDU_BITS    28
#define EDU_BYTES   MB(1)
#define EDU_FROM    0x80
#define EDU_TO	    0x88
#define EDU_COUNT   0x90
#define EDU_COMMAND 0x98
#define EDU_RUN	    1
#define EDU_OUT	    2
#define EDU_BUFFER  0x40000
#define EDU_MS	    100

/* Bytes that it copies at once here */
#define EDU_BLOCK   2048

/* PCI's command register */
#define PCI_COMMAND	   4
#define PCI_COMMAND_MEMORY 2
#define PCI_COMMAND_MASTER 4

struct edu {
	char name[RSV_DEVICE_NAME_MAX];
	volatile uint8_t *registers;
};

static void edu_write(const struct edu *edu, unsigned int at, uint64_t value)
{
	*(volatile uint64_t *)(edu->registers + at) = value;
}

static uint64_t edu_read(const struct edu *edu, unsigned int at)
{
	return *(volatile uint64_t *)(edu->registers + at);
}

static int edu_open_file(const struct edu *edu, const char *file)
{
	char path[PATH_MAX];

	pci_file(edu->name + strlen("pci/"), file, path);
	return open(path, O_RDWR | O_CLOEXEC);
}

static bool edu_write_file(const struct edu *edu, const char *file, const char *text)
{
	char path[PATH_MAX];

	pci_file(edu->name + strlen("pci/"), file, path);
	return !set_parameter(path, text);
}

static uint16_t edu_pci_command(const struct edu *edu)
{
	int fd = edu_open_file(edu, "config");
	uint16_t command = 0xffff;

	if (fd >= 0 && pread(fd, &command, 2, PCI_COMMAND) != 2)
		command = 0xffff;
	close(fd);
	return command;
}

static bool edu_is_master(const struct edu *edu)
{
	return edu_pci_command(edu) & PCI_COMMAND_MASTER;
}

static bool edu_set_pci_command(const struct edu *edu, uint16_t bit, bool on)
{
	uint16_t command = (edu_pci_command(edu) & ~bit) | (on ? bit : 0);
	int fd = edu_open_file(edu, "config");
	bool done = fd >= 0 && pwrite(fd, &command, 2, PCI_COMMAND) == 2;

	close(fd);
	return done && edu_pci_command(edu) == command;
}

/* What a program does that has the right to, and does not ask Reservoir */
static bool edu_set_master(const struct edu *edu, bool on)
{
	return edu_set_pci_command(edu, PCI_COMMAND_MASTER, on);
}

/* "enable" in sysfs would also set up an interrupt, which takes half a minute with KASAN. */
static bool edu_find(struct edu *edu)
{
	void *map;
	int fd;

	if (!find_pci(EDU_VENDOR, EDU_NUMBER, edu->name))
		return false;
	if (!edu_set_pci_command(edu, PCI_COMMAND_MEMORY, true))
		return false;
	fd = edu_open_file(edu, "resource0");
	if (fd < 0)
		return false;
	map = mmap(NULL, EDU_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	edu->registers = map;
	close(fd);
	return map != MAP_FAILED;
}

static void edu_start(const struct edu *edu, uint64_t from, uint64_t to, uint64_t command)
{
	edu_write(edu, EDU_FROM, from);
	edu_write(edu, EDU_TO, to);
	edu_write(edu, EDU_COUNT, EDU_BLOCK);
	edu_write(edu, EDU_COMMAND, EDU_RUN | command);
}

static bool edu_wait(const struct edu *edu)
{
	int waited;

	for (waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
		if (!(edu_read(edu, EDU_COMMAND) & EDU_RUN))
			return true;
		sleep_ms(POLL_MS);
	}
	return false;
}

static bool edu_copy_in(const struct edu *edu, uint64_t from)
{
	edu_start(edu, from, EDU_BUFFER, 0);
	return edu_wait(edu);
}

static bool edu_copy_out(const struct edu *edu, uint64_t to)
{
	edu_start(edu, EDU_BUFFER, to, EDU_OUT);
	return edu_wait(edu);
}

/* A region that the device reaches. The test that creates it has to destroy it. */
#define LOW "low"

static int create_low(int fd)
{
	const struct rsv_ioc_reserve want = {.bytes = KB(256), .zone = RSV_ZONE_DMA};

	return create_named(fd, LOW, &want, 1);
}

/* Destroys the region once nothing is left in it. It waits for processes that were killed. */
static bool destroy_low(int fd)
{
	int waited;

	for (waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
		if (!destroy_named(fd, LOW))
			return true;
		sleep_ms(POLL_MS);
	}
	return false;
}

/* A mapped buffer of one page in the region, and its binding */
struct bound {
	uint32_t region;
	struct rsv_ioc_buffer_alloc block;
	struct rsv_ioc_bind bind;
	uint8_t *map;
};

static int bind_low(int fd, const struct edu *edu, uint32_t flags, struct bound *b)
{
	int error = open_named(fd, LOW, &b->region) ?:
		    alloc_block_with(fd, b->region, KB(4), RSV_BUFFER_DMA, 0, &b->block) ?:
		    bind_with(fd, b->block.handle, edu->name, flags, EDU_BITS, &b->bind);

	if (error)
		return error;
	b->map = map_range(fd, b->block.mmap_offset, KB(4));
	return b->map == MAP_FAILED ? errno : 0;
}

static void fill(uint8_t *bytes, size_t nr, unsigned int seed)
{
	size_t i;

	for (i = 0; i < nr; i++)
		bytes[i] = (i * 7 + i / 256 + seed) | 1;
}

/* A descriptor for the memory of a test, so that closing it ends the region's last handle */
static int another_descriptor(void)
{
	return open("/dev/reservoir", O_RDWR | O_CLOEXEC);
}

TEST_F(device, a_device_reads_and_writes_a_bound_buffer)
{
	int fd;
	struct bound from, to;
	struct edu edu;

	if (!edu_find(&edu))
		SKIP(return, "this machine has no device edu");
	fd = another_descriptor();
	ASSERT_EQ(create_low(fd), 0);
	ASSERT_EQ(bind_low(fd, &edu, RSV_BIND_MASTER, &from), 0);
	ASSERT_EQ(bind_low(fd, &edu, RSV_BIND_MASTER, &to), 0);
	EXPECT_TRUE(edu_is_master(&edu));
	EXPECT_LE(from.bind.dma + KB(4), 1ULL << EDU_BITS);
	EXPECT_EQ(from.bind.length, KB(4));
	EXPECT_EQ(from.bind.segments, 1);

	fill(from.map, KB(4), 3);
	EXPECT_EQ(sync_all(fd, from.bind.handle, KB(4), RSV_OWNER_DEVICE), 0);
	ASSERT_TRUE(edu_copy_in(&edu, from.bind.dma + 100));
	ASSERT_TRUE(edu_copy_out(&edu, to.bind.dma + 300));
	EXPECT_EQ(sync_all(fd, to.bind.handle, KB(4), RSV_OWNER_CPU), 0);
	EXPECT_EQ(memcmp(to.map + 300, from.map + 100, EDU_BLOCK), 0);
	EXPECT_TRUE(all_bytes(to.map, 0, 300));
	EXPECT_TRUE(all_bytes(to.map + 300 + EDU_BLOCK, 0, KB(4) - 300 - EDU_BLOCK));

	EXPECT_EQ(free_handle(fd, from.bind.handle), 0);
	EXPECT_TRUE(edu_is_master(&edu)) TH_LOG("another binding needs it");
	EXPECT_EQ(free_handle(fd, to.bind.handle), 0);
	EXPECT_FALSE(edu_is_master(&edu));

	/* So a device that has no binding does no DMA, whatever it is told. */
	memset(to.map, 0, KB(4));
	ASSERT_TRUE(edu_copy_out(&edu, to.bind.dma));
	EXPECT_TRUE(all_bytes(to.map, 0, KB(4)));
	munmap(from.map, KB(4));
	munmap(to.map, KB(4));
	close(fd);
	EXPECT_TRUE(destroy_low(self->fd));
}

TEST_F(device, a_device_of_28_bits_is_not_bound_beyond_them)
{
	struct rsv_ioc_buffer_alloc block;
	struct rsv_ioc_physical phys;
	struct rsv_ioc_bind bind;
	struct edu edu;

	if (!edu_find(&edu))
		SKIP(return, "this machine has no device edu");
	do {
		if (alloc_block(self->fd, 0, MB(1), &block))
			SKIP(return, "the region lies too low");
		ASSERT_EQ(physical(self->fd, block.handle, 0, &phys), 0);
	} while (phys.physical + MB(1) <= 1ULL << EDU_BITS);
	EXPECT_EQ(bind_with(self->fd, block.handle, edu.name, RSV_BIND_MASTER, EDU_BITS, &bind),
		  ERANGE);
	EXPECT_EQ(bind.refusal, RSV_REFUSED_MASK);
	EXPECT_FALSE(edu_is_master(&edu));
	EXPECT_EQ(pci_number(edu.name + strlen("pci/"), "dma_mask_bits"), 32);
}

TEST_F(device, a_device_has_one_master)
{
	int fd, second;
	struct bound first, other;
	struct edu edu;

	if (!edu_find(&edu))
		SKIP(return, "this machine has no device edu");
	fd = another_descriptor();
	second = another_descriptor();
	ASSERT_EQ(create_low(fd), 0);
	ASSERT_EQ(bind_low(fd, &edu, RSV_BIND_MASTER, &first), 0);
	EXPECT_EQ(bind_low(second, &edu, RSV_BIND_MASTER, &other), EBUSY);
	EXPECT_EQ(other.bind.refusal, RSV_REFUSED_MASTER);
	EXPECT_EQ(bind_low(second, &edu, 0, &other), 0);
	EXPECT_EQ(free_handle(second, other.bind.handle), 0);
	EXPECT_TRUE(edu_is_master(&edu)) TH_LOG("that binding was not the master's");
	munmap(first.map, KB(4));
	close(fd);
	EXPECT_FALSE(edu_is_master(&edu)) TH_LOG("closing its descriptor ends it");
	EXPECT_EQ(bind_low(second, &edu, RSV_BIND_MASTER, &first), 0);
	munmap(first.map, KB(4));
	munmap(other.map, KB(4));
	close(second);
	EXPECT_TRUE(destroy_low(self->fd));
}

/*
 * Runs in a child: binds a buffer and, if @master, lets the device write to it in a moment. Then it
 * tells the parent, and waits to be killed.
 */
static void drive_until_killed(const struct edu *edu, bool master, int tell)
{
	int fd = another_descriptor();
	struct bound b;
	char result;

	result = bind_low(fd, edu, master ? RSV_BIND_MASTER : 0, &b);
	if (!result)
		edu_start(edu, EDU_BUFFER, b.bind.dma, EDU_OUT);
	if (write(tell, &result, 1) == 1)
		pause();
	_exit(1);
}

/* Starts such a child, and kills it while the device has yet to write. Returns 0 or an error. */
static int kill_driver(const struct edu *edu, bool master)
{
	char result = -1;
	int pipes[2];
	pid_t child;

	if (pipe(pipes))
		return errno;
	child = fork();
	if (!child)
		drive_until_killed(edu, master, pipes[1]);
	if (read(pipes[0], &result, 1) != 1)
		result = -1;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	close(pipes[0]);
	close(pipes[1]);
	return result;
}

/* Gives the device something to write that is not zero. */
static bool load_edu(int fd, const struct edu *edu)
{
	struct bound b;
	bool done;

	if (bind_low(fd, edu, RSV_BIND_MASTER, &b))
		return false;
	fill(b.map, KB(4), 9);
	sync_all(fd, b.bind.handle, KB(4), RSV_OWNER_DEVICE);
	done = edu_copy_in(edu, b.bind.dma);
	munmap(b.map, KB(4));
	return !free_handle(fd, b.bind.handle) && !free_handle(fd, b.block.handle) &&
	       !free_handle(fd, b.region) && done;
}

/* The most memory of the region that one buffer can have, zeroed, or NULL */
static uint8_t *map_low(int fd, uint64_t *bytes)
{
	const uint32_t flags = RSV_BUFFER_DMA | RSV_BUFFER_EXACT | RSV_BUFFER_HIGH;
	struct rsv_ioc_buffer_alloc block;
	uint32_t region;
	uint8_t *map;

	if (open_named(fd, LOW, &region))
		return NULL;
	for (*bytes = KB(256); *bytes; *bytes -= page_size()) {
		if (!alloc_block_with(fd, region, *bytes, flags, 0, &block))
			break;
	}
	map = map_range(fd, block.mmap_offset, *bytes);
	return map == MAP_FAILED ? NULL : map;
}

TEST_F(device, a_device_is_quiet_before_the_memory_of_a_killed_program_goes_back)
{
	int fd;
	struct edu edu;
	uint64_t bytes;
	uint8_t *map;
	int i;

	if (!edu_find(&edu))
		SKIP(return, "this machine has no device edu");
	fd = another_descriptor();
	ASSERT_EQ(create_low(fd), 0);
	ASSERT_TRUE(load_edu(fd, &edu));
	for (i = 0; i < 5; i++) {
		fd = i ? another_descriptor() : fd;
		EXPECT_EQ(kill_driver(&edu, true), 0);
		EXPECT_FALSE(edu_is_master(&edu));
		map = map_low(fd, &bytes);
		ASSERT_NE(map, NULL);
		EXPECT_GE(bytes, KB(128));
		sleep_ms(3 * EDU_MS);
		EXPECT_TRUE(edu_wait(&edu));
		EXPECT_TRUE(all_bytes(map, 0, bytes)) TH_LOG("the device wrote to freed memory");
		munmap(map, bytes);
		close(fd);
	}
	EXPECT_TRUE(destroy_low(self->fd));
}

TEST_F(device, memory_stays_while_a_device_may_write_to_it)
{
	int fd;
	uint64_t bytes, left;
	struct edu edu;
	uint8_t *map;

	if (!edu_find(&edu))
		SKIP(return, "this machine has no device edu");
	fd = another_descriptor();
	ASSERT_EQ(create_low(fd), 0);
	ASSERT_TRUE(load_edu(fd, &edu));

	/* Somebody else made the device a master, so nobody answers for it. */
	ASSERT_TRUE(edu_set_master(&edu, true));
	EXPECT_EQ(kill_driver(&edu, false), 0);
	EXPECT_EQ(destroy_named(self->fd, LOW), EBUSY);
	map = map_low(fd, &bytes);
	ASSERT_NE(map, NULL);
	sleep_ms(3 * EDU_MS);
	EXPECT_TRUE(edu_wait(&edu));
	EXPECT_TRUE(all_bytes(map, 0, bytes)) TH_LOG("the device wrote to freed memory");
	munmap(map, bytes);
	close(fd);
	EXPECT_EQ(destroy_named(self->fd, LOW), EBUSY);
	EXPECT_EQ(set_quiet(self->fd, edu.name, &left), 0);
	EXPECT_EQ(left, KB(4));
	EXPECT_EQ(set_quiet(self->fd, edu.name, &left), 0);
	EXPECT_EQ(left, 0);
	EXPECT_EQ(destroy_named(self->fd, LOW), 0) TH_LOG("the ioctl waits for that");
	EXPECT_TRUE(edu_set_master(&edu, false));
}

TEST_F(device, memory_of_a_device_that_is_no_master_goes_back)
{
	uint64_t left;
	struct edu edu;

	if (!edu_find(&edu))
		SKIP(return, "this machine has no device edu");
	ASSERT_EQ(create_low(self->fd), 0);
	ASSERT_FALSE(edu_is_master(&edu));
	EXPECT_EQ(kill_driver(&edu, false), 0);
	EXPECT_TRUE(destroy_low(self->fd));
	EXPECT_EQ(set_quiet(self->fd, edu.name, &left), 0);
	EXPECT_EQ(left, 0);
	EXPECT_TRUE(edu_wait(&edu));
}

/* A left buffer of a scratch region keeps the region, which nobody can name any more. */
TEST_F(device, a_scratch_region_stays_with_a_buffer_that_was_left)
{
	int fd;
	struct rsv_ioc_buffer_alloc block;
	struct rsv_ioc_bind bind;
	uint32_t region;
	struct edu edu;
	uint64_t left;

	if (!edu_find(&edu))
		SKIP(return, "this machine has no device edu");
	fd = another_descriptor();
	ASSERT_EQ(create_scratch(fd, MB(1), &region), 0);
	ASSERT_EQ(alloc_block(fd, region, KB(64), &block), 0);
	ASSERT_EQ(bind_buffer(fd, block.handle, edu.name, &bind), 0);
	ASSERT_TRUE(edu_set_master(&edu, true));
	close(fd);
	/* A descriptor for writing has two references: its own, and that of the buffers' file system. */
	EXPECT_GT(module_users(), self->users + 2) TH_LOG("the module could be unloaded");

	/* The master's end makes the device quiet for all. */
	ASSERT_EQ(alloc_block(self->fd, 0, KB(4), &block), 0);
	ASSERT_EQ(bind_with(self->fd, block.handle, edu.name, RSV_BIND_MASTER, 0, &bind), 0);
	EXPECT_GT(module_users(), self->users + 2);
	EXPECT_EQ(free_handle(self->fd, bind.handle), 0);
	EXPECT_TRUE(users_become(self->users + 2));
	EXPECT_EQ(set_quiet(self->fd, edu.name, &left), 0);
	EXPECT_EQ(left, 0);
}
