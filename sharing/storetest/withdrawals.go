package storetest

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

func (f fixture) deleteCode(now time.Time, id int64, cascade bool) (int, sharing.Change, error) {
	f.t.Helper()
	return f.store.DeleteCode(f.t.Context(), now, by("u-alice"), lab.ServerID, id, cascade)
}

func (f fixture) purge(now time.Time, o sharing.PurgeOrder) sharing.Purged {
	f.t.Helper()
	p, err := f.store.Purge(f.t.Context(), now, o)
	require.NoError(f.t, err)
	return p
}

// accepted gives bob and carol access by a code, bob also by another and directly.
func accepted(f fixture) (code, second sharing.StoredCode, p sharing.Probe) {
	f.t.Helper()
	code, p = f.code(lab, access, read)
	f.exchanged(p, bob.ID)
	f.exchanged(p, carol.ID)
	second, also := f.code(lab, access)
	f.exchanged(also, bob.ID)
	f.grant(lab, bob, shares)
	f.grant(lab, team, access)
	return code, second, p
}

// withdrawn expects what accepted leaves without its first code.
func withdrawn(f fixture, second sharing.StoredCode) {
	f.t.Helper()
	bobs := f.share(start, lab, bob)
	assert.Equal(f.t, []string{access, shares}, bobs.Bases, "what came by other ways stays")
	assert.Equal(f.t, []sharing.StoredGrant{
		{Bases: []string{shares}, ActorID: "u-alice", GrantedAt: start},
		{CodeID: second.ID, Bases: []string{access}, ActorID: bob.ID, GrantedAt: start},
	}, bobs.Grants)
	f.noShare(start, lab, carol)
	f.share(start, lab, team)
}

// withdrawals are about codes that are deleted together with the access that they gave, and about who has something by a code (SH-110, SH-113).
var withdrawals = []check{
	{"SH-110 a code is deleted by its id with the access that it gave, and no other", func(f fixture) {
		code, second, p := accepted(f)
		n, c, err := f.deleteCode(start, code.ID, true)
		require.NoError(f.t, err)
		assert.Equal(f.t, 2, n)
		record := by("u-alice").Record(nil)
		record.Cascade = true
		assert.Equal(f.t, sharing.Change{
			Seq: c.Seq, At: start, Action: sharing.ActionDelete, ActorID: "u-alice", ServerID: lab.ServerID, CodeID: sharing.CodeID(code.ID),
			UserIDs: []string{lab.OwnerID, bob.ID, carol.ID}, Record: record,
		}, c)
		withdrawn(f, second)
		_, err = f.exchange(p, carol.ID)
		assert.ErrorIs(f.t, err, sharing.ErrCodeNotFound)
		_, _, err = f.deleteCode(start, code.ID, true)
		assert.ErrorIs(f.t, err, sharing.ErrCodeNotFound)
	}},
	{"SH-110 a code is deleted by its secret with the access that it gave", func(f fixture) {
		_, second, p := accepted(f)
		_, _, err := f.store.DeleteCodeBySecret(f.t.Context(), start, by("u-alice"), home.ServerID, p, true)
		require.ErrorIs(f.t, err, sharing.ErrCodeNotFound)
		f.share(start, lab, carol)
		n, c, err := f.store.DeleteCodeBySecret(f.t.Context(), start, by("u-alice"), lab.ServerID, p, true)
		require.NoError(f.t, err)
		assert.Equal(f.t, 2, n)
		assert.Contains(f.t, c.UserIDs, carol.ID)
		withdrawn(f, second)
	}},
	{"SH-110 all codes are deleted with the access that they gave, and what was granted directly stays", func(f fixture) {
		code, _, _ := accepted(f)
		_, at := f.code(home, access)
		f.exchanged(at, carol.ID)
		_, _, err := f.deleteCode(start, code.ID, false) // what it gave is found all the same
		require.NoError(f.t, err)
		n, c, err := f.store.DeleteCodes(f.t.Context(), start, by("u-alice"), lab.ServerID, true)
		require.NoError(f.t, err)
		assert.Equal(f.t, 2, n)
		assert.Equal(f.t, []string{lab.OwnerID, bob.ID, carol.ID}, c.UserIDs)
		assert.True(f.t, c.Record.Cascade)
		assert.Equal(f.t, []string{shares}, f.share(start, lab, bob).Bases)
		f.noShare(start, lab, carol)
		f.share(start, lab, team)
		f.share(start, home, carol)
		assert.Len(f.t, f.codes(start, sharing.Filter{OwnerID: lab.OwnerID}), 1)
		n, c, err = f.store.DeleteCodes(f.t.Context(), start, by("u-alice"), lab.ServerID, true)
		require.NoError(f.t, err)
		assert.Zero(f.t, n)
		assert.Zero(f.t, c)
	}},
	{"SH-113 without cascade the access stays, and can be taken by the id later", func(f fixture) {
		code, second, _ := accepted(f)
		n, c, err := f.deleteCode(start, code.ID, false)
		require.NoError(f.t, err)
		assert.Zero(f.t, n)
		assert.Equal(f.t, []string{lab.OwnerID}, c.UserIDs)
		assert.False(f.t, c.Record.Cascade)
		f.share(start, lab, carol)
		_, _, err = f.deleteCode(start, code.ID, false)
		require.ErrorIs(f.t, err, sharing.ErrCodeNotFound)

		n, c, err = f.deleteCode(start, code.ID, true)
		require.NoError(f.t, err)
		assert.Equal(f.t, 2, n)
		assert.Equal(f.t, []string{bob.ID, carol.ID}, c.UserIDs, "there is no code to tell its owner of")
		assert.Equal(f.t, sharing.CodeID(code.ID), c.CodeID)
		withdrawn(f, second)
	}},
	{"SH-22 a code that expired, and one that was purged, take along what they gave", func(f fixture) {
		for _, purged := range []bool{false, true} {
			code, p := f.code(lab, access)
			f.exchanged(p, carol.ID)
			if purged {
				f.purge(code.ExpiresAt, sharing.PurgeOrder{})
			}
			n, _, err := f.deleteCode(code.ExpiresAt, code.ID, true)
			require.NoError(f.t, err)
			assert.Equal(f.t, 1, n)
			f.noShare(code.ExpiresAt, lab, carol)
		}
		_, p := f.code(lab, access)
		f.exchanged(p, carol.ID)
		f.purge(late, sharing.PurgeOrder{})
		n, c, err := f.store.DeleteCodes(f.t.Context(), late, by("u-alice"), lab.ServerID, true)
		require.NoError(f.t, err)
		assert.Equal(f.t, 1, n)
		assert.Equal(f.t, []string{carol.ID}, c.UserIDs)
	}},
	{"SH-110 a code that nobody exchanged takes nothing along", func(f fixture) {
		code, _ := f.code(lab, access)
		f.grant(lab, bob, access)
		n, c, err := f.deleteCode(start, code.ID, true)
		require.NoError(f.t, err)
		assert.Zero(f.t, n)
		assert.Equal(f.t, []string{lab.OwnerID}, c.UserIDs)
		f.share(start, lab, bob)
	}},
	{"SH-110 what a code of another server gave is out of reach", func(f fixture) {
		code, p := f.code(home, access)
		f.exchanged(p, bob.ID)
		_, _, err := f.deleteCode(start, code.ID, true)
		require.ErrorIs(f.t, err, sharing.ErrCodeNotFound)
		f.share(start, home, bob)
		f.exchanged(p, bob.ID)
	}},
	{"SH-112 a number that no code has takes nothing along", func(f fixture) {
		f.grant(lab, bob, access)
		code, p := f.code(lab, access)
		f.exchanged(p, carol.ID)
		for _, id := range []int64{0, -1, -2, code.ID + 1, 1 << 62} {
			_, c, err := f.deleteCode(start, id, true)
			require.ErrorIs(f.t, err, sharing.ErrCodeNotFound, id)
			assert.Zero(f.t, c)
		}
		assert.Len(f.t, f.shares(start, sharing.Filter{ServerID: lab.ServerID}), 2)
		f.exchanged(p, carol.ID)
	}},
	{"SH-21 what a code gave and has ended is not there to take", func(f fixture) {
		code, p := f.limited(sharing.CodeLimits{Terms: sharing.Terms{Lifetime: time.Minute}}, lab, access)
		f.exchanged(p, bob.ID)
		_, _, err := f.deleteCode(start, code.ID, false)
		require.NoError(f.t, err)
		_, c, err := f.deleteCode(start.Add(time.Minute), code.ID, true)
		require.ErrorIs(f.t, err, sharing.ErrCodeNotFound)
		assert.Zero(f.t, c)
	}},
	{"SH-41 a share that a code's deletion ended is new the next time", func(f fixture) {
		code, p := f.code(lab, access)
		old := f.exchanged(p, bob.ID)
		_, _, err := f.deleteCode(start, code.ID, true)
		require.NoError(f.t, err)
		assert.Greater(f.t, f.grant(lab, bob, access).ID, old.ID)
	}},
	{"SH-68 who has something by a code can be listed, whether the code is there or not", func(f fixture) {
		code, second, _ := accepted(f)
		ids := func(now time.Time, filter sharing.Filter) (out []string) {
			for _, share := range f.shares(now, filter) {
				out = append(out, share.Grantee.ID)
			}
			return out
		}
		filter := sharing.Filter{ServerID: lab.ServerID, CodeID: code.ID}
		assert.Equal(f.t, []string{bob.ID, carol.ID}, ids(start, filter))
		assert.Equal(f.t, []string{bob.ID}, ids(start, sharing.Filter{ServerID: lab.ServerID, CodeID: second.ID}))
		assert.Equal(f.t, []string{bob.ID, carol.ID}, ids(start, sharing.Filter{CodeID: code.ID}))
		assert.Equal(f.t, []string{carol.ID}, ids(start, sharing.Filter{CodeID: code.ID, Grantees: []sharing.Grantee{carol, team}}))
		assert.Empty(f.t, ids(start, sharing.Filter{ServerID: home.ServerID, CodeID: code.ID}))
		assert.Empty(f.t, ids(start, sharing.Filter{ServerID: lab.ServerID, CodeID: 999}))
		assert.Equal(f.t, f.share(start, lab, bob), f.shares(start, filter)[0], "the whole share, not that part of it")

		page, err := f.store.Shares(f.t.Context(), start, filter, sharing.Window{Offset: 1, Limit: 1})
		require.NoError(f.t, err)
		assert.Equal(f.t, sharing.Page[sharing.StoredShare]{Items: []sharing.StoredShare{f.share(start, lab, carol)}, Total: 2}, page)

		_, _, err = f.deleteCode(start, code.ID, false)
		require.NoError(f.t, err)
		f.revoke(sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: bob, Bases: []string{access, read}})
		assert.Equal(f.t, []string{carol.ID}, ids(start, filter), "bob lost it")
		_, err = f.store.Codes(f.t.Context(), start, filter, everything)
		assert.Error(f.t, err, "codes are not listed by a code")
	}},
	{"SH-21 who had something by a code until it ended is not listed", func(f fixture) {
		code, p := f.limited(sharing.CodeLimits{Terms: sharing.Terms{Lifetime: time.Minute}}, lab, access)
		f.exchanged(p, bob.ID)
		f.grant(lab, bob, access)
		filter := sharing.Filter{CodeID: code.ID}
		assert.Len(f.t, f.shares(start, filter), 1)
		assert.Empty(f.t, f.shares(start.Add(time.Minute), filter))
	}},
	{"SH-45 d after a code was deleted with what it gave nobody has anything by it", func(f fixture) {
		code, p := f.code(lab, access)
		atOnce(func(i int) {
			if i == crowd/2 {
				_, _, err := f.deleteCode(start, code.ID, true)
				assert.NoError(f.t, err)
				return
			}
			if err := f.try(p, fmt.Sprintf("u-%d", i)); err != nil {
				assert.ErrorIs(f.t, err, sharing.ErrCodeNotFound)
			}
		})
		assert.Empty(f.t, f.shares(start, sharing.Filter{ServerID: lab.ServerID}))
	}},
	{"SH-45 e a grant to several beside the end of one of them is whole or not at all", func(f fixture) {
		var everyone []sharing.Grantee
		for i := range 20 {
			everyone = append(everyone, sharing.Grantee{Kind: sharing.KindUser, ID: fmt.Sprintf("u-%d", i)})
		}
		whole := make([]bool, crowd)
		atOnce(func(i int) {
			if i == crowd/2 {
				_, err := f.store.Forget(f.t.Context(), start, sharing.KindUser, "u-7")
				assert.NoError(f.t, err)
				return
			}
			_, _, err := f.store.Grant(f.t.Context(), start, by("u-alice"), sharing.GrantOrder{
				Place: lab, Grantees: everyone, Bases: []string{fmt.Sprintf("custom:%02d", i)},
			})
			if whole[i] = err == nil; err != nil {
				assert.ErrorIs(f.t, err, sharing.ErrGone)
			}
		})
		var want []string
		for i, ok := range whole {
			if ok {
				want = append(want, fmt.Sprintf("custom:%02d", i))
			}
		}
		f.noShare(start, lab, everyone[7])
		left := f.shares(start, sharing.Filter{ServerID: lab.ServerID})
		if len(want) == 0 {
			assert.Empty(f.t, left)
			return
		}
		assert.Len(f.t, left, 19)
		for _, share := range left {
			assert.Equal(f.t, want, share.Bases)
		}
	}},
}
