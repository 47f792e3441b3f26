package hubsim

import (
	"math"
	"net"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

// The keys of a configuration file (HB-178). Each is the field of [Config] of that name; RULES.md and the program's documentation have the whole list.
var (
	seedKeys   = []string{"users", "groups", "roles", "servers", "shares", "share_codes"}
	configKeys = append([]string{"host", "port", "base_url", "public_url", "subdomain_host", "internal_tls", "profile", "pkce", "version", "docs2", "auth",
		"allow_named_servers", "singleuser", "services", "extensions", "keep_connections", "upstream_quirks", "db", "tls", "keys", "clock", "record", "record_body", "record_secrets", "faults",
		"admin_token", "seed", "strict", "default_url", "redirect_to_server", "shutdown_on_logout", "use_legacy_stopped_server_status_code"},
		slices.Concat(announcementKeys(), limitKeys(), seedKeys)...)
)

// ParseConfig reads a configuration from JSON, in which // and /* */ are comments (HB-176, HB-178). Unknown keys are errors. Durations are seconds or
// strings such as "1h30m". The clock is a [MovableClock]. An error is a [*FileError]; what it does not look at, such as names and scopes, [Start] does,
// whose [*ConfigError] has a Path for files.
func ParseConfig(text []byte) (Config, error) {
	t, err := parseTree(text)
	if err != nil {
		return Config{}, err
	}
	c := readConfig(t)
	return c, *t.first
}

// parseSeed reads a [Seed], with the keys that a configuration has for it.
func parseSeed(text []byte) (s Seed, err error) {
	t, err := parseTree(text)
	if err != nil {
		return Seed{}, err
	}
	t.object(seedKeys, func(key string, v *tree) { s.read(key, v) })
	return s, *t.first
}

func readConfig(t *tree) (c Config) {
	host, port := "127.0.0.1", int64(8000)
	var start time.Time
	var seed Seed
	c.Keys = 64
	t.object(configKeys, func(key string, v *tree) {
		switch key {
		case "host":
			if host = v.text(); host == "" {
				v.wrongf("must not be empty; 0.0.0.0 is every address of this machine")
			}
		case "port":
			port = v.number(0, 65535)
		case "base_url":
			c.BaseURL = v.text()
		case "public_url":
			c.PublicURL = v.text()
		case "internal_tls":
			c.InternalTLS = readTLSFiles(v)
		case "subdomain_host":
			c.SubdomainHost = v.text()
		case "profile":
			c.Profile = oneOf(v, map[string]scopes.Profile{"5.5": scopes.P55, "6.0": scopes.P60})
		case "pkce":
			c.PKCE = oneOf(v, map[string]oauth.PKCE{"off": oauth.PKCEOff, "optional": oauth.PKCEOptional, "required": oauth.PKCERequired})
		case "version":
			c.Version = v.text()
		case "docs2":
			c.Docs2 = v.flag()
		case "auth":
			readAuth(v, &c)
		case "allow_named_servers":
			c.AllowNamedServers = v.flag()
		case "singleuser":
			c.SingleUser = readSingleUser(v)
		case "services":
			c.Services = listOf(v, readService)
		case "extensions":
			c.Extensions = v.flag()
		case "keep_connections":
			c.KeepConnections = v.flag()
		case "upstream_quirks":
			c.UpstreamQuirks = v.flag()
		case "db":
			c.DB = v.text()
		case "tls":
			c.TLS = readTLS(v)
		case "keys":
			c.Keys = int(v.number(0, maxKeys))
		case "clock":
			start = readInstant(v)
		case "record":
			c.Record = int(v.number(-1, 1_000_000))
		case "faults":
			c.Faults = listOf(v, readFault)
		case "admin_token":
			c.Control = &Control{Token: oauth.Secret(v.text())}
		case "seed":
			c.Seed = uint64(v.number(0, math.MaxInt64)) //nolint:gosec // it is not negative
		case "record_body":
			c.RecordBody = int(v.number(-1, 1<<20))
		case "record_secrets":
			c.RecordSecrets = v.flag()
		case "strict":
			c.Strict = v.flag()
		case "default_url":
			c.DefaultURL = v.text()
		case "redirect_to_server":
			c.StayAtHome = !v.flag()
		case "shutdown_on_logout":
			c.ShutdownOnLogout = v.flag()
		case "use_legacy_stopped_server_status_code":
			c.LegacyStoppedStatus = v.flag()
		default:
			if !c.readAnnouncement(key, v) && !c.Limits.read(key, v) {
				seed.read(key, v)
			}
		}
	})
	c.Addr = net.JoinHostPort(host, strconv.FormatInt(port, 10))
	c.Clock = NewMovableClock(start)
	c.Users, c.Groups, c.Roles, c.Servers, c.Shares, c.ShareCodes = seed.Users, seed.Groups, seed.Roles, seed.Servers, seed.Shares, seed.ShareCodes
	return c
}

func (s *Seed) read(key string, v *tree) {
	switch key {
	case "users":
		s.Users = listOf(v, readUser)
	case "groups":
		s.Groups = listOf(v, readGroup)
	case "roles":
		s.Roles = listOf(v, readRole)
	case "servers":
		s.Servers = listOf(v, readServer)
	case "shares":
		s.Shares = listOf(v, readShare)
	case "share_codes":
		s.ShareCodes = listOf(v, readShareCode)
	}
}

func readInstant(t *tree) time.Time {
	at, err := web.ParseTime(t.text())
	if err != nil {
		t.wrongf("must be an instant such as 2026-01-02T03:04:05Z")
	}
	return at
}

// readTLS reads "self-signed", or the files of a certificate.
func readTLS(t *tree) *TLS {
	files := &TLS{}
	if t.fields == nil {
		oneOf(t, map[string]bool{"self-signed": true})
		return files
	}
	t.object([]string{"cert", "key"}, func(key string, v *tree) {
		switch key {
		case "cert":
			files.CertFile = v.text()
		case "key":
			files.KeyFile = v.text()
		}
	})
	if files.CertFile == "" || files.KeyFile == "" {
		t.wrongf("needs cert and key, the names of two files, or is \"self-signed\"")
	}
	return files
}

// kindNames are what configurations call the kinds of servers.
var kindNames = map[string]Kind{"in-process": KindInProcess, "stub": KindInProcess, "command": KindCommand, "process": KindCommand, "url": KindURL}

func readSingleUser(t *tree) (s SingleUser) {
	known := []string{"kind", "command", "url", "env", "dir", "default_url", "oauth_client_allowed_scopes", "server_token_scopes",
		"start_timeout", "http_timeout", "cache_max_age", "modules", "module_dir", "hints", "options_form", "options_from_form"}
	t.object(known, func(key string, v *tree) {
		switch key {
		case "kind":
			s.Kind = oneOf(v, kindNames)
		case "command":
			s.Command = v.texts()
		case "url":
			s.URL = v.text()
		case "env":
			s.Env = v.pairs()
		case "dir":
			s.Dir = v.text()
		case "hints":
			s.Hints = readServerHints(v)
		case "options_form":
			s.OptionsForm = v.text()
		case "options_from_form":
			s.SimpleOptions = oneOf(v, map[string]bool{"passthrough": false, "simple": true})
		case "default_url":
			s.DefaultURL = v.text()
		case "oauth_client_allowed_scopes":
			s.OAuthClientAllowedScopes = v.texts()
		case "server_token_scopes":
			s.ServerTokenScopes = v.texts()
		case "start_timeout":
			s.StartTimeout = v.duration()
		case "http_timeout":
			s.HTTPTimeout = v.duration()
		case "cache_max_age":
			s.CacheMaxAge = v.duration()
		case "modules":
			s.Modules = v.texts()
		case "module_dir":
			if dir := v.text(); dir != "" {
				s.ModuleFiles = os.DirFS(dir)
			}
		}
	})
	return s
}

func readUser(t *tree) (u User) {
	t.object([]string{"name", "admin", "tokens"}, func(key string, v *tree) {
		switch key {
		case "name":
			u.Name = v.text()
		case "admin":
			u.Admin = v.flag()
		case "tokens":
			u.Tokens = listOf(v, readToken)
		}
	})
	return u
}

func readToken(t *tree) (k Token) {
	t.object([]string{"token", "scopes", "note", "expires_in"}, func(key string, v *tree) {
		switch key {
		case "token":
			k.Token = oauth.Secret(v.text())
		case "scopes":
			k.Scopes = v.texts()
		case "note":
			k.Note = v.text()
		case "expires_in":
			k.ExpiresIn = v.duration()
		}
	})
	return k
}

func readGroup(t *tree) (g Group) {
	t.object([]string{"name", "users"}, func(key string, v *tree) {
		switch key {
		case "name":
			g.Name = v.text()
		case "users":
			g.Users = v.texts()
		}
	})
	return g
}

func readRole(t *tree) (r Role) {
	t.object([]string{"name", "description", "scopes", "users", "groups", "services"}, func(key string, v *tree) {
		switch key {
		case "name":
			r.Name = v.text()
		case "description":
			r.Description = v.text()
		case "scopes":
			r.Scopes = v.texts()
		case "users":
			r.Users = v.texts()
		case "groups":
			r.Groups = v.texts()
		case "services":
			r.Services = v.texts()
		}
	})
	return r
}

func readServer(t *tree) (s Server) {
	t.object([]string{"user", "name", "state", "kind", "target", "command"}, func(key string, v *tree) {
		switch key {
		case "user":
			s.User = v.text()
		case "name":
			s.Name = v.text()
		case "state":
			s.Running = oneOf(v, map[string]bool{"running": true, "stopped": false})
		case "kind":
			s.Kind = oneOf(v, kindNames)
		case "target":
			s.URL = v.text()
		case "command":
			s.Command = v.texts()
		}
	})
	return s
}

func readShare(t *tree) (s Share) {
	t.object([]string{"owner", "server", "user", "group", "scopes"}, func(key string, v *tree) {
		switch key {
		case "owner":
			s.Owner = v.text()
		case "server":
			s.Server = v.text()
		case "user":
			s.User = v.text()
		case "group":
			s.Group = v.text()
		case "scopes":
			s.Scopes = v.texts()
		}
	})
	return s
}

func readShareCode(t *tree) (s ShareCode) {
	t.object([]string{"owner", "server", "scopes", "expires_in"}, func(key string, v *tree) {
		switch key {
		case "owner":
			s.Owner = v.text()
		case "server":
			s.Server = v.text()
		case "scopes":
			s.Scopes = v.texts()
		case "expires_in":
			s.ExpiresIn = v.duration()
		}
	})
	return s
}

func readService(t *tree) (s Service) {
	known := []string{"name", "url", "api_token", "admin", "oauth_client_id", "oauth_redirect_uri", "oauth_no_confirm", "oauth_client_allowed_scopes", "display",
		"info", "command", "environment", "cwd", "timeout"}
	t.object(known, func(key string, v *tree) {
		switch key {
		case "name":
			s.Name = v.text()
		case "url":
			s.URL = v.text()
		case "api_token":
			s.APIToken = oauth.Secret(v.text())
		case "admin":
			s.Admin = v.flag()
		case "oauth_client_id":
			s.OAuthClientID = v.text()
		case "oauth_redirect_uri":
			s.OAuthRedirectURI = v.text()
		case "oauth_no_confirm":
			s.OAuthNoConfirm = v.flag()
		case "oauth_client_allowed_scopes":
			s.OAuthClientAllowedScopes = v.texts()
		case "display":
			shown := v.flag()
			s.Display = &shown
		case "info":
			if v.fields == nil {
				v.wrongf("must be an object, is %s", v.kind)
				return
			}
			s.Info, _ = v.plain().(map[string]any)
		case "command":
			s.Command = v.texts()
		case "environment":
			s.Environment = v.pairs()
		case "cwd":
			s.Cwd = v.text()
		case "timeout":
			s.Timeout = v.duration()
		}
	})
	return s
}
