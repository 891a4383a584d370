// SPDX-License-Identifier: GPL-2.0
/*
 * reservoir_kunit.ko: the KUnit suites, each in a file of its own. They run as the module loads.
 */
#include <linux/module.h>

#include "compat.h"

RSV_IMPORT_KUNIT_NS;
MODULE_DESCRIPTION("KUnit suites of Reservoir");
MODULE_LICENSE("GPL");
