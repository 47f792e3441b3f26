package sharing_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hubshare/hubshare/scopes"
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
			"grant for a while": w.grantUntil,
			"and for a while":   w.grantUntil,
			"revoke":            w.revoke,
			"revoke all":        w.revokeAll,
			"leave":             w.leave,
			"create a code":     w.createCode,
			"exchange":          w.exchange,
			"exchange again":    w.exchange,
			"delete codes":      w.deleteCodes,
			"time goes by":      w.wait,
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

// grant is SH-40 and the checks of SH-82.
func (w *world) grant(t *rapid.T) {
	by, n, g := w.drawCaller(t), w.drawServer(t), w.drawGrantee(t)
	if again, ok := w.ending(); ok && rapid.Bool().Draw(t, "what ends or has ended") {
		n, g = again.Server, again.Grantee
	}
	requested := w.drawScopes(t, n)
	row, want := w.foreseeGrant(t, by, n, g, requested)
	got, err := w.Grant(t.Context(), w.as(t, by), sharing.GrantRequest{Server: n, Grantee: g, Scopes: requested})
	if !refused(t, want, err) {
		require.Equal(t, w.wantShareLine(row), shareLine(got))
	}
}

func (w *world) foreseeGrant(t *rapid.T, by sharing.Ref, n sharing.ServerName, g sharing.GranteeName, requested []string) (sharing.StoredShare, error) {
	none := sharing.StoredShare{}
	if err := w.gate(t, by, n); err != nil {
		return none, err
	}
	bases, err := wantedBases(requested, n)
	if err != nil {
		return none, err
	}
	srv, ok := w.found(n)
	if !ok {
		return none, sharing.ErrNoSuchServer
	}
	for _, base := range bases {
		if !w.holds(t, by, base, n) {
			return none, sharing.ErrScopeNotHeld
		}
	}
	if w.roles[by.ID] != bossRole && g != toUser(by.Name) {
		return none, sharing.ErrNameNotReadable
	}
	to, ok := w.foundGrantee(g)
	if !ok {
		return none, sharing.ErrNoSuchGrantee
	}
	row, _, err := w.want.Grant(t.Context(), w.now, sharing.GrantOrder{
		ActorID: by.ID, Place: sharing.Place{ServerID: srv.ID, OwnerID: srv.Owner.ID}, Grantee: sharing.Grantee{Kind: to.Kind, ID: to.ID}, Bases: bases,
	})
	switch {
	case err == nil:
		return row, nil
	case slices.Contains(w.gone, sharing.GoneError{Kind: to.Kind, ID: to.ID}) && !slices.Contains(w.gone, sharing.GoneError{Kind: sharing.KindServer, ID: srv.ID}) &&
		(to.ID == srv.Owner.ID || !slices.Contains(w.gone, sharing.GoneError{Kind: sharing.KindUser, ID: srv.Owner.ID})):
		return none, sharing.ErrNoSuchGrantee
	}
	return none, sharing.ErrNoSuchServer
}

// ending is what was last granted for a while, by the names of now.
func (w *world) ending() (sharing.GrantRequest, bool) {
	i := slices.IndexFunc(w.servers, func(s sharing.Server) bool { return s.ID == w.lapsing.ServerID })
	j := slices.IndexFunc(w.users, func(u sharing.Ref) bool { return u.ID == w.lapsing.Grantee.ID })
	if i < 0 || j < 0 {
		return sharing.GrantRequest{}, false
	}
	s := w.current(w.servers[i])
	return sharing.GrantRequest{Server: sharing.ServerName{Owner: s.Owner.Name, Name: s.Name}, Grantee: toUser(w.users[j].Name)}, true
}

// grantUntil makes a grant with an end, which a store can do.
func (w *world) grantUntil(t *rapid.T) {
	n, g := w.drawServer(t), w.drawGrantee(t)
	if again, ok := w.ending(); ok && rapid.Bool().Draw(t, "the same again") {
		n, g = again.Server, again.Grantee
	}
	srv, exists := w.found(n)
	to, ok := w.foundGrantee(g)
	if !ok || !exists {
		t.Skip("nobody or nothing")
	}
	w.subject = to.ID
	o := sharing.GrantOrder{
		ActorID: w.users[0].ID, Place: sharing.Place{ServerID: srv.ID, OwnerID: srv.Owner.ID}, Grantee: sharing.Grantee{Kind: to.Kind, ID: to.ID},
		Bases:     rapid.SliceOfNDistinct(rapid.SampledFrom(someBases), 1, 3, rapid.ID).Draw(t, "bases"),
		ExpiresAt: w.now.Add(time.Duration(rapid.SampledFrom([]int{1, 9, 10, 60}).Draw(t, "minutes")) * time.Minute),
	}
	w.lapsing = o
	wantRow, wantChange, wantErr := w.want.Grant(t.Context(), w.now, o)
	row, change, err := w.Store.Grant(t.Context(), w.now, o)
	if wantErr != nil {
		require.ErrorIs(t, err, sharing.ErrGone)
		return
	}
	require.NoError(t, err)
	require.Equal(t, wantRow, row)
	require.Equal(t, wantChange, change)
	if change.Seq != 0 {
		w.told = append(w.told, change) // by us, since no service was involved
	}
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
				ActorID: by.ID, ServerID: srv.ID, Grantee: sharing.Grantee{Kind: to.Kind, ID: to.ID}, All: len(requested) == 0,
			}
			for _, text := range requested {
				if base, ok := stripped(text, n); ok {
					o.Bases = append(o.Bases, base)
				}
			}
			var err error
			left, _, err = w.want.Revoke(t.Context(), w.now, o)
			require.NoError(t, err)
		}
	}
	got, err := w.Revoke(t.Context(), caller, sharing.GrantRequest{Server: n, Grantee: g, Scopes: requested})
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
		_, _, err := w.want.RevokeAll(t.Context(), w.now, by.ID, srv.ID)
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
		_, c, err := w.want.Revoke(t.Context(), w.now, sharing.RevokeOrder{
			ActorID: by.ID, ServerID: srv.ID, Grantee: sharing.Grantee{Kind: to.Kind, ID: to.ID}, All: true, Leave: true,
		})
		require.NoError(t, err)
		if c.Seq == 0 {
			want = sharing.ErrNoSuchShare
		}
	}
	refused(t, want, w.Leave(t.Context(), w.as(t, by), g, n))
}

// compare looks at what one of the users can see, each in turn, and at what was recorded since the last time. A difference does not go away, so
// that looking at all the others can wait.
func (w *world) compare(t *rapid.T) {
	w.steps++
	next := w.users[w.steps%len(w.users)]
	w.compareLists(t, w.as(t, w.users[0]), next)
	w.compareScopes(t, next)
	// When the scopes of a user will change is a matter of moments, so whom the operation was about is asked at once.
	if i := slices.IndexFunc(w.users, func(u sharing.Ref) bool { return u.ID == w.subject }); i >= 0 && w.users[i] != next {
		w.compareScopes(t, w.users[i])
	}
	var last int64
	if n := len(w.recorded); n > 0 {
		last = w.recorded[n-1].Seq
	}
	got, err := w.Store.Changes(t.Context(), last, 1000)
	require.NoError(t, err)
	w.recorded = append(w.recorded, got...)
	want, err := w.want.Changes(t.Context(), last, 1000)
	require.NoError(t, err)
	require.Equal(t, lines(want, changeLine), lines(got, changeLine), "SH-182")
	require.Equal(t, lines(w.recorded, changeLine), lines(w.told, changeLine), "each change is told once, and nothing else is")
}

// compareAll looks at everything that can be seen, by anybody.
func (w *world) compareAll(t *rapid.T) {
	for _, u := range w.users {
		w.compareLists(t, w.as(t, w.users[0]), u)
		w.compareScopes(t, u)
	}
}

// compareScopes looks at what a user may do by way of shares, and until when.
func (w *world) compareScopes(t *rapid.T, u sharing.Ref) {
	rows, until, err := w.want.ScopesOf(t.Context(), w.now, u.ID, w.groupsOf(u.ID))
	require.NoError(t, err)
	var want []string
	for _, row := range rows {
		want = append(want, onServer(row.Bases, w.serverByID(row.ServerID))...)
	}
	slices.Sort(want)
	got, gotUntil, err := w.SharedScopes(t.Context(), u.ID)
	require.NoError(t, err)
	texts := scopes.Strings(got)
	slices.Sort(texts)
	require.Equal(t, fmt.Sprint(want), fmt.Sprint(texts), "SH-160 %s", u.Name)
	require.True(t, until.Equal(gotUntil), "%s changes at %s, not %s", u.Name, until, gotUntil)
}

// compareLists looks at the shares and codes of an owner.
func (w *world) compareLists(t *rapid.T, admin sharing.Caller, owner sharing.Ref) {
	ctx, all := t.Context(), sharing.Window{Limit: 1000}
	rows, err := w.want.Shares(ctx, w.now, sharing.Filter{OwnerID: owner.ID}, all)
	require.NoError(t, err)
	got, err := w.ListByOwner(ctx, admin, owner.Name, all)
	require.NoError(t, err)
	require.Equal(t, lines(rows.Items, w.wantShareLine), lines(got.Items, shareLine))
	require.Equal(t, rows.Total, got.Total)
	codes, err := w.want.Codes(ctx, w.now, sharing.Filter{OwnerID: owner.ID}, all)
	require.NoError(t, err)
	gotCodes, err := w.ListCodesByOwner(ctx, admin, owner.Name, all)
	require.NoError(t, err)
	require.Equal(t, lines(codes.Items, w.wantCodeLine), lines(gotCodes.Items, codeLine))
	require.Equal(t, codes.Total, gotCodes.Total)
}

// noOrphans is SH-222: no row is left whose server, owner or grantee is gone, not even an ended one.
func (w *world) noOrphans(t *rapid.T) {
	ctx, all := t.Context(), sharing.Window{Limit: 1000}
	for _, g := range w.gone {
		for _, f := range map[string][]sharing.Filter{
			sharing.KindServer: {{ServerID: g.ID}},
			sharing.KindUser:   {{OwnerID: g.ID}, {Grantees: []sharing.Grantee{{Kind: sharing.KindUser, ID: g.ID}}}},
			sharing.KindGroup:  {{Grantees: []sharing.Grantee{{Kind: sharing.KindGroup, ID: g.ID}}}},
		}[g.Kind] {
			page, err := w.Store.Shares(ctx, time.Time{}, f, all)
			require.NoError(t, err)
			require.Empty(t, page.Items, "SH-222 left of %v", g)
			if len(f.Grantees) == 0 {
				codes, err := w.Store.Codes(ctx, time.Time{}, f, all)
				require.NoError(t, err)
				require.Empty(t, codes.Items, "SH-222 left of %v", g)
			}
		}
	}
}

func lines[T any](list []T, line func(T) string) []string {
	out := make([]string, 0, len(list))
	for _, v := range list {
		out = append(out, line(v))
	}
	return out
}

func changeLine(c sharing.Change) string {
	return fmt.Sprintf("%d %s %s by %q on %q code %q: users %v, groups %v", c.Seq, c.At, c.Action, c.ActorID, c.ServerID, c.CodeID, c.UserIDs, c.GroupIDs)
}
