// Package testhost is the smallest hub that the tests of oauth can stand on: users, services and groups in memory, and a login cookie
// that is nothing but a name. It implements oauth.Host and httpapi.Models.
package testhost

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/httpapi"
	"github.com/hubshare/hubshare/scopes"
)

// Names of the cookies.
const (
	LoginCookie   = "login"
	SessionCookie = "jupyterhub-session-id"
)

// Person is a user or service.
type Person struct {
	Kind, Name string
	Roles      []string // raw scopes
	Shares     []string // expanded with the rest, but no role
	Groups     []string
	Until      time.Time
}

// Host keeps people by id, which is "id-" and the name they began with.
type Host struct {
	Registry *scopes.Registry
	mu       sync.Mutex
	people   map[oauth.OwnerRef]*Person
	sessions int
	asked    int
}

// New gives a hub without people.
func New(r *scopes.Registry) *Host {
	return &Host{Registry: r, people: map[oauth.OwnerRef]*Person{}}
}

// User adds or replaces a user and gives the reference.
func (h *Host) User(name string, roles ...string) oauth.OwnerRef {
	return h.Put(Person{Kind: oauth.KindUser, Name: name, Roles: roles})
}

// Put adds or replaces somebody.
func (h *Host) Put(p Person) oauth.OwnerRef {
	h.mu.Lock()
	defer h.mu.Unlock()
	ref := oauth.OwnerRef{Kind: p.Kind, ID: "id-" + p.Name}
	h.people[ref] = &p
	return ref
}

// Delete removes somebody, telling nobody.
func (h *Host) Delete(ref oauth.OwnerRef) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.people, ref)
}

// Asked counts the calls of Owner.
func (h *Host) Asked() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked
}

// Member answers from the people's own lists.
func (h *Host) Member(user, group string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.people {
		if p.Kind == oauth.KindUser && p.Name == user && slices.Contains(p.Groups, group) {
			return true
		}
	}
	return false
}

// Owner computes rights anew each time.
func (h *Host) Owner(_ context.Context, ref oauth.OwnerRef) (oauth.Owner, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked++
	p := h.people[ref]
	if p == nil {
		return oauth.Owner{}, oauth.ErrNoOwner
	}
	o := scopes.Owner{Kind: p.Kind, Name: p.Name}
	roles, err := scopes.ParseAll(p.Roles)
	if err != nil {
		return oauth.Owner{}, err
	}
	shares, err := scopes.ParseAll(p.Shares)
	return oauth.Owner{Owner: o, Roles: roles, Held: h.Registry.Held(o, roles, shares), Until: p.Until}, err
}

// OwnsServer compares the owner part with the user's name.
func (h *Host) OwnsServer(_ context.Context, user oauth.OwnerRef, server string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.people[user]
	return p != nil && strings.HasPrefix(server, p.Name+"/")
}

// Session believes the login cookie.
func (h *Host) Session(r *http.Request) (oauth.OwnerRef, string, bool) {
	session := ""
	if c, err := r.Cookie(SessionCookie); err == nil {
		session = c.Value
	}
	c, err := r.Cookie(LoginCookie)
	if err != nil {
		return oauth.OwnerRef{}, session, false
	}
	return oauth.OwnerRef{Kind: oauth.KindUser, ID: "id-" + c.Value}, session, true
}

// EnsureSession counts sessions.
func (h *Host) EnsureSession(w http.ResponseWriter, r *http.Request) string {
	if c, err := r.Cookie(SessionCookie); err == nil {
		return c.Value
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sessions++
	id := "session-" + strings.Repeat("x", h.sessions)
	http.SetCookie(w, &http.Cookie{Name: SessionCookie, Value: id, Path: "/", HttpOnly: true})
	return id
}

// LoginURL is where nobody ever goes.
func (h *Host) LoginURL(next string) string { return "/hub/login?next=" + escape(next) }

func escape(s string) string {
	return strings.NewReplacer("%", "%25", "&", "%26", "?", "%3F").Replace(s)
}

// Models shows a Host's people as httpapi wants them.
type Models struct{ *Host }

// User finds a user by the name they have now.
func (m Models) User(_ context.Context, name string) (oauth.OwnerRef, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for ref, p := range m.people {
		if ref.Kind == oauth.KindUser && p.Name == name {
			return ref, nil
		}
	}
	return oauth.OwnerRef{}, oauth.ErrNoOwner
}

// Model gives the fields that it knows.
func (m Models) Model(_ context.Context, ref oauth.OwnerRef, v httpapi.View) (map[string]any, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.people[ref]
	if p == nil {
		return nil, oauth.ErrNoOwner
	}
	all := map[string]any{"kind": p.Kind, "name": p.Name, "admin": false, "groups": slices.Clone(p.Groups), "roles": []string{"user"}, "pending": nil,
		"server": nil, "created": "2026-01-02T03:04:05Z", "last_activity": nil, "servers": map[string]any{}, "auth_state": nil}
	if p.Kind == oauth.KindService {
		all["roles"] = []string{}
		for name, value := range map[string]any{"url": nil, "prefix": "", "command": []string{}, "pid": 0, "info": nil, "display": nil} {
			all[name] = value
		}
	}
	if p.Groups == nil {
		all["groups"] = []string{}
	}
	out := map[string]any{}
	for _, f := range v.Fields {
		if value, ok := all[f]; ok {
			out[f] = value
		}
	}
	return out, nil
}
