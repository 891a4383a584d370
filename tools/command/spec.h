/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory of a region as text: entries [nodeN/][ZONE:|contig:]SIZE[:SHARED], separated by
 * commas.
 */
#ifndef SPEC_H
#define SPEC_H

#include <stdint.h>

#include <linux/reservoir.h>

/* End the program unless the text is well-formed. parse_specs() returns the number of entries. */
uint32_t parse_specs(const char *text, struct rsv_ioc_reserve want[RSV_RESERVES_MAX]);
void parse_spec(const char *text, struct rsv_ioc_reserve *want);

#endif /* SPEC_H */
