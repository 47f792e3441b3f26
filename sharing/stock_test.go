package sharing_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

// differing counts what a service says a stock hub would have done differently.
func (f *fixture) differing() map[string]int {
	said := map[string]int{}
	f.OnDifference = func(_ context.Context, rule, _ string) { said[rule]++ }
	return said
}

// SH-42: a scope without a filter is completed, unless scopes are to be taken as written.
func TestStockRevoke(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	said := f.differing()
	alice, admin := f.as(t, "alice"), f.as(t, "admin")
	order := sharing.RevokeRequest{Server: home, Grantee: sharing.GranteeName{Kind: sharing.KindUser, Name: "bob"}, Scopes: []string{"access:servers"}}
	for _, stock := range []bool{true, false} {
		f.Stock.VerbatimRevoke = stock
		_, err := f.Grant(t.Context(), admin, sharing.GrantRequest{Server: home, Grantee: order.Grantee})
		require.NoError(t, err)
		left, err := f.Revoke(t.Context(), alice, order)
		require.NoError(t, err)
		assert.Equal(t, stock, left != nil)
	}
	assert.Equal(t, map[string]int{"SH-42": 1}, said)
	// As it is stored, it goes either way.
	f.Stock.VerbatimRevoke = true
	_, err := f.Grant(t.Context(), admin, sharing.GrantRequest{Server: home, Grantee: order.Grantee})
	require.NoError(t, err)
	order.Scopes = []string{"access:servers!server=alice/"}
	left, err := f.Revoke(t.Context(), alice, order)
	require.NoError(t, err)
	assert.Nil(t, left)
}

// SH-69: expired codes are never shown, but a stock hub counts them and leaves gaps.
func TestStockCount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	said := f.differing()
	alice := f.as(t, "alice")
	_, _, err := f.CreateCode(t.Context(), alice, sharing.CodeRequest{Server: home, Lifetime: time.Minute})
	require.NoError(t, err)
	f.code(t)
	f.advance(time.Minute)
	for _, c := range []struct {
		stock         bool
		listed, total int
	}{{false, 1, 1}, {true, 0, 2}} {
		f.Stock.CountExpired = c.stock
		page, err := f.ListCodesByServer(t.Context(), alice, home, sharing.Window{Limit: 1})
		require.NoError(t, err)
		assert.Len(t, page.Items, c.listed)
		assert.Equal(t, c.total, page.Total)
	}
	assert.Equal(t, map[string]int{"SH-69": 1}, said)
}

// SH-112: what stands behind the digits of an id.
func TestStockCodeID(t *testing.T) {
	t.Parallel()
	for handle, loose := range map[string]bool{
		"sc_1x": true, "sc_1 ": true, "sc_": false, "sc_x1": false, "xsc_1": false, "1": false, "": false, "sc_99999999999999999999": false,
	} {
		f := newFixture(t)
		said := f.differing()
		f.code(t)
		alice := f.as(t, "alice")
		err := f.DeleteCodeByID(t.Context(), alice, sharing.DeleteRequest{Server: home}, handle)
		require.ErrorIs(t, err, sharing.ErrCodeNotFound, handle)
		assert.Equal(t, loose, said["SH-112"] == 1, handle)
		f.Stock.LooseCodeID = true
		err = f.DeleteCodeByID(t.Context(), alice, sharing.DeleteRequest{Server: home}, handle)
		assert.Equal(t, loose, err == nil, handle)
	}
}

// SH-161: what is shared with a user alone.
func TestDirectScopes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	admin := f.as(t, "admin")
	carol := f.as(t, "carol").ID
	_, err := f.Grant(t.Context(), admin, sharing.GrantRequest{Server: home, Grantee: sharing.GranteeName{Kind: sharing.KindGroup, Name: "team"}})
	require.NoError(t, err)
	lab := sharing.ServerName{Owner: "alice", Name: "lab"}
	_, err = f.Grant(t.Context(), admin, sharing.GrantRequest{Server: lab, Grantee: sharing.GranteeName{Kind: sharing.KindUser, Name: "carol"}})
	require.NoError(t, err)
	all, _, err := f.SharedScopes(t.Context(), carol)
	require.NoError(t, err)
	direct, err := f.DirectScopes(t.Context(), carol)
	require.NoError(t, err)
	assert.Len(t, all, 2)
	require.Len(t, direct, 1)
	assert.Equal(t, "access:servers!server=alice/lab", direct[0].String())
}
