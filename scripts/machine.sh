# shellcheck shell=bash disable=SC2154 # $root is of lib.sh, $out and $results of the script that sources this
# Functions of scripts/machines and scripts/check-debug: prepare machines, boot them and print the results. Sourced after
# lib.sh, never run. The script that sources this sets $out, a directory for logs, and $results, a file.

# shellcheck source=scripts/results.sh
. "$root/scripts/results.sh"

# --- Kernels -----------------------------------------------------------------------------------------------------

# By kind: KERNEL= for scripts/vm, the directory of the modules, and a busybox for its architecture
declare -A kernels modules busyboxes

# Further files for the machine
files=()

# kernel_of KIND KDIR: KERNEL= for scripts/vm
kernel_of() {
	case $1 in
	x86-* | uml*) echo "$2" ;;
	*) release_of "$2" ;;
	esac
}

# prepare KIND: a name that scripts/debug-kernel knows, or a version that scripts/kernel knows
prepare() {
	local kind=$1 kdir architecture=""
	case $kind in
	x86-* | uml*) kdir=$("$root/scripts/debug-kernel" "$kind") ;;
	*) kdir=$("$root/scripts/kernel" headers "$kind") ;;
	esac
	[[ $kind != x86-32 ]] || architecture=i386
	busyboxes[$kind]=$("$root/scripts/busybox" $architecture)
	kernels[$kind]=$(kernel_of "$kind" "$kdir")
	modules[$kind]=$root/build/machines-$kind
	one "the modules build for $kind" env -u MAKEFLAGS -u MAKELEVEL "$root/scripts/module" -d "machines-$kind" "$kdir"
}

# --- Machines ----------------------------------------------------------------------------------------------------

only=()

# begin [NAME...]: run only these machines, or all; empty $out
begin() {
	only=("$@")
	rm -rf "$out"
	mkdir -p "$out"
	: >"$results"
}

# chosen NAME
chosen() {
	((${#only[@]} == 0)) || [[ " ${only[*]} " == *" $1 "* ]]
}

# boot NAME KIND [VARIABLE=VALUE...]
boot() {
	local name=$1 kind=$2
	shift 2
	env "$@" KERNEL="${kernels[$kind]}" BUSYBOX="${busyboxes[$kind]}" "$root/scripts/vm" -l "$out/$name-kernel.log" \
		"$root/scripts/guest/machines" "${modules[$kind]}"/*.ko "${files[@]}" >"$out/$name.log" 2>&1 </dev/null
}

# print_machine NAME SECONDS: the details if something failed, a line, and the figures
print_machine() {
	local mine=$out/$1.results
	! grep -q '^fail' "$mine" || cat "$out/$1.summary"
	printf '%-16s %d passed, %d failed, %d skipped (%d s)\n' "$1" "$(grep -c '^pass' "$mine")" \
		"$(grep -c '^fail' "$mine")" "$(grep -c '^skip' "$mine")" "$2"
	sed -n 's/^# figure: /                 /p' "$out/$1.log"
	sed "s/\t\($1: \)\?/\t$1: /" "$mine" >>"$results"
}

# machine NAME KIND RUNS KERNEL_ARGUMENTS [VARIABLE=VALUE...]: RUNS are functions of scripts/guest/machines
machine() {
	local name=$1 kind=$2 runs=$3 arguments=$4 status=0 start
	shift 4
	chosen "$name" || return 0
	[[ ${modules[$kind]-} ]] || prepare "$kind"
	start=$SECONDS
	arguments="printk.time=1 kunit.enable=1 kunit.autorun=1 RUNS=$runs $arguments"
	boot "$name" "$kind" KERNEL_ARGS="$arguments" "$@" || status=$?
	: >"$out/$name.results"
	(results=$out/$name.results; count_runs "$name" "$status" "$runs") >"$out/$name.summary"
	print_machine "$name" $((SECONDS - start))
}

# finish: print the totals. A name that is not a machine's counts as failed.
finish() {
	local name
	for name in "${only[@]}"; do
		[[ -e $out/$name.results ]] || one "there is a machine named $name" false
	done
	totals
}
