/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>

/* Allocates zeroed memory, or ends the program. */
void *new_memory(size_t bytes);

#endif /* MEMORY_H */
