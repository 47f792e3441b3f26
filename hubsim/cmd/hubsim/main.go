package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/hubshare/hubshare/hubsim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// Whoever interrupts a second time does not want to wait.
	context.AfterFunc(ctx, stop)
	w := world{args: os.Args[1:], env: os.LookupEnv, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, terminal: isTerminal(os.Stderr)}
	code := w.run(ctx)
	stop()
	os.Exit(code)
}

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

// world is what the program has around it.
type world struct {
	args           []string
	env            func(string) (string, bool)
	stdin          io.Reader
	stdout, stderr io.Writer
	terminal       bool // stderr is one
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// usageError is the caller's mistake.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func wrongUsage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// run is the whole program; it ends when ctx does.
func (w world) run(ctx context.Context) int {
	command := world.serve
	if len(w.args) > 0 {
		switch w.args[0] {
		case "env":
			command, w.args = world.printEnv, w.args[1:]
		case "health":
			command, w.args = world.health, w.args[1:]
		case "help":
			command, w.args = world.help, w.args[1:]
		}
	}
	err := command(w, ctx)
	var usage usageError
	var field *hubsim.ConfigError
	var file *hubsim.FileError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &usage), errors.As(err, &file):
	case errors.As(err, &field):
		err = fmt.Errorf("configuration: %s: %w", field.Path(), field.Reason())
	default:
		w.say("hubsim: %v\n", err)
		return exitFailed
	}
	w.say("hubsim: %v\n", err)
	return exitUsage
}

// say writes to a terminal; there is nobody to tell if that fails.
func (w world) say(format string, args ...any) { _, _ = fmt.Fprintf(w.stderr, format, args...) }

// serve runs a hub.
func (w world) serve(ctx context.Context) (err error) {
	o, err := w.options()
	if err != nil {
		return err
	}
	if o.version {
		_, err := fmt.Fprintln(w.stdout, buildInfo())
		return err
	}
	if o.presets {
		return listPresets(w.stdout)
	}
	cfg, err := w.configuration(o)
	if err != nil {
		return err
	}
	w.terminal = w.terminal || o.human
	if cfg.Logger, err = w.logger(o.log); err != nil {
		return err
	}
	ctx, shutdown := context.WithCancel(ctx)
	defer shutdown()
	cfg.Control.Shutdown = shutdown
	hub, err := hubsim.Start(ctx, cfg)
	if err != nil {
		if ctx.Err() != nil {
			return nil // asked to end before it had begun
		}
		return err
	}
	defer func() { err = errors.Join(err, hub.Close()) }()
	ca, forget, err := authority(hub)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, forget()) }()
	if err := ready(w.stdout, hub, ca); err != nil {
		return fmt.Errorf("say that the hub is ready: %w", err)
	}
	if o.open {
		if err := openBrowser(hub.ControlURL()); err != nil {
			cfg.Logger.Warn("no browser opened", "url", hub.ControlURL(), "error", err)
		}
	}
	<-ctx.Done()
	return nil
}

// authority puts the certificate by which clients trust the hub into a file that lasts as long as it (HB-201); "" if there is none.
func authority(hub *hubsim.Hub) (name string, forget func() error, err error) {
	forget = func() error { return nil }
	if hub.CA() == nil {
		return "", forget, nil
	}
	f, err := os.CreateTemp("", "hubsim-ca-*.pem")
	if err != nil {
		return "", forget, fmt.Errorf("write the authority's certificate: %w", err)
	}
	_, err = f.Write(hub.CA())
	if err = errors.Join(err, f.Close()); err != nil {
		return "", forget, errors.Join(fmt.Errorf("write the authority's certificate: %w", err), os.Remove(f.Name()))
	}
	return f.Name(), func() error { return os.Remove(f.Name()) }, nil
}

// ready writes the one line by which whoever started the program learns where the hub is (HB-177).
func ready(out io.Writer, hub *hubsim.Hub, ca string) error {
	line, err := json.Marshal(struct {
		Event string `json:"event"`
		URL   string `json:"url"`
		Hub   string `json:"hub"`
		API   string `json:"api"`
		Admin string `json:"admin"`
		PID   int    `json:"pid"`
		CA    string `json:"ca,omitempty"` // the file with the certificate to trust
	}{"ready", hub.URL, hub.HubURL(), hub.APIURL(), hub.ControlURL(), os.Getpid(), ca})
	if err != nil {
		return err
	}
	_, err = out.Write(append(line, '\n'))
	return err
}
