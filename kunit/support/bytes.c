// SPDX-License-Identifier: GPL-2.0
/*
 * Reads and writes of bytes that the sanitizers forbid, such as those of free objects.
 */
#include <linux/kasan.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "bytes.h"

void rsvt_peek(void *to, const void *from, size_t bytes)
{
	kasan_disable_current();
	memcpy(to, from, bytes);
	kasan_enable_current();
}

void rsvt_poke(void *to, const void *from, size_t bytes)
{
	kasan_disable_current();
	memcpy(to, from, bytes);
	kasan_enable_current();
}

void rsvt_poke_byte(void *object, int offset, u8 value)
{
	rsvt_poke(object + offset, &value, 1);
}
