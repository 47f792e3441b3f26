package hubsim

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"sync"
	"time"

	"github.com/hubshare/hubshare/hubsim/pages"
	"github.com/hubshare/hubshare/hubsim/proxy"
	"github.com/hubshare/hubshare/hubsim/spawner"
	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	oauthhttp "github.com/hubshare/hubshare/oauth/httpapi"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
	sharinghttp "github.com/hubshare/hubshare/sharing/httpapi"
)

// TB is what [New] needs of testing.TB, so that programs do not link package testing.
type TB interface {
	Helper()
	Cleanup(func())
	Failed() bool
	Logf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Hub is one running hub. Its methods are safe for concurrent use.
type Hub struct {
	// URL is the address of the hub's base, with a slash at its end: "http://127.0.0.1:PORT/".
	URL string

	cfg   Config  // its Clock is clock
	clock *skewed // shows the one of the configuration
	log   *slog.Logger
	place
	front        http.Handler // of the listeners
	byKey        keys
	restarts     restarts
	proof        string // of the forms of the console
	plainBase    string // BaseURL, decoded
	namePattern  *regexp.Regexp
	site         web.Site
	db           *sqldb.DB
	unused       bool // nothing was in the database when the hub began
	roster       *roster
	services     services
	registry     *scopes.Registry
	clientScopes []scopes.Scope
	keys         *web.Keys
	xsrf         *web.XSRF
	pages        *pages.Pages
	proxy        *proxy.Proxy
	live         *live
	spawner      spawner.Spawner
	sharing      *sharing.Service
	sharingHTTP  *sharinghttp.Handler
	provider     *oauth.Provider
	tokens       *watchedTokens
	oauthHTTP    *oauthhttp.Handler
	routes       *web.Router
	alone        http.Handler // the hub itself, behind no proxy
	sources      sources
	requests     requests
	faults       faults
	spawns       spawns
	activities   activities
	control      *web.Router
	internal     *http.Client // to the hub's own servers
	asServer     *http.Client // of those, to the hub
	internalWord string       // by which they are known

	life    context.Context // ends when Close begins
	cancel  context.CancelFunc
	doors   []*door
	tasks   sync.WaitGroup // what goes on by itself; Close waits for it
	resets  sync.Mutex     // held while the hub is put back, and while a service is made or removed
	mu      sync.Mutex     // guards closing and sealed, and that no task begins once Close waits for them
	closing bool           // no server starts any more
	sealed  bool           // no task begins any more
}

// New starts a hub for a test: it ends with the test, and whatever goes wrong fails it. If the test fails, its output has the last lines of the hub's log (unless the
// Config has a Logger of its own), the last requests, what servers of a process of their own have said, and what the hub has (HB-174).
func New(tb TB, cfg Config) *Hub {
	tb.Helper()
	var lines *tail
	if cfg.Logger == nil {
		lines = &tail{}
		cfg.Logger = slog.New(slog.NewTextHandler(lines, nil))
	}
	h, err := Start(context.Background(), cfg)
	if err != nil {
		tb.Fatalf("hubsim: %v", err)
		return nil
	}
	tb.Cleanup(func() {
		tb.Helper()
		strict := h.strictly()
		if tb.Failed() || strict != "" {
			tb.Logf("hubsim: %s", h.dump(lines))
		}
		if err := h.Close(); err != nil {
			tb.Fatalf("hubsim: close: %v", err)
		}
		if strict != "" {
			tb.Fatalf("hubsim: strict:%s", strict)
		}
	})
	return h
}

// Start starts a hub and returns once it answers, and its managed services do or are not going to. ctx bounds the start alone; [Hub.Close] ends the hub. Errors name the field of the Config
// that is wrong, or what could not be had: the address, the database file.
func Start(ctx context.Context, cfg Config) (*Hub, error) {
	cfg, err := cfg.filled()
	if err != nil {
		return nil, err
	}
	// The address first: it is what fails most, and nothing needs to be undone then.
	at, listeners, err := settle(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return open(ctx, cfg, at, listeners)
}

// open builds a hub and lets callers in by the listeners, which it owns from now on.
func open(ctx context.Context, cfg Config, at place, listeners []net.Listener) (*Hub, error) {
	h, err := build(ctx, cfg, at)
	if err != nil {
		return nil, errors.Join(append([]error{err}, closeAll(listeners)...)...)
	}
	for _, l := range listeners {
		h.doors = append(h.doors, openDoor(l, h.front, h.log))
	}
	h.purgeNowAndThen()
	h.poll()
	if d := cfg.Limits.LastActivityInterval; d > 0 {
		h.every(d, h.collect)
	}
	if err := h.startServices(ctx); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	if err := h.seedConfigured(ctx); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	if err := h.armFaults(); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// Close stops every server and managed service, ends every connection and closes the database. It returns within seconds though streams are open. A second Close does nothing.
func (h *Hub) Close() error {
	h.mu.Lock()
	if h.closing {
		h.mu.Unlock()
		return nil
	}
	h.closing = true
	h.mu.Unlock()
	h.faults.clear(true)

	keyed := h.byKey.closeAll()
	ctx, cancel := context.WithTimeout(context.Background(), 2*stopTimeout)
	defer cancel()
	var stops sync.WaitGroup
	for _, s := range h.roster.allServers() {
		if s.status().Active() {
			stops.Go(func() { h.stop(ctx, s) })
		}
	}
	stops.Wait()
	h.cancel()
	h.mu.Lock()
	h.sealed = true
	h.mu.Unlock()
	h.tasks.Wait()
	errs := []error{keyed}
	for _, d := range h.doors {
		errs = append(errs, d.close())
	}
	h.internal.CloseIdleConnections()
	return errors.Join(append(errs, h.closeParts())...)
}

// task runs f in a goroutine that Close waits for; false once the hub has closed.
func (h *Hub) task(f func()) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sealed {
		return false
	}
	h.tasks.Go(f)
	return true
}

func (h *Hub) isClosing() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.closing
}

// purgeNowAndThen deletes what has expired, now and every hour of the hub's clock (SH-23, OA-59). Nothing depends on it, and a database that
// has just been made has nothing yet: there it would only be in the way of the first request.
func (h *Hub) purgeNowAndThen() {
	purge := func() {
		if err := h.purge(h.life); err != nil && h.life.Err() == nil {
			h.log.Error("purge failed", "error", err)
		}
	}
	if !h.unused {
		h.task(purge)
	}
	h.every(time.Hour, purge)
}

func (h *Hub) purge(ctx context.Context) error {
	if h.clock.wrong() {
		return nil // what has only seemed to expire will be good again (HB-172)
	}
	h.live.forgetOld(h.cfg.Clock.Now())
	_, err := h.sharing.PurgeExpired(ctx)
	return errors.Join(err, h.provider.Flush(ctx), h.provider.PurgeExpired(ctx))
}

// HubURL is where the hub's pages lie: "http://127.0.0.1:PORT/hub/".
func (h *Hub) HubURL() string { return h.origin + h.site.HubPrefix() }

// APIURL is the root of the REST API, without a slash at its end, as servers are told it (HB-103).
func (h *Hub) APIURL() string { return h.HubURL() + "api" }

// UserURL is the address of a user's server; name "" is the default server. The server need not exist.
func (h *Hub) UserURL(user, name string) string {
	return cmp.Or(h.userOrigin(user), h.origin) + h.serverPath(user, name)
}

// AcceptURL is the link that invites whoever follows it (SH-74).
func (h *Hub) AcceptURL(code string) string {
	return h.HubURL() + "accept-share?code=" + url.QueryEscape(code)
}
