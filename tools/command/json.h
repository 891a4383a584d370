/* SPDX-License-Identifier: GPL-2.0 */
#ifndef JSON_H
#define JSON_H

#include <stdint.h>

/* Everything that can be queried of the default region, as one JSON object on standard output. */
void json_stat(int fd, uint32_t region);

#endif /* JSON_H */
