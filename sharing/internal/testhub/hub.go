// Package testhub is the smallest hub that sharing can be mounted in, for the tests of sharing and its HTTP handlers: an address book, role
// scopes, tokens and login cookies that are taken at their word. It is no example of how to authenticate anybody.
package testhub

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"sync"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/httpapi"
)

// Hub implements sharing.Directory, sharing.ServerLister and httpapi.Host. Service has to be set before anybody is identified. Safe for concurrent use.
type Hub struct {
	Service *sharing.Service
	BaseURL string // "" = "/"

	mu      sync.Mutex
	last    int
	refs    map[string]sharing.Ref    // by kind and name
	servers map[string]sharing.Server // by id; Owner.Name may be old
	members map[string][]string       // user ids by group id
	roles   map[string][]string       // raw scopes by id of a user or service
	tokens  map[string]token
	ready   map[string]bool // by server id
	asked   int             // calls of Servers and Refs
}

type token struct {
	owner string // "user:NAME" or "service:NAME"
	raw   []string
}

// New makes a hub without anybody in it.
func New() *Hub {
	return &Hub{
		refs: map[string]sharing.Ref{}, servers: map[string]sharing.Server{}, members: map[string][]string{},
		roles: map[string][]string{}, tokens: map[string]token{}, ready: map[string]bool{},
	}
}

func (h *Hub) id(kind string) string {
	h.last++
	return kind + "-" + strconv.Itoa(h.last)
}

// AddUser adds a user with a default server and these role scopes, and gives them a token named after them.
func (h *Hub) AddUser(name string, roles ...string) sharing.Ref {
	h.mu.Lock()
	ref := sharing.Ref{Kind: sharing.KindUser, ID: h.id("user"), Name: name}
	h.refs["user:"+name] = ref
	h.roles[ref.ID] = roles
	h.tokens[name+"-token"] = token{owner: "user:" + name, raw: []string{"inherit"}}
	h.mu.Unlock()
	h.AddServer(name, "")
	return ref
}

// AddService adds a service with these role scopes, and gives it a token named after it.
func (h *Hub) AddService(name string, roles ...string) sharing.Ref {
	h.mu.Lock()
	defer h.mu.Unlock()
	ref := sharing.Ref{Kind: sharing.KindService, ID: h.id("service"), Name: name}
	h.refs["service:"+name] = ref
	h.roles[ref.ID] = roles
	h.tokens[name+"-token"] = token{owner: "service:" + name, raw: []string{"inherit"}}
	return ref
}

// AddServer adds a server that is not running.
func (h *Hub) AddServer(owner, name string) sharing.Server {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := sharing.Server{ID: h.id("server"), Owner: h.refs["user:"+owner], Name: name}
	h.servers[s.ID] = s
	return s
}

// AddGroup adds a group of users, given by name.
func (h *Hub) AddGroup(name string, users ...string) sharing.Ref {
	h.mu.Lock()
	defer h.mu.Unlock()
	ref := sharing.Ref{Kind: sharing.KindGroup, ID: h.id("group"), Name: name}
	h.refs["group:"+name] = ref
	for _, u := range users {
		h.members[ref.ID] = append(h.members[ref.ID], h.refs["user:"+u].ID)
	}
	return ref
}

// AddToken gives a user a token that may do no more than these raw scopes.
func (h *Hub) AddToken(secret, owner string, raw ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tokens[secret] = token{"user:" + owner, raw}
}

// Start makes a server run.
func (h *Hub) Start(s sharing.Server) { h.mu.Lock(); defer h.mu.Unlock(); h.ready[s.ID] = true }

// Stop ends a server, and says so to sharing.
func (h *Hub) Stop(ctx context.Context, s sharing.Server) error {
	h.mu.Lock()
	h.ready[s.ID] = false
	h.mu.Unlock()
	return h.Service.ServerStopped(ctx, s)
}

// Empty makes everybody leave a group.
func (h *Hub) Empty(group sharing.Ref) { h.mu.Lock(); defer h.mu.Unlock(); h.members[group.ID] = nil }

// Rename gives a user or group another name, and the token of that name.
func (h *Hub) Rename(ref sharing.Ref, name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.refs, ref.Kind+":"+ref.Name)
	ref.Name = name
	h.refs[ref.Kind+":"+name] = ref
	h.tokens[name+"-token"] = token{owner: "user:" + name, raw: []string{"inherit"}}
}

// RenameServer gives a server another name.
func (h *Hub) RenameServer(id, name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.servers[id]
	s.Name = name
	h.servers[id] = s
}

// Join puts a user into a group.
func (h *Hub) Join(group, user sharing.Ref) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.members[group.ID] = append(h.members[group.ID], user.ID)
}

// RemoveServer and Remove delete the hub's own row, and say nothing to sharing yet.
func (h *Hub) RemoveServer(id string) { h.mu.Lock(); defer h.mu.Unlock(); delete(h.servers, id) }

// Remove deletes a user, with servers, or a group.
func (h *Hub) Remove(ref sharing.Ref) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.refs, ref.Kind+":"+ref.Name)
	for id, s := range h.servers {
		if s.Owner.ID == ref.ID {
			delete(h.servers, id)
		}
	}
}

// Asked gives how often the batched methods were called since the last time.
func (h *Hub) Asked() int { h.mu.Lock(); defer h.mu.Unlock(); n := h.asked; h.asked = 0; return n }

// Server gives a server as it is now; it panics if there is none.
func (h *Hub) Server(owner, name string) sharing.Server {
	s, err := h.FindServer(context.Background(), owner, name)
	if err != nil {
		panic(err)
	}
	return s
}

// Caller gives a user with all that they may do now, shares included.
func (h *Hub) Caller(ctx context.Context, name string) sharing.Caller {
	return h.caller(ctx, "user:"+name)
}

func (h *Hub) caller(ctx context.Context, key string) sharing.Caller {
	h.mu.Lock()
	ref, roles := h.refs[key], []string(nil)
	roles = append(roles, h.roles[ref.ID]...)
	h.mu.Unlock()
	raw, err := scopes.ParseAll(roles)
	if err != nil {
		panic(err)
	}
	shared, _, err := h.Service.SharedScopes(ctx, ref.ID)
	if err != nil {
		panic(err)
	}
	return sharing.Caller{Ref: ref, Scopes: h.Service.Registry.Held(scopes.Owner{Kind: ref.Kind, Name: ref.Name}, raw, shared)}
}

var (
	_ sharing.Directory    = (*Hub)(nil)
	_ sharing.ServerLister = (*Hub)(nil)
	_ httpapi.Host         = (*Hub)(nil)
)

// Member is scopes.Groups.
func (h *Hub) Member(user, group string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	id := h.refs["user:"+user].ID
	for _, m := range h.members[h.refs["group:"+group].ID] {
		if m == id {
			return true
		}
	}
	return false
}

// current is a server under its owner's present name; the lock is held.
func (h *Hub) current(s sharing.Server) (sharing.Server, bool) {
	for _, ref := range h.refs {
		if ref.ID == s.Owner.ID {
			s.Owner = ref
			return s, true
		}
	}
	return sharing.Server{}, false
}

// FindServer is of sharing.Directory, like the next four.
func (h *Hub) FindServer(_ context.Context, owner, name string) (sharing.Server, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.servers {
		if s, ok := h.current(s); ok && s.Owner.Name == owner && s.Name == name {
			return s, nil
		}
	}
	return sharing.Server{}, sharing.ErrNoSuchServer
}

// Find gives a user or group.
func (h *Hub) Find(_ context.Context, kind, name string) (sharing.Ref, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	ref, ok := h.refs[kind+":"+name]
	switch {
	case ok:
		return ref, nil
	case kind == sharing.KindGroup:
		return ref, sharing.ErrNoSuchGroup
	}
	return ref, sharing.ErrNoSuchUser
}

// Servers gives servers by id.
func (h *Hub) Servers(_ context.Context, ids []string) (map[string]sharing.Server, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked++
	out := map[string]sharing.Server{}
	for _, id := range ids {
		if s, ok := h.current(h.servers[id]); ok {
			out[id] = s
		}
	}
	return out, nil
}

// Refs gives users and groups by id.
func (h *Hub) Refs(_ context.Context, ids []string) (map[string]sharing.Ref, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked++
	byID, out := map[string]sharing.Ref{}, map[string]sharing.Ref{}
	for _, ref := range h.refs {
		byID[ref.ID] = ref
	}
	for _, id := range ids {
		if ref, ok := byID[id]; ok {
			out[id] = ref
		}
	}
	return out, nil
}

// GroupsOf lists a user's groups.
func (h *Hub) GroupsOf(_ context.Context, userID string) (groups []string, _ error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for group, users := range h.members {
		for _, u := range users {
			if u == userID {
				groups = append(groups, group)
			}
		}
	}
	return groups, nil
}

// ServersOf is of sharing.ServerLister.
func (h *Hub) ServersOf(_ context.Context, ownerID string) (out []sharing.Server, _ error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.servers {
		if s, ok := h.current(s); ok && s.Owner.ID == ownerID {
			out = append(out, s)
		}
	}
	return out, nil
}

// Identify believes "Authorization: token NAME-token", else the login cookie.
func (h *Hub) Identify(r *http.Request) (httpapi.Visitor, bool, error) {
	if secret, ok := web.BearerToken(r); ok {
		h.mu.Lock()
		t, known := h.tokens[secret]
		h.mu.Unlock()
		if known {
			by := h.caller(r.Context(), t.owner)
			raw, err := scopes.ParseAll(t.raw)
			if err != nil {
				return httpapi.Visitor{}, false, err
			}
			owner := scopes.Owner{Kind: by.Kind, Name: by.Name}
			by.Scopes = h.Service.Registry.Effective(raw, owner, scopes.Client{}, by.Scopes, h)
			return httpapi.Visitor{Caller: by}, true, nil
		}
	}
	return h.IdentifyCookie(r)
}

// IdentifyCookie believes a cookie "login" with a user's name.
func (h *Hub) IdentifyCookie(r *http.Request) (v httpapi.Visitor, ok bool, err error) {
	if c, err := r.Cookie("session"); err == nil {
		v.Session = c.Value
	}
	c, err := r.Cookie("login")
	if err != nil {
		return v, false, nil
	}
	if v.Caller = h.Caller(r.Context(), c.Value); v.ID == "" {
		return httpapi.Visitor{Session: v.Session}, false, nil
	}
	v.Cookie = true
	return v, true, nil
}

// LoginURL is httpapi.Host's.
func (h *Hub) LoginURL(next string) string {
	return h.base() + "hub/login?next=" + url.QueryEscape(next)
}

// ServerURL is httpapi.Host's; this hub does not know its public address.
func (h *Hub) ServerURL(s sharing.Server) (path, full string, ready bool) {
	path = h.base() + "user/" + web.EscapeSegment(s.Owner.Name) + "/"
	if s.Name != "" {
		path += web.EscapeSegment(s.Name) + "/"
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return path, "", h.ready[s.ID]
}

func (h *Hub) base() string {
	if h.BaseURL == "" {
		return "/"
	}
	return h.BaseURL
}
