// Command user-sharing runs a hub on which one user can share their server with another: JupyterHub's example of
// user-initiated sharing, as one program that needs no other.
//
//	go run ./examples/user-sharing                  # then do what it says
//	go run ./examples/user-sharing --walk pictures  # or watch a browser do it
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/e2e/scenario"
	"github.com/hubshare/hubshare/hubsim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

type options struct {
	addr, db, walk string
	verbose        bool
}

// run is the whole program; it ends when ctx does.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		say(stderr, "user-sharing: %v (--help lists the flags)\n", err)
		return exitUsage
	}
	if err := serve(ctx, o, stdout, stderr); err != nil {
		say(stderr, "user-sharing: %v\n", err)
		return exitFailed
	}
	return exitOK
}

func parse(args []string, help io.Writer) (o options, err error) {
	f := flag.NewFlagSet("user-sharing", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.addr, "addr", "127.0.0.1:8000", "`HOST:PORT` to listen on; port 0 is any free one")
	f.StringVar(&o.db, "db", "", "SQLite `FILE` that keeps users, shares and logins; without it all is forgotten at the end")
	f.StringVar(&o.walk, "walk", "", "drive the whole flow in a browser without a window, save a picture of each step in `DIR`, and end")
	f.BoolVar(&o.verbose, "v", false, "log every request")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			f.SetOutput(help)
			say(help, "Run a hub on which one user can share their server with another.\n\n")
			f.PrintDefaults()
		}
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	return o, nil
}

func serve(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	level := slog.LevelWarn
	if o.verbose {
		level = slog.LevelInfo
	}
	hub, err := hubsim.Start(ctx, hubsim.Config{
		Addr: o.addr,
		DB:   o.db,
		Users: []hubsim.User{
			{Name: "sharer"},
			{Name: "shared-with"},
		},
		AllowedUsers: []string{"sharer", "shared-with"},
		// What a hub's administrator does to enable sharing: let users manage access to their own servers.
		Roles: []hubsim.Role{{Name: "user", Scopes: []string{"self", "shares!user"}}},
		SingleUser: hubsim.SingleUser{
			// Whoever visits a server may use it to share what is theirs: pages get that right only for the owner.
			OAuthClientAllowedScopes: []string{"access:servers!server", "shares!server"},
			// The server's own token may share as well. Anyone with access to the server can use it, so prefer the above.
			ServerTokenScopes: []string{"shares!server", "servers!server", "users:activity!server"},
		},
		Logger: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})),
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, hub.Close()) }()
	if o.walk != "" {
		return walk(ctx, hub, o.walk, stdout, stderr)
	}
	say(stdout, `A hub is running at %s
1. Log in there as "sharer"; any password will do. Your server starts and opens a notebook.
2. Run its first two cells: the second one shows a link.
3. Open the link in a private window, log in as "shared-with", accept, authorize: you are on sharer's server.
4. As sharer, run the other cells: see who has access, then take it away. Ctrl-C stops the hub.
`, hub.URL)
	<-ctx.Done()
	return nil
}

// walk drives the flow and fails if any step does not hold.
func walk(ctx context.Context, hub *hubsim.Hub, dir string, stdout, stderr io.Writer) (err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder for pictures: %w", err)
	}
	session, err := browser.Start(ctx, browser.Options{Log: stderr})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	say(stdout, "Walking through %s, pictures go to %s\n", hub.URL, dir)
	start := time.Now()
	err = scenario.Walk(ctx, session, scenario.Config{
		BaseURL: hub.URL, Sharer: scenario.Login{Name: "sharer"}, Grantee: scenario.Login{Name: "shared-with"}, ScreenshotDir: dir,
		Step: func(s scenario.Step) {
			outcome := "ok"
			if s.Err != nil {
				outcome = "FAILED"
			}
			say(stdout, "%2d  %-6s %6d ms  %s\n", s.Number, outcome, s.Took.Milliseconds(), s.Name)
		},
	})
	if err != nil {
		return err
	}
	say(stdout, "Every step held, %.1f s in all.\n", time.Since(start).Seconds())
	return nil
}

// say writes to a terminal; there is nobody to tell if that fails.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
