package storetest

import (
	"errors"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

// bulk is about one grant to several, which is one transaction (SH-40, SH-45).
var bulk = []check{
	{"SH-40 a grant to several gives their shares in the order asked, with one change", func(f fixture) {
		f.grant(lab, carol, read)
		f.grant(lab, bob, access)
		a := by("u-alice", "group:team", "user:carol", "user:bob")
		all, c, err := f.store.Grant(f.t.Context(), start, a, sharing.GrantOrder{
			Place: lab, Grantees: []sharing.Grantee{team, carol, bob}, Bases: []string{access},
		})
		require.NoError(f.t, err)
		assert.Equal(f.t, []sharing.StoredShare{f.share(start, lab, team), f.share(start, lab, carol), f.share(start, lab, bob)}, all)
		assert.Equal(f.t, []string{access, read}, all[1].Bases)
		assert.Equal(f.t, sharing.Change{
			Seq: c.Seq, At: start, Action: sharing.ActionGrant, ActorID: "u-alice", ServerID: lab.ServerID,
			UserIDs: []string{carol.ID}, GroupIDs: []string{team.ID}, Record: a.Record([]string{access}),
		}, c, "bob's access is what it was")
		recorded, err := f.store.Changes(f.t.Context(), c.Seq-1, 10)
		require.NoError(f.t, err)
		assert.Equal(f.t, []sharing.Change{c}, recorded)
	}},
	{"SH-40 a grant to several of nothing new changes nothing", func(f fixture) {
		f.grant(lab, bob, access, read)
		f.grant(lab, team, access)
		all, c, err := f.store.Grant(f.t.Context(), start, by("u-alice"), sharing.GrantOrder{
			Place: lab, Grantees: []sharing.Grantee{bob, team}, Bases: []string{access},
		})
		require.NoError(f.t, err)
		assert.Len(f.t, all, 2)
		assert.Zero(f.t, c)
	}},
	{"SH-45 e of a grant to several, of whom one is gone, there is nothing", func(f fixture) {
		kept := f.grant(lab, team, read)
		f.forget(sharing.KindUser, carol.ID)
		before, err := f.store.Changes(f.t.Context(), 0, 100)
		require.NoError(f.t, err)
		_, c, err := f.store.Grant(f.t.Context(), start, by("u-alice"), sharing.GrantOrder{
			Place: lab, Grantees: []sharing.Grantee{team, bob, carol}, Bases: []string{access},
		})
		var gone *sharing.GoneError
		require.ErrorIs(f.t, err, sharing.ErrGone)
		require.True(f.t, errors.As(err, &gone))
		assert.Equal(f.t, sharing.GoneError{Kind: sharing.KindUser, ID: carol.ID}, *gone)
		assert.Zero(f.t, c)
		assert.Equal(f.t, []sharing.StoredShare{kept}, f.shares(start, sharing.Filter{ServerID: lab.ServerID}))
		after, err := f.store.Changes(f.t.Context(), 0, 100)
		require.NoError(f.t, err)
		assert.Equal(f.t, before, after)
	}},
	{"SH-43 of a grant to several, of whom one is a service, there is nothing", func(f fixture) {
		_, _, err := f.store.Grant(f.t.Context(), start, by("u-alice"), sharing.GrantOrder{
			Place: lab, Grantees: []sharing.Grantee{bob, {Kind: sharing.KindService, ID: "v-cull"}}, Bases: []string{access},
		})
		assert.Error(f.t, err)
		f.noShare(start, lab, bob)
	}},
	{"SH-40 a grant to nobody is an error", func(f fixture) {
		_, c, err := f.store.Grant(f.t.Context(), start, by("u-alice"), sharing.GrantOrder{Place: lab, Bases: []string{access}})
		assert.Error(f.t, err)
		assert.Zero(f.t, c)
	}},
}
