package sharing_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hubshare/hubshare/sharing"
)

// What happens around the service, among the operations of TestAnySequenceOfOperations: time, names, and what comes and goes.

func (w *world) wait(t *rapid.T) {
	w.now = w.now.Add(time.Duration(rapid.SampledFrom([]int{1, 60, 540, 600, 3600, 86400}).Draw(t, "seconds")) * time.Second)
}

// waitForAnEnd is SH-21: it comes to the very moment of an end, or just before.
func (w *world) waitForAnEnd(t *rapid.T) {
	w.ends = slices.DeleteFunc(w.ends, func(end time.Time) bool { return !end.After(w.now.Add(time.Microsecond)) })
	if len(w.ends) == 0 {
		t.Skip("nothing ends")
	}
	w.now = rapid.SampledFrom(w.ends).Draw(t, "end").Add(-time.Duration(rapid.IntRange(0, 1).Draw(t, "before")) * time.Microsecond)
}

// stop ends what was shared for as long as a server runs; saying it again changes nothing.
func (w *world) stop(t *rapid.T) {
	srv := w.current(rapid.SampledFrom(w.servers).Draw(t, "server"))
	for range 2 {
		_, _, err := w.want.EndSession(t.Context(), w.now, sharing.Act{Server: srv.Owner.Name + "/" + srv.Name}, srv.ID)
		require.NoError(t, err)
		require.NoError(t, w.ServerStopped(t.Context(), srv))
	}
}

// purge is SH-23: nobody sees a difference, which compare finds out.
func (w *world) purge(t *rapid.T) {
	day := 24 * time.Hour
	want, err := w.want.Purge(t.Context(), w.now, sharing.PurgeOrder{Changes: w.now.Add(-365 * day), Gone: w.now.Add(-day)})
	require.NoError(t, err)
	got, err := w.PurgeExpired(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, got)
	// What the hub has after all may be shared again.
	w.gone = slices.DeleteFunc(w.gone, func(g vanished) bool { return g.early && g.at.Before(w.now.Add(-day)) })
}

// pages is SH-222: the pages of a list, one after the other, are the list.
func (w *world) pages(t *rapid.T) {
	admin := w.as(t, w.users[0])
	u, limit := w.drawUser(t), rapid.IntRange(1, 4).Draw(t, "limit")
	for _, list := range []func(sharing.Window) (ids []int64, total int, err error){
		func(at sharing.Window) ([]int64, int, error) {
			page, err := w.ListByOwner(t.Context(), admin, u.Name, at)
			return idsOf(page.Items, func(s sharing.Share) int64 { return s.ID }), page.Total, err
		},
		func(at sharing.Window) ([]int64, int, error) {
			page, err := w.ListCodesByOwner(t.Context(), admin, u.Name, at)
			return idsOf(page.Items, func(c sharing.Code) int64 { return c.ID }), page.Total, err
		},
		func(at sharing.Window) ([]int64, int, error) {
			page, err := w.ListByGrantee(t.Context(), admin, toUser(u.Name), at)
			return idsOf(page.Items, func(s sharing.Share) int64 { return s.ID }), page.Total, err
		},
	} {
		whole, total, err := list(sharing.Window{Limit: 1000})
		require.NoError(t, err)
		require.Len(t, whole, total)
		require.True(t, slices.IsSorted(whole), "SH-68")
		joined := []int64{}
		for offset := 0; offset <= total; offset += limit {
			part, n, err := list(sharing.Window{Offset: offset, Limit: limit})
			require.NoError(t, err)
			require.Equal(t, total, n)
			require.LessOrEqual(t, len(part), limit)
			joined = append(joined, part...)
		}
		require.Equal(t, whole, joined)
	}
	// What a user and their groups were given, told by the reference store as well.
	grantees := []sharing.Grantee{{Kind: sharing.KindUser, ID: u.ID}}
	for _, g := range w.groupsOf(u.ID) {
		grantees = append(grantees, sharing.Grantee{Kind: sharing.KindGroup, ID: g})
	}
	want, err := w.want.Shares(t.Context(), w.now, sharing.Filter{Grantees: grantees}, sharing.Window{Limit: 1000})
	require.NoError(t, err)
	got, err := w.ListByGrantee(t.Context(), admin, toUser(u.Name), sharing.Window{Limit: 1000})
	require.NoError(t, err)
	require.Equal(t, lines(want.Items, w.wantShareLine), lines(got.Items, shareLine), "SH-120")
}

func idsOf[T any](list []T, id func(T) int64) []int64 {
	out := make([]int64, 0, len(list))
	for _, v := range list {
		out = append(out, id(v))
	}
	return out
}

// remove deletes something of the hub's and says so, as a host does (SH-7).
func (w *world) remove(t *rapid.T) {
	kind, id := w.drawThing(t)
	switch kind {
	case sharing.KindServer:
		w.hub.RemoveServer(id)
		w.servers = slices.DeleteFunc(w.servers, func(s sharing.Server) bool { return s.ID == id })
	case sharing.KindGroup:
		i := slices.IndexFunc(w.groups, func(g sharing.Ref) bool { return g.ID == id })
		w.hub.Empty(w.groups[i])
		w.hub.Remove(w.groups[i])
		delete(w.members, id)
		w.groups = slices.Delete(w.groups, i, i+1)
	case sharing.KindUser:
		w.hub.Remove(w.user(id))
		w.servers = slices.DeleteFunc(w.servers, func(s sharing.Server) bool { return s.Owner.ID == id })
		w.users = slices.DeleteFunc(w.users, func(u sharing.Ref) bool { return u.ID == id })
	}
	w.forget(t, kind, id, false)
}

// forgetEarly says that something is gone while the hub still finds it: what a request sees that looked it up a moment before (SH-45 e).
func (w *world) forgetEarly(t *rapid.T) {
	if rapid.IntRange(0, 2).Draw(t, "rarely") == 0 {
		kind, id := w.drawThing(t)
		w.forget(t, kind, id, true)
	}
}

func (w *world) forget(t *rapid.T, kind, id string, early bool) {
	call := map[string]func() error{
		sharing.KindServer: func() error { return w.ServerRemoved(t.Context(), id) },
		sharing.KindUser:   func() error { return w.UserRemoved(t.Context(), id) },
		sharing.KindGroup:  func() error { return w.GroupRemoved(t.Context(), id) },
	}[kind]
	for range 2 { // saying it again changes nothing
		_, err := w.want.Forget(t.Context(), w.now, kind, id)
		require.NoError(t, err)
		require.NoError(t, call())
	}
	if slices.ContainsFunc(w.gone, func(g vanished) bool { return g.Kind == kind && g.ID == id }) {
		return // it was forgotten before
	}
	w.gone = append(w.gone, vanished{sharing.GoneError{Kind: kind, ID: id}, w.now, early})
}

// drawThing is a server, a group or a user that may vanish: not the administrator, nor a default server.
func (w *world) drawThing(t *rapid.T) (kind, id string) {
	var all []sharing.GoneError
	for _, s := range w.servers {
		if s.Name != "" {
			all = append(all, sharing.GoneError{Kind: sharing.KindServer, ID: s.ID})
		}
	}
	for _, g := range w.groups {
		all = append(all, sharing.GoneError{Kind: sharing.KindGroup, ID: g.ID})
	}
	for _, u := range w.users[1:] {
		all = append(all, sharing.GoneError{Kind: sharing.KindUser, ID: u.ID})
	}
	if len(all) == 0 {
		t.Skip("nothing left")
	}
	one := rapid.SampledFrom(all).Draw(t, "thing")
	return one.Kind, one.ID
}

// freeName is a name that nobody has now, though somebody may have had it (SH-9).
func (w *world) freeName(t *rapid.T) string {
	free := slices.DeleteFunc(slices.Clone(someNames), func(name string) bool {
		return slices.ContainsFunc(w.users, func(u sharing.Ref) bool { return u.Name == name })
	})
	if len(free) == 0 {
		t.Skip("all names are taken")
	}
	return rapid.SampledFrom(free).Draw(t, "name")
}

func (w *world) arrive(t *rapid.T) {
	switch rapid.SampledFrom([]string{"user", "server", "group"}).Draw(t, "what") {
	case "user":
		w.addUser(w.freeName(t), rapid.SampledFrom([]string{sharerRole, plainRole}).Draw(t, "role"))
	case "server":
		owner := w.drawUser(t)
		for _, name := range []string{"lab", "web"} {
			if _, taken := w.found(sharing.ServerName{Owner: owner.Name, Name: name}); !taken {
				w.addServer(owner, name)
				return
			}
		}
	default:
		name := fmt.Sprintf("group-%d", len(w.gone)+len(w.groups))
		if _, taken := w.foundGrantee(toGroup(name)); !taken {
			w.groups = append(w.groups, w.hub.AddGroup(name))
		}
	}
}

// rename is SH-9: shares and codes follow, though nobody tells the service.
func (w *world) rename(t *rapid.T) {
	if rapid.Bool().Draw(t, "a server") {
		i := rapid.IntRange(0, len(w.servers)-1).Draw(t, "server")
		s := w.current(w.servers[i])
		_, taken := w.found(sharing.ServerName{Owner: s.Owner.Name, Name: "renamed"})
		if s.Name == "" || taken {
			return
		}
		w.servers[i].Name = "renamed"
		w.hub.RenameServer(s.ID, "renamed")
		return
	}
	i, name := rapid.IntRange(1, max(1, len(w.users)-1)).Draw(t, "user"), w.freeName(t)
	if i < len(w.users) {
		w.hub.Rename(w.users[i], name)
		w.users[i].Name = name
	}
}

func (w *world) changeGroup(t *rapid.T) {
	if len(w.groups) == 0 {
		t.Skip("no group")
	}
	g := rapid.SampledFrom(w.groups).Draw(t, "group")
	if rapid.IntRange(0, 3).Draw(t, "empty") == 0 {
		w.members[g.ID] = nil
		w.hub.Empty(g)
		return
	}
	w.join(g, w.drawUser(t))
}
