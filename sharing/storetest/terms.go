package storetest

import (
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

var (
	soon = start.Add(time.Hour)
	late = start.Add(2 * time.Hour)
)

func (f fixture) endSession(now time.Time, serverID string) (int, sharing.Change) {
	f.t.Helper()
	n, c, err := f.store.EndSession(f.t.Context(), now, by(""), serverID)
	require.NoError(f.t, err)
	return n, c
}

// terms are about what a share is the union of, each part with its own end: what JupyterHub's shares lack (SH-201).
var terms = []check{
	{"SH-201 what ends together is one grant, in order of origin, session and end", func(f fixture) {
		code, p := f.limited(sharing.CodeLimits{Terms: sharing.Terms{Lifetime: time.Minute}}, lab, shares)
		f.give(start, "u-alice", lab, bob, sharing.Ends{Session: true}, access)
		f.give(start, "u-alice", lab, bob, until(late), access, shares)
		f.exchanged(p, bob.ID)
		f.give(start, "u-alice", lab, bob, sharing.Ends{}, "custom:x", "custom:a")
		f.give(start, "u-alice", lab, bob, sharing.Ends{Session: true, ExpiresAt: soon}, read)
		f.give(start, "u-alice", lab, bob, until(soon), read)
		grant := func(e sharing.Ends, bases ...string) sharing.StoredGrant {
			return sharing.StoredGrant{Bases: bases, ActorID: "u-alice", GrantedAt: start, Ends: e}
		}
		share := f.share(start, lab, bob)
		assert.Equal(f.t, []sharing.StoredGrant{
			grant(until(soon), read),
			grant(until(late), access, shares),
			grant(sharing.Ends{}, "custom:a", "custom:x"),
			grant(sharing.Ends{Session: true, ExpiresAt: soon}, read),
			grant(sharing.Ends{Session: true}, access),
			{CodeID: code.ID, Bases: []string{shares}, ActorID: bob.ID, GrantedAt: start, Ends: until(start.Add(time.Minute))},
		}, share.Grants)
		assert.Equal(f.t, []string{access, "custom:a", "custom:x", read, shares}, share.Bases)
		assert.Equal(f.t, []sharing.StoredShare{share}, f.shares(start, sharing.Filter{ServerID: lab.ServerID}))

		left := f.share(soon, lab, bob)
		assert.Equal(f.t, []sharing.StoredGrant{share.Grants[1], share.Grants[2], share.Grants[4]}, left.Grants, "what has ended is not seen")
		assert.Equal(f.t, []string{access, "custom:a", "custom:x", shares}, left.Bases)
	}},
	{"SH-201 a grant is from the newest of its scopes", func(f fixture) {
		f.give(start, "u-alice", lab, bob, until(late), access)
		minute := start.Add(time.Minute)
		share, _ := f.give(minute, "u-dave", lab, bob, until(late), read)
		assert.Equal(f.t, []sharing.StoredGrant{{Bases: []string{access, read}, ActorID: "u-dave", GrantedAt: minute, Ends: until(late)}}, share.Grants)
	}},
	{"SH-201 moving an end dates the grant anew, and not moving it does not", func(f fixture) {
		f.give(start, "u-alice", lab, bob, until(soon), access, read)
		minute := start.Add(time.Minute)
		share, c := f.give(minute, "u-dave", lab, bob, until(late), read)
		assert.NotZero(f.t, c.Seq)
		want := []sharing.StoredGrant{
			{Bases: []string{access}, ActorID: "u-alice", GrantedAt: start, Ends: until(soon)},
			{Bases: []string{read}, ActorID: "u-dave", GrantedAt: minute, Ends: until(late)},
		}
		assert.Equal(f.t, want, share.Grants)
		share, c = f.give(minute, "u-carol", lab, bob, until(soon), access, read)
		assert.Zero(f.t, c)
		assert.Equal(f.t, want, share.Grants)
	}},
	{"SH-201 with and without session a scope is granted side by side, and revoked together", func(f fixture) {
		f.give(start, "u-alice", lab, bob, until(soon), access, read)
		_, c := f.give(start, "u-alice", lab, bob, sharing.Ends{Session: true}, access)
		assert.NotZero(f.t, c.Seq)
		assert.Equal(f.t, []string{access}, f.share(soon, lab, bob).Bases)
		left, _ := f.revoke(sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: bob, Bases: []string{access}})
		require.NotNil(f.t, left)
		assert.Equal(f.t, []sharing.StoredGrant{{Bases: []string{read}, ActorID: "u-alice", GrantedAt: start, Ends: until(soon)}}, left.Grants)
	}},
	{"SH-201 the end of a session ends what was for it on this server, and nothing else", func(f fixture) {
		session := sharing.Ends{Session: true}
		f.give(start, "u-alice", lab, bob, session, access, read)
		f.grant(lab, bob, read)
		old, _ := f.give(start, "u-alice", lab, team, session, access)
		f.give(start, "u-alice", home, bob, session, access)
		_, p := f.limited(sharing.CodeLimits{Terms: sharing.Terms{Session: true}}, lab, access)
		f.exchanged(p, carol.ID)
		f.grant(lab, sharing.Grantee{Kind: sharing.KindUser, ID: "u-erin"}, access)

		n, c := f.endSession(start, lab.ServerID)
		assert.Equal(f.t, 3, n)
		assert.Equal(f.t, sharing.Change{
			Seq: c.Seq, At: start, Action: sharing.ActionEndSession, ServerID: lab.ServerID,
			UserIDs: []string{bob.ID, carol.ID}, GroupIDs: []string{team.ID}, Record: c.Record,
		}, c)
		assert.NotZero(f.t, c.Seq)
		assert.Equal(f.t, []string{read}, f.share(start, lab, bob).Bases, "what was also granted without")
		f.noShare(start, lab, team)
		f.noShare(start, lab, carol)
		f.share(start, home, bob)
		assert.Len(f.t, f.shares(start, sharing.Filter{ServerID: lab.ServerID}), 2)
		assert.Greater(f.t, f.grant(lab, team, access).ID, old.ID, "SH-41 the next one is new")

		n, c = f.endSession(start, lab.ServerID)
		assert.Zero(f.t, n)
		assert.Zero(f.t, c, "it had ended")
		f.exchanged(p, carol.ID)
		n, _ = f.endSession(start, lab.ServerID)
		assert.Equal(f.t, 1, n, "the code outlives the session")
	}},
	{"SH-21 what the clock has ended is no part of a session any more", func(f fixture) {
		f.give(start, "u-alice", lab, bob, sharing.Ends{Session: true, ExpiresAt: soon}, access)
		f.noShare(soon, lab, bob)
		n, c := f.endSession(soon, lab.ServerID)
		assert.Zero(f.t, n)
		assert.Zero(f.t, c)
	}},
	{"SH-201 a code gives access on its own terms, whenever it is exchanged", func(f fixture) {
		code, p := f.limited(sharing.CodeLimits{Terms: sharing.Terms{Lifetime: 2 * time.Hour, Session: true}}, lab, access)
		at := code.ExpiresAt.Add(-time.Microsecond)
		share, _, err := f.exchangeAt(at, p, bob.ID)
		require.NoError(f.t, err)
		end := at.Add(2 * time.Hour)
		assert.Equal(f.t, []sharing.StoredGrant{{
			CodeID: code.ID, Bases: []string{access}, ActorID: bob.ID, GrantedAt: at, Ends: sharing.Ends{Session: true, ExpiresAt: end},
		}}, share.Grants)
		assert.Equal(f.t, share, f.share(end.Add(-time.Microsecond), lab, bob), "SH-24")
		f.noShare(end, lab, bob)
	}},
	{"SH-201 the same code again moves the end, but only to a later time", func(f fixture) {
		code, p := f.limited(sharing.CodeLimits{Terms: sharing.Terms{Lifetime: time.Hour}}, lab, access)
		first := f.exchanged(p, bob.ID)
		minute := start.Add(time.Minute)
		again, c, err := f.exchangeAt(minute, p, bob.ID)
		require.NoError(f.t, err)
		assert.NotZero(f.t, c.Seq)
		assert.Equal(f.t, first.ID, again.ID)
		assert.Equal(f.t, []sharing.StoredGrant{{
			CodeID: code.ID, Bases: []string{access}, ActorID: bob.ID, GrantedAt: minute, Ends: until(minute.Add(time.Hour)),
		}}, again.Grants)
		// A replica's clock may be behind.
		behind, _, err := f.exchangeAt(start, p, bob.ID)
		require.NoError(f.t, err)
		assert.Equal(f.t, again, behind)
		assert.Equal(f.t, 3, f.codes(start, sharing.Filter{ServerID: lab.ServerID})[0].Exchanges, "SH-44")
	}},
	{"SH-41 a code that gave what has ended gives a new share", func(f fixture) {
		_, p := f.limited(sharing.CodeLimits{Terms: sharing.Terms{Lifetime: time.Minute}}, lab, access)
		old := f.exchanged(p, bob.ID)
		minute := start.Add(time.Minute)
		fresh, _, err := f.exchangeAt(minute, p, bob.ID)
		require.NoError(f.t, err)
		assert.Greater(f.t, fresh.ID, old.ID)
		assert.Equal(f.t, minute, fresh.CreatedAt)
	}},
	{"SH-160 what a user holds changes when the first scope has no grant left", func(f fixture) {
		_, p := f.limited(sharing.CodeLimits{Terms: sharing.Terms{Lifetime: 30 * time.Minute}}, lab, access)
		f.exchanged(p, bob.ID)
		f.give(start, "u-alice", lab, bob, until(late), access)
		f.give(start, "u-alice", lab, team, until(soon), read)
		f.give(start, "u-alice", home, bob, sharing.Ends{Session: true}, access)
		f.give(start, "u-alice", other, bob, sharing.Ends{}, access)
		f.give(start, "u-alice", other, bob, until(soon), access)
		lines, moment := f.scopesOf(start, bob.ID, team.ID)
		assert.Equal(f.t, []string{home.ServerID + " " + access, lab.ServerID + " " + access, lab.ServerID + " " + read, other.ServerID + " " + access}, lines)
		assert.Equal(f.t, soon, moment, "the code's end changes nothing, since a later grant has the same")
		_, moment = f.scopesOf(start, bob.ID)
		assert.Equal(f.t, late, moment, "without the group")
		lines, moment = f.scopesOf(soon, bob.ID, team.ID)
		assert.Len(f.t, lines, 3)
		assert.Equal(f.t, late, moment)
		lines, moment = f.scopesOf(late, bob.ID, team.ID)
		assert.Len(f.t, lines, 2)
		assert.Zero(f.t, moment, "a session has no end by the clock")
		f.endSession(late, home.ServerID)
		lines, _ = f.scopesOf(late, bob.ID, team.ID)
		assert.Len(f.t, lines, 1)
	}},
}
