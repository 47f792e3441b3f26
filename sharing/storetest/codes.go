package storetest

import (
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

// probe is a look-up by prefix that takes the stored hash for a match.
func probe(prefix, hash string) sharing.Probe {
	return sharing.Probe{Prefix: prefix, Match: func(stored string) bool { return stored == hash }}
}

// codes are about share codes: SH-10 … SH-24, SH-44, SH-110, SH-113.
var codes = []check{
	{"SH-13 a code is found as it was made", func(f fixture) {
		made, p := f.code(lab, shares, access)
		assert.Equal(f.t, sharing.StoredCode{
			ID: made.ID, Place: lab, Bases: []string{access, shares}, CreatedAt: start, ExpiresAt: start.Add(time.Hour),
		}, made)
		found, err := f.store.FindCode(f.t.Context(), start, p)
		require.NoError(f.t, err)
		assert.Equal(f.t, made, found)
		assert.Equal(f.t, []sharing.StoredCode{made}, f.codes(start, sharing.Filter{ServerID: lab.ServerID}))
	}},
	{"SH-13 codes with one prefix are told apart by their hash", func(f fixture) {
		var made []sharing.StoredCode
		for _, hash := range []string{"hash one", "hash two", "hash three"} {
			code, _, err := f.store.CreateCode(f.t.Context(), start, sharing.Act{}, sharing.CodeOrder{
				Place: lab, Bases: []string{access}, Prefix: "same", Hash: hash, ExpiresAt: start.Add(time.Hour),
			})
			require.NoError(f.t, err)
			made = append(made, code)
		}
		found, err := f.store.FindCode(f.t.Context(), start, probe("same", "hash two"))
		require.NoError(f.t, err)
		assert.Equal(f.t, made[1], found)
		_, err = f.store.FindCode(f.t.Context(), start, probe("same", "hash four"))
		assert.ErrorIs(f.t, err, sharing.ErrCodeNotFound)
		_, err = f.store.FindCode(f.t.Context(), start, probe("diff", "hash one"))
		assert.ErrorIs(f.t, err, sharing.ErrCodeNotFound)
	}},
	{"SH-4 a hash cannot be stored twice", func(f fixture) {
		order := sharing.CodeOrder{Place: lab, Bases: []string{access}, Prefix: "same", Hash: "hash", ExpiresAt: start.Add(time.Hour)}
		_, _, err := f.store.CreateCode(f.t.Context(), start, sharing.Act{}, order)
		require.NoError(f.t, err)
		_, c, err := f.store.CreateCode(f.t.Context(), start, sharing.Act{}, order)
		assert.Error(f.t, err)
		assert.Zero(f.t, c)
		assert.Len(f.t, f.codes(start, sharing.Filter{ServerID: lab.ServerID}), 1)
	}},
	{"SH-21 a code is unknown from the very instant of its end, but can be deleted by id", func(f fixture) {
		made, p := f.code(lab, access)
		end := made.ExpiresAt
		_, err := f.store.FindCode(f.t.Context(), end.Add(-time.Microsecond), p)
		require.NoError(f.t, err)
		_, err = f.store.FindCode(f.t.Context(), end, p)
		assert.ErrorIs(f.t, err, sharing.ErrCodeNotFound)
		_, c, err := f.store.Exchange(f.t.Context(), end, sharing.Act{}, p, sharing.Ref{Kind: sharing.KindUser, ID: bob.ID})
		assert.ErrorIs(f.t, err, sharing.ErrCodeNotFound)
		assert.Zero(f.t, c)
		f.noShare(end, lab, bob)
		assert.Empty(f.t, f.codes(end, sharing.Filter{ServerID: lab.ServerID}))
		_, _, err = f.store.DeleteCodeBySecret(f.t.Context(), end, sharing.Act{}, lab.ServerID, p, false)
		assert.ErrorIs(f.t, err, sharing.ErrCodeNotFound)
		_, _, err = f.store.DeleteCode(f.t.Context(), end, sharing.Act{}, lab.ServerID, made.ID, false)
		assert.NoError(f.t, err)
	}},
	{"SH-44 exchanging makes a share that outlives the code, and counts", func(f fixture) {
		made, p := f.code(lab, access)
		share := f.exchanged(p, bob.ID)
		assert.Equal(f.t, sharing.StoredShare{
			ID: share.ID, Place: lab, Grantee: bob, Bases: []string{access}, CreatedAt: start,
			Grants: []sharing.StoredGrant{{CodeID: made.ID, Bases: []string{access}, ActorID: bob.ID, GrantedAt: start}},
		}, share)
		list := f.codes(start, sharing.Filter{ServerID: lab.ServerID})
		require.Len(f.t, list, 1)
		assert.Equal(f.t, 1, list[0].Exchanges)
		assert.Equal(f.t, start, list[0].LastExchangedAt)
		assert.Equal(f.t, share, f.share(made.ExpiresAt, lab, bob))
	}},
	{"SH-44 exchanging again counts again and changes no share", func(f fixture) {
		_, p := f.code(lab, access)
		first := f.exchanged(p, bob.ID)
		assert.Equal(f.t, first, f.exchanged(p, bob.ID))
		assert.Equal(f.t, 2, f.codes(start, sharing.Filter{ServerID: lab.ServerID})[0].Exchanges)
	}},
	{"SH-44 exchanging adds to the share that is there", func(f fixture) {
		first := f.grant(lab, bob, read)
		code, p := f.code(lab, access)
		first.Bases = []string{access, read}
		first.Grants = append(first.Grants, sharing.StoredGrant{CodeID: code.ID, Bases: []string{access}, ActorID: bob.ID, GrantedAt: start})
		assert.Equal(f.t, first, f.exchanged(p, bob.ID))
	}},
	{"SH-144 the owner of the server cannot exchange a code for it", func(f fixture) {
		_, p := f.code(lab, access)
		_, err := f.exchange(p, lab.OwnerID)
		assert.ErrorIs(f.t, err, sharing.ErrOwnCode)
		assert.Zero(f.t, f.codes(start, sharing.Filter{ServerID: lab.ServerID})[0].Exchanges)
		assert.Empty(f.t, f.shares(start, sharing.Filter{ServerID: lab.ServerID}))
	}},
	{"SH-2 only users exchange codes", func(f fixture) {
		_, p := f.code(lab, access)
		for _, kind := range []string{sharing.KindService, sharing.KindGroup, ""} {
			_, _, err := f.store.Exchange(f.t.Context(), start, sharing.Act{}, p, sharing.Ref{Kind: kind, ID: "x"})
			assert.Error(f.t, err, kind)
		}
		assert.Zero(f.t, f.codes(start, sharing.Filter{ServerID: lab.ServerID})[0].Exchanges)
	}},
	{"SH-110 a code is deleted by its secret, on its own server only", func(f fixture) {
		made, p := f.code(lab, access)
		_, _, err := f.store.DeleteCodeBySecret(f.t.Context(), start, sharing.Act{}, home.ServerID, p, false)
		assert.ErrorIs(f.t, err, sharing.ErrCodeNotFound)
		n, c, err := f.store.DeleteCodeBySecret(f.t.Context(), start, by("u-alice"), lab.ServerID, p, false)
		require.NoError(f.t, err)
		assert.Zero(f.t, n)
		assert.Equal(f.t, sharing.Change{
			Seq: c.Seq, At: start, Action: sharing.ActionDelete, ActorID: "u-alice", ServerID: lab.ServerID,
			CodeID: sharing.CodeID(made.ID), UserIDs: []string{lab.OwnerID}, Record: by("u-alice").Record(nil),
		}, c)
		_, err = f.exchange(p, bob.ID)
		assert.ErrorIs(f.t, err, sharing.ErrCodeNotFound)
	}},
	{"SH-110 a code is deleted by its id, on its own server only, and once", func(f fixture) {
		made, _ := f.code(lab, access)
		_, _, err := f.store.DeleteCode(f.t.Context(), start, sharing.Act{}, home.ServerID, made.ID, false)
		assert.ErrorIs(f.t, err, sharing.ErrCodeNotFound)
		_, c, err := f.store.DeleteCode(f.t.Context(), start, sharing.Act{}, lab.ServerID, made.ID, false)
		require.NoError(f.t, err)
		assert.NotZero(f.t, c.Seq)
		_, _, err = f.store.DeleteCode(f.t.Context(), start, sharing.Act{}, lab.ServerID, made.ID, false)
		assert.ErrorIs(f.t, err, sharing.ErrCodeNotFound)
	}},
	{"SH-113 deleting all codes of a server leaves shares and other servers alone", func(f fixture) {
		_, p := f.code(lab, access)
		f.code(lab, access)
		f.code(home, access)
		f.exchanged(p, bob.ID)
		n, c, err := f.store.DeleteCodes(f.t.Context(), start, by("u-alice"), lab.ServerID, false)
		require.NoError(f.t, err)
		assert.Zero(f.t, n)
		assert.Equal(f.t, []string{lab.OwnerID}, c.UserIDs)
		f.share(start, lab, bob)
		assert.Len(f.t, f.codes(start, sharing.Filter{OwnerID: lab.OwnerID}), 1)
		n, c, err = f.store.DeleteCodes(f.t.Context(), start, by("u-alice"), lab.ServerID, false)
		require.NoError(f.t, err)
		assert.Zero(f.t, n)
		assert.Zero(f.t, c)
	}},
	{"SH-6 the id of a deleted code is not used again", func(f fixture) {
		first, _ := f.code(lab, access)
		_, _, err := f.store.DeleteCode(f.t.Context(), start, sharing.Act{}, lab.ServerID, first.ID, false)
		require.NoError(f.t, err)
		second, _ := f.code(lab, access)
		assert.Greater(f.t, second.ID, first.ID)
	}},
	{"SH-4 a code without scopes is an error and makes nothing", func(f fixture) {
		_, _, err := f.newCode(sharing.CodeLimits{}, lab)
		assert.Error(f.t, err)
		assert.Empty(f.t, f.codes(start, sharing.Filter{ServerID: lab.ServerID}))
	}},
}
