package hubsim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// place is where a hub is reached.
type place struct {
	origin string // "http://host:port" as browsers have it
	inner  string // the same for the hub's own servers and services: always plain http, and a name that every resolver knows
	key    string // of a hub that shares its address with others; "" = of the one that owns it
	domain string // below which users have host names of their own, without its port; "" = they have not
	dial   string // where connections to origin lead, if its name alone does not tell
	tls    *certificates
}

func (p place) overTLS() bool { return strings.HasPrefix(p.origin, "https:") }

// settle listens where a configuration says. The address comes first: it is what fails most, and nothing needs to be undone then.
func settle(ctx context.Context, cfg Config) (p place, listeners []net.Listener, err error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", cfg.Addr)
	if err != nil {
		return p, nil, fmt.Errorf("listen on %s: %w", cfg.Addr, err)
	}
	p.dial = reachableAt(l.Addr())
	p.origin = "http://" + p.dial
	p.inner = p.origin
	if cfg.TLS == nil {
		p.below(cfg.SubdomainHost)
		return p, []net.Listener{l}, nil
	}
	if p.tls, err = newCertificates(*cfg.TLS, cfg.names()); err != nil {
		return p, nil, errors.Join(wrongField("TLS", err), l.Close())
	}
	inner, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return p, nil, errors.Join(fmt.Errorf("listen for servers: %w", err), l.Close())
	}
	p.origin, p.inner = "https://"+p.dial, "http://"+inner.Addr().String()
	p.below(cfg.SubdomainHost)
	return p, []net.Listener{p.tls.listen(l), inner}, nil
}

// names are the hosts by which the configuration says that the hub is known.
func (c Config) names() []string {
	var out []string
	if host, _, err := net.SplitHostPort(c.Addr); err == nil && host != "" {
		out = append(out, host)
	}
	if u, err := url.Parse(c.PublicURL); err == nil && u.Hostname() != "" {
		out = append(out, u.Hostname())
	}
	return out
}

func (c Config) checkPlace() error {
	if c.Keys < 0 || c.Keys > maxKeys {
		return wrongFieldf("Keys", "must be from 0 to %d", maxKeys)
	}
	return nil
}

// transport is how the hub itself opens its own pages, and asks its servers.
func (p place) transport() *http.Transport {
	t := &http.Transport{MaxIdleConnsPerHost: 16}
	if p.tls != nil {
		t.TLSClientConfig = p.tls.trusting()
	}
	own := p.origin[strings.Index(p.origin, "://")+3:]
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if p.dial != "" && (address == own || p.domain != "" && strings.HasSuffix("."+hostname(address), "."+p.domain)) {
			address = p.dial
		}
		return dialer.DialContext(ctx, network, address)
	}
	return t
}

// door is a listener by which callers come in.
type door struct {
	server *http.Server
	served chan error
}

func openDoor(l net.Listener, front http.Handler, log *slog.Logger) *door {
	d := &door{served: make(chan error, 1), server: &http.Server{Handler: front, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}}
	go func() { d.served <- d.server.Serve(l) }()
	return d
}

func (d *door) close() error {
	err := d.server.Close()
	if ended := <-d.served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

func closeAll(listeners []net.Listener) (errs []error) {
	for _, l := range listeners {
		errs = append(errs, l.Close())
	}
	return errs
}
