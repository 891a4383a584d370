# Leaves out of a kernel's log, without its time stamps, what KCSAN finds in the kernel itself: reports in which neither
# access is made by our modules, or by what they call. (The kernel has such races, whatever module is there.)

function end_report() {
	if (report && ours)
		print report
	report = ""
}

/^BUG: KCSAN: / {
	end_report()
	report = $0
	ours = near = 0
	next
}

# The innermost three functions of an access
report && / to 0x[0-9a-f]+ of [0-9]+ bytes by / { near = 3; next }
report && near-- > 0 && /\[reservoir/ { ours = 1 }
report && /^=====/ { end_report() }
!report

END { end_report() }
