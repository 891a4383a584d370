// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations on a scratch region, compared with a model of its contents.
 */

#define RANDOM_STEPS 3000
#define RANDOM_ITEMS 48
#define OBJECT_BYTES 600

/* A buffer if it has bytes, else an object if it has a handle, else unused */
struct item {
	uint32_t handle;
	uint64_t bytes;
	uint8_t *mapped;
	uint8_t mark;
};

struct model {
	int fd;
	uint32_t region;
	uint64_t region_bytes;
	struct rsv_ioc_cache_create cache;
	struct item items[RANDOM_ITEMS];
	unsigned int seed;
};

static bool alloc_random_buffer(struct model *m, struct item *t)
{
	struct rsv_ioc_buffer_alloc block;
	int error = alloc_block(m->fd, m->region, 1 + rand_r(&m->seed) % KB(64), &block);

	if (error)
		return error == ENOMEM;
	t->mapped = map_block(m->fd, &block);
	if (t->mapped == MAP_FAILED || !all_bytes(t->mapped, 0, block.bytes))
		return false;
	memset(t->mapped, t->mark, block.bytes);
	t->handle = block.handle;
	t->bytes = block.bytes;
	return true;
}

static bool alloc_random_object(struct model *m, struct item *t)
{
	uint8_t bytes[OBJECT_BYTES];
	uint32_t handle;
	int error = alloc_object(m->fd, m->cache.handle, &handle);

	if (error)
		return error == ENOMEM;
	t->handle = handle;
	t->bytes = 0;
	if (object_io(m->fd, RSV_IOC_OBJECT_READ, handle, 0, sizeof(bytes), bytes) ||
	    !all_bytes(bytes, 0, sizeof(bytes)))
		return false;
	memset(bytes, t->mark, sizeof(bytes));
	return !object_io(m->fd, RSV_IOC_OBJECT_WRITE, handle, 0, sizeof(bytes), bytes);
}

static bool is_intact(struct model *m, const struct item *t)
{
	uint8_t bytes[OBJECT_BYTES];

	if (t->bytes)
		return all_bytes(t->mapped, t->mark, t->bytes);
	return !object_io(m->fd, RSV_IOC_OBJECT_READ, t->handle, 0, sizeof(bytes), bytes) &&
	       all_bytes(bytes, t->mark, sizeof(bytes));
}

static bool free_item(struct model *m, struct item *t)
{
	bool intact = is_intact(m, t);

	if (t->bytes && munmap(t->mapped, t->bytes))
		return false;
	if (free_handle(m->fd, t->handle))
		return false;
	t->handle = 0;
	return intact;
}

static bool random_step(struct model *m)
{
	struct item *t = &m->items[rand_r(&m->seed) % RANDOM_ITEMS];

	if (t->handle)
		return free_item(m, t);
	t->mark = 1 + rand_r(&m->seed) % 255;
	return rand_r(&m->seed) % 2 ? alloc_random_buffer(m, t) : alloc_random_object(m, t);
}

/* Every byte of the region is free, cached, in a slab, or in a block of the model. */
static bool every_byte_is_accounted_for(struct model *m)
{
	struct rsv_ioc_info info = INFO(m->region);
	uint64_t in_blocks = 0;
	int i;

	for (i = 0; i < RANDOM_ITEMS; i++)
		if (m->items[i].handle)
			in_blocks += m->items[i].bytes;
	return !call(m->fd, RSV_IOC_INFO, &info) &&
	       info.free_bytes + info.cached_bytes + info.slab_bytes + in_blocks ==
		       m->region_bytes;
}

static unsigned int chosen_seed(void)
{
	const char *text = getenv("RSV_SEED");

	return text ? strtoul(text, NULL, 0) : (unsigned int)time(NULL);
}

TEST_F_TIMEOUT(device, random_operations_keep_every_byte_and_lose_none, 240)
{
	struct model m = {.fd = self->fd, .region_bytes = KB(512), .seed = chosen_seed()};
	struct rsv_ioc_buffer_alloc whole;
	struct rsv_ioc_zone before, after;
	int step, i;

	ksft_print_msg("RSV_SEED=%u repeats this run\n", m.seed);
	ASSERT_EQ(create_scratch(self->fd, m.region_bytes, &m.region), 0);
	before = after = (struct rsv_ioc_zone)ZONE(m.region, 0);
	ASSERT_EQ(call(self->fd, RSV_IOC_ZONE, &before), 0);
	ASSERT_EQ(create_cache(self->fd, m.region, "random", OBJECT_BYTES, &m.cache), 0);
	for (step = 0; step < RANDOM_STEPS; step++) {
		ASSERT_TRUE(random_step(&m)) TH_LOG("step %d", step);
		ASSERT_TRUE(every_byte_is_accounted_for(&m)) TH_LOG("step %d", step);
	}
	for (i = 0; i < RANDOM_ITEMS; i++)
		if (m.items[i].handle) {
			ASSERT_TRUE(free_item(&m, &m.items[i]));
		}
	ASSERT_EQ(free_handle(self->fd, m.cache.handle), 0);
	/* A request for the whole region also shrinks the caches of magazines. */
	ASSERT_EQ(alloc_block(self->fd, m.region, m.region_bytes, &whole), 0);
	ASSERT_EQ(free_handle(self->fd, whole.handle), 0);
	ASSERT_EQ(call(self->fd, RSV_IOC_ZONE, &after), 0);
	EXPECT_EQ(memcmp(after.free, before.free, sizeof(after.free)), 0)
		TH_LOG("not all has coalesced");
}
