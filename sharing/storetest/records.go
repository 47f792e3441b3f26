package storetest

import (
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

// told expects that a change is kept as it was told.
func (f fixture) told(c sharing.Change, err error) sharing.Change {
	f.t.Helper()
	require.NoError(f.t, err)
	require.NotZero(f.t, c.Seq)
	all, err := f.store.Changes(f.t.Context(), c.Seq-1, 1)
	require.NoError(f.t, err)
	require.Equal(f.t, []sharing.Change{c}, all, "what is kept is what was told")
	return c
}

// records are about what a change says for people (SH-182), and about how long it is kept.
var records = []check{
	{"times of any zone and finer than a microsecond are kept as whole microseconds of UTC", func(f fixture) {
		zone := time.FixedZone("half past", 5*60*60+30*60)
		abroad := func(t time.Time) time.Time { return t.Add(789 * time.Nanosecond).In(zone) }
		given, _ := f.give(abroad(start), "u-alice", lab, bob, until(abroad(late)), access)
		share := f.share(start, lab, bob)
		assert.Equal(f.t, given, share, "what was answered is what is kept")
		assert.Equal(f.t, start, share.CreatedAt)
		assert.Equal(f.t, []sharing.StoredGrant{{Bases: []string{access}, ActorID: "u-alice", GrantedAt: start, Ends: until(late)}}, share.Grants)
		made, _, err := f.store.CreateCode(f.t.Context(), abroad(start), by("u-alice"), sharing.CodeOrder{
			Place: lab, Bases: []string{access}, Prefix: "zone", Hash: "hash", ExpiresAt: abroad(late),
		})
		require.NoError(f.t, err)
		assert.Equal(f.t, []sharing.StoredCode{made}, f.codes(start, sharing.Filter{ServerID: lab.ServerID}))
		assert.Equal(f.t, []time.Time{start, late}, []time.Time{made.CreatedAt, made.ExpiresAt})
		changes, err := f.store.Changes(f.t.Context(), 0, 10)
		require.NoError(f.t, err)
		require.Len(f.t, changes, 2)
		for _, c := range changes {
			assert.Equal(f.t, start, c.At)
		}
	}},
	{"SH-182 a record says who did what, where, to whom, in the names of that day", func(f fixture) {
		ctx := f.t.Context()
		a := sharing.Act{
			Actor:  sharing.Ref{Kind: sharing.KindService, ID: "v-1", Name: "naïve \"tool\""},
			Server: "alice/läb", Grantees: []string{"user:bob", "group:team"},
		}
		record := func(bases ...string) sharing.Record {
			return sharing.Record{
				ActorKind: sharing.KindService, Actor: "naïve \"tool\"", Server: "alice/läb", Grantees: []string{"user:bob", "group:team"}, Bases: bases,
			}
		}
		_, c, err := f.store.Grant(ctx, start, a, sharing.GrantOrder{
			Place: lab, Grantees: []sharing.Grantee{bob, team}, Bases: []string{shares, access, read},
		})
		assert.Equal(f.t, record(access, read, shares), f.told(c, err).Record, "what was granted, sorted")
		assert.Equal(f.t, "v-1", c.ActorID)
		_, c, err = f.store.Revoke(ctx, start, a, sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: bob, Bases: []string{read, "not:there"}})
		assert.Equal(f.t, record(read), f.told(c, err).Record, "what was taken")
		_, c, err = f.store.Revoke(ctx, start, a, sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: bob, All: true})
		assert.Equal(f.t, record(access, shares), f.told(c, err).Record, "all that there was")
		_, c, err = f.store.Revoke(ctx, start, a, sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: team, All: true, Leave: true})
		assert.Equal(f.t, record(access, read, shares), f.told(c, err).Record)
		code, c, err := f.store.CreateCode(ctx, start, a, sharing.CodeOrder{
			Place: lab, Bases: []string{read, access}, Prefix: "same", Hash: "hash", ExpiresAt: late, CodeLimits: sharing.CodeLimits{Note: "a note"},
		})
		assert.Equal(f.t, record(access, read), f.told(c, err).Record, "those of the code")
		p := probe("same", "hash")
		_, c, err = f.store.Exchange(ctx, start, a, p, sharing.Ref{Kind: sharing.KindUser, ID: carol.ID})
		assert.Equal(f.t, record(access, read), f.told(c, err).Record)
		assert.Equal(f.t, sharing.CodeID(code.ID), c.CodeID)
		assert.Equal(f.t, carol.ID, c.ActorID, "who exchanges acts")
		_, c, err = f.store.DeleteCode(ctx, start, a, lab.ServerID, code.ID, false)
		assert.Equal(f.t, record(), f.told(c, err).Record)
		_, c, err = f.store.RevokeAll(ctx, start, a, lab.ServerID)
		assert.Equal(f.t, record(), f.told(c, err).Record)
		f.give(start, "u-alice", lab, bob, sharing.Ends{Session: true}, access)
		_, c, err = f.store.EndSession(ctx, start, a, lab.ServerID)
		assert.Equal(f.t, record(), f.told(c, err).Record)
	}},
	{"SH-182 a record outlives those whom it names", func(f fixture) {
		_, c, err := f.store.Grant(f.t.Context(), start, by("u-alice", "user:bob"), sharing.GrantOrder{
			Place: lab, Grantees: []sharing.Grantee{bob}, Bases: []string{access},
		})
		f.told(c, err)
		f.forget(sharing.KindServer, lab.ServerID)
		f.forget(sharing.KindUser, bob.ID)
		f.forget(sharing.KindUser, lab.OwnerID)
		f.told(c, err)
	}},
	{"SH-182 nobody did what nobody is named for", func(f fixture) {
		_, c, err := f.store.Grant(f.t.Context(), start, sharing.Act{}, sharing.GrantOrder{Place: lab, Grantees: []sharing.Grantee{bob}, Bases: []string{access}})
		assert.Equal(f.t, sharing.Record{Bases: []string{access}}, f.told(c, err).Record)
		assert.Empty(f.t, c.ActorID)
	}},
	{"SH-182 old changes are purged, newer ones are not, and no number is given twice", func(f fixture) {
		var told []sharing.Change
		for i := range 4 {
			_, c := f.give(start.Add(time.Duration(i)*time.Minute), "u-alice", lab, bob, sharing.Ends{}, []string{access, read, shares, "custom:x"}[i])
			told = append(told, c)
		}
		assert.Zero(f.t, f.purge(late, sharing.PurgeOrder{}), "an order without a time")
		assert.Equal(f.t, sharing.Purged{Changes: 2}, f.purge(late, sharing.PurgeOrder{Changes: start.Add(2 * time.Minute)}))
		left, err := f.store.Changes(f.t.Context(), 0, 100)
		require.NoError(f.t, err)
		assert.Equal(f.t, told[2:], left)
		assert.Equal(f.t, sharing.Purged{Changes: 2}, f.purge(late, sharing.PurgeOrder{Changes: late}))
		_, c := f.give(late, "u-alice", lab, bob, sharing.Ends{}, "custom:y")
		assert.Greater(f.t, c.Seq, told[3].Seq)
		left, err = f.store.Changes(f.t.Context(), told[3].Seq, 100)
		require.NoError(f.t, err)
		assert.Equal(f.t, []sharing.Change{c}, left)
		assert.Len(f.t, f.share(late, lab, bob).Bases, 5, "nobody's access differs")
	}},
	{"SH-45 e what is gone is remembered until it is old", func(f fixture) {
		f.forget(sharing.KindUser, bob.ID)
		minute := start.Add(time.Minute)
		_, err := f.store.Forget(f.t.Context(), minute, sharing.KindUser, carol.ID)
		require.NoError(f.t, err)
		_, err = f.store.Forget(f.t.Context(), minute, sharing.KindUser, bob.ID) // again, which changes nothing
		require.NoError(f.t, err)
		assert.Zero(f.t, f.purge(late, sharing.PurgeOrder{Gone: start}))
		assert.Equal(f.t, sharing.Purged{Gone: 1}, f.purge(late, sharing.PurgeOrder{Gone: minute}))
		f.grant(lab, bob, access)
		_, _, err = f.store.Grant(f.t.Context(), late, sharing.Act{}, sharing.GrantOrder{Place: lab, Grantees: []sharing.Grantee{carol}, Bases: []string{access}})
		assert.ErrorIs(f.t, err, sharing.ErrGone)
	}},
	{"SH-23 purging takes what has ended out of a share that goes on", func(f fixture) {
		f.give(start, "u-alice", lab, bob, until(soon), access)
		f.give(start, "u-alice", lab, bob, until(late), read)
		assert.Zero(f.t, f.purge(soon, sharing.PurgeOrder{}), "no share has ended")
		assert.Equal(f.t, []string{read}, f.share(start, lab, bob).Bases, "seen with a clock that is behind")
		assert.Equal(f.t, sharing.Purged{Shares: 1}, f.purge(late, sharing.PurgeOrder{}))
		f.noShare(start, lab, bob)
	}},
}

func (f fixture) tally(now time.Time, n int, counts ...sharing.Tally) []int {
	f.t.Helper()
	sums, err := f.store.Tally(f.t.Context(), now, n, counts)
	require.NoError(f.t, err)
	return sums
}

// tallies are about counts within periods, which quotas rest on.
var tallies = []check{
	{"a tally adds up within its period, and begins again with the next", func(f fixture) {
		t := sharing.Tally{Key: "k", Per: time.Hour}
		assert.Equal(f.t, []int{1}, f.tally(start, 1, t))
		assert.Equal(f.t, []int{6}, f.tally(start, 5, t))
		hour := start.Truncate(time.Hour).Add(time.Hour)
		assert.Equal(f.t, []int{7}, f.tally(hour.Add(-time.Microsecond), 1, t))
		assert.Equal(f.t, []int{2}, f.tally(hour, 2, t))
		assert.Equal(f.t, []int{3}, f.tally(hour.Add(59*time.Minute), 1, t))
	}},
	{"periods begin at whole multiples of their length, whatever that is", func(f fixture) {
		t := sharing.Tally{Key: "k", Per: 7 * time.Second}
		begin := time.Unix(7*1_000_000, 0)
		assert.Equal(f.t, []int{1}, f.tally(begin.Add(-time.Microsecond), 1, t))
		assert.Equal(f.t, []int{1}, f.tally(begin, 1, t))
		assert.Equal(f.t, []int{2}, f.tally(begin.Add(7*time.Second-time.Microsecond), 1, t))
		assert.Equal(f.t, []int{1}, f.tally(begin.Add(7*time.Second), 1, t))
	}},
	{"several tallies are counted together, each by its own key and period", func(f fixture) {
		short, long := sharing.Tally{Key: "short", Per: time.Minute}, sharing.Tally{Key: "long", Per: time.Hour}
		assert.Equal(f.t, []int{2, 2}, f.tally(start, 2, short, long))
		assert.Equal(f.t, []int{3}, f.tally(start, 1, long))
		assert.Equal(f.t, []int{5, 2}, f.tally(start.Add(time.Minute), 2, long, short))
		assert.Empty(f.t, f.tally(start, 2))
	}},
	{"a tally is no change, and a period of less than a second is an error that counts nothing", func(f fixture) {
		ok := sharing.Tally{Key: "k", Per: time.Second}
		_, err := f.store.Tally(f.t.Context(), start, 1, []sharing.Tally{ok, {Key: "other", Per: time.Second - 1}})
		assert.Error(f.t, err)
		assert.Equal(f.t, []int{1}, f.tally(start, 1, ok))
		all, err := f.store.Changes(f.t.Context(), 0, 10)
		require.NoError(f.t, err)
		assert.Empty(f.t, all)
	}},
	{"SH-23 purging removes tallies of periods that are over, and no others", func(f fixture) {
		short, long := sharing.Tally{Key: "short", Per: time.Minute}, sharing.Tally{Key: "long", Per: time.Hour}
		f.tally(start, 3, short, long)
		minute := start.Truncate(time.Minute).Add(time.Minute)
		f.purge(minute.Add(-time.Microsecond), sharing.PurgeOrder{})
		assert.Equal(f.t, []int{4, 4}, f.tally(start, 1, short, long))
		f.purge(minute, sharing.PurgeOrder{})
		assert.Equal(f.t, []int{1, 5}, f.tally(start, 1, short, long), "a clock that is behind finds the first begun anew")
	}},
	{"SH-45 those who count at once each get another sum", func(f fixture) {
		one, two := sharing.Tally{Key: "one", Per: time.Hour}, sharing.Tally{Key: "two", Per: time.Hour}
		sums := make([][]int, crowd)
		atOnce(func(i int) {
			counts := []sharing.Tally{one, two}
			if i%2 == 0 {
				counts = []sharing.Tally{two, one}
			}
			var err error
			sums[i], err = f.store.Tally(f.t.Context(), start, 1, counts)
			assert.NoError(f.t, err)
		})
		seen := map[int]bool{}
		for i, s := range sums {
			if assert.Len(f.t, s, 2) {
				seen[s[(i+1)%2]] = true // the sum of "one", which comes first where i is odd
			}
		}
		assert.Len(f.t, seen, crowd)
		assert.Equal(f.t, []int{crowd + 1, crowd + 1}, f.tally(start, 1, one, two))
	}},
}
