// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "draw.h"
#include "refusal.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* What refuses, and what helps whatever was asked for */
static const char *const reasons[] = {
	[RSV_REFUSED_FULL] = "the zones that may serve have not so much free memory",
	[RSV_REFUSED_MARK] = "so much is free, but below the min watermark",
	[RSV_REFUSED_PROTECTED] = "so much is free, but for requests that name its zone",
	[RSV_REFUSED_ZONE] = "this zone has not so much, but others have",
	[RSV_REFUSED_NODE] = "this node has not so much, but others have",
	[RSV_REFUSED_PIECES] = "so much is free, but in pieces",
	[RSV_REFUSED_AGAIN] = "others freed memory just now: ask again",
	[RSV_REFUSED_SYSTEM] = "the system has no memory for it",
	[RSV_REFUSED_USER] =
		"programs of this user may not hold so much: free some, or see the parameter quota=",
	[RSV_REFUSED_PROGRAMS] =
		"programs may not hold so much together: free some, or see the parameter user=",
};

/* What helps if a block was asked for: other options of alloc */
static const char *const advices[] = {
	[RSV_REFUSED_FULL] = "ask for less, or free some",
	[RSV_REFUSED_MARK] = "ask with --high",
	[RSV_REFUSED_PROTECTED] = "ask with --zone",
	[RSV_REFUSED_ZONE] = "ask for a higher zone, or for any",
	[RSV_REFUSED_NODE] = "ask without --this-node",
	[RSV_REFUSED_PIECES] = "ask for less, with --exact, or for several",
};

static const char *reason(uint32_t refusal, int error)
{
	if (refusal && refusal < ARRAY_SIZE(reasons))
		return reasons[refusal];
	return strerror(error);
}

static void add_held(struct refusal_text *text, uint64_t held, uint64_t limit)
{
	size_t length = strlen(text->chars);

	if (limit)
		snprintf(text->chars + length, sizeof(text->chars) - length, " (held: %s of %s)",
			 size_text(held).chars, size_text(limit).chars);
}

static void add_free(struct refusal_text *text, const struct rsv_ioc_info *info)
{
	size_t length = strlen(text->chars);

	snprintf(text->chars + length, sizeof(text->chars) - length,
		 " (free: %s, largest buffer: %s, largest block: %s)",
		 size_text(info->free_bytes + info->cached_bytes).chars,
		 size_text(info->largest_free).chars, size_text(info->largest_free_block).chars);
}

struct refusal_text refusal_text(uint32_t refusal, int error, const struct rsv_ioc_info *info)
{
	struct refusal_text text;

	snprintf(text.chars, sizeof(text.chars), "%s", reason(refusal, error));
	if (!info)
		return text;
	if (refusal == RSV_REFUSED_USER)
		add_held(&text, info->user_bytes, info->user_limit);
	else if (refusal == RSV_REFUSED_PROGRAMS)
		add_held(&text, info->programs_bytes, info->programs_limit);
	else if (refusal >= RSV_REFUSED_FULL && refusal <= RSV_REFUSED_PIECES)
		add_free(&text, info);
	return text;
}

const char *refusal_advice(uint32_t refusal)
{
	return refusal < ARRAY_SIZE(advices) ? advices[refusal] : NULL;
}
