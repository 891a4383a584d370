// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir alloc: take a block, use it, give it back.
 */
#include <stdio.h>
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
	printf("\nat offset %s of the region\n", size_text(block->place).chars);
}

static void alloc_and_free(uint64_t wanted, unsigned int seconds)
{
	int fd = open_to_change();
	struct rsv_ioc_buffer_alloc block = alloc_buffer(fd, DEFAULT_REGION, wanted);

	if (!block.handle)
		fail("there is no free block that holds %s: the largest has %s", size_text(wanted).chars,
		     size_text(query_info(fd, DEFAULT_REGION).largest_free).chars);
	print_block(&block, wanted);
	use_block(fd, &block);
	printf("mapped, found zeroed, written and read back: %s\n", size_text(block.bytes).chars);
	if (seconds) {
		printf("held for %u seconds\n", seconds);
		fflush(stdout);
		sleep(seconds);
	}
	free_handle(fd, block.handle);
	puts("given back");
}

static enum status run_alloc(int argc, char **argv)
{
	static const struct option options[] = {
		{ "hold", required_argument, NULL, 's' },
		OPTION_HELP,
		OPTIONS_END
	};
	unsigned int seconds = 0;

	while (next_option(argc, argv, options) != -1)
		seconds = parse_number(optarg, 0, HOLD_SECONDS_MAX);
	check_arguments(argc, argv, 1, 1);
	alloc_and_free(parse_size(argv[optind]), seconds);
	return STATUS_OK;
}

const struct command command_alloc = {
	.name = "alloc",
	.arguments = "SIZE [--hold SECONDS]",
	.summary = "take a block of pages, use it, give it back",
	.help = "  --hold SECONDS  keep it so long\n",
	.run = run_alloc,
};
