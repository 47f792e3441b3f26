package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// spread is what is said of a number that was measured several times.
type spread struct{ median, least, most float64 }

// spreadOf needs at least one number.
func spreadOf(numbers []float64) spread {
	sorted := slices.Sorted(slices.Values(numbers))
	n := len(sorted)
	return spread{median: (sorted[(n-1)/2] + sorted[n/2]) / 2, least: sorted[0], most: sorted[n-1]}
}

// report gathers the rounds.
type report struct {
	date            time.Time
	subject, hubsim string // with their versions
	rounds          int
	floors          floors
	real, ours      map[key][]float64
	ratios          map[key][]float64 // > 1 = hubsim is faster or smaller
}

// add takes the numbers of one round. What one of the two has not is left out, and so is what could not be known.
func (r *report) add(real, ours results) {
	if r.ratios == nil {
		r.real, r.ours, r.ratios = map[key][]float64{}, map[key][]float64{}, map[key][]float64{}
	}
	for k, theirs := range real {
		if mine := ours[k]; theirs > 0 && mine > 0 {
			r.real[k], r.ours[k] = append(r.real[k], theirs), append(r.ours[k], mine)
			ratio := theirs / mine
			if k.clients > 0 { // more a second is better
				ratio = mine / theirs
			}
			r.ratios[k] = append(r.ratios[k], ratio)
		}
	}
}

// line is one line of the table, one bar of the chart.
type line struct {
	key
	real, ours, ratio spread
}

func (r *report) lines() (lines []line) {
	for _, what := range []string{rowStart, rowIdle, rowWorked, rowUser, rowList, rowCreate, rowAccept, rowOAuth, rowWalk} {
		for _, clients := range []int{0, 1, many} {
			if k := (key{what, clients}); len(r.ratios[k]) > 0 {
				lines = append(lines, line{k, spreadOf(r.real[k]), spreadOf(r.ours[k]), spreadOf(r.ratios[k])})
			}
		}
	}
	return lines
}

// number writes a measurement with its unit.
func (l line) number(v float64) string {
	switch {
	case l.what == rowStart || l.what == rowWalk:
		return time.Duration(v * float64(time.Second)).Round(time.Millisecond).String()
	case l.clients == 0:
		return fmt.Sprintf("%.0f MiB", v/(1<<20))
	default:
		return figure(v) + "/s"
	}
}

// figure writes two digits at least, and no more than mean something.
func figure(v float64) string {
	if v < 10 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func (s spread) String() string {
	return fmt.Sprintf("%s (%s–%s)", times(s.median), figure(s.least), figure(s.most))
}

func times(v float64) string { return figure(v) + "×" }

func (l line) clientsText() string {
	if l.clients == 0 {
		return ""
	}
	return fmt.Sprint(l.clients)
}

// about says what was compared, when and where.
func (r *report) about() string {
	return fmt.Sprintf("%s, %s and %s, on %d cores", r.date.UTC().Format(time.DateOnly), r.subject, r.hubsim, runtime.NumCPU())
}

func (r *report) floorsText() string {
	return fmt.Sprintf("a GET that does nothing takes %v here, an fsync of 4 kB %v",
		r.floors.get.Round(time.Microsecond), r.floors.fsync.Round(10*time.Microsecond))
}

// table is all of it for people: as columns, or as Markdown.
func (r *report) table(markdown bool) string {
	var b strings.Builder
	head := []string{"", "clients", r.subject, "hubsim", "ratio"}
	rows := [][]string{head}
	for _, l := range r.lines() {
		rows = append(rows, []string{l.what, l.clientsText(), l.number(l.real.median), l.number(l.ours.median), l.ratio.String()})
	}
	foot := fmt.Sprintf("%s; the median of %d rounds, and the least and the greatest ratio. Floors: %s.", r.about(), r.rounds, r.floorsText())
	if markdown {
		rows = slices.Insert(rows, 1, []string{"---", "---:", "---:", "---:", "---:"})
		for _, cells := range rows {
			b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
		}
	} else {
		w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		for _, cells := range rows {
			_, _ = fmt.Fprintln(w, strings.Join(cells, "\t")) // into memory
		}
		_ = w.Flush()
	}
	b.WriteString("\n" + foot + "\n")
	return b.String()
}
