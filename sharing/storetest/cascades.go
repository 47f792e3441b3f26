package storetest

import (
	"errors"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

// populate shares every server with everybody and makes a code for each; it gives the codes.
func populate(f fixture) (labCode, homeCode, otherCode sharing.Probe) {
	for _, at := range []sharing.Place{lab, home, other} {
		for _, to := range []sharing.Grantee{bob, carol, team} {
			f.grant(at, to, access)
		}
	}
	// dave and alice share with each other, so that each is owner and grantee.
	f.grant(lab, sharing.Grantee{Kind: sharing.KindUser, ID: other.OwnerID}, access)
	f.grant(other, sharing.Grantee{Kind: sharing.KindUser, ID: lab.OwnerID}, access)
	_, labCode = f.code(lab, access)
	_, homeCode = f.code(home, access)
	_, otherCode = f.code(other, access)
	return labCode, homeCode, otherCode
}

// cascades are the table of SH-7, and the memory of what is gone (SH-45 e).
var cascades = []check{
	{"SH-7 a forgotten server takes its shares and codes along", func(f fixture) {
		labCode, homeCode, _ := populate(f)
		c := f.forget(sharing.KindServer, lab.ServerID)
		assert.Equal(f.t, sharing.Change{
			Seq: c.Seq, At: start, Action: sharing.ActionForget, ServerID: lab.ServerID,
			UserIDs: []string{"u-alice", "u-bob", "u-carol", "u-dave"}, GroupIDs: []string{team.ID},
		}, c)
		assert.NotZero(f.t, c.Seq)
		assert.Empty(f.t, f.shares(start, sharing.Filter{ServerID: lab.ServerID}))
		assert.Empty(f.t, f.codes(start, sharing.Filter{ServerID: lab.ServerID}))
		assert.Len(f.t, f.shares(start, sharing.Filter{ServerID: home.ServerID}), 3)
		_, err := f.exchange(labCode, "u-erin")
		assert.ErrorIs(f.t, err, sharing.ErrCodeNotFound)
		f.exchanged(homeCode, "u-erin")
	}},
	{"SH-7 a forgotten user takes the shares and codes of their servers along, and the shares with them", func(f fixture) {
		_, _, otherCode := populate(f)
		c := f.forget(sharing.KindUser, "u-alice")
		assert.Equal(f.t, []string{"u-alice", "u-bob", "u-carol", "u-dave"}, c.UserIDs)
		assert.Equal(f.t, []string{team.ID}, c.GroupIDs)
		assert.Empty(f.t, f.shares(start, sharing.Filter{OwnerID: "u-alice"}))
		assert.Empty(f.t, f.codes(start, sharing.Filter{OwnerID: "u-alice"}))
		assert.Empty(f.t, f.shares(start, sharing.Filter{Grantees: []sharing.Grantee{{Kind: sharing.KindUser, ID: "u-alice"}}}))
		assert.Len(f.t, f.shares(start, sharing.Filter{OwnerID: "u-dave"}), 3)
		f.exchanged(otherCode, "u-erin")
	}},
	{"SH-7 codes that a forgotten user used stay", func(f fixture) {
		_, p := f.code(lab, access)
		f.exchanged(p, bob.ID)
		f.forget(sharing.KindUser, bob.ID)
		assert.Equal(f.t, 1, f.codes(start, sharing.Filter{ServerID: lab.ServerID})[0].Exchanges)
		assert.Empty(f.t, f.shares(start, sharing.Filter{ServerID: lab.ServerID}))
	}},
	{"SH-7 a forgotten group takes the shares with it along", func(f fixture) {
		populate(f)
		c := f.forget(sharing.KindGroup, team.ID)
		assert.Empty(f.t, c.UserIDs)
		assert.Equal(f.t, []string{team.ID}, c.GroupIDs)
		assert.Len(f.t, f.shares(start, sharing.Filter{ServerID: lab.ServerID}), 3)
		assert.Len(f.t, f.codes(start, sharing.Filter{ServerID: lab.ServerID}), 1)
	}},
	{"SH-7 forgetting again, or what was never heard of, changes nothing", func(f fixture) {
		populate(f)
		f.forget(sharing.KindServer, lab.ServerID)
		assert.Zero(f.t, f.forget(sharing.KindServer, lab.ServerID))
		assert.Zero(f.t, f.forget(sharing.KindServer, "s-unheard-of"))
		assert.Zero(f.t, f.forget(sharing.KindUser, "u-unheard-of"))
		assert.Zero(f.t, f.forget(sharing.KindGroup, "g-unheard-of"))
	}},
	{"SH-7 only servers, users and groups can be forgotten", func(f fixture) {
		_, err := f.store.Forget(f.t.Context(), start, sharing.KindService, "v-cull")
		assert.Error(f.t, err)
	}},
	{"SH-45 e nothing can be written any more about what is gone", func(f fixture) {
		_, p := f.code(other, access)
		f.forget(sharing.KindServer, lab.ServerID)
		f.forget(sharing.KindUser, bob.ID)
		f.forget(sharing.KindGroup, team.ID)

		refused := func(err error, kind, id string) {
			f.t.Helper()
			var gone *sharing.GoneError
			require.ErrorIs(f.t, err, sharing.ErrGone)
			require.True(f.t, errors.As(err, &gone))
			assert.Equal(f.t, sharing.GoneError{Kind: kind, ID: id}, *gone)
		}
		grant := func(at sharing.Place, to sharing.Grantee) error {
			_, c, err := f.store.Grant(f.t.Context(), start, sharing.Act{}, sharing.GrantOrder{Place: at, Grantees: []sharing.Grantee{to}, Bases: []string{access}})
			assert.Zero(f.t, c)
			return err
		}
		refused(grant(lab, carol), sharing.KindServer, lab.ServerID)
		refused(grant(home, bob), sharing.KindUser, bob.ID)
		refused(grant(home, team), sharing.KindGroup, team.ID)
		_, err := f.exchange(p, bob.ID)
		refused(err, sharing.KindUser, bob.ID)
		_, _, err = f.newCode(sharing.CodeLimits{}, lab, access)
		refused(err, sharing.KindServer, lab.ServerID)
		f.forget(sharing.KindUser, "u-alice")
		_, _, err = f.newCode(sharing.CodeLimits{}, home, access)
		refused(err, sharing.KindUser, "u-alice")
		refused(grant(home, carol), sharing.KindUser, "u-alice")

		assert.Empty(f.t, f.shares(start, sharing.Filter{OwnerID: "u-alice"}))
		assert.Empty(f.t, f.shares(start, sharing.Filter{OwnerID: "u-dave"}))
		assert.Zero(f.t, f.codes(start, sharing.Filter{ServerID: other.ServerID})[0].Exchanges)
	}},
	{"SH-45 e an id that is gone as a group is no other kind's loss", func(f fixture) {
		f.forget(sharing.KindGroup, bob.ID)
		f.grant(lab, bob, access)
	}},
}

// changes are about the record that a replica reads (SH-182).
var changes = []check{
	{"SH-182 every mutation is recorded as it was told, in order", func(f fixture) {
		var told []sharing.Change
		keep := func(c sharing.Change, err error) {
			f.t.Helper()
			require.NoError(f.t, err)
			require.NotZero(f.t, c.Seq)
			told = append(told, c)
		}
		ctx := f.t.Context()
		_, c, err := f.store.Grant(ctx, start, by("u-alice"), sharing.GrantOrder{Place: lab, Grantees: []sharing.Grantee{bob}, Bases: []string{access, read}})
		keep(c, err)
		_, c, err = f.store.Revoke(ctx, start, by("u-alice"), sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: bob, Bases: []string{read}})
		keep(c, err)
		secret, err := sharing.NewSecret(f.random)
		require.NoError(f.t, err)
		hash, prefix, err := secret.Hash(f.random)
		require.NoError(f.t, err)
		p, _ := secret.Probe()
		code, c, err := f.store.CreateCode(ctx, start, by("u-admin"), sharing.CodeOrder{
			Place: lab, Bases: []string{access}, Prefix: prefix, Hash: hash, ExpiresAt: start.AddDate(0, 0, 1),
		})
		keep(c, err)
		_, c, err = f.store.Exchange(ctx, start, by(carol.ID), p, sharing.Ref{Kind: sharing.KindUser, ID: carol.ID})
		keep(c, err)
		_, c, err = f.store.DeleteCode(ctx, start, by("u-alice"), lab.ServerID, code.ID, false)
		keep(c, err)
		_, c, err = f.store.Revoke(ctx, start, by(bob.ID), sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: bob, All: true, Leave: true})
		keep(c, err)
		_, c, err = f.store.RevokeAll(ctx, start, by("u-alice"), lab.ServerID)
		keep(c, err)

		actions := []string{}
		for i, c := range told {
			actions = append(actions, c.Action)
			assert.Equal(f.t, start, c.At)
			assert.Equal(f.t, lab.ServerID, c.ServerID)
			assert.True(f.t, i == 0 || told[i-1].Seq < c.Seq)
		}
		assert.Equal(f.t, []string{
			sharing.ActionGrant, sharing.ActionRevoke, sharing.ActionCreate, sharing.ActionExchange,
			sharing.ActionDelete, sharing.ActionLeave, sharing.ActionRevokeAll,
		}, actions)
		assert.Equal(f.t, "u-admin", told[2].ActorID)
		assert.Equal(f.t, []string{lab.OwnerID}, told[2].UserIDs)
		assert.Equal(f.t, sharing.CodeID(code.ID), told[3].CodeID)
		assert.Equal(f.t, []string{carol.ID}, told[3].UserIDs)

		all, err := f.store.Changes(ctx, 0, 100)
		require.NoError(f.t, err)
		assert.Equal(f.t, told, all)
		some, err := f.store.Changes(ctx, told[1].Seq, 2)
		require.NoError(f.t, err)
		assert.Equal(f.t, told[2:4], some)
		none, err := f.store.Changes(ctx, told[6].Seq, 100)
		require.NoError(f.t, err)
		assert.Empty(f.t, none)
	}},
	{"SH-45 f what fails leaves no record", func(f fixture) {
		_, p := f.code(lab, access)
		before, err := f.store.Changes(f.t.Context(), 0, 100)
		require.NoError(f.t, err)
		_, err = f.exchange(p, lab.OwnerID)
		require.Error(f.t, err)
		_, _, err = f.store.DeleteCode(f.t.Context(), start, sharing.Act{}, lab.ServerID, 999, false)
		require.Error(f.t, err)
		after, err := f.store.Changes(f.t.Context(), 0, 100)
		require.NoError(f.t, err)
		assert.Equal(f.t, before, after)
	}},
}
