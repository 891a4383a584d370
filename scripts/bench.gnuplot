# The cost of operations in Reservoir and in the kernel: gnuplot -e "data='FILE'; picture='FILE'" scripts/bench.gnuplot, where
# data is the output of scripts/bench-plot.awk
set terminal svg size 1100,560 font "sans-serif,13" background "white"
set output picture
set datafile separator "\t"
set title "Reservoir / kernel, time or instructions for one operation: below 1 Reservoir is faster, a line is the bar"
set key above horizontal
set yrange [0:1.6]
set ytics 0.2
set rmargin 8
set grid ytics lc rgb "#dddddd"
set xtics rotate by -35 nomirror
set boxwidth 0.26
set style fill solid 0.9 border -1
set arrow from graph 0, first 1 to graph 1, first 1 nohead dt 2 lw 2 lc rgb "black" front
# A bar that is cut off at the end of the axis has its value printed.
half = 0.13
colours = '#4477aa #66ccee #ccbb44'
names = '"UML 6.12, cycles" "UML 7.x, cycles" "Debian 6.12, instructions"'
clip(y) = y > 1.58 ? 1.58 : y
over(y) = y > 1.58 ? sprintf("%.1f", y) : ""
plot data using 0:(0):xtic(1) with dots notitle, \
	for [m = 0:2] data using ($0 + (m - 1) * 0.27):(clip(column(2 + 2 * m))) with boxes \
		lc rgb word(colours, m + 1) title word(names, m + 1), \
	for [m = 0:2] data using ($0 + (m - 1) * 0.27):(clip(column(2 + 2 * m)) - 0.06):(over(column(2 + 2 * m))) \
		with labels font ",9" notitle, \
	for [m = 0:2] data using ($0 + (m - 1) * 0.27 - half):(column(3 + 2 * m)):(2 * half):(0) with vectors \
		nohead lw 3 lc rgb "#aa3377" title (m == 0 ? "bar" : "")
