// SPDX-License-Identifier: GPL-2.0
/*
 * Devices with bindings that are removed or unplugged, and drivers that come and go meanwhile.
 */

TEST_F(device, bindings_end_when_the_device_is_removed)
{
	int fd, scratch;
	struct rsv_ioc_dma_address where;
	struct rsv_ioc_buffer_alloc block;
	struct rsv_ioc_bind bind, left;
	struct edu edu, again;
	struct bound b;
	uint8_t *map;
	uint64_t bytes;

	if (!edu_find(&edu))
		SKIP(return, "this machine has no device edu");
	fd = another_descriptor();
	scratch = another_descriptor();
	ASSERT_EQ(create_low(fd), 0);
	ASSERT_TRUE(load_edu(fd, &edu));
	/* It may lie higher than the device reaches, as the mask says after the next step. */
	ASSERT_EQ(alloc_block(scratch, 0, KB(64), &block), 0);
	ASSERT_EQ(bind_buffer(scratch, block.handle, edu.name, &left), 0);
	ASSERT_EQ(bind_low(fd, &edu, RSV_BIND_MASTER, &b), 0);
	bind = b.bind;
	edu_start(&edu, EDU_BUFFER, bind.dma, EDU_OUT);
	EXPECT_TRUE(edu_write_file(&edu, "remove", "1"));

	EXPECT_EQ(sync_all(fd, bind.handle, KB(4), RSV_OWNER_CPU), ENODEV);
	EXPECT_EQ(dma_address(fd, bind.handle, 0, &where), ENODEV);
	EXPECT_EQ(sync_all(scratch, left.handle, KB(4), RSV_OWNER_CPU), ENODEV);
	close(scratch);
	EXPECT_EQ(bind_buffer(fd, b.block.handle, edu.name, &bind), ENODEV);
	EXPECT_EQ(free_handle(fd, b.bind.handle), 0);
	EXPECT_EQ(free_handle(fd, b.bind.handle), ENOENT);
	munmap(b.map, KB(4));
	EXPECT_EQ(free_handle(fd, b.block.handle), 0);
	map = map_low(fd, &bytes);
	ASSERT_NE(map, NULL);
	sleep_ms(3 * EDU_MS);
	EXPECT_TRUE(all_bytes(map, 0, bytes)) TH_LOG("the removed device wrote to memory");
	munmap(map, bytes);
	close(fd);

	EXPECT_EQ(set_parameter("/sys/bus/pci/rescan", "1"), 0);
	EXPECT_TRUE(edu_find(&again));
	EXPECT_FALSE(edu_is_master(&again));
	EXPECT_TRUE(destroy_low(self->fd));
}

/* The line that scripts/vm connects to QEMU's monitor, in a machine with MONITOR=yes */
#define MONITOR "/dev/ttyS3"

static bool edu_comes(struct edu *edu, bool comes)
{
	char name[RSV_DEVICE_NAME_MAX];
	int waited;

	for (waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
		if (find_pci(EDU_VENDOR, EDU_NUMBER, name) == comes)
			return !comes || edu_find(edu);
		sleep_ms(POLL_MS);
	}
	return false;
}

TEST_F(device, bindings_end_when_the_device_is_unplugged)
{
	int fd;
	struct edu edu, again;
	struct bound b;
	uint64_t bytes;
	uint8_t *map;

	if (!edu_find(&edu))
		SKIP(return, "this machine has no device edu");
	if (set_parameter(MONITOR, "\n"))
		SKIP(return, "this machine has no monitor");
	fd = another_descriptor();
	ASSERT_EQ(create_low(fd), 0);
	ASSERT_EQ(bind_low(fd, &edu, RSV_BIND_MASTER, &b), 0);
	edu_start(&edu, EDU_BUFFER, b.bind.dma, EDU_OUT);
	EXPECT_EQ(set_parameter(MONITOR, "device_del edu\n"), 0);
	ASSERT_TRUE(edu_comes(&edu, false));
	EXPECT_EQ(sync_all(fd, b.bind.handle, KB(4), RSV_OWNER_CPU), ENODEV);
	EXPECT_EQ(free_handle(fd, b.bind.handle), 0);
	munmap(b.map, KB(4));
	EXPECT_EQ(free_handle(fd, b.block.handle), 0);
	map = map_low(fd, &bytes);
	ASSERT_NE(map, NULL);
	sleep_ms(3 * EDU_MS);
	EXPECT_TRUE(all_bytes(map, 0, bytes));
	munmap(map, bytes);
	close(fd);
	EXPECT_TRUE(destroy_low(self->fd));
	EXPECT_EQ(set_parameter(MONITOR, "device_add edu,id=edu\n"), 0);
	EXPECT_TRUE(edu_comes(&again, true));
}

/* The device pci-bridge of QEMU */
#define BRIDGE_VENDOR 0x1b36
#define BRIDGE_NUMBER 0x0001

TEST_F(device, a_bridge_is_not_made_a_master)
{
	char bridge[RSV_DEVICE_NAME_MAX];
	struct rsv_ioc_buffer_alloc block;
	struct rsv_ioc_bind bind;

	if (!find_pci(BRIDGE_VENDOR, BRIDGE_NUMBER, bridge))
		SKIP(return, "this machine has no bridge");
	ASSERT_EQ(alloc_block(self->fd, 0, 1, &block), 0);
	EXPECT_EQ(bind_with(self->fd, block.handle, bridge, RSV_BIND_MASTER, 0, &bind), EINVAL);
	EXPECT_EQ(bind_buffer(self->fd, block.handle, bridge, &bind), 0);
}

/* A driver that the kernel has built in, and which finds out that the device is not for it */
#define PROBER "/sys/bus/pci/drivers/virtio-pci/"

TEST_F(device, a_driver_that_comes_finds_a_quiet_device)
{
	int fd;
	struct rsv_ioc_bind plain;
	struct edu edu;
	struct bound b;

	if (!edu_find(&edu))
		SKIP(return, "this machine has no device edu");
	if (access(PROBER "new_id", W_OK))
		SKIP(return, "this kernel has no such driver");
	fd = another_descriptor();
	ASSERT_EQ(create_low(fd), 0);
	ASSERT_EQ(bind_low(fd, &edu, RSV_BIND_MASTER, &b), 0);
	ASSERT_EQ(bind_buffer(fd, b.block.handle, edu.name, &plain), 0);
	EXPECT_EQ(set_parameter(PROBER "new_id", "1234 11e8"), 0);
	EXPECT_EQ(sync_all(fd, b.bind.handle, KB(4), RSV_OWNER_CPU), ENODEV);
	EXPECT_EQ(sync_all(fd, plain.handle, KB(4), RSV_OWNER_CPU), 0);
	EXPECT_FALSE(edu_is_master(&edu));
	EXPECT_EQ(pci_number(edu.name + strlen("pci/"), "dma_mask_bits"), 32);
	EXPECT_EQ(set_parameter(PROBER "remove_id", "1234 11e8"), 0);
	munmap(b.map, KB(4));
	close(fd);
	EXPECT_TRUE(destroy_low(self->fd));
}

/* A driver that can be unbound, and bound again, without harm */
#define UNBINDABLE "alarmtimer.0.auto"
#define UNBINDER   "/sys/bus/platform/drivers/alarmtimer/"

TEST_F(device, a_driver_answers_for_its_device_until_it_unbinds)
{
	int fd;
	struct rsv_ioc_buffer_alloc block;
	struct rsv_ioc_bind bind, mine;
	uint64_t left;

	if (access(UNBINDER UNBINDABLE, F_OK) || access(UNBINDER "unbind", W_OK))
		SKIP(return, "this machine has no such driver");
	fd = another_descriptor();
	ASSERT_EQ(alloc_block(fd, 0, KB(64), &block), 0);
	ASSERT_EQ(bind_buffer(fd, block.handle, "platform/" UNBINDABLE, &bind), 0);
	close(fd);
	ASSERT_EQ(alloc_block(self->fd, 0, KB(4), &block), 0);
	ASSERT_EQ(bind_buffer(self->fd, block.handle, "platform/" UNBINDABLE, &mine), 0);
	EXPECT_EQ(settled_free_bytes(self->fd, 0), self->free - KB(68));

	EXPECT_EQ(set_parameter(UNBINDER "unbind", UNBINDABLE), 0);
	EXPECT_TRUE(free_bytes_become(self->fd, 0, self->free - KB(4)));
	EXPECT_EQ(sync_all(self->fd, mine.handle, KB(4), RSV_OWNER_CPU), ENODEV);
	EXPECT_EQ(set_quiet(self->fd, "platform/" UNBINDABLE, &left), 0);
	EXPECT_EQ(left, 0);
	EXPECT_EQ(bind_buffer(self->fd, block.handle, "platform/" UNBINDABLE, &bind), EOPNOTSUPP);
	EXPECT_EQ(bind.refusal, RSV_REFUSED_NO_DRIVER);
	EXPECT_EQ(set_parameter(UNBINDER "bind", UNBINDABLE), 0);
}
