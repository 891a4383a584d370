// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of /dev/reservoir: every ioctl, every error, mappings, processes, and the command. The
 * output is TAP.
 *
 * kselftest_harness.h has the list of tests in static variables, so all tests must be one
 * translation unit. This file is that unit, and includes the tests by subject. Every test has a
 * descriptor of its own. At the end of a test the default region must have as many free bytes as
 * before, and the module must have counted no misuse.
 *
 * Environment: RESERVOIR, the command to test (default: in the directory of this program);
 * RSV_SEED, the seed of the random tests.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

#include <kselftest_harness.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/reservoir.h>
#include <linux/userfaultfd.h>

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
	ASSERT_GE(self->users, 0) TH_LOG("cannot read /sys/module/reservoir/refcnt");
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
	EXPECT_TRUE(free_bytes_become(fd, 0, self->free)) TH_LOG("the test leaked memory");
	ASSERT_EQ(call(fd, RSV_IOC_INFO, &info), 0);
	EXPECT_EQ(info.misuse, self->misuse);
	close(fd);
	EXPECT_TRUE(users_become(self->users)) TH_LOG("the test leaked a reference to the module");
}

/* Not sorted: a file uses functions of files before it. */
/* clang-format off */
#include "queries.c"
#include "structures.c"
#include "handles.c"
#include "closing.c"
#include "regions.c"
#include "named.c"
#include "buffers.c"
#include "mappings.c"
#include "caches.c"
#include "engines.c"
#include "bad_pages.c"
#include "readers.c"
#include "quotas.c"
#include "rcu.c"
#include "refusals.c"
#include "formats.c"
#include "processes.c"
#include "buffer_files.c"
#include "mapping_kinds.c"
#include "races.c"
#include "random.c"
#include "bind.c"
#include "edu.c"
#include "edu_gone.c"
#include "command.c"
#include "command_refusals.c"
/* clang-format on */

TEST_HARNESS_MAIN
