# Makes one table from tools/bench/bars.tsv and the TSV files of machines, which are named after the machines. Each machine
# has the cost of an operation in Reservoir and in the kernel, the ratio, and the bar: a + says that the bar is met, a - that
# it is not. With -v form=markdown the table is Markdown.
BEGIN { FS = "\t"; width = 24 }

FNR == 1 {
	machine = FILENAME
	sub(/.*\//, "", machine)
	sub(/\.tsv$/, "", machine)
	# Machines without the cheap checks have the same bars.
	kind = machine
	sub(/-unchecked$/, "", kind)
	if (machine != "bars")
		machines[++nr_machines] = machine
}

/^#/ { next }

machine == "bars" {
	for (i = 2; i <= NF; i++)
		if ($1 == "case")
			column[i] = $i
		else if ($i != "-")
			bar[$1, column[i]] = $i
	next
}

FNR == 1 { next }

# A machine that could not run has the reason in place of figures.
NF == 1 {
	note(machine, "", $1)
	next
}

{
	# With one CPU, a rate says the same as a cost.
	if ($1 ~ /-rate$/ && machine !~ /^cpus-/)
		next
	row = $1 ($2 > 1 ? " (" $2 " CPUs)" : "")
	if (!(machine in unit))
		unit[machine] = $3
	if ($3 != unit[machine])
		row = row " [" $3 "]"
	if (!(row in seen))
		rows[++nr_rows] = row
	width = length(row) > width ? length(row) : width
	seen[row] = 1
	name[row] = $1
	measured[row, machine] = 1
	ours[row, machine] = $4
	kernels[row, machine] = $5
	ratio[row, machine] = $6
	if ($11 != "")
		note(machine, row, $11)
	if ($1 ~ /^(extents|regions)-[0-9]+-/ && $4 != "-") {
		what = $1
		sub(/^[a-z]+-[0-9]+-/, "", what)
		if ($1 ~ /^extents-1-/)
			one_extent[what, machine] = $4
		else if (one_extent[what, machine] > 0)
			spreading(machine, $1, $4 / one_extent[what, machine])
	}
	# Contention between CPUs
	if ($1 ~ /^cpus-/ && $4 != "-" && $2 == 1)
		alone[$1, machine] = $4
	if ($1 ~ /^cpus-/ && $1 !~ /-rate$/ && $2 > 1 && alone[$1, machine] > 0)
		scaling(machine, $1, $2, $4 / alone[$1, machine])
}

# What holds for one extent, and for one region, is to hold for several.
function spreading(machine, name, times,   wanted) {
	wanted = bar[name ":one-extent", kind]
	note(machine, name, sprintf("%.2f times what it costs in one extent%s", times, \
		wanted ? sprintf(" (bar %s %s)", wanted, mark(times, wanted)) : ""))
}

function scaling(machine, name, cpus, times,   wanted) {
	wanted = bar[name ":at-once", kind]
	note(machine, name, sprintf("on each of %d CPUs at once %.2f times what it costs one alone%s", cpus, times, \
		wanted ? sprintf(" (bar %s %s)", wanted, mark(times, wanted)) : ""))
}

# note MACHINE ROW TEXT: cases with the same text share a line
function note(machine, row, text) {
	if (!((machine, text) in about)) {
		notes[++nr_notes] = machine SUBSEP text
		about[machine, text] = row
	} else
		about[machine, text] = about[machine, text] ", " row
}

function mark(value, wanted) {
	met[machine] += value <= wanted + 0
	total[machine]++
	return value <= wanted + 0 ? "+" : "-"
}

# number VALUE: short enough for a column
function number(value) {
	return value == "" || value == "-" ? value : sprintf(value < 100 ? "%.1f" : "%.0f", value)
}

function verdict(row,   wanted) {
	kind = machine
	sub(/-unchecked$/, "", kind)
	wanted = bar[name[row], kind]
	if (wanted == "" || !((row, machine) in measured))
		return ""
	# A share of the free pages is to be large, whatever other allocators have.
	if (name[row] ~ /^fragment-/)
		return wanted " " mark(wanted, ours[row, machine])
	# What could not be measured is not met.
	if (ratio[row, machine] !~ /[0-9]/) {
		total[machine]++
		return wanted " ?"
	}
	return wanted " " mark(ratio[row, machine], wanted)
}

# line FIRST: the table's next row; its cells are in cells[1..nr_cells], four for each machine
function line(first,   i) {
	printf form == "markdown" ? "| %s" : "%-" width "s", first
	for (i = 1; i <= nr_cells; i++)
		if (form == "markdown")
			printf " | %s", cells[i]
		else
			printf(i % 4 == 1 ? " | %8s" : i % 4 == 2 ? " %8s" : i % 4 == 3 ? " %6s" : " %6s", cells[i])
	print form == "markdown" ? " |" : ""
	nr_cells = 0
}

function cell(text) {
	cells[++nr_cells] = text
}

END {
	for (m = 1; m <= nr_machines; m++) {
		if (form == "markdown") {
			cell(machines[m] ", " unit[machines[m]] ": ours")
			cell("kernel's")
		} else {
			printf "%s%s", m == 1 ? sprintf("%" width "s", "") : "", \
				sprintf(" | %-31s", machines[m] ", " unit[machines[m]])
			cell("ours")
			cell("kernel's")
		}
		cell("ratio")
		cell("bar")
	}
	if (form != "markdown")
		print ""
	line("case")
	if (form == "markdown") {
		for (m = 1; m <= nr_machines * 4; m++)
			cell("---:")
		line("---")
	}
	for (r = 1; r <= nr_rows; r++) {
		for (m = 1; m <= nr_machines; m++) {
			machine = machines[m]
			cell(number(ours[rows[r], machine]))
			cell(number(kernels[rows[r], machine]))
			cell(ratio[rows[r], machine])
			cell(verdict(rows[r]))
		}
		line(rows[r])
	}
	for (n = 1; n <= nr_notes; n++) {
		split(notes[n], of, SUBSEP)
		printf "%s%s%s: %s%s%s\n", n == 1 ? "\n" : "", form == "markdown" ? "- " : "", of[1], about[notes[n]], \
			about[notes[n]] ? ": " : "", of[2]
	}
	for (m = 1; m <= nr_machines; m++)
		if (total[machines[m]])
			verdicts = verdicts sprintf("%s%s: %d of %d bars met", form == "markdown" ? "- " : "", machines[m], \
				met[machines[m]], total[machines[m]]) "\n"
	printf "%s%s", verdicts ? "\n" : "", verdicts
}
