// SPDX-License-Identifier: GPL-2.0
/*
 * Files in formats of the kernel's. They must have what existing readers look for, and agree with
 * the queries. The readers here are tried on the kernel's own files too, which shows that they
 * know the format.
 */

#define DEBUGFS "/sys/kernel/debug/reservoir/"

/* debugfs may be switched off. */
static bool has_debugfs(void)
{
	return !access(DEBUGFS "stats", F_OK);
}

/*
 * One line of slabinfo: eight conversions, as slabtop (procps) reads it, and then its end, since
 * Prometheus' node exporter refuses a line that has more than 16 words.
 */
struct slab_line {
	char name[129];
	unsigned int active_objects, objects, object_size, per_slab, pages, active_slabs, slabs;
};

static bool read_slab_line(const char *line, struct slab_line *s)
{
	int end = 0;

	return sscanf(line, "%128s %u %u %u %u %u : tunables %*u %*u %*u : slabdata %u %u %*u%n",
		      s->name, &s->active_objects, &s->objects, &s->object_size, &s->per_slab,
		      &s->pages, &s->active_slabs, &s->slabs, &end) == 8 &&
	       !strcmp(line + end, "\n");
}

/*
 * Returns the number of lines of a slabinfo, or -1 if a line or the version is malformed. The only
 * comment that the node exporter skips is the heading.
 */
static int read_slabinfo(const char *path, const char *name, struct slab_line *found)
{
	FILE *file = fopen(path, "r");
	struct slab_line line;
	unsigned int minor;
	char text[2048];
	int nr = 0;

	if (!file)
		return -1;
	if (!fgets(text, sizeof(text), file) ||
	    sscanf(text, "slabinfo - version: 2.%u", &minor) != 1 || minor != 1)
		nr = -1;
	while (nr >= 0 && fgets(text, sizeof(text), file)) {
		if (!strncmp(text, "# name ", 7))
			continue;
		nr = read_slab_line(text, &line) ? nr + 1 : -1;
		if (nr > 0 && !strcmp(line.name, name))
			*found = line;
	}
	fclose(file);
	return nr;
}

TEST_F(device, slabinfo_is_read_as_the_kernels_own)
{
	struct slab_line line = {.name = ""};
	struct rsv_ioc_info info = INFO(0);
	struct rsv_ioc_cache_create made;
	struct rsv_ioc_cache cache;
	uint32_t object;
	int i;

	if (!has_debugfs())
		SKIP(return, "no debugfs");
	ASSERT_EQ(create_cache_with(self->fd, 0, "read-by-others", 200,
				    RSV_ENGINE_SLAB | RSV_NO_MAGAZINE, &made),
		  0);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(alloc_object(self->fd, made.handle, &object), 0);
	}
	EXPECT_GT(read_slabinfo("/proc/slabinfo", "", &line), 0)
		TH_LOG("the reader cannot read the kernel's file");
	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
	EXPECT_EQ(read_slabinfo(DEBUGFS "slabinfo", "user:read-by-others", &line), info.nr_caches);
	ASSERT_EQ(query_cache(self->fd, 0, made.id, &cache), 0);
	EXPECT_EQ(line.active_objects, 100);
	EXPECT_EQ(line.objects, cache.total_objects);
	EXPECT_EQ(line.object_size, cache.stride);
	EXPECT_EQ(line.per_slab, cache.slab_objects);
	EXPECT_EQ(line.pages, cache.slab_pages);
	EXPECT_EQ(line.active_slabs, cache.full_slabs + cache.partial_slabs);
	EXPECT_EQ(line.slabs, cache.full_slabs + cache.partial_slabs + cache.empty_slabs);
}

/* Returns the first line of a file that has this beginning, or an empty string. */
static const char *line_of(const char *path, const char *beginning)
{
	static char text[2048];
	FILE *file = fopen(path, "r");
	bool found = false;

	while (file && !found && fgets(text, sizeof(text), file))
		found = !strncmp(text, beginning, strlen(beginning));
	if (file)
		fclose(file);
	return found ? text : "";
}

TEST_F(device, stats_name_the_engine)
{
	struct rsv_ioc_cache_create made;
	size_t e;

	if (!has_debugfs())
		SKIP(return, "no debugfs");
	for (e = 0; e < ARRAY_SIZE(engines); e++) {
		char name[RSV_NAME_MAX], path[256];

		snprintf(name, sizeof(name), "user:engine-of-%s", engines[e].name);
		ASSERT_EQ(create_cache_with(self->fd, 0, name + strlen("user:"), 64,
					    engines[e].flag, &made),
			  0);
		snprintf(path, sizeof(path), DEBUGFS "caches/%s/stats", name);
		snprintf(name, sizeof(name), "engine %s\n", engines[e].name);
		EXPECT_STREQ(line_of(path, "engine "), name);
	}
}

/* Reads a line of buddyinfo. Returns the number of orders, or -1 if the line is malformed. */
static int read_buddy_line(const char *line, char zone[32], unsigned long free[RSV_ORDERS_MAX])
{
	int node, length, nr = 0;

	if (sscanf(line, "Node %d, zone %31s%n", &node, zone, &length) != 2)
		return -1;
	for (line += length; sscanf(line, " %lu%n", &free[nr], &length) == 1; line += length)
		if (++nr == RSV_ORDERS_MAX)
			break;
	return strspn(line, " \n") == strlen(line) ? nr : -1;
}

/* Returns the free pages of all zones of a buddyinfo, or -1 if it is malformed. */
static int64_t read_buddyinfo(const char *path, int *lines)
{
	unsigned long free[RSV_ORDERS_MAX];
	FILE *file = fopen(path, "r");
	int64_t pages = 0;
	int orders = 0, nr, order;
	char text[2048], zone[32];

	*lines = 0;
	while (file && pages >= 0 && fgets(text, sizeof(text), file)) {
		nr = read_buddy_line(text, zone, free);
		if (nr <= 0 || (*lines && nr != orders))
			pages = -1;
		for (order = 0; pages >= 0 && order < nr; order++)
			pages += (int64_t)free[order] << order;
		orders = nr;
		++*lines;
	}
	if (file)
		fclose(file);
	return *lines ? pages : -1;
}

TEST_F(device, buddyinfo_is_read_as_the_kernels_own)
{
	struct rsv_ioc_info info = INFO(0);
	int lines;

	if (!has_debugfs())
		SKIP(return, "no debugfs");
	EXPECT_GT(read_buddyinfo("/proc/buddyinfo", &lines), 0)
		TH_LOG("the reader cannot read the kernel's file");
	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
	EXPECT_EQ(read_buddyinfo(DEBUGFS "buddyinfo", &lines) * info.page_size, info.free_bytes);
	EXPECT_EQ(lines, info.nr_zones);
}

TEST_F(device, slabs_are_listed_one_a_line)
{
	unsigned int pages, objects, out, carved, nr = 0, all = 0;
	struct rsv_ioc_cache_create made;
	struct rsv_ioc_cache cache;
	unsigned long long offset, last = 0;
	char text[256], list[16];
	uint32_t object;
	FILE *file;
	int i;

	if (!has_debugfs())
		SKIP(return, "no debugfs");
	ASSERT_EQ(create_cache_with(self->fd, 0, "listed", 700, RSV_ENGINE_SLAB | RSV_NO_MAGAZINE,
				    &made),
		  0);
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(alloc_object(self->fd, made.handle, &object), 0);
	}
	ASSERT_EQ(query_cache(self->fd, 0, made.id, &cache), 0);
	file = fopen(DEBUGFS "caches/user:listed/slabs", "r");
	ASSERT_NE(file, NULL);
	ASSERT_NE(fgets(text, sizeof(text), file), NULL);
	EXPECT_STREQ(text, "# offset pages objects out carved list\n");
	while (fgets(text, sizeof(text), file)) {
		ASSERT_EQ(sscanf(text, "0x%llx %u %u %u %u %15s", &offset, &pages, &objects, &out,
				 &carved, list),
			  6);
		EXPECT_TRUE(!nr || offset > last) TH_LOG("%s", text);
		EXPECT_EQ(pages, cache.slab_pages);
		EXPECT_EQ(objects, cache.slab_objects);
		EXPECT_LE(carved, objects);
		EXPECT_LE(out, carved);
		EXPECT_EQ(!strcmp(list, "full"), out == objects);
		all += out;
		last = offset;
		nr++;
	}
	fclose(file);
	EXPECT_EQ(nr, cache.full_slabs + cache.partial_slabs + cache.empty_slabs);
	EXPECT_EQ(all, 100);
}
