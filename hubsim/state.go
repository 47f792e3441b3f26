package hubsim

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// Snapshot is a copy of what a hub has at one moment, sorted by name or age, and without secrets (HB-166).
type Snapshot struct {
	Now        time.Time     `json:"now"` // of the hub's clock, UTC
	Users      []UserState   `json:"users"`
	Groups     []GroupState  `json:"groups"`
	Roles      []RoleState   `json:"roles"`
	Services   []string      `json:"services"`
	Servers    []ServerState `json:"servers"`
	Shares     []ShareState  `json:"shares"`
	ShareCodes []CodeState   `json:"share_codes"`
}

// UserState is a user in a [Snapshot].
type UserState struct {
	Name         string       `json:"name"`
	Admin        bool         `json:"admin"`
	Groups       []string     `json:"groups"`
	Roles        []string     `json:"roles"`
	Created      time.Time    `json:"created"`
	LastActivity time.Time    `json:"last_activity,omitzero"` // zero = never
	Tokens       []TokenState `json:"tokens"`
}

// TokenState is a live token of a user in a [Snapshot].
type TokenState struct {
	ID        string    `json:"id"` // "a1"
	Note      string    `json:"note"`
	Client    string    `json:"client"` // whom it was issued to
	Scopes    []string  `json:"scopes"` // what it may do now
	Created   time.Time `json:"created"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// GroupState is a group in a [Snapshot].
type GroupState struct {
	Name  string   `json:"name"`
	Users []string `json:"users"`
}

// RoleState is a role in a [Snapshot], with those who were given it by name.
type RoleState struct {
	Name     string   `json:"name"`
	Scopes   []string `json:"scopes"`
	Users    []string `json:"users"`
	Groups   []string `json:"groups"`
	Services []string `json:"services"`
}

// States of a server.
const (
	Stopped  = "stopped"
	Starting = "starting"
	Ready    = "ready"
	Stopping = "stopping"
	Failed   = "failed" // stopped, since it did not start
)

// ServerState is a server in a [Snapshot].
type ServerState struct {
	User  string `json:"user"`
	Name  string `json:"name"`
	State string `json:"state"` // Stopped, Starting, Ready, Stopping or Failed
	URL   string `json:"url"`
}

// ShareState is a share in a [Snapshot].
type ShareState struct {
	Owner     string    `json:"owner"`
	Server    string    `json:"server"`
	User      string    `json:"user,omitempty"`
	Group     string    `json:"group,omitempty"`
	Scopes    []string  `json:"scopes"`
	Created   time.Time `json:"created"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// CodeState is a live share code in a [Snapshot].
type CodeState struct {
	ID        string    `json:"id"` // "sc_1"
	Owner     string    `json:"owner"`
	Server    string    `json:"server"`
	Scopes    []string  `json:"scopes"`
	ExpiresAt time.Time `json:"expires_at"`
	Exchanges int       `json:"exchanges"`
}

// Snapshot copies what the hub has. It asks for each user and server in turn: what changes meanwhile may be in it or not.
func (h *Hub) Snapshot(ctx context.Context) (Snapshot, error) {
	s := Snapshot{Now: h.cfg.Clock.Now().UTC(), Services: []string{}, Servers: []ServerState{}, Shares: []ShareState{}, ShareCodes: []CodeState{}}
	s.Users, s.Groups, s.Roles = h.roster.people()
	for _, svc := range h.services.all() {
		s.Services = append(s.Services, svc.Name)
	}
	slices.Sort(s.Services)
	for i := range s.Users {
		tokens, err := h.tokensOf(ctx, s.Users[i].Name)
		if err != nil {
			return s, fmt.Errorf("snapshot of %s: %w", s.Users[i].Name, err)
		}
		s.Users[i].Tokens = tokens
		for _, srv := range h.serversNamed(s.Users[i].Name) {
			s.Servers = append(s.Servers, ServerState{User: srv.owner.name, Name: srv.name, State: srv.status().word(), URL: h.UserURL(srv.owner.name, srv.name)})
		}
		if err := h.addShares(ctx, &s, s.Users[i].Name); err != nil {
			return s, fmt.Errorf("snapshot of what %s shares: %w", s.Users[i].Name, err)
		}
	}
	return s, nil
}

func (h *Hub) serversNamed(user string) []*server {
	a, ok := h.roster.userByName(user)
	if !ok {
		return nil
	}
	return h.roster.serversOf(a.ID)
}

// word is the state in one word.
func (s status) word() string {
	switch {
	case s.Pending == pendingSpawn:
		return Starting
	case s.Pending == pendingStop:
		return Stopping
	case s.Ready:
		return Ready
	case s.Failure != nil:
		return Failed
	}
	return Stopped
}

func (h *Hub) tokensOf(ctx context.Context, user string) ([]TokenState, error) {
	out := []TokenState{}
	a, ok := h.roster.userByName(user)
	if !ok {
		return out, nil
	}
	list, err := h.provider.Tokens(ctx, oauth.OwnerRef{Kind: oauth.KindUser, ID: a.ID})
	if err != nil {
		return nil, err
	}
	for _, t := range list {
		out = append(out, TokenState{ID: tokenName(t.ID), Note: t.Note, Client: t.Client, Scopes: t.Effective.Strings(), Created: t.Created, ExpiresAt: t.ExpiresAt})
	}
	slices.SortFunc(out, func(a, b TokenState) int { return cmp.Or(cmp.Compare(len(a.ID), len(b.ID)), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// tokenName is how a token is called outside (HB-8).
func tokenName(id int64) string { return "a" + strconv.FormatInt(id, 10) }

func (h *Hub) addShares(ctx context.Context, s *Snapshot, owner string) error {
	by, err := h.caller(owner)
	if err != nil {
		return err
	}
	all := sharing.Window{Limit: math.MaxInt32}
	shares, err := h.sharing.ListByOwner(ctx, by, owner, all)
	if err != nil {
		return err
	}
	for _, share := range shares.Items {
		st := ShareState{Owner: owner, Server: share.Server.Name, Scopes: scopes.Strings(share.Scopes), Created: share.CreatedAt, ExpiresAt: share.ExpiresAt}
		if share.Grantee.Kind == sharing.KindGroup {
			st.Group = share.Grantee.Name
		} else {
			st.User = share.Grantee.Name
		}
		s.Shares = append(s.Shares, st)
	}
	codes, err := h.sharing.ListCodesByOwner(ctx, by, owner, all)
	if err != nil {
		return err
	}
	for _, c := range codes.Items {
		s.ShareCodes = append(s.ShareCodes, CodeState{ID: sharing.CodeID(c.ID), Owner: owner, Server: c.Server.Name, Scopes: scopes.Strings(c.Scopes),
			ExpiresAt: c.ExpiresAt, Exchanges: c.Exchanges})
	}
	return nil
}

// people copies users, groups and roles.
func (r *roster) people() (users []UserState, groups []GroupState, roles []RoleState) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	users, groups, roles = []UserState{}, []GroupState{}, []RoleState{}
	members := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(r.users)) {
		a := r.copyOf(r.users[name])
		for _, g := range a.Groups {
			members[g] = append(members[g], name)
		}
		users = append(users, UserState{Name: name, Admin: a.Admin, Groups: orEmpty(a.Groups), Roles: orEmpty(a.Roles),
			Created: a.Created.UTC(), LastActivity: a.LastActivity.UTC()})
	}
	for _, name := range slices.Sorted(maps.Keys(r.groups)) {
		groups = append(groups, GroupState{Name: name, Users: orEmpty(members[name])})
	}
	for _, name := range slices.Sorted(maps.Keys(r.roles)) {
		role := r.roles[name]
		roles = append(roles, RoleState{Name: name, Scopes: scopes.Strings(role.scopes), Users: names(role.users),
			Groups: names(role.groups), Services: names(role.services)})
	}
	return users, groups, roles
}

func names(set map[string]bool) []string { return orEmpty(slices.Sorted(maps.Keys(set))) }

// Reset puts the hub back to how it was configured: servers stop, users, groups, tokens, shares and codes are gone, and those of the configuration are made
// anew, with ids from 1 again (HB-166). Everybody is logged out. Services of the configuration keep running, with their tokens; the clock is not touched. Requests that are under
// way meanwhile may see either state, or be refused.
func (h *Hub) Reset(ctx context.Context) error {
	h.resets.Lock()
	defer h.resets.Unlock()
	h.faults.clear(false)
	for _, s := range h.roster.allServers() {
		if st := h.stop(ctx, s); st.Active() {
			return fmt.Errorf("reset: stop the server of %s: %w", s.fullName(), context.Cause(ctx))
		}
	}
	if err := h.takeBackMade(ctx); err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	if err := h.provider.Flush(ctx); err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	if err := h.roster.wipe(ctx); err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	h.accessChanged(ctx)
	h.sources.restart()
	h.tokens.forgetExpired()
	if err := h.buildRoles(); err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	if err := h.addConfigured(ctx); err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	if err := h.registerServices(ctx); err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	h.accessChanged(ctx)
	if err := h.seedConfigured(ctx); err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	if err := h.armFaults(); err != nil {
		return fmt.Errorf("reset: %w", err)
	}
	return nil
}

// kept are the tables that a reset leaves: what the schema is, who services are, and the key that cookies are signed with; a cookie names a user's own
// secret besides, which is drawn anew.
var kept = []string{"schema_migrations", "hub_services", "hub_keys"}

// wipe removes everybody and everything from roster and database, those of other owners included.
func (r *roster) wipe(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.db.Write(ctx, func(tx *sql.Tx) error {
		var tables []string
		err := each(ctx, tx, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`, func(rows *sql.Rows) error {
			var name string
			err := rows.Scan(&name)
			if !slices.Contains(kept, name) {
				tables = append(tables, name)
			}
			return err
		})
		if err != nil {
			return err
		}
		for _, name := range tables { // names are the schema's own
			if _, err := tx.ExecContext(ctx, `DELETE FROM "`+name+`"`); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM sqlite_sequence WHERE name = ?`, name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("empty the database: %w", err)
	}
	if r.db.passing != nil {
		r.db.passing.wipe()
	}
	clear(r.users)
	clear(r.byID)
	clear(r.groups)
	clear(r.servers)
	return nil
}

// WaitServer waits until a user's server is in a state: Ready, Stopped (also Failed) or Failed (HB-167). A server that does not exist is an error, as is one
// that ends a start in another state than the one waited for.
func (h *Hub) WaitServer(ctx context.Context, user, name, state string) error {
	s, ok := h.roster.server(user, name)
	if !ok {
		return fmt.Errorf("wait for the server of %s: %w", user, sharing.ErrNoSuchServer)
	}
	for {
		h.noticeDead(s)
		st := s.status()
		word := st.word()
		switch {
		case word == state || state == Stopped && word == Failed:
			return nil
		case state == Ready && word == Failed:
			return fmt.Errorf("wait for the server of %s: %w", user, st.Failure.cause)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the server of %s to be %s: it is %s: %w", user, state, word, context.Cause(ctx))
		case <-st.changed:
		}
	}
}

// KillServer ends a user's server at once, as a crash would. The hub notices when it next looks (HB-90).
func (h *Hub) KillServer(user, name string) error {
	s, ok := h.roster.server(user, name)
	if !ok {
		return fmt.Errorf("kill the server of %s: %w", user, sharing.ErrNoSuchServer)
	}
	s.mu.Lock()
	proc := s.process
	s.mu.Unlock()
	if proc == nil {
		return fmt.Errorf("kill the server of %s: it does not run", user)
	}
	ctx, cancel := context.WithCancel(h.life)
	cancel()
	_ = proc.Stop(ctx) // says that it was forced, as asked
	return nil
}
