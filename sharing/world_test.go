package sharing_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/internal/refstore"
	"github.com/hubshare/hubshare/sharing/internal/testhub"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

// What random operations are about. Roles: boss may do everything; sharers may share their servers; the others may not.
var (
	someBases = []string{"access:servers", "read:servers", "servers", "shares"}
	// implied is what the scopes above and the filter of a server give together (SH-33), as far as it matters here.
	implied = map[string][]string{
		"shares":  {"access:servers", "read:shares"},
		"servers": {"read:servers"},
	}
	someNames = []string{"alice", "bob", "carol", "dave", "ann@example.org", "ann@evil.example.org"}
	// someLengths are how long access may last, in seconds; one of them is too short.
	someLengths = []int{0, 0, 0, 60, 600, 3600, 59}
)

const (
	bossRole   = "boss"
	sharerRole = "sharer"
	plainRole  = "plain"
)

type secretCode struct {
	id     int64
	server string
	secret sharing.Secret
}

// Ids are compared as well, without gaps between them: that is more than SH-6 asks for, and what a store on SQLite gives.

// world is a service on a real store, with everything that is needed to say beforehand what it has to answer: a hub, and the reference
// store, which is told the same in the terms of a store.
type world struct {
	*sharing.Service
	hub  *testhub.Hub
	want *refstore.Store
	now  time.Time

	users   []sharing.Ref // with their present names; deleted ones are not in here
	roles   map[string]string
	groups  []sharing.Ref
	members map[string][]string // user ids by group id
	servers []sharing.Server
	gone    []vanished
	codes   []secretCode

	told, recorded []sharing.Change // by the service, and in its store
	steps          int
	subject        string // id of the user whom the last operation was about
	lapsing        lapse
	ends           []time.Time // of what was made with one
}

// vanished is what was forgotten; early while the hub still has it.
type vanished struct {
	sharing.GoneError
	at    time.Time
	early bool
}

// lapse is the last pair of ids that had something with an end.
type lapse struct{ server, user string }

func newWorld(t *rapid.T) *world {
	store, err := sqlstore.Open(t.Context(), "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	w := &world{hub: testhub.New(), want: refstore.New(), now: start, roles: map[string]string{}, members: map[string][]string{}}
	w.Service = &sharing.Service{
		Store: store, Directory: w.hub, Registry: scopes.New(scopes.P55), Now: func() time.Time { return w.now },
		Rand: rand.NewChaCha8([32]byte{5}), Quotas: sharing.NoQuotas(), // which have tests of their own
		OnChange: func(_ context.Context, c sharing.Change) { w.told = append(w.told, c) },
	}
	w.hub.Service = w.Service
	w.addUser("admin", bossRole)
	w.addUser("alice", sharerRole)
	w.addServer(w.users[1], "lab")
	w.addUser("bob", sharerRole)
	w.addUser("carol", plainRole)
	for _, name := range []string{"team", "club"} {
		w.groups = append(w.groups, w.hub.AddGroup(name))
	}
	w.join(w.groups[0], w.users[2])
	w.join(w.groups[0], w.users[3])
	return w
}

func (w *world) addUser(name, role string) {
	roles := map[string][]string{
		bossRole:   {"self", "shares", "users:shares", "groups:shares", "servers", "list:users", "list:groups", "admin:servers"},
		sharerRole: {"self", "shares!user"},
		plainRole:  {"self"},
	}[role]
	ref := w.hub.AddUser(name, roles...)
	w.users = append(w.users, ref)
	w.roles[ref.ID] = role
	w.servers = append(w.servers, w.hub.Server(name, ""))
}

func (w *world) addServer(owner sharing.Ref, name string) {
	w.servers = append(w.servers, w.hub.AddServer(owner.Name, name))
}

func (w *world) join(group, user sharing.Ref) {
	if !slices.Contains(w.members[group.ID], user.ID) {
		w.members[group.ID] = append(w.members[group.ID], user.ID)
		w.hub.Join(group, user)
	}
}

func (w *world) groupsOf(userID string) (out []string) {
	for id, members := range w.members {
		if slices.Contains(members, userID) {
			out = append(out, id)
		}
	}
	return out
}

func (w *world) user(id string) sharing.Ref {
	return w.users[slices.IndexFunc(w.users, func(u sharing.Ref) bool { return u.ID == id })]
}

// current is a server with its owner's present name.
func (w *world) current(s sharing.Server) sharing.Server {
	s.Owner = w.user(s.Owner.ID)
	return s
}

func (w *world) serverByID(id string) sharing.Server {
	return w.current(w.servers[slices.IndexFunc(w.servers, func(s sharing.Server) bool { return s.ID == id })])
}

// act is what the service says of somebody's doing, in the names of now.
func (w *world) act(by sharing.Ref, srv sharing.Server, to ...sharing.GranteeName) sharing.Act {
	if srv.ID == "" {
		return sharing.Act{}
	}
	srv = w.current(srv)
	a := sharing.Act{Actor: w.user(by.ID), Server: srv.Owner.Name + "/" + srv.Name}
	for _, g := range to {
		a.Grantees = append(a.Grantees, g.Kind+":"+g.Name)
	}
	return a
}

// serverOf is the server of a code, if it is still there.
func (w *world) serverOf(c secretCode) sharing.Server {
	i := slices.IndexFunc(w.servers, func(s sharing.Server) bool { return s.ID == c.server })
	if i < 0 {
		return sharing.Server{}
	}
	return w.servers[i]
}

// found is the server of that name, if there is one now.
func (w *world) found(n sharing.ServerName) (sharing.Server, bool) {
	for _, s := range w.servers {
		if s := w.current(s); s.Owner.Name == n.Owner && s.Name == n.Name {
			return s, true
		}
	}
	return sharing.Server{}, false
}

func (w *world) foundGrantee(g sharing.GranteeName) (sharing.Ref, bool) {
	refs := w.users
	if g.Kind == sharing.KindGroup {
		refs = w.groups
	}
	i := slices.IndexFunc(refs, func(r sharing.Ref) bool { return r.Name == g.Name })
	if i < 0 {
		return sharing.Ref{}, false
	}
	return refs[i], true
}

// shared gives what a user holds by shares, implied scopes included, by server id.
func (w *world) shared(t *rapid.T, userID string) map[string][]string {
	rows, _, err := w.want.ScopesOf(t.Context(), w.now, userID, w.groupsOf(userID))
	require.NoError(t, err)
	out := map[string][]string{}
	for _, row := range rows {
		for _, base := range row.Bases {
			out[row.ServerID] = append(append(out[row.ServerID], base), implied[base]...)
		}
	}
	return out
}

// holds says whether a user holds one of someBases on a server that is called so, whether it exists or not.
func (w *world) holds(t *rapid.T, by sharing.Ref, base string, n sharing.ServerName) bool {
	role := w.roles[by.ID]
	if role == bossRole || n.Owner == by.Name && (role == sharerRole || base != "shares") {
		return true
	}
	srv, ok := w.found(n)
	return ok && slices.Contains(w.shared(t, by.ID)[srv.ID], base)
}

// gate is SH-54 for the scope "shares" on a server.
func (w *world) gate(t *rapid.T, by sharing.Ref, n sharing.ServerName) error {
	if w.holds(t, by, "shares", n) {
		return nil
	}
	if w.roles[by.ID] == sharerRole {
		return sharing.ErrHidden
	}
	for _, bases := range w.shared(t, by.ID) {
		if slices.Contains(bases, "shares") {
			return sharing.ErrHidden
		}
	}
	return sharing.ErrNotAllowed
}

// bases is SH-34 … SH-37, for the forms in which scopes are drawn.
func wantedBases(requested []string, n sharing.ServerName) ([]string, error) {
	if len(requested) == 0 {
		return []string{"access:servers"}, nil
	}
	if slices.Contains(requested, "nope") {
		return nil, sharing.ErrInvalidScope
	}
	seen := map[string]bool{}
	for _, text := range requested {
		base, ok := stripped(text, n)
		if !ok {
			return nil, sharing.ErrScopeFilter
		}
		seen[base] = true
	}
	var out []string
	for _, base := range someBases {
		if seen[base] {
			out = append(out, base)
		}
	}
	slices.Sort(out)
	return out, nil
}

// stripped is the base that a text means on this server; not ok if it is filtered for something else.
func stripped(text string, n sharing.ServerName) (base string, ok bool) {
	for _, base := range someBases {
		if text == base || text == fmt.Sprintf("%s!server=%s/%s", base, n.Owner, n.Name) {
			return base, true
		}
	}
	return "", false
}

// The lines that are compared: everything that a client could see of a share or a code, and its id.

func shareLine(s sharing.Share) string {
	line := fmt.Sprintf("%d %s of %s with %s:%s=%s may %v since %s until %s",
		s.ID, s.Server, s.Server.ID, s.Grantee.Kind, s.Grantee.ID, s.Grantee.Name, scopes.Strings(s.Scopes), s.CreatedAt, s.ExpiresAt)
	for _, g := range s.Grants {
		line += grantLine(scopes.Strings(g.Scopes), g.CodeID, g.ActorID, g.GrantedAt, g.Ends)
	}
	return line
}

func grantLine(list []string, codeID int64, actorID string, at time.Time, e sharing.Ends) string {
	return fmt.Sprintf("; %v by code %d of %s at %s until %s, session %t", list, codeID, actorID, at, e.ExpiresAt, e.Session)
}

func (w *world) wantShareLine(row sharing.StoredShare) string {
	srv := w.serverByID(row.ServerID)
	refs := append(slices.Clone(w.users), w.groups...)
	to := refs[slices.IndexFunc(refs, func(r sharing.Ref) bool { return r.ID == row.Grantee.ID })]
	end, grants := time.Time{}, ""
	for _, g := range row.Grants {
		grants += grantLine(onServer(g.Bases, srv), g.CodeID, g.ActorID, g.GrantedAt, g.Ends)
		if g.ExpiresAt.After(end) {
			end = g.ExpiresAt
		}
	}
	if slices.ContainsFunc(row.Grants, func(g sharing.StoredGrant) bool { return g.ExpiresAt.IsZero() }) {
		end = time.Time{}
	}
	return fmt.Sprintf("%d %s/%s of %s with %s:%s=%s may %v since %s until %s%s",
		row.ID, srv.Owner.Name, srv.Name, srv.ID, row.Grantee.Kind, to.ID, to.Name, onServer(row.Bases, srv), row.CreatedAt, end, grants)
}

// codeLine is what a visitor sees of a code; managedLine is what those see who manage it.
func codeLine(c sharing.Code) string {
	return fmt.Sprintf("%d %s of %s may %v from %s to %s, %d of %d exchanges, last %s, bound %t, %+v",
		c.ID, c.Server, c.Server.ID, scopes.Strings(c.Scopes), c.CreatedAt, c.ExpiresAt, c.Exchanges, c.MaxUses, c.LastExchangedAt, c.Bound, c.Terms)
}

func managedLine(c sharing.Code) string {
	return fmt.Sprintf("%s, for %v and %q, %q", codeLine(c), c.For, c.Domain, c.Note)
}

func (w *world) wantCodeLine(row sharing.StoredCode) string {
	srv := w.serverByID(row.ServerID)
	return fmt.Sprintf("%d %s/%s of %s may %v from %s to %s, %d of %d exchanges, last %s, bound %t, %+v",
		row.ID, srv.Owner.Name, srv.Name, srv.ID, onServer(row.Bases, srv), row.CreatedAt, row.ExpiresAt, row.Exchanges, row.MaxUses,
		row.LastExchangedAt, row.Bound != nil, row.Terms)
}

func (w *world) wantManagedLine(row sharing.StoredCode) string {
	var whom []sharing.Ref
	var domain string
	if row.Bound != nil {
		domain = row.Bound.Domain
		for _, id := range slices.Concat(row.Bound.Users, row.Bound.Groups) {
			for _, ref := range append(slices.Clone(w.users), w.groups...) {
				if ref.ID == id {
					whom = append(whom, ref)
				}
			}
		}
	}
	return fmt.Sprintf("%s, for %v and %q, %q", w.wantCodeLine(row), whom, domain, row.Note)
}

// onServer writes bases as the wire does, sorted as texts (SH-9, SH-35).
func onServer(bases []string, srv sharing.Server) (out []string) {
	for _, base := range bases {
		out = append(out, fmt.Sprintf("%s!server=%s/%s", base, srv.Owner.Name, srv.Name))
	}
	slices.Sort(out)
	return out
}
