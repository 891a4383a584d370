# shellcheck shell=bash disable=SC2154 # $root is of lib.sh, $out of the script that sources this
# Functions of scripts/check: install Reservoir in scratch trees, and build and load examples/client with what is there.
# Sourced, never run.

tree=$out/installed
dkms_tree=$tree/var/lib/dkms
modules_tree=$tree/lib/modules
# DKMS wants root. Another user is root in a namespace of his own.
dkms=(dkms --no-depmod --dkmstree "$dkms_tree" --sourcetree "$tree/usr/src" --installtree "$modules_tree")
((EUID == 0)) || dkms=(unshare --map-root-user "${dkms[@]}")

# kept KDIR: what DKMS keeps of Reservoir for this kernel
kept() {
	echo "$dkms_tree/reservoir/kernel-$(release_of "$1")-$(uname -m)"
}

# run_install install|uninstall KDIR [KERNEL_SOURCE_DIRECTORY]
run_install() {
	local release
	release=$(release_of "$2")
	mkdir -p "$dkms_tree" "$modules_tree/$release"
	env DESTDIR="$tree" DKMS="${dkms[*]}" KERNELRELEASE="$release" KDIR="${3:-$2}" "$root/scripts/install" "$1"
}

# has_module KDIR NAME: DKMS installed the module for this kernel
has_module() {
	[[ -e $modules_tree/$(release_of "$1")/updates/dkms/$2.ko ]]
}

# module_alone KDIR: DKMS built one module, from sources of its own
module_alone() {
	local log
	log=$(kept "$1")/log/make.log
	grep -oE '[a-z_]+\.ko$' "$log" | sort -u | diff - <(echo reservoir.ko) && ! grep -F "$root/src" "$log"
}

# program_builds: a program finds the header where PREFIX says
program_builds() {
	[[ -e $tree/usr/local/include/linux/reservoir.h ]] || return
	gcc -isystem "$tree/usr/local/include" -Wall -Werror -fsyntax-only -x c - <<-EOF
	#include <linux/reservoir.h>
	int main(void) { return RSV_IOC_INFO == 0; }
	EOF
}

# client_builds KDIR: make builds it, from a copy, so that it cannot reach what is not installed
client_builds() {
	rm -rf "$tree/client"
	mkdir "$tree/client"
	cp "$root"/examples/client/{Kbuild,Makefile,dkms.conf,reservoir_client.c} "$tree/client"
	env -u MAKEFLAGS -u MAKELEVEL make -C "$tree/client" KDIR="$1" RESERVOIR="$(kept "$1")" 2>&1 |
		tee "$tree/client.log" || return
	[[ -e $tree/client/reservoir_client.ko ]] && no_match 'warning:|WARNING:|ERROR:' "$tree/client.log"
}

# client_installed KDIR: DKMS builds and installs the client
client_installed() {
	"${dkms[@]}" add "$root/examples/client" &&
		"${dkms[@]}" install reservoir-client/1.0 -k "$(release_of "$1")" --kernelsourcedir "$1" &&
		has_module "$1" reservoir_client
}

# upgrade KDIR: what the hook of the kernel's package does, when a kernel is new
upgrade() {
	mkdir -p "$modules_tree/$(release_of "$1")"
	"${dkms[@]}" autoinstall -k "$(release_of "$1")" --kernelsourcedir "$1"
	has_module "$1" reservoir && has_module "$1" reservoir_client && [[ -e $(kept "$1")/module/Module.symvers ]]
}

# failed_install OTHER KDIR: an install that fails for one kernel removes what this kernel has, and nothing of the other
failed_install() {
	! run_install install "$2" /nonexistent || return
	! has_module "$2" reservoir && [[ ! -e $(kept "$2") ]] || return
	has_module "$1" reservoir && [[ -e $(kept "$1")/module/Module.symvers ]] && program_builds
}

# uninstalled KDIR: only the client's files are left
uninstalled() {
	"${dkms[@]}" remove reservoir-client/1.0 --all
	rm -rf "$tree/usr/src/reservoir-client-1.0" "$tree/client" "$tree/client.log"
	run_install uninstall "$1"
	diff /dev/null <(find "$tree" -type f -o -type l)
}

# installed_runs SERIES KDIR: what DKMS installed, in a machine with this kernel
installed_runs() {
	local release
	release=$(release_of "$2")
	run_guest "installed-$1" "$release" "suffix=-$1" "installed-$1" "$root/scripts/guest/installed" \
		"$modules_tree/$release/updates/dkms"/reservoir{,_client}.ko "$tree/usr/local/bin/reservoir"
}

# installed OLD NEW: a kernel, and the one that replaces it
installed() {
	one "make install for $old_kernel" run_install install "$1"
	one "DKMS builds one module, from what is installed" module_alone "$1"
	one "a program builds with the installed header" program_builds
	one "a driver builds against the installed module" client_builds "$1"
	one "DKMS installs the driver" client_installed "$1"
	one "a new kernel gets both, and its own symbols" upgrade "$2"
	installed_runs "$old_kernel" "$1"
	installed_runs "$default_kernel" "$2"
	one "an install that fails leaves what other kernels have" failed_install "$1" "$2"
	one "make uninstall leaves nothing" uninstalled "$1"
}
