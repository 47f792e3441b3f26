package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

// Run tests the stores that open gives, each of them empty and closed by open's own means (t.Cleanup). Stores of different tests run in parallel.
func Run(t *testing.T, open func(t *testing.T) oauth.Store) {
	t.Helper()
	for _, group := range []struct {
		name  string
		tests map[string]func(*testing.T, oauth.Store)
	}{
		{"clients", clientTests}, {"codes", codeTests}, {"tokens", tokenTests}, {"owners", ownerTests},
	} {
		t.Run(group.name, func(t *testing.T) {
			t.Parallel()
			for name, test := range group.tests {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					test(t, open(t))
				})
			}
		})
	}
}

var (
	start = time.Date(2026, 3, 4, 5, 6, 7, 890_000_000, time.UTC)
	alice = oauth.OwnerRef{Kind: oauth.KindUser, ID: "u1"}
	bob   = oauth.OwnerRef{Kind: oauth.KindUser, ID: "u2"}
	cron  = oauth.OwnerRef{Kind: oauth.KindService, ID: "u1"} // the same id as alice: kinds must not be mixed up
)

func list(t *testing.T, raw ...string) []scopes.Scope {
	t.Helper()
	out, err := scopes.ParseAll(raw)
	require.NoError(t, err)
	return out
}

func server(t *testing.T) oauth.Client {
	t.Helper()
	return oauth.Client{
		ID: "jupyterhub-user-alice", Description: "Server at /user/alice/", SecretHash: "h1", RedirectURI: "/user/alice/oauth_callback",
		For: scopes.Client{Server: "alice/"}, LinkID: "s1", Allowed: list(t, "access:servers!server=alice/", "shares!server"),
	}
}

func put(t *testing.T, s oauth.Store, c oauth.Client) oauth.Change {
	t.Helper()
	change, err := s.PutClient(t.Context(), start, c)
	require.NoError(t, err)
	return change
}

func code(t *testing.T, hash string) oauth.Code {
	t.Helper()
	return oauth.Code{
		Hash: hash, ClientID: "jupyterhub-user-alice", User: bob, RedirectURI: "/user/alice/oauth_callback", SessionID: "session",
		Scopes: list(t, "access:servers!server=alice/", "read:users:name!user"), Challenge: "challenge", ExpiresAt: start.Add(5 * time.Minute),
	}
}

func putCode(t *testing.T, s oauth.Store, c oauth.Code) {
	t.Helper()
	require.NoError(t, s.PutCode(t.Context(), start, c))
}

// token gives one of bob's through alice's server; n makes it distinct.
func token(t *testing.T, n int) oauth.Token {
	t.Helper()
	return oauth.Token{
		Prefix: "abcd", Hash: fmt.Sprintf("hash%d", n), Owner: bob, ClientID: "jupyterhub-user-alice", SessionID: "session",
		Scopes: list(t, "access:servers!server=alice/"), Created: start, ExpiresAt: start.Add(time.Hour),
	}
}

func putToken(t *testing.T, s oauth.Store, tok oauth.Token) oauth.Token {
	t.Helper()
	out, change, err := s.PutToken(t.Context(), start, tok, nil)
	require.NoError(t, err)
	require.Equal(t, []oauth.OwnerRef{tok.Owner}, change.Owners)
	require.NotZero(t, change.Seq)
	require.NotZero(t, out.ID)
	return out
}

func tokens(t *testing.T, s oauth.Store, now time.Time, ref oauth.OwnerRef) (out []oauth.Token) {
	t.Helper()
	list, err := s.Tokens(t.Context(), now, ref)
	require.NoError(t, err)
	for _, i := range list {
		out = append(out, i.Token)
	}
	return out
}

// find gives a code; ErrNoCode also where there is no such client.
func find(t *testing.T, s oauth.Store, now time.Time, hash, client string) (oauth.Code, error) {
	t.Helper()
	c, out, err := s.ClientAndCode(t.Context(), now, client, hash)
	if errors.Is(err, oauth.ErrNoClient) {
		assert.Zero(t, c)
		return out, oauth.ErrNoCode
	}
	if err == nil || errors.Is(err, oauth.ErrNoCode) {
		assert.Equal(t, client, c.ID)
	}
	return out, err
}
