# shellcheck shell=bash
# shellcheck disable=SC2034 # the variables are for the scripts that source this
# What the scripts share. Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# The tilde, unlike $HOME, also works where the environment is empty.
cache=${XDG_CACHE_HOME:-~/.cache}/reservoir
default_kernel=6.12-cloud

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "${0##*/}: $*"
	exit 1
}

# wrong_usage: the script's own usage text, then exit status 2
wrong_usage() {
	usage >&2
	exit 2
}

# scratch: make $tmp, a private directory that goes away with the script
scratch() {
	tmp=$(mktemp -d "${TMPDIR:-/tmp}/reservoir.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	# Without these bash would not run the EXIT trap when it is killed.
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

# once DIR FUNCTION [ARG...]: unless DIR exists, have FUNCTION fill a new directory (its first argument), which then
# takes the name DIR. A run that dies leaves no half-filled DIR, and two runs at once do not do the same work twice.
# FUNCTION must chain its commands with && because `set -e` does not hold where a caller tests the result.
once() {
	local dir=$1 fill=$2 lock
	shift 2
	[[ -d $dir ]] && return
	lock=$cache/lock/${dir##*/}
	mkdir -p "$cache/lock" "${dir%/*}" || return
	(
		flock 9
		[[ -d $dir ]] && exit
		rm -rf "$dir.new"
		mkdir "$dir.new" && "$fill" "$dir.new" "$@" && mv "$dir.new" "$dir"
	) 9>"$lock"
}

# release_of KDIR: the release of the kernel that modules built there fit. (Debian's kernel.release has another number.)
release_of() {
	sed -n 's/^#define UTS_RELEASE "\(.*\)"/\1/p' "$1/include/generated/utsrelease.h"
}

# kernel_trouble LOG: print the lines by which a kernel complains; fail if there are none. What Reservoir itself reports
# begins with its name, and does not count, since tests provoke it on purpose; except for a region that is still in use when
# the module goes. Nor does what scripts/guest/machines says is meant.
kernel_trouble() {
	tr -d '\r' <"$1" | sed -E 's/^\[ *[0-9.]+\] //; /^faults: the following are meant/q' |
		awk -f "$root/scripts/kcsan.awk" | grep -E \
		-e '^(rcu|watchdog): (WARNING|BUG|INFO): ' \
		-e '^reservoir: region .* is leaked' \
		-e '^(WARNING|BUG|INFO|UBSAN|KASAN|KCSAN|KFENCE|Oops|Kernel panic)( -|:) ?' \
		-e '^(BUG [^ ]+ \(|\[ BUG: )' \
		-e '^(kernel BUG at|Kernel mode fault|general protection fault|Bad page|page dumped because) ?' \
		-e '^(stack segment|invalid opcode|divide error|double fault|list_(add|del) corruption|refcount_t): ?' \
		-e '^(pagealloc: .*corruption|DEBUG_LOCKS_WARN_ON|kmemleak: ([1-9]|Cannot)|Modules linked in:|-+\[ cut here)' \
		-e 'possible (circular|recursive) locking|inconsistent lock state|suspicious RCU usage' \
		-e 'sleeping function called from|scheduling while atomic'
}
