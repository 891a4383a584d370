# SPDX-License-Identifier: GPL-2.0
#
# The targets that people type. The kernel's build system reads Kbuild, not this file. Longer recipes are in scripts/.

MAKEFLAGS += --no-print-directory
KERNEL ?= 6.12-cloud
out := $(CURDIR)/build

# The default is here, before any other target: everything that a machine needs to use Reservoir.
all: module command

define usage
make            build the modules, for the newest kernel that KERNEL=$(KERNEL) names, and the command
make demo       show the whole in a throw-away machine (installs the packages it lacks, if root)
make shell      a prompt in the same machine, with the module loaded
make check      run all tests
make check-machines  run those that need particular machines: nodes, CPUs that come and go, 32 bits, PREEMPT_RT
make check-debug  run them under the kernel's sanitizers: KASAN, lockdep, KCSAN, kmemleak, UBSAN
make bench      measure Reservoir and the running kernel's own allocators (10 minutes)
make install    build and install the module through DKMS, the command, the header and the udev rule (root)
make uninstall  undo that
make clean      remove what was built; the cache in ~/.cache/reservoir stays

Variables: KERNEL=6.12-cloud, 6.12, 6.1-cloud, 6.12-rt...: a kernel from Debian's archive
           KDIR=/lib/modules/.../build: a kernel that is there already
           C=1 (sparse), W=1 (more warnings), V=1 (commands): as in the kernel
           CPUS=2 MEM=1G NODES=1 KERNEL_ARGS= ACCEL=auto: the machine of make demo and make shell
           MACHINES= DEBUG= BENCH=: which of them make check-machines, make check-debug and make bench run (see
           scripts/machines --help, scripts/check-debug --help, scripts/bench --help)
           KERNELRELEASE=$$(uname -r) PREFIX=/usr/local DESTDIR= DKMS=dkms: for make install (see scripts/install --help)
endef

help:
	$(info $(usage))
	@:

# Without KDIR= a kernel is fetched, if it is not in the cache.
kdir = $(or $(KDIR),$$(scripts/kernel headers $(KERNEL)))

module:
	@scripts/setup build $(if $(C),lint)
	+@kdir=$(kdir) && scripts/module "$$kdir"

command:
	@scripts/setup build
	@mkdir -p $(out)/tools
	+@$(MAKE) -C tools OUT=$(out)/tools $(out)/tools/reservoir

demo shell:
	@KERNEL=$(KERNEL) scripts/demo $@

check:
	@scripts/check

check-machines:
	@scripts/machines $(MACHINES)

check-debug:
	@scripts/check-debug $(DEBUG)

bench:
	@scripts/bench $(BENCH)

install uninstall:
	@scripts/install $@

clean:
	rm -rf build

.PHONY: all help module command demo shell check check-machines check-debug bench install uninstall clean
