/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What memory a region is to have, as text: [nodeN/][ZONE:|contig:]SIZE[:SHARED], several of them with commas between.
 */
#ifndef SPEC_H
#define SPEC_H

#include <stdint.h>

#include <linux/reservoir.h>

/* Ends the program with a message unless the text is right. Returns the number of entries. */
uint32_t parse_specs(const char *text, struct rsv_ioc_reserve want[RSV_RESERVES_MAX]);
void parse_spec(const char *text, struct rsv_ioc_reserve *want);

#endif /* SPEC_H */
