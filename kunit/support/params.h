/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Test parameters that several suites share.
 */
#ifndef RSV_KUNIT_PARAMS_H
#define RSV_KUNIT_PARAMS_H

#include "suite.h"

void rsvt_pages_text(const unsigned int *pages, char *text);

/**
 * struct name_case - a name of a region or of a cache
 * @what: its description
 * @name: the name
 * @good: whether it is valid
 */
struct name_case {
	const char *what;
	const char *name;
	bool good;
};

#define NAME_CASES	17

extern const struct name_case rsvt_name_cases[NAME_CASES];

#endif /* RSV_KUNIT_PARAMS_H */
