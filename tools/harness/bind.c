// SPDX-License-Identifier: GPL-2.0
/*
 * Buffers that are bound to devices, without DMA: every refusal, addresses, physical addresses.
 * edu.c has a device that does DMA.
 */
#define PCI_DEVICES "/sys/bus/pci/devices/"

/* A file of a device of PCI in sysfs */
static void pci_file(const char *name, const char *file, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, PCI_DEVICES "%s/%s", name, file);
}

static unsigned long pci_number(const char *name, const char *file)
{
	char path[PATH_MAX], text[32] = "";
	FILE *stream;

	pci_file(name, file, path);
	stream = fopen(path, "r");
	if (!stream)
		return 0;
	if (!fgets(text, sizeof(text), stream))
		text[0] = '\0';
	fclose(stream);
	return strtoul(text, NULL, 0);
}

static bool pci_has_driver(const char *name)
{
	char path[PATH_MAX];

	pci_file(name, "driver", path);
	return !access(path, F_OK);
}

/* Finds a device of PCI without a driver; if @vendor is not 0, one of this vendor and number. */
static bool find_pci(unsigned long vendor, unsigned long number, char name[RSV_DEVICE_NAME_MAX])
{
	DIR *dir = opendir(PCI_DEVICES);
	const struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || pci_has_driver(entry->d_name))
			continue;
		found = !vendor || (pci_number(entry->d_name, "vendor") == vendor &&
				    pci_number(entry->d_name, "device") == number);
		snprintf(name, RSV_DEVICE_NAME_MAX, "pci/%.50s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

static int bind_with(int fd, uint32_t buffer, const char *device, uint32_t flags, uint32_t bits,
		     struct rsv_ioc_bind *bind)
{
	*bind = (struct rsv_ioc_bind){
		.size = sizeof(*bind), .flags = flags, .buffer = buffer, .bits = bits};
	memcpy(bind->device, device, strnlen(device, RSV_DEVICE_NAME_MAX));
	return call(fd, RSV_IOC_BIND, bind);
}

static int bind_buffer(int fd, uint32_t buffer, const char *device, struct rsv_ioc_bind *bind)
{
	return bind_with(fd, buffer, device, 0, 0, bind);
}

static int sync_range(int fd, uint32_t binding, uint64_t offset, uint64_t length,
		      uint32_t direction, uint32_t owner)
{
	struct rsv_ioc_sync sync = {
		.size = sizeof(sync),
		.binding = binding,
		.direction = direction,
		.offset = offset,
		.length = length,
		.owner = owner,
	};

	return call(fd, RSV_IOC_SYNC, &sync);
}

static int sync_all(int fd, uint32_t binding, uint64_t length, uint32_t owner)
{
	return sync_range(fd, binding, 0, length, RSV_DMA_BOTH, owner);
}

static int dma_address(int fd, uint32_t binding, uint64_t offset, struct rsv_ioc_dma_address *where)
{
	*where = (struct rsv_ioc_dma_address){
		.size = sizeof(*where), .binding = binding, .offset = offset};
	return call(fd, RSV_IOC_DMA_ADDRESS, where);
}

static int physical(int fd, uint32_t buffer, uint64_t offset, struct rsv_ioc_physical *where)
{
	*where = (struct rsv_ioc_physical){
		.size = sizeof(*where), .buffer = buffer, .offset = offset};
	return call(fd, RSV_IOC_PHYSICAL, where);
}

static int set_quiet(int fd, const char *device, uint64_t *bytes)
{
	struct rsv_ioc_device_quiet quiet = {.size = sizeof(quiet)};
	int error;

	memcpy(quiet.device, device, strnlen(device, RSV_DEVICE_NAME_MAX));
	error = call(fd, RSV_IOC_DEVICE_QUIET, &quiet);
	*bytes = quiet.bytes;
	return error;
}

TEST_F(device, a_malformed_name_of_a_device_is_refused)
{
	static const char *const names[] = {
		"",		     "pci",	    "/",	     "pci/",	  "/0000:00:00.0",
		"pci/0000:00:00.0 ", "pci/\n",	    "pci/a,b",	     "pci/\x80", "pci/\x7f",
		"a-bus-and-a-name-that-fill-all-bytes-of-the-field-without-a-NUL/"
	};
	struct rsv_ioc_buffer_alloc block;
	struct rsv_ioc_bind bind;
	uint64_t bytes;
	size_t i;

	ASSERT_EQ(alloc_block(self->fd, 0, 1, &block), 0);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_EQ(bind_buffer(self->fd, block.handle, names[i], &bind), EINVAL)
			TH_LOG("%s", names[i]);
		EXPECT_EQ(set_quiet(self->fd, names[i], &bytes), EINVAL);
	}
}

TEST_F(device, an_unknown_bus_or_device_is_refused_and_told)
{
	static const char *const buses[] = {"usb/1-1", "pc/0", "PCI/0000:00:00.0", "pcie/0"};
	static const char *const devices[] = {"pci/ffff:ff:1f.7", "platform/none", "pci/0/1"};
	struct rsv_ioc_buffer_alloc block;
	struct rsv_ioc_bind bind;
	uint64_t bytes;
	size_t i;

	ASSERT_EQ(alloc_block(self->fd, 0, 1, &block), 0);
	for (i = 0; i < ARRAY_SIZE(buses); i++) {
		EXPECT_EQ(bind_buffer(self->fd, block.handle, buses[i], &bind), ENODEV);
		EXPECT_EQ(bind.refusal, RSV_REFUSED_BUS) TH_LOG("%s", buses[i]);
		EXPECT_EQ(set_quiet(self->fd, buses[i], &bytes), ENODEV);
	}
	for (i = 0; i < ARRAY_SIZE(devices); i++) {
		EXPECT_EQ(bind_buffer(self->fd, block.handle, devices[i], &bind), ENODEV);
		EXPECT_EQ(bind.refusal, RSV_REFUSED_DEVICE) TH_LOG("%s", devices[i]);
		EXPECT_EQ(set_quiet(self->fd, devices[i], &bytes), ENODEV);
	}
}

/* The device that a child without privileges tries to bind to, and the buffer */
static char nobodys_device[RSV_DEVICE_NAME_MAX];
static uint32_t nobodys_buffer;

static int bind_as_nobody(int fd)
{
	struct rsv_ioc_bind bind;
	int error = bind_buffer(fd, nobodys_buffer, nobodys_device, &bind);

	return error ?: free_handle(fd, bind.handle);
}

static int set_quiet_as_nobody(int fd)
{
	uint64_t bytes;

	return set_quiet(fd, nobodys_device, &bytes);
}

TEST_F(device, only_root_binds_to_devices_that_are_not_listed)
{
	struct rsv_ioc_buffer_alloc block;
	char list[256];

	if (!find_pci(0, 0, nobodys_device))
		SKIP(return, "this machine has no such device");
	ASSERT_EQ(alloc_block(self->fd, 0, 1, &block), 0);
	nobodys_buffer = block.handle;
	EXPECT_EQ(bind_as_nobody(self->fd), 0) TH_LOG("root");
	EXPECT_EQ(as_nobody(bind_as_nobody, self->fd), EPERM);
	EXPECT_EQ(as_nobody(set_quiet_as_nobody, self->fd), EPERM);

	/* Others that begin or end with the same characters */
	snprintf(list, sizeof(list), "%s0,x%s,pci/x", nobodys_device, nobodys_device);
	ASSERT_EQ(set_parameter(PARAMETERS "devices", list), 0);
	EXPECT_EQ(as_nobody(bind_as_nobody, self->fd), EPERM) TH_LOG("%s", list);

	snprintf(list, sizeof(list), "platform/x,%s,pci/y\n", nobodys_device);
	ASSERT_EQ(set_parameter(PARAMETERS "devices", list), 0);
	EXPECT_EQ(as_nobody(bind_as_nobody, self->fd), 0) TH_LOG("%s", list);
	EXPECT_EQ(as_nobody(set_quiet_as_nobody, self->fd), 0);

	/* What is refused changes nothing. */
	EXPECT_NE(set_parameter(PARAMETERS "devices", "pci/x,,pci/y"), 0);
	EXPECT_NE(set_parameter(PARAMETERS "devices", "0000:00:00.0"), 0);
	EXPECT_NE(set_parameter(PARAMETERS "devices", ","), 0);
	EXPECT_EQ(as_nobody(bind_as_nobody, self->fd), 0);
	ASSERT_EQ(set_parameter(PARAMETERS "devices", "\n"), 0);
	EXPECT_EQ(as_nobody(bind_as_nobody, self->fd), EPERM) TH_LOG("an empty list");
}

TEST_F(device, what_cannot_be_bound_is_refused)
{
	char device[RSV_DEVICE_NAME_MAX];
	struct rsv_ioc_buffer_alloc block;
	struct rsv_ioc_bind bind;
	uint32_t region, flag;

	if (!find_pci(0, 0, device))
		SKIP(return, "this machine has no such device");
	ASSERT_EQ(create_scratch(self->fd, MB(1), &region), 0);
	ASSERT_EQ(alloc_block(self->fd, 0, 1, &block), 0);
	EXPECT_EQ(bind_buffer(self->fd, 0, device, &bind), ENOENT);
	EXPECT_EQ(bind_buffer(self->fd, block.handle + 1, device, &bind), ENOENT);
	EXPECT_EQ(bind_buffer(self->fd, region, device, &bind), EINVAL);
	EXPECT_EQ(bind_with(self->fd, block.handle, device, 0, 65, &bind), EINVAL);
	for (flag = RSV_BIND_MASTER << 1; flag; flag <<= 1)
		EXPECT_EQ(bind_with(self->fd, block.handle, device, flag, 0, &bind), EINVAL);

	bind.flags = 0;
	bind.padding = 1;
	EXPECT_EQ(call(self->fd, RSV_IOC_BIND, &bind), EINVAL);
	bind.padding = 0;
	ASSERT_EQ(call(self->fd, RSV_IOC_BIND, &bind), 0);
	EXPECT_EQ(bind_buffer(self->fd, bind.handle, device, &bind), EINVAL)
		TH_LOG("a binding is no buffer");
	EXPECT_EQ(free_handle(self->fd, block.handle), 0);
	EXPECT_EQ(bind_buffer(self->fd, block.handle, device, &bind), ENOENT)
		TH_LOG("a freed buffer");
}

/* A device of every PC that has a driver */
#define DRIVEN "platform/serial8250"

TEST_F(device, a_platform_device_keeps_its_mask)
{
	struct rsv_ioc_buffer_alloc block;
	struct rsv_ioc_bind bind;

	if (access("/sys/bus/platform/devices/serial8250/driver", F_OK))
		SKIP(return, "this machine has no such device");
	ASSERT_EQ(alloc_block(self->fd, 0, 1, &block), 0);
	EXPECT_EQ(bind_with(self->fd, block.handle, DRIVEN, RSV_BIND_MASTER, 0, &bind), EINVAL)
		TH_LOG("it is not of PCI");
	EXPECT_EQ(bind_with(self->fd, block.handle, DRIVEN, 0, 32, &bind), EINVAL)
		TH_LOG("its mask may be its parent's");
	EXPECT_EQ(bind_buffer(self->fd, block.handle, DRIVEN, &bind), 0);
	EXPECT_EQ(free_handle(self->fd, bind.handle), 0);
}

TEST_F(device, ranges_beyond_a_bound_buffer_are_refused)
{
	const uint32_t both = RSV_DMA_BOTH, cpu = RSV_OWNER_CPU;
	struct rsv_ioc_dma_address where;
	char device[RSV_DEVICE_NAME_MAX];
	struct rsv_ioc_buffer_alloc block;
	const uint64_t bytes = KB(16);
	struct rsv_ioc_bind bind;
	uint32_t direction, owner;

	if (!find_pci(0, 0, device))
		SKIP(return, "this machine has no such device");
	ASSERT_EQ(alloc_block(self->fd, 0, bytes, &block), 0);
	ASSERT_EQ(bind_buffer(self->fd, block.handle, device, &bind), 0);
	for (direction = 0; direction < 5; direction++) {
		for (owner = 0; owner < 4; owner++) {
			bool right = direction > 0 && direction < 4 && owner > 0 && owner < 3;

			EXPECT_EQ(sync_range(self->fd, bind.handle, 0, bytes, direction, owner),
				  right ? 0 : EINVAL);
		}
	}
	EXPECT_EQ(sync_range(self->fd, bind.handle, bytes - 1, 1, both, cpu), 0);
	EXPECT_EQ(sync_range(self->fd, bind.handle, 1, bytes - 1, both, cpu), 0);
	EXPECT_EQ(sync_range(self->fd, bind.handle, 0, 0, both, cpu), EINVAL);
	EXPECT_EQ(sync_range(self->fd, bind.handle, 0, bytes + 1, both, cpu), EINVAL);
	EXPECT_EQ(sync_range(self->fd, bind.handle, 1, bytes, both, cpu), EINVAL);
	EXPECT_EQ(sync_range(self->fd, bind.handle, bytes, 1, both, cpu), EINVAL);
	EXPECT_EQ(sync_range(self->fd, bind.handle, 1, UINT64_MAX, both, cpu), EINVAL);
	EXPECT_EQ(sync_range(self->fd, bind.handle, UINT64_MAX, 1, both, cpu), EINVAL);
	EXPECT_EQ(sync_range(self->fd, block.handle, 0, bytes, both, cpu), EINVAL);
	EXPECT_EQ(sync_range(self->fd, 0, 0, bytes, both, cpu), ENOENT);

	EXPECT_EQ(dma_address(self->fd, bind.handle, bytes - 1, &where), 0);
	EXPECT_EQ(where.dma, bind.dma + bytes - 1);
	EXPECT_EQ(where.length, 1);
	EXPECT_EQ(dma_address(self->fd, bind.handle, bytes, &where), EINVAL);
	EXPECT_EQ(dma_address(self->fd, bind.handle, UINT64_MAX, &where), EINVAL);
	EXPECT_EQ(dma_address(self->fd, block.handle, 0, &where), EINVAL);
	where.padding = 1;
	EXPECT_EQ(call(self->fd, RSV_IOC_DMA_ADDRESS, &where), EINVAL);

	EXPECT_EQ(free_handle(self->fd, bind.handle), 0);
	EXPECT_EQ(free_handle(self->fd, bind.handle), ENOENT) TH_LOG("freed twice");
	EXPECT_EQ(sync_range(self->fd, bind.handle, 0, bytes, both, cpu), ENOENT);
	EXPECT_EQ(dma_address(self->fd, bind.handle, 0, &where), ENOENT);
}

TEST_F(device, a_binding_keeps_the_memory_of_a_freed_buffer)
{
	struct rsv_ioc_bind first, second;
	char device[RSV_DEVICE_NAME_MAX];
	struct rsv_ioc_buffer_alloc block;
	uint32_t region;
	uint64_t all;

	if (!find_pci(0, 0, device))
		SKIP(return, "this machine has no such device");
	ASSERT_EQ(create_scratch(self->fd, MB(1), &region), 0);
	all = settled_free_bytes(self->fd, region);
	ASSERT_EQ(alloc_block(self->fd, region, KB(64), &block), 0);
	ASSERT_EQ(bind_buffer(self->fd, block.handle, device, &first), 0);
	ASSERT_EQ(bind_buffer(self->fd, block.handle, device, &second), 0);
	EXPECT_EQ(free_handle(self->fd, block.handle), 0);
	EXPECT_EQ(free_handle(self->fd, region), EBUSY);
	EXPECT_EQ(free_bytes(self->fd, region), all - KB(64));
	EXPECT_EQ(free_handle(self->fd, first.handle), 0);
	EXPECT_EQ(sync_all(self->fd, second.handle, KB(64), RSV_OWNER_CPU), 0);
	EXPECT_EQ(free_bytes(self->fd, region), all - KB(64));
	EXPECT_EQ(free_handle(self->fd, second.handle), 0);
	EXPECT_TRUE(free_bytes_become(self->fd, region, all));
	EXPECT_EQ(free_handle(self->fd, region), 0);
}

/* The physical address of a page of this process, as the kernel says, or 0 */
static uint64_t pagemap_address(const void *at)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry = 0;

	if (fd < 0)
		return 0;
	if (pread(fd, &entry, 8, (uintptr_t)at / page_size() * 8) != 8)
		entry = 0;
	close(fd);
	return (entry & ((1ULL << 55) - 1)) * page_size();
}

TEST_F(device, every_page_of_a_scattered_buffer_has_its_address)
{
	struct rsv_ioc_scattered_alloc pages = {
		.size = sizeof(pages), .bytes = 96 * page_size()};
	char device[RSV_DEVICE_NAME_MAX];
	uint32_t segments = 0, holes[96];
	struct rsv_ioc_dma_address dma;
	struct rsv_ioc_physical phys;
	struct rsv_ioc_bind bind;
	uint64_t at;
	size_t i;

	if (!find_pci(0, 0, device))
		SKIP(return, "this machine has no such device");
	/* Every second page is free: then the buffer is in pieces. */
	for (i = 0; i < ARRAY_SIZE(holes); i++)
		ASSERT_EQ(hold_bytes(self->fd, 0, page_size(), &holes[i]), 0);
	for (i = 0; i < ARRAY_SIZE(holes); i += 2)
		ASSERT_EQ(free_handle(self->fd, holes[i]), 0);
	ASSERT_EQ(call(self->fd, RSV_IOC_SCATTERED_ALLOC, &pages), 0);
	ASSERT_EQ(bind_buffer(self->fd, pages.handle, device, &bind), 0);
	for (at = 0; at < pages.bytes; at += dma.length) {
		ASSERT_EQ(dma_address(self->fd, bind.handle, at, &dma), 0);
		ASSERT_EQ(physical(self->fd, pages.handle, at, &phys), 0);
		ASSERT_NE(dma.length, 0);
		EXPECT_EQ(dma.dma, phys.physical) TH_LOG("this machine has no IOMMU");
		EXPECT_EQ(dma.length, phys.length);
		if (!at) {
			EXPECT_EQ(dma.dma, bind.dma);
			EXPECT_EQ(dma.length, bind.length);
		}
		segments++;
	}
	EXPECT_EQ(at, pages.bytes);
	EXPECT_EQ(bind.segments, segments);
	EXPECT_GT(segments, 1);
	EXPECT_EQ(sync_all(self->fd, bind.handle, pages.bytes, RSV_OWNER_CPU), 0);
	EXPECT_EQ(sync_range(self->fd, bind.handle, 1, pages.bytes - 2, RSV_DMA_BOTH,
			     RSV_OWNER_DEVICE),
		  0);
}

TEST_F(device, a_physical_address_is_that_of_the_mapped_page)
{
	struct rsv_ioc_buffer_alloc block;
	struct rsv_ioc_physical phys;
	uint64_t at;
	uint8_t *map;

	ASSERT_EQ(alloc_block(self->fd, 0, KB(64), &block), 0);
	map = map_range(self->fd, block.mmap_offset, KB(64));
	ASSERT_NE(map, MAP_FAILED);
	map[0] = 1;
	if (!pagemap_address(map)) {
		munmap(map, KB(64));
		SKIP(return, "this kernel does not tell");
	}
	for (at = 0; at < KB(64); at += page_size() - 1) {
		map[at] = 1;
		ASSERT_EQ(physical(self->fd, block.handle, at, &phys), 0);
		EXPECT_EQ(phys.length, KB(64) - at);
		EXPECT_EQ(phys.physical, pagemap_address(map + at) + at % page_size());
	}
	EXPECT_EQ(physical(self->fd, block.handle, KB(64), &phys), EINVAL);
	EXPECT_EQ(physical(self->fd, block.handle, UINT64_MAX, &phys), EINVAL);
	EXPECT_EQ(physical(self->fd, 0, 0, &phys), ENOENT);
	phys.buffer = block.handle;
	phys.padding = 1;
	EXPECT_EQ(call(self->fd, RSV_IOC_PHYSICAL, &phys), EINVAL);
	munmap(map, KB(64));
}

static int physical_as_nobody(int fd)
{
	struct rsv_ioc_physical phys;

	return physical(fd, nobodys_buffer, 0, &phys);
}

TEST_F(device, physical_addresses_are_for_root_or_for_the_group)
{
	struct rsv_ioc_buffer_alloc block;

	ASSERT_EQ(alloc_block(self->fd, 0, 1, &block), 0);
	nobodys_buffer = block.handle;
	EXPECT_EQ(as_nobody(physical_as_nobody, self->fd), EPERM);
	ASSERT_EQ(set_parameter(PARAMETERS "phys", "group\n"), 0);
	EXPECT_EQ(as_nobody(physical_as_nobody, self->fd), 0);
	EXPECT_NE(set_parameter(PARAMETERS "phys", "all"), 0);
	EXPECT_NE(set_parameter(PARAMETERS "phys", "\n"), 0);
	EXPECT_EQ(as_nobody(physical_as_nobody, self->fd), 0);
	ASSERT_EQ(set_parameter(PARAMETERS "phys", "root"), 0);
	EXPECT_EQ(as_nobody(physical_as_nobody, self->fd), EPERM);
}

TEST_F(device, a_buffer_that_the_device_does_not_reach_is_refused)
{
	char device[RSV_DEVICE_NAME_MAX];
	struct rsv_ioc_buffer_alloc block;
	struct rsv_ioc_physical phys;
	struct rsv_ioc_bind bind, plain;

	if (!find_pci(0, 0, device))
		SKIP(return, "this machine has no such device");
	ASSERT_EQ(alloc_block(self->fd, 0, KB(64), &block), 0);
	ASSERT_EQ(physical(self->fd, block.handle, 0, &phys), 0);
	if (phys.physical <= MB(16))
		SKIP(return, "the region lies too low");
	ASSERT_EQ(pci_number(device + 4, "dma_mask_bits"), 32);
	ASSERT_EQ(bind_buffer(self->fd, block.handle, device, &plain), 0);
	EXPECT_EQ(bind_with(self->fd, block.handle, device, 0, 24, &bind), ERANGE);
	EXPECT_EQ(bind.refusal, RSV_REFUSED_MASK);
	EXPECT_EQ(pci_number(device + 4, "dma_mask_bits"), 32) TH_LOG("another binding keeps it");
	EXPECT_EQ(free_handle(self->fd, plain.handle), 0);
	EXPECT_EQ(bind_with(self->fd, block.handle, device, 0, 24, &bind), ERANGE);
	EXPECT_EQ(bind_with(self->fd, block.handle, device, 0, 2, &bind), EIO);
	EXPECT_EQ(bind.refusal, RSV_REFUSED_BITS);
	EXPECT_EQ(pci_number(device + 4, "dma_mask_bits"), 32) TH_LOG("what is refused changes it");

	ASSERT_EQ(bind_with(self->fd, block.handle, device, 0, 40, &bind), 0);
	EXPECT_EQ(pci_number(device + 4, "dma_mask_bits"), 40);
	EXPECT_EQ(free_handle(self->fd, bind.handle), 0);
	EXPECT_EQ(pci_number(device + 4, "dma_mask_bits"), 32) TH_LOG("it is not as it was");
}

/* Whether the kernel's command line has the word */
static bool booted_with(const char *word)
{
	char line[4096] = "";
	FILE *file = fopen("/proc/cmdline", "r");

	if (!file)
		return false;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	fclose(file);
	return strstr(line, word);
}

TEST_F(device, a_buffer_that_the_kernel_would_copy_is_refused)
{
	struct rsv_ioc_scattered_alloc pages = {.size = sizeof(pages), .bytes = KB(64)};
	char device[RSV_DEVICE_NAME_MAX];
	struct rsv_ioc_buffer_alloc block;
	const uint64_t sizes[] = {KB(64), MB(1)};
	struct rsv_ioc_bind bind;
	size_t i;

	if (!booted_with("swiotlb=force") || !find_pci(0, 0, device))
		SKIP(return, "this kernel copies nothing");
	/* A copy of 1 MB is too long even for the kernel. */
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT_EQ(alloc_block(self->fd, 0, sizes[i], &block), 0);
		EXPECT_EQ(bind_buffer(self->fd, block.handle, device, &bind), ERANGE);
		EXPECT_EQ(bind.refusal, RSV_REFUSED_BOUNCED);
	}
	ASSERT_EQ(call(self->fd, RSV_IOC_SCATTERED_ALLOC, &pages), 0);
	EXPECT_EQ(bind_buffer(self->fd, pages.handle, device, &bind), ERANGE);
	EXPECT_EQ(bind.refusal, RSV_REFUSED_BOUNCED);
}

TEST_F(device, all_bindings_of_a_device_have_one_mask)
{
	struct rsv_ioc_bind first, second, other;
	char device[RSV_DEVICE_NAME_MAX];
	struct rsv_ioc_buffer_alloc block;

	if (!find_pci(0, 0, device))
		SKIP(return, "this machine has no such device");
	ASSERT_EQ(alloc_block(self->fd, 0, 1, &block), 0);
	ASSERT_EQ(bind_with(self->fd, block.handle, device, 0, 40, &first), 0);
	EXPECT_EQ(bind_with(self->fd, block.handle, device, 0, 36, &other), EBUSY);
	EXPECT_EQ(other.refusal, RSV_REFUSED_BITS);
	EXPECT_EQ(bind_with(self->fd, block.handle, device, 0, 40, &other), 0);
	EXPECT_EQ(bind_buffer(self->fd, block.handle, device, &second), 0);
	EXPECT_EQ(free_handle(self->fd, first.handle), 0);
	EXPECT_EQ(free_handle(self->fd, other.handle), 0);
	EXPECT_EQ(pci_number(device + 4, "dma_mask_bits"), 40);
	EXPECT_EQ(free_handle(self->fd, second.handle), 0);
	EXPECT_EQ(pci_number(device + 4, "dma_mask_bits"), 32);
}

TEST_F_TIMEOUT(device, a_descriptor_has_at_most_16384_bindings, 120)
{
	char device[RSV_DEVICE_NAME_MAX];
	struct rsv_ioc_buffer_alloc block;
	struct rsv_ioc_bind bind, more;
	int i;

	if (!find_pci(0, 0, device))
		SKIP(return, "this machine has no such device");
	ASSERT_EQ(alloc_block(self->fd, 0, 1, &block), 0);
	for (i = 0; i < 16384; i++)
		ASSERT_EQ(bind_buffer(self->fd, block.handle, device, &bind), 0) TH_LOG("%d", i);
	EXPECT_EQ(bind_buffer(self->fd, block.handle, device, &more), EMFILE);
	EXPECT_EQ(free_handle(self->fd, bind.handle), 0);
	EXPECT_EQ(bind_buffer(self->fd, block.handle, device, &more), 0);
}

TEST_F(device, uncached_mappings_are_refused)
{
	EXPECT_EQ(open("/dev/reservoir", O_RDWR | O_SYNC), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(open("/dev/reservoir", O_RDWR | O_DSYNC), -1);
	EXPECT_EQ(errno, EINVAL);
}
