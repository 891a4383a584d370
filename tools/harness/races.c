// SPDX-License-Identifier: GPL-2.0
/*
 * Races, each with a name: two threads or processes do at the same time what concerns the same
 * descriptor, memory or name. Either one may come first, so each side has errors that it may get,
 * and both must succeed now and then. The state after a race is the fixture's to check.
 */

#define CONTEST_ROUNDS 50

struct contest;

/**
 * struct side - what a thread does over and over
 * @run: does it once; returns 0 or an error number
 * @allowed: errors that it may get
 * @won: times that it succeeded
 */
struct side {
	int (*run)(struct contest *r);
	int allowed[4];
	unsigned long won;
};

/**
 * struct contest - two sides, and what they fight for
 * @fd: a descriptor of the first side
 * @other: one of the second side
 * @sides: both
 * @over: the first side is through (atomic)
 * @wrong: an error that may not be, or -1 for wrong contents
 * @handle: a handle of the first side (atomic)
 * @offset: the offset of its buffer (atomic)
 * @bytes: a mapping
 * @pipe: a pipe
 */
struct contest {
	int fd;
	int other;
	struct side sides[2];
	bool over;
	int wrong;
	uint32_t handle;
	uint64_t offset;
	uint8_t *bytes;
	int pipe[2];
};

static void run_once(struct contest *r, struct side *side)
{
	int error = side->run(r);
	size_t i;

	if (!error) {
		__atomic_fetch_add(&side->won, 1, __ATOMIC_RELAXED);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(side->allowed); i++)
		if (error == side->allowed[i])
			return;
	__atomic_store_n(&r->wrong, error, __ATOMIC_RELAXED);
}

static void *run_second(void *argument)
{
	struct contest *r = argument;

	while (!__atomic_load_n(&r->over, __ATOMIC_RELAXED))
		run_once(r, &r->sides[1]);
	return NULL;
}

/* Both sides, until each succeeded. Returns an error that may not be, or 0. */
static int contend(struct contest *r)
{
	pthread_t second;
	int round;

	if (pthread_create(&second, NULL, run_second, r))
		return EAGAIN;
	for (round = 0; !r->wrong; round++) {
		run_once(r, &r->sides[0]);
		if (round >= CONTEST_ROUNDS && r->sides[0].won &&
		    __atomic_load_n(&r->sides[1].won, __ATOMIC_RELAXED))
			break;
	}
	__atomic_store_n(&r->over, true, __ATOMIC_RELAXED);
	pthread_join(second, NULL);
	return r->wrong;
}

static int open_other(void)
{
	return open("/dev/reservoir", O_RDWR | O_CLOEXEC);
}

/* A descriptor that is closed, and what uses its number */

static int close_and_open(struct contest *r)
{
	close(r->other);
	sched_yield();
	return dup2(r->fd, r->other) < 0 ? errno : 0;
}

static int alloc_and_free(struct contest *r)
{
	struct rsv_ioc_buffer_alloc block;

	return alloc_block(r->other, 0, page_size(), &block) ?: free_handle(r->other, block.handle);
}

TEST_F_TIMEOUT(device, an_ioctl_races_with_the_close_of_its_descriptor, 120)
{
	struct contest r = {
		.fd = self->fd,
		.other = dup(self->fd),
		.sides = {{.run = close_and_open}, {.run = alloc_and_free, .allowed = {EBADF}}},
	};

	ASSERT_GE(r.other, 0);
	EXPECT_EQ(contend(&r), 0);
	close(r.other);
}

static int open_and_close_all(struct contest *r)
{
	struct rsv_ioc_cache_create cache;
	struct rsv_ioc_buffer_alloc block;
	int fd = open_other(), error;

	if (fd < 0)
		return errno;
	error = alloc_block(fd, 0, KB(16), &block) ?: create_cache(fd, 0, "closing", 64, &cache);
	__atomic_store_n(&r->other, fd, __ATOMIC_RELAXED);
	close(fd);
	return error;
}

/* By a number that may have been closed, and be another descriptor's by now */
static int ask(struct contest *r)
{
	struct rsv_ioc_info info = INFO(0);

	return call(__atomic_load_n(&r->other, __ATOMIC_RELAXED), RSV_IOC_INFO, &info);
}

/* If the query is still under way at the close, the cache ends, and its name is free, after it. */
TEST_F_TIMEOUT(device, a_query_races_with_the_last_close_of_its_descriptor, 120)
{
	struct contest r = {
		.fd = self->fd,
		.other = -1,
		.sides = {{.run = open_and_close_all, .allowed = {EEXIST}},
			  {.run = ask, .allowed = {EBADF}}},
	};

	EXPECT_EQ(contend(&r), 0);
}

/* Mappings */

static sigjmp_buf no_memory;

static void on_no_memory(int number)
{
	(void)number;
	siglongjmp(no_memory, 1);
}

static int map_and_unmap(struct contest *r)
{
	struct rsv_ioc_buffer_alloc block;
	int error = alloc_block(r->fd, 0, page_size(), &block);

	if (error)
		return error;
	if (mmap(r->bytes, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, r->fd,
		 block.mmap_offset) == MAP_FAILED)
		return errno;
	sched_yield();
	if (munmap(r->bytes, page_size()))
		return errno;
	return free_handle(r->fd, block.handle);
}

/* Each buffer is zeroed, and only this side writes. */
static int touch(struct contest *r)
{
	volatile uint8_t *byte = r->bytes;
	uint8_t value;

	if (sigsetjmp(no_memory, 1))
		return EFAULT;
	/* Once: another buffer may be there a moment later. */
	value = *byte;
	if (value && value != 0x5a)
		return -1;
	*byte = 0x5a;
	return 0;
}

TEST_F_TIMEOUT(device, a_fault_races_with_munmap, 120)
{
	const struct sigaction action = {.sa_handler = on_no_memory};
	struct contest r = {
		.fd = self->fd,
		.bytes = mmap(NULL, page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		.sides = {{.run = map_and_unmap}, {.run = touch, .allowed = {EFAULT}}},
	};

	ASSERT_NE(r.bytes, MAP_FAILED);
	sigaction(SIGSEGV, &action, NULL);
	EXPECT_EQ(contend(&r), 0);
}

/* The mapping is freed while a child that has it, too, begins and ends. */
static int fork_and_wait(struct contest *r)
{
	pid_t child = fork();

	(void)r;
	if (!child)
		_exit(0);
	return child < 0 ? errno : wait_for_exit(child);
}

TEST_F_TIMEOUT(device, fork_races_with_the_end_of_mappings, 120)
{
	struct contest r = {
		.fd = self->fd,
		.bytes = mmap(NULL, page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		.sides = {{.run = fork_and_wait}, {.run = map_and_unmap}},
	};

	ASSERT_NE(r.bytes, MAP_FAILED);
	EXPECT_EQ(contend(&r), 0);
}

/* Pins: a page waits in a pipe while its buffer goes */

static int pin_and_free(struct contest *r)
{
	struct rsv_ioc_buffer_alloc block;
	struct iovec part = {.iov_len = page_size()};
	uint8_t *bytes, found[16];
	int error = alloc_block(r->fd, 0, page_size(), &block);

	if (error)
		return error;
	bytes = map_block(r->fd, &block);
	if (bytes == MAP_FAILED)
		return errno;
	memset(bytes, 0xa5, page_size());
	part.iov_base = bytes;
	if (vmsplice(r->pipe[1], &part, 1, 0) != (ssize_t)page_size())
		return errno;
	munmap(bytes, page_size());
	error = free_handle(r->fd, block.handle);
	sched_yield();
	for (size_t left = page_size(); left; left -= sizeof(found))
		if (read(r->pipe[0], found, sizeof(found)) != sizeof(found) ||
		    !all_bytes(found, 0xa5, sizeof(found)))
			return -1;
	return error;
}

/* Others get pages as fast as they can, and write to them. */
static int alloc_and_write(struct contest *r)
{
	struct rsv_ioc_buffer_alloc block;
	uint8_t *bytes;
	bool zeroed;
	int error = alloc_block(r->other, 0, page_size(), &block);

	if (error)
		return error;
	bytes = map_block(r->other, &block);
	if (bytes == MAP_FAILED)
		return errno;
	zeroed = all_bytes(bytes, 0, page_size());
	memset(bytes, 0x11, page_size());
	munmap(bytes, page_size());
	return free_handle(r->other, block.handle) ?: zeroed ? 0 : -1;
}

TEST_F_TIMEOUT(device, the_free_of_a_pinned_page_races_with_allocations, 120)
{
	struct contest r = {
		.fd = self->fd,
		.other = open_other(),
		.sides = {{.run = pin_and_free}, {.run = alloc_and_write}},
	};

	ASSERT_GE(r.other, 0);
	ASSERT_EQ(pipe(r.pipe), 0);
	EXPECT_EQ(contend(&r), 0);
	close(r.pipe[0]);
	close(r.pipe[1]);
	close(r.other);
}

/* Objects and caches */

static int alloc_and_free_object(struct contest *r)
{
	uint32_t object;
	int error = alloc_object(r->fd, r->handle, &object);

	if (error)
		return error;
	__atomic_store_n(&r->offset, object, __ATOMIC_RELAXED);
	sched_yield();
	return free_handle(r->fd, object);
}

static int read_object(struct contest *r)
{
	uint32_t object = __atomic_load_n(&r->offset, __ATOMIC_RELAXED);
	uint8_t bytes[64];
	int error = object_io(r->fd, RSV_IOC_OBJECT_READ, object, 0, sizeof(bytes), bytes);

	return error ?: all_bytes(bytes, 0, sizeof(bytes)) ? 0 : -1;
}

TEST_F_TIMEOUT(device, reading_an_object_races_with_its_free, 120)
{
	struct rsv_ioc_cache_create cache;
	struct contest r = {
		.fd = self->fd,
		.sides = {{.run = alloc_and_free_object},
			  {.run = read_object, .allowed = {ENOENT}}},
	};

	ASSERT_EQ(create_cache(self->fd, 0, "raced", 64, &cache), 0);
	r.handle = cache.handle;
	EXPECT_EQ(contend(&r), 0);
	EXPECT_EQ(free_handle(self->fd, cache.handle), 0);
}

static int create_and_end_cache(struct contest *r)
{
	struct rsv_ioc_cache_create cache;
	uint32_t object;
	int error = create_cache(r->fd, 0, "ending", 64, &cache);

	if (error)
		return error;
	__atomic_store_n(&r->handle, cache.id, __ATOMIC_RELAXED);
	return alloc_object(r->fd, cache.handle, &object) ?: free_handle(r->fd, object) ?:
	       free_handle(r->fd, cache.handle);
}

/* Also by a file of debugfs, which need not be there at that moment, or at all */
static int query_ending_cache(struct contest *r)
{
	int file = open("/sys/kernel/debug/reservoir/caches/user:ending/stats", O_RDONLY);
	uint32_t id = __atomic_load_n(&r->handle, __ATOMIC_RELAXED);
	struct rsv_ioc_cache cache;
	char text[256];

	if (file >= 0) {
		(void)!read(file, text, sizeof(text));
		close(file);
	}
	return query_cache(r->other, 0, id, &cache);
}

TEST_F_TIMEOUT(device, the_end_of_a_cache_races_with_queries, 120)
{
	struct contest r = {
		.fd = self->fd,
		.other = open_other(),
		.sides = {{.run = create_and_end_cache},
			  {.run = query_ending_cache, .allowed = {ENOENT}}},
	};

	ASSERT_GE(r.other, 0);
	EXPECT_EQ(contend(&r), 0);
	close(r.other);
}

static int shrink_raced_cache(struct contest *r)
{
	uint32_t slabs;

	return shrink_cache(r->fd, r->handle, &slabs);
}

static int alloc_and_free_raced_object(struct contest *r)
{
	uint32_t object;

	return alloc_object(r->other, r->handle, &object) ?: free_handle(r->other, object);
}

TEST_F_TIMEOUT(device, shrinking_a_cache_races_with_its_objects, 120)
{
	struct rsv_ioc_cache_create cache;
	struct contest r = {
		.fd = self->fd,
		.other = self->fd,
		.sides = {{.run = shrink_raced_cache}, {.run = alloc_and_free_raced_object}},
	};

	ASSERT_EQ(create_cache(self->fd, 0, "shrunk", 2000, &cache), 0);
	r.handle = cache.handle;
	EXPECT_EQ(contend(&r), 0);
	EXPECT_EQ(free_handle(self->fd, cache.handle), 0);
}

/* Regions */

static int make_and_end_region(struct contest *r)
{
	const struct rsv_ioc_reserve want = {.bytes = MB(1)};
	int error = create_named(r->fd, "raced", &want, 1);

	sched_yield();
	/* Whoever has it open keeps it: the next round finds it there. */
	return error && error != EEXIST ? error : destroy_named(r->fd, "raced");
}

static int open_and_use_region(struct contest *r)
{
	struct rsv_ioc_buffer_alloc block;
	uint32_t region;
	int error = open_named(r->other, "raced", &region);

	if (error)
		return error;
	return alloc_block(r->other, region, page_size(), &block) ?:
	       free_handle(r->other, block.handle) ?: free_handle(r->other, region);
}

TEST_F_TIMEOUT(device, the_end_of_a_region_races_with_its_opening, 120)
{
	struct contest r = {
		.fd = self->fd,
		.other = open_other(),
		.sides = {{.run = make_and_end_region, .allowed = {EBUSY}},
			  {.run = open_and_use_region, .allowed = {ENOENT}}},
	};

	ASSERT_GE(r.other, 0);
	EXPECT_EQ(contend(&r), 0);
	destroy_named(self->fd, "raced");
	close(r.other);
}

static int grow_and_shrink_region(struct contest *r)
{
	uint64_t bytes = MB(8);

	return grow_named(r->fd, "resized", MB(4)) ?: shrink_named(r->fd, "resized", &bytes);
}

static int alloc_in_opened_region(struct contest *r)
{
	struct rsv_ioc_buffer_alloc block;

	return alloc_block(r->other, r->handle, KB(64), &block) ?:
	       free_handle(r->other, block.handle);
}

TEST_F_TIMEOUT(device, growing_and_shrinking_race_with_allocations, 120)
{
	struct contest r = {
		.fd = self->fd,
		.other = open_other(),
		.sides = {{.run = grow_and_shrink_region, .allowed = {ENOMEM}},
			  {.run = alloc_in_opened_region, .allowed = {ENOMEM}}},
	};

	ASSERT_GE(r.other, 0);
	ASSERT_EQ(create_named(self->fd, "resized", NULL, 0), 0);
	ASSERT_EQ(open_named(r.other, "resized", &r.handle), 0);
	EXPECT_EQ(contend(&r), 0);
	close(r.other);
	EXPECT_EQ(destroy_named(self->fd, "resized"), 0);
}

/* Processes */

static void create_regions(void)
{
	int fd = open_other();
	uint32_t region;

	while (!create_scratch(fd, KB(256), &region) && !free_handle(fd, region))
		;
	_exit(1);
}

TEST_F_TIMEOUT(device, a_kill_in_the_midst_of_a_regions_creation_leaves_nothing, 120)
{
	struct rsv_ioc_region_next next, last;
	int round;

	for (round = 0; round < 20; round++) {
		pid_t child = fork();

		ASSERT_GE(child, 0);
		if (!child)
			create_regions();
		sleep_ms(5 * round);
		ASSERT_EQ(kill(child, SIGKILL), 0);
		EXPECT_EQ(wait_for_exit(child), -1) TH_LOG("the child ended by itself");
	}
	ASSERT_EQ(next_region(self->fd, 0, &next), 0);
	EXPECT_EQ(next_region(self->fd, next.id + 1, &last), ENOENT) TH_LOG("%s", last.name);
}

/* What two processes share that create caches of the same name */
struct naming {
	pthread_barrier_t ready;
	int errors[2];
};

/* Both are ready, both create, both see what came of it, and whoever got the name ends it. */
static int create_same_name(struct naming *n, int fd, int me)
{
	int round, wrong = 0;

	for (round = 0; round < CONTEST_ROUNDS; round++) {
		struct rsv_ioc_cache_create cache;

		pthread_barrier_wait(&n->ready);
		n->errors[me] = create_cache(fd, 0, "same", 64, &cache);
		pthread_barrier_wait(&n->ready);
		wrong |= n->errors[0] + n->errors[1] != EEXIST;
		pthread_barrier_wait(&n->ready);
		if (!n->errors[me] && free_handle(fd, cache.handle))
			wrong = 1;
	}
	return wrong;
}

TEST_F_TIMEOUT(device, of_two_processes_that_create_one_name_one_gets_it, 120)
{
	struct naming *n = mmap(NULL, sizeof(*n), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t shared;
	pid_t child;

	ASSERT_NE(n, MAP_FAILED);
	pthread_barrierattr_init(&shared);
	pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	ASSERT_EQ(pthread_barrier_init(&n->ready, &shared, 2), 0);
	child = fork();
	ASSERT_GE(child, 0);
	if (!child)
		_exit(create_same_name(n, open_other(), 1));
	EXPECT_EQ(create_same_name(n, self->fd, 0), 0);
	EXPECT_EQ(wait_for_exit(child), 0);
}

/* Quotas */

static int change_shares(struct contest *r)
{
	(void)r;
	set_shares("0%", "0%");
	sched_yield();
	set_shares("50%", "25%");
	return 0;
}

/* As a user without privileges, whom the shares limit */
static int alloc_as_nobody(struct contest *r)
{
	struct rsv_ioc_buffer_alloc block;
	int error = 0;

	/* The system call changes this thread only; the library's function changes all. */
	if (syscall(SYS_setresuid, -1, 65534, -1))
		return errno;
	error = alloc_block(r->other, 0, KB(16), &block) ?: free_handle(r->other, block.handle);
	if (syscall(SYS_setresuid, -1, 0, -1))
		return errno;
	return error;
}

TEST_F_TIMEOUT(device, a_change_of_the_shares_races_with_requests, 120)
{
	struct contest r = {
		.fd = self->fd,
		.other = open_other(),
		.sides = {{.run = change_shares}, {.run = alloc_as_nobody, .allowed = {EDQUOT}}},
	};

	ASSERT_GE(r.other, 0);
	EXPECT_EQ(contend(&r), 0);
	set_shares("50%", "25%");
	close(r.other);
}
