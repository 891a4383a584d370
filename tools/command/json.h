/* SPDX-License-Identifier: GPL-2.0 */
#ifndef JSON_H
#define JSON_H

struct view;

/* Everything that can be queried of a region, as one JSON object on standard output. */
void json_stat(const struct view *view);

#endif /* JSON_H */
