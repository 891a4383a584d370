// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "options.h"

int next_option(int argc, char **argv, const struct option *options)
{
	int option;

	opterr = 0;
	option = getopt_long(argc, argv, ":h", options, NULL);
	if (option == 'h') {
		print_help(running);
		exit(fflush(stdout) ? STATUS_FAILED : STATUS_OK);
	}
	if (option == ':')
		wrong_usage("%s needs a value", argv[optind - 1]);
	if (option == '?')
		wrong_usage("%s is not an option, or takes no value", argv[optind - 1]);
	return option;
}

void check_arguments(int argc, char **argv, int least, int most)
{
	if (argc - optind < least)
		wrong_usage("an argument is missing: %s", running->arguments);
	if (argc - optind > most)
		wrong_usage("'%s' is one argument too many", argv[optind + most]);
}

/* Returns the number that the text begins with. @end gets the rest of the text. */
static uint64_t parse_digits(const char *text, const char *kind, char **end)
{
	unsigned long long number;

	if (!isdigit((unsigned char)text[0]))
		wrong_usage("'%s' is not a %s", text, kind);
	errno = 0;
	number = strtoull(text, end, 10);
	if (errno)
		wrong_usage("'%s' is too large", text);
	return number;
}

static unsigned int suffix_shift(const char *suffix)
{
	if (!strcmp(suffix, ""))
		return 0;
	if (!strcmp(suffix, "K"))
		return 10;
	if (!strcmp(suffix, "M"))
		return 20;
	if (!strcmp(suffix, "G"))
		return 30;
	return 64;
}

uint64_t parse_size(const char *text)
{
	char *suffix;
	uint64_t number = parse_digits(text, "size", &suffix);
	unsigned int shift = suffix_shift(suffix);

	if (shift == 64)
		wrong_usage("'%s' is not a size: '%s' is not K, M or G", text, suffix);
	if (!number)
		wrong_usage("'%s' is not a size: it is 0", text);
	if (number > UINT64_MAX >> shift)
		wrong_usage("'%s' is too large", text);
	return number << shift;
}

uint64_t parse_number(const char *text, uint64_t least, uint64_t most)
{
	char *rest;
	uint64_t number = parse_digits(text, "number", &rest);

	if (*rest)
		wrong_usage("'%s' is not a number", text);
	if (number < least || number > most)
		wrong_usage("'%s' is not from %llu to %llu", text, (unsigned long long)least,
			    (unsigned long long)most);
	return number;
}
