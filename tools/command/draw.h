/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How memory is drawn: sizes, bars, maps.
 */
#ifndef DRAW_H
#define DRAW_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/reservoir.h>

#define MAP_COLUMNS	64

struct text {
	char chars[32];
};

/* 2048 as "2 KB", 1741 as "1741 bytes", what is not a round number of anything as "63.9 MB" */
struct text size_text(uint64_t bytes);

/* @part of @whole, from 0 to 100 */
double percent(uint64_t part, uint64_t whole);

/* The unusable free space index of an order, in thousandths */
uint64_t unusable_index(const struct rsv_ioc_zone *zone, uint32_t order);

/* A bar of as many # as @part of @whole has of @width columns, at least one if there is any part. */
void draw_bar(uint64_t part, uint64_t whole, int width);

/**
 * struct map - pages to be drawn, MAP_COLUMNS a line
 * @chars: RSV_MAP_* for each page
 * @nr_pages: their number
 * @page_size: what the places at the left count: bytes of a page, or 0 to count pages
 * @indent: what every line begins with
 * @fold: show lines that equal the one above as one "*"
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
