package spawner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	// readHeaderTimeout ends connections that never send a request; nothing
	// else is limited, since kernels' streams last for hours (HB-75).
	readHeaderTimeout = 30 * time.Second
	// serviceURL is the variable that tells a server where to listen (HB-103).
	serviceURL = "JUPYTERHUB_SERVICE_URL"
)

// InProcess is a Spawner whose servers are handlers of this program, each on a
// listener of its own on 127.0.0.1 (HB-105, HB-127).
type InProcess struct {
	// Handler makes one server. The port is open by then, so that
	// JUPYTERHUB_SERVICE_URL in spec.Env is right. The closer (may be nil) ends
	// what requests do not: background work and hijacked connections. It is
	// called once, when new connections are refused already; requests that wait
	// for it may still run. It must not wait for them.
	Handler func(spec Spec) (http.Handler, io.Closer, error)
	// Logger gets what the HTTP servers report; nil = discard.
	Logger *slog.Logger
}

// Start listens, makes the handler and serves it.
func (s InProcess) Start(ctx context.Context, spec Spec) (Process, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start server %s/%s: %w", spec.User, spec.Server, context.Cause(ctx))
	}
	if spec.Progress != nil {
		spec.Progress(Event{Progress: 50, Message: "Spawning server..."})
	}
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for server %s/%s: %w", spec.User, spec.Server, err)
	}
	address, err := url.Parse("http://" + l.Addr().String() + spec.Prefix)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prefix of server %s/%s: %w", spec.User, spec.Server, err), l.Close())
	}
	spec.Env = maps.Clone(spec.Env)
	if spec.Env == nil {
		spec.Env = map[string]string{}
	}
	spec.Env[serviceURL] = address.String()
	handler, closer, err := s.Handler(spec)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make server %s/%s: %w", spec.User, spec.Server, err), l.Close())
	}
	logger := s.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	p := &inProcess{
		url:    address,
		closer: closer,
		done:   make(chan struct{}),
		unused: map[net.Conn]bool{},
		http: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: readHeaderTimeout,
			ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
		},
	}
	p.http.ConnState = p.track
	go p.serve(l)
	return p, nil
}

// inProcess is a server of InProcess. Its goroutines are serve and, from the
// first Stop on, end; both are over when done is closed.
type inProcess struct {
	url    *url.URL
	http   *http.Server
	closer io.Closer
	done   chan struct{}

	mu       sync.Mutex
	unused   map[net.Conn]bool // connections without a request so far
	stopping bool
	crash    error // why it ended by itself
	closing  error // what failed to close
}

func (p *inProcess) URL() *url.URL         { return p.url }
func (p *inProcess) Done() <-chan struct{} { return p.done }

func (p *inProcess) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.crash
}

// serve runs until the listener is closed. An end that nobody asked for is
// the crash that Err reports.
func (p *inProcess) serve(l net.Listener) {
	err := p.http.Serve(l)
	if p.beginStop(fmt.Errorf("serve %s: %w", p.url.Redacted(), err)) {
		_ = p.http.Close()
		p.end()
	}
}

// Stop refuses new connections first, then closes the handler, so that streams
// which end only with it do not hold up the polite end.
func (p *inProcess) Stop(ctx context.Context) error {
	if p.beginStop(nil) {
		go p.end()
	}
	select {
	case <-p.done:
		return p.closing
	default:
	}
	var forced error
	select {
	case <-p.done:
	case <-ctx.Done():
		// Without connections the polite end that still waits is over too.
		forced = fmt.Errorf("stop server at %s by force: %w", p.url.Redacted(), errors.Join(context.Cause(ctx), p.http.Close()))
		<-p.done
	}
	return errors.Join(forced, p.closing)
}

// beginStop tells whether the caller is the first to stop the server, and so
// has to call end.
func (p *inProcess) beginStop(crash error) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopping {
		return false
	}
	p.stopping, p.crash = true, crash
	return true
}

// end may wait without a limit of its own: force, when it comes, ends the
// connections that it waits for.
func (p *inProcess) end() {
	polite := make(chan error, 1)
	go func() { polite <- p.http.Shutdown(context.Background()) }()
	p.closeUnused()
	if p.closer != nil {
		if err := p.closer.Close(); err != nil {
			p.closing = fmt.Errorf("close server at %s: %w", p.url.Redacted(), err)
		}
	}
	if err := <-polite; err != nil {
		p.closing = errors.Join(p.closing, fmt.Errorf("stop server at %s: %w", p.url.Redacted(), err))
	}
	close(p.done)
}

// track remembers connections that a client opened in advance. Shutdown would
// wait five seconds for a request on each of them.
func (p *inProcess) track(c net.Conn, state http.ConnState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if state != http.StateNew {
		delete(p.unused, c)
		return
	}
	p.unused[c] = true
	if p.stopping {
		_ = c.Close()
	}
}

func (p *inProcess) closeUnused() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.unused {
		_ = c.Close()
	}
}
