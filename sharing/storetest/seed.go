package storetest

import (
	"errors"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

// seeds are about many grants on many servers at once.
var seeds = []check{
	{"SH-40 a seed leaves what the grants of the owners would leave, in their order", func(f fixture) {
		list := []sharing.SeedOrder{
			{Place: lab, Grantee: bob, Bases: []string{read, access}},
			{Place: other, Grantee: team, Bases: []string{access}},
			{Place: lab, Grantee: carol, Bases: []string{read, access}},
			{Place: home, Grantee: bob, Bases: []string{access}},
			{Place: lab, Grantee: bob, Bases: []string{shares}},
		}
		c := f.seed(start, list...)
		assert.Equal(f.t, sharing.Change{
			Seq: c.Seq, At: start, Action: sharing.ActionSeed, Record: sharing.Record{Bases: []string{access, read, shares}},
		}, c, "one change, by nobody, about anyone")
		recorded, err := f.store.Changes(f.t.Context(), 0, 10)
		require.NoError(f.t, err)
		assert.Equal(f.t, []sharing.Change{c}, recorded)

		alike := fixture{t: f.t, open: f.open, store: f.open(f.t), random: f.random}
		for _, o := range list {
			alike.give(start, o.OwnerID, o.Place, o.Grantee, sharing.Ends{}, o.Bases...)
		}
		assert.Equal(f.t, alike.everyShare(start), f.everyShare(start))
		assert.Len(f.t, f.everyShare(start), 4, "bob has one on the lab")
	}},
	{"SH-40 a seed adds to what there is, and brings back what has ended as something new", func(f fixture) {
		soon := until(start.Add(time.Minute))
		later := start.Add(time.Hour)
		fill := func(f fixture) {
			f.give(start, "u-alice", lab, bob, soon, access)
			f.give(start, "u-alice", lab, carol, sharing.Ends{}, access)
			f.give(start, "u-alice", lab, team, sharing.Ends{ExpiresAt: start.Add(2 * time.Hour)}, access)
		}
		fill(f)
		alike := fixture{t: f.t, open: f.open, store: f.open(f.t), random: f.random}
		fill(alike)
		list := []sharing.SeedOrder{
			{Place: home, Grantee: bob, Bases: []string{access}},
			{Place: lab, Grantee: bob, Bases: []string{access}},
			{Place: lab, Grantee: carol, Bases: []string{access, read}},
			{Place: lab, Grantee: team, Bases: []string{access}},
			{Place: other, Grantee: carol, Bases: []string{access}},
		}
		f.seed(later, list...)
		for _, o := range list {
			alike.give(later, o.OwnerID, o.Place, o.Grantee, sharing.Ends{}, o.Bases...)
		}
		assert.Equal(f.t, alike.everyShare(later), f.everyShare(later))
		assert.Len(f.t, f.everyShare(later), 5)
	}},
	{"SH-40 a seed of what there is already changes nothing", func(f fixture) {
		list := []sharing.SeedOrder{{Place: lab, Grantee: bob, Bases: []string{access}}, {Place: other, Grantee: team, Bases: []string{read}}}
		f.seed(start, list...)
		before := f.everyShare(start)
		for _, again := range [][]sharing.SeedOrder{list, nil} {
			c, err := f.store.Seed(f.t.Context(), start.Add(time.Hour), again)
			require.NoError(f.t, err)
			assert.Zero(f.t, c)
		}
		assert.Equal(f.t, before, f.everyShare(start.Add(time.Hour)))
	}},
	{"SH-6 a share that is made after a seed has a new id", func(f fixture) {
		f.seed(start, sharing.SeedOrder{Place: lab, Grantee: bob, Bases: []string{access}}, sharing.SeedOrder{Place: lab, Grantee: carol, Bases: []string{access}})
		last := f.share(start, lab, carol)
		f.revoke(sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: carol, All: true})
		assert.Greater(f.t, f.grant(lab, carol, access).ID, last.ID)
	}},
	{"SH-182 a seed of more than a statement takes makes every share, in order", func(f fixture) {
		var list []sharing.SeedOrder
		for i := range 300 {
			o := sharing.SeedOrder{Place: place(i / 7), Grantee: numbered(i), Bases: []string{access}}
			if i%5 == 0 {
				o.Bases = []string{read, access}
			}
			list = append(list, o)
		}
		f.seed(start, list...)
		again := append([]sharing.SeedOrder{{Place: other, Grantee: bob, Bases: []string{read}}}, list...)
		f.seed(start, again...)
		all := f.everyShare(start)
		require.Len(f.t, all, len(list)+1)
		for i, o := range list {
			got := all[i]
			assert.Equal(f.t, o.Place, got.Place)
			assert.Equal(f.t, o.Grantee, got.Grantee)
			assert.Len(f.t, got.Bases, len(o.Bases))
			require.Len(f.t, got.Grants, 1)
			assert.Equal(f.t, sharing.StoredGrant{Bases: got.Bases, ActorID: o.OwnerID, GrantedAt: start}, got.Grants[0])
		}
	}},
	{"SH-45 e of a seed of which something is gone there is nothing, and the first of it is named", func(f fixture) {
		f.forget(sharing.KindUser, carol.ID)
		f.forget(sharing.KindServer, other.ServerID)
		before, err := f.store.Changes(f.t.Context(), 0, 100)
		require.NoError(f.t, err)
		on := func(at sharing.Place, to sharing.Grantee) sharing.SeedOrder {
			return sharing.SeedOrder{Place: at, Grantee: to, Bases: []string{access}}
		}
		for _, c := range []struct {
			list []sharing.SeedOrder
			gone sharing.GoneError
		}{
			{[]sharing.SeedOrder{on(lab, bob), on(lab, carol), on(other, bob)}, sharing.GoneError{Kind: sharing.KindUser, ID: carol.ID}},
			{[]sharing.SeedOrder{on(lab, bob), on(other, bob), on(lab, carol)}, sharing.GoneError{Kind: sharing.KindServer, ID: other.ServerID}},
		} {
			change, err := f.store.Seed(f.t.Context(), start, c.list)
			var gone *sharing.GoneError
			require.ErrorIs(f.t, err, sharing.ErrGone)
			require.True(f.t, errors.As(err, &gone))
			assert.Equal(f.t, c.gone, *gone)
			assert.Zero(f.t, change)
			assert.Empty(f.t, f.everyShare(start))
		}
		after, err := f.store.Changes(f.t.Context(), 0, 100)
		require.NoError(f.t, err)
		assert.Equal(f.t, before, after)
	}},
	{"SH-43 of a seed with a service or with no scopes there is nothing", func(f fixture) {
		good := sharing.SeedOrder{Place: lab, Grantee: bob, Bases: []string{access}}
		for _, bad := range []sharing.SeedOrder{
			{Place: lab, Grantee: sharing.Grantee{Kind: sharing.KindService, ID: "v-cull"}, Bases: []string{access}},
			{Place: lab, Grantee: carol},
		} {
			c, err := f.store.Seed(f.t.Context(), start, []sharing.SeedOrder{good, bad})
			assert.Error(f.t, err)
			assert.Zero(f.t, c)
			f.noShare(start, lab, bob)
		}
	}},
}
