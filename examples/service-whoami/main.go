// Command service-whoami runs a hub with services that tell their visitors who they are: JupyterHub's example of authenticating a service
// with the hub, as one program that needs no other.
//
//	go run ./examples/service-whoami
//
// Visit http://127.0.0.1:8000/services/whoami-oauth, log in under any name with any password, authorize: you see what the hub told the service
// about you. Service whoami-api is for scripts. Make a token at http://127.0.0.1:8000/hub/token and bring it along:
//
//	curl -H "Authorization: token $token" http://127.0.0.1:8000/services/whoami-api/
//
// The hub starts, watches and stops both; each is this program again, as "service-whoami serve" (see whoami.go). A third one, whoami-external,
// is known to the hub but not started by it. Either --external has it served by this process, or the hub writes down what it needs to know, and
// somebody else starts it:
//
//	go run ./examples/service-whoami --env external.env
//	env $(cat external.env) go run ./examples/service-whoami serve     # in another terminal
//
// With --only, access is a matter of a role that some have and others have not; --profile 6.0 makes it a hub of that release, and --docs2 gives
// the answers the shape that JupyterHub's documentation of this example shows, which is older than both.
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
	"strings"
	"syscall"

	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/scopes"
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
	serve, noLogin          bool // be a service
	addr, env, only         string
	profile                 scopes.Profile
	external, docs2, chatty bool
}

// run is the whole program; it ends when ctx does.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		say(stderr, "service-whoami: %v (--help lists the flags)\n", err)
		return exitUsage
	}
	if o.serve {
		err = whoami(ctx, os.Getenv, o.noLogin, stdout)
	} else {
		err = hub(ctx, o, stdout, stderr)
	}
	if err != nil {
		say(stderr, "service-whoami: %v\n", err)
		return exitFailed
	}
	return exitOK
}

func parse(args []string, help io.Writer) (o options, err error) {
	f := flag.NewFlagSet("service-whoami", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	if o.serve = len(args) > 0 && args[0] == "serve"; o.serve {
		args = args[1:]
		f.BoolVar(&o.noLogin, "no-login", false, "answer who brings a token, and send nobody to log in")
	} else {
		f.StringVar(&o.addr, "addr", "127.0.0.1:8000", "`HOST:PORT` to listen on; port 0 is any free one")
		f.StringVar(&o.only, "only", "", "comma-separated `NAMES` of those who may use the services; without it everybody may")
		f.BoolVar(&o.external, "external", false, "serve whoami-external from this process")
		f.StringVar(&o.env, "env", "", "`FILE` to write the environment of whoami-external to, for starting it by hand")
		f.Func("profile", "the JupyterHub `RELEASE` to behave as: 5.5 or 6.0 (default 5.5)", o.setProfile)
		f.BoolVar(&o.docs2, "docs2", false, "answer in the shape of JupyterHub 2")
		f.BoolVar(&o.chatty, "v", false, "log every request, and what the services say")
	}
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			f.SetOutput(help)
			say(help, "Run a hub with services that tell their visitors who they are.\n\n")
			f.PrintDefaults()
		}
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	return o, nil
}

func (o *options) setProfile(release string) error {
	switch release {
	case "5.5":
		o.profile = scopes.P55
	case "6.0":
		o.profile = scopes.P60
	default:
		return errors.New("use 5.5 or 6.0")
	}
	return nil
}

const external = "whoami-external"

// config is what a hub's administrator would write.
func config(self string, o options) hubsim.Config {
	hidden := false
	cfg := hubsim.Config{
		Addr:    o.addr,
		Profile: o.profile,
		Docs2:   o.docs2,
		Services: []hubsim.Service{
			// Port 0: the hub picks a free one.
			{Name: "whoami-api", URL: "http://127.0.0.1:0", Display: &hidden, Command: []string{self, "serve", "--no-login"}},
			{Name: "whoami-oauth", URL: "http://127.0.0.1:0", Command: []string{self, "serve"}},
			{Name: external, URL: "http://127.0.0.1:0", Display: &hidden},
		},
		// Everybody may reach every service.
		Roles: []hubsim.Role{{Name: "user", Scopes: []string{"access:services", "self"}}},
	}
	if o.only != "" {
		cfg.Roles = []hubsim.Role{{Name: "whoami", Scopes: []string{"access:services"}, Users: strings.Split(o.only, ",")}}
	}
	return cfg
}

func hub(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	level := slog.LevelWarn
	if o.chatty {
		level = slog.LevelInfo
	}
	cfg := config(self, o)
	cfg.Logger = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	h, err := hubsim.Start(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	env, err := h.ServiceEnv(external)
	if err != nil {
		return err
	}
	if o.env != "" {
		// It holds the service's secret.
		if err := os.WriteFile(o.env, []byte(strings.Join(env, "\n")+"\n"), 0o600); err != nil {
			return fmt.Errorf("write the environment of %s: %w", external, err)
		}
	}
	say(stdout, `A hub is running at %s
1. Visit %s and log in under any name; any password will do.
2. Make a token at %s, then: curl -H "Authorization: token $token" %s
Ctrl-C stops the hub and its services.
`, h.URL, strings.TrimSuffix(h.ServiceURL("whoami-oauth"), "/"), h.HubURL()+"token", h.ServiceURL("whoami-api"))
	if !o.external {
		<-ctx.Done()
		return nil
	}
	return whoami(ctx, lookup(env), false, stdout)
}

// lookup is os.Getenv for another environment.
func lookup(env []string) func(string) string {
	return func(name string) string {
		for _, pair := range env {
			if value, ok := strings.CutPrefix(pair, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

// say writes to a terminal; there is nobody to tell if that fails.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
