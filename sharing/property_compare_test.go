package sharing_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// What TestAnySequenceOfOperations looks at after each of them.

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
	w.now = w.now.Add(time.Microsecond) // so that of two grants one is the newer
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
	require.Equal(t, lines(codes.Items, w.wantManagedLine), lines(gotCodes.Items, managedLine))
	require.Equal(t, codes.Total, gotCodes.Total)
	if len(w.codes) > 0 { // one of them each time, also one that is gone by now
		c := w.codes[w.steps%len(w.codes)]
		srv := w.serverOf(c)
		if srv.Owner.ID != owner.ID {
			return
		}
		rows, err := w.want.Shares(ctx, w.now, sharing.Filter{ServerID: srv.ID, CodeID: c.id}, all)
		require.NoError(t, err)
		got, err := w.ListByCode(ctx, admin, sharing.ServerName{Owner: owner.Name, Name: srv.Name}, c.id, all)
		require.NoError(t, err)
		require.Equal(t, lines(rows.Items, w.wantShareLine), lines(got.Items, shareLine))
	}
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
	return fmt.Sprintf("%d %s %s by %q on %q code %q: users %v, groups %v, record %+v",
		c.Seq, c.At, c.Action, c.ActorID, c.ServerID, c.CodeID, c.UserIDs, c.GroupIDs, c.Record)
}
