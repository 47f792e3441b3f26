package hubsim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hubshare/hubshare/oauth"
)

// Fault is something that goes wrong in a hub: requests that match, those to the hub and those that the proxy forwards to servers (HB-170), or a [Scenario]. Nothing that is
// stored changes by it, unless it is a scenario whose name says so (HB-172). What is not set matches all; without an effect it does nothing but be noted in the record.
type Fault struct {
	Method string // "" = any
	Path   string // as sent, where * stands for anything, slashes included; "" = any
	User   string // name of the user or service that asks; "" = anybody, nobody included
	Actor  string // ActorBrowser, ActorToken, ActorServer or ActorService; "" = any
	Nth    int    // of the requests that match the above, only that one; 0 = all
	// Times is how often it hits before it is removed; 0 = until it is removed by hand.
	Times int
	// Probability is how likely a request that matches is hit, above 0 to 1; 0 = always. The same fault of the same id hits the same requests each time; which, [Config.Seed]
	// decides.
	Probability float64

	// Delay comes first, on the hub's clock: one that stands keeps the request waiting until it is moved. Then Hang waits until [Hub.ReleaseFault] or [Hub.RemoveFault],
	// or the client leaves.
	Delay time.Duration
	Hang  bool
	// Status, if not 0, is answered instead of what would have been, with Headers and Body. Else Headers are put over those of the real answer.
	Status  int
	Headers map[string]string
	Body    string
	// Cut ends the connection in the middle of the body.
	Cut bool

	// Scenario, if it has a name, is what goes wrong instead of the effects above. Those of starts and stops count these: Nth, Times and Probability are of them, and the rest
	// of the match is for requests alone.
	Scenario Scenario
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
	if f.Scenario.Name == "" {
		if given := f.Scenario.given(); len(given) > 0 {
			return wrongFieldf(fieldOf(given[0]), "is of a scenario, and there is none")
		}
		return nil
	}
	return f.checkScenario()
}

func (f Fault) checkScenario() error {
	if f.Status != 0 || f.Delay != 0 || f.Hang || f.Cut || f.Body != "" || len(f.Headers) > 0 {
		return wrongFieldf("Scenario", "%s has effects of its own, so there may be no other", f.Scenario.Name)
	}
	if err := f.Scenario.validate(); err != nil {
		return err
	}
	line := scenarioNamed(f.Scenario.Name)
	switch {
	case line.start != nil || line.probe != nil || line.stop != nil:
		if f.Method != "" || f.Path != "" || f.User != "" || f.Actor != "" {
			return wrongFieldf("Path", "and the rest of the match are about requests; %s is about servers, of whom owner and server say which", f.Scenario.Name)
		}
	case line.begin != nil && line.meets == nil:
		if f.ofRequests() || f.Times > 0 {
			return wrongFieldf("Path", "and the rest of the match are about requests; %s is in force until it is removed", f.Scenario.Name)
		}
	}
	return nil
}

// ofRequests says whether a fault says which requests it is about.
func (f Fault) ofRequests() bool {
	return f.Method != "" || f.Path != "" || f.User != "" || f.Actor != "" || f.Nth > 0 || f.Probability > 0
}

// hangs says whether somebody may still wait in it when it has been used up.
func (f Fault) hangs() bool { return f.Hang || f.Scenario.Name == "SpawnHang" }

// faults are those in force.
type faults struct {
	some atomic.Bool // there may be one: all that other requests pay

	mu    sync.Mutex
	last  int64
	list  []*fault
	ended bool // with the hub
}

type fault struct {
	FaultState
	line     *scenario // nil = it is none
	seen     int       // requests that matched
	chance   *rand.Rand
	released chan struct{}
	end      func() // of what it began
}

// hit is a fault that somebody met.
type hit struct {
	Fault
	ID       int64
	line     *scenario
	released <-chan struct{}
	at       time.Time // of the hub's clock
}

// AddFault puts a fault in force, after those that are; of several that match a request, the first hits. A scenario that changes state does so now and is not in force
// afterwards, unless it says which requests it waits for. The error is a [*ConfigError] about the fault, or what such a scenario met.
func (h *Hub) AddFault(f Fault) (id int64, err error) {
	if err := f.check(); err != nil {
		return 0, err
	}
	made := &fault{FaultState: FaultState{Fault: f}, released: make(chan struct{}), line: scenarioNamed(f.Scenario.Name)}
	if made.line != nil && made.line.act != nil && !f.ofRequests() {
		if err := made.line.act(h.life, h, f.Scenario); err != nil {
			return 0, err
		}
		h.faults.mu.Lock()
		defer h.faults.mu.Unlock()
		h.faults.last++
		return h.faults.last, nil
	}
	if made.line != nil && made.line.act != nil && f.Times == 0 {
		made.Times = 1
	}
	q := &h.faults
	q.mu.Lock()
	if q.ended {
		q.mu.Unlock()
		return 0, errors.New("the hub has closed")
	}
	q.last++
	id = q.last
	made.ID, made.chance = id, h.chance("fault", id)
	q.list = append(q.list, made)
	q.some.Store(true)
	q.mu.Unlock()
	if made.line != nil && made.line.begin != nil {
		h.begin(made)
	}
	return id, nil
}

// begin puts what a fault is as a whole in force, without the lock: what it calls may look at faults.
func (h *Hub) begin(f *fault) {
	end := f.line.begin(h, f.ID, f.Scenario)
	h.faults.mu.Lock()
	gone := !slices.Contains(h.faults.list, f)
	f.end = end
	h.faults.mu.Unlock()
	if gone { // removed before it had begun
		end()
	}
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
	i := slices.IndexFunc(q.list, func(f *fault) bool { return f.ID == id })
	if i < 0 {
		q.mu.Unlock()
		return false
	}
	f := q.list[i]
	close(f.released)
	f.released = make(chan struct{})
	end := func() {}
	if remove || f.Times > 0 && f.Hits >= f.Times || f.line != nil && f.line.begin != nil {
		end = q.drop(i)
	}
	q.mu.Unlock()
	end()
	return true
}

// drop takes a fault out of the list. The caller holds the lock, and calls end when it does not any more.
func (q *faults) drop(i int) (end func()) {
	f := q.list[i]
	q.list = append(q.list[:i:i], q.list[i+1:]...)
	q.some.Store(len(q.list) > 0)
	if f.end == nil {
		return func() {}
	}
	return f.end
}

// clear takes all out of force, and lets go on what hangs in them; with last, for good. Then requests go on hanging: the end of the hub cuts them off.
func (q *faults) clear(last bool) {
	q.mu.Lock()
	list := q.list
	q.list, q.last, q.ended = nil, 0, q.ended || last
	q.some.Store(false)
	for _, f := range list {
		if !last || f.line != nil && f.line.stop != nil {
			close(f.released)
		}
	}
	q.mu.Unlock()
	for _, f := range list {
		if f.end != nil {
			f.end()
		}
	}
}

// armFaults puts those of the configuration in force.
func (h *Hub) armFaults() error {
	for i, f := range h.cfg.Faults {
		if _, err := h.AddFault(f); err != nil {
			return wrongField(fmt.Sprintf("Faults[%d]", i), err)
		}
	}
	return nil
}

// meet finds the first fault that is about something, and counts. One that has been used up is out of force from then on; if somebody may hang in it, it stays in the
// list until it is released.
func (h *Hub) meet(about func(*fault) bool) (hit, bool) {
	q := &h.faults
	if !q.some.Load() {
		return hit{}, false
	}
	now := h.cfg.Clock.Now()
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, f := range q.list {
		if !about(f) {
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
		met := hit{f.Fault, f.ID, f.line, f.released, now}
		if f.Times > 0 && f.Hits == f.Times && !f.hangs() && f.end == nil {
			q.drop(i)
		}
		return met, true
	}
	return hit{}, false
}

// asked says whether a scenario is in force that the hub asks for by name, and notes that the request of ctx met it.
func (h *Hub) asked(ctx context.Context, name string) bool {
	e, _ := ctx.Value(entryKey{}).(*entry)
	met, hits := h.meet(func(f *fault) bool {
		return f.Scenario.Name == name && (!f.ofRequests() || e != nil && f.matches(e))
	})
	if hits && e != nil {
		e.met(met)
	}
	return hits
}

// met notes which fault a request met.
func (e *entry) met(f hit) { e.Fault, e.Scenario = f.ID, f.Scenario.Name }

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
	f, met := h.meet(func(f *fault) bool {
		if !f.matches(e) {
			return false
		}
		l := f.line
		return l == nil || l.act != nil || l.meets != nil && l.meets(h, r, e, f.Scenario)
	})
	if !met {
		next.ServeHTTP(w, r)
		return
	}
	e.met(f)
	switch {
	case f.line != nil && f.line.act != nil:
		if err := f.line.act(context.WithoutCancel(r.Context()), h, f.Scenario); err != nil {
			h.log.Warn("a fault could not do what it was to do", "fault", f.ID, "scenario", f.Scenario.Name, "error", err)
		}
		e.loginKnown = false // it may have been that
		next.ServeHTTP(w, r)
		return
	case f.line != nil:
		f.line.serve(h, w, r, f, next)
		return
	}
	if !h.wait(r.Context(), f) {
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
func (h *Hub) wait(ctx context.Context, f hit) bool {
	if f.Delay > 0 && !h.pause(ctx, f, f.Delay) {
		return false
	}
	return !f.Hang || h.pause(ctx, f, forever)
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
