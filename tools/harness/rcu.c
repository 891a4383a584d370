// SPDX-License-Identifier: GPL-2.0
/*
 * Objects that are freed by RCU, the barrier that waits for them, and caches whose freed objects
 * readers under RCU may look at. A grace period may end at any time, so no test relies on an object
 * that still waits.
 */

#define NR_BY_RCU 150

static int free_with(int fd, uint32_t handle, uint32_t flags)
{
	struct rsv_ioc_free want = {.size = sizeof(want), .flags = flags, .handle = handle};

	return call(fd, RSV_IOC_FREE, &want);
}

static int free_by_rcu(int fd, uint32_t object)
{
	return free_with(fd, object, RSV_FREE_BY_RCU);
}

static int rcu_barrier(int fd, uint32_t region)
{
	struct rsv_ioc_rcu_barrier barrier = {.size = sizeof(barrier), .region = region};

	return call(fd, RSV_IOC_RCU_BARRIER, &barrier);
}

static int alloc_many(int fd, uint32_t cache, uint32_t *objects, unsigned int nr)
{
	unsigned int i;
	int error = 0;

	for (i = 0; i < nr && !error; i++)
		error = alloc_object(fd, cache, &objects[i]);
	return error;
}

static int free_many_by_rcu(int fd, const uint32_t *objects, unsigned int nr)
{
	unsigned int i;
	int error = 0;

	for (i = 0; i < nr && !error; i++)
		error = free_by_rcu(fd, objects[i]);
	return error;
}

/* Objects come and go by RCU, and their next users find zeroes. Returns 0 or an error number. */
static int come_and_go_by_rcu(int fd, const struct rsv_ioc_cache_create *made)
{
	uint32_t objects[NR_BY_RCU];
	uint8_t bytes[128];
	int error, round, i;

	for (round = 0; round < 3; round++) {
		error = alloc_many(fd, made->handle, objects, NR_BY_RCU);
		for (i = 0; i < NR_BY_RCU && !error; i++) {
			error = object_io(fd, RSV_IOC_OBJECT_READ, objects[i], 0,
					  made->object_size, bytes);
			if (!error && !all_bytes(bytes, 0, made->object_size))
				return EBADMSG;
			memset(bytes, 0xff, sizeof(bytes));
			error = error ?: object_io(fd, RSV_IOC_OBJECT_WRITE, objects[i], 0,
						   made->object_size, bytes);
		}
		error = error ?: free_many_by_rcu(fd, objects, NR_BY_RCU);
		error = error ?: rcu_barrier(fd, made->region);
		if (error)
			return error;
	}
	return 0;
}

TEST_F_TIMEOUT(device, objects_freed_by_RCU_are_free_after_a_barrier, 120)
{
	static const uint32_t sizes[] = {RSV_RCU_OBJECT_MIN, 17, 128};
	struct rsv_ioc_cache_create made;
	struct rsv_ioc_cache cache;
	size_t e, f, s;

	for (e = 0; e < ARRAY_SIZE(engines); e++) {
		for (f = 0; f < ARRAY_SIZE(flag_sets); f++) {
			for (s = 0; s < ARRAY_SIZE(sizes); s++) {
				ASSERT_EQ(create_cache_with(self->fd, 0, "by-rcu", sizes[s],
							    engines[e].flag | flag_sets[f], &made),
					  0);
				EXPECT_EQ(come_and_go_by_rcu(self->fd, &made), 0)
					TH_LOG("%s, flags 0x%x, %u bytes", engines[e].name,
					       flag_sets[f], sizes[s]);
				ASSERT_EQ(query_cache(self->fd, 0, made.id, &cache), 0);
				EXPECT_EQ(cache.active_objects, 0);
				EXPECT_EQ(cache.rcu_waiting, 0);
				EXPECT_EQ(cache.frees, 3 * NR_BY_RCU);
				EXPECT_EQ(free_handle(self->fd, made.handle), 0);
			}
		}
	}
}

/* The handle is gone, though the memory is not free yet: no program writes to it meanwhile. */
TEST_F(device, an_object_freed_by_RCU_has_no_handle)
{
	struct rsv_ioc_cache_create made;
	uint32_t object;
	char c = 'x';

	ASSERT_EQ(create_cache(self->fd, 0, "by-rcu", 64, &made), 0);
	ASSERT_EQ(alloc_object(self->fd, made.handle, &object), 0);
	ASSERT_EQ(free_by_rcu(self->fd, object), 0);
	EXPECT_EQ(object_io(self->fd, RSV_IOC_OBJECT_WRITE, object, 0, 1, &c), ENOENT);
	EXPECT_EQ(object_io(self->fd, RSV_IOC_OBJECT_READ, object, 0, 1, &c), ENOENT);
	EXPECT_EQ(free_by_rcu(self->fd, object), ENOENT);
	EXPECT_EQ(free_handle(self->fd, object), ENOENT);
}

/* While an object waits, no request gets it. If it still waits in the end, it did so before. */
TEST_F(device, an_object_that_waits_is_used)
{
	struct rsv_ioc_object_alloc first = {.size = sizeof(first)}, next = {.size = sizeof(next)};
	struct rsv_ioc_cache_create made;
	struct rsv_ioc_cache cache, after;
	uint32_t region;

	ASSERT_EQ(create_scratch(self->fd, MB(1), &region), 0);
	ASSERT_EQ(create_cache(self->fd, region, "waits", 64, &made), 0);
	first.cache = made.handle;
	next.cache = made.handle;
	ASSERT_EQ(call(self->fd, RSV_IOC_OBJECT_ALLOC, &first), 0);
	ASSERT_EQ(free_by_rcu(self->fd, first.handle), 0);
	ASSERT_EQ(call(self->fd, RSV_IOC_OBJECT_ALLOC, &next), 0);
	ASSERT_EQ(query_cache(self->fd, region, made.id, &cache), 0);
	ASSERT_EQ(query_cache(self->fd, region, made.id, &after), 0);
	if (after.rcu_waiting) {
		EXPECT_NE(next.offset, first.offset);
		EXPECT_EQ(cache.active_objects, 2);
	}
	EXPECT_EQ(rcu_barrier(self->fd, region), 0);
	ASSERT_EQ(query_cache(self->fd, region, made.id, &cache), 0);
	EXPECT_EQ(cache.active_objects, 1);
}

TEST_F(device, only_objects_with_room_are_freed_by_RCU)
{
	struct rsv_ioc_cache_create small, constructed;
	struct rsv_ioc_buffer_alloc block;
	uint32_t refused[5], flag;
	size_t i;

	ASSERT_EQ(create_scratch(self->fd, KB(64), &refused[0]), 0);
	ASSERT_EQ(alloc_block(self->fd, 0, 1, &block), 0);
	refused[1] = block.handle;
	ASSERT_EQ(create_cache(self->fd, 0, "unused", 64, &small), 0);
	refused[2] = small.handle;
	ASSERT_EQ(create_cache(self->fd, 0, "small", RSV_RCU_OBJECT_MIN - 1, &small), 0);
	ASSERT_EQ(alloc_object(self->fd, small.handle, &refused[3]), 0);
	ASSERT_EQ(create_constructed(self->fd, 0, 0, &constructed), 0);
	ASSERT_EQ(alloc_object(self->fd, constructed.handle, &refused[4]), 0);
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		EXPECT_EQ(free_by_rcu(self->fd, refused[i]), EINVAL) TH_LOG("handle %zu", i);
		for (flag = RSV_FREE_BY_RCU << 1; flag; flag <<= 1)
			EXPECT_EQ(free_with(self->fd, refused[i], flag), EINVAL);
		EXPECT_EQ(free_handle(self->fd, refused[i]), 0)
			TH_LOG("handle %zu is not as before", i);
	}
	for (i = 0; i < ARRAY_SIZE(no_handles); i++)
		EXPECT_EQ(free_by_rcu(self->fd, no_handles[i]), ENOENT);
}

/* The flag is wrong for them, whether others depend on them or not. */
TEST_F(device, caches_and_regions_are_not_freed_by_RCU)
{
	struct rsv_ioc_cache_create made;
	uint32_t region, object;

	ASSERT_EQ(create_scratch(self->fd, KB(64), &region), 0);
	ASSERT_EQ(create_cache(self->fd, region, "used", 64, &made), 0);
	ASSERT_EQ(alloc_object(self->fd, made.handle, &object), 0);
	EXPECT_EQ(free_by_rcu(self->fd, made.handle), EINVAL);
	EXPECT_EQ(free_by_rcu(self->fd, region), EINVAL);
	EXPECT_EQ(free_handle(self->fd, made.handle), EBUSY);
	EXPECT_EQ(free_handle(self->fd, region), EBUSY);
}

TEST_F(device, a_barrier_is_for_regions_of_programs)
{
	struct rsv_ioc_cache_create cache;
	struct rsv_ioc_buffer_alloc block;
	uint32_t region, object;
	size_t i;

	EXPECT_EQ(rcu_barrier(self->fd, 0), 0) TH_LOG("nothing waits");
	ASSERT_EQ(create_scratch(self->fd, KB(64), &region), 0);
	EXPECT_EQ(rcu_barrier(self->fd, region), 0);
	ASSERT_EQ(alloc_block(self->fd, 0, 1, &block), 0);
	ASSERT_EQ(create_cache(self->fd, 0, "barrier", 64, &cache), 0);
	ASSERT_EQ(alloc_object(self->fd, cache.handle, &object), 0);
	EXPECT_EQ(rcu_barrier(self->fd, block.handle), EINVAL);
	EXPECT_EQ(rcu_barrier(self->fd, cache.handle), EINVAL);
	EXPECT_EQ(rcu_barrier(self->fd, object), EINVAL);
	for (i = 0; i < ARRAY_SIZE(no_handles); i++)
		EXPECT_EQ(rcu_barrier(self->fd, no_handles[i]), ENOENT);
}

/* Objects that wait have no handle, so their cache and their region can end, and wait for them. */
TEST_F(device, what_objects_wait_in_can_be_destroyed)
{
	uint32_t objects[NR_BY_RCU], region;
	struct rsv_ioc_cache_create made;
	size_t e;

	for (e = 0; e < ARRAY_SIZE(engines); e++) {
		ASSERT_EQ(create_scratch(self->fd, MB(1), &region), 0);
		ASSERT_EQ(create_cache_with(self->fd, region, "ends", 64, engines[e].flag, &made),
			  0);
		ASSERT_EQ(alloc_many(self->fd, made.handle, objects, NR_BY_RCU), 0);
		ASSERT_EQ(free_many_by_rcu(self->fd, objects, NR_BY_RCU), 0);
		EXPECT_EQ(free_handle(self->fd, made.handle), 0) TH_LOG("%s", engines[e].name);
		EXPECT_EQ(free_handle(self->fd, region), 0);
	}
}

TEST_F(device, closing_while_objects_wait_frees_everything)
{
	uint32_t objects[NR_BY_RCU], region;
	struct rsv_ioc_cache_create made;
	int round, other;
	size_t e;

	for (round = 0; round < 10; round++) {
		other = open("/dev/reservoir", O_RDWR | O_CLOEXEC);
		ASSERT_GE(other, 0);
		ASSERT_EQ(create_scratch(other, MB(1), &region), 0);
		for (e = 0; e < 2 * ARRAY_SIZE(engines); e++) {
			ASSERT_EQ(create_cache_with(other, e % 2 ? region : 0, engines[e / 2].name,
						    64, engines[e / 2].flag, &made),
				  0);
			ASSERT_EQ(alloc_many(other, made.handle, objects, NR_BY_RCU), 0);
			/* Some have a handle until the close. */
			ASSERT_EQ(free_many_by_rcu(other, objects, NR_BY_RCU - 20), 0);
		}
		close(other);
	}
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
	EXPECT_EQ(create_cache(self->fd, 0, "slub", 64, &made), 0)
		TH_LOG("its name is still taken");
}

/* Objects that wait count for the quota. After the barrier most of their slabs are given back. */
static int wait_within_quota(int fd)
{
	static uint32_t objects[4096];
	struct rsv_ioc_cache_create made;
	uint32_t slabs, nr, again;
	uint64_t most;
	int error = 0;

	STEP(1, !create_cache_with(fd, 0, "quota", 2000, RSV_ENGINE_SLUB | RSV_NO_MAGAZINE, &made));
	for (nr = 0; nr < ARRAY_SIZE(objects); nr++) {
		error = alloc_object(fd, made.handle, &objects[nr]);
		if (error)
			break;
	}
	STEP(2, error == EDQUOT && nr > 100);
	most = info_of(fd, 0).user_bytes;
	STEP(3, !free_many_by_rcu(fd, objects, nr));
	STEP(4, !rcu_barrier(fd, 0) && info_of(fd, 0).user_bytes < most / 4);
	for (again = 0; again < nr; again++)
		STEP(5, !alloc_object(fd, made.handle, &objects[again]));
	STEP(6, !free_many_by_rcu(fd, objects, nr));
	STEP(7, !rcu_barrier(fd, 0) && !shrink_cache(fd, made.handle, &slabs));
	STEP(8, info_of(fd, 0).user_bytes == 0);
	STEP(9, !free_handle(fd, made.handle));
	return 0;
}

TEST_F(device, objects_freed_by_RCU_count_for_the_quota)
{
	set_shares("50%", "1%");
	EXPECT_EQ(as_nobody(wait_within_quota, self->fd), 0);
	set_shares("50%", "25%");
}

/* Allocates until the quota refuses. Returns the number of objects, or 0 if something else did. */
static uint32_t fill_quota(int fd, uint32_t cache, uint32_t *objects, uint32_t most)
{
	uint32_t nr;
	int error = 0;

	for (nr = 0; nr < most; nr++) {
		error = alloc_object(fd, cache, &objects[nr]);
		if (error)
			break;
	}
	return error == EDQUOT ? nr : 0;
}

/*
 * What the cache itself waits for helps its next request, and what another cache waits for does
 * once that is shrunk.
 */
static int get_back_what_waits(int fd, uint32_t flags)
{
	static uint32_t objects[4096];
	struct rsv_ioc_cache_create made, other;
	uint32_t slabs, nr, object;

	STEP(1, !create_cache_with(fd, 0, "waits", 2000, RSV_ENGINE_SLUB | flags, &made));
	STEP(2, !create_cache_with(fd, 0, "other", 2000, RSV_ENGINE_SLUB | flags, &other));
	nr = fill_quota(fd, made.handle, objects, ARRAY_SIZE(objects));
	STEP(3, nr > 100);
	STEP(4, alloc_object(fd, other.handle, &object) == EDQUOT);
	STEP(5, !free_many_by_rcu(fd, objects, nr));
	STEP(6, !alloc_many(fd, made.handle, objects, nr));
	STEP(7, !free_many_by_rcu(fd, objects, nr));
	STEP(8, !shrink_cache(fd, made.handle, &slabs));
	STEP(9, info_of(fd, 0).user_bytes == 0);
	STEP(10, !alloc_many(fd, other.handle, objects, nr));
	STEP(11, !free_many_by_rcu(fd, objects, nr));
	STEP(12, !free_handle(fd, made.handle) && !free_handle(fd, other.handle));
	return 0;
}

static int get_back_with_magazines(int fd)
{
	return get_back_what_waits(fd, 0);
}

static int get_back_without_magazines(int fd)
{
	return get_back_what_waits(fd, RSV_NO_MAGAZINE);
}

TEST_F(device, a_refused_program_gets_back_what_waits)
{
	set_shares("50%", "1%");
	EXPECT_EQ(as_nobody(get_back_with_magazines, self->fd), 0);
	EXPECT_EQ(as_nobody(get_back_without_magazines, self->fd), 0);
	set_shares("50%", "25%");
}

/*
 * The blocks of free objects of a typesafe cache are charged, too, until the cache is shrunk.
 * Nobody else can have them.
 */
static int charged_for_free_blocks(int fd)
{
	struct rsv_ioc_cache_create made;
	uint32_t objects[NR_BY_RCU], slabs;
	uint64_t bytes;
	int i;

	STEP(1, !create_cache_with(fd, 0, "blocks", 1000,
				   RSV_ENGINE_SLOB | RSV_TYPESAFE_BY_RCU | RSV_NO_MAGAZINE,
				   &made));
	STEP(2, !alloc_many(fd, made.handle, objects, NR_BY_RCU));
	bytes = info_of(fd, 0).user_bytes;
	STEP(3, bytes >= NR_BY_RCU * 1000);
	for (i = 0; i < NR_BY_RCU; i++)
		STEP(4, !free_handle(fd, objects[i]));
	STEP(5, info_of(fd, 0).user_bytes == bytes);
	STEP(6, !shrink_cache(fd, made.handle, &slabs));
	STEP(7, info_of(fd, 0).user_bytes == 0);
	STEP(8, !free_handle(fd, made.handle));
	return 0;
}

TEST_F(device, free_blocks_of_a_typesafe_cache_are_charged)
{
	EXPECT_EQ(as_nobody(charged_for_free_blocks, self->fd), 0);
}

/*
 * In the heap each block is charged by itself. A grace period may end at any time, so what still
 * waits after a look at the charge waited then, too.
 */
static int charged_while_waiting(int fd)
{
	const uint32_t flags = RSV_ENGINE_SLOB | RSV_NO_MAGAZINE;
	struct rsv_ioc_cache_create made;
	struct rsv_ioc_cache cache;
	uint64_t bytes, waiting;
	uint32_t object;
	int tries;

	STEP(1, !create_cache_with(fd, 0, "charged", 2000, flags, &made));
	for (tries = 0; tries < 100; tries++) {
		STEP(2, !alloc_object(fd, made.handle, &object));
		bytes = info_of(fd, 0).user_bytes;
		STEP(3, bytes > 0 && !free_by_rcu(fd, object));
		waiting = info_of(fd, 0).user_bytes;
		STEP(4, !query_cache(fd, 0, made.id, &cache));
		STEP(5, !cache.rcu_waiting || waiting == bytes);
		if (cache.rcu_waiting)
			break;
		STEP(6, !rcu_barrier(fd, 0));
	}
	STEP(7, tries < 100 && !rcu_barrier(fd, 0));
	STEP(8, info_of(fd, 0).user_bytes == 0);
	STEP(9, !free_handle(fd, made.handle));
	return 0;
}

TEST_F(device, an_object_that_waits_is_charged)
{
	EXPECT_EQ(as_nobody(charged_while_waiting, self->fd), 0);
}

/* Returns 0 or an error number. */
static int alloc_and_read(int fd, uint32_t cache, struct rsv_ioc_object_alloc *got,
			  struct rsv_constructed *o)
{
	*got = (struct rsv_ioc_object_alloc){.size = sizeof(*got), .cache = cache};
	return call(fd, RSV_IOC_OBJECT_ALLOC, got) ?:
	       object_io(fd, RSV_IOC_OBJECT_READ, got->handle, 0, sizeof(*o), o);
}

/*
 * What readers under RCU rely on: until its slab goes, a freed object keeps its bytes, and the
 * constructor runs once. The pages of a slab that went are constructed again.
 */
TEST_F(device, a_typesafe_object_is_of_its_cache_until_its_slab_goes)
{
	struct rsv_constructed first, next;
	struct rsv_ioc_object_alloc one, other;
	struct rsv_ioc_cache_create made;
	struct rsv_ioc_cache cache;
	uint32_t region, slabs;
	size_t e, m;

	ASSERT_EQ(pin_to_cpu(), 0);
	for (e = 0; e < ARRAY_SIZE(engines); e++) {
		for (m = 0; m < 2; m++) {
			ASSERT_EQ(create_scratch(self->fd, MB(1), &region), 0);
			ASSERT_EQ(create_constructed(self->fd, region,
						     engines[e].flag | RSV_TYPESAFE_BY_RCU |
							     (m ? RSV_NO_MAGAZINE : 0),
						     &made),
				  0);
			ASSERT_EQ(query_cache(self->fd, region, made.id, &cache), 0);
			EXPECT_TRUE(cache.cache_flags & RSV_TYPESAFE_BY_RCU);
			ASSERT_EQ(alloc_and_read(self->fd, made.handle, &one, &first), 0);
			ASSERT_EQ(object_io(self->fd, RSV_IOC_OBJECT_WRITE, one.handle, 8, 4,
					    "kept"),
				  0);
			ASSERT_EQ(free_handle(self->fd, one.handle), 0);
			ASSERT_EQ(alloc_and_read(self->fd, made.handle, &other, &next), 0);
			EXPECT_EQ(other.offset, one.offset);
			EXPECT_EQ(next.serial, first.serial);
			EXPECT_EQ(memcmp(next.state, "kept", 4), 0);
			ASSERT_EQ(free_handle(self->fd, other.handle), 0);
			ASSERT_EQ(shrink_cache(self->fd, made.handle, &slabs), 0);
			ASSERT_EQ(alloc_and_read(self->fd, made.handle, &one, &next), 0);
			EXPECT_GT(next.serial, first.serial) TH_LOG("%s", engines[e].name);
			EXPECT_TRUE(all_bytes(next.state, 0, sizeof(next.state)));
			ASSERT_EQ(free_handle(self->fd, one.handle), 0);
			ASSERT_EQ(free_handle(self->fd, made.handle), 0);
			ASSERT_EQ(free_handle(self->fd, region), 0);
		}
	}
}
