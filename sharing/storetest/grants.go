package storetest

import (
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

// grants are the laws of SH-40: what is granted adds up, and nothing is lost.
var grants = []check{
	{"SH-40 a first grant makes a share with what was asked, sorted", func(f fixture) {
		share := f.grant(lab, bob, shares, access)
		assert.Equal(f.t, sharing.StoredShare{
			ID: share.ID, Place: lab, Grantee: bob, Bases: []string{access, shares}, CreatedAt: start,
			Grants: []sharing.StoredGrant{{Bases: []string{access, shares}, ActorID: "u-alice", GrantedAt: start}},
		}, share)
		assert.Positive(f.t, share.ID)
		assert.Equal(f.t, share, f.share(start, lab, bob))
	}},
	{"SH-40 a second grant gives the union and keeps id and date", func(f fixture) {
		first := f.grant(lab, bob, read)
		second, c := f.give(start.Add(time.Minute), "u-dave", lab, bob, sharing.Ends{}, access, read)
		assert.NotZero(f.t, c.Seq)
		first.Bases = []string{access, read}
		first.Grants = []sharing.StoredGrant{{Bases: []string{access, read}, ActorID: "u-dave", GrantedAt: start.Add(time.Minute)}}
		assert.Equal(f.t, first, second)
	}},
	{"SH-40 a grant of nothing new changes nothing", func(f fixture) {
		first := f.grant(lab, bob, access, read)
		again, c := f.give(start.Add(time.Minute), "u-dave", lab, bob, sharing.Ends{}, read)
		assert.Zero(f.t, c)
		assert.Equal(f.t, first, again)
	}},
	{"SH-1 servers, users and groups have shares of their own", func(f fixture) {
		// A user and a group of one id would be two grantees.
		namesake := sharing.Grantee{Kind: sharing.KindGroup, ID: bob.ID}
		ids := map[int64]bool{}
		for _, at := range []sharing.Place{lab, home, other} {
			for _, to := range []sharing.Grantee{bob, carol, team, namesake} {
				ids[f.grant(at, to, access).ID] = true
			}
		}
		assert.Len(f.t, ids, 12)
		assert.Len(f.t, f.shares(start, sharing.Filter{ServerID: lab.ServerID}), 4)
	}},
	{"SH-43 a share with the owner is a share like any other", func(f fixture) {
		f.grant(lab, sharing.Grantee{Kind: sharing.KindUser, ID: lab.OwnerID}, access)
		assert.Len(f.t, f.shares(start, sharing.Filter{OwnerID: lab.OwnerID}), 1)
	}},
	{"SH-43 a service cannot be a grantee", func(f fixture) {
		_, _, err := f.store.Grant(f.t.Context(), start, sharing.Act{}, sharing.GrantOrder{
			Place: lab, Grantees: []sharing.Grantee{{Kind: sharing.KindService, ID: "v-cull"}}, Bases: []string{access},
		})
		assert.Error(f.t, err)
		assert.Empty(f.t, f.shares(start, sharing.Filter{ServerID: lab.ServerID}))
	}},
	{"SH-40 a grant without scopes is an error and makes nothing", func(f fixture) {
		_, c, err := f.store.Grant(f.t.Context(), start, sharing.Act{}, sharing.GrantOrder{Place: lab, Grantees: []sharing.Grantee{bob}})
		assert.Error(f.t, err)
		assert.Zero(f.t, c)
		f.noShare(start, lab, bob)
	}},
}

// revocations are the laws of SH-41 and SH-95.
var revocations = []check{
	{"SH-41 revoking listed scopes leaves the others, and id and date", func(f fixture) {
		share := f.grant(lab, bob, access, read, shares)
		left, c := f.revoke(sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: bob, Bases: []string{read, "not:there"}})
		share.Bases = []string{access, shares}
		share.Grants[0].Bases = share.Bases
		require.NotNil(f.t, left)
		assert.Equal(f.t, share, *left)
		assert.Equal(f.t, share, f.share(start, lab, bob))
		assert.Equal(f.t, sharing.ActionRevoke, c.Action)
		assert.Equal(f.t, []string{bob.ID}, c.UserIDs)
	}},
	{"SH-41 revoking scopes that are not there changes nothing", func(f fixture) {
		share := f.grant(lab, bob, access)
		left, c := f.revoke(sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: bob, Bases: []string{read}})
		require.NotNil(f.t, left)
		assert.Equal(f.t, share, *left)
		assert.Zero(f.t, c)
	}},
	{"SH-42 revoking an empty list changes nothing", func(f fixture) {
		f.grant(lab, bob, access)
		left, c := f.revoke(sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: bob})
		assert.NotNil(f.t, left)
		assert.Zero(f.t, c)
	}},
	{"SH-41 revoking the last scope ends the share, and granting again makes a new one", func(f fixture) {
		old := f.grant(lab, bob, access)
		left, c := f.revoke(sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: bob, Bases: []string{access}})
		assert.Nil(f.t, left)
		assert.NotZero(f.t, c.Seq)
		f.noShare(start, lab, bob)
		assert.Greater(f.t, f.grant(lab, bob, access).ID, old.ID)
	}},
	{"SH-6 an id is not used again after the newest share is gone", func(f fixture) {
		last := int64(0)
		for range 5 {
			share := f.grant(lab, bob, access)
			assert.Greater(f.t, share.ID, last)
			last = share.ID
			f.revoke(sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: bob, All: true})
		}
	}},
	{"SH-41 revoking all ends the share and no other", func(f fixture) {
		f.grant(lab, bob, access, read)
		f.grant(lab, carol, access)
		f.grant(home, bob, access)
		left, c := f.revoke(sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: bob, All: true, Leave: true})
		assert.Nil(f.t, left)
		assert.Equal(f.t, sharing.ActionLeave, c.Action)
		f.noShare(start, lab, bob)
		f.share(start, lab, carol)
		f.share(start, home, bob)
	}},
	{"SH-41 revoking where there is no share changes nothing", func(f fixture) {
		left, c := f.revoke(sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: bob, All: true})
		assert.Nil(f.t, left)
		assert.Zero(f.t, c)
	}},
	{"SH-41 revoking takes a scope whatever grants it came by", func(f fixture) {
		_, probe := f.code(lab, access, read)
		f.exchanged(probe, bob.ID)
		_, second := f.code(lab, read)
		f.exchanged(second, bob.ID)
		f.grant(lab, bob, read)
		left, _ := f.revoke(sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: bob, Bases: []string{read}})
		require.NotNil(f.t, left)
		assert.Equal(f.t, []string{access}, left.Bases)
		left, _ = f.revoke(sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: bob, Bases: []string{access}})
		assert.Nil(f.t, left)
	}},
	{"SH-95 revoking all shares of a server leaves its codes and other servers alone", func(f fixture) {
		f.grant(lab, bob, access)
		f.grant(lab, carol, access)
		f.grant(lab, team, access)
		f.grant(home, bob, access)
		_, probe := f.code(lab, access)
		n, c, err := f.store.RevokeAll(f.t.Context(), start, by("u-alice"), lab.ServerID)
		require.NoError(f.t, err)
		assert.Equal(f.t, 3, n)
		assert.Equal(f.t, sharing.Change{
			Seq: c.Seq, At: start, Action: sharing.ActionRevokeAll, ActorID: "u-alice", ServerID: lab.ServerID,
			UserIDs: []string{bob.ID, carol.ID}, GroupIDs: []string{team.ID}, Record: c.Record,
		}, c)
		assert.Empty(f.t, f.shares(start, sharing.Filter{ServerID: lab.ServerID}))
		f.share(start, home, bob)
		f.exchanged(probe, bob.ID)

		n, c, err = f.store.RevokeAll(f.t.Context(), start, by("u-alice"), other.ServerID)
		require.NoError(f.t, err)
		assert.Zero(f.t, n)
		assert.Zero(f.t, c)
	}},
}

// ends are about grants that end by themselves (SH-3, SH-21).
var ends = []check{
	{"SH-21 a grant is over at the very instant of its end", func(f fixture) {
		end := start.Add(time.Hour)
		f.give(start, "u-alice", lab, bob, until(end), access)
		before := end.Add(-time.Microsecond)
		f.share(before, lab, bob)
		lines, until := f.scopesOf(before, bob.ID)
		assert.Equal(f.t, []string{lab.ServerID + " " + access}, lines)
		assert.Equal(f.t, end, until)

		f.noShare(end, lab, bob)
		assert.Empty(f.t, f.shares(end, sharing.Filter{ServerID: lab.ServerID}))
		lines, until = f.scopesOf(end, bob.ID)
		assert.Empty(f.t, lines)
		assert.Zero(f.t, until)
		left, c, err := f.store.Revoke(f.t.Context(), end, sharing.Act{}, sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: bob, All: true})
		require.NoError(f.t, err)
		assert.Nil(f.t, left)
		assert.Zero(f.t, c)
	}},
	{"SH-41 granting after everything ended makes a new share", func(f fixture) {
		end := start.Add(time.Hour)
		old, _ := f.give(start, "u-alice", lab, bob, until(end), access, read)
		fresh, c := f.give(end, "u-alice", lab, bob, sharing.Ends{}, access)
		assert.NotZero(f.t, c.Seq)
		assert.Equal(f.t, sharing.StoredShare{
			ID: fresh.ID, Place: lab, Grantee: bob, Bases: []string{access}, CreatedAt: end,
			Grants: []sharing.StoredGrant{{Bases: []string{access}, ActorID: "u-alice", GrantedAt: end}},
		}, fresh)
		assert.Greater(f.t, fresh.ID, old.ID)
	}},
	{"SH-40 a grant never shortens, and lengthens only what it names", func(f fixture) {
		soon, late := start.Add(time.Hour), start.Add(2*time.Hour)
		f.give(start, "u-alice", lab, bob, until(late), access, read)
		_, c := f.give(start, "u-alice", lab, bob, until(soon), access, read)
		assert.Zero(f.t, c, "an earlier end is nothing new")
		_, c = f.give(start, "u-alice", lab, bob, sharing.Ends{}, access)
		assert.NotZero(f.t, c.Seq)
		_, until := f.scopesOf(start, bob.ID)
		assert.Equal(f.t, late, until)
		assert.Equal(f.t, []string{access}, f.share(late, lab, bob).Bases)
	}},
	{"SH-40 a scope lasts as long as any of its grants", func(f fixture) {
		end := start.Add(time.Hour)
		f.give(start, "u-alice", lab, bob, until(end), access)
		_, probe := f.code(lab, access)
		f.exchanged(probe, bob.ID)
		_, until := f.scopesOf(start, bob.ID)
		assert.Zero(f.t, until, "the grant by the code does not end")
		assert.Equal(f.t, []string{access}, f.share(end, lab, bob).Bases)
	}},
	{"SH-160 a scope by two shares lasts as long as the later", func(f fixture) {
		soon, late := start.Add(time.Hour), start.Add(2*time.Hour)
		for to, end := range map[sharing.Grantee]time.Time{bob: soon, team: late} {
			f.give(start, "u-alice", lab, to, until(end), access)
		}
		lines, until := f.scopesOf(soon, bob.ID, team.ID)
		assert.Equal(f.t, []string{lab.ServerID + " " + access}, lines)
		assert.Equal(f.t, late, until)
		_, until = f.scopesOf(start, bob.ID, team.ID)
		assert.Equal(f.t, late, until, "the end of the earlier changes nothing")
	}},
	{"SH-21 a grant that has ended already is an error and makes nothing", func(f fixture) {
		_, _, err := f.store.Grant(f.t.Context(), start, sharing.Act{}, sharing.GrantOrder{Place: lab, Grantees: []sharing.Grantee{bob}, Bases: []string{access}, Ends: until(start)})
		assert.Error(f.t, err)
		f.noShare(start, lab, bob)
	}},
	{"SH-23 purging removes what has ended and nothing else", func(f fixture) {
		end := start.Add(time.Hour)
		f.give(start, "u-alice", lab, bob, until(end), access)
		f.grant(lab, carol, access)
		old, _ := f.code(lab, access) // ends at the same time
		last, err := f.store.Changes(f.t.Context(), 0, 100)
		require.NoError(f.t, err)

		p, err := f.store.Purge(f.t.Context(), end.Add(-time.Microsecond), sharing.PurgeOrder{})
		require.NoError(f.t, err)
		assert.Zero(f.t, p)
		p, err = f.store.Purge(f.t.Context(), end, sharing.PurgeOrder{})
		require.NoError(f.t, err)
		assert.Equal(f.t, sharing.Purged{Codes: 1, Shares: 1}, p)
		assert.Len(f.t, f.shares(start, sharing.Filter{ServerID: lab.ServerID}), 1)
		_, _, err = f.store.DeleteCode(f.t.Context(), end, sharing.Act{}, lab.ServerID, old.ID, false)
		assert.ErrorIs(f.t, err, sharing.ErrCodeNotFound)
		now, err := f.store.Changes(f.t.Context(), 0, 100)
		require.NoError(f.t, err)
		assert.Equal(f.t, last, now, "nobody's access differs by purging")
	}},
}
