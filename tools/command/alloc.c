// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir alloc: allocate a block, use it, free it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "command.h"
#include "device.h"
#include "draw.h"
#include "options.h"
#include "refusal.h"

#define HOLD_SECONDS_MAX 86400

static unsigned char pattern(uint64_t index)
{
	return index * 31 >> 3;
}

/* Writes every byte of the block through a mapping, and reads it back. */
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
			fail("byte %llu of the block is not what was written to it",
			     (unsigned long long)i);
	munmap(bytes, block->bytes);
}

static void print_block(const struct rsv_ioc_buffer_alloc *block, uint64_t wanted)
{
	printf("%s served by a block of %s", size_text(wanted).chars,
	       size_text(block->bytes).chars);
	if (block->bytes > wanted)
		printf(", %s of it unused", size_text(block->bytes - wanted).chars);
	printf("\nat offset %s of the region\n", size_text(block->offset).chars);
}

/* The request, from the arguments */
struct request {
	const char *region;
	struct rsv_ioc_buffer_alloc want;
	unsigned int seconds;
};

/* The block that a request wants: a power of two of pages, unless it is exact */
static uint64_t block_bytes(int fd, const struct rsv_ioc_buffer_alloc *want)
{
	uint64_t bytes = query_info(fd, want->region).page_size;

	if (want->flags & RSV_BUFFER_EXACT)
		return want->bytes;
	while (bytes && bytes < want->bytes)
		bytes <<= 1;
	return bytes ? bytes : want->bytes;
}

static _Noreturn void fail_block(int fd, const struct rsv_ioc_buffer_alloc *want, uint32_t refusal)
{
	int error = errno;
	uint64_t bytes = block_bytes(fd, want);
	char what[96];
	int length = snprintf(what, sizeof(what), "allocate a block of %s", size_text(bytes).chars);

	if (bytes != want->bytes)
		snprintf(what + length, sizeof(what) - length, " for %s",
			 size_text(want->bytes).chars);
	errno = error;
	fail_refused(fd, want->region, what, refusal, refusal_advice(refusal));
}

static void alloc_and_free(struct request *request)
{
	uint64_t wanted = request->want.bytes;
	int fd = open_for_changes();
	struct rsv_ioc_buffer_alloc block;

	request->want.region = open_region(fd, request->region);
	block = alloc_buffer(fd, request->want);

	if (!block.handle)
		fail_block(fd, &request->want, block.refusal);
	print_block(&block, wanted);
	use_block(fd, &block);
	printf("mapped, zeroed, written and read back: %s\n", size_text(block.bytes).chars);
	if (request->seconds) {
		printf("held for %u seconds\n", request->seconds);
		fflush(stdout);
		sleep(request->seconds);
	}
	free_handle(fd, block.handle);
	puts("freed");
}

static uint32_t zone_flag(const char *zone)
{
	if (!strcmp(zone, "dma"))
		return RSV_BUFFER_DMA;
	if (!strcmp(zone, "dma32"))
		return RSV_BUFFER_DMA32;
	wrong_usage("'%s' is none of dma and dma32", zone);
}

static void set_option(struct request *request, int option)
{
	switch (option) {
	case 'e':
		request->want.flags |= RSV_BUFFER_EXACT;
		break;
	case 'z':
		request->want.flags &= ~(RSV_BUFFER_DMA | RSV_BUFFER_DMA32);
		request->want.flags |= zone_flag(optarg);
		break;
	case 'n':
		request->want.node = parse_number(optarg, 0, INT32_MAX);
		request->want.flags |= RSV_BUFFER_NODE;
		break;
	case 't':
		request->want.flags |= RSV_BUFFER_THISNODE;
		break;
	case 'u':
		request->want.flags |= RSV_BUFFER_HIGH;
		break;
	case 'r':
		request->region = optarg;
		break;
	default:
		request->seconds = parse_number(optarg, 0, HOLD_SECONDS_MAX);
	}
}

static enum status run_alloc(int argc, char **argv)
{
	static const struct option options[] = {{"hold", required_argument, NULL, 's'},
						{"exact", no_argument, NULL, 'e'},
						{"zone", required_argument, NULL, 'z'},
						{"node", required_argument, NULL, 'n'},
						{"this-node", no_argument, NULL, 't'},
						{"high", no_argument, NULL, 'u'},
						OPTION_REGION,
						OPTION_HELP,
						OPTIONS_END};
	struct request request = {0};
	int option;

	while ((option = next_option(argc, argv, options)) != -1)
		set_option(&request, option);
	check_arguments(argc, argv, 1, 1);
	if (request.want.flags & RSV_BUFFER_EXACT && request.want.flags & RSV_BUFFER_NODE)
		wrong_usage("--exact and --node do not go together");
	if (request.want.flags & RSV_BUFFER_THISNODE && !(request.want.flags & RSV_BUFFER_NODE))
		wrong_usage("--this-node needs --node");
	request.want.bytes = parse_size(argv[optind]);
	alloc_and_free(&request);
	return STATUS_OK;
}

const struct command command_alloc = {
	.name = "alloc",
	.arguments = "SIZE [OPTION...]",
	.summary = "allocate a block of pages, use it, free it",
	.help = "  --hold SECONDS  free the block after this time\n"
		"  --exact         allocate SIZE in whole pages, not a power of two of pages\n"
		"  --zone ZONE     use this zone, dma or dma32, or a lower one\n"
		"  --node N        use this node, or the nearest that has such a block\n"
		"  --this-node     use no other node\n"
		"  --high          use the last pages, too, which are for urgent requests. In the\n"
		"                  default region only root may use it (CAP_SYS_RESOURCE): drivers need\n"
		"                  these pages\n"
		"  --region NAME   use this region, not the default one\n",
	.run = run_alloc,
};
