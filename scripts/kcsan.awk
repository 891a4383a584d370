# Removes from a kernel's log without time stamps the KCSAN reports on the kernel itself: those in which neither access is
# made by our modules, or by functions that they call. (The kernel has such races without any module.)

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

# Looks at the innermost three functions of an access.
report && / to 0x[0-9a-f]+ of [0-9]+ bytes by / { near = 3; next }
report && near-- > 0 && /\[reservoir/ { ours = 1 }
report && /^=====/ { end_report() }
!report

END { end_report() }
