# Of tools/bench/bars.tsv and the TSV files of machines, named after them: one table. Each machine has what an operation takes
# in Reservoir and in the kernel, the ratio, and the bar; a + says that it is met, a - that it is not.
BEGIN { FS = "\t" }

FNR == 1 {
	machine = FILENAME
	sub(/.*\//, "", machine)
	sub(/\.tsv$/, "", machine)
	if (machine != "bars")
		machines[++nr_machines] = machine
}

/^#/ { next }

machine == "bars" && $1 == "case" {
	for (i = 2; i <= NF; i++)
		column[i] = $i
	next
}

machine == "bars" {
	for (i = 2; i <= NF; i++)
		if ($i != "-")
			bar[$1, column[i]] = $i
	next
}

FNR == 1 { next }

{
	case = $1 ($2 > 1 ? " (" $2 " CPUs)" : "")
	if (!(case in seen))
		cases[++nr_cases] = case
	seen[case] = 1
	unit[machine] = unit[machine] ? unit[machine] : $3
	ours[case, machine] = $4
	kernels[case, machine] = $5
	ratio[case, machine] = $6
	name[case] = $1
	if ($11 != "")
		notes[++nr_notes] = machine ": " case ": " $11
}

# number VALUE: short enough for a column
function number(value) {
	return value == "" || value == "-" ? "-" : sprintf(value < 100 ? "%.1f" : "%.0f", value)
}

function verdict(case, machine,   wanted) {
	wanted = bar[name[case], machine]
	if (wanted == "")
		return ""
	if (ratio[case, machine] !~ /[0-9]/)
		return wanted " ?"
	met[machine] += ratio[case, machine] <= wanted + 0
	total[machine]++
	return wanted (ratio[case, machine] <= wanted + 0 ? " +" : " -")
}

END {
	printf "%-24s", ""
	for (m = 1; m <= nr_machines; m++)
		printf " | %-31s", machines[m] ", " unit[machines[m]]
	printf "\n%-24s", "case"
	for (m = 1; m <= nr_machines; m++)
		printf " | %8s %8s %6s %6s", "ours", "kernel's", "ratio", "bar  "
	printf "\n"
	for (c = 1; c <= nr_cases; c++) {
		printf "%-24s", cases[c]
		for (m = 1; m <= nr_machines; m++) {
			key = cases[c] SUBSEP machines[m]
			printf " | %8s %8s %6s %6s", number(ours[key]), number(kernels[key]), \
				ratio[key] == "" ? "-" : ratio[key], verdict(cases[c], machines[m])
		}
		printf "\n"
	}
	for (n = 1; n <= nr_notes; n++)
		print (n == 1 ? "\n" : "") notes[n]
	printf "\n"
	for (m = 1; m <= nr_machines; m++)
		if (total[machines[m]])
			printf "%s: %d of %d bars met\n", machines[m], met[machines[m]], total[machines[m]]
}
