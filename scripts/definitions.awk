# Lists the functions and types that C files define, as far as the kernel's coding style shows them: a function's body
# begins and ends with a brace in the first column, whatever #if leaves out in between.
#
# awk -f scripts/definitions.awk FILE...
#
# Prints "function|type <tab> name <tab> file <tab> line <tab> lines". A function's lines are counted from the first
# line of its declaration to its closing brace.

# name_of DECLARATION: the name of the function, or nothing if it declares none
function name_of(text) {
	gsub(/__attribute__ *\(\([^)]*\)\)/, "", text)
	gsub(/__(printf|scanf|alloc_size|must_hold|acquires|cond_acquires|releases) *\([^)]*\)/, "", text)
	if (text ~ /=/ || !match(text, /[A-Za-z_][A-Za-z_0-9]* *\(/))
		return ""
	text = substr(text, RSTART)
	# A macro makes the function: of TEST_F(device, opens) both together are its name.
	if (text !~ /^[A-Z_0-9]+ *\(/)
		sub(/ *\(.*/, "", text)
	sub(/\).*/, ")", text)
	return text
}

function define(kind, name, line, lines) {
	printf "%s\t%s\t%s\t%d\t%d\n", kind, name, FILENAME, line, lines
}

# code TEXT: without comments and strings
function code(text,   open, rest) {
	gsub(/\\./, "", text)
	gsub(/"[^"]*"/, "\"\"", text)
	gsub(/'[^']*'/, "0", text)
	if (comment) {
		if (!match(text, /\*\//))
			return ""
		text = substr(text, RSTART + 2)
		comment = 0
	}
	while ((open = index(text, "/*"))) {
		rest = substr(text, open + 2)
		text = substr(text, 1, open - 1)
		if (!match(rest, /\*\//)) {
			comment = 1
			break
		}
		text = text " " substr(rest, RSTART + 2)
	}
	sub(/\/\/.*/, "", text)
	return text
}

# braces TEXT: how many more open than close
function braces(text) {
	return gsub(/[{]/, "", text) - gsub(/[}]/, "", text)
}

FNR == 1 {
	comment = body = depth = directive = 0
	declaration = ""
}

# Lines of a macro, which may go on
directive || /^#/ {
	directive = /\\$/
	next
}

{ text = code($0) }

match(text, /^[ \t]*(typedef )?(struct|union|enum) [A-Za-z_0-9]+ \{/) {
	type = substr(text, RSTART, RLENGTH - 2)
	sub(/.* /, "", type)
	define("type", type, FNR, 1)
}

body {
	if (text ~ /^[}]/) {
		define("function", name, since, FNR - since + 1)
		body = 0
		declaration = ""
	}
	next
}

# Inside a structure or an array
depth {
	depth += braces(text)
	if (!depth)
		declaration = ""
	next
}

text ~ /^[ \t]*$/ { next }

{
	if (declaration == "")
		since = FNR
	declaration = declaration " " text
}

# A body, or a whole function in one line
text ~ /^[{]/ || (text ~ /[{][^}]*[}][ \t]*$/ && text !~ /^[ \t]/) {
	name = name_of(declaration)
	if (text ~ /[}][ \t]*$/) {
		if (name != "")
			define("function", name, since, FNR - since + 1)
		declaration = ""
		next
	}
	body = name != ""
	depth = !body
	next
}

{ depth = braces(text) }

!depth && text ~ /[;}][ \t]*$/ { declaration = "" }
