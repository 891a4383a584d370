// SPDX-License-Identifier: GPL-2.0
/*
 * The test harness of /dev/reservoir: every ioctl, every refusal, mappings, processes, and the command. TAP output.
 *
 * kselftest_harness.h keeps its list of tests in static variables, so that all tests are one translation unit: this one,
 * which includes them by subject. Every test runs with a descriptor of its own, and at its end finds the default region
 * as it was before, byte for byte, and no misuse in the module's count.
 *
 * Environment: RESERVOIR, the command to test (default: beside this program); RSV_SEED, the seed of the random tests.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

#include <kselftest_harness.h>
#include <linux/reservoir.h>

#include "support.c"

FIXTURE(device)
{
	int fd;
	uint64_t free;
	uint64_t misuse;
	int users;
};

FIXTURE_SETUP(device)
{
	struct rsv_ioc_info info = INFO(0);

	self->users = module_users();
	ASSERT_GE(self->users, 0) TH_LOG("/sys/module/reservoir/refcnt does not tell who uses the module");
	self->fd = open("/dev/reservoir", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0) TH_LOG("/dev/reservoir: %s", strerror(errno));
	ASSERT_EQ(call(self->fd, RSV_IOC_INFO, &info), 0);
	self->free = settled_free_bytes(self->fd, 0);
	self->misuse = info.misuse;
}

FIXTURE_TEARDOWN(device)
{
	struct rsv_ioc_info info = INFO(0);
	int fd;

	close(self->fd);
	fd = open("/dev/reservoir", O_RDONLY);
	ASSERT_GE(fd, 0);
	EXPECT_TRUE(settles(fd, 0, self->free)) TH_LOG("memory of the test has not come back");
	ASSERT_EQ(call(fd, RSV_IOC_INFO, &info), 0);
	EXPECT_EQ(info.misuse, self->misuse);
	close(fd);
	EXPECT_TRUE(users_settle(self->users)) TH_LOG("somebody still uses the module");
}

#include "queries.c"
#include "structures.c"
#include "handles.c"
#include "regions.c"
#include "named.c"
#include "buffers.c"
#include "mappings.c"
#include "caches.c"
#include "engines.c"
#include "formats.c"
#include "processes.c"
#include "random.c"
#include "command.c"

TEST_HARNESS_MAIN
