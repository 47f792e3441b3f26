package main

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// The chart's measures, in units of the picture.
const (
	chartWidth = 820
	plotLeft   = 250 // names stand left of it
	plotRight  = 670 // ratios stand right of it
	plotTop    = 62
	barHeight  = 14
	barGap     = 4  // between the bars of one thing
	groupGap   = 12 // between things
)

// chartStyle has colours for light and for dark surroundings, where the picture is shown on a background of its own.
const chartStyle = `<style>
text{font:13px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:#1f2328}
.title{font-size:16px;font-weight:600}.small{font-size:11px;fill:#59636e}.value{font-variant-numeric:tabular-nums}
.back{fill:#fff}.grid{stroke:#d1d9e0}.one{stroke:#59636e}.alone{fill:#8250df}.single{fill:#0969da}.eight{fill:#54aeff}.range{stroke:#1f2328;stroke-width:1.5;fill:none}
@media (prefers-color-scheme:dark){text{fill:#f0f6fc}.small{fill:#9198a1}.back{fill:#0d1117}.grid{stroke:#3d444d}.one{stroke:#9198a1}
.alone{fill:#a371f7}.single{fill:#1f6feb}.eight{fill:#79c0ff}.range{stroke:#f0f6fc}}
</style>
`

// chart draws the ratios as bars, on a scale on which each step is a factor.
func (r *report) chart() string {
	lines := r.lines()
	bottom := 1.0
	top := 10.0
	for _, l := range lines {
		bottom, top = min(bottom, l.ratio.least), max(top, l.ratio.most)
	}
	first, last := math.Floor(math.Log10(bottom)), math.Log10(top*1.05)
	x := func(ratio float64) float64 {
		return plotLeft + (plotRight-plotLeft)*(math.Log10(ratio)-first)/(last-first)
	}
	var bars strings.Builder
	y := float64(plotTop)
	for i, l := range lines {
		if i > 0 {
			y += barGap
			if lines[i-1].what != l.what {
				y += groupGap - barGap
			}
		}
		from, to := min(x(1), x(l.ratio.median)), max(x(1), x(l.ratio.median))
		middle := y + barHeight/2
		if i == 0 || lines[i-1].what != l.what {
			fmt.Fprintf(&bars, `<text x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", plotLeft-10, middle+4.5, html.EscapeString(l.what))
		}
		fmt.Fprintf(&bars, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%d" rx="2"/>`+"\n", l.class(), from, y, to-from, barHeight)
		fmt.Fprintf(&bars, `<path class="range" d="M%.1f %.1fH%.1f"/>`+"\n", x(l.ratio.least), middle, x(l.ratio.most))
		fmt.Fprintf(&bars, `<text class="value" x="%d" y="%.1f">%s</text>`+"\n", plotRight+12, middle+4.5, html.EscapeString(l.ratio.String()))
		y += barHeight
	}
	end := y + 8
	var b strings.Builder
	height := end + 62
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %.0f" width="%d" height="%.0f" role="img" aria-labelledby="t d">`+"\n",
		chartWidth, height, chartWidth, height)
	fmt.Fprintf(&b, "<title id=\"t\">How many times faster or smaller than %s hubsim is</title>\n<desc id=\"d\">", html.EscapeString(r.subject))
	for _, l := range lines {
		fmt.Fprintf(&b, "%s: %s. ", html.EscapeString(l.label()), html.EscapeString(l.ratio.String()))
	}
	b.WriteString("</desc>\n" + chartStyle)
	fmt.Fprintf(&b, `<rect class="back" width="%d" height="%.0f" rx="6"/>`+"\n", chartWidth, height)
	fmt.Fprintf(&b, `<text class="title" x="16" y="28">hubsim: times faster, or smaller, than %s</text>`+"\n", html.EscapeString(r.subject))
	legend := plotLeft
	for _, entry := range []struct{ class, text string }{{"single", "1 client"}, {"eight", fmt.Sprintf("%d clients", many)}, {"alone", "start, memory"}} {
		fmt.Fprintf(&b, `<rect class="%s" x="%d" y="40" width="10" height="10" rx="2"/><text class="small" x="%d" y="49">%s</text>`+"\n", entry.class, legend, legend+15, entry.text)
		legend += 90
	}
	for _, mark := range marks(first, last) {
		class := "grid"
		if mark == 1 {
			class = "one"
		}
		fmt.Fprintf(&b, `<path class="%s" d="M%.1f %dV%.1f"/><text class="small" x="%.1f" y="%.1f" text-anchor="middle">%g×</text>`+"\n",
			class, x(mark), plotTop-6, end, x(mark), end+14, mark)
	}
	b.WriteString(bars.String())
	fmt.Fprintf(&b, `<text class="small" x="16" y="%.1f">%s</text>`+"\n", end+36, html.EscapeString(r.about()))
	fmt.Fprintf(&b, `<text class="small" x="16" y="%.1f">Median of %d rounds, the lines from the least to the greatest; %s.</text>`+"\n</svg>\n",
		end+52, r.rounds, html.EscapeString(r.floorsText()))
	return b.String()
}

// marks are the lines of the scale: 1, 2, 5 and so on, from and to a power of ten.
func marks(first, last float64) (all []float64) {
	for power := first; power <= last; power++ {
		for _, step := range []float64{1, 2, 5} {
			if v := step * math.Pow(10, power); math.Log10(v) <= last {
				all = append(all, v)
			}
		}
	}
	return all
}

func (l line) class() string {
	switch l.clients {
	case 0:
		return "alone"
	case 1:
		return "single"
	}
	return "eight"
}

func (l line) label() string {
	if l.clients == 0 {
		return l.what
	}
	return fmt.Sprintf("%s, clients: %d", l.what, l.clients)
}
