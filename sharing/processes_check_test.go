package sharing_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

// processHistory is what all processes did, and the store that they left.
type processHistory struct {
	t     *testing.T
	store *sqlstore.Store
	ids   map[string]int64
	calls []did
}

func (h processHistory) of(fits func(did) bool) (out []did) {
	for _, d := range h.calls {
		if fits(d) {
			out = append(out, d)
		}
	}
	return out
}

func (h processHistory) exchanges(code, outcome string) []did {
	return h.of(func(d did) bool { return d.What == "exchange" && d.Code == code && d.Outcome == outcome })
}

// holders are the users who have something by a code.
func (h processHistory) holders(code string) (users []string) {
	h.t.Helper()
	page, err := h.store.Shares(h.t.Context(), start, sharing.Filter{CodeID: h.ids[code]}, sharing.Window{Limit: 100})
	require.NoError(h.t, err)
	for _, share := range page.Items {
		users = append(users, share.Grantee.ID)
	}
	slices.Sort(users)
	return users
}

// takers are the users who exchanged a code, without those who were forgotten.
func (h processHistory) takers(code string) (users []string) {
	for _, d := range h.exchanges(code, "") {
		if d.Users[0] != lostUser {
			users = append(users, d.Users[0])
		}
	}
	slices.Sort(users)
	return slices.Compact(users)
}

// checkChanges: every change that was told is kept as it was told, and no other (SH-182).
func (h processHistory) checkChanges(atFirst int) {
	h.t.Helper()
	kept, err := h.store.Changes(h.t.Context(), 0, 10_000)
	require.NoError(h.t, err)
	bySeq := map[int64]sharing.Change{}
	for _, c := range kept {
		bySeq[c.Seq] = c
	}
	told := h.of(func(d did) bool { return d.Change.Seq != 0 })
	assert.Len(h.t, kept, atFirst+len(told))
	seen := map[int64]bool{}
	for _, d := range told {
		assert.Equal(h.t, bySeq[d.Change.Seq], d.Change)
		assert.False(h.t, seen[d.Change.Seq], "one number for two changes")
		seen[d.Change.Seq] = true
	}
}

// checkCounts: exchanges are all counted, and a limited code is never used more often than it can be.
func (h processHistory) checkCounts() {
	h.t.Helper()
	codes, err := h.store.Codes(h.t.Context(), start, sharing.Filter{ServerID: sharedServer}, sharing.Window{Limit: 10})
	require.NoError(h.t, err)
	left := map[int64]int{}
	for _, c := range codes.Items {
		left[c.ID] = c.Exchanges
	}
	require.Len(h.t, left, 2, "the deleted ones are gone")
	hot := h.exchanges("hot", "")
	assert.Len(h.t, hot, left[h.ids["hot"]])
	assert.Equal(h.t, h.takers("hot"), h.holders("hot"))

	counted, attempts := 0, h.of(func(d did) bool { return d.Code == "limited" })
	for _, d := range attempts {
		switch {
		case d.Outcome == "spent":
			begun := h.of(func(o did) bool { return o.Code == "limited" && o.Change.Seq != 0 && o.Began < d.Ended })
			assert.GreaterOrEqual(h.t, len(begun), limitOfUse, "refused before it was used up")
		case d.Change.Seq != 0:
			counted++
		default:
			first := h.of(func(o did) bool {
				return o.Code == "limited" && o.Change.Seq != 0 && o.Users[0] == d.Users[0] && o.Began < d.Ended
			})
			assert.NotEmpty(h.t, first, "%s was let in again without having been let in", d.Users[0])
		}
	}
	require.Greater(h.t, len(attempts), limitOfUse, "or this shows nothing")
	assert.Equal(h.t, limitOfUse, counted)
	assert.Equal(h.t, limitOfUse, left[h.ids["limited"]])
	assert.Equal(h.t, h.takers("limited"), h.holders("limited"))
}

// checkDeletions: no exchange that began after the answer to a deletion succeeds, none that ended before it began is refused, and with
// cascade nothing of it is left.
func (h processHistory) checkDeletions() {
	h.t.Helper()
	for _, code := range []string{"doomed", "plain"} {
		deleted := h.of(func(d did) bool { return d.What == "delete" && d.Code == code })
		require.Len(h.t, deleted, 1)
		require.Empty(h.t, deleted[0].Outcome)
		before, after := h.exchanges(code, ""), h.exchanges(code, "not found")
		for _, d := range before {
			assert.Less(h.t, d.Began, deleted[0].Ended, "%s accepted %s after it was deleted", d.Users, code)
		}
		for _, d := range after {
			assert.Greater(h.t, d.Ended, deleted[0].Began, "%s was refused %s before it was deleted", d.Users, code)
		}
		h.t.Logf("%s: %d exchanges before its deletion, %d refused", code, len(before), len(after))
		if code == "doomed" {
			assert.Len(h.t, h.takers(code), deleted[0].N, "SH-110 each loses what they had by it")
			assert.Empty(h.t, h.holders(code))
		} else {
			assert.Equal(h.t, h.takers(code), h.holders(code), "SH-113")
		}
	}
}

// checkTheLost: nothing is left of what was forgotten, and nothing that began after the answer to that was done about it (SH-45 e).
func (h processHistory) checkTheLost() {
	h.t.Helper()
	for name, c := range map[string]struct {
		filter  sharing.Filter
		forgets func(did) bool
		about   func(did) bool
	}{
		"a server": {
			sharing.Filter{ServerID: lostServer}, func(d did) bool { return d.What == "forget" && d.On == lostServer },
			func(d did) bool { return d.What != "forget" && (d.On == lostServer || d.Code == "lost") },
		},
		"a user": {
			sharing.Filter{Grantees: []sharing.Grantee{{Kind: sharing.KindUser, ID: lostUser}}},
			func(d did) bool { return d.What == "forget" && d.On == "" },
			func(d did) bool { return d.What != "forget" && slices.Contains(d.Users, lostUser) },
		},
	} {
		page, err := h.store.Shares(h.t.Context(), start, c.filter, sharing.Window{Limit: 10})
		require.NoError(h.t, err)
		assert.Empty(h.t, page.Items, name)
		forgotten := h.of(c.forgets)
		require.Len(h.t, forgotten, 1, name)
		about := h.of(c.about)
		require.NotEmpty(h.t, about, name)
		for _, d := range about {
			if d.Outcome == "" {
				assert.Less(h.t, d.Began, forgotten[0].Ended, "%s: %s after it was forgotten", name, d.What)
			} else {
				assert.Greater(h.t, d.Ended, forgotten[0].Began, "%s: %s refused before it was forgotten", name, d.What)
			}
		}
	}
	codes, err := h.store.Codes(h.t.Context(), start, sharing.Filter{ServerID: lostServer}, sharing.Window{Limit: 10})
	require.NoError(h.t, err)
	assert.Empty(h.t, codes.Items)
}

// checkUnions: everybody has exactly what was given to them, by whichever process, and a grant to several is whole or absent.
func (h processHistory) checkUnions() {
	h.t.Helper()
	want, turns := map[string][]string{}, map[string]int{}
	for _, d := range h.calls {
		switch {
		case d.Outcome != "" || d.On == lostServer || d.Code == "lost" || d.Code == "doomed":
		case d.Base == toggled && d.Change.Seq != 0:
			turns[d.Users[0]] += map[string]int{"grant": 1, "revoke": -1}[d.What]
		case d.What == "exchange":
			want[d.Users[0]] = append(want[d.Users[0]], "custom:"+d.Code)
		case d.What == "grant" && d.Base != toggled:
			for _, user := range d.Users {
				want[user] = append(want[user], d.Base)
			}
		}
	}
	delete(want, lostUser)
	for user, n := range turns {
		// Each change turned it on or off, so one more grant than revocations means that it is on.
		if assert.Contains(h.t, []int{0, 1}, n, user) && n == 1 {
			want[user] = append(want[user], toggled)
		}
	}
	page, err := h.store.Shares(h.t.Context(), start, sharing.Filter{ServerID: sharedServer}, sharing.Window{Limit: 100})
	require.NoError(h.t, err)
	got := map[string][]string{}
	for _, share := range page.Items {
		got[share.Grantee.ID] = share.Bases
	}
	for user, bases := range want {
		slices.Sort(bases)
		want[user] = slices.Compact(bases)
	}
	assert.Equal(h.t, want, got)
}
