package singleuser

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"sync"
	"time"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth/hubauth"
)

// Server is one single-user server: an http.Handler for everything below its
// prefix. It is safe for concurrent use.
type Server struct {
	cfg      Config
	settings settings
	routes   web.Router
	pages    *template.Template
	reporter reporter
	started  time.Time

	// ctx ends with Close, and with it every WebSocket.
	ctx    context.Context
	cancel context.CancelFunc

	auth *hubauth.Auth

	mu      sync.Mutex
	closed  bool
	sockets sync.WaitGroup       // added to only while not closed
	open    map[*socket]struct{} // see channels.go
	active  time.Time            // last request of an admitted visitor
}

// New makes a server. It asks nothing of the hub yet: see Start. The error
// names every variable that is missing or malformed.
func New(cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	set, err := cfg.settings()
	if err != nil {
		return nil, fmt.Errorf("single-user server: %w", err)
	}
	s := &Server{cfg: cfg, settings: set, started: cfg.Now(), open: map[*socket]struct{}{}}
	s.active = s.started
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.reporter.server = s
	if s.pages, err = templates(); err != nil {
		return nil, fmt.Errorf("single-user server: %w", err)
	}
	if err := s.route(); err != nil {
		return nil, fmt.Errorf("single-user server: %w", err)
	}
	return s, nil
}

// ServeHTTP answers everything below the prefix (HB-128).
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-JupyterHub-Version", s.cfg.Version)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "frame-ancestors 'none'; report-uri "+s.settings.hubPrefix+"security/csp-report") // HB-126
	web.NoStore(h)
	s.routes.ServeHTTP(w, r)
}

// Close ends activity reports and WebSockets and returns when none is left.
// Requests are the HTTP server's to end. Closing twice is no error.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	s.reporter.close()
	s.sockets.Wait()
	return nil
}

// touch notes that somebody uses the server (HB-115).
func (s *Server) touch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.cfg.Now(); now.After(s.active) {
		s.active = now
	}
}

func (s *Server) lastActivity() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.active
}

// route lays out HB-128. What is not named here is 404, once the visitor is
// known and admitted.
func (s *Server) route() error {
	auth, err := s.newAuth()
	if err != nil {
		return err
	}
	s.auth = auth
	open := func(pattern string, h http.HandlerFunc) { s.routes.Handle(s.settings.prefix+pattern, s.onlyRead(h)) }
	page := func(pattern string, h http.HandlerFunc) {
		s.routes.Handle(s.settings.prefix+pattern, s.guard(auth, s.onlyRead(h)))
	}
	open("", s.serveRoot)
	open("api", s.serveVersion)
	open("api/", s.serveVersion)
	open("static/{file...}", s.serveStatic)
	open("extensions/{file...}", s.serveModule)
	s.routes.Handle(s.settings.prefix+"logout", auth.LogoutHandler()) // HB-46

	for _, view := range []string{"lab", "doc", "tree"} {
		page(view, s.serveFile(view))
		page(view+"/", s.serveFile(view))
	}
	page("lab/tree/{path...}", s.serveFile("lab"))
	page("doc/tree/{path...}", s.serveFile("doc"))
	page("tree/{path...}", s.serveFile("tree"))

	page("api/status", s.serveStatus)
	page("api/me", s.serveMe)
	page("api/contents", s.serveContents)
	page("api/contents/{path...}", s.serveContents)
	page("api/kernels", serveNothing)
	page("api/sessions", serveNothing)
	page("api/kernels/{id}/channels", s.serveChannels)

	// The guard itself answers at oauth_callback.
	s.routes.NotFound = s.guard(auth, http.HandlerFunc(s.notFound))
	s.routes.BadPath = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, http.StatusBadRequest, "")
	})
	return nil
}

// onlyRead refuses every method that could mean a change: nothing here can be
// changed.
func (s *Server) onlyRead(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			s.refuse(w, r, http.StatusMethodNotAllowed, "")
			return
		}
		h(w, r)
	})
}
