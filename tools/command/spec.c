// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "memory.h"
#include "options.h"
#include "spec.h"

static const struct {
	const char *word;
	uint32_t zone;
	uint32_t flags;
} kinds[] = {
	{"dma", RSV_ZONE_DMA, 0},
	{"dma32", RSV_ZONE_DMA32, 0},
	{"normal", RSV_ZONE_NORMAL, 0},
	{"highmem", RSV_ZONE_HIGHMEM, 0},
	{"contig", RSV_ZONE_ANY, RSV_RESERVE_CONTIG},
};

#define NR_KINDS  (sizeof(kinds) / sizeof(kinds[0]))
#define NODES_MAX 1024

/* Cuts the part before @end off the text. Returns NULL if the text has no @end. */
static char *cut_part(char **text, char end)
{
	char *part = *text, *at = strchr(part, end);

	if (!at)
		return NULL;
	*at = '\0';
	*text = at + 1;
	return part;
}

static void parse_node(const char *part, struct rsv_ioc_reserve *want)
{
	if (strncmp(part, "node", 4))
		wrong_usage("'%s' is not a node: expected nodeN/", part);
	want->node = parse_number(part + 4, 0, NODES_MAX - 1);
	want->flags |= RSV_RESERVE_NODE;
}

static void parse_kind(const char *part, struct rsv_ioc_reserve *want)
{
	size_t i;

	for (i = 0; i < NR_KINDS; i++)
		if (!strcmp(part, kinds[i].word)) {
			want->zone = kinds[i].zone;
			want->flags |= kinds[i].flags;
			return;
		}
	wrong_usage("'%s' is none of dma, dma32, normal, highmem and contig", part);
}

static void parse_shared(const char *part, struct rsv_ioc_reserve *want)
{
	want->shared = parse_size(part);
	if (want->zone == RSV_ZONE_ANY)
		wrong_usage("'%s': only an entry that names a zone can have a shared part", part);
	if (want->shared > want->bytes)
		wrong_usage("'%s' is more than the size that it is a part of", part);
}

/* A kind begins with a letter and a size with a digit, which tells the two colons apart. */
static void parse_entry(char *rest, struct rsv_ioc_reserve *want)
{
	char *part = cut_part(&rest, '/');

	*want = (struct rsv_ioc_reserve){.zone = RSV_ZONE_ANY};
	if (part)
		parse_node(part, want);
	part = strchr(rest, ':') && (*rest < '0' || *rest > '9') ? cut_part(&rest, ':') : NULL;
	if (part)
		parse_kind(part, want);
	part = cut_part(&rest, ':');
	want->bytes = parse_size(part ? part : rest);
	if (part)
		parse_shared(rest, want);
}

static char *copy_of(const char *text)
{
	return strcpy(new_memory(strlen(text) + 1), text);
}

void parse_spec(const char *text, struct rsv_ioc_reserve *want)
{
	char *copy = copy_of(text);

	parse_entry(copy, want);
	free(copy);
}

uint32_t parse_specs(const char *text, struct rsv_ioc_reserve want[RSV_RESERVES_MAX])
{
	char *copy = copy_of(text), *rest = copy, *entry;
	uint32_t nr = 0;

	while ((entry = strsep(&rest, ","))) {
		if (nr == RSV_RESERVES_MAX)
			wrong_usage("'%s' has more than %u entries", text, RSV_RESERVES_MAX);
		parse_entry(entry, &want[nr++]);
	}
	free(copy);
	return nr;
}
