package hubsim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hubshare/hubshare/oauth"
)

// Fault makes requests go wrong that match: those to the hub, and those that the proxy forwards to servers (HB-170). Nothing that is stored changes by it
// (HB-172). What is not set matches all; without an effect it does nothing but be noted in the record.
type Fault struct {
	Method string // "" = any
	Path   string // as sent, where * stands for anything, slashes included; "" = any
	User   string // name of the user or service that asks; "" = anybody, nobody included
	Actor  string // ActorBrowser, ActorToken, ActorServer or ActorService; "" = any
	Nth    int    // of the requests that match the above, only that one; 0 = all
	// Times is how often it hits before it is removed; 0 = until it is removed by hand.
	Times int
	// Probability is how likely a request that matches is hit, above 0 to 1; 0 = always. The same fault of the same id hits the same requests each time.
	Probability float64

	// Delay comes first, real time. Then Hang waits until [Hub.ReleaseFault] or [Hub.RemoveFault], or the client leaves.
	Delay time.Duration
	Hang  bool
	// Status, if not 0, is answered instead of what would have been, with Headers and Body. Else Headers are put over those of the real answer.
	Status  int
	Headers map[string]string
	Body    string
	// Cut ends the connection in the middle of the body.
	Cut bool
}

// Who asks, for a [Fault].
const (
	ActorBrowser = "browser" // by a cookie of the hub
	ActorToken   = "token"   // by a user's token
	ActorServer  = "server"  // a user's server by its own token
	ActorService = "service" // a service by its token
)

// FaultState is a fault that is in force.
type FaultState struct {
	ID   int64
	Hits int // so far
	Fault
}

// ErrNoSuchFault is the error about a fault that is not there, or not any more.
var ErrNoSuchFault = errors.New("no such fault")

func (f Fault) check() error {
	switch {
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return wrongFieldf("Status", "must be from 200 to 599")
	case f.Status == 0 && f.Body != "":
		return wrongFieldf("Body", "is of use with a status alone")
	case f.Status != 0 && f.Cut:
		return wrongFieldf("Cut", "is for the real answer, so not with a status")
	case f.Nth < 0 || f.Times < 0 || f.Delay < 0:
		return wrongFieldf("Times", "and nth and delay must not be negative")
	case f.Probability < 0 || f.Probability > 1:
		return wrongFieldf("Probability", "must be from 0 to 1")
	}
	switch f.Actor {
	case "", ActorBrowser, ActorToken, ActorServer, ActorService:
	default:
		return wrongFieldf("Actor", "must be one of browser, token, server, service")
	}
	for name, value := range f.Headers {
		if name == "" || strings.ContainsAny(name, " :\r\n\x00") || strings.ContainsAny(value, "\r\n\x00") {
			return wrongFieldf("Headers", "%q is no header", name)
		}
	}
	return nil
}

// faults are those in force.
type faults struct {
	some atomic.Bool // there may be one: all that other requests pay

	mu   sync.Mutex
	last int64
	list []*fault
}

type fault struct {
	FaultState
	seen     int // requests that matched
	chance   *rand.Rand
	released chan struct{}
}

// AddFault puts a fault in force, after those that are; of several that match a request, the first hits. The error is a [*ConfigError].
func (h *Hub) AddFault(f Fault) (id int64, err error) {
	if err := f.check(); err != nil {
		return 0, err
	}
	q := &h.faults
	q.mu.Lock()
	defer q.mu.Unlock()
	q.last++
	q.list = append(q.list, &fault{FaultState: FaultState{ID: q.last, Fault: f}, chance: h.chance("fault", q.last), released: make(chan struct{})})
	q.some.Store(true)
	return q.last, nil
}

// Faults lists those in force, in the order in which they are tried.
func (h *Hub) Faults() []FaultState {
	h.faults.mu.Lock()
	defer h.faults.mu.Unlock()
	out := []FaultState{}
	for _, f := range h.faults.list {
		out = append(out, f.FaultState)
	}
	return out
}

// RemoveFault takes a fault out of force, and lets go on what hangs in it. The error wraps [ErrNoSuchFault].
func (h *Hub) RemoveFault(id int64) error {
	if !h.faults.release(id, true) {
		return fmt.Errorf("remove fault %d: %w", id, ErrNoSuchFault)
	}
	return nil
}

// ReleaseFault lets go on what hangs in a fault now; it stays in force unless it has been used up. The error wraps [ErrNoSuchFault].
func (h *Hub) ReleaseFault(id int64) error {
	if !h.faults.release(id, false) {
		return fmt.Errorf("release fault %d: %w", id, ErrNoSuchFault)
	}
	return nil
}

func (q *faults) release(id int64, remove bool) (known bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, f := range q.list {
		if f.ID != id {
			continue
		}
		close(f.released)
		f.released = make(chan struct{})
		if remove || f.Times > 0 && f.Hits >= f.Times {
			q.list = append(q.list[:i:i], q.list[i+1:]...)
			q.some.Store(len(q.list) > 0)
		}
		return true
	}
	return false
}

// resetFaults leaves those of the configuration alone in force, with ids from 1 again.
func (h *Hub) resetFaults() error {
	q := &h.faults
	q.mu.Lock()
	for _, f := range q.list {
		close(f.released)
	}
	q.list, q.last = nil, 0
	q.some.Store(false)
	q.mu.Unlock()
	for i, f := range h.cfg.Faults {
		if _, err := h.AddFault(f); err != nil {
			return wrongField(fmt.Sprintf("Faults[%d]", i), err)
		}
	}
	return nil
}

// hit finds the fault that a request meets, and counts. One that has been used up is out of force from then on; if requests hang in it, it stays in the list
// until they are released.
func (q *faults) hit(e *entry) (Fault, int64, <-chan struct{}, bool) {
	if !q.some.Load() {
		return Fault{}, 0, nil, false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, f := range q.list {
		if !f.matches(e) {
			continue
		}
		f.seen++
		if f.Nth > 0 && f.seen != f.Nth || f.Probability > 0 && f.chance.Float64() >= f.Probability {
			continue
		}
		if f.Times > 0 && f.Hits >= f.Times {
			continue // used up; it is there for those who hang in it to be released
		}
		f.Hits++
		if f.Times > 0 && f.Hits == f.Times && !f.Hang {
			q.list = append(q.list[:i:i], q.list[i+1:]...)
			q.some.Store(len(q.list) > 0)
		}
		return f.Fault, f.ID, f.released, true
	}
	return Fault{}, 0, nil, false
}

func (f Fault) matches(e *entry) bool {
	return (f.Method == "" || f.Method == e.Method) && (f.User == "" || f.User == e.Actor) && (f.Actor == "" || f.Actor == e.actorKind()) && glob(f.Path, e.Path)
}

// actorKind is who asks, as faults tell them apart.
func (e *entry) actorKind() string {
	switch {
	case e.ActorKind == oauth.KindService:
		return ActorService
	case e.visitor.token != nil && strings.HasPrefix(e.visitor.token.Note, "Server at "):
		return ActorServer
	case e.Credential == "token":
		return ActorToken
	case e.Credential != "":
		return ActorBrowser
	}
	return ""
}

// glob says whether a path is like a pattern, in which * stands for anything; "" is like all.
func glob(pattern, path string) bool {
	if pattern == "" {
		return true
	}
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return path == pattern
	}
	rest, ok := strings.CutPrefix(path, parts[0])
	if !ok {
		return false
	}
	for _, part := range parts[1 : len(parts)-1] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, parts[len(parts)-1])
}

// faulty puts the faults before a handler.
func (h *Hub) faulty(w http.ResponseWriter, r *http.Request, e *entry, next http.Handler) {
	f, id, released, hit := h.faults.hit(e)
	if !hit {
		next.ServeHTTP(w, r)
		return
	}
	e.Fault = id
	if !wait(r.Context(), h.life, f, released) {
		panic(http.ErrAbortHandler) // nobody is there for the answer
	}
	switch {
	case f.Status != 0:
		for name, value := range f.Headers {
			w.Header().Set(name, value)
		}
		w.WriteHeader(f.Status)
		_, _ = io.WriteString(w, f.Body) // whoever left misses nothing
		return
	case f.Cut:
		w = &cutting{ResponseWriter: w}
	case len(f.Headers) > 0:
		w = &retouching{ResponseWriter: w, headers: f.Headers}
	}
	next.ServeHTTP(w, r)
}

// wait is what of a fault takes time; false if the client left or the hub ends.
func wait(ctx, life context.Context, f Fault, released <-chan struct{}) bool {
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return false
		case <-life.Done():
			return false
		}
	}
	if f.Hang {
		select {
		case <-released:
		case <-ctx.Done():
			return false
		case <-life.Done():
			return false
		}
	}
	return true
}

// cutting ends the connection at the half of the first piece of the body.
type cutting struct{ http.ResponseWriter }

func (w *cutting) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *cutting) Write(b []byte) (int, error) {
	_, _ = w.ResponseWriter.Write(b[:len(b)/2])
	_ = http.NewResponseController(w.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

// retouching puts headers over those of an answer.
type retouching struct {
	http.ResponseWriter
	headers map[string]string
	began   bool
}

func (w *retouching) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *retouching) WriteHeader(status int) {
	if !w.began && status >= 200 {
		w.began = true
		for name, value := range w.headers {
			w.Header().Set(name, value)
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *retouching) Write(b []byte) (int, error) {
	if !w.began {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}
