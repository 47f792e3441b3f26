package sharing_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hubshare/hubshare/sharing"
)

// TestAnySequenceOfOperations is SH-222: whatever is done in whatever order, the service on its store answers as the rules say, and what
// can be seen afterwards is what the rules leave.
func TestAnySequenceOfOperations(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		t.Repeat(map[string]func(*rapid.T){
			"grant":             w.grant,
			"grant again":       w.grant,
			"grant to several":  w.grantMany,
			"revoke":            w.revoke,
			"revoke all":        w.revokeAll,
			"leave":             w.leave,
			"create a code":     w.createCode,
			"exchange":          w.exchange,
			"exchange again":    w.exchange,
			"delete codes":      w.deleteCodes,
			"time goes by":      w.wait,
			"until an end":      w.waitForAnEnd,
			"a server stops":    w.stop,
			"purge":             w.purge,
			"page through":      w.pages,
			"remove":            w.remove,
			"removed too early": w.forgetEarly,
			"somebody new":      w.arrive,
			"rename":            w.rename,
			"join or empty":     w.changeGroup,
			"":                  w.compare,
		})
		w.compareAll(t)
		w.noOrphans(t)
	})
}

func (w *world) drawUser(t *rapid.T) sharing.Ref {
	u := rapid.SampledFrom(w.users).Draw(t, "user")
	w.subject = u.ID
	return u
}

// drawCaller is mostly somebody who may.
func (w *world) drawCaller(t *rapid.T) sharing.Ref {
	if rapid.IntRange(0, 2).Draw(t, "who") > 0 {
		return w.users[0]
	}
	return w.drawUser(t)
}

func (w *world) drawServer(t *rapid.T) sharing.ServerName {
	if rapid.IntRange(0, 15).Draw(t, "nowhere") == 0 {
		return sharing.ServerName{Owner: rapid.SampledFrom(someNames).Draw(t, "owner"), Name: "nowhere"}
	}
	s := w.current(rapid.SampledFrom(w.servers).Draw(t, "server"))
	return sharing.ServerName{Owner: s.Owner.Name, Name: s.Name}
}

func (w *world) drawGrantee(t *rapid.T) sharing.GranteeName {
	switch rapid.IntRange(0, 9).Draw(t, "grantee") {
	case 0:
		return toUser("nobody")
	case 1, 2, 3:
		if len(w.groups) > 0 {
			return toGroup(rapid.SampledFrom(w.groups).Draw(t, "group").Name)
		}
		return toGroup("nobodies")
	}
	return toUser(w.drawUser(t).Name)
}

// drawScopes writes scopes in all the ways in which a client may.
func (w *world) drawScopes(t *rapid.T, n sharing.ServerName) (out []string) {
	for range rapid.IntRange(0, 3).Draw(t, "how many") {
		base := rapid.SampledFrom(someBases).Draw(t, "base")
		switch rapid.IntRange(0, 11).Draw(t, "form") {
		case 0:
			out = append(out, "nope")
		case 1:
			out = append(out, base+"!server="+n.Owner+"/other")
		case 2:
			out = append(out, base+"!user="+n.Owner)
		case 3, 4, 5:
			out = append(out, base+"!server="+n.Owner+"/"+n.Name)
		default:
			out = append(out, base)
		}
	}
	return out
}

func (w *world) as(t *rapid.T, by sharing.Ref) sharing.Caller {
	return w.hub.Caller(t.Context(), w.user(by.ID).Name)
}

// refused checks an answer against the refusal that was foreseen.
func refused(t *rapid.T, want, got error) bool {
	if want == nil {
		require.NoError(t, got)
		return false
	}
	var refusal *sharing.Error
	require.ErrorIs(t, got, want)
	require.ErrorAs(t, got, &refusal)
	return true
}

func (w *world) drawTerms(t *rapid.T) sharing.Terms {
	return sharing.Terms{
		Lifetime: time.Duration(rapid.SampledFrom(someLengths).Draw(t, "length")) * time.Second,
		Session:  rapid.IntRange(0, 3).Draw(t, "session") == 0,
	}
}

// noteEnd remembers when something ends, to come back at that very moment.
func (w *world) noteEnd(server, user string, length time.Duration) {
	if length > 0 {
		w.ends = append(w.ends, w.now.Add(length))
		w.lapsing = lapse{server, user}
	}
}

// grant is SH-40 and the checks of SH-82.
func (w *world) grant(t *rapid.T) {
	by, n, g := w.drawCaller(t), w.drawServer(t), w.drawGrantee(t)
	if again, to, ok := w.ending(); ok && rapid.Bool().Draw(t, "what ends or has ended") {
		n, g = again, to
	}
	r := sharing.BulkRequest{Server: n, Grantees: []sharing.GranteeName{g}, Scopes: w.drawScopes(t, n), Terms: w.drawTerms(t)}
	caller := w.as(t, by)
	rows, want := w.foreseeGrant(t, by, r)
	got, err := w.Grant(t.Context(), caller, sharing.GrantRequest{Server: n, Grantee: g, Scopes: r.Scopes, Terms: r.Terms})
	if !refused(t, want, err) {
		require.Equal(t, w.wantShareLine(rows[0]), shareLine(got))
	}
}

// grantMany is the same for several, all or none.
func (w *world) grantMany(t *rapid.T) {
	by, n := w.drawCaller(t), w.drawServer(t)
	r := sharing.BulkRequest{Server: n, Scopes: w.drawScopes(t, n), Terms: w.drawTerms(t)}
	for range rapid.IntRange(1, 4).Draw(t, "grantees") {
		r.Grantees = append(r.Grantees, w.drawGrantee(t))
	}
	caller := w.as(t, by)
	asked := r.Grantees
	r.Grantees = nil
	for _, g := range asked { // one named twice counts once
		if !slices.Contains(r.Grantees, g) {
			r.Grantees = append(r.Grantees, g)
		}
	}
	rows, want := w.foreseeGrant(t, by, r)
	r.Grantees = asked
	got, err := w.GrantMany(t.Context(), caller, r)
	if !refused(t, want, err) {
		require.Equal(t, lines(rows, w.wantShareLine), lines(got, shareLine))
	}
}

// foreseeGrant does on the reference store what the service will do, if it will.
func (w *world) foreseeGrant(t *rapid.T, by sharing.Ref, r sharing.BulkRequest) ([]sharing.StoredShare, error) {
	if err := w.gate(t, by, r.Server); err != nil {
		return nil, err
	}
	if r.Terms.Lifetime == 59*time.Second {
		return nil, sharing.ErrLifetime
	}
	bases, err := wantedBases(r.Scopes, r.Server)
	if err != nil {
		return nil, err
	}
	srv, ok := w.found(r.Server)
	if !ok {
		return nil, sharing.ErrNoSuchServer
	}
	for _, base := range bases {
		if !w.holds(t, by, base, r.Server) {
			return nil, sharing.ErrScopeNotHeld
		}
	}
	grantees, err := w.foreseeGrantees(by, r.Grantees)
	if err != nil {
		return nil, err
	}
	o := sharing.GrantOrder{
		Place: sharing.Place{ServerID: srv.ID, OwnerID: srv.Owner.ID}, Grantees: grantees, Bases: bases, Ends: sharing.Ends{Session: r.Terms.Session},
	}
	if r.Terms.Lifetime > 0 {
		o.ExpiresAt = w.now.Add(r.Terms.Lifetime)
	}
	rows, _, err := w.want.Grant(t.Context(), w.now, w.act(by, srv, r.Grantees...), o)
	var gone *sharing.GoneError
	switch {
	case err == nil:
		w.noteEnd(srv.ID, grantees[0].ID, r.Terms.Lifetime)
		return rows, nil
	case errors.As(err, &gone) && slices.Contains(grantees, sharing.Grantee{Kind: gone.Kind, ID: gone.ID}):
		return nil, sharing.ErrNoSuchGrantee
	}
	require.ErrorIs(t, err, sharing.ErrGone)
	return nil, sharing.ErrNoSuchServer
}

// foreseeGrantees is SH-86 and SH-87.
func (w *world) foreseeGrantees(by sharing.Ref, names []sharing.GranteeName) (out []sharing.Grantee, err error) {
	for _, g := range names {
		if w.roles[by.ID] != bossRole && g != toUser(by.Name) {
			return nil, sharing.ErrNameNotReadable
		}
	}
	for _, g := range names {
		to, ok := w.foundGrantee(g)
		if !ok {
			return nil, sharing.ErrNoSuchGrantee
		}
		out = append(out, sharing.Grantee{Kind: to.Kind, ID: to.ID})
	}
	return out, nil
}

// ending is what was last granted for a while, by the names of now.
func (w *world) ending() (sharing.ServerName, sharing.GranteeName, bool) {
	i := slices.IndexFunc(w.servers, func(s sharing.Server) bool { return s.ID == w.lapsing.server })
	j := slices.IndexFunc(w.users, func(u sharing.Ref) bool { return u.ID == w.lapsing.user })
	if i < 0 || j < 0 {
		return sharing.ServerName{}, sharing.GranteeName{}, false
	}
	s := w.current(w.servers[i])
	w.subject = w.lapsing.user
	return sharing.ServerName{Owner: s.Owner.Name, Name: s.Name}, toUser(w.users[j].Name), true
}

// revoke is SH-41, SH-42 and SH-90 to SH-92.
func (w *world) revoke(t *rapid.T) {
	by, n, g := w.drawCaller(t), w.drawServer(t), w.drawGrantee(t)
	requested := w.drawScopes(t, n)
	caller := w.as(t, by)
	var want error
	var left *sharing.StoredShare
	srv, exists := w.found(n)
	switch gate := w.gate(t, by, n); {
	case gate != nil:
		want = gate
	case slices.Contains(requested, "nope"):
		want = sharing.ErrInvalidScope
	case !exists:
		want = sharing.ErrNoSuchServer
	default:
		if to, ok := w.foundGrantee(g); ok {
			o := sharing.RevokeOrder{
				ServerID: srv.ID, Grantee: sharing.Grantee{Kind: to.Kind, ID: to.ID}, All: len(requested) == 0,
			}
			for _, text := range requested {
				if base, ok := stripped(text, n); ok {
					o.Bases = append(o.Bases, base)
				}
			}
			var err error
			left, _, err = w.want.Revoke(t.Context(), w.now, w.act(by, srv, g), o)
			require.NoError(t, err)
		}
	}
	got, err := w.Revoke(t.Context(), caller, sharing.RevokeRequest{Server: n, Grantee: g, Scopes: requested})
	if refused(t, want, err) {
		return
	}
	require.Equal(t, left == nil, got == nil)
	if left != nil {
		require.Equal(t, w.wantShareLine(*left), shareLine(*got))
	}
}

// revokeAll is SH-95.
func (w *world) revokeAll(t *rapid.T) {
	by, n := w.drawCaller(t), w.drawServer(t)
	caller := w.as(t, by)
	want := w.gateAndFind(t, by, n, func(srv sharing.Server) error {
		_, _, err := w.want.RevokeAll(t.Context(), w.now, w.act(by, srv), srv.ID)
		return err
	})
	refused(t, want, w.RevokeAll(t.Context(), caller, n))
}

// gateAndFind is the way of everything that needs "shares" on a server that exists.
func (w *world) gateAndFind(t *rapid.T, by sharing.Ref, n sharing.ServerName, do func(sharing.Server) error) error {
	if err := w.gate(t, by, n); err != nil {
		return err
	}
	srv, ok := w.found(n)
	if !ok {
		return sharing.ErrNoSuchServer
	}
	return do(srv)
}

// leave is SH-122 and SH-132.
func (w *world) leave(t *rapid.T) {
	n, g := w.drawServer(t), w.drawGrantee(t)
	by := w.users[0]
	to, exists := w.foundGrantee(g)
	if exists && to.Kind == sharing.KindUser && rapid.Bool().Draw(t, "on their own") {
		by = to
	}
	srv, there := w.found(n)
	var want error
	switch {
	case !exists && g.Kind == sharing.KindGroup:
		want = sharing.ErrNoSuchGroup
	case !exists || !there:
		want = sharing.ErrNoSuchShare
	default:
		_, c, err := w.want.Revoke(t.Context(), w.now, w.act(by, srv, g), sharing.RevokeOrder{
			ServerID: srv.ID, Grantee: sharing.Grantee{Kind: to.Kind, ID: to.ID}, All: true, Leave: true,
		})
		require.NoError(t, err)
		if c.Seq == 0 {
			want = sharing.ErrNoSuchShare
		}
	}
	refused(t, want, w.Leave(t.Context(), w.as(t, by), g, n))
}
