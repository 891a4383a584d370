// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "command.h"
#include "memory.h"

void *new_memory(size_t bytes)
{
	void *memory = calloc(1, bytes);

	if (!memory)
		fail("no memory for %zu bytes", bytes);
	return memory;
}
