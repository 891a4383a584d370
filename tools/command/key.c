// SPDX-License-Identifier: GPL-2.0
/*
 * Reads one key from the terminal. The terminal has its former settings whenever the program does
 * not wait for a key, also if a signal ends the wait.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "command.h"
#include "key.h"

static const int fatal_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

#define NR_FATAL_SIGNALS (sizeof(fatal_signals) / sizeof(fatal_signals[0]))

static struct termios former;

static void restore_and_raise(int number)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &former);
	raise(number);
}

/* SA_RESETHAND: the signal that the handler raises again has its default effect. */
static void set_handlers(void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESETHAND};
	size_t i;

	for (i = 0; i < NR_FATAL_SIGNALS; i++)
		sigaction(fatal_signals[i], &action, NULL);
}

void require_terminal(void)
{
	if (!isatty(STDIN_FILENO))
		fail("waiting for a key needs a terminal as standard input");
}

static int read_key(void)
{
	struct termios raw;
	char key;
	ssize_t got;

	if (tcgetattr(STDIN_FILENO, &former))
		fail("cannot read the settings of the terminal: %m");
	raw = former;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	set_handlers(restore_and_raise);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	got = read(STDIN_FILENO, &key, 1);
	tcsetattr(STDIN_FILENO, TCSANOW, &former);
	set_handlers(SIG_DFL);
	return got == 1 ? key : 'q';
}

void wait_for_key(void)
{
	int key;

	printf("-- any key continues, q quits --");
	fflush(stdout);
	key = read_key();
	printf("\r%32s\r", "");
	if (key == 'q')
		exit(STATUS_OK);
}
