# Makes data for scripts/bench.gnuplot from tools/bench/bars.tsv and the TSV files of three machines: for each case that has
# a bar, and each machine, the ratio and the bar
BEGIN { FS = "\t" }

FNR == 1 {
	machine = FILENAME
	sub(/.*\//, "", machine)
	sub(/\.tsv$/, "", machine)
	if (machine != "bars")
		machines[++nr] = machine
}

/^#/ || $1 ~ /:/ { next }

machine == "bars" && $1 == "case" {
	for (i = 2; i <= NF; i++)
		column[$i] = i
	next
}

machine == "bars" {
	cases[++nr_cases] = $1
	for (name in column)
		bar[$1, name] = $column[name]
	next
}

$6 ~ /[0-9]/ { ratio[$1, machine] = $6 }

# value TEXT: NaN, which gnuplot does not draw, for a text that is not a number
function value(text) {
	return text ~ /[0-9]/ ? text : "NaN"
}

END {
	for (c = 1; c <= nr_cases; c++) {
		wanted = ""
		line = cases[c]
		for (m = 1; m <= nr; m++) {
			wanted = wanted (bar[cases[c], machines[m]] ~ /[0-9]/ ? "yes" : "")
			line = line "\t" value(ratio[cases[c], machines[m]]) "\t" value(bar[cases[c], machines[m]])
		}
		if (wanted)
			print line
	}
}
