package singleuser

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/hubshare/hubshare/internal/web"
)

// defaultVersion is the hub version that a server claims unless told otherwise
// (HB-6).
const defaultVersion = "5.5.1"

const hubTimeout = 20 * time.Second

//go:embed notebooks/share-jupyterlab.ipynb
var embedded embed.FS

// Notebook is the file that /lab opens, when it is there.
const Notebook = "share-jupyterlab.ipynb"

// Config says which server this is and what it works with. Env is required;
// the zero value of every other field works.
type Config struct {
	// Env holds the variables that a hub gives a server's process (HB-103).
	// Needed are JUPYTERHUB_API_TOKEN, JUPYTERHUB_API_URL, JUPYTERHUB_CLIENT_ID,
	// JUPYTERHUB_OAUTH_ACCESS_SCOPES and JUPYTERHUB_SERVICE_PREFIX;
	// JUPYTERHUB_DEFAULT_URL (HB-104) is obeyed.
	Env map[string]string
	// Version is this server's own X-JupyterHub-Version; "" = 5.5.1.
	Version string
	// CacheMaxAge is how long an answer of the hub about a visitor is believed,
	// so how long a revoked share still opens this server; 0 = every request
	// asks (HB-127). A stock server believes it for 300 s (HB-118).
	CacheMaxAge time.Duration
	// Notebooks are the files shown, never written; nil = the embedded
	// notebook alone.
	Notebooks fs.FS
	// Modules are ES modules that the notebook page runs, each with an output
	// area of its own (HB-129): absolute URLs, or paths in ModuleFiles. A
	// module's default export, else its export "activate", is called with
	// (element, config).
	Modules []string
	// ModuleFiles are served below {prefix}extensions/, to everybody: a page's
	// program is no secret. nil = none.
	ModuleFiles fs.FS
	// HTTPClient reaches the hub; nil = one that waits 20 s for an answer.
	HTTPClient *http.Client
	// Rand is the source of state ids and keys; nil = crypto/rand.
	Rand io.Reader
	// Now is the clock; nil = time.Now.
	Now func() time.Time
	// AfterFunc waits on that clock; nil = time.AfterFunc. Only activity
	// reports need it.
	AfterFunc func(d time.Duration, f func()) (stop func() bool)
	// Logger gets warnings and failures, without secrets; nil = discard.
	Logger *slog.Logger
}

// settings are what the server itself reads from the environment.
type settings struct {
	prefix      string // {B}user/{u}/[{s}/], escaped
	hubPrefix   string // {B}hub/, escaped
	hubHost     string // "" unless the hub is on a host of its own
	apiURL      string
	activityURL string // "" = nobody wants reports
	token       web.Redacted
	owner       string
	name        string // "" = the default server
	defaultURL  string // below the prefix, with a slash in front
}

func (c Config) settings() (settings, error) {
	base := c.Env["JUPYTERHUB_BASE_URL"]
	if base == "" {
		base = "/"
	}
	s := settings{
		prefix:      c.Env["JUPYTERHUB_SERVICE_PREFIX"],
		hubPrefix:   web.Site{BaseURL: base}.HubPrefix(),
		hubHost:     c.Env["JUPYTERHUB_HOST"],
		apiURL:      strings.TrimSuffix(c.Env["JUPYTERHUB_API_URL"], "/"),
		activityURL: c.Env["JUPYTERHUB_ACTIVITY_URL"],
		token:       web.Redacted(c.Env["JUPYTERHUB_API_TOKEN"]),
		owner:       c.Env["JUPYTERHUB_USER"],
		name:        c.Env["JUPYTERHUB_SERVER_NAME"],
		defaultURL:  c.Env["JUPYTERHUB_DEFAULT_URL"],
	}
	if s.defaultURL == "" {
		s.defaultURL = "/lab"
	}
	var errs []error
	for _, name := range []string{"JUPYTERHUB_API_TOKEN", "JUPYTERHUB_API_URL", "JUPYTERHUB_CLIENT_ID", "JUPYTERHUB_SERVICE_PREFIX"} {
		if c.Env[name] == "" {
			errs = append(errs, fmt.Errorf("%s is not set", name))
		}
	}
	for name, path := range map[string]string{"JUPYTERHUB_SERVICE_PREFIX": s.prefix, "JUPYTERHUB_BASE_URL": base} {
		if path != "" && !isPrefix(path) {
			errs = append(errs, fmt.Errorf("%s %q is no escaped path from slash to slash", name, path))
		}
	}
	if !strings.HasPrefix(s.defaultURL, "/") {
		errs = append(errs, fmt.Errorf("JUPYTERHUB_DEFAULT_URL %q does not start with a slash", s.defaultURL))
	}
	return s, errors.Join(errs...)
}

// isPrefix refuses what could be no escaped path, or would read as a pattern.
func isPrefix(path string) bool {
	_, err := web.SplitPath(path)
	return err == nil && strings.HasPrefix(path, "/") && strings.HasSuffix(path, "/") && !strings.ContainsAny(path, "{}?# ")
}

// withDefaults fills what the zero value leaves open.
func (c Config) withDefaults() Config {
	if c.Version == "" {
		c.Version = defaultVersion
	}
	if c.Notebooks == nil {
		c.Notebooks, _ = fs.Sub(embedded, "notebooks") // the name is valid, so it cannot fail
	}
	if c.HTTPClient == nil {
		c.HTTPClient = &http.Client{Timeout: hubTimeout}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.AfterFunc == nil {
		c.AfterFunc = func(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}
