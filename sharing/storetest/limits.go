package storetest

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

// limits are about codes that can do less than those of a JupyterHub (SH-202).
var limits = []check{
	{"SH-202 what a code is limited to is kept as it was made", func(f fixture) {
		for _, l := range []sharing.CodeLimits{
			{MaxUses: 3},
			{Bound: &sharing.Binding{Users: []string{bob.ID, carol.ID}, Groups: []string{team.ID}, Domain: "example.org"}},
			{Bound: &sharing.Binding{Domain: "example.org"}},
			{Bound: &sharing.Binding{Groups: []string{team.ID}}},
			{Note: "für die Übung \"zwei\"; it's <b>mine</b> \\ 名前"},
			{Terms: sharing.Terms{Lifetime: 90*time.Minute + time.Microsecond}},
			{Terms: sharing.Terms{Session: true}},
			{MaxUses: sharing.MaxUses, Bound: &sharing.Binding{Users: []string{bob.ID}}, Note: "n", Terms: sharing.Terms{Lifetime: sharing.MaxCodeLifetime, Session: true}},
		} {
			made, p := f.limited(l, lab, access)
			assert.Equal(f.t, l, made.CodeLimits)
			found, err := f.store.FindCode(f.t.Context(), start, p)
			require.NoError(f.t, err)
			assert.Equal(f.t, made, found)
			list := f.codes(start, sharing.Filter{ServerID: lab.ServerID})
			assert.Equal(f.t, made, list[len(list)-1])
		}
	}},
	{"SH-202 a code is exchanged as often as it can be, and not once more", func(f fixture) {
		made, p := f.limited(sharing.CodeLimits{MaxUses: 3}, lab, access)
		for i := range 3 {
			f.exchanged(p, fmt.Sprintf("u-%d", i))
		}
		before, err := f.store.Changes(f.t.Context(), 0, 100)
		require.NoError(f.t, err)
		_, err = f.exchange(p, "u-3")
		require.ErrorIs(f.t, err, sharing.ErrCodeSpent)
		assert.Len(f.t, f.shares(start, sharing.Filter{ServerID: lab.ServerID}), 3)
		after, err := f.store.Changes(f.t.Context(), 0, 100)
		require.NoError(f.t, err)
		assert.Equal(f.t, before, after)
		made.Exchanges, made.LastExchangedAt = 3, start
		found, err := f.store.FindCode(f.t.Context(), start, p)
		require.NoError(f.t, err)
		assert.Equal(f.t, made, found, "it is found all the same")
		assert.Equal(f.t, []sharing.StoredCode{made}, f.codes(start, sharing.Filter{ServerID: lab.ServerID}), "and listed")
		_, _, err = f.exchangeAt(made.ExpiresAt, p, "u-3")
		assert.ErrorIs(f.t, err, sharing.ErrCodeNotFound, "SH-21 until its end")
	}},
	{"SH-202 one visitor can use up a code alone", func(f fixture) {
		_, p := f.limited(sharing.CodeLimits{MaxUses: 2}, lab, access)
		f.exchanged(p, bob.ID)
		f.exchanged(p, bob.ID)
		_, err := f.exchange(p, carol.ID)
		assert.ErrorIs(f.t, err, sharing.ErrCodeSpent)
	}},
	{"SH-202 who has something by a spent code is let in again, and it does not count", func(f fixture) {
		_, p := f.limited(sharing.CodeLimits{MaxUses: 1}, lab, access)
		f.grant(lab, bob, read)
		mine := f.exchanged(p, bob.ID)
		minute := start.Add(time.Minute)
		again, c, err := f.exchangeAt(minute, p, bob.ID)
		require.NoError(f.t, err)
		assert.Equal(f.t, mine, again)
		assert.Zero(f.t, c)
		list := f.codes(start, sharing.Filter{ServerID: lab.ServerID})
		assert.Equal(f.t, 1, list[0].Exchanges)
		assert.Equal(f.t, start, list[0].LastExchangedAt)
	}},
	{"SH-202 a spent code does not move the end of what it gave", func(f fixture) {
		_, p := f.limited(sharing.CodeLimits{MaxUses: 1, Terms: sharing.Terms{Lifetime: time.Hour}}, lab, access)
		mine := f.exchanged(p, bob.ID)
		again, c, err := f.exchangeAt(start.Add(time.Minute), p, bob.ID)
		require.NoError(f.t, err)
		assert.Equal(f.t, mine, again)
		assert.Zero(f.t, c)
	}},
	{"SH-202 a spent code lets nobody in who lost what it gave, or has something else", func(f fixture) {
		_, p := f.limited(sharing.CodeLimits{MaxUses: 1, Terms: sharing.Terms{Lifetime: time.Minute}}, lab, access)
		f.exchanged(p, bob.ID)
		f.grant(lab, bob, read)
		f.grant(lab, carol, access)
		_, err := f.exchange(p, carol.ID)
		assert.ErrorIs(f.t, err, sharing.ErrCodeSpent, "hers is not by the code")
		_, c, err := f.exchangeAt(start.Add(time.Minute), p, bob.ID)
		assert.ErrorIs(f.t, err, sharing.ErrCodeSpent, "his has ended")
		assert.Zero(f.t, c)
		f.revoke(sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: bob, Bases: []string{access}})
		_, err = f.exchange(p, bob.ID)
		assert.ErrorIs(f.t, err, sharing.ErrCodeSpent, "his was revoked")
		assert.Equal(f.t, []string{read}, f.share(start, lab, bob).Bases)
	}},
	{"SH-144 a spent code is the owner's own all the same", func(f fixture) {
		_, p := f.limited(sharing.CodeLimits{MaxUses: 1}, lab, access)
		f.exchanged(p, bob.ID)
		_, err := f.exchange(p, lab.OwnerID)
		assert.ErrorIs(f.t, err, sharing.ErrOwnCode)
	}},
	{"SH-202 whom a code is for is not for a store to judge", func(f fixture) {
		_, p := f.limited(sharing.CodeLimits{Bound: &sharing.Binding{Users: []string{bob.ID}}}, lab, access)
		f.exchanged(p, carol.ID)
	}},
	{"SH-45 a limited code is never used more often than it can be, whoever comes at once", func(f fixture) {
		const most = 10
		_, p := f.limited(sharing.CodeLimits{MaxUses: most}, lab, access)
		got := make([]error, crowd)
		atOnce(func(i int) { got[i] = f.try(p, fmt.Sprintf("u-%d", i)) })
		let := 0
		for _, err := range got {
			if err == nil {
				let++
			} else {
				assert.ErrorIs(f.t, err, sharing.ErrCodeSpent)
			}
		}
		assert.Equal(f.t, most, let)
		assert.Len(f.t, f.shares(start, sharing.Filter{ServerID: lab.ServerID}), most)
		assert.Equal(f.t, most, f.codes(start, sharing.Filter{ServerID: lab.ServerID})[0].Exchanges)
	}},
	{"SH-45 those who come at once with one prefix are each answered by themselves", func(f fixture) {
		made := map[string]int64{}
		for _, hash := range []string{"free", "limited", "expired"} {
			o := sharing.CodeOrder{Place: lab, Bases: []string{"custom:" + hash}, Prefix: "same", Hash: hash, ExpiresAt: start.Add(time.Hour)}
			switch hash {
			case "limited":
				o.MaxUses = 1
			case "expired":
				o.ExpiresAt = start.Add(time.Microsecond)
			}
			code, _, err := f.store.CreateCode(f.t.Context(), start, by("u-alice"), o)
			require.NoError(f.t, err)
			made[hash] = code.ID
		}
		_, _, err := f.exchangeAt(start, probe("same", "limited"), "u-first")
		require.NoError(f.t, err)
		f.forget(sharing.KindUser, "u-gone")
		cases := []struct {
			hash, visitor string // "" = one for each
			want          error
		}{
			{"free", "", nil}, {"free", bob.ID, nil}, {"free", lab.OwnerID, sharing.ErrOwnCode}, {"free", "u-gone", sharing.ErrGone},
			{"limited", "", sharing.ErrCodeSpent}, {"limited", "u-first", nil}, {"expired", "", sharing.ErrCodeNotFound}, {"none", "", sharing.ErrCodeNotFound},
		}
		atOnce(func(i int) {
			c := cases[i%len(cases)]
			if c.visitor == "" {
				c.visitor = fmt.Sprintf("u-%d", i)
			}
			share, _, err := f.store.Exchange(f.t.Context(), start.Add(time.Microsecond), by(c.visitor), probe("same", c.hash), by(c.visitor).Actor)
			if c.want != nil {
				assert.ErrorIs(f.t, err, c.want, "%s by %s", c.hash, c.visitor)
			} else if assert.NoError(f.t, err, "%s by %s", c.hash, c.visitor) {
				assert.Equal(f.t, c.visitor, share.Grantee.ID)
				assert.Equal(f.t, []string{"custom:" + c.hash}, share.Bases)
				assert.Equal(f.t, made[c.hash], share.Grants[0].CodeID)
			}
		})
		list := f.codes(start, sharing.Filter{ServerID: lab.ServerID})
		assert.Equal(f.t, crowd/4, list[0].Exchanges, "the free one, by two of eight")
		assert.Equal(f.t, 1, list[1].Exchanges)
		assert.Zero(f.t, list[2].Exchanges)
	}},
	{"SH-45 the last use of a code, sent many times by one visitor, lets them in each time", func(f fixture) {
		_, p := f.limited(sharing.CodeLimits{MaxUses: 1}, lab, access)
		atOnce(func(int) { assert.NoError(f.t, f.try(p, bob.ID)) })
		assert.Equal(f.t, 1, f.codes(start, sharing.Filter{ServerID: lab.ServerID})[0].Exchanges)
	}},
}
