// SPDX-License-Identifier: GPL-2.0
/*
 * Test parameters that several suites share.
 */
#include <linux/kernel.h>

#include "params.h"

void rsvt_pages_text(const unsigned int *pages, char *text)
{
	snprintf(text, KUNIT_PARAM_DESC_SIZE, "%u pages", *pages);
}

const struct name_case rsvt_name_cases[NAME_CASES] = {
	{"one letter", "a", true},
	{"all kinds of characters", "Az09_.-x", true},
	{"31 characters", "abcdefghijklmnopqrstuvwxyz-1234", true},
	{"leading dot", ".hidden", true},
	{"three dots", "...", true},
	{"leading dash", "-r", true},
	{"empty", "", false},
	{"dot", ".", false},
	{"dot dot", "..", false},
	{"32 characters", "abcdefghijklmnopqrstuvwxyz-12345", false},
	{"slash", "a/b", false},
	{"only a slash", "/", false},
	{"space", "a b", false},
	{"newline", "a\n", false},
	{"percent", "%p", false},
	{"not ASCII", "caf\xc3\xa9", false},
	{"DEL", "\x7f", false},
};
