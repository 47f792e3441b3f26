package hubsim

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/hubshare/hubshare/hubsim/proxy"
	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

// Request is one request that reached the hub or its proxy, and what became of it (HB-173). It holds no secret, unless [Config.RecordSecrets] asks for them.
type Request struct {
	ID         int64     `json:"id"` // from 1, in the order of their ends
	Time       time.Time `json:"time"`
	Method     string    `json:"method"`
	Path       string    `json:"path"`              // as sent
	Query      string    `json:"query,omitempty"`   // secrets removed
	URL        string    `json:"url"`               // path and query, secrets removed
	Target     string    `json:"target"`            // "hub", or the prefix of the server or service that it was forwarded to
	Handler    string    `json:"handler,omitempty"` // the hub's own path that took it, "/hub/api/users/{user}"
	ActorKind  string    `json:"actor_kind"`        // "user", "service", or "" = nobody known
	Actor      string    `json:"actor"`
	By         string    `json:"by,omitempty"` // ActorBrowser, ActorToken, ActorServer, ActorService, or "" = nobody known
	Credential string    `json:"credential"`   // "token", "cookie", "session" (of a visitor of a server), or ""
	TokenID    string    `json:"token_id,omitempty"`
	// Internal: one of the hub's own stand-in servers asked, not the code under test.
	Internal     bool    `json:"internal,omitempty"`
	Status       int     `json:"status"` // 0 = the client was cut off or left before there was an answer
	Milliseconds float64 `json:"ms"`
	Fault        int64   `json:"fault,omitempty"`    // id of the fault that it met
	Scenario     string  `json:"scenario,omitempty"` // and its name, if it has one
	// Body is the beginning of what a client sent in JSON or as a form; with secrets removed, those that are cut off are hidden whole.
	Body string `json:"body,omitempty"`
	// Secret is the token that came with it, if [Config.RecordSecrets] says so.
	Secret string `json:"secret,omitempty"`
	// Message is what the hub said to the client in a refusal, Why the whole reason: which scopes it took, which ones were there.
	Message string `json:"message,omitempty"`
	Why     string `json:"why,omitempty"`
}

// actor is who it was, for the log.
func (r Request) actor() string {
	switch {
	case r.Actor == "":
		return ""
	case r.ActorKind == oauth.KindService:
		return "service " + r.Actor
	}
	return r.Actor
}

// Requests gives the remembered requests that match, oldest first; nil matches all. Requests under way are not among them.
func (h *Hub) Requests(match func(Request) bool) []Request {
	h.requests.mu.Lock()
	defer h.requests.mu.Unlock()
	out := []Request{}
	for _, r := range h.requests.kept() {
		if match == nil || match(r.Request) {
			out = append(out, r.Request)
		}
	}
	return out
}

// ForgetRequests forgets those remembered so far.
func (h *Hub) ForgetRequests() {
	h.requests.mu.Lock()
	defer h.requests.mu.Unlock()
	h.requests.list = nil
}

// WaitRequest waits until a request that matches has been answered, and gives it (HB-167). Remembered ones count: to wait for a new one, compare IDs, or call
// [Hub.ForgetRequests] before.
func (h *Hub) WaitRequest(ctx context.Context, match func(Request) bool) (Request, error) {
	for {
		changed := h.requests.next() // before looking: none is missed
		if found := h.Requests(match); len(found) > 0 {
			return found[0], nil
		}
		select {
		case <-ctx.Done():
			return Request{}, fmt.Errorf("wait for a request: %w", context.Cause(ctx))
		case <-changed:
		}
	}
}

// requests are the last ones of a hub.
type requests struct {
	limit int

	mu       sync.Mutex
	list     []recorded
	last     int64
	changed  chan struct{}
	watchers map[*watcher]struct{}
	revoked  []revocation
	findings []Finding
}

// recorded is a request with what nobody gets to read: what was asked for and by which token, secrets and all. Only [Hub.AssertNoLeak] compares them.
type recorded struct {
	Request
	asked, token string
}

func recordLimit(configured int) int {
	switch {
	case configured < 0:
		return 0
	case configured == 0:
		return 1000
	}
	return configured
}

// kept are those that are remembered. The caller holds the lock.
func (q *requests) kept() []recorded { return q.list[max(0, len(q.list)-q.limit):] }

// next closes when another request comes.
func (q *requests) next() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.changed == nil {
		q.changed = make(chan struct{})
	}
	return q.changed
}

func (q *requests) add(r recorded) int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.last++
	r.ID = q.last
	for w := range q.watchers {
		w.tell(r.Request)
	}
	if q.limit == 0 {
		return r.ID
	}
	if len(q.list) >= 2*q.limit {
		n := copy(q.list, q.list[len(q.list)-q.limit+1:]) // not at every request
		clear(q.list[n:])
		q.list = q.list[:n]
	}
	q.list = append(q.list, r)
	if q.changed != nil {
		close(q.changed)
		q.changed = nil
	}
	return r.ID
}

// entry is a request under way. It belongs to the goroutine that serves it.
type entry struct {
	recorded
	visitor visitor
	hub     bool
	// login is whom the login cookie names, once somebody has looked: they look again and again.
	login      account
	loggedIn   bool
	loginKnown bool
	missing    []string
	version    string   // that the hub is to say it is of; "" = its own
	body       *copying // nil = none is kept
	// unknownPath: the API has no such path.
	unknownPath bool
}

type entryKey struct{}

func entryOf(r *http.Request) *entry {
	e, _ := r.Context().Value(entryKey{}).(*entry)
	return e
}

// noteHub says that the hub itself answers.
func noteHub(r *http.Request) {
	if e := entryOf(r); e != nil {
		e.hub = true
	}
}

// noteError keeps what a refusal was about.
func noteError(r *http.Request, err error) {
	e := entryOf(r)
	if e == nil {
		return
	}
	e.missing = missingIn(err)
	e.Message = messageIn(err)
}

// enter begins the record: who asks is settled before the request may end their session.
func (h *Hub) enter(r *http.Request) (*http.Request, *entry) {
	asked := requestURI(r)
	e := &entry{recorded: recorded{asked: asked, Request: Request{Time: h.cfg.Clock.Now().UTC(), Method: r.Method, Path: web.EscapedPath(r), URL: asked}}}
	if r.URL.RawQuery != "" || strings.Contains(asked, "%") {
		e.URL = web.ScrubURL(asked)
		_, e.Query, _ = strings.Cut(e.URL, "?")
	}
	if h.cfg.RecordSecrets {
		e.URL, e.Query = asked, r.URL.RawQuery
	}
	r = r.WithContext(context.WithValue(r.Context(), entryKey{}, e))
	e.Internal = h.tookMark(r)
	h.copyBody(r, e)
	h.attribute(r, e)
	e.By = e.actorKind()
	return r, e
}

// attribute finds out who asks. It takes nobody's word for more than the log.
func (h *Hub) attribute(r *http.Request, e *entry) {
	if secret, ok := web.BearerToken(r); ok {
		e.Credential, e.token = "token", secret
		if h.cfg.RecordSecrets {
			e.Secret = secret
		}
		if id, err := h.provider.Authenticate(r.Context(), secret); err == nil {
			e.ActorKind, e.Actor, e.TokenID = id.Owner.Kind, id.Name, tokenName(id.TokenID)
			e.visitor = visitor{token: &id, scopes: id.Effective}
			e.visitor.ref.ID = id.Owner.ID
		}
		return
	}
	if a, ok := h.loggedIn(r); ok {
		e.Credential, e.ActorKind, e.Actor = "cookie", oauth.KindUser, a.Name
		e.visitor = visitor{account: a, ref: a.ref(), cookie: true}
		return
	}
	session := sessionID(r)
	if session == "" {
		return
	}
	clients, ok := h.live.who(proxy.SessionKey(session))
	if !ok || len(clients) != 1 {
		return
	}
	for owner := range clients {
		if a, ok := h.roster.userByID(owner.ID); ok && owner.Kind == oauth.KindUser {
			e.Credential, e.ActorKind, e.Actor = "session", oauth.KindUser, a.Name
			e.visitor.ref = a.ref()
		}
	}
}

// leave ends the record.
func (h *Hub) leave(r *http.Request, e *entry, rec *recorder, took time.Duration) {
	e.Status = rec.status
	e.Milliseconds = float64(took.Microseconds()) / 1000
	e.Target = "hub"
	if !e.hub {
		e.Target, _ = h.proxy.Lookup(r)
		h.reached(e.Target, e.Status)
	}
	if e.Status >= 400 {
		if e.Message == "" && len(rec.refusal) > 0 {
			var said struct {
				Message          string `json:"message"`
				ErrorDescription string `json:"error_description"`
			}
			_ = json.Unmarshal(rec.refusal, &said) // what is cut off or of another shape says nothing
			e.Message = strings.TrimSpace(said.Message + said.ErrorDescription)
		}
		switch {
		case e.hub:
			e.Why = h.explain(r.Context(), e)
		case e.Status >= 500 && r.Context().Err() != nil:
			e.Why = clientLeft
		}
	}
	e.Body = e.body.text(h.cfg.RecordSecrets)
	h.noteTokenEnd(e)
	h.judge(r, e)
	e.ID = h.requests.add(e.recorded)
}

// held is what the caller may do now, for an explanation.
func (h *Hub) held(ctx context.Context, e *entry) scopes.Set {
	if !e.visitor.cookie {
		return e.visitor.scopes
	}
	o, err := h.rights(ctx, e.visitor.account.ID)
	if err != nil {
		return scopes.Set{}
	}
	return o.Held
}
