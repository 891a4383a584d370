# Prints the faults of the edges between source files.
#
# awk -v want=up|circles|graph -f scripts/floors.awk EDGES
#
# A line of EDGES is "kind <tab> from <tab> to <tab> name": kind is "include" (then name is to), "symbol" or "header" (a
# header names the symbol, perhaps in a function that no object has, so this counts for the floors only), and the files are
# paths from the root of the repository. A file without edges may stand there with from only.

# floor_of FILE: its height. The files of src/ itself are the bottom, except for the two that are named.
function floor_of(file) {
	sub(/^src\//, "", file)
	sub(/\.[ch]$/, "", file)
	if (file == "main")
		return 5
	if (file ~ /^interface\//)
		return 4
	if (file == "region")
		return 3
	if (file ~ /^objects\//)
		return 2
	if (file ~ /^pages\//)
		return 1
	return file ~ /\// ? -1 : 0
}

function add_file(file) {
	if (file == "" || file in known)
		return
	known[file] = ++files
	path[files] = file
	if (floor_of(file) < 0)
		unplaced[file] = 1
}

{ add_file($2) }

$1 == "include" && $2 == $3 { includes_itself[$2] = 1 }

$3 != "" && $2 != $3 {
	add_file($3)
	edge = $1 SUBSEP $2 SUBSEP $3
	if (!(edge in names)) {
		kinds[++edges] = $1
		from[edges] = $2
		to[edges] = $3
		after[$1, $2, ++nr_after[$1, $2]] = $3
		names[edge] = $4
	} else {
		names[edge] = names[edge] " " $4
	}
}

function names_of(kind, one, other) {
	return kind == "include" ? "#include" : names[kind, one, other]
}

function print_up(   i) {
	for (i in unplaced)
		print "floors: " i " is on no floor"
	for (i = 1; i <= edges; i++) {
		if (floor_of(from[i]) < floor_of(to[i]))
			print "floors: " from[i] " reaches up to " to[i] ": " names_of(kinds[i], from[i], to[i])
	}
}

function print_graph(   i) {
	for (i = 1; i <= edges; i++)
		print kinds[i] "\t" from[i] "\t" to[i] "\t" names_of(kinds[i], from[i], to[i])
}

# shortest KIND START: the shortest way from START back to it as way[1..n]; returns n, or 0 if there is none
function shortest(kind, start,   queue, head, tail, before, file, next_file, i, n) {
	queue[tail = 1] = start
	for (head = 1; head <= tail; head++) {
		file = queue[head]
		for (i = 1; i <= nr_after[kind, file]; i++) {
			next_file = after[kind, file, i]
			if (next_file in before)
				continue
			before[next_file] = file
			if (next_file == start)
				break
			queue[++tail] = next_file
		}
		if (start in before)
			break
	}
	if (!(start in before))
		return 0
	for (file = before[start]; file != start; file = before[file])
		n++
	for (way[i = ++n] = before[start]; way[i] != start; i--)
		way[i - 1] = before[way[i]]
	return n
}

# circle KIND N: the circle in way[1..N], from its first file in the order of names
function circle(kind, n,   first, i, text, file, next_file) {
	first = 1
	for (i = 2; i <= n; i++) {
		if (way[i] < way[first])
			first = i
	}
	text = "circle: " way[first]
	for (i = 0; i < n; i++) {
		file = way[(first - 1 + i) % n + 1]
		next_file = way[(first + i) % n + 1]
		text = text " -> " next_file " (" names_of(kind, file, next_file) ")"
	}
	return text
}

# For each file the shortest circle that it is part of
function print_circles(kind,   i, n, text) {
	if (kind == "include") {
		for (text in includes_itself)
			print "circle: " text " -> " text " (#include)"
	}
	for (i = 1; i <= files; i++) {
		n = shortest(kind, path[i])
		if (!n)
			continue
		text = circle(kind, n)
		if (!(text in printed))
			print text
		printed[text] = 1
	}
}

END {
	if (want == "up")
		print_up()
	else if (want == "graph")
		print_graph()
	else {
		print_circles("symbol")
		print_circles("include")
	}
}
