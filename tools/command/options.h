/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arguments of a command. A malformed argument is an error: the command does not guess.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <getopt.h>
#include <stdint.h>

/* The last long options of every command. getopt_long() returns 'h' for --help. */
#define OPTION_HELP                            \
	{                                      \
		"help", no_argument, NULL, 'h' \
	}
#define OPTIONS_END              \
	{                        \
		NULL, 0, NULL, 0 \
	}

/*
 * Returns the next option, or -1. Prints the help for --help; an unknown option ends the program.
 */
int next_option(int argc, char **argv, const struct option *options);

/* Ends the program unless the number of arguments after the options is from @least to @most. */
void check_arguments(int argc, char **argv, int least, int most);

#define OPTION_REGION                                  \
	{                                              \
		"region", required_argument, NULL, 'r' \
	}

/* End the program unless the text is a size above 0, or a number from @least to @most. */
uint64_t parse_size(const char *text);
uint64_t parse_number(const char *text, uint64_t least, uint64_t most);

#endif /* OPTIONS_H */
