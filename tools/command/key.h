/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KEY_H
#define KEY_H

/* Ends the program if standard input is not a terminal. */
void require_terminal(void);

/* Waits for a key, without Enter. The key q, or the end of the input, ends the program. */
void wait_for_key(void);

#endif /* KEY_H */
