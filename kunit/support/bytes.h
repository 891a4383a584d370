/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads and writes of bytes that the sanitizers forbid, such as those of free objects.
 */
#ifndef RSV_KUNIT_BYTES_H
#define RSV_KUNIT_BYTES_H

#include <linux/types.h>

void rsvt_peek(void *to, const void *from, size_t bytes);
void rsvt_poke(void *to, const void *from, size_t bytes);
void rsvt_poke_byte(void *object, int offset, u8 value);

#endif /* RSV_KUNIT_BYTES_H */
