package oauth_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
	"github.com/hubshare/hubshare/scopes"
)

// cutting is a host that treats tokens as a JupyterHub does: only what is shared directly counts, as it is written.
type cutting struct{ *testhost.Host }

func (h cutting) Owner(ctx context.Context, ref oauth.OwnerRef) (oauth.Owner, error) {
	o, err := h.Host.Owner(ctx, ref)
	stock := h.Registry.HeldByStock(o.Owner, o.Roles, nil)
	o.Cut = &stock
	return o, err
}

// SC-352: what a host cuts tokens by keeps nobody out of the consent page, and out of the token.
func TestWhatAHostCutsTokensBy(t *testing.T) {
	t.Parallel()
	people := testhost.New(scopes.New(scopes.P55))
	h := newHub(t, func(c *oauth.Config) { c.Host = cutting{people} })
	bob := people.Put(testhost.Person{Kind: oauth.KindUser, Name: "bob", Roles: []string{"self"}, Shares: []string{"access:servers!server=alice/"}})
	d, err := h.ask(t, bob, query())
	require.NoError(t, err)
	require.NotNil(t, d.Consent, "they may enter")

	info, token, err := h.IssueToken(t.Context(), oauth.TokenOrder{Owner: bob})
	require.NoError(t, err)
	id, err := h.Authenticate(t.Context(), token.Reveal())
	require.NoError(t, err)
	assert.False(t, id.Effective.Allows("access:servers", scopes.Server("alice", ""), nil))
	assert.True(t, id.Effective.Allows("read:users", scopes.User("bob"), nil))
	shown, err := h.Token(t.Context(), bob, info.ID)
	require.NoError(t, err)
	assert.True(t, id.Effective.Equal(shown.Effective))
}
