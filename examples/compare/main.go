// Command compare holds the speed of hubsim against that of a real JupyterHub: it runs both on this machine, one after the other, asks both the
// same things, and says how many times faster or smaller hubsim is.
//
//	go run ./examples/compare                                     # a table
//	go run ./examples/compare --markdown --svg compare.svg        # for a document
//	go run ./examples/compare --release 6.1 --rounds 7 --duration 2s
//
// In each round a new real hub and a new hubsim are started, both with a SQLite file that outlives them, given the same people and shares, and
// measured with one client and with eight. A ratio is that of one round, so that what else the machine does meanwhile falls on both sides; the
// table has the median of the rounds, with the least and the greatest. All requests go to the hub itself: the proxy that stands before a real hub
// would only make it slower. Its memory is that of the hub and the proxy, without which it does not run.
//
// What the machine itself sets as a limit stands below the table: what an HTTP request to a server that does nothing takes, and how long its disk
// takes to keep 4 kB. The walk is that of a share link, with two people in Chromium who go by way of the proxy; it is mostly the browser's own
// time, and with the real hub also that of JupyterLab, which comes up at its end.
//
// The real hub is installed on demand, which takes minutes once, and so is the browser. Memory is read from /proc and left out where there is none.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/e2e/realhub"
)

type options struct {
	release  realhub.Release
	rounds   int
	duration time.Duration
	markdown bool
	svg      string
	hubsim   string // a built program; "" = it is built
}

func parse(args []string) (o options, err error) {
	f := flag.NewFlagSet("compare", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	release := f.String("release", string(realhub.V55), "")
	f.IntVar(&o.rounds, "rounds", 5, "")
	f.DurationVar(&o.duration, "duration", time.Second, "")
	f.BoolVar(&o.markdown, "markdown", false, "")
	f.StringVar(&o.svg, "svg", "", "")
	f.StringVar(&o.hubsim, "hubsim", "", "")
	err = f.Parse(args)
	o.release = realhub.Release(*release)
	if err != nil || f.NArg() > 0 || o.release.Version() == "" || o.rounds < 1 || o.rounds > 100 || o.duration <= 0 || o.duration > time.Minute {
		return o, errors.New("usage: compare [--release 5.5|6.1] [--rounds 1…100] [--duration up to 1m] [--markdown] [--svg FILE] [--hubsim PROGRAM]; " +
			"the duration is that of one measurement with one number of clients")
	}
	return o, nil
}

// run is the whole: the table goes to stdout, what is being done to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parse(args)
	if err != nil {
		return err
	}
	env, err := realhub.Ensure(ctx, o.release, realhub.Cache{Log: stderr})
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "compare-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if o.hubsim == "" {
		if o.hubsim, err = buildHubsim(ctx, dir); err != nil {
			return err
		}
	}
	session, err := browser.Start(ctx, browser.Options{Log: stderr})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	r := report{date: time.Now(), subject: "JupyterHub " + o.release.Version(), rounds: o.rounds}
	if r.hubsim, err = versionOf(ctx, o.hubsim); err != nil {
		return err
	}
	if r.floors, err = measureFloors(ctx, dir); err != nil {
		return err
	}
	for n := 1; n <= o.rounds; n++ {
		var round [2]results
		for i, start := range []starter{realStarter(env), hubsimStarter(o.hubsim, o.release)} {
			_, _ = fmt.Fprintf(stderr, "round %d of %d: %s\n", n, o.rounds, []string{r.subject, r.hubsim}[i])
			if round[i], err = measure(ctx, start, o.duration, session); err != nil {
				return err
			}
		}
		r.add(round[0], round[1])
	}
	if o.svg != "" {
		if err := os.WriteFile(o.svg, []byte(r.chart()), 0o644); err != nil { //nolint:gosec // a picture for everybody
			return err
		}
	}
	_, err = io.WriteString(stdout, r.table(o.markdown))
	return err
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}
