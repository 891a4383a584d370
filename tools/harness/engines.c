// SPDX-License-Identifier: GPL-2.0
/*
 * Engines, magazines, checks and constructors, as far as a program can observe them.
 */

static const struct {
	const char *name;
	uint32_t flag;
} engines[] = {
	{"slab", RSV_ENGINE_SLAB},
	{"slub", RSV_ENGINE_SLUB},
	{"slob", RSV_ENGINE_SLOB},
};

/* No checks, each check, and all of them; magazines and no magazines */
static const uint32_t flag_sets[] = {
	0,
	RSV_NO_MAGAZINE,
	RSV_HWCACHE_ALIGN,
	RSV_RED_ZONE,
	RSV_POISON,
	RSV_STORE_USER,
	RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER,
	RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER | RSV_NO_MAGAZINE | RSV_HWCACHE_ALIGN,
};

#define CHECKS (RSV_RED_ZONE | RSV_POISON | RSV_STORE_USER)

#define NR_SERVED 100

/*
 * Allocates objects, which must be zeroed, and fills each with a byte of its own. Returns 0 or an
 * error number.
 */
static int fill_objects(int fd, uint32_t cache, uint32_t size, uint32_t *objects, size_t first,
			size_t step)
{
	uint8_t bytes[8192];
	size_t i;
	int error;

	for (i = first; i < NR_SERVED; i += step) {
		error = alloc_object(fd, cache, &objects[i]);
		if (!error)
			error = object_io(fd, RSV_IOC_OBJECT_READ, objects[i], 0, size, bytes);
		if (!error && !all_bytes(bytes, 0, size))
			error = EBADMSG;
		memset(bytes, i + 1, size);
		if (!error)
			error = object_io(fd, RSV_IOC_OBJECT_WRITE, objects[i], 0, size, bytes);
		if (error)
			return error;
	}
	return 0;
}

/* Frees objects, which must still have their bytes. Returns 0 or an error number. */
static int free_filled(int fd, uint32_t size, const uint32_t *objects, size_t first, size_t step)
{
	uint8_t bytes[8192];
	size_t i;
	int error;

	for (i = first; i < NR_SERVED; i += step) {
		error = object_io(fd, RSV_IOC_OBJECT_READ, objects[i], 0, size, bytes);
		if (!error && !all_bytes(bytes, i + 1, size))
			error = EBADMSG;
		if (!error)
			error = free_handle(fd, objects[i]);
		if (error)
			return error;
	}
	return 0;
}

static int serve(int fd, uint32_t cache, uint32_t size)
{
	uint32_t objects[NR_SERVED];
	int error = fill_objects(fd, cache, size, objects, 0, 1);

	if (!error)
		error = free_filled(fd, size, objects, 1, 2);
	if (!error)
		error = fill_objects(fd, cache, size, objects, 1, 2);
	return error ? error : free_filled(fd, size, objects, 0, 1);
}

TEST_F_TIMEOUT(device, every_engine_serves_with_every_set_of_flags, 120)
{
	static const uint32_t sizes[] = {1, 24, 200, 1000, 5000};
	struct rsv_ioc_cache_create made;
	struct rsv_ioc_cache cache;
	size_t e, m, s;

	for (e = 0; e < ARRAY_SIZE(engines); e++)
		for (m = 0; m < ARRAY_SIZE(flag_sets); m++)
			for (s = 0; s < ARRAY_SIZE(sizes); s++) {
				uint32_t flags = engines[e].flag | flag_sets[m];

				ASSERT_EQ(create_cache_with(self->fd, 0, "served", sizes[s], flags,
							    &made),
					  0);
				EXPECT_EQ(serve(self->fd, made.handle, sizes[s]), 0)
					TH_LOG("%s, flags 0x%x, %u bytes", engines[e].name, flags,
				       sizes[s]);
				ASSERT_EQ(query_cache(self->fd, 0, made.id, &cache), 0);
				EXPECT_STREQ(cache.engine, engines[e].name);
				EXPECT_EQ(cache.cache_flags, flags);
				EXPECT_EQ(cache.object_size, sizes[s]);
				EXPECT_EQ(cache.active_objects, 0);
				EXPECT_EQ(cache.allocs, NR_SERVED * 3 / 2);
				EXPECT_EQ(cache.frees, NR_SERVED * 3 / 2);
				EXPECT_EQ(cache.guaranteed_objects, 0);
				EXPECT_EQ(cache.magazine_rounds > 0,
					  !(flag_sets[m] & (RSV_NO_MAGAZINE | CHECKS)));
				ASSERT_EQ(free_handle(self->fd, made.handle), 0);
			}
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
}

TEST_F(device, a_cache_without_an_engine_has_the_default_one)
{
	struct rsv_ioc_info info = INFO(0);
	struct rsv_ioc_cache_create made;
	struct rsv_ioc_cache cache;

	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
	ASSERT_EQ(create_cache(self->fd, 0, "default", 64, &made), 0);
	ASSERT_EQ(query_cache(self->fd, 0, made.id, &cache), 0);
	EXPECT_STREQ(cache.engine, info.engine);
	EXPECT_NE(info.engine[0], '\0');
	EXPECT_NE(info.classes[0], '\0');
}

TEST_F(device, size_classes_are_marked_and_no_others)
{
	struct rsv_ioc_cache_create made;
	uint32_t id, last = 0, nr = 0;
	struct rsv_ioc_cache cache;

	ASSERT_EQ(create_cache(self->fd, 0, "kmalloc-not", 64, &made), 0);
	for (id = 0; !query_cache(self->fd, 0, id, &cache); id = cache.id + 1) {
		EXPECT_EQ(!!(cache.cache_flags & RSV_SIZE_CLASS),
			  !strncmp(cache.name, "kmalloc-", 8) && cache.id != made.id);
		if (!(cache.cache_flags & RSV_SIZE_CLASS)) {
			EXPECT_EQ(cache.least_request, 0);
			continue;
		}
		/* 0: whole pages serve, where a slab of several pages would have one object. */
		if (cache.least_request || cache.slab_objects > 1)
			EXPECT_GT(cache.least_request, last);
		EXPECT_LE(cache.least_request, cache.object_size);
		EXPECT_GT(cache.object_size, last);
		last = cache.object_size;
		nr++;
	}
	EXPECT_GT(nr, 8);
	EXPECT_GE(last, 8192);
}

/* Magazines belong to a CPU, so the test must not move to another one. */
static int pin_to_cpu(void)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	return sched_setaffinity(0, sizeof(here), &here);
}

TEST_F(device, magazines_are_exchanged_with_the_depot)
{
	uint32_t objects[500], region, round, slabs;
	struct rsv_ioc_cache_create made;
	struct rsv_ioc_cache cache;
	size_t i;

	ASSERT_EQ(pin_to_cpu(), 0);
	ASSERT_EQ(create_scratch(self->fd, MB(1), &region), 0);
	ASSERT_EQ(create_cache_with(self->fd, region, "magazines", 256, RSV_ENGINE_SLUB, &made), 0);
	for (round = 0; round < 2; round++) {
		for (i = 0; i < ARRAY_SIZE(objects); i++) {
			ASSERT_EQ(alloc_object(self->fd, made.handle, &objects[i]), 0);
		}
		for (i = 0; i < ARRAY_SIZE(objects); i++) {
			ASSERT_EQ(free_handle(self->fd, objects[i]), 0);
		}
	}
	ASSERT_EQ(query_cache(self->fd, region, made.id, &cache), 0);
	EXPECT_EQ(cache.active_objects, 0);
	EXPECT_GT(cache.depot_full, 0);
	EXPECT_GE(cache.exchanges, 2 * cache.depot_full);
	EXPECT_LE(cache.depot_full, ARRAY_SIZE(objects) / cache.magazine_rounds);
	EXPECT_EQ(cache.slabs_made,
		  (ARRAY_SIZE(objects) + cache.slab_objects - 1) / cache.slab_objects);
	EXPECT_EQ(cache.empty_slabs, 0);

	ASSERT_EQ(shrink_cache(self->fd, made.handle, &slabs), 0);
	EXPECT_EQ(slabs, cache.slabs_made);
	ASSERT_EQ(query_cache(self->fd, region, made.id, &cache), 0);
	EXPECT_EQ(cache.depot_full, 0);
	EXPECT_EQ(cache.total_objects, 0);
	EXPECT_EQ(cache.slabs_given, cache.slabs_made);
}

TEST_F(device, a_cache_is_shrunk_as_far_as_it_is_not_used)
{
	struct rsv_ioc_cache_create made;
	uint32_t object, slabs, region;
	struct rsv_ioc_cache cache;
	size_t e;

	for (e = 0; e < ARRAY_SIZE(engines); e++) {
		ASSERT_EQ(create_cache_with(self->fd, 0, "shrunk", 3000, engines[e].flag, &made),
			  0);
		ASSERT_EQ(shrink_cache(self->fd, made.handle, &slabs), 0);
		EXPECT_EQ(slabs, 0);
		ASSERT_EQ(alloc_object(self->fd, made.handle, &object), 0);
		ASSERT_EQ(object_io(self->fd, RSV_IOC_OBJECT_WRITE, object, 0, 4, "used"), 0);
		ASSERT_EQ(shrink_cache(self->fd, made.handle, &slabs), 0);
		ASSERT_EQ(query_cache(self->fd, 0, made.id, &cache), 0);
		EXPECT_EQ(cache.active_objects, 1);
		EXPECT_GE(cache.total_objects, 1);
		ASSERT_EQ(free_handle(self->fd, object), 0);
		ASSERT_EQ(shrink_cache(self->fd, made.handle, &slabs), 0);
		ASSERT_EQ(query_cache(self->fd, 0, made.id, &cache), 0);
		EXPECT_EQ(cache.total_objects, 0) TH_LOG("%s", engines[e].name);
		ASSERT_EQ(free_handle(self->fd, made.handle), 0);
	}
	ASSERT_EQ(create_scratch(self->fd, KB(64), &region), 0);
	EXPECT_EQ(shrink_cache(self->fd, region, &slabs), EINVAL);
	EXPECT_EQ(shrink_cache(self->fd, 0, &slabs), ENOENT);
	EXPECT_EQ(shrink_cache(self->fd, 77, &slabs), ENOENT);
}

#define NR_CONSTRUCTED 40
#define ROUNDS	       4

/* The serial numbers of the objects so far, in the order of their first allocation */
struct serials {
	uint64_t serials[NR_CONSTRUCTED * ROUNDS];
	unsigned int nr;
};

static bool seen_before(struct serials *seen, uint64_t serial)
{
	unsigned int i;

	for (i = 0; i < seen->nr; i++)
		if (seen->serials[i] == serial)
			return true;
	seen->serials[seen->nr++] = serial;
	return false;
}

/*
 * Allocates objects and returns how many are in a wrong state: an object that was allocated
 * before must be as it was freed, any other as it was constructed. The test does not expect
 * certain objects, since objects of another node's memory are flushed to their slabs first.
 */
static unsigned int alloc_constructed(int fd, uint32_t cache, uint32_t *objects,
				      struct serials *seen, uint8_t left)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < NR_CONSTRUCTED; i++) {
		struct rsv_constructed o = {0};
		bool before;

		if (alloc_object(fd, cache, &objects[i]) ||
		    object_io(fd, RSV_IOC_OBJECT_READ, objects[i], 0, sizeof(o), &o))
			return UINT32_MAX;
		before = seen_before(seen, o.serial);
		wrong += !o.serial || !all_bytes(o.state, before ? left : 0, sizeof(o.state));
	}
	return wrong;
}

/* Writes this state to all objects and frees them. */
static int free_constructed(int fd, const uint32_t *objects, uint8_t state)
{
	struct rsv_constructed o;
	unsigned int i;

	memset(o.state, state, sizeof(o.state));
	for (i = 0; i < NR_CONSTRUCTED; i++)
		if (object_io(fd, RSV_IOC_OBJECT_WRITE, objects[i],
			      offsetof(struct rsv_constructed, state), sizeof(o.state), o.state) ||
		    free_handle(fd, objects[i]))
			return -1;
	return 0;
}

TEST_F_TIMEOUT(device, a_constructor_runs_once_and_objects_keep_their_state, 60)
{
	struct rsv_ioc_cache_create made;
	uint32_t objects[NR_CONSTRUCTED];
	size_t e, m;
	uint32_t region;
	int round;

	ASSERT_EQ(pin_to_cpu(), 0);
	ASSERT_EQ(create_scratch(self->fd, MB(1), &region), 0);
	for (e = 0; e < ARRAY_SIZE(engines); e++)
		for (m = 0; m < ARRAY_SIZE(flag_sets); m++) {
			uint32_t flags = engines[e].flag | flag_sets[m];
			struct serials seen = {.nr = 0};

			ASSERT_EQ(create_constructed(self->fd, region, flags, &made), 0);
			for (round = 0; round < ROUNDS; round++) {
				EXPECT_EQ(alloc_constructed(self->fd, made.handle, objects, &seen,
							    round),
					  0)
					TH_LOG("%s, flags 0x%x, round %d", engines[e].name, flags, round);
				ASSERT_EQ(free_constructed(self->fd, objects, round + 1), 0);
			}
			EXPECT_LE(seen.nr, 2 * NR_CONSTRUCTED)
				TH_LOG("%s, flags 0x%x", engines[e].name, flags);
			ASSERT_EQ(free_handle(self->fd, made.handle), 0);
		}
}

/*
 * Objects with a constructor are not zeroed, and yet must not show what others wrote to the
 * memory.
 */
TEST_F(device, a_constructor_leaves_nothing_of_others)
{
	struct rsv_ioc_cache_create made;
	struct rsv_ioc_buffer_alloc block;
	uint32_t objects[NR_CONSTRUCTED], region;
	uint8_t *bytes;
	size_t e;

	for (e = 0; e < ARRAY_SIZE(engines); e++) {
		struct serials seen = {.nr = 0};

		ASSERT_EQ(create_scratch(self->fd, KB(64), &region), 0);
		ASSERT_EQ(alloc_block(self->fd, region, KB(64), &block), 0);
		bytes = map_block(self->fd, &block);
		ASSERT_NE(bytes, MAP_FAILED);
		memset(bytes, 0xee, block.bytes);
		ASSERT_EQ(munmap(bytes, block.bytes), 0);
		ASSERT_EQ(free_handle(self->fd, block.handle), 0);
		ASSERT_TRUE(free_bytes_become(self->fd, region, KB(64)));
		ASSERT_EQ(create_constructed(self->fd, region, engines[e].flag, &made), 0);
		EXPECT_EQ(alloc_constructed(self->fd, made.handle, objects, &seen, 0), 0)
			TH_LOG("%s", engines[e].name);
		EXPECT_EQ(seen.nr, NR_CONSTRUCTED);
	}
}

/* Whether the kernel's log has a text */
static bool log_says(const char *text)
{
	static char log[1 << 20];
	int bytes = klogctl(3, log, sizeof(log) - 1);

	/* A log that cannot be read says anything. */
	if (bytes <= 0)
		return true;
	log[bytes] = '\0';
	return strstr(log, text);
}

/* The program did not ask that such an object be zeroed, so it does not hear that it cannot be. */
TEST_F(device, an_object_with_a_constructor_is_no_warning)
{
	struct rsv_ioc_cache_create made;
	uint32_t object;

	ASSERT_EQ(create_constructed(self->fd, 0, 0, &made), 0);
	ASSERT_EQ(alloc_object(self->fd, made.handle, &object), 0);
	EXPECT_FALSE(log_says("__GFP_ZERO has no effect on objects of cache user:constructed"));
}
