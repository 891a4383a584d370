# shellcheck shell=bash disable=SC2154 # $root is of lib.sh, $out and $results of the script that sources this
# Functions of scripts/check and scripts/machine.sh: run tests and count results. Sourced after lib.sh, never run. The script
# that sources this sets $out, a directory for logs, and $results, a file.

# one NAME FUNCTION [ARG...]: a test that passes if FUNCTION succeeds; its output is printed if it fails
one() {
	local name=$1 result=pass log=$out/${1//[^A-Za-z0-9.]/-}.log start=$SECONDS
	shift
	"$@" >"$log" 2>&1 || result=fail
	printf '%s\t%s\n' "$result" "$name" >>"$results"
	if [[ $result == pass ]]; then
		printf '%-56s ok (%d s)\n' "$name" $((SECONDS - start))
	else
		cat "$log"
		printf 'FAILED %s\n' "$name"
	fi
}

# count INDENT LOG SUITE...
count() {
	local indent=$1 log=$2
	shift 2
	awk -v indent="$indent" -v expect="$*" -v results="$results" -f "$root/scripts/ktap.awk" "$log"
}

# tools KERNEL_SOURCE: the command and the harness, in build/tools
tools() {
	env -u MAKEFLAGS -u MAKELEVEL make -C "$root/tools" OUT="$root/build/tools" KSELFTEST="$1/tools/testing/selftests" all
}

# kunit_suites: the names of the suites in the sources
kunit_suites() {
	find "$root/kunit" -name "*.c" -exec cat {} + | sed -n '/struct kunit_suite .*= *{/,/};/s/.*\.name *= *"\(.*\)".*/\1/p'
}

# no_kernel_trouble LOG: print the lines of trouble, if any, and the log from the first of them on
no_kernel_trouble() {
	local trouble first
	[[ -s $1 ]] || return
	mapfile -t trouble < <(kernel_trouble "$1")
	((${#trouble[@]})) || return 0
	printf '%s\n' "${trouble[@]:0:20}" '...'
	first=$(grep -nm 1 -F -e "${trouble[0]}" "$1" | cut -d : -f 1)
	tail -n "+$first" "$1" | head -n 60
	return 1
}

# ended STATUS LOG
ended() {
	(($1 == 0)) || {
		tail -n 1 "$2"
		return 1
	}
}

# count_runs NAME STATUS RUN,RUN...: count the tests of scripts/guest/machines in a machine whose logs are $out/NAME*.log
count_runs() {
	local name=$1 status=$2 runs=${3//,/ } suites=()
	# shellcheck disable=SC2086 # several runs
	count 0 "$out/$name.log" $runs
	if [[ " $runs " == *' kunit '* ]]; then
		mapfile -t suites < <(kunit_suites)
		count 4 "$out/$name-kernel.log" "${suites[@]}"
	fi
	one "$name: the machine ends in order" ended "$status" "$out/$name.log"
	one "$name: no kernel warning" no_kernel_trouble "$out/$name-kernel.log"
}

# totals; exit status 1 if anything failed or nothing passed
totals() {
	local passed failed skipped
	passed=$(grep -c '^pass' "$results") || true
	failed=$(grep -c '^fail' "$results") || true
	skipped=$(grep -c '^skip' "$results") || true
	if ((failed)); then
		printf '\nFailed:\n'
		sed -n 's/^fail\t/  /p' "$results"
	fi
	printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped" | tee "$out/totals"
	((passed > 0 && failed == 0))
}
