package pages

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hubshare/hubshare/internal/web"
)

//go:embed templates
var templateFiles embed.FS

// Config says whose pages they are.
type Config struct {
	BaseURL string // escaped; starts and ends with '/'; "" = "/" (HB-2)
	Version string // value of X-JupyterHub-Version (HB-6)
	// Announcement is shown on every page, as text; "" = none (HB-51).
	Announcement string
	// Announcements has what the pages of [AnnouncedPages] show in its place, by
	// name; "" = nothing. The map must not change.
	Announcements map[string]string
	// Profile60 adds what came with JupyterHub 6.0: a button that shows the password
	// that one types (HB-29), and one that stops a server while it starts (HB-56).
	Profile60 bool
	// ImplicitSpawn makes the page of a server that is not running follow its
	// own launch link after this time; 0 = never (HB-59).
	ImplicitSpawn time.Duration
	// Sharing tells that the hub has a page H+shares, where users see what they
	// share: the bar and the home page link to it. A JupyterHub has none.
	Sharing bool
	// Logger gets what cannot be told to the visitor; nil = discard.
	Logger *slog.Logger
}

// Pages writes the hub's pages. Each method answers a request completely:
// status, headers of HB-132, no-store (HB-183), and a body in which every value
// is escaped. Pages is immutable and safe for concurrent use.
type Pages struct {
	cfg    Config
	site   web.Site
	assets assets
	pages  map[string]*template.Template
}

// New reads the embedded templates. The error tells of a BaseURL that is no
// path from slash to slash.
func New(cfg Config) (*Pages, error) {
	if cfg.BaseURL == "" {
		cfg.BaseURL = "/"
	}
	if !strings.HasPrefix(cfg.BaseURL, "/") || !strings.HasSuffix(cfg.BaseURL, "/") || strings.HasPrefix(cfg.BaseURL, "//") {
		return nil, fmt.Errorf("hub pages: base url %q must start and end with one slash", cfg.BaseURL)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	parsed, err := templates()
	if err != nil {
		return nil, fmt.Errorf("hub pages: %w", err)
	}
	return &Pages{
		cfg:    cfg,
		site:   web.Site{BaseURL: cfg.BaseURL, Version: cfg.Version},
		assets: embedded(),
		pages:  parsed,
	}, nil
}

// templates are the parsed pages by name, the same for every hub.
var templates = sync.OnceValues(loadTemplates)

// loadTemplates gives each page its own copy of the shell, since all of them
// define "main".
func loadTemplates() (map[string]*template.Template, error) {
	const dir, shell = "templates", "shell.html"
	base, err := template.New(shell).ParseFS(templateFiles, path.Join(dir, shell))
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(templateFiles, path.Join(dir, "*.html"))
	if err != nil {
		return nil, err
	}
	all := map[string]*template.Template{}
	for _, file := range names {
		name := path.Base(file)
		if name == shell {
			continue
		}
		t, err := base.Clone()
		if err != nil {
			return nil, err
		}
		if all[strings.TrimSuffix(name, ".html")], err = t.ParseFS(templateFiles, file); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// view is what a template sees: the frame, and the page's own data in Page.
type view struct {
	Hub          string // escaped prefix of the hub's pages
	Announcement string
	Sharing      bool
	Profile60    bool
	Shell        Shell
	Data         jhdata
	Page         any // the page's own struct; its template alone knows which
	assets       assets
}

// Asset is the link to an embedded file, good for as long as the file is the same.
func (v view) Asset(name string) string {
	return v.Hub + "static/" + name + "?v=" + v.assets[name].digest
}

// jhdata is what page scripts read, also those of others (HB-49).
type jhdata struct {
	BaseURL     string `json:"base_url"`
	Prefix      string `json:"prefix"`
	User        string `json:"user,omitempty"`
	Admin       bool   `json:"admin_access"`
	OptionsForm bool   `json:"options_form"`
	XSRF        string `json:"xsrf_token"`
}

// write renders first and answers then, so that a page is whole or not there.
func (p *Pages) write(w http.ResponseWriter, status int, name string, shell Shell, page any) {
	body, err := p.render(name, shell, page)
	if err != nil {
		p.cfg.Logger.Error("page cannot be rendered", "page", name, "error", err)
		status, body = http.StatusInternalServerError, []byte(http.StatusText(http.StatusInternalServerError))
	}
	p.site.PageHeaders(w.Header())
	web.NoStore(w.Header())
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the visitor has gone; nobody is left to tell
}

func (p *Pages) render(name string, shell Shell, page any) ([]byte, error) {
	var b bytes.Buffer
	if err := p.renderTo(&b, name, shell, page); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (p *Pages) renderTo(w io.Writer, name string, shell Shell, page any) error {
	return p.pages[name].Execute(w, view{
		Hub:          p.site.HubPrefix(),
		Announcement: p.announcement(name),
		Sharing:      p.cfg.Sharing,
		Profile60:    p.cfg.Profile60,
		Shell:        shell,
		Data: jhdata{
			BaseURL: p.site.HubPrefix(), Prefix: p.site.BaseURL, User: shell.User,
			Admin: shell.Admin, OptionsForm: shell.OptionsForm, XSRF: shell.XSRF,
		},
		Page:   page,
		assets: p.assets,
	})
}

// hub is the escaped path of a hub page: the segments are escaped here.
func (p *Pages) hub(segments ...string) string {
	escaped := make([]string, len(segments))
	for i, s := range segments {
		escaped[i] = web.EscapeSegment(s)
	}
	return p.site.HubPrefix() + strings.Join(escaped, "/")
}

// server is the path of a hub page about one server; the default one has no
// segment of its own (HB-15).
func (p *Pages) server(page, owner, server string) string {
	if server == "" {
		return p.hub(page, owner)
	}
	return p.hub(page, owner, server)
}
