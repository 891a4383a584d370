# Count the results in a log of TAP or KTAP lines.
#
# awk -v indent=N -v expect="SUITE..." -v results=FILE -f scripts/ktap.awk LOG
#
# A suite begins with "# Subtest: NAME", indented by N: 4 in KUnit's log, where tests stand under their suite, and 0
# in those of our own scripts, which print such a line before each TAP stream. Results that are indented deeper (of
# one parameter of a test) appear only in the details of a failure. Prints the details of failed tests, then a line for
# each suite; appends a line "pass|fail|skip <tab> SUITE: TEST" to FILE for each test. A suite that is expected and did
# not run, or did not run to its end, is a failed test.

function record(result, name) {
	print result "\t" suite ": " name >>results
	count[result]++
}

function begin(name) {
	finish()
	suite = name
	ran[name] = 1
	plan = -1
	number = 0
	seconds = ""
	since = time
	count["pass"] = count["fail"] = count["skip"] = 0
	buffer = ""
}

function finish() {
	if (suite == "")
		return
	if (plan < 0 || number != plan) {
		record("fail", "ends after " number " of " (plan < 0 ? "?" : plan) " tests")
		printf "%s", buffer
	}
	if (seconds == "")
		seconds = time - since
	printf "%-56s %d passed, %d failed, %d skipped (%.1f s)\n",
		suite, count["pass"], count["fail"], count["skip"], seconds
	suite = ""
}

# result TEXT: "ok 3 - name # SKIP why"
function result(text,   failed, name) {
	failed = text ~ /^not /
	name = text
	sub(/^(not )?ok [0-9]* *-? */, "", name)
	number++
	if (failed) {
		sub(/ *#.*/, "", name)
		printf "%s", buffer
		print "FAILED " suite ": " name
		record("fail", name)
	} else if (name ~ /# *SKIP/) {
		record("skip", name)
	} else {
		sub(/ *#.*/, "", name)
		record("pass", name)
	}
	buffer = ""
}

{
	gsub(/\r/, "")
	if (match($0, /^\[ *[0-9]+\.[0-9]+\] /)) {
		time = substr($0, 2, RLENGTH - 3) + 0
		$0 = substr($0, RLENGTH + 1)
	}
	text = $0
	sub(/^ */, "", text)
	depth = length($0) - length(text)
}

depth == indent && text ~ /^# Subtest: / {
	begin(substr(text, 12))
	next
}

# KUnit's result of the whole suite
suite != "" && depth < indent && text ~ /^(not )?ok [0-9]+ / {
	if (text ~ /^not / && !count["fail"])
		record("fail", "the suite as a whole")
	finish()
	next
}

suite != "" && depth == indent && text ~ /^(not )?ok [0-9]+/ {
	result(text)
	next
}

suite != "" && depth == indent && text ~ /^1\.\.[0-9]+/ {
	plan = substr(text, 4) + 0
	next
}

suite != "" && text ~ /^# Seconds: / {
	seconds = substr(text, 12) + 0
	next
}

suite != "" {
	buffer = buffer $0 "\n"
}

END {
	finish()
	n = split(expect, wanted, " ")
	for (i = 1; i <= n; i++) {
		if (wanted[i] in ran)
			continue
		suite = wanted[i]
		record("fail", "did not run")
		print "FAILED " suite ": did not run"
	}
}
