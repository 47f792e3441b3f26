package hubsim

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// What may be wrong with a change to the roster, besides sharing.ErrNoSuchUser and sharing.ErrNoSuchGroup.
var (
	errTaken  = errors.New("the name is taken")
	errActive = errors.New("a server runs")

	errTooManyServers = errors.New("the user has as many named servers as one may have")
)

// nameError says about which name an error is.
type nameError struct {
	name string
	err  error
}

func (e *nameError) Error() string { return fmt.Sprintf("%q: %s", e.name, e.err) }

func (e *nameError) Unwrap() error { return e.err }

// addUsers makes those users who do not exist yet, and gives them, in the order of the names.
func (r *roster) addUsers(ctx context.Context, names []string, admin bool, now time.Time) ([]account, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]User, len(names))
	for i, name := range names {
		list[i] = User{Name: name, Admin: admin}
	}
	fresh := r.strangers(list)
	if err := r.ensureLocked(ctx, fresh, now); err != nil {
		return nil, err
	}
	var made []account
	for _, u := range fresh {
		made = append(made, r.copyOf(r.users[u.Name]))
	}
	return made, nil
}

// renameUser gives a user another name. Everything that hangs on them stays, since it hangs on the id; their servers get new records, because a
// record's owner never changes under those who hold it. Errors: sharing.ErrNoSuchUser, errTaken, errActive.
func (r *roster) renameUser(ctx context.Context, from, to string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.users[from]
	switch {
	case old == nil:
		return sharing.ErrNoSuchUser
	case r.users[to] != nil:
		return errTaken
	}
	var idle []*server
	undo := func() {
		for _, s := range idle {
			s.retire(false)
		}
	}
	for _, s := range old.servers {
		if !s.retire(true) {
			undo()
			return errActive
		}
		idle = append(idle, s)
	}
	if err := r.db.exec(ctx, `UPDATE hub_users SET name = ? WHERE id = ?`, to, rowID(old.id)); err != nil {
		undo()
		return fmt.Errorf("rename user %s: %w", from, err)
	}
	renamed := *old
	renamed.name, renamed.servers = to, make(map[string]*server, len(idle))
	for _, s := range idle {
		renamed.servers[s.name] = s.successor(&renamed)
	}
	delete(r.users, from)
	r.adopt(&renamed)
	for _, role := range r.roles {
		if role.users[from] {
			delete(role.users, from)
			role.users[to] = true
		}
	}
	return nil
}

// successor is the record that takes the place of one that was retired.
func (s *server) successor(owner *user) *server {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &server{id: s.id, name: s.name, owner: owner, lastActivity: s.lastActivity, options: s.options, displayName: s.displayName}
}

func (r *roster) setAuthState(id string, state json.RawMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if u := r.byID[id]; u != nil {
		u.authState = state
	}
}

// groupCopy is a copy of what an answer tells of a group.
type groupCopy struct {
	ID, Name     string
	Users, Roles []string // names, sorted
	Properties   json.RawMessage
}

func (r *roster) groupByName(name string) (groupCopy, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	g := r.groups[name]
	if g == nil {
		return groupCopy{}, false
	}
	return r.copyGroups([]*group{g})[0], true
}

// copyGroups looks at every user once. The caller holds the lock.
func (r *roster) copyGroups(list []*group) []groupCopy {
	at := make(map[string]int, len(list))
	out := make([]groupCopy, len(list))
	for i, g := range list {
		at[g.name] = i
		out[i] = groupCopy{ID: g.id, Name: g.name, Properties: g.properties}
		for _, role := range r.roles {
			if role.groups[g.name] {
				out[i].Roles = append(out[i].Roles, role.name)
			}
		}
		slices.Sort(out[i].Roles)
	}
	for _, u := range r.users {
		for name := range u.groups {
			if i, ok := at[name]; ok {
				out[i].Users = append(out[i].Users, u.name)
			}
		}
	}
	for i := range out {
		slices.Sort(out[i].Users)
	}
	return out
}

// addGroups makes groups that all have the same members: all or none. The error is a *nameError about errTaken or sharing.ErrNoSuchUser.
func (r *roster) addGroups(ctx context.Context, names, members []string) ([]groupCopy, []oauth.OwnerRef, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, name := range names {
		if r.groups[name] != nil {
			return nil, nil, &nameError{name, errTaken}
		}
	}
	users, err := r.all(members)
	if err != nil {
		return nil, nil, err
	}
	made := make([]*group, 0, len(names))
	for _, name := range names {
		g, err := r.db.addGroup(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		r.groups[name] = g
		made = append(made, g)
		if err := r.join(ctx, g, users); err != nil {
			return nil, nil, err
		}
	}
	return r.copyGroups(made), refsOf(users), nil
}

// all finds users by name. The caller holds the lock.
func (r *roster) all(names []string) ([]*user, error) {
	users := make([]*user, 0, len(names))
	for _, name := range names {
		u := r.users[name]
		if u == nil {
			return nil, &nameError{name, sharing.ErrNoSuchUser}
		}
		users = append(users, u)
	}
	return users, nil
}

func refsOf(users []*user) []oauth.OwnerRef {
	refs := make([]oauth.OwnerRef, len(users))
	for i, u := range users {
		refs[i] = oauth.OwnerRef{Kind: oauth.KindUser, ID: u.id}
	}
	return refs
}

// setMembers puts users into a group, or takes them out: all or none. It gives those for whom that changed something. Errors:
// sharing.ErrNoSuchGroup, and a *nameError about sharing.ErrNoSuchUser.
func (r *roster) setMembers(ctx context.Context, name string, members []string, in bool) ([]oauth.OwnerRef, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.groups[name]
	if g == nil {
		return nil, sharing.ErrNoSuchGroup
	}
	users, err := r.all(members)
	if err != nil {
		return nil, err
	}
	var changed []*user
	for _, u := range users {
		if u.groups[name] == in {
			continue
		}
		if in {
			err = r.db.addMembers(ctx, g.id, u.id)
		} else {
			err = r.db.removeMember(ctx, g.id, u.id)
		}
		if err != nil {
			return refsOf(changed), err
		}
		if in {
			u.groups[name] = true
		} else {
			delete(u.groups, name)
		}
		changed = append(changed, u)
	}
	return refsOf(changed), nil
}

// setProperties replaces a group's properties, a JSON object.
func (r *roster) setProperties(ctx context.Context, name string, properties json.RawMessage) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.groups[name]
	if g == nil {
		return sharing.ErrNoSuchGroup
	}
	if err := r.db.exec(ctx, `UPDATE hub_groups SET properties = ? WHERE id = ?`, string(properties), rowID(g.id)); err != nil {
		return fmt.Errorf("set the properties of group %s: %w", name, err)
	}
	g.properties = properties
	return nil
}

// groupPage gives the groups that are wanted, in the order of their making, from offset on, and how many there are.
func (r *roster) groupPage(wanted func(name string) bool, offset, limit int) (page []groupCopy, total int) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var list []*group
	for _, g := range r.groups {
		if wanted(g.name) {
			list = append(list, g)
		}
	}
	slices.SortFunc(list, func(a, b *group) int { return byID(a.id, b.id) })
	return r.copyGroups(window(list, offset, limit)), len(list)
}

// userQuery says which users a list is to have, and in what order.
type userQuery struct {
	on    scopes.Set // only those on whom this set allows list:users
	state string     // "", "active", "ready" or "inactive"
	part  string     // of the name, lower case
	sort  string     // "id", "name" or "last_activity"
	down  bool
}

// userPage gives a part of the users that a query is about, and how many there are. Of those who have an active server, the ones whose servers are all on
// their way count but are left out of a list of the ready (HB-136).
func (r *roster) userPage(q userQuery, offset, limit int) (page []account, total int) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	member := lockedGroups{r}
	var list []*user
	for _, u := range r.users {
		if q.on.Allows("list:users", scopes.User(u.name), member) && strings.Contains(strings.ToLower(u.name), q.part) && q.stateOf(u) {
			list = append(list, u)
		}
	}
	slices.SortFunc(list, func(a, b *user) int {
		order := byID(a.id, b.id)
		switch q.sort {
		case "name":
			order = cmp.Compare(a.name, b.name)
		case "last_activity":
			order = cmp.Or(a.lastActivity.Compare(b.lastActivity), order)
		}
		if q.down {
			return -order
		}
		return order
	})
	for _, u := range window(list, offset, limit) {
		if q.state != "ready" || u.any(status.isReady) {
			page = append(page, r.copyOf(u))
		}
	}
	return page, len(list)
}

func (q userQuery) stateOf(u *user) bool {
	switch q.state {
	case "":
		return true
	case "inactive":
		return !u.any(status.Active)
	}
	return u.any(status.Active)
}

func (s status) isReady() bool { return s.Ready }

// any says whether one of a user's servers is in a state. The caller holds the roster's lock.
func (u *user) any(is func(status) bool) bool {
	for s := range maps.Values(u.servers) {
		if is(s.status()) {
			return true
		}
	}
	return false
}

// lockedGroups answers from a roster whose lock the caller holds.
type lockedGroups struct{ *roster }

func (g lockedGroups) Member(userName, groupName string) bool {
	u := g.users[userName]
	return u != nil && u.groups[groupName]
}

// byID compares ids of one kind in the order in which they were given out.
func byID(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

// window is list[offset:offset+limit] as far as there is one.
func window[T any](list []T, offset, limit int) []T {
	offset = min(offset, len(list))
	return list[offset : offset+min(limit, len(list)-offset)]
}
