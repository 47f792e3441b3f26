package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/e2e/realhub"
)

// build builds hubsim once for all tests, in a folder that goes with them.
var (
	buildDir string
	build    = sync.OnceValues(func() (string, error) { return buildHubsim(context.Background(), buildDir) })
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "compare-test-")
	if err != nil {
		panic(err)
	}
	buildDir = dir
	code := browser.Main(m)
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	os.Exit(code)
}

func TestASpreadIsTheMedianWithItsEnds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		numbers []float64
		want    spread
	}{
		{[]float64{3}, spread{3, 3, 3}},
		{[]float64{9, 1, 4}, spread{4, 1, 9}},
		{[]float64{8, 2, 4, 1}, spread{3, 1, 8}},
	} {
		assert.Equal(t, c.want, spreadOf(c.numbers), "%v", c.numbers)
	}
}

// example is a report of two rounds, with numbers that are easy to see through.
func example() *report {
	r := &report{date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), subject: "JupyterHub <5.5>", hubsim: "hubsim v1", rounds: 2,
		floors: floors{get: 36 * time.Microsecond, fsync: 180 * time.Microsecond}}
	r.add(results{{rowStart, 0}: 2, {rowIdle, 0}: 120 << 20, {rowUser, 1}: 500, {rowUser, many}: 600, {rowCreate, 1}: 100},
		results{{rowStart, 0}: 0.04, {rowIdle, 0}: 30 << 20, {rowUser, 1}: 10000, {rowUser, many}: 300, {rowList, 1}: 7})
	r.add(results{{rowStart, 0}: 1, {rowIdle, 0}: 0, {rowUser, 1}: 500, {rowUser, many}: 600},
		results{{rowStart, 0}: 0.05, {rowIdle, 0}: 30 << 20, {rowUser, 1}: 5000, {rowUser, many}: 300})
	return r
}

func TestRatiosAreOfOneRoundAndSayHowMuchBetterHubsimIs(t *testing.T) {
	t.Parallel()
	r := example()
	got := map[key]spread{}
	for _, l := range r.lines() {
		got[l.key] = l.ratio
	}
	// less time and memory is better, and more a second; what one side has not is no row, nor is what could not be known
	require.Equal(t, map[key]spread{{rowStart, 0}: {35, 20, 50}, {rowIdle, 0}: {4, 4, 4}, {rowUser, 1}: {15, 10, 20}, {rowUser, many}: {0.5, 0.5, 0.5}}, got)
}

func TestTheTable(t *testing.T) {
	t.Parallel()
	const foot = "\n2026-01-02, JupyterHub <5.5> and hubsim v1, on "
	text := example().table(false)
	require.Regexp(t, `(?m)^start to first answer +1\.5s +45ms +35× \(20–50\)$`, text)
	require.Regexp(t, `(?m)^memory after the start +120 MiB +30 MiB +4\.0× \(4\.0–4\.0\)$`, text)
	require.Contains(t, text, foot)
	require.Contains(t, text, "a GET that does nothing takes 36µs here, an fsync of 4 kB 180µs")
	markdown := example().table(true)
	require.Contains(t, markdown, "| --- | ---: | ---: | ---: | ---: |\n")
	require.Contains(t, markdown, "| GET /hub/api/user | 8 | 600/s | 300/s | 0.5× (0.5–0.5) |\n")
	require.Contains(t, markdown, foot)
}

func TestTheChartIsWellFormedAndSaysEverything(t *testing.T) {
	t.Parallel()
	chart := example().chart()
	d := xml.NewDecoder(strings.NewReader(chart))
	bars := map[string]int{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "rect" {
			for _, a := range e.Attr {
				if a.Name.Local == "class" {
					bars[a.Value]++
				}
				require.NotRegexp(t, `^-|NaN|Inf`, a.Value, "a size below nothing, or one that is none: %v", e)
			}
		}
	}
	require.NotContains(t, chart, "%!")
	require.Equal(t, map[string]int{"back": 1, "alone": 3, "single": 2, "eight": 2}, bars, "one of each is in the legend")
	for _, text := range []string{"start to first answer", "35× (20–50)", "0.5× (0.5–0.5)", ">1×<", ">0.5×<", ">20×<", "2026-01-02", "hubsim v1", "36µs", "prefers-color-scheme:dark"} {
		require.Contains(t, chart, text)
	}
}

func TestTheScaleHasMarksInStepsOfAFactor(t *testing.T) {
	t.Parallel()
	require.InDeltaSlice(t, []float64{0.1, 0.2, 0.5, 1, 2, 5, 10, 20}, marks(-1, 1.4), 1e-9)
}

func TestWrongFlagsAreRefused(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--release", "4"}, {"--rounds", "0"}, {"--duration", "0s"}, {"--duration", "2h"}, {"more"}, {"--colour"}} {
		require.ErrorContains(t, run(t.Context(), args, io.Discard, io.Discard), "usage: compare", "%v", args)
	}
}

// built gives a hubsim.
func built(t *testing.T) string {
	program, err := build()
	require.NoError(t, err)
	return program
}

// Everything that is asked of a hub works on hubsim, and gives a number.
func TestHubsimIsMeasured(t *testing.T) {
	t.Parallel()
	program := built(t)
	for _, release := range []realhub.Release{realhub.V55, realhub.V61} {
		got, err := measure(t.Context(), hubsimStarter(program, release), time.Millisecond, browser.Shared(t))
		require.NoError(t, err)
		memory := 0
		if _, err := os.Stat("/proc/self/status"); err == nil {
			memory = 2
		}
		for what, n := range got {
			if what.what == rowIdle || what.what == rowWorked {
				assert.Equal(t, memory == 2, n > 1<<20, "%v", what)
			} else {
				assert.Positive(t, n, "%v", what)
			}
		}
		require.Len(t, got, 4+2*5, "%v", slices.Collect(maps.Keys(got)))
	}
}

func TestAHubsimThatDoesNotStartSaysWhy(t *testing.T) {
	t.Parallel()
	_, err := hubsimStarter(built(t), realhub.V55)(t.Context(), filepath.Join(t.TempDir(), "missing"), newKeys())
	require.ErrorIs(t, err, os.ErrNotExist)
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "hub.db"), 0o700))
	_, err = hubsimStarter(built(t), realhub.V55)(t.Context(), dir, newKeys())
	require.ErrorContains(t, err, "hub.db")
}

func TestFailuresEndAMeasurement(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	_, err := rate(t.Context(), many, time.Minute, 0, func(_ context.Context, _, n int) error {
		if n == 20 {
			return broken
		}
		return nil
	})
	require.ErrorIs(t, err, broken)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = rate(ended, 1, time.Minute, 0, func(context.Context, int, int) error { return nil })
	require.ErrorIs(t, err, context.Canceled)
}

func TestWhatCanBeDoneOnlySoOftenIsDoneSoOften(t *testing.T) {
	t.Parallel()
	var done atomic.Int64
	got, err := rate(t.Context(), many, time.Minute, 100, func(context.Context, int, int) error {
		done.Add(1)
		return nil
	})
	require.NoError(t, err)
	require.Positive(t, got)
	require.EqualValues(t, 100, done.Load())
}

// The whole, as short as can be: what is asked works on a real hub too, and both are in the table and the chart.
func TestARealHubIsComparedWithHubsim(t *testing.T) {
	t.Parallel()
	for _, release := range []realhub.Release{realhub.V55, realhub.V61} {
		t.Run(string(release), func(t *testing.T) {
			t.Parallel()
			_ = realhub.ForTest(t, release)
			var out, log bytes.Buffer
			picture := filepath.Join(t.TempDir(), "chart.svg")
			require.NoError(t, run(t.Context(), []string{"--release", string(release), "--rounds", "1", "--duration", "1ms", "--hubsim", built(t), "--svg", picture}, &out, &log), "%s", &log)
			for _, row := range []string{rowStart, rowUser, rowList, rowCreate, rowAccept, rowOAuth, rowWalk} {
				require.Contains(t, out.String(), row)
			}
			chart, err := os.ReadFile(picture)
			require.NoError(t, err)
			require.Contains(t, string(chart), release.Version())
		})
	}
}
