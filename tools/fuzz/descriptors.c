// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors of the device: opened, closed, duplicated, and sent from process to process, while
 * other threads and processes use them.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/reservoir.h>

#include "fuzz.h"

struct descriptor descriptors[DESCRIPTORS];

int some_device(struct thread *t, struct descriptor **d)
{
	unsigned int i = choose(t, DESCRIPTORS);

	*d = &descriptors[i];
	return choose(t, 16) ? FD_DEVICE + (int)i : FD_SHARED + (int)choose(t, 2);
}

/* Gives a descriptor one of the process's numbers, whose former descriptor is closed by that. */
static int adopt(struct thread *t, int fd)
{
	unsigned int i = choose(t, DESCRIPTORS);
	int result = dup3(fd, FD_DEVICE + (int)i, O_CLOEXEC);

	if (result >= 0)
		memset(&descriptors[i], 0, sizeof(descriptors[i]));
	return result;
}

void call_open(struct thread *t)
{
	static const int modes[] = {O_RDWR, O_RDWR, O_RDWR, O_RDWR, O_RDWR, O_RDONLY, O_WRONLY};
	int fd = open(DEVICE, modes[choose(t, ARRAY_SIZE(modes))] | O_CLOEXEC);

	count_other(t, OTHER_OPEN, fd);
	if (fd < 0)
		return;
	adopt(t, fd);
	close(fd);
}

/* A process begins with a descriptor of each number. */
void open_devices(struct thread *t)
{
	unsigned int i;

	for (i = 0; i < DESCRIPTORS; i++) {
		int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

		count_other(t, OTHER_OPEN, fd);
		if (fd >= 0 && dup2(fd, FD_DEVICE + (int)i) >= 0)
			close(fd);
	}
}

void call_close(struct thread *t)
{
	count_other(t, OTHER_CLOSE, close(FD_DEVICE + (int)choose(t, DESCRIPTORS)));
}

void call_dup(struct thread *t)
{
	struct descriptor *d;

	count_other(t, OTHER_DUP, adopt(t, some_device(t, &d)));
}

/* A message of one byte with room for a descriptor */
struct message {
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	char byte;
	struct iovec one;
	struct msghdr header;
};

static void message_init(struct message *m)
{
	memset(m, 0, sizeof(*m));
	m->one = (struct iovec){.iov_base = &m->byte, .iov_len = 1};
	m->header = (struct msghdr){
		.msg_iov = &m->one,
		.msg_iovlen = 1,
		.msg_control = &m->control,
		.msg_controllen = sizeof(m->control),
	};
}

void call_send(struct thread *t)
{
	struct cmsghdr *header;
	struct descriptor *d;
	struct message m;
	int fd = some_device(t, &d);

	message_init(&m);
	header = CMSG_FIRSTHDR(&m.header);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	count_other(t, OTHER_SEND, sendmsg(FD_SOCKET, &m.header, MSG_DONTWAIT));
}

void call_receive(struct thread *t)
{
	struct cmsghdr *header;
	struct message m;
	long result;
	int fd;

	message_init(&m);
	result = recvmsg(FD_SOCKET + 1, &m.header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	count_other(t, OTHER_RECEIVE, result);
	header = result < 0 ? NULL : CMSG_FIRSTHDR(&m.header);
	if (!header || header->cmsg_type != SCM_RIGHTS)
		return;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	adopt(t, fd);
	close(fd);
}
