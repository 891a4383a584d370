/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KEY_H
#define KEY_H

/* Ends the program if standard input is not a terminal. */
void need_keyboard(void);

/* Waits until a key is pressed, without Enter; q or the end of the input ends the program. */
void wait_for_key(void);

#endif /* KEY_H */
