/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>

/* Zeroed memory of the program's own; ends the program where there is none. */
void *new_memory(size_t bytes);

#endif /* MEMORY_H */
