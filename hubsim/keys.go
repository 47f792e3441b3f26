package hubsim

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hubshare/hubshare/internal/web"
)

// keyHeader names the hub that a request is for, among those at one address; browsers go to KEY.localhost instead.
const keyHeader = "X-Hubsim-Key"

// maxKeys bounds Config.Keys: each hub has a listener and a database.
const maxKeys = 10_000

var keyName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// belowLocalhost says whether a host is KEY.localhost, which browsers take for this machine without asking anybody (RFC 6761).
func belowLocalhost(host string) bool {
	key, ok := strings.CutSuffix(host, ".localhost")
	return ok && keyName.MatchString(key)
}

// keys are the hubs that share this one's address.
type keys struct {
	began time.Time // of this hub's clock

	mu     sync.Mutex
	hubs   map[string]*keyed
	closed bool
}

// keyed is a hub that was named by its key.
type keyed struct {
	made chan struct{} // closed once hub or err is there
	hub  *Hub
	err  error

	life   context.Context // of the requests that reach it by its key
	cancel context.CancelFunc
	open   sync.WaitGroup // those under way
}

// keyOf reads which hub a request is for; "" is the one whose address it is.
func keyOf(r *http.Request) (string, *web.Error) {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	named, _ := strings.CutSuffix(strings.ToLower(host), ".localhost")
	if named == strings.ToLower(host) {
		named = ""
	}
	key := named
	if values := r.Header.Values(keyHeader); len(values) > 0 {
		key = strings.ToLower(values[0])
		if len(values) > 1 || named != "" && named != key {
			return "", web.Errorf(http.StatusBadRequest, "The request names more than one hub: once by its host, or once by %s", keyHeader)
		}
		if key == "" {
			return "", web.Errorf(http.StatusBadRequest, "%s is empty", keyHeader)
		}
	}
	if key != "" && !keyName.MatchString(key) {
		return "", web.Errorf(http.StatusBadRequest, "%q cannot be the key of a hub: letters, digits and inner hyphens, 63 at most", key)
	}
	return key, nil
}

// keyed leads requests that name a key to that hub. The endpoints about keys are this hub's, whatever key they name.
func (h *Hub) keyed(own http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, err := keyOf(r)
		if err != nil {
			web.WriteError(w, err)
			return
		}
		r.Header.Del(keyHeader)
		if path := web.EscapedPath(r); key == "" || path == controlPrefix+"keys" || path == controlPrefix+"end-key" {
			own.ServeHTTP(w, r)
			return
		}
		k, err := h.byKey.enter(h, key, r)
		if err != nil {
			w.Header().Set("Cache-Control", "no-store")
			web.WriteError(w, err)
			return
		}
		defer k.open.Done()
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(k.life, cancel)()
		k.hub.front.ServeHTTP(w, r.WithContext(ctx))
	})
}

// enter gives a key's hub, which the caller leaves by open.Done. The first makes it, and others wait for that.
func (q *keys) enter(parent *Hub, key string, r *http.Request) (*keyed, *web.Error) {
	q.mu.Lock()
	k := q.hubs[key]
	if k == nil {
		if err := q.mayBegin(parent, r); err != nil {
			q.mu.Unlock()
			return nil, err
		}
		k = &keyed{made: make(chan struct{})}
		k.life, k.cancel = context.WithCancel(context.Background())
		if q.hubs == nil {
			q.hubs = map[string]*keyed{}
		}
		q.hubs[key] = k
		if !parent.task(func() { q.begin(parent, key, k) }) {
			delete(q.hubs, key)
			q.mu.Unlock()
			k.cancel()
			return nil, web.Errorf(http.StatusServiceUnavailable, "The hub is stopping")
		}
	}
	k.open.Add(1)
	q.mu.Unlock()
	select {
	case <-k.made:
	case <-r.Context().Done():
		k.open.Done()
		return nil, web.Errorf(http.StatusServiceUnavailable, "The hub %s is not there yet", key)
	}
	if k.err != nil {
		k.open.Done()
		return nil, web.Errorf(http.StatusServiceUnavailable, "The hub %s could not be made: %v", key, k.err)
	}
	return k, nil
}

// mayBegin says whether another hub may be made for a request. What a foreign page fetches makes none: it would use up the keys.
func (q *keys) mayBegin(parent *Hub, r *http.Request) *web.Error {
	switch {
	case q.closed:
		return web.Errorf(http.StatusServiceUnavailable, "The hub is stopping")
	case r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Mode") != "navigate":
		return web.Errorf(http.StatusForbidden, "A page of another site makes no hub")
	case len(q.hubs) >= parent.cfg.Keys:
		return web.Errorf(http.StatusTooManyRequests, "There are %d hubs with a key, which is as many as there may be: end one by POST %send-key, or raise keys",
			len(q.hubs), controlPrefix)
	}
	return nil
}

// begin makes a hub; a key whose hub could not be made is free again.
func (q *keys) begin(parent *Hub, key string, k *keyed) {
	k.hub, k.err = parent.another(key)
	if k.err != nil {
		parent.log.Error("hub could not be made", "key", key, "error", k.err)
		q.mu.Lock()
		if q.hubs[key] == k {
			delete(q.hubs, key)
		}
		q.mu.Unlock()
	} else {
		parent.log.Info("hub made", "key", key, "url", k.hub.URL)
	}
	close(k.made)
}

// another makes a hub as configured, of its own in all but the address. Besides that, it has one for its servers and services.
func (h *Hub) another(key string) (*Hub, error) {
	cfg := h.cfg
	cfg.Keys, cfg.TLS = 0, nil
	cfg.Clock = sameClock(h.clock.shown, h.byKey.began)
	cfg.Seed = seedOf(cfg.Seed, key)
	cfg.Logger = h.log.With("key", key)
	if cfg.DB != "" {
		end := filepath.Ext(cfg.DB)
		cfg.DB = strings.TrimSuffix(cfg.DB, end) + "-" + key + end
	}
	if cfg.Control != nil {
		cfg.Control = &Control{Token: cfg.Control.Token, Shutdown: func() { h.task(func() { h.endKeyed(key) }) }}
	}
	// A port can be one program's alone.
	cfg.Services = slices.Clone(cfg.Services)
	for i, s := range cfg.Services {
		if len(s.Command) > 0 && s.URL != "" {
			cfg.Services[i].URL = anyPort(s.URL)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	defer context.AfterFunc(h.life, cancel)()
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for servers: %w", err)
	}
	at := h.place
	at.key, at.inner = key, "http://"+l.Addr().String()
	scheme, host, _ := strings.Cut(at.origin, "://")
	_, port, err := net.SplitHostPort(host)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	at.origin = scheme + "://" + key + ".localhost:" + port
	return open(ctx, cfg, at, []net.Listener{l})
}

// seedOf is the seed of a hub with a key: the same in each run, and another one for each key (HB-169).
func seedOf(seed uint64, key string) uint64 {
	if seed == 0 {
		return 0
	}
	sum := sha256.Sum256(append(binary.BigEndian.AppendUint64(nil, seed), key...))
	return max(1, binary.BigEndian.Uint64(sum[:]))
}

// anyPort is the address of a service with a free port in place of its own.
func anyPort(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" {
		return address // an error comes of it where it is used
	}
	u.Host = "127.0.0.1:0"
	return u.String()
}

// sameClock is a clock of its own that begins as another did.
func sameClock(c Clock, began time.Time) Clock {
	switch c := c.(type) {
	case *MovableClock:
		return NewMovableClock(c.start)
	case *FakeClock:
		return NewFakeClock(began)
	}
	return c
}

// endKeyed ends a hub: requests that are under way in it are cut short. False if there is none of that key.
func (h *Hub) endKeyed(key string) bool {
	h.byKey.mu.Lock()
	k := h.byKey.hubs[key]
	if k != nil {
		delete(h.byKey.hubs, key)
	}
	h.byKey.mu.Unlock()
	if k == nil {
		return false
	}
	if err := k.end(); err != nil {
		h.log.Error("hub did not end well", "key", key, "error", err)
	}
	h.log.Info("hub ended", "key", key)
	return true
}

func (k *keyed) end() error {
	<-k.made
	k.cancel()
	if k.err != nil {
		return nil
	}
	k.open.Wait()
	return k.hub.Close()
}

// closeAll ends all of them, and no more are made.
func (q *keys) closeAll() error {
	q.mu.Lock()
	q.closed = true
	all := slices.Collect(maps.Values(q.hubs))
	clear(q.hubs)
	q.mu.Unlock()
	errs := make([]error, len(all))
	var ends sync.WaitGroup
	for i, k := range all {
		ends.Go(func() { errs[i] = k.end() })
	}
	ends.Wait()
	return errors.Join(errs...)
}

// keyState is a hub with a key, for the control endpoints.
type keyState struct {
	Key string    `json:"key"`
	URL string    `json:"url"`
	Now time.Time `json:"now"` // of its clock
}

// list gives those that have been made, by key.
func (q *keys) list() []keyState {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := []keyState{}
	for _, key := range slices.Sorted(maps.Keys(q.hubs)) {
		k := q.hubs[key]
		select {
		case <-k.made:
			if k.err == nil {
				out = append(out, keyState{key, k.hub.URL, k.hub.clock.shown.Now().UTC()})
			}
		default:
		}
	}
	return out
}

func (h *Hub) controlKeys(context.Context, []byte, url.Values) (any, error) {
	return struct {
		Keys  []keyState `json:"keys"`
		Limit int        `json:"limit"`
	}{h.byKey.list(), h.cfg.Keys}, nil
}

func (h *Hub) controlEndKey(_ context.Context, body []byte, _ url.Values) (any, error) {
	var o struct {
		Key string `json:"key"`
	}
	if err := decode(body, &o); err != nil {
		return nil, err
	}
	if !h.endKeyed(strings.ToLower(o.Key)) {
		return nil, web.Errorf(http.StatusNotFound, "There is no hub with the key %q", o.Key)
	}
	return done, nil
}
