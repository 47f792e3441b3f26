package singleuser

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hubshare/hubshare/internal/web"
)

//go:embed templates static
var assets embed.FS

// templates are the parsed pages, the same for every server.
var templates = sync.OnceValues(func() (*template.Template, error) {
	return template.New("").ParseFS(assets, "templates/*.html")
})

// links are those to the static files of one server, by its prefix.
type links string

// Asset is the link to a static file with the file's digest, so that a browser
// may keep it although it keeps no page.
func (l links) Asset(name string) (string, error) {
	data, err := assets.ReadFile(path.Join("static", name))
	sum := sha256.Sum256(data)
	return string(l) + "static/" + name + "?v=" + hex.EncodeToString(sum[:16]), err
}

// pageConfig is what scripts find in #jupyter-config-data: the hub's keys of
// HB-120 and those of JupyterLab's own that make sense here.
type pageConfig struct {
	AppName       string `json:"appName"`
	AppURL        string `json:"appUrl"`
	BaseURL       string `json:"baseUrl"`
	WSURL         string `json:"wsUrl"`
	FullStaticURL string `json:"fullStaticUrl"`
	Mode          string `json:"mode"`
	TreePath      string `json:"treePath"`
	Workspace     string `json:"workspace"`

	HubHost       string `json:"hubHost"`
	HubPrefix     string `json:"hubPrefix"`
	HubServerName string `json:"hubServerName"`
	HubServerUser string `json:"hubServerUser"`
	HubUser       string `json:"hubUser"`
	HubVersion    string `json:"hubVersion"`
	ShareURL      string `json:"shareUrl"`
	// Token is the visitor's own: two people never get the same page (HB-121).
	Token string `json:"token"`
}

// view is what the templates of admitted visitors see.
type view struct {
	links
	Config    pageConfig
	Title     string
	LogoutURL string
	HubHome   string
	Cells     []cell
	Scripts   map[int]string // by cell index
	Modules   []string       // URLs
	Dir       string         // "" = the root
	Files     []file
}

type file struct{ Name, URL string }

type errorPage struct {
	links
	Code            int
	Phrase, Message string
}

// serveRoot sends to the default page before it asks who is there, as a stock
// server does.
func (s *Server) serveRoot(w http.ResponseWriter, r *http.Request) {
	target := strings.TrimSuffix(s.settings.prefix, "/") + s.settings.defaultURL
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	web.Redirect(w, http.StatusFound, target)
}

// serveFile shows a notebook or lists a directory, in one of the ways that
// JupyterLab has: lab, doc, tree.
func (s *Server) serveFile(mode string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name, err := fileName(r.PathValue("path"))
		if name == "." && mode != "tree" {
			if _, err := fs.Stat(s.cfg.Notebooks, Notebook); err == nil {
				name = Notebook
			}
		}
		var page view
		var template string
		if err == nil {
			page, template, err = s.view(r, mode, name)
		}
		if err != nil {
			status, message := s.fileError(err)
			s.refuse(w, r, status, message)
			return
		}
		s.writePage(w, http.StatusOK, template, page)
	}
}

func (s *Server) view(r *http.Request, mode, name string) (v view, template string, err error) {
	v = s.frame(r, mode, name)
	info, err := fs.Stat(s.cfg.Notebooks, name)
	if err != nil {
		return view{}, "", err
	}
	if info.IsDir() {
		v.Files, err = s.files(name)
		return v, "tree", err
	}
	data, err := s.read(name)
	if err != nil {
		return view{}, "", err
	}
	if v.Cells, err = parseNotebook(data); err != nil {
		return view{}, "", err
	}
	v.Scripts = map[int]string{}
	for _, c := range v.Cells {
		if c.Script != nil {
			v.Scripts[c.Index] = *c.Script
		}
	}
	for _, m := range s.cfg.Modules {
		v.Modules = append(v.Modules, s.moduleURL(m))
	}
	return v, "notebook", nil
}

func (s *Server) frame(r *http.Request, mode, name string) view {
	visitor := visitor(r)
	if name == "." {
		name = ""
	}
	modes := map[string]string{"lab": "multiple-document", "doc": "single-document", "tree": ""}
	return view{
		links: links(s.settings.prefix),
		Title: path.Base("/" + name), Dir: name,
		LogoutURL: s.settings.prefix + "logout",
		HubHome:   s.settings.hubHost + s.settings.hubPrefix + "home",
		Config: pageConfig{
			AppName: "hubshare stand-in server", AppURL: "/lab",
			BaseURL: s.settings.prefix, FullStaticURL: s.settings.prefix + "static",
			Mode: modes[mode], TreePath: name, Workspace: "default",
			HubHost: s.settings.hubHost, HubPrefix: s.settings.hubPrefix,
			HubServerName: s.settings.name, HubServerUser: s.settings.owner,
			HubUser: visitor.Name, HubVersion: s.cfg.Version,
			ShareURL: s.settings.hubPrefix + "user-redirect",
			Token:    visitor.Token.Reveal(),
		},
	}
}

func (s *Server) files(dir string) ([]file, error) {
	children, err := s.children(dir)
	if err != nil {
		return nil, err
	}
	var files []file
	if dir != "." {
		files = append(files, file{"..", s.fileURL("tree", path.Dir(dir))})
	}
	for _, c := range children {
		switch c.Type {
		case "directory":
			files = append(files, file{c.Name + "/", s.fileURL("tree", c.Path)})
		case "notebook":
			files = append(files, file{c.Name, s.fileURL("lab/tree", c.Path)})
		default:
			files = append(files, file{Name: c.Name})
		}
	}
	return files, nil
}

func (s *Server) fileURL(view, name string) string {
	if name == "." {
		return s.settings.prefix + view
	}
	return s.settings.prefix + view + "/" + escapePath(name)
}

func escapePath(name string) string {
	segments := strings.Split(name, "/")
	for i, segment := range segments {
		segments[i] = web.EscapeSegment(segment)
	}
	return strings.Join(segments, "/")
}

// moduleURL leaves absolute addresses as they are.
func (s *Server) moduleURL(m string) string {
	if strings.HasPrefix(m, "http://") || strings.HasPrefix(m, "https://") {
		return m
	}
	return s.settings.prefix + "extensions/" + escapePath(m)
}

// writePage renders first and answers then, so that a page is whole or not
// there.
func (s *Server) writePage(w http.ResponseWriter, status int, name string, data any) {
	var body bytes.Buffer
	if err := s.pages.ExecuteTemplate(&body, name+".html", data); err != nil {
		s.cfg.Logger.Error("page cannot be rendered", "page", name, "error", err)
		body.Reset()
		body.WriteString(http.StatusText(http.StatusInternalServerError))
		status = http.StatusInternalServerError
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=UTF-8")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the visitor has gone; nobody is left to tell
}

// serveStatic is open to everybody: the same files for all.
func (s *Server) serveStatic(w http.ResponseWriter, r *http.Request) {
	name, err := fileName(r.PathValue("file"))
	if err != nil {
		s.notFound(w, r)
		return
	}
	data, err := assets.ReadFile(path.Join("static", name))
	if err != nil {
		s.notFound(w, r)
		return
	}
	if r.URL.Query().Has("v") {
		w.Header().Set("Cache-Control", "max-age=315360000")
	}
	serveData(w, r, name, data)
}

// serveModule is open to everybody as well (see Config.ModuleFiles).
func (s *Server) serveModule(w http.ResponseWriter, r *http.Request) {
	name, err := fileName(r.PathValue("file"))
	if err != nil || s.cfg.ModuleFiles == nil {
		s.notFound(w, r)
		return
	}
	data, err := fs.ReadFile(s.cfg.ModuleFiles, name)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) { // a directory, most of the time
			s.cfg.Logger.Warn("module cannot be read", "error", err)
		}
		s.notFound(w, r)
		return
	}
	serveData(w, r, name, data)
}

func serveData(w http.ResponseWriter, r *http.Request, name string, data []byte) {
	types := map[string]string{
		".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
		".json": "application/json", ".wasm": "application/wasm", ".map": "application/json",
	}
	kind := types[path.Ext(name)]
	if kind == "" {
		kind = "application/octet-stream"
	}
	w.Header().Set("Content-Type", kind)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}
