# shellcheck shell=bash
# shellcheck disable=SC2034 # the variables are for the scripts that source this
# Functions that the scripts share. Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# The tilde, unlike $HOME, also works if the environment is empty.
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

# scratch: make $tmp, a private directory that is removed when the script ends
scratch() {
	tmp=$(mktemp -d "${TMPDIR:-/tmp}/reservoir.XXXXXX")
	trap 'rm -rf "$tmp"' EXIT
	# Without these bash would not run the EXIT trap when it is killed.
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

# once DIR FUNCTION [ARG...]: unless DIR exists, FUNCTION fills a new directory (its first argument), which is then renamed
# to DIR. A run that dies leaves no half-filled DIR, and of two runs at the same time only one does the work. FUNCTION must
# chain its commands with && because `set -e` has no effect in a function whose result is tested.
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

# release_of KDIR: the release of the kernel for which modules are built there (Debian's kernel.release has another number)
release_of() {
	sed -n 's/^#define UTS_RELEASE "\(.*\)"/\1/p' "$1/include/generated/utsrelease.h"
}

# kernel_trouble LOG: print the warnings and errors of the kernel; fail if there are none. Reports of Reservoir begin with its
# name and do not count, since tests provoke them on purpose, except for a region that is still in use at unload. Faults
# that scripts/guest/machines provokes do not count either, nor what the kernel says about memory that cannot go
# off-line, or when an allocation of kmemleak's own fails on purpose, or of the time that an emulated CPU takes for an NMI.
kernel_trouble() {
	tr -d '\r' <"$1" | sed -E 's/^\[ *[0-9.]+\] //; /^faults: the following are meant/q' |
		sed '/^reservoir: region kunit-leak is leaked/d; /^page dumped because: unmovable page/d
			/^kmemleak: Cannot allocate a scan area/d; /^INFO: NMI handler .* took too long to run/d' |
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
