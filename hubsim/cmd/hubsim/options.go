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
	preset             string
	log                string
	human, open        bool
	version, presets   bool
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
	textSetting   settingKind = iota
	numberSetting             // up to 65535
	seedSetting               // up to 2⁶³-1
	flagSetting
	tlsSetting
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
	case seedSetting:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < 0 {
			return errors.New("must be a whole number that is not negative")
		}
		value = strconv.FormatInt(n, 10)
	case tlsSetting:
		if cert, key, ok := strings.Cut(value, ","); value != "self-signed" && (!ok || cert == "" || key == "") {
			return errors.New("must be self-signed, or the files of a certificate and of its key with a comma between")
		}
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
		{name: "tls", key: "tls", kind: tlsSetting, help: "speak https: `CERT`,KEY are two files; self-signed makes an authority, whose certificate the ready line names"},
		{name: "keys", key: "keys", kind: numberSetting, help: "how many more hubs, `NUMBER`, may be made by naming a key: header X-Hubsim-Key, or host KEY.localhost; 64 unless told otherwise"},
		{name: "seed", key: "seed", kind: seedSetting, help: "`NUMBER` from which every secret follows; without it they are random"},
		{name: "strict", key: "strict", kind: flagSetting, help: "find fault with callers that a real hub might not bear"},
		{name: "upstream-quirks", key: "upstream_quirks", kind: flagSetting, help: "answer as a stock hub where this one answers better"},
		{name: "extensions", key: "extensions", kind: flagSetting, help: "switch on what a JupyterHub does not have"},
	}
}

// usage stands above the list of flags.
const usage = `hubsim runs a simulated JupyterHub for tests.

  hubsim [flags]                          until it is interrupted
  hubsim env --user U | --service NAME    what a server or service finds in its environment
  hubsim health                           whether a hub is there
  hubsim help                             the whole of the documentation

Without flags: http://127.0.0.1:8000/, with users sharer and shared-with, who may share their servers; any password logs in.
One line on standard output says that it is ready, and where. A test controls the hub below /_hubsim/, where people find a page.
Each flag has a variable: --base-url is HUBSIM_BASE_URL. "hubsim help" tells of files and control requests.

Flags:`

func variable(name string) string {
	return "HUBSIM_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

func (w world) options() (o options, err error) {
	o.settings = settings()
	f := w.flags("hubsim")
	f.StringVar(&o.config, "config", "", "`FILE` with the configuration, in JSON; - is standard input")
	f.StringVar(&o.preset, "preset", "", "`NAME` of a ready situation, in place of a configuration; --list-presets has them")
	f.BoolVar(&o.presets, "list-presets", false, "list the ready situations, and end")
	f.BoolVar(&o.human, "human", false, "log for people, in colours unless NO_COLOR is set: the same as --log human, also where there is no terminal")
	f.BoolVar(&o.open, "open", false, "open the page for people, /_hubsim/, in a browser")
	f.StringVar(&o.log, "log", "auto", "`FORM` of the log: human, text, json, none; auto is human on a terminal, else text")
	f.BoolVar(&o.version, "version", false, "say which version this is, and end")
	for i := range o.settings {
		f.Var(&o.settings[i], o.settings[i].name, o.settings[i].help)
	}
	if err := w.parse(f, usage); err != nil {
		return o, err
	}
	if o.preset == "" && o.config == "" {
		o.preset, _ = w.env("HUBSIM_PRESET")
	}
	if o.config == "" && o.preset == "" {
		if text, ok := w.env("HUBSIM_CONFIG_JSON"); ok {
			o.configJSON = text
		} else if file, ok := w.env("HUBSIM_CONFIG"); ok {
			o.config = file
		}
	}
	if o.config != "" && o.preset != "" {
		return o, wrongUsage("--preset: is a configuration of its own, so not with --config")
	}
	for name, to := range map[string]*bool{"human": &o.human, "open": &o.open} {
		text, ok := w.env(variable(name))
		if !ok {
			continue
		}
		yes, err := strconv.ParseBool(text)
		if err != nil {
			return o, wrongUsage("%s: must be true or false", variable(name))
		}
		*to = *to || yes
	}
	if o.human {
		o.log = "human"
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
	case o.preset != "":
		p, err := presetNamed(o.preset)
		return []byte(p.text), "--preset " + o.preset, err
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
	case numberSetting, seedSetting:
		value = json.Number(s.value)
	case tlsSetting:
		if cert, key, ok := strings.Cut(s.value, ","); ok {
			value = map[string]string{"cert": cert, "key": key}
		}
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
	case "tls":
		cfg.TLS = one.TLS
	case "keys":
		cfg.Keys = one.Keys
	case "seed":
		cfg.Seed = one.Seed
	case "strict":
		cfg.Strict = one.Strict
	case "upstream_quirks":
		cfg.UpstreamQuirks = one.UpstreamQuirks
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
