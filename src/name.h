/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSV_NAME_H
#define RSV_NAME_H

#include <linux/types.h>

bool rsv_name_ok(const char *name);

#endif /* RSV_NAME_H */
