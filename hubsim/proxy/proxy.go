package proxy

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"

	"github.com/hubshare/hubshare/internal/web"
)

const (
	dialTimeout = 10 * time.Second
	// idleTimeout is below what common servers keep an idle connection for, so
	// that a request rarely meets one that its target is just closing.
	idleTimeout = 4 * time.Second
)

// Config says where requests go that no route takes. The zero value answers
// them 404.
type Config struct {
	// Default is the hub; nil = 404.
	Default http.Handler
	// Down answers when a target does not (HB-89), with status 503; nil = 503
	// and a line of text. A web socket gets a bare 503 without it.
	Down func(http.ResponseWriter, *http.Request)
	// SessionCookie names the cookie of browser sessions, by which connections are attributed that bring no token (see Review); "" = none.
	SessionCookie string
	// Admits is asked when a target has agreed to open a web socket; after a no the client's connection is closed, before anything has passed. It is for
	// what the target cannot know yet, and should be quick. nil = every one is opened.
	Admits func(Connection) bool
	// Logger gets what went wrong with targets; nil = discard.
	Logger *slog.Logger
}

// Proxy routes requests by the prefix of their path. It is safe for concurrent
// use. See New.
type Proxy struct {
	cfg    Config
	routes routes
	conns  connections
	open   sync.WaitGroup // requests on their way over a route
	mu     sync.Mutex     // guards open.Add against Close
	closed bool

	buffers buffers
}

// New makes a proxy without routes.
func New(cfg Config) *Proxy {
	if cfg.Default == nil {
		cfg.Default = http.NotFoundHandler()
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Down == nil {
		cfg.Down = func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "The server behind this address does not answer.", http.StatusServiceUnavailable)
		}
	}
	return &Proxy{cfg: cfg}
}

// Add sends what lies below prefix to target, of which only scheme and host
// count: the path is forwarded whole (HB-75). prefix is decoded and begins and
// ends with a slash, as "/user/ann/". The next request that arrives finds the
// route (HB-198). A route with the same prefix is replaced, and what ran over it
// ends. After Close, Add does nothing.
//
// Add panics when prefix is malformed or the target no http or https address:
// the caller made both.
func (p *Proxy) Add(prefix string, target *url.URL) {
	if target == nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" {
		panic("proxy: the target of " + prefix + " is no http or https address")
	}
	// A transport of its own, so that no connection to an ended server is left
	// in a pool for the next one on that port.
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSHandshakeTimeout: dialTimeout,
		IdleConnTimeout:     idleTimeout,
		MaxIdleConnsPerHost: 32,
		// Bodies pass as they are; asking for gzip on the client's behalf would
		// make the transport decode them.
		DisableCompression:    true,
		ExpectContinueTimeout: time.Second,
	}
	forward := &httputil.ReverseProxy{
		Transport:     transport,
		FlushInterval: -1,
		BufferPool:    &p.buffers,
		Rewrite:       func(r *httputil.ProxyRequest) { rewrite(r, target) },
		ErrorHandler:  p.failed,
		ErrorLog:      slog.NewLogLogger(p.cfg.Logger.Handler(), slog.LevelDebug),
	}
	p.add(prefix, func(w *tiedWriter, r *http.Request) {
		w.relay(r)
		forward.ServeHTTP(w, r)
	}, transport.CloseIdleConnections)
}

// AddHandler is Add for a target in this process. The handler sees the request
// as a target behind a listener would; its context ends with the route.
func (p *Proxy) AddHandler(prefix string, h http.Handler) {
	p.add(prefix, func(w *tiedWriter, r *http.Request) {
		inner := r.Clone(r.Context())
		forwardedHeaders(inner.Header, r)
		h.ServeHTTP(w, inner)
	}, func() {})
}

func (p *Proxy) add(prefix string, serve func(*tiedWriter, *http.Request), release func()) {
	life, end := context.WithCancel(context.Background())
	p.routes.put(&route{prefix: prefix, serve: serve, life: life, end: end, release: release})
}

// Remove takes a route away; no later request reaches its target, and requests
// and web sockets that are under way over it end (HB-78, HB-198). It does not
// wait for them: one of them may be the caller. Without such a route it does
// nothing.
func (p *Proxy) Remove(prefix string) { p.routes.take(prefix) }

// Lookup tells which prefix takes the request; ok is false for the hub's own
// and for paths that cannot be decoded.
func (p *Proxy) Lookup(r *http.Request) (prefix string, ok bool) {
	segments, err := pathSegments(web.EscapedPath(r))
	if err != nil {
		return "", false
	}
	if to := p.routes.find(segments); to != nil {
		return to.prefix, true
	}
	return "", false
}

// Close removes all routes and waits until nothing is under way over them. From
// then on everything goes to the hub. The error is always nil.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.routes.close()
	p.open.Wait()
	return nil
}

// ServeHTTP hands the request to the route of its path, else to the hub. A path
// with a broken escape is 400 (HB-196).
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	segments, err := pathSegments(web.EscapedPath(r))
	if err != nil {
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	}
	to := p.routes.find(segments)
	if to == nil || !p.enter() {
		p.cfg.Default.ServeHTTP(w, r)
		return
	}
	defer p.open.Done()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(to.life, cancel)()
	tied, untie := tie(to.life, w)
	defer untie()
	tied.cancel = cancel
	tied.Prefix = to.prefix
	tied.proxy = p
	tied.brought = presented{r.Header.Get("Authorization"), r.URL.RawQuery, r.Header["Cookie"]}
	// Before the target hears of the request: what it decides to admit has been entered.
	p.conns.add(tied)
	defer p.conns.remove(tied)
	to.serve(tied, r.WithContext(ctx))
	if tied.cutShort() {
		panic(http.ErrAbortHandler) // the client's next request belongs on a connection that works
	}
}

// enter counts a request, unless Close waits already.
func (p *Proxy) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.open.Add(1)
	}
	return !p.closed
}

// admits asks about a web socket that is about to open.
func (p *Proxy) admits(t *tiedWriter) bool {
	if p.cfg.Admits == nil {
		return true
	}
	p.conns.read(p.cfg.SessionCookie)
	return p.cfg.Admits(t.Connection)
}

// failed answers for a target that did not.
func (p *Proxy) failed(w http.ResponseWriter, r *http.Request, err error) {
	t, ok := w.(*tiedWriter)
	if ok && t.isRevoked() {
		panic(http.ErrAbortHandler) // we did it, and there is nobody left to tell
	}
	if ok && !t.farewellAllowed() && r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // the client has gone; the target did nothing wrong
	}
	p.cfg.Logger.WarnContext(r.Context(), "target does not answer",
		"method", r.Method, "url", web.ScrubURL(r.URL.String()), "error", err)
	if isWebSocket(r) {
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	p.cfg.Down(w, r)
}
