// SPDX-License-Identifier: GPL-2.0
/*
 * A key from the terminal, at once. The terminal is as it was before whenever the program is not waiting, and also if a
 * signal ends the wait.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "command.h"
#include "key.h"

static const int deadly[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

#define NR_DEADLY (sizeof(deadly) / sizeof(deadly[0]))

static struct termios as_found;

static void restore_and_die(int number)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &as_found);
	raise(number);
}

/* SA_RESETHAND: what the handler raises again then does what it would have done without us. */
static void set_handlers(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESETHAND };
	size_t i;

	for (i = 0; i < NR_DEADLY; i++)
		sigaction(deadly[i], &action, NULL);
}

void need_keyboard(void)
{
	if (!isatty(STDIN_FILENO))
		fail("waiting for a key needs a terminal as standard input");
}

static int read_key(void)
{
	struct termios raw;
	char key;
	ssize_t got;

	if (tcgetattr(STDIN_FILENO, &as_found))
		fail("cannot read the settings of the terminal: %m");
	raw = as_found;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	set_handlers(restore_and_die);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	got = read(STDIN_FILENO, &key, 1);
	tcsetattr(STDIN_FILENO, TCSANOW, &as_found);
	set_handlers(SIG_DFL);
	return got == 1 ? key : 'q';
}

void wait_for_key(void)
{
	int key;

	printf("-- any key goes on, q quits --");
	fflush(stdout);
	key = read_key();
	printf("\r%30s\r", "");
	if (key == 'q')
		exit(STATUS_OK);
}
