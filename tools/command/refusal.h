/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why the module refused memory, in words.
 */
#ifndef REFUSAL_H
#define REFUSAL_H

#include <stdint.h>

#include <linux/reservoir.h>

struct refusal_text {
	char chars[240];
};

/*
 * What refused a request. @refusal is RSV_REFUSED_*. If the module did not say, or
 * is newer than the command, the text is that of @error. @info has the figures of the region, or is
 * NULL if the request was for a new region.
 */
struct refusal_text refusal_text(uint32_t refusal, int error, const struct rsv_ioc_info *info);

/* What other options of alloc would help, or NULL if none would */
const char *refusal_advice(uint32_t refusal);

#endif /* REFUSAL_H */
