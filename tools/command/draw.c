// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "draw.h"

#define NR_UNITS 5

struct text size_text(uint64_t bytes)
{
	static const char *const units[NR_UNITS] = {"bytes", "KB", "MB", "GB", "TB"};
	unsigned int unit = 0;
	struct text text;

	while (unit + 1 < NR_UNITS && bytes && !(bytes >> 10 * unit & 1023) &&
	       bytes >> 10 * (unit + 1))
		unit++;
	/* A long number of a small unit is easier to read as a fraction of a larger unit. */
	if (bytes >> 10 * unit >= 100000 && unit + 1 < NR_UNITS) {
		while (unit + 1 < NR_UNITS && bytes >> 10 * (unit + 1))
			unit++;
		snprintf(text.chars, sizeof(text.chars), "%.1f %s",
			 (double)bytes / (double)(1ULL << 10 * unit), units[unit]);
	} else {
		snprintf(text.chars, sizeof(text.chars), "%llu %s",
			 (unsigned long long)(bytes >> 10 * unit), units[unit]);
	}
	return text;
}

double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0.0;
}

uint64_t unusable_index(const struct rsv_ioc_zone *zone, uint32_t order)
{
	uint64_t usable = 0;

	/* A zone without free pages has the index 0, as in the kernel. */
	if (!zone->free_pages)
		return 1000;
	for (; order < zone->nr_orders; order++)
		usable += zone->free[order] << order;
	return usable < zone->free_pages ? (zone->free_pages - usable) * 1000 / zone->free_pages
					 : 0;
}

void draw_bar(uint64_t part, uint64_t whole, int width)
{
	int length = whole ? (int)((double)part / (double)whole * width + 0.5) : 0;

	if (part && !length)
		length = 1;
	while (length--)
		putchar('#');
}

static struct text offset_text(const struct map *map, uint64_t page)
{
	struct text text;

	if (page && map->page_size)
		return size_text(page * map->page_size);
	snprintf(text.chars, sizeof(text.chars), "%llu", (unsigned long long)page);
	return text;
}

static bool equals_line_above(const struct map *map, uint64_t page)
{
	const char *line = map->chars + page;

	return page && page + MAP_COLUMNS <= map->nr_pages &&
	       !memcmp(line - MAP_COLUMNS, line, MAP_COLUMNS);
}

void draw_map(const struct map *map)
{
	bool folded = false;
	uint64_t page;

	for (page = 0; page < map->nr_pages; page += MAP_COLUMNS) {
		uint64_t left = map->nr_pages - page;

		if (!map->fold || !equals_line_above(map, page)) {
			printf("%s%9s  %.*s\n", map->indent, offset_text(map, page).chars,
			       left < MAP_COLUMNS ? (int)left : MAP_COLUMNS, map->chars + page);
			folded = false;
		} else if (!folded) {
			printf("%s%9s  *\n", map->indent, "");
			folded = true;
		}
	}
}
