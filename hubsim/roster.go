package hubsim

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// roster is who exists on this hub: users, groups, who is in them, which roles they hold, and the users' servers. It answers
// from memory; what must survive a restart is written through to the database first (see rosterdb.go).
// It owns its values: callers get copies.
type roster struct {
	db       *rosterDB
	registry *scopes.Registry
	roles    map[string]heldRole // by role name
	// resolution is the shortest time between two recorded activities; named is how many named servers a user may have, 0 = any number.
	resolution time.Duration
	named      int

	mu      sync.RWMutex
	users   map[string]*user   // by name
	byID    map[string]*user   // by id
	groups  map[string]*group  // by name
	servers map[string]*server // by id
}

// heldRole is a role with its parsed scopes and those whom the configuration gives it to.
type heldRole struct {
	name                    string
	scopes                  []scopes.Scope
	users, groups, services map[string]bool // names
}

type user struct {
	id, name, cookieID    string
	admin                 bool
	created, lastActivity time.Time          // zero activity = never
	servers               map[string]*server // by name; "" always exists
	groups                map[string]bool    // names
	authState             json.RawMessage    // what an administrator keeps with the user; in memory alone, since it may hold secrets
}

type group struct {
	id, name   string
	properties json.RawMessage // a JSON object
}

// noProperties are those of a new group.
var noProperties = json.RawMessage("{}")

// account is a copy of what a request needs to know about a user.
type account struct {
	ID, Name, CookieID    string
	Admin                 bool
	Created, LastActivity time.Time
	Groups, Roles         []string // names, sorted
	AuthState             json.RawMessage
}

func (a account) ref() sharing.Ref {
	return sharing.Ref{Kind: sharing.KindUser, ID: a.ID, Name: a.Name}
}

func (a account) owner() scopes.Owner { return scopes.Owner{Kind: scopes.KindUser, Name: a.Name} }

func (r *roster) copyOf(u *user) account {
	a := account{ID: u.id, Name: u.name, CookieID: u.cookieID, Admin: u.admin, Created: u.created, LastActivity: u.lastActivity,
		AuthState: u.authState, Groups: slices.Sorted(maps.Keys(u.groups))}
	for _, role := range r.roles {
		if r.holds(u, role) {
			a.Roles = append(a.Roles, role.name)
		}
	}
	slices.Sort(a.Roles)
	return a
}

// holds says whether a user has a role of their own; their groups' roles are not theirs (SC-304).
func (r *roster) holds(u *user, role heldRole) bool {
	return role.name == "user" || role.name == "admin" && u.admin || role.users[u.name]
}

// rawScopes are those of a user's roles and of their groups' roles (SC-304).
func (r *roster) rawScopes(id string) (a account, raw []scopes.Scope, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	u := r.byID[id]
	if u == nil {
		return account{}, nil, false
	}
	for _, role := range r.roles {
		byGroup := false
		for g := range role.groups {
			byGroup = byGroup || u.groups[g]
		}
		if byGroup || r.holds(u, role) {
			raw = append(raw, role.scopes...)
		}
	}
	slices.SortFunc(raw, scopes.Compare)
	return r.copyOf(u), slices.Compact(raw), true
}

func (r *roster) userByName(name string) (account, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	u := r.users[name]
	if u == nil {
		return account{}, false
	}
	return r.copyOf(u), true
}

func (r *roster) userByID(id string) (account, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	u := r.byID[id]
	if u == nil {
		return account{}, false
	}
	return r.copyOf(u), true
}

// ensureUser gives a user, making them if they are new (HB-26).
func (r *roster) ensureUser(ctx context.Context, name string, admin bool, now time.Time) (account, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.ensureLocked(ctx, []User{{Name: name, Admin: admin}}, now); err != nil {
		return account{}, err
	}
	return r.copyOf(r.users[name]), nil
}

// ensureUsers makes those who are new, in the order of the list.
func (r *roster) ensureUsers(ctx context.Context, list []User, now time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ensureLocked(ctx, list, now)
}

// strangers are those of a list who do not exist yet, each once. The caller holds the lock.
func (r *roster) strangers(list []User) (fresh []User) {
	named := map[string]bool{}
	for _, u := range list {
		if r.users[u.Name] == nil && !named[u.Name] {
			named[u.Name] = true
			fresh = append(fresh, User{Name: u.Name, Admin: u.Admin})
		}
	}
	return fresh
}

func (r *roster) ensureLocked(ctx context.Context, list []User, now time.Time) error {
	if fresh := r.strangers(list); len(fresh) > 0 {
		made, err := r.db.addUsers(ctx, fresh, now)
		if err != nil {
			return err
		}
		for _, u := range made {
			r.adopt(u)
		}
	}
	for _, o := range list {
		u := r.users[o.Name]
		if !o.Admin || u.admin {
			continue
		}
		if err := r.db.setAdmin(ctx, u.id, true); err != nil {
			return err
		}
		u.admin = true
	}
	return nil
}

// adopt enters a user with their servers. The caller holds the lock.
func (r *roster) adopt(u *user) {
	r.users[u.name], r.byID[u.id] = u, u
	for _, s := range u.servers {
		r.servers[s.id] = s
	}
}

// ensureGroup makes a group if it is new, and puts users into it who exist already.
func (r *roster) ensureGroup(ctx context.Context, name string, members []string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.groups[name]
	if g == nil {
		made, err := r.db.addGroup(ctx, name)
		if err != nil {
			return err
		}
		g = made
		r.groups[name] = g
	}
	var fresh []*user
	for _, m := range members {
		if u := r.users[m]; u != nil && !u.groups[name] {
			fresh = append(fresh, u)
		}
	}
	return r.join(ctx, g, fresh)
}

// join puts users into a group. The caller holds the lock.
func (r *roster) join(ctx context.Context, g *group, users []*user) error {
	ids := make([]string, len(users))
	for i, u := range users {
		ids[i] = u.id
	}
	if err := r.db.addMembers(ctx, g.id, ids...); err != nil {
		return err
	}
	for _, u := range users {
		u.groups[g.name] = true
	}
	return nil
}

// ensureServer gives a user's server, making a named one if it is new.
func (r *roster) ensureServer(ctx context.Context, userID, name string) (*server, error) {
	s, _, err := r.addServer(ctx, userID, name)
	return s, err
}

// addServer gives a user's server, making a named one if it is new, and says whether it was. Errors: sharing.ErrNoSuchUser once they
// are gone, errTooManyServers.
func (r *roster) addServer(ctx context.Context, userID, name string) (s *server, made bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.byID[userID]
	if u == nil {
		return nil, false, sharing.ErrNoSuchUser
	}
	if s := u.servers[name]; s != nil {
		return s, false, nil
	}
	if r.named > 0 && name != "" && len(u.servers) > r.named { // the default one is among them
		return nil, false, errTooManyServers
	}
	if s, err = r.db.addServer(ctx, u, name); err != nil {
		return nil, false, err
	}
	u.servers[name], r.servers[s.id] = s, s
	return s, true, nil
}

// dropServer removes a named server's record. errActive: it runs again by now.
func (r *roster) dropServer(ctx context.Context, s *server) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.servers[s.id] != s: // somebody was faster
		return nil
	case !s.retire(true):
		return errActive
	}
	if err := r.db.dropServer(ctx, s.id); err != nil {
		s.retire(false)
		return err
	}
	delete(r.servers, s.id)
	delete(s.owner.servers, s.name)
	return nil
}

// server gives the record of an owner's server, if there is one.
func (r *roster) server(owner, name string) (*server, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	u := r.users[owner]
	if u == nil {
		return nil, false
	}
	s, ok := u.servers[name]
	return s, ok
}

// serversOf lists a user's servers by name.
func (r *roster) serversOf(userID string) []*server {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []*server
	if u := r.byID[userID]; u != nil {
		out = slices.Collect(maps.Values(u.servers))
	}
	slices.SortFunc(out, func(a, b *server) int { return cmp.Compare(a.name, b.name) })
	return out
}

// allServers lists every server record in the order of ids.
func (r *roster) allServers() []*server {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := slices.Collect(maps.Values(r.servers))
	slices.SortFunc(out, func(a, b *server) int { return cmp.Or(cmp.Compare(len(a.id), len(b.id)), cmp.Compare(a.id, b.id)) })
	return out
}

// touch records activity of a user and gives the last that is known; times only grow, at most once per resolution (HB-91).
func (r *roster) touch(userID string, at time.Time) (last time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.byID[userID]
	if u == nil {
		return last
	}
	if since := at.Sub(u.lastActivity); since > 0 && since >= r.resolution {
		u.lastActivity = at
	}
	return u.lastActivity
}

// membersOf lists the ids of a group's members.
func (r *roster) membersOf(groupID string) []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []string
	for _, g := range r.groups {
		if g.id != groupID {
			continue
		}
		for id, u := range r.byID {
			if u.groups[g.name] {
				out = append(out, id)
			}
		}
	}
	return out
}

// What follows makes the roster a sharing.Directory.

var (
	_ sharing.Directory    = (*roster)(nil)
	_ sharing.ServerLister = (*roster)(nil)
)

func (r *roster) Member(userName, groupName string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	u := r.users[userName]
	return u != nil && u.groups[groupName]
}

func (s *server) shared() sharing.Server {
	return sharing.Server{ID: s.id, Name: s.name, Owner: sharing.Ref{Kind: sharing.KindUser, ID: s.owner.id, Name: s.owner.name}}
}

func (r *roster) FindServer(_ context.Context, owner, name string) (sharing.Server, error) {
	s, ok := r.server(owner, name)
	if !ok {
		return sharing.Server{}, sharing.ErrNoSuchServer
	}
	return s.shared(), nil
}

func (r *roster) Find(_ context.Context, kind, name string) (sharing.Ref, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	switch kind {
	case sharing.KindGroup:
		if g := r.groups[name]; g != nil {
			return sharing.Ref{Kind: kind, ID: g.id, Name: g.name}, nil
		}
		return sharing.Ref{}, sharing.ErrNoSuchGroup
	default:
		if u := r.users[name]; u != nil {
			return sharing.Ref{Kind: sharing.KindUser, ID: u.id, Name: u.name}, nil
		}
		return sharing.Ref{}, sharing.ErrNoSuchUser
	}
}

func (r *roster) Servers(_ context.Context, ids []string) (map[string]sharing.Server, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make(map[string]sharing.Server, len(ids))
	for _, id := range ids {
		if s := r.servers[id]; s != nil {
			out[id] = s.shared()
		}
	}
	return out, nil
}

func (r *roster) Refs(_ context.Context, ids []string) (map[string]sharing.Ref, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make(map[string]sharing.Ref, len(ids))
	byID := make(map[string]*group, len(r.groups))
	for _, g := range r.groups {
		byID[g.id] = g
	}
	for _, id := range ids {
		if u := r.byID[id]; u != nil {
			out[id] = sharing.Ref{Kind: sharing.KindUser, ID: u.id, Name: u.name}
		} else if g := byID[id]; g != nil {
			out[id] = sharing.Ref{Kind: sharing.KindGroup, ID: g.id, Name: g.name}
		}
	}
	return out, nil
}

func (r *roster) ServersOf(_ context.Context, ownerID string) ([]sharing.Server, error) {
	records := r.serversOf(ownerID)
	out := make([]sharing.Server, len(records))
	for i, s := range records {
		out[i] = s.shared()
	}
	return out, nil
}

func (r *roster) GroupsOf(_ context.Context, userID string) ([]string, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []string
	if u := r.byID[userID]; u != nil {
		for name := range u.groups {
			out = append(out, r.groups[name].id)
		}
	}
	slices.Sort(out)
	return out, nil
}
