package oauth_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
	"github.com/hubshare/hubshare/scopes"
)

func TestACodeIsExchangedForAToken(t *testing.T) { // OA-54, OA-58, OA-59, OA-177, OA-F4, OA-F22
	t.Parallel()
	h := newHub(t)
	g, err := h.Exchange(t.Context(), form(h.code(t, h.alice, query()), "redirect_uri", "/user/alice/oauth_callback"))
	require.NoError(t, err)
	assert.Regexp(t, `^[A-Za-z0-9]{30}$`, g.AccessToken.Reveal())
	assert.Equal(t, 1209600*time.Second, g.ExpiresIn)
	assert.Equal(t, []string{"access:servers!server", "access:servers!server=alice/", "read:users:groups!user", "read:users:name!user", "shares!server"}, scopes.Strings(g.Scopes))

	list, err := h.Tokens(t.Context(), h.alice)
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, serverID, list[0].ClientID)
	assert.Equal(t, "session-id-alice", list[0].SessionID)
	assert.Empty(t, list[0].Note)
	assert.Equal(t, "Server at /user/alice/", list[0].Client)
	assert.WithinDuration(t, h.clock().Add(1209600*time.Second), list[0].ExpiresAt, time.Second)
	assert.Zero(t, list[0].ExpiresAt.Nanosecond(), "whole seconds (OA-190)")
}

func TestAShareGivesTheVisitorAToken(t *testing.T) { // OA-65
	t.Parallel()
	h := newHub(t)
	id, err := h.Authenticate(t.Context(), h.token(t, h.bob))
	require.NoError(t, err)
	assert.Equal(t, []string{"access:servers!server=alice/", "read:users:groups!user=bob", "read:users:name!user=bob"}, id.Effective.Strings())
	assert.Equal(t, "bob", id.Name)
	assert.Equal(t, h.bob, id.Owner)
	assert.Equal(t, "session-id-bob", id.SessionID)
	assert.Equal(t, serverID, id.ClientID)
}

func TestTheRefusedExchange(t *testing.T) { // OA-51, OA-52, OA-53, OA-153, OA-178, OA-S3, OA-63, OA-F3
	t.Parallel()
	h := newHub(t)
	require.NoError(t, h.PutClient(t.Context(), service("other", "/services/other/oauth_callback")))
	none := service("nosecret", "/services/nosecret/oauth_callback")
	none.Secret = ""
	require.NoError(t, h.PutClient(t.Context(), none))
	for name, c := range map[string]struct {
		pairs   []string
		reason  oauth.Reason
		message string
	}{
		"wrong secret":                 {[]string{"client_secret", secret[1:] + "x"}, oauth.InvalidClient, ""},
		"no secret":                    {[]string{"client_secret", ""}, oauth.InvalidClient, ""},
		"unknown client":               {[]string{"client_id", "jupyterhub-user-nobody"}, oauth.InvalidClient, ""},
		"no client":                    {[]string{"client_id", ""}, oauth.InvalidClient, ""},
		"client without secret":        {[]string{"client_id", none.ID, "client_secret", ""}, oauth.InvalidClient, ""},
		"another client":               {[]string{"client_id", "service-other"}, oauth.InvalidGrant, ""},
		"no grant type":                {[]string{"grant_type", ""}, oauth.UnsupportedGrantType, ""},
		"password grant":               {[]string{"grant_type", "password"}, oauth.UnsupportedGrantType, ""},
		"refresh grant":                {[]string{"grant_type", "refresh_token"}, oauth.UnsupportedGrantType, ""},
		"wrong code":                   {[]string{"code", "nope"}, oauth.InvalidGrant, ""},
		"no code":                      {[]string{"code", ""}, oauth.InvalidRequest, "Missing code parameter."},
		"no code, wrong secret":        {[]string{"code", "", "client_secret", "wrong-secret"}, oauth.InvalidClient, ""}, // OA-63
		"no grant type, no secret":     {[]string{"grant_type", "", "client_secret", ""}, oauth.InvalidClient, ""},
		"wrong redirect":               {[]string{"redirect_uri", "/elsewhere"}, oauth.InvalidRequest, "Mismatching redirect URI."},
		"the stand-in redirect":        {[]string{"redirect_uri", "https://path-only.invalid/user/alice/oauth_callback"}, oauth.InvalidRequest, "Mismatching redirect URI."},
		"verifier without a challenge": {[]string{"code_verifier", strings.Repeat("v", 43)}, oauth.InvalidGrant, ""},
		"a code of more than 2 KiB":    {[]string{"code", strings.Repeat("x", 2049)}, oauth.InvalidRequest, "Parameter too long."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := form(h.code(t, h.alice, query()), c.pairs...)
			g, err := h.Exchange(t.Context(), f)
			refused(t, err, c.reason, c.message)
			assert.Zero(t, g)
		})
	}
	f := form(h.code(t, h.alice, query()))
	f.Add("client_id", "x")
	_, err := h.Exchange(t.Context(), f)
	refused(t, err, oauth.InvalidRequest, "Duplicate client_id parameter.")
	f = form(h.code(t, h.alice, query()))
	f["unknown"] = []string{"1", "2"}
	_, err = h.Exchange(t.Context(), f)
	refused(t, err, oauth.InvalidRequest, "Duplicate parameter.")
}

func TestACodeExpires(t *testing.T) { // OA-55, OA-F12, OA-190
	t.Parallel()
	h := newHub(t)
	code, late := h.code(t, h.alice, query()), h.code(t, h.alice, query())
	h.pass(300 * time.Second)
	_, err := h.Exchange(t.Context(), form(code))
	require.NoError(t, err, "at the very moment of its expiry")
	h.pass(time.Microsecond)
	_, err = h.Exchange(t.Context(), form(late))
	refused(t, err, oauth.InvalidGrant, "")
}

func TestATokenExpiresByTheHubsClock(t *testing.T) { // OA-F12, OA-59, OA-190
	t.Parallel()
	h := newHub(t)
	tok := h.token(t, h.alice)
	h.pass(1209600 * time.Second)
	_, err := h.Authenticate(t.Context(), tok)
	require.NoError(t, err)
	h.pass(time.Second)
	_, err = h.Authenticate(t.Context(), tok)
	require.ErrorIs(t, err, oauth.ErrNoToken)
}

func TestAReplayedCodeRevokesItsToken(t *testing.T) { // OA-55, OA-S1
	t.Parallel()
	h := newHub(t)
	code := h.code(t, h.bob, query())
	g, err := h.Exchange(t.Context(), form(code))
	require.NoError(t, err)
	tok := g.AccessToken.Reveal()
	_, err = h.Authenticate(t.Context(), tok)
	require.NoError(t, err, "and it is cached")

	require.NoError(t, h.PutClient(t.Context(), service("other", "/services/other/oauth_callback")))
	_, err = h.Exchange(t.Context(), form(code, "client_id", "service-other"))
	refused(t, err, oauth.InvalidGrant, "")
	_, err = h.Authenticate(t.Context(), tok)
	require.NoError(t, err, "another client revokes nothing (OA-S2, OA-F21)")

	_, err = h.Exchange(t.Context(), form(code))
	refused(t, err, oauth.InvalidGrant, "")
	_, err = h.Authenticate(t.Context(), tok)
	require.ErrorIs(t, err, oauth.ErrNoToken)
	assert.Contains(t, h.log.String(), "oauth code replayed")
}

func TestAStoredChallengeIsAlwaysEnforced(t *testing.T) { // OA-56, OA-151, OA-152, OA-S4, OA-F1, OA-F2, OA-V3
	t.Parallel()
	verifier := strings.Repeat("v", 43)
	for _, policy := range []oauth.PKCE{oauth.PKCEOptional, oauth.PKCERequired} {
		h := newHub(t, func(c *oauth.Config) { c.PKCE = policy })
		q := query("code_challenge", challenge(verifier), "code_challenge_method", "S256")
		code := h.code(t, h.alice, q)
		_, err := h.Exchange(t.Context(), form(code, "code_verifier", strings.Repeat("w", 43)))
		refused(t, err, oauth.InvalidGrant, "")
		_, err = h.Exchange(t.Context(), form(code))
		refused(t, err, oauth.InvalidRequest, "Code verifier required.")
		_, err = h.Exchange(t.Context(), form(code, "code_verifier", verifier))
		require.NoError(t, err, "the third try may still be right")
		_, err = h.Exchange(t.Context(), form(code))
		refused(t, err, oauth.InvalidGrant, "") // of a code that is dead, not even that it had a challenge
		assert.Contains(t, h.log.String(), "oauth pkce check failed")

		code = h.code(t, h.alice, q)
		for _, bad := range []string{strings.Repeat("v", 42), strings.Repeat("v", 129), strings.Repeat("v", 42) + "!"} {
			_, err := h.Exchange(t.Context(), form(code, "code_verifier", bad))
			refused(t, err, oauth.InvalidGrant, "")
		}
		_, err = h.Exchange(t.Context(), form(code, "code_verifier", verifier))
		refused(t, err, oauth.InvalidGrant, "")
	}
}

// The external example sends neither state nor challenge in 5.5, and both in 6.0, with a verifier of 64 characters.
func TestTheExternalExampleOfEachRelease(t *testing.T) { // OA-123, OA-V10
	t.Parallel()
	h := newHub(t)
	h.host.User("bob", "self", "access:services")
	const id, callback = "service-oauth-client-test", "http://127.0.0.1:5555/oauth_callback"
	require.NoError(t, h.PutClient(t.Context(), service("oauth-client-test", callback)))
	long := strings.Repeat("v", 64)
	for release, c := range map[string]struct{ state, challenge, method, verifier string }{
		"5.5": {}, "6.0": {"s", challenge(long), "S256", long},
	} {
		q := query("client_id", id, "redirect_uri", callback, "state", c.state, "code_challenge", c.challenge, "code_challenge_method", c.method)
		d, err := h.ask(t, h.bob, q)
		require.NoError(t, err, release)
		if d.Consent != nil { // at the first of them
			d, err = h.Approve(t.Context(), oauth.AuthorizeRequest{User: h.bob, SessionID: "s", Query: q}, scopes.Strings(d.Consent.Scopes))
			require.NoError(t, err, release)
		}
		require.True(t, strings.HasPrefix(d.Redirect, callback+"?code="), d.Redirect)
		assert.Equal(t, c.state, param(t, d.Redirect, "state"))
		assert.Equal(t, c.state != "", strings.Contains(d.Redirect, "state="))
		_, err = h.Exchange(t.Context(), form(param(t, d.Redirect, "code"), "client_id", id, "redirect_uri", callback, "code_verifier", c.verifier))
		require.NoError(t, err, release)
	}
}

func TestPKCEOffIgnoresIt(t *testing.T) { // OA-57, OA-V1
	t.Parallel()
	h := newHub(t, func(c *oauth.Config) { c.PKCE = oauth.PKCEOff })
	code := h.code(t, h.alice, query("code_challenge", "x", "code_challenge_method", "plain"))
	_, err := h.Exchange(t.Context(), form(code, "code_verifier", strings.Repeat("v", 43)))
	require.NoError(t, err)
}

// A challenge that was stored is not forgotten by a hub that restarts with another policy, or by a replica that has it already.
func TestAStoredChallengeOutlivesItsPolicy(t *testing.T) { // OA-S4, OA-151
	t.Parallel()
	before := newHub(t)
	after := newHub(t, func(c *oauth.Config) { c.Store, c.PKCE = before.store, oauth.PKCEOff })
	for _, pairs := range [][]string{nil, {"code_verifier", strings.Repeat("w", 43)}} {
		code := before.code(t, before.alice, query("code_challenge", challenge(verifier), "code_challenge_method", "S256"))
		g, err := after.Exchange(t.Context(), form(code, pairs...))
		require.Error(t, err)
		assert.Zero(t, g)
	}
}

func TestAnyFailureAfterTheClientIsKnownCounts(t *testing.T) { // OA-62, OA-151, OA-S2
	t.Parallel()
	h := newHub(t)
	require.NoError(t, h.PutClient(t.Context(), service("other", "/services/other/oauth_callback")))
	code := h.code(t, h.alice, query())
	for range 5 {
		_, err := h.Exchange(t.Context(), form(code, "client_secret", "wrong"))
		refused(t, err, oauth.InvalidClient, "")
	}
	for _, pairs := range [][]string{{"client_id", "service-other"}, {"redirect_uri", "/elsewhere"}, {"grant_type", "x"}} {
		_, err := h.Exchange(t.Context(), form(code, pairs...))
		require.Error(t, err)
	}
	_, err := h.Exchange(t.Context(), form(code))
	refused(t, err, oauth.InvalidGrant, "")
}

func TestRightsThatWentSinceTheCodeBurnIt(t *testing.T) { // OA-60, OA-S10
	t.Parallel()
	h := newHub(t)
	code := h.code(t, h.bob, query())
	h.host.User("bob", "self")
	_, err := h.Exchange(t.Context(), form(code))
	refused(t, err, oauth.InvalidGrant, "")
	h.host.Put(testhost.Person{Kind: oauth.KindUser, Name: "bob", Roles: []string{"self"}, Shares: []string{"access:servers!server=alice/"}})
	_, err = h.Exchange(t.Context(), form(code))
	refused(t, err, oauth.InvalidGrant, "")
}

func TestAnOwnerWhoWentGetsNoToken(t *testing.T) { // OA-64
	t.Parallel()
	h := newHub(t)
	code := h.code(t, h.bob, query())
	h.host.Delete(h.bob)
	_, err := h.Exchange(t.Context(), form(code))
	refused(t, err, oauth.InvalidGrant, "")
}

func TestARestartedServerInvalidatesCodesAndTokens(t *testing.T) { // OA-11, OA-64, OA-196
	t.Parallel()
	h := newHub(t)
	code, tok := h.code(t, h.bob, query()), h.token(t, h.bob)
	_, err := h.Authenticate(t.Context(), tok)
	require.NoError(t, err)
	r := server()
	r.Secret = oauth.Secret(strings.Repeat("f", 32))
	require.NoError(t, h.PutClient(t.Context(), r))
	_, err = h.Exchange(t.Context(), form(code, "client_secret", r.Secret.Reveal()))
	refused(t, err, oauth.InvalidGrant, "")
	_, err = h.Authenticate(t.Context(), tok)
	require.ErrorIs(t, err, oauth.ErrNoToken)
}

// brokenStore fails where a database may.
type brokenStore struct {
	oauth.Store
	err error
}

func (b brokenStore) Agreed(context.Context, time.Time, oauth.OwnerRef, string) ([]scopes.Scope, error) {
	return nil, b.err
}

func TestAFailureOfTheStoreIsNoRefusal(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk full")
	h := newHub(t, func(c *oauth.Config) { c.Store = brokenStore{c.Store, broken} })
	_, err := h.ask(t, h.bob, query())
	require.ErrorIs(t, err, broken)
	require.NotErrorIs(t, err, &oauth.Error{Reason: oauth.InvalidRequest})
}
