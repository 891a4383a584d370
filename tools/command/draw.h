/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sizes, bars and maps as text.
 */
#ifndef DRAW_H
#define DRAW_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/reservoir.h>

#define MAP_COLUMNS 64

struct text {
	char chars[32];
};

/* "2 KB" for 2048 and "1741 bytes" for 1741; "63.9 MB" for a large size that is not round */
struct text size_text(uint64_t bytes);

/* @part in percent of @whole */
double percent(uint64_t part, uint64_t whole);

/*
 * The unusable free space index of an order, in thousandths: the part of the free pages that is in
 * blocks of lower orders, as in the kernel's extfrag/unusable_index
 */
uint64_t unusable_index(const struct rsv_ioc_zone *zone, uint32_t order);

/*
 * Prints a bar of # for @part of @whole, which has @width columns. A part above 0 has at least
 * one.
 */
void draw_bar(uint64_t part, uint64_t whole, int width);

/**
 * struct map - a map of pages, MAP_COLUMNS a line
 * @chars: RSV_MAP_* for each page
 * @nr_pages: their number
 * @page_size: bytes of a page, to print offsets in bytes; 0 to print them in pages
 * @indent: beginning of every line
 * @fold: print one "*" for lines that equal the line above
 */
struct map {
	const char *chars;
	uint64_t nr_pages;
	uint32_t page_size;
	const char *indent;
	bool fold;
};

void draw_map(const struct map *map);

#endif /* DRAW_H */
