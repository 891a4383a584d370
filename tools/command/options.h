/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arguments of a command: checked strictly, since what is guessed at is wrong one day.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <getopt.h>
#include <stdint.h>

/* What every command's long options end with. getopt_long() gives 'h' for it. */
#define OPTION_HELP	{ "help", no_argument, NULL, 'h' }
#define OPTIONS_END	{ NULL, 0, NULL, 0 }

/* The next option, or -1 after the last. Answers --help, and ends with a message on an unknown option. */
int next_option(int argc, char **argv, const struct option *options);

/* Ends with a message unless the number of arguments behind the options is from @least to @most. */
void check_arguments(int argc, char **argv, int least, int most);

#define OPTION_REGION	{ "region", required_argument, NULL, 'r' }

uint64_t parse_size(const char *text);
uint64_t parse_number(const char *text, uint64_t least, uint64_t most);

#endif /* OPTIONS_H */
