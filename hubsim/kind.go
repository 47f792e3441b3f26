package hubsim

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"

	"github.com/hubshare/hubshare/hubsim/spawner"
)

// Kind is how users' servers are started (HB-178).
type Kind string

// The kinds of servers.
const (
	KindInProcess Kind = "in-process" // a stand-in server inside this process
	KindCommand   Kind = "command"    // a program, such as jupyterhub-singleuser (HB-102)
	KindURL       Kind = "url"        // one that its author has started by hand, or is about to (HB-181)
)

// check says what a kind lacks, or has too much.
func (k Kind) check(command []string, address string) error {
	switch k {
	case "", KindInProcess, KindCommand, KindURL:
	default:
		return wrongFieldf("Kind", "%q must be in-process, command or url", string(k))
	}
	if (len(command) > 0) != (k == KindCommand) || len(command) > 0 && command[0] == "" {
		return wrongFieldf("Command", "is needed by kind command, and of no use to others")
	}
	if k != KindURL && address != "" || k == KindURL && address == "" {
		return wrongFieldf("URL", "is needed by kind url, and of no use to others")
	}
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || u.Host == "" || u.Port() == "0" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return wrongFieldf("URL", "must be http:// with host and port, and no more")
	}
	return nil
}

func (s SingleUser) check() error {
	if s.StartTimeout < 0 {
		return wrongFieldf("StartTimeout", "must not be negative")
	}
	if s.HTTPTimeout < 0 {
		return wrongFieldf("HTTPTimeout", "must not be negative")
	}
	if s.CacheMaxAge < 0 {
		return wrongFieldf("CacheMaxAge", "must not be negative")
	}
	for name := range s.Env {
		if !isVariable(name, s.Env[name]) {
			return wrongFieldf("Env", "%q is no variable", name)
		}
	}
	for i, m := range s.Modules {
		if err := s.checkModule(m); err != nil {
			return wrongField(fmt.Sprintf("Modules[%d]", i), err)
		}
	}
	return s.Kind.check(s.Command, s.URL)
}

// checkModule looks for the file, so that a typing error is not found as a silent page.
func (s SingleUser) checkModule(name string) error {
	if u, err := url.Parse(name); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		return nil
	}
	if s.ModuleFiles == nil {
		return fmt.Errorf("%q is a file, and there are no module files to find it in", name)
	}
	if !fs.ValidPath(name) {
		return fmt.Errorf("%q must be a path below the module files, without dots or a slash at its ends", name)
	}
	if info, err := fs.Stat(s.ModuleFiles, name); err != nil || info.IsDir() {
		return fmt.Errorf("%q is not among the module files", name)
	}
	return nil
}

func (s Server) check(named bool) error {
	if err := checkUserName(s.User); err != nil {
		return wrongField("User", err)
	}
	if s.Name != "" && !named {
		return wrongFieldf("Name", "%q: a server with a name needs allow_named_servers", s.Name)
	}
	return s.Kind.check(s.Command, s.URL)
}

// configured finds what the configuration says of one server.
func (h *Hub) configured(user, name string) (Server, bool) {
	for _, s := range h.cfg.Servers {
		if s.User == user && s.Name == name && s.Kind != "" {
			return s, true
		}
	}
	return Server{}, false
}

func (h *Hub) kindOf(user, name string) Kind {
	if s, ok := h.configured(user, name); ok {
		return s.Kind
	}
	return h.cfg.SingleUser.Kind
}

// kinds is the spawner that starts each server as configured.
type kinds struct{ hub *Hub }

func (k kinds) Start(ctx context.Context, spec spawner.Spec) (spawner.Process, error) {
	h := k.hub
	su := h.cfg.SingleUser
	kind, command, address := su.Kind, su.Command, su.URL
	if s, ok := h.configured(spec.User, spec.Server); ok {
		kind, command, address = s.Kind, s.Command, s.URL
	}
	switch kind {
	case KindCommand:
		return spawner.Command{Args: command, Env: su.Env, Dir: su.Dir, Output: func(spec spawner.Spec, line string) {
			h.log.Info("server says", "server", spec.User+"/"+spec.Server, "line", line)
		}}.Start(ctx, spec)
	case KindURL:
		at, err := url.Parse(address)
		if err != nil {
			return nil, fmt.Errorf("address of server %s/%s: %w", spec.User, spec.Server, err)
		}
		return spawner.Attached{At: at}.Start(ctx, spec)
	}
	return spawner.InProcess{Handler: h.standIn, Logger: h.log}.Start(ctx, spec)
}
