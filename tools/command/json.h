/* SPDX-License-Identifier: GPL-2.0 */
#ifndef JSON_H
#define JSON_H

struct view;

/* Prints all figures of a region as one JSON object. */
void json_stat(const struct view *view);

#endif /* JSON_H */
