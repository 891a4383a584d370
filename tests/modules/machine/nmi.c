// SPDX-License-Identifier: GPL-2.0
/*
 * NMIs of x86 machines, which come from outside: from QEMU's monitor.
 */
#include <asm/nmi.h>

#include "machine.h"

static void (*nmi_handler)(void);

static int nmi_handle(unsigned int type, struct pt_regs *regs)
{
	nmi_handler();
	return NMI_HANDLED;
}

/* Calls a function at each NMI. */
int machine_nmi_start(void (*handler)(void))
{
	nmi_handler = handler;
	return register_nmi_handler(NMI_LOCAL, nmi_handle, 0, "reservoir");
}

void machine_nmi_stop(void)
{
	unregister_nmi_handler(NMI_LOCAL, "reservoir");
}
