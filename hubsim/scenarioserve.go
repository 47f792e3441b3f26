package hubsim

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
)

// What becomes of requests that a scenario is about.

func serverSlow(h *Hub, w http.ResponseWriter, r *http.Request, f hit, next http.Handler) {
	if !h.pause(r.Context(), f, f.Scenario.Duration) {
		panic(http.ErrAbortHandler)
	}
	next.ServeHTTP(w, r)
}

// hubDown is what a proxy says whose hub is not there. Servers and services speak to the hub itself: they reach nobody.
func hubDown(h *Hub, w http.ResponseWriter, r *http.Request, _ hit, _ http.Handler) {
	e := entryOf(r)
	noteHub(r)
	ofVisitor := e.visitor.token != nil && e.visitor.token.ClientID != "" && r.Header.Get("Sec-Fetch-Mode") == ""
	kind := e.actorKind()
	if e.Internal || kind == ActorServer || kind == ActorService || ofVisitor || e.Path == h.site.HubPrefix()+"api/oauth2/token" {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write([]byte("<!DOCTYPE html>\n<html><head><title>503 Service Unavailable</title></head><body><h1>Service Unavailable</h1></body></html>\n"))
}

func apiFails(h *Hub, w http.ResponseWriter, r *http.Request, f hit, _ http.Handler) {
	noteHub(r)
	h.site.APIHeaders(w.Header())
	web.WriteError(w, web.Errorf(cmp.Or(f.Scenario.Status, http.StatusInternalServerError), ""))
}

func rateLimit(h *Hub, w http.ResponseWriter, r *http.Request, f hit, _ http.Handler) {
	noteHub(r)
	h.site.APIHeaders(w.Header())
	after := cmp.Or(f.Scenario.Duration, 30*time.Second)
	e := web.Errorf(http.StatusTooManyRequests, "")
	e.Header = http.Header{"Retry-After": {strconv.Itoa(int(math.Ceil(after.Seconds())))}}
	web.WriteError(w, e)
}

func oauthDeny(h *Hub, w http.ResponseWriter, r *http.Request, f hit, next http.Handler) {
	to, ok := h.returnAddress(r, cmp.Or(f.Scenario.Error, string(oauth.AccessDenied)))
	if !ok {
		next.ServeHTTP(w, r)
		return
	}
	noteHub(r)
	h.site.PageHeaders(w.Header())
	web.NoStore(w.Header())
	web.Redirect(w, http.StatusFound, to)
}

// staleRoute: what would go to the server comes to the hub, as it does when a proxy has lost a route.
func staleRoute(h *Hub, w http.ResponseWriter, r *http.Request, _ hit, _ http.Handler) {
	h.serveHub(w, r)
}

func versionMismatch(_ *Hub, w http.ResponseWriter, r *http.Request, f hit, next http.Handler) {
	entryOf(r).version = f.Scenario.Version
	next.ServeHTTP(&retouching{ResponseWriter: w, headers: map[string]string{"X-JupyterHub-Version": f.Scenario.Version}}, r)
}

// versionFor is the version that the hub says it is of.
func (h *Hub) versionFor(r *http.Request) string {
	if e := entryOf(r); e != nil && e.version != "" {
		return e.version
	}
	return h.cfg.Version
}

// rejectProof takes away the cookie that a proof is compared with; the hub does the rest.
func rejectProof(_ *Hub, w http.ResponseWriter, r *http.Request, _ hit, next http.Handler) {
	r = r.Clone(r.Context())
	var kept []string
	for _, line := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			if name, _, _ := strings.Cut(strings.TrimSpace(pair), "="); name != "_xsrf" {
				kept = append(kept, strings.TrimSpace(pair))
			}
		}
	}
	r.Header.Del("Cookie")
	if len(kept) > 0 {
		r.Header.Set("Cookie", strings.Join(kept, "; "))
	}
	next.ServeHTTP(w, r)
}

// What becomes of starts and stops.

func slowSpawn(ctx context.Context, h *Hub, f hit) error {
	return h.holdUp(ctx, f, f.Scenario.Duration)
}

func spawnHang(ctx context.Context, h *Hub, f hit) error { return h.holdUp(ctx, f, forever) }

func spawnFail(ctx context.Context, h *Hub, f hit) error {
	if err := h.holdUp(ctx, f, f.Scenario.Duration); err != nil {
		return err
	}
	s := f.Scenario
	failure := h.failureOf(fmt.Errorf("fault %d: %s", f.ID, cmp.Or(s.Message, s.Name)))
	failure.status, failure.message, failure.own = cmp.Or(s.Status, failure.status), cmp.Or(s.Message, failure.message), s.Message
	return failure
}

func neverReady(ctx context.Context, h *Hub, f hit) error {
	ctx, cancel := h.withinFrom(ctx, f.at, cmp.Or(h.cfg.SingleUser.HTTPTimeout, probeTimeout))
	defer cancel()
	return h.holdUp(ctx, f, forever)
}

// holdUp keeps a start from going on for so long of the hub's clock, or until it is released. Its limit counts on the hub's clock too: nothing real is waited for.
func (h *Hub) holdUp(ctx context.Context, f hit, d time.Duration) error {
	if d == 0 {
		return nil
	}
	ctx, cancel := h.withinFrom(ctx, f.at, cmp.Or(h.cfg.SingleUser.StartTimeout, startTimeout))
	defer cancel()
	if !h.pause(ctx, f, d) {
		return context.Cause(ctx)
	}
	return nil
}

func slowStop(ctx context.Context, h *Hub, f hit) { h.pause(ctx, f, f.Scenario.Duration) }

// What is in force as a whole.

// endsAfter takes a fault out of force after a while.
func endsAfter(h *Hub, id int64, s Scenario) (end func()) {
	if s.Duration == 0 {
		return func() {}
	}
	stop := h.cfg.Clock.AfterFunc(s.Duration, func() { _ = h.RemoveFault(id) }) // somebody may have been faster
	return func() { stop() }
}

func clockSkew(h *Hub, _ int64, s Scenario) (end func()) {
	h.clock.skew(s.Duration)
	return func() { h.clock.skew(-s.Duration) }
}

// forever is as long as it takes.
const forever time.Duration = math.MaxInt64

// pause waits until so much of the hub's clock has passed since a fault was met, or it is released; false if there is nobody any more to wait for. A clock that stands keeps
// it waiting until it is moved (HB-168).
func (h *Hub) pause(ctx context.Context, f hit, d time.Duration) bool {
	passed := make(chan struct{})
	if d != forever {
		left := f.at.Add(d).Sub(h.cfg.Clock.Now())
		if left <= 0 {
			return ctx.Err() == nil
		}
		stop := h.cfg.Clock.AfterFunc(left, func() { close(passed) })
		defer stop()
	}
	select {
	case <-passed:
	case <-f.released:
	case <-ctx.Done():
		return false
	case <-h.life.Done():
		return false
	}
	return true
}
