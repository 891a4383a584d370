// SPDX-License-Identifier: GPL-2.0
/*
 * The parts of a slot that have a known value: red zones, poison, padding. The values are those of
 * the kernel's slab_debug, so that its documentation holds for the bytes in a report.
 *
 * For KASAN no code may access these bytes, so its checks are off while this file reads them.
 */
#include <linux/kasan.h>
#include <linux/poison.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "slot.h"

/**
 * rsv_part_left() - the left red zone of an object
 * @c: the cache
 * @value: the bytes that it shall have
 *
 * Context: Any.
 * Return: The part.
 */
struct rsv_part rsv_part_left(const struct rsv_cache *c, u8 value)
{
	return (struct rsv_part){
		.name = "left red zone",
		.misuse = RSV_RED_ZONED,
		.from = -(int)c->layout.before,
		.bytes = c->layout.before,
		.value = value,
	};
}

/**
 * rsv_part_right() - the right red zone of an object
 * @c: the cache
 * @size: bytes of the object that its user may write to
 * @value: the bytes that the red zone shall have
 *
 * Context: Any.
 * Return: The part.
 */
struct rsv_part rsv_part_right(const struct rsv_cache *c, unsigned int size, u8 value)
{
	return (struct rsv_part){
		.name = "right red zone",
		.misuse = RSV_RED_ZONED,
		.from = size,
		.bytes = c->layout.object_size + c->layout.red - size,
		.value = value,
	};
}

/**
 * rsv_part_poison() - the poison of a free object, but for its last byte
 * @c: the cache
 *
 * Context: Any.
 * Return: The part.
 */
struct rsv_part rsv_part_poison(const struct rsv_cache *c)
{
	return (struct rsv_part){
		.name = "poison",
		.misuse = RSV_POISONED,
		.bytes = c->layout.object_size - 1,
		.value = POISON_FREE,
	};
}

/**
 * rsv_part_poison_end() - the last byte of the poison of a free object
 * @c: the cache
 *
 * Context: Any.
 * Return: The part.
 */
struct rsv_part rsv_part_poison_end(const struct rsv_cache *c)
{
	return (struct rsv_part){
		.name = "poison",
		.misuse = RSV_POISONED,
		.from = c->layout.object_size - 1,
		.bytes = 1,
		.value = POISON_END,
	};
}

/* Where the padding begins: behind the last of the other parts */
static unsigned int rsv_slot_padding(const struct rsv_layout *l)
{
	unsigned int padding = round_up(l->object_size + l->red, RSV_MARK_BYTES);

	if (l->mark >= l->object_size)
		padding = l->mark + RSV_MARK_BYTES;
	if (l->link >= padding && l->link != RSV_LINK_NONE)
		padding = l->link + RSV_MARK_BYTES;
	if (l->track)
		padding = l->track + RSV_TRACK_BYTES;
	if (l->asked)
		padding = l->asked + sizeof(unsigned long);
	return padding;
}

/**
 * rsv_part_padding() - the unused end of a slot
 * @c: the cache
 *
 * Context: Any.
 * Return: The part.
 */
struct rsv_part rsv_part_padding(const struct rsv_cache *c)
{
	unsigned int padding = rsv_slot_padding(&c->layout);

	return (struct rsv_part){
		.name = "padding",
		.misuse = RSV_RED_ZONED,
		.from = padding,
		.bytes = c->layout.stride - c->layout.before - padding,
		.value = POISON_INUSE,
	};
}

/**
 * rsv_part_fill() - give a part its value
 * @object: the object
 * @p: the part
 *
 * Context: Any.
 */
void rsv_part_fill(void *object, struct rsv_part p)
{
	memset(object + p.from, p.value, p.bytes);
}

/**
 * rsv_part_wrong() - find the first byte of a part that does not have its value
 * @object: the object
 * @p: the part
 *
 * Context: Any.
 * Return: The byte, or NULL if there is none.
 */
const u8 *rsv_part_wrong(const void *object, const struct rsv_part *p)
{
	const u8 *wrong;

	kasan_disable_current();
	wrong = memchr_inv(object + p->from, p->value, p->bytes);
	kasan_enable_current();
	return wrong;
}

/**
 * rsv_part_print() - print the bytes of a part
 * @name: the beginning of each line
 * @object: the object
 * @p: the part
 *
 * Context: Any, with no raw lock held.
 */
void rsv_part_print(const char *name, const void *object, struct rsv_part p)
{
	kasan_disable_current();
	print_hex_dump(KERN_ERR, name, DUMP_PREFIX_OFFSET, 16, 1, object + p.from, p.bytes, true);
	kasan_enable_current();
}
