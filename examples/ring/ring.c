// SPDX-License-Identifier: GPL-2.0
/*
 * A driver in user space: a ring of packets that a device reads and writes by DMA.
 *
 *	ring 0000:00:05.0
 *
 * The device is QEMU's "edu" (-device edu), which stands for an FPGA card: it copies packets from
 * memory to a buffer of its own, and back. The first part of this file is the same for any device;
 * the second part is to be replaced by what your device wants.
 *
 * It needs root, or the right to open /dev/reservoir, the device's resource0 and enable, and
 * devices=pci/0000:00:05.0 as a parameter of the module; and memory that the device reaches
 * (reserve=dma:1M for edu, which has 28 bits).
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/reservoir.h>

#define PACKETS		32
#define PACKET_BYTES	2048

/* Packets to the device, and behind them as many from the device */
#define RING_BYTES	(2 * PACKETS * PACKET_BYTES)

struct ring {
	int fd;
	__u32 binding;
	unsigned char *bytes;		/* the ring for this program */
	__u64 dma;		/* and for the device */
};

static void call(int fd, unsigned long number, void *argument, const char *what)
{
	if (ioctl(fd, number, argument))
		err(1, "%s", what);
}

/* Memory that a device of so many bits reaches, which it may read and write from now on */
static struct ring ring_create(const char *device, unsigned int bits)
{
	struct rsv_ioc_device_quiet quiet = {.size = sizeof(quiet)};
	struct rsv_ioc_buffer_alloc buffer = {
		.size = sizeof(buffer),
		.flags = RSV_BUFFER_EXACT | (bits < 32 ? RSV_BUFFER_DMA : RSV_BUFFER_DMA32),
		.bytes = RING_BYTES,
	};
	struct rsv_ioc_bind bind = {
		.size = sizeof(bind), .flags = RSV_BIND_MASTER, .bits = bits};
	struct ring ring = {.fd = open("/dev/reservoir", O_RDWR | O_CLOEXEC)};

	if (ring.fd < 0)
		err(1, "/dev/reservoir");
	snprintf(bind.device, sizeof(bind.device), "pci/%s", device);
	memcpy(quiet.device, bind.device, sizeof(quiet.device));

	/* main() has waited until the device stopped: what killed runs left to it can go. */
	call(ring.fd, RSV_IOC_DEVICE_QUIET, &quiet, "cannot tell that the device is quiet");
	call(ring.fd, RSV_IOC_BUFFER_ALLOC, &buffer, "no memory for the ring");
	bind.buffer = buffer.handle;
	call(ring.fd, RSV_IOC_BIND, &bind, "cannot bind the ring to the device");
	ring.binding = bind.handle;
	ring.dma = bind.dma;
	ring.bytes = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd,
			  buffer.mmap_offset);
	if (ring.bytes == MAP_FAILED)
		err(1, "cannot map the ring");
	return ring;
}

/* Gives a packet to the device or to this program. The one who does not own it keeps off. */
static void ring_give(const struct ring *ring, unsigned int packet, __u32 owner)
{
	struct rsv_ioc_sync sync = {
		.size = sizeof(sync),
		.binding = ring->binding,
		.direction = packet < PACKETS ? RSV_DMA_TO_DEVICE : RSV_DMA_FROM_DEVICE,
		.offset = packet * PACKET_BYTES,
		.length = PACKET_BYTES,
		.owner = owner,
	};

	call(ring->fd, RSV_IOC_SYNC, &sync, "cannot sync a packet");
}

static __u64 ring_address(const struct ring *ring, unsigned int packet)
{
	return ring->dma + packet * PACKET_BYTES;
}

static unsigned char *ring_packet(const struct ring *ring, unsigned int packet)
{
	return ring->bytes + packet * PACKET_BYTES;
}

/* The device turns quiet with the last binding. If this program is killed, it does so, too. */
static void ring_destroy(const struct ring *ring)
{
	struct rsv_ioc_free end = {.size = sizeof(end), .handle = ring->binding};

	call(ring->fd, RSV_IOC_FREE, &end, "cannot end the binding");
	munmap(ring->bytes, RING_BYTES);
	close(ring->fd);
}

/* What is of this device */

#define EDU_BITS	28
#define EDU_BYTES	0x100000
#define EDU_BUFFER	0x40000		/* the address of its own buffer */

enum {EDU_FROM = 0x80, EDU_TO = 0x88, EDU_COUNT = 0x90, EDU_COMMAND = 0x98};
enum {EDU_RUN = 1, EDU_TO_MEMORY = 2};

static int device_open_file(const char *device, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", device, name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static __u64 *device_map(const char *device)
{
	int enable = device_open_file(device, "enable");
	int fd = device_open_file(device, "resource0");
	void *map;

	if (write(enable, "1", 1) != 1)
		err(1, "cannot enable the device");
	map = mmap(NULL, EDU_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		err(1, "cannot map the device's registers");
	close(enable);
	close(fd);
	return map;
}

/* What the program wrote to memory before is there when the device hears of it. */
static void device_write(__u64 *registers, unsigned int at, __u64 value)
{
	__atomic_store_n(&registers[at / 8], value, __ATOMIC_RELEASE);
}

static void device_wait(__u64 *registers)
{
	while (__atomic_load_n(&registers[EDU_COMMAND / 8], __ATOMIC_ACQUIRE) & EDU_RUN)
		usleep(1000);
}

static void device_copy(__u64 *registers, __u64 from, __u64 to, __u64 command)
{
	device_write(registers, EDU_FROM, from);
	device_write(registers, EDU_TO, to);
	device_write(registers, EDU_COUNT, PACKET_BYTES);
	device_write(registers, EDU_COMMAND, EDU_RUN | command);
	device_wait(registers);
}

/* The device gets a packet, and sends it back. */
static void exchange(const struct ring *ring, __u64 *registers, unsigned int packet)
{
	memset(ring_packet(ring, packet), 'a' + packet % 26, PACKET_BYTES);
	ring_give(ring, packet, RSV_OWNER_DEVICE);
	ring_give(ring, PACKETS + packet, RSV_OWNER_DEVICE);
	device_copy(registers, ring_address(ring, packet), EDU_BUFFER, 0);
	device_copy(registers, EDU_BUFFER, ring_address(ring, PACKETS + packet), EDU_TO_MEMORY);
	ring_give(ring, packet, RSV_OWNER_CPU);
	ring_give(ring, PACKETS + packet, RSV_OWNER_CPU);
	if (memcmp(ring_packet(ring, packet), ring_packet(ring, PACKETS + packet), PACKET_BYTES))
		errx(1, "packet %u came back changed", packet);
}

int main(int argc, char **argv)
{
	__u64 *registers;
	unsigned int packet;
	struct ring ring;

	if (argc != 2)
		errx(2, "usage: ring PCI_DEVICE, such as 0000:00:05.0");
	registers = device_map(argv[1]);

	/* It goes on with the orders of a killed run when it is a bus master again: not before. */
	device_wait(registers);
	ring = ring_create(argv[1], EDU_BITS);
	for (packet = 0; packet < PACKETS; packet++)
		exchange(&ring, registers, packet);
	printf("%u packets of %u bytes went to the device and came back\n", PACKETS, PACKET_BYTES);
	ring_destroy(&ring);
	return 0;
}
