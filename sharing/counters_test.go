package sharing_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

// tallies are counters that keep what they were told.
type tallies struct {
	mu                sync.Mutex
	accepted, revoked int
	refused           map[string]int
}

func (c *tallies) Accepted() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.accepted++
}

func (c *tallies) Refused(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refused == nil {
		c.refused = map[string]int{}
	}
	c.refused[reason]++
}

func (c *tallies) Revoked(shares int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.revoked += shares
}

// TestCountersOfSuccess: acceptances that counted, and shares that lost something, each once.
func TestCountersOfSuccess(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var c tallies
	f.Counters = &c
	alice := f.as(t, "alice")
	_, secret := f.limited(t, sharing.CodeRequest{MaxUses: 2})
	for _, who := range []string{"bob", "carol", "carol"} { // the last finds it used up and is let in without counting
		_, err := f.Exchange(t.Context(), f.as(t, who), secret)
		require.NoError(t, err)
	}
	assert.Equal(t, 2, c.accepted)
	f.grant(t, "", "group", "team")
	f.grant(t, "", "user", "bob", "read:servers", "servers")
	revoked := func(want int, why string) {
		t.Helper()
		assert.Equal(t, want, c.revoked, why)
		c.revoked = 0
	}
	for range 2 {
		_, err := f.Revoke(t.Context(), alice, sharing.RevokeRequest{Server: home, Grantee: toUser("bob"), Scopes: []string{"servers"}})
		require.NoError(t, err)
	}
	revoked(1, "the second time took nothing")
	require.NoError(t, f.Leave(t.Context(), f.as(t, "carol"), toUser("carol"), home))
	revoked(1, "leaving")
	require.NoError(t, f.DeleteCode(t.Context(), alice, sharing.DeleteRequest{Server: home, Cascade: true}, secret))
	revoked(1, "bob's, by the code")
	for range 2 {
		require.NoError(t, f.RevokeAll(t.Context(), alice, home))
	}
	revoked(2, "bob's and the group's")
	require.NoError(t, f.DeleteCodes(t.Context(), alice, sharing.DeleteRequest{Server: home, Cascade: true}))
	revoked(0, "there was nothing")
	assert.Empty(t, c.refused)
}

// TestCountersOfRefusals: each refusal is counted once, by a reason of its own that never depends on what a client sent.
func TestCountersOfRefusals(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Quotas.Creations = sharing.Quota{N: 6}
	ctx, w := t.Context(), sharing.Window{Limit: 1}
	admin, alice, bob := f.as(t, "admin"), f.as(t, "alice"), f.as(t, "bob")
	_, secret := f.code(t)
	_, spent := f.limited(t, sharing.CodeRequest{MaxUses: 1})
	require.NoError(t, f.accepts(t, "carol", spent))
	_, bound := f.limited(t, sharing.CodeRequest{Domain: "example.org"})
	grant := func(by sharing.Caller, r sharing.GrantRequest) error {
		_, err := f.Grant(ctx, by, r)
		return err
	}
	create := func(r sharing.CodeRequest) error {
		_, _, err := f.CreateCode(ctx, alice, r)
		return err
	}
	ghost := sharing.ServerName{Owner: "ghost"}
	seen := map[string]bool{}
	for _, c := range []struct {
		reason string
		err    error
		call   func() error
	}{
		{"anonymous", sharing.ErrAnonymous, func() error { return grant(sharing.Caller{}, sharing.GrantRequest{}) }},
		{"hidden", sharing.ErrHidden, func() error { _, err := f.ListByServer(ctx, bob, home, w); return err }},
		{"not_allowed", sharing.ErrNotAllowed, func() error { return f.RevokeAll(ctx, f.as(t, "carol"), home) }},
		{"invalid_scope", sharing.ErrInvalidScope, func() error {
			_, err := f.Revoke(ctx, alice, sharing.RevokeRequest{Server: home, Grantee: toUser("bob"), Scopes: []string{"nope"}})
			return err
		}},
		{"scope_filter", sharing.ErrScopeFilter, func() error { return create(sharing.CodeRequest{Server: home, Scopes: []string{"servers!user"}}) }},
		{"lifetime", sharing.ErrLifetime, func() error { return create(sharing.CodeRequest{Server: home, Lifetime: 1}) }},
		{"invalid_grantee", sharing.ErrInvalidGrantee, func() error { _, err := f.GrantMany(ctx, alice, sharing.BulkRequest{Server: home}); return err }},
		{"invalid_code_request", sharing.ErrInvalidCode, func() error { return create(sharing.CodeRequest{Server: home, MaxUses: -1}) }},
		{"scope_not_held", sharing.ErrScopeNotHeld, func() error { return create(sharing.CodeRequest{Server: home, Scopes: []string{"admin:servers"}}) }},
		{"name_not_readable", sharing.ErrNameNotReadable, func() error { return grant(alice, sharing.GrantRequest{Server: home, Grantee: toUser("bob")}) }},
		{"no_such_grantee", sharing.ErrNoSuchGrantee, func() error { return grant(admin, sharing.GrantRequest{Server: home, Grantee: toUser("ghost")}) }},
		{"no_such_owner", sharing.ErrNoSuchOwner, func() error {
			_, err := f.ListCodesByOwner(ctx, holding(t, "read:shares"), "ghost", w)
			return err
		}},
		{"no_such_server", sharing.ErrNoSuchServer, func() error { return f.DeleteCodes(ctx, admin, sharing.DeleteRequest{Server: ghost}) }},
		{"no_such_user", sharing.ErrNoSuchUser, func() error { _, err := f.ListByGrantee(ctx, admin, toUser("ghost"), w); return err }},
		{"no_such_group", sharing.ErrNoSuchGroup, func() error { _, err := f.Get(ctx, admin, toGroup("ghosts"), home); return err }},
		{"no_such_share", sharing.ErrNoSuchShare, func() error { return f.Leave(ctx, bob, toUser("bob"), home) }},
		{"not_a_user", sharing.ErrNotAUser, func() error { _, err := f.OwnServers(ctx, holding(t, "read:shares")); return err }},
		{"code_not_found", sharing.ErrCodeNotFound, func() error { return f.present(t, bob, "wrong") }},
		{"own_code", sharing.ErrOwnCode, func() error { _, err := f.FindCode(ctx, alice, secret); return err }},
		{"code_spent", sharing.ErrCodeSpent, func() error { _, err := f.Exchange(ctx, bob, spent); return err }},
		{"not_for_visitor", sharing.ErrNotForVisitor, func() error { _, err := f.Exchange(ctx, bob, bound); return err }},
		{"quota", sharing.ErrQuota, func() (err error) {
			_, err = f.GrantMany(ctx, admin, sharing.BulkRequest{
				Server: home, Grantees: []sharing.GranteeName{toUser("alice"), toUser("bob"), toUser("carol"), toUser("admin"), toGroup("team")},
			})
			return err
		}},
	} {
		var counted tallies
		f.Counters = &counted
		err := c.call()
		require.ErrorIs(t, err, c.err, c.reason)
		assert.Equal(t, map[string]int{c.reason: 1}, counted.refused)
		assert.Zero(t, counted.accepted+counted.revoked, c.reason)
		assert.Equal(t, c.reason, sharing.Reason(fmt.Errorf("wrapped: %w", err)))
		assert.False(t, seen[c.reason], "%s is the reason of one thing alone", c.reason)
		seen[c.reason] = true
	}
	assert.Empty(t, sharing.Reason(nil))
	assert.Empty(t, sharing.Reason(errors.New("disk full")))
	assert.Empty(t, sharing.Reason(sharing.ErrGone), "what a store says is no refusal")

	var counted tallies
	f.Counters = &counted
	f.Directory = failingDirectory{f.hub}
	require.ErrorIs(t, f.RevokeAll(ctx, alice, home), errBroken)
	assert.Empty(t, counted.refused, "an internal failure is no refusal")
}
