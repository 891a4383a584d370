// SPDX-License-Identifier: GPL-2.0
/*
 * The command: its exit statuses, and what it prints.
 */

#define OUTPUT_MAX (1 << 20)

/*
 * The exact output of `reservoir textbook`. It is in the program, since the machine that runs the
 * program does not have the sources.
 */
__asm__(".pushsection .rodata\n"
	"textbook_expected: .incbin \"" TEXTBOOK "\"\n"
	"textbook_expected_end:\n"
	".popsection\n");
extern const char textbook_expected[], textbook_expected_end[];

static char output[OUTPUT_MAX];

static const char *command_path(void)
{
	static char path[4096];
	ssize_t length;

	if (getenv("RESERVOIR"))
		return getenv("RESERVOIR");
	length = readlink("/proc/self/exe", path, sizeof(path) - sizeof("reservoir"));
	if (length < 0)
		return "reservoir";
	path[length] = '\0';
	strcpy(strrchr(path, '/') + 1, "reservoir");
	return path;
}

static void exec_command(int out, const char *device, char *const arguments[])
{
	setenv("RESERVOIR_DEVICE", device, 1);
	dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execv(command_path(), arguments);
	_exit(127);
}

/* Runs the command with up to four arguments. @output gets what it prints, as a string. */
static int run_arguments(const char *device, char **arguments)
{
	size_t length = 0;
	ssize_t got;
	int ends[2];
	pid_t child;

	if (pipe(ends))
		return -1;
	child = fork();
	if (!child)
		exec_command(ends[1], device, arguments);
	close(ends[1]);
	while ((got = read(ends[0], output + length, sizeof(output) - 1 - length)) > 0)
		length += got;
	close(ends[0]);
	output[length] = '\0';
	return wait_for_exit(child);
}

static int run_on(const char *device, const char *a, const char *b, const char *c, const char *d)
{
	char *arguments[] = {"reservoir", (char *)a, (char *)b, (char *)c, (char *)d, NULL};

	return run_arguments(device, arguments);
}

static int run(const char *a, const char *b, const char *c, const char *d)
{
	return run_on("/dev/reservoir", a, b, c, d);
}

static bool printed(const char *text)
{
	return strstr(output, text);
}

static bool printed_one_line(void)
{
	const char *end = strchr(output, '\n');

	return end && !end[1];
}

static const char *const subcommands[] = {"stat",  "buddy",  "slabs", "map",	       "alloc",
					  "cache", "region", "zones", "fragmentation", "textbook"};

TEST_F(device, the_command_explains_itself)
{
	size_t i;

	EXPECT_EQ(run("--help", NULL, NULL, NULL), 0);
	for (i = 0; i < ARRAY_SIZE(subcommands); i++) {
		EXPECT_TRUE(printed(subcommands[i]));
	}
	for (i = 0; i < ARRAY_SIZE(subcommands); i++) {
		EXPECT_EQ(run(subcommands[i], "--help", NULL, NULL), 0);
		EXPECT_TRUE(printed("Usage: reservoir ") && printed(subcommands[i]));
	}
	EXPECT_EQ(run("--version", NULL, NULL, NULL), 0);
	EXPECT_STREQ(output, "reservoir " RSV_VERSION "\n");
}

/* Up to four arguments, and what the message must quote */
static const char *const wrong[][5] = {
	{"nonsense", NULL, NULL, NULL, "nonsense"},
	{"stat", "--nonsense", NULL, NULL, "--nonsense"},
	{"stat", "extra", NULL, NULL, "extra"},
	{"alloc", NULL, NULL, NULL, "missing"},
	{"alloc", "21Q", NULL, NULL, "21Q"},
	{"alloc", "-1", NULL, NULL, "-1"},
	{"alloc", "0", NULL, NULL, "'0'"},
	{"alloc", "", NULL, NULL, "''"},
	{"alloc", "1KB", NULL, NULL, "1KB"},
	{"alloc", " 1", NULL, NULL, "' 1'"},
	{"alloc", "99999999999999999999", NULL, NULL, "99999999999999999999"},
	{"alloc", "99999999999999999G", NULL, NULL, "99999999999999999G"},
	{"alloc", "4K", "--hold", NULL, "--hold"},
	{"alloc", "4K", "--hold", "x", "'x'"},
	{"cache", "name", NULL, NULL, "missing"},
	{"cache", "name", "64", "--objects=0", "'0'"},
	{"cache", "01234567890123456789012345678901", "64", NULL, "longer"},
	{"cache", "name", "64", "--engine", "--engine"},
	{"cache", "name", "64", "--engine=slib", "slib"},
	{"cache", "name", "64", "--engine=", "''"},
	{"cache", "name", "64", "--poison=1", "--poison"},
	{"cache", "name", "64", "--red-zones", "--red-zones"},
	{"cache", "name", "15", "--by-rcu", "--by-rcu"},
	{"slabs", "--magazine=1", NULL, NULL, "--magazine"},
	{"slabs", "extra", NULL, NULL, "extra"},
	{"alloc", "4K", "--zone=normal", NULL, "normal"},
	{"alloc", "4K", "--node=x", NULL, "'x'"},
	{"alloc", "--exact", "--node=0", "4K", "--exact"},
	{"stat", "--region", NULL, NULL, "--region"},
	{"stat", "--region", "01234567890123456789012345678901", NULL, "longer"},
	{"region", NULL, NULL, NULL, "missing"},
	{"region", "nonsense", NULL, NULL, "nonsense"},
	{"region", "list", "extra", NULL, "extra"},
	{"region", "create", "name", NULL, "missing"},
	{"region", "create", "01234567890123456789012345678901", "4M", "longer"},
	{"region", "create", "name", "", "''"},
	{"region", "create", "name", "64X", "64X"},
	{"region", "create", "name", "4M,", "''"},
	{"region", "create", "name", "4M,,4M", "''"},
	{"region", "create", "name", "DMA:4M", "'DMA'"},
	{"region", "create", "name", "dma:", "''"},
	{"region", "create", "name", "dma32:4M:8M", "8M"},
	{"region", "create", "name", "dma32:4M:2M:1M", "2M:1M"},
	{"region", "create", "name", "4M:2M", "2M"},
	{"region", "create", "name", "contig:4M:2M", "2M"},
	{"region", "create", "name", "node/4M", "''"},
	{"region", "create", "name", "nodex/4M", "'x'"},
	{"region", "create", "name", "nod0/4M", "nod0"},
	{"region", "create", "name", "node0:4M", "node0"},
	{"region", "create", "name", "node9999/4M", "9999"},
	{"region", "grow", "name", "4M,4M", "4M,4M"},
	{"region", "shrink", "name", "-1", "-1"},
	{"textbook", "nonsense", NULL, NULL, "nonsense"},
};

TEST_F(device, the_command_tells_wrong_usage_and_quotes_it)
{
	size_t i;

	EXPECT_EQ(run(NULL, NULL, NULL, NULL), 2);
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_EQ(run(wrong[i][0], wrong[i][1], wrong[i][2], wrong[i][3]), 2)
			TH_LOG("%s", output);
		EXPECT_TRUE(printed(wrong[i][4])) TH_LOG("%s", output);
	}
}

TEST_F(device, the_command_says_in_one_line_what_failed)
{
	EXPECT_EQ(run_on("/dev/no-such-device", "stat", NULL, NULL, NULL), 1);
	EXPECT_TRUE(printed("load the module") && printed_one_line());
	EXPECT_EQ(run_on("/dev/null", "stat", NULL, NULL, NULL), 1);
	EXPECT_TRUE(printed("/dev/null") && printed_one_line());
	EXPECT_EQ(run("alloc", "1000G", NULL, NULL), 1);
	EXPECT_TRUE(printed("largest") && printed_one_line());
	EXPECT_EQ(run("cache", "a/b", "64", NULL), 1);
	EXPECT_TRUE(printed("a/b") && printed_one_line());
	EXPECT_EQ(run("map", "--region", "nowhere", NULL), 1);
	EXPECT_TRUE(printed("nowhere") && printed_one_line());
	EXPECT_EQ(run("region", "destroy", "nowhere", NULL), 1);
	EXPECT_TRUE(printed("nowhere") && printed_one_line());
	EXPECT_EQ(run("region", "destroy", "default", NULL), 1);
	EXPECT_TRUE(printed("default") && printed_one_line());
	EXPECT_EQ(run("region", "create", "a/b", "4M"), 1);
	EXPECT_TRUE(printed("a/b") && printed_one_line());
	EXPECT_EQ(run("region", "create", "vast", "1000G"), 1);
	EXPECT_TRUE(printed("vast") && printed_one_line());
	EXPECT_EQ(run("textbook", "--step", NULL, NULL), 1);
	EXPECT_TRUE(printed("terminal") && printed_one_line());
}

static int run_as_nobody(int fd)
{
	(void)fd;
	return run("stat", NULL, NULL, NULL) == 1 && printed("group reservoir") &&
			       printed_one_line()
		       ? 0
		       : 1;
}

TEST_F(device, the_command_tells_who_may_open_the_device)
{
	EXPECT_EQ(as_nobody(run_as_nobody, -1), 0);
}

TEST_F(device, the_command_shows_the_region)
{
	struct rsv_ioc_zone zone = ZONE(0, 0);
	struct rsv_ioc_cache_create cache;

	ASSERT_EQ(call(self->fd, RSV_IOC_ZONE, &zone), 0);
	ASSERT_EQ(create_cache(self->fd, 0, "shown", 48, &cache), 0);
	EXPECT_EQ(run("stat", NULL, NULL, NULL), 0);
	EXPECT_TRUE(printed("region     default\n") && printed(zone.name));
	EXPECT_EQ(run("buddy", NULL, NULL, NULL), 0);
	EXPECT_TRUE(printed(zone.name));
	EXPECT_EQ(run("slabs", NULL, NULL, NULL), 0);
	EXPECT_TRUE(printed("\nuser:shown ") && printed(" unused size classes;"));
	EXPECT_EQ(run("slabs", "--all", NULL, NULL), 0);
	EXPECT_TRUE(printed("\nuser:shown ") && printed("\nkmalloc-8192 "));
	EXPECT_EQ(run("slabs", "--magazines", NULL, NULL), 0);
	EXPECT_TRUE(printed("\nuser:shown ") && printed("exchanges"));
	EXPECT_EQ(run("fragmentation", NULL, NULL, NULL), 0);
	EXPECT_TRUE(printed("unusable") && printed("\nsize classes ") && printed("\n 8192 "));
	if (printed("\nsize classes fine\n")) {
		EXPECT_TRUE(printed(
			"\nfrom 64 bytes up the worst request is 32769, which wastes 12.50 % of itself\n"));
	}
	EXPECT_EQ(run("map", NULL, NULL, NULL), 0);
	EXPECT_TRUE(printed("................"));
	EXPECT_EQ(run("map", "--all", NULL, NULL), 0);
	EXPECT_FALSE(printed("*"));
}

TEST_F(device, the_command_makes_and_ends_regions)
{
	EXPECT_EQ(run("region", "create", "by-command", "node0/4M,4M"), 0);
	EXPECT_TRUE(printed("by-command: 8 MB, 8 MB free\n")) TH_LOG("%s", output);
	EXPECT_EQ(run("region", "create", "by-command", "4M"), 1);
	EXPECT_TRUE(printed("already") && printed_one_line());
	EXPECT_EQ(run("region", "list", NULL, NULL), 0);
	EXPECT_TRUE(printed("\ndefault ") && printed("\nby-command "));
	EXPECT_EQ(run("stat", "--region=by-command", NULL, NULL), 0);
	EXPECT_TRUE(printed("region     by-command\n"));
	EXPECT_EQ(run("stat", "--json", "--region=by-command", NULL), 0);
	EXPECT_TRUE(printed("\"name\":\"by-command\""));
	EXPECT_EQ(run("buddy", "--region=by-command", NULL, NULL), 0);
	EXPECT_EQ(run("slabs", "--region=by-command", NULL, NULL), 0);
	EXPECT_EQ(run("zones", "--region=by-command", NULL, NULL), 0);
	EXPECT_EQ(run("fragmentation", "--region=by-command", NULL, NULL), 0);
	EXPECT_TRUE(printed("unusable"));
	EXPECT_EQ(run("cache", "in-region", "64", "--region=by-command"), 0);
	EXPECT_EQ(run("alloc", "12K", "--exact", "--region=by-command"), 0);
	EXPECT_TRUE(printed("12 KB served by a block of 12 KB\n"));
	EXPECT_EQ(run("region", "grow", "by-command", "4M"), 0);
	EXPECT_TRUE(printed("by-command: 12 MB"));
	EXPECT_EQ(run("region", "shrink", "by-command", "2M"), 0);
	EXPECT_TRUE(printed("2 MB given back to the system\nby-command: 10 MB"));
	EXPECT_EQ(run("map", "--region=by-command", NULL, NULL), 0);
	EXPECT_TRUE(printed("--------"));
	EXPECT_EQ(run("region", "destroy", "by-command", NULL), 0);
	EXPECT_EQ(run("stat", "--region=by-command", NULL, NULL), 1);
	EXPECT_TRUE(printed("no region") && printed_one_line());
}

TEST_F(device, the_command_allocates_and_frees)
{
	EXPECT_EQ(run("alloc", "21K", NULL, NULL), 0);
	EXPECT_TRUE(printed("21 KB served by a block of 32 KB, 11 KB of it unused\n"));
	EXPECT_TRUE(printed("\nfreed\n"));
	EXPECT_EQ(run("cache", "six", "2K", "--engine=slub"), 0);
	EXPECT_TRUE(printed("3 pages, 6 objects, 0 bytes") && printed("magazines: "));
	EXPECT_TRUE(printed("allocated  7 objects in use; ") &&
		    printed("freed      0 objects in use; "));
	EXPECT_TRUE(printed("shrunk     0 objects in use; slabs: 0 full, 0 partial, 0 empty\n"));
	EXPECT_TRUE(printed("cache destroyed\n"));
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
}

/* A grace period may end at any time, but hardly each time before the command looks. */
TEST_F(device, the_command_frees_by_RCU)
{
	int tries = 0;

	do {
		ASSERT_EQ(run("cache", "by-rcu", "16", "--by-rcu"), 0);
	} while (printed("\nby RCU     0 objects") && ++tries < 20);
	EXPECT_LT(tries, 20) TH_LOG("no object waited");
	EXPECT_TRUE(printed("\nby RCU     ") && printed(" objects wait for a grace period\n"));
	EXPECT_TRUE(printed("freed      0 objects in use; "));
	EXPECT_TRUE(printed("cache destroyed\n"));
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
}

TEST_F(device, the_command_makes_caches_of_all_kinds)
{
	char option[32], text[32];
	size_t e;

	for (e = 0; e < ARRAY_SIZE(engines); e++) {
		snprintf(option, sizeof(option), "--engine=%s", engines[e].name);
		snprintf(text, sizeof(text), "engine %s:", engines[e].name);
		EXPECT_EQ(run("cache", "kind", "2K", option), 0);
		EXPECT_TRUE(printed(text));
	}
	EXPECT_TRUE(printed("slob page: ") && printed("; heap: "));
	EXPECT_EQ(run("cache", "kind", "2K", "--no-magazine"), 0);
	EXPECT_FALSE(printed("magazines"));
	EXPECT_TRUE(printed("stride 2 KB"));
	EXPECT_EQ(run("cache", "kind", "2K", "--red-zone"), 0);
	EXPECT_FALSE(printed("magazines") || printed("stride 2 KB"));
	EXPECT_EQ(run("cache", "kind", "2K", "--poison"), 0);
	EXPECT_EQ(run("cache", "kind", "2K", "--store-user"), 0);
	EXPECT_EQ(run("cache", "kind", "2K", "--typesafe"), 0);
	EXPECT_FALSE(printed("stride 2 KB")) TH_LOG("the mark is in the object");
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free));
}

/*
 * Returns the end of the JSON value that begins at @s, or NULL. Knows only the JSON of the command.
 */
static const char *json_value(const char *s)
{
	char close = *s == '{' ? '}' : ']';

	if (*s == '"') {
		s = strchr(s + 1, '"');
		return s ? s + 1 : NULL;
	}
	if (*s >= '0' && *s <= '9')
		return s + strspn(s, "0123456789");
	if (*s != '{' && *s != '[')
		return NULL;
	if (s[1] == close)
		return s + 2;
	do {
		s++;
		if (close == '}') {
			s = *s == '"' ? json_value(s) : NULL;
			if (!s || *s++ != ':')
				return NULL;
		}
		s = json_value(s);
	} while (s && *s == ',');
	return s && *s == close ? s + 1 : NULL;
}

/* clang-format off */
static const char *const json_keys[] = {
	"name", "version", "abi_version", "page_size", "bytes", "free_bytes", "largest_free",
	"largest_block", "metadata_bytes", "slab_bytes", "misuse", "zones", "node", "pages",
	"free_pages", "peak_pages", "free", "allocs", "frees", "failures", "splits", "merges",
	"percpu_bytes", "cached_bytes", "lent_bytes", "min_pages", "low_pages", "protection",
	"zeroed_pages", "zeroed_hits", "asked", "granted", "cached", "cache_hits",
	"cache_refills", "largest_free_block", "largest_free_pages", "extents", "zone", "offset",
	"physical", "caches", "id", "engine",
	"object_size", "stride", "align", "slab_pages", "slab_objects", "slab_waste",
	"active_objects", "total_objects", "full_slabs", "partial_slabs", "empty_slabs",
	"slabs_made", "slabs_given", "default_engine", "classes", "heap_bytes",
	"heap_free_bytes", "cache_flags", "magazine_rounds", "depot_full", "depot_empty",
	"exchanges", "contended", "guaranteed_objects", "leaving_bytes", "waiting_pages",
	"bad_pages", "programs_bytes", "programs_limit", "user_bytes", "user_limit", "origin",
	"rcu_waiting", "percpu_target", "percpu_objects", "percpu_allocs", "percpu_refills",
};
/* clang-format on */

TEST_F(device, the_commands_JSON_is_valid_and_complete)
{
	struct rsv_ioc_cache_create cache;
	char quoted[64];
	const char *end;
	size_t i;

	ASSERT_EQ(create_cache(self->fd, 0, "in-json", 48, &cache), 0);
	ASSERT_EQ(run("stat", "--json", NULL, NULL), 0);
	end = json_value(output);
	ASSERT_NE(end, NULL);
	EXPECT_STREQ(end, "\n");
	for (i = 0; i < ARRAY_SIZE(json_keys); i++) {
		snprintf(quoted, sizeof(quoted), "\"%s\":", json_keys[i]);
		EXPECT_TRUE(printed(quoted)) TH_LOG("%s", json_keys[i]);
	}
	EXPECT_TRUE(printed("\"name\":\"in-json\""));
}

/* Mounts pseudo-terminals, in a mount namespace of the test, on a machine that has none. */
static int open_terminal(void)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && !unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)) {
		mkdir("/dev/pts", 0755);
		mount("devpts", "/dev/pts", "devpts", 0, "ptmxmode=0666");
		fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	}
	return fd >= 0 && !unlockpt(fd) ? fd : -1;
}

static pid_t start_lesson_on(int terminal)
{
	pid_t child = fork();

	if (!child) {
		int fd;

		setsid();
		fd = open(ptsname(terminal), O_RDWR);
		dup2(fd, STDIN_FILENO);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		execl(command_path(), "reservoir", "textbook", "split", "--step", NULL);
		_exit(127);
	}
	return child;
}

/* Presses a key at each prompt until the child has ended. Returns the number of prompts. */
static int answer_with(int terminal, char key)
{
	const char *const prompt = "q quits --";
	char seen[16] = "";
	int answered = 0;
	char c;

	while (read(terminal, &c, 1) == 1) {
		memmove(seen, seen + 1, strlen(prompt));
		seen[strlen(prompt) - 1] = c;
		if (!strncmp(seen, prompt, strlen(prompt))) {
			answered++;
			if (write(terminal, &key, 1) != 1)
				break;
		}
	}
	return answered;
}

static const struct {
	char key;
	int prompts;
	int status;
} answers[] = {{'x', 3, 0}, {'q', 1, 0}, {'\x03', 1, -1}};

TEST_F(device, a_lesson_waits_for_keys_and_leaves_the_terminal_as_it_was)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		int terminal = open_terminal();
		struct termios before, after;
		pid_t child;

		ASSERT_GE(terminal, 0);
		ASSERT_EQ(tcgetattr(terminal, &before), 0);
		child = start_lesson_on(terminal);
		EXPECT_EQ(answer_with(terminal, answers[i].key), answers[i].prompts);
		EXPECT_EQ(wait_for_exit(child), answers[i].status);
		ASSERT_EQ(tcgetattr(terminal, &after), 0);
		EXPECT_EQ(after.c_lflag, before.c_lflag);
		close(terminal);
	}
}

/*
 * The length of the expected output that applies. On a machine with several nodes that is all but
 * the last lesson, which prints its measurements there.
 */
static size_t expected_length(void)
{
	static const char last[] = "\n19. ";
	const char *end = textbook_expected_end;

	if (!access("/sys/devices/system/node/node1", F_OK))
		end = memmem(textbook_expected, end - textbook_expected, last, strlen(last));
	return end - textbook_expected;
}

TEST_F_TIMEOUT(device, the_textbook_prints_what_is_expected, 60)
{
	const size_t expected = expected_length();
	size_t same = 0;

	ASSERT_EQ(run("textbook", NULL, NULL, NULL), 0) TH_LOG("%s", output);
	while (same < expected && output[same] == textbook_expected[same])
		same++;
	EXPECT_EQ(same, expected) TH_LOG("differs from textbook.expected: %.60s", output + same);
	if (textbook_expected + expected == textbook_expected_end) {
		EXPECT_EQ(strlen(output), expected);
	}
}

static int run_lesson_as_nobody(int fd)
{
	(void)fd;
	if (run("textbook", "zones", NULL, NULL) || !printed("Skipped") || !printed("root"))
		return 1;
	if (run("region", "create", "nobodys", "4M") != 1 || !printed("root") ||
	    !printed_one_line())
		return 2;
	return run("textbook", "scattered", NULL, NULL) ? 3 : 0;
}

TEST_F(device, a_lesson_that_is_for_root_is_skipped)
{
	struct stat before;

	ASSERT_EQ(stat("/dev/reservoir", &before), 0);
	ASSERT_EQ(chmod("/dev/reservoir", 0666), 0);
	EXPECT_EQ(as_nobody(run_lesson_as_nobody, -1), 0);
	ASSERT_EQ(chmod("/dev/reservoir", before.st_mode & 07777), 0);
}

TEST_F_TIMEOUT(device, lessons_are_found_by_name_and_by_number, 120)
{
	static const char *const names[] = {
		"split",      "waste",	   "pages",	   "eight",	"slab",	   "descriptor",
		"groups",     "engines",   "constructors", "magazines", "reclaim", "rcu",
		"fragments",  "neighbours", "scattered",   "zeroed",	"lists",   "zones",
		"nodes",
	};
	char number[4], heading[8];
	size_t i;

	ASSERT_EQ(run("textbook", "--list", NULL, NULL), 0);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_TRUE(printed(names[i]));
	}
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(number, sizeof(number), "%zu", i + 1);
		snprintf(heading, sizeof(heading), "%zu. ", i + 1);
		EXPECT_EQ(run("textbook", names[i], NULL, NULL), 0);
		EXPECT_EQ(strncmp(output, heading, strlen(heading)), 0);
		/* This lesson waits some seconds for a cache to give back slabs. */
		if (!strcmp(names[i], "reclaim"))
			continue;
		EXPECT_EQ(run("textbook", number, NULL, NULL), 0);
		EXPECT_EQ(strncmp(output, heading, strlen(heading)), 0);
	}
}
