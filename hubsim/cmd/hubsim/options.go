package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/hubshare/hubshare/hubsim"
)

// options are the flags of a hub. Those that were not set, nor by their variable, leave what the file says.
type options struct {
	config, configJSON string
	log                string
	version            bool
	settings           []setting
}

// setting is one flag that overrides a key of the configuration.
type setting struct {
	name, key, help string
	kind            settingKind
	value           string
	set             bool
}

type settingKind int

const (
	textSetting settingKind = iota
	numberSetting
	flagSetting
)

func (s *setting) String() string   { return s.value }
func (s *setting) IsBoolFlag() bool { return s.kind == flagSetting }

func (s *setting) Set(value string) error {
	switch s.kind {
	case numberSetting:
		n, err := strconv.ParseUint(value, 10, 16)
		if err != nil {
			return errors.New("must be a number from 0 to 65535")
		}
		value = strconv.FormatUint(n, 10)
	case flagSetting:
		if _, err := strconv.ParseBool(value); err != nil {
			return errors.New("must be true or false")
		}
	}
	s.value, s.set = value, true
	return nil
}

func settings() []setting {
	return []setting{
		{name: "host", key: "host", help: "`ADDRESS` to listen on; 127.0.0.1 unless told otherwise, 0.0.0.0 is every one of this machine"},
		{name: "port", key: "port", kind: numberSetting, help: "`PORT` to listen on, 8000 unless told otherwise; 0 is any free one"},
		{name: "base-url", key: "base_url", help: "`PATH` that everything lies under, with a slash at both ends"},
		{name: "public-url", key: "public_url", help: "the hub's `ADDRESS` as the world sees it, if it has another one"},
		{name: "profile", key: "profile", help: "the JupyterHub `RELEASE` to behave as: 5.5 or 6.0"},
		{name: "db", key: "db", help: "SQLite `FILE` that keeps everything; without it all is forgotten at the end"},
		{name: "clock", key: "clock", help: "`INSTANT` at which the hub's clock stands until it is moved; without it it runs"},
		{name: "admin-token", key: "admin_token", help: "`TOKEN` that the control endpoints ask for; better in HUBSIM_ADMIN_TOKEN, which others on this machine do not see"},
		{name: "extensions", key: "extensions", kind: flagSetting, help: "switch on what a JupyterHub does not have"},
	}
}

func variable(name string) string {
	return "HUBSIM_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

func (w world) options() (o options, err error) {
	o.settings = settings()
	f := w.flags("hubsim")
	f.StringVar(&o.config, "config", "", "`FILE` with the configuration, in JSON; - is standard input")
	f.StringVar(&o.log, "log", "auto", "`FORM` of the log: human, text, json, none; auto is human on a terminal, else text")
	f.BoolVar(&o.version, "version", false, "say which version this is, and end")
	for i := range o.settings {
		f.Var(&o.settings[i], o.settings[i].name, o.settings[i].help)
	}
	if err := w.parse(f, "Run a simulated hub.  See also: hubsim env --help, hubsim health --help"); err != nil {
		return o, err
	}
	if o.config == "" {
		if text, ok := w.env("HUBSIM_CONFIG_JSON"); ok {
			o.configJSON = text
		} else if file, ok := w.env("HUBSIM_CONFIG"); ok {
			o.config = file
		}
	}
	if text, ok := w.env("HUBSIM_LOG"); ok && o.log == "auto" {
		o.log = text
	}
	for i := range o.settings {
		s := &o.settings[i]
		text, ok := w.env(variable(s.name))
		if !ok || s.set {
			continue
		}
		if err := s.Set(text); err != nil {
			return o, wrongUsage("%s: %w", variable(s.name), err)
		}
	}
	return o, nil
}

func (w world) flags(name string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	return f
}

// parse reads the flags; there are no other arguments.
func (w world) parse(f *flag.FlagSet, about string) error {
	switch err := f.Parse(w.args); {
	case errors.Is(err, flag.ErrHelp):
		f.SetOutput(w.stdout)
		_, _ = fmt.Fprintln(w.stdout, about)
		f.PrintDefaults()
		return err
	case err != nil:
		return wrongUsage("%w (--help lists the flags)", err)
	case f.NArg() > 0:
		return wrongUsage("unexpected argument %q (--help lists the flags)", f.Arg(0))
	}
	return nil
}

// maxConfig bounds a configuration, bytes.
const maxConfig = 64 << 20

// configuration reads the file, and puts the flags over it.
func (w world) configuration(o options) (hubsim.Config, error) {
	text, source, err := w.configText(o)
	if err != nil {
		return hubsim.Config{}, err
	}
	cfg, err := hubsim.ParseConfig(text)
	if err != nil {
		return cfg, fmt.Errorf("%s: %w", source, err)
	}
	if cfg.Control == nil {
		cfg.Control = &hubsim.Control{}
	}
	for _, s := range o.settings {
		if !s.set {
			continue
		}
		if err := override(&cfg, s); err != nil {
			return cfg, err
		}
	}
	return cfg, nil
}

func (w world) configText(o options) (text []byte, source string, err error) {
	switch {
	case o.configJSON != "":
		return []byte(o.configJSON), "HUBSIM_CONFIG_JSON", nil
	case o.config == "":
		return []byte("{}"), "", nil
	case o.config == "-":
		text, err = io.ReadAll(io.LimitReader(w.stdin, maxConfig+1))
		source = "standard input"
	default:
		source = o.config
		text, err = readFile(o.config)
	}
	switch {
	case err != nil:
		return nil, source, wrongUsage("read the configuration: %w", err)
	case len(text) > maxConfig:
		return nil, source, wrongUsage("read the configuration: %s has more than %d bytes", source, maxConfig)
	}
	return text, source, nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, maxConfig+1))
}

// override sets one key, in the words that the configuration has for it.
func override(cfg *hubsim.Config, s setting) error {
	var value any = s.value
	switch s.kind {
	case numberSetting:
		value = json.Number(s.value)
	case flagSetting:
		value, _ = strconv.ParseBool(s.value) // Set has looked
	}
	text, err := json.Marshal(map[string]any{s.key: value})
	if err != nil {
		return wrongUsage("--%s: %w", s.name, err)
	}
	one, err := hubsim.ParseConfig(text)
	if err != nil {
		var file *hubsim.FileError
		if errors.As(err, &file) {
			err = file.Err
		}
		return wrongUsage("--%s: %w", s.name, err)
	}
	host, port, err := net.SplitHostPort(cfg.Addr)
	if err != nil {
		return err
	}
	newHost, newPort, err := net.SplitHostPort(one.Addr)
	if err != nil {
		return err
	}
	switch s.key {
	case "host":
		cfg.Addr = net.JoinHostPort(newHost, port)
	case "port":
		cfg.Addr = net.JoinHostPort(host, newPort)
	case "base_url":
		cfg.BaseURL = one.BaseURL
	case "public_url":
		cfg.PublicURL = one.PublicURL
	case "profile":
		cfg.Profile = one.Profile
	case "db":
		cfg.DB = one.DB
	case "clock":
		cfg.Clock = one.Clock
	case "admin_token":
		cfg.Control.Token = one.Control.Token
	case "extensions":
		cfg.Extensions = one.Extensions
	}
	return nil
}

// buildInfo is what --version says.
func buildInfo() string {
	parts := []string{runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
	version := "unknown version"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				parts = append(parts, "revision "+s.Value)
			case s.Key == "vcs.time":
				parts = append(parts, "of "+s.Value)
			case s.Key == "vcs.modified" && s.Value == "true":
				parts = append(parts, "modified")
			}
		}
	}
	return "hubsim " + version + " (" + strings.Join(parts, ", ") + ")"
}
