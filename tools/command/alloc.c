// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir alloc: take a block, use it, give it back.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "command.h"
#include "device.h"
#include "draw.h"
#include "options.h"

#define HOLD_SECONDS_MAX 86400

static unsigned char pattern(uint64_t index)
{
	return index * 31 >> 3;
}

/* Write to every byte of the block, and read it again, through a mapping. */
static void use_block(int fd, const struct rsv_ioc_buffer_alloc *block)
{
	unsigned char *bytes = mmap(NULL, block->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
				    block->mmap_offset);
	uint64_t i;

	if (bytes == MAP_FAILED)
		fail("cannot map the block: %m");
	for (i = 0; i < block->bytes; i++) {
		if (bytes[i])
			fail("byte %llu of the new block is not zero", (unsigned long long)i);
		bytes[i] = pattern(i);
	}
	for (i = 0; i < block->bytes; i++)
		if (bytes[i] != pattern(i))
			fail("byte %llu of the block did not keep what was written to it",
			     (unsigned long long)i);
	munmap(bytes, block->bytes);
}

static void print_block(const struct rsv_ioc_buffer_alloc *block, uint64_t wanted)
{
	printf("%s served by a block of %s", size_text(wanted).chars, size_text(block->bytes).chars);
	if (block->bytes > wanted)
		printf(", %s of it not asked for", size_text(block->bytes - wanted).chars);
	printf("\nat offset %s of the region\n", size_text(block->offset).chars);
}

/* The region and what is wanted of it, as arguments say */
struct wish {
	const char *region;
	struct rsv_ioc_buffer_alloc want;
	unsigned int seconds;
};

static void alloc_and_free(struct wish *wish)
{
	uint64_t wanted = wish->want.bytes;
	int fd = open_to_change();
	struct rsv_ioc_buffer_alloc block;

	wish->want.region = open_region(fd, wish->region);
	block = alloc_buffer(fd, wish->want);

	if (!block.handle)
		fail("there is no free block that holds %s: the largest has %s", size_text(wanted).chars,
		     size_text(query_info(fd, wish->want.region).largest_free).chars);
	print_block(&block, wanted);
	use_block(fd, &block);
	printf("mapped, found zeroed, written and read back: %s\n", size_text(block.bytes).chars);
	if (wish->seconds) {
		printf("held for %u seconds\n", wish->seconds);
		fflush(stdout);
		sleep(wish->seconds);
	}
	free_handle(fd, block.handle);
	puts("given back");
}

static uint32_t zone_flag(const char *zone)
{
	if (!strcmp(zone, "dma"))
		return RSV_BUFFER_DMA;
	if (!strcmp(zone, "dma32"))
		return RSV_BUFFER_DMA32;
	wrong_usage("'%s' is none of dma and dma32", zone);
}

static void set_wish(struct wish *wish, int option)
{
	switch (option) {
	case 'e':
		wish->want.flags |= RSV_BUFFER_EXACT;
		break;
	case 'z':
		wish->want.flags &= ~(RSV_BUFFER_DMA | RSV_BUFFER_DMA32);
		wish->want.flags |= zone_flag(optarg);
		break;
	case 'n':
		wish->want.node = parse_number(optarg, 0, INT32_MAX);
		wish->want.flags |= RSV_BUFFER_NODE;
		break;
	case 'r':
		wish->region = optarg;
		break;
	default:
		wish->seconds = parse_number(optarg, 0, HOLD_SECONDS_MAX);
	}
}

static enum status run_alloc(int argc, char **argv)
{
	static const struct option options[] = {
		{ "hold", required_argument, NULL, 's' },
		{ "exact", no_argument, NULL, 'e' },
		{ "zone", required_argument, NULL, 'z' },
		{ "node", required_argument, NULL, 'n' },
		OPTION_REGION,
		OPTION_HELP,
		OPTIONS_END
	};
	struct wish wish = { 0 };
	int option;

	while ((option = next_option(argc, argv, options)) != -1)
		set_wish(&wish, option);
	check_arguments(argc, argv, 1, 1);
	if (wish.want.flags & RSV_BUFFER_EXACT && wish.want.flags & RSV_BUFFER_NODE)
		wrong_usage("--exact and --node do not go together");
	wish.want.bytes = parse_size(argv[optind]);
	alloc_and_free(&wish);
	return STATUS_OK;
}

const struct command command_alloc = {
	.name = "alloc",
	.arguments = "SIZE [--hold SECONDS] [--exact] [--zone dma|dma32] [--node N] [--region NAME]",
	.summary = "take a block of pages, use it, give it back",
	.help = "  --hold SECONDS  keep it so long\n"
		"  --exact         so many pages, not a power of two\n"
		"  --zone ZONE     from this zone of the kernel's or a lower one\n"
		"  --node N        from this node, if it has any; else from the nearest\n"
		"  --region NAME   from this region, not the default one\n",
	.run = run_alloc,
};
