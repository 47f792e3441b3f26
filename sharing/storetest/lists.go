package storetest

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

// lists are about windows, totals and filters (SH-65 … SH-69), and about the sum of what a user holds (SH-160).
var lists = []check{
	{"SH-68 windows on the shares of a server make up the whole list in order of id", func(f fixture) {
		const n = 23
		for i := range n {
			f.grant(lab, sharing.Grantee{Kind: sharing.KindUser, ID: fmt.Sprintf("u-%d", (i*7)%n)}, read, access)
		}
		whole := f.shares(start, sharing.Filter{ServerID: lab.ServerID})
		require.Len(f.t, whole, n)
		var pieces []sharing.StoredShare
		for offset := 0; offset < n; offset += 5 {
			page, err := f.store.Shares(f.t.Context(), start, sharing.Filter{ServerID: lab.ServerID}, sharing.Window{Offset: offset, Limit: 5})
			require.NoError(f.t, err)
			assert.Equal(f.t, n, page.Total)
			pieces = append(pieces, page.Items...)
		}
		assert.Equal(f.t, whole, pieces)
		for i, share := range whole {
			assert.Equal(f.t, []string{access, read}, share.Bases)
			assert.True(f.t, i == 0 || whole[i-1].ID < share.ID)
		}
	}},
	{"SH-68 a window past the end is empty and knows the total", func(f fixture) {
		f.grant(lab, bob, access)
		f.code(lab, access)
		shares, err := f.store.Shares(f.t.Context(), start, sharing.Filter{ServerID: lab.ServerID}, sharing.Window{Offset: 5, Limit: 5})
		require.NoError(f.t, err)
		assert.Equal(f.t, sharing.Page[sharing.StoredShare]{Total: 1}, shares)
		codes, err := f.store.Codes(f.t.Context(), start, sharing.Filter{ServerID: lab.ServerID}, sharing.Window{Offset: 5, Limit: 5})
		require.NoError(f.t, err)
		assert.Equal(f.t, sharing.Page[sharing.StoredCode]{Total: 1}, codes)
	}},
	{"SH-69 totals and windows count live codes only", func(f fixture) {
		for i := range 6 {
			_, _, err := f.store.CreateCode(f.t.Context(), start, sharing.Act{}, sharing.CodeOrder{
				Place: lab, Bases: []string{access}, Prefix: "pref", Hash: fmt.Sprint(i), ExpiresAt: start.Add(time.Duration(1+i%2) * time.Hour),
			})
			require.NoError(f.t, err)
		}
		page, err := f.store.Codes(f.t.Context(), start.Add(time.Hour), sharing.Filter{OwnerID: lab.OwnerID}, sharing.Window{Offset: 1, Limit: 1})
		require.NoError(f.t, err)
		assert.Equal(f.t, 3, page.Total)
		require.Len(f.t, page.Items, 1)
		assert.Equal(f.t, start.Add(2*time.Hour), page.Items[0].ExpiresAt)
	}},
	{"SH-80 a list of an owner spans their servers", func(f fixture) {
		f.grant(lab, bob, access)
		f.grant(home, bob, access)
		f.grant(other, bob, access)
		f.code(lab, access)
		f.code(home, access)
		f.code(other, access)
		assert.Len(f.t, f.shares(start, sharing.Filter{OwnerID: "u-alice"}), 2)
		assert.Len(f.t, f.shares(start, sharing.Filter{OwnerID: "u-alice", ServerID: home.ServerID}), 1)
		assert.Empty(f.t, f.shares(start, sharing.Filter{OwnerID: "u-alice", ServerID: other.ServerID}))
		assert.Len(f.t, f.codes(start, sharing.Filter{OwnerID: "u-alice"}), 2)
	}},
	{"SH-120 a list of grantees has the shares of each, none twice", func(f fixture) {
		one := f.grant(lab, team, access)
		two := f.grant(lab, bob, access)
		three := f.grant(home, bob, access)
		f.grant(lab, carol, access)
		assert.Equal(f.t, []sharing.StoredShare{one, two, three}, f.shares(start, sharing.Filter{Grantees: []sharing.Grantee{bob, team, {Kind: sharing.KindGroup, ID: "g-other"}}}))
		assert.Equal(f.t, []sharing.StoredShare{one}, f.shares(start, sharing.Filter{Grantees: []sharing.Grantee{team}}))
		// The ids of users and groups are not one namespace.
		assert.Empty(f.t, f.shares(start, sharing.Filter{Grantees: []sharing.Grantee{{Kind: sharing.KindGroup, ID: bob.ID}}}))
	}},
	{"SH-65 a filter that says nothing chooses nothing", func(f fixture) {
		f.grant(lab, bob, access)
		f.code(lab, access)
		assert.Empty(f.t, f.shares(start, sharing.Filter{}))
		assert.Empty(f.t, f.codes(start, sharing.Filter{}))
	}},
	{"SH-67 a window without length shows nothing but the total", func(f fixture) {
		f.grant(lab, bob, access)
		page, err := f.store.Shares(f.t.Context(), start, sharing.Filter{ServerID: lab.ServerID}, sharing.Window{Limit: -1, Offset: -1})
		require.NoError(f.t, err)
		assert.Equal(f.t, sharing.Page[sharing.StoredShare]{Total: 1}, page)
	}},
	{"SH-160 what a user holds is the sum of their own shares and those of the groups given", func(f fixture) {
		f.grant(lab, bob, read)
		f.grant(lab, team, access, read)
		f.grant(home, team, access)
		f.grant(other, carol, access)
		lines, until := f.scopesOf(start, bob.ID, team.ID, "g-empty")
		assert.Equal(f.t, []string{home.ServerID + " " + access, lab.ServerID + " " + access, lab.ServerID + " " + read}, lines)
		assert.Zero(f.t, until)
		lines, _ = f.scopesOf(start, bob.ID)
		assert.Equal(f.t, []string{lab.ServerID + " " + read}, lines)
		lines, _ = f.scopesOf(start, "u-nobody")
		assert.Empty(f.t, lines)
	}},
	{"SH-160 a great many groups are no problem", func(f fixture) {
		f.grant(lab, team, access)
		groups := []string{team.ID}
		for i := range 5000 {
			groups = append(groups, fmt.Sprintf("g-%d", i))
		}
		lines, _ := f.scopesOf(start, bob.ID, groups...)
		assert.Equal(f.t, []string{lab.ServerID + " " + access}, lines)
	}},
}
