package oauth_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
	"github.com/hubshare/hubshare/scopes"
)

func TestAnAPIToken(t *testing.T) { // OA-82, OA-83, HB-8, HB-156
	t.Parallel()
	h := newHub(t)
	info, s, err := h.IssueToken(t.Context(), oauth.TokenOrder{Owner: h.alice, Note: "mine"})
	require.NoError(t, err)
	assert.Regexp(t, `^[0-9a-f]{32}$`, s.Reveal())
	assert.Equal(t, "JupyterHub", info.Client)
	assert.Equal(t, []scopes.Scope{scopes.Inherit}, info.Scopes, "the role token's")
	assert.Contains(t, info.Effective.Strings(), "shares!user=alice")
	assert.Zero(t, info.ExpiresAt)
	id, err := h.Authenticate(t.Context(), s.Reveal())
	require.NoError(t, err)
	assert.Equal(t, info.ID, id.TokenID)
	assert.Equal(t, "mine", id.Note)
	assert.Empty(t, id.SessionID)
	assert.True(t, id.Effective.Equal(info.Effective))
}

func TestScopesOfANewToken(t *testing.T) { // OA-83, SC-340, SC-341, SC-342
	t.Parallel()
	h := newHub(t)
	identity := []string{"read:users:groups!user=alice", "read:users:name!user=alice"}
	for name, c := range map[string]struct {
		scopes, roles []string
		want          []string
		message       string
	}{
		"an empty list identifies":       {scopes: []string{}, want: identity},
		"an empty list of roles too":     {roles: []string{}, want: identity},
		"a scope of the owner's":         {scopes: []string{"read:tokens!user"}, want: append([]string{"read:tokens!user=alice"}, identity...)},
		"one that means nothing here":    {scopes: []string{"servers!server"}, want: identity},
		"a role":                         {roles: []string{"server"}, want: append([]string{"read:users:activity!user=alice", "users:activity!user=alice"}, identity...)},
		"one beyond the owner":           {scopes: []string{"read:users"}, message: "invalid_scope: Not assigning requested scopes read:users,read:users:activity,read:users:groups,read:users:name not held by User alice"},
		"one that does not exist":        {scopes: []string{"nope:nope"}, message: "Scope 'nope:nope' for token does not exist"},
		"a filter that does not exist":   {scopes: []string{"servers!x=y"}, message: "Scope filter x=y '!x=y' in scope 'servers!x=y' for token does not exist"},
		"a role that does not exist":     {roles: []string{"nope"}, message: "No such role: nope"},
		"roles and scopes":               {scopes: []string{}, roles: []string{}, message: "invalid_request: Can only specify one of roles or scopes, not both"},
		"inherit with another's":         {scopes: []string{"inherit", "admin:users"}, message: "invalid_scope: Not assigning requested scopes admin:auth_state,admin:users,delete:users,list:users,read:roles:users,read:users,read:users:activity,read:users:groups,read:users:name,users,users:activity not held by User alice"},
		"a scope longer than any can be": {scopes: []string{strings.Repeat("x", 2000)}, message: "Scope of 2000 bytes is too long, at most 1024 are allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			info, s, err := h.IssueToken(t.Context(), oauth.TokenOrder{Owner: h.alice, Scopes: c.scopes, Roles: c.roles})
			if c.message != "" {
				require.EqualError(t, err, c.message)
				assert.Empty(t, s.Reveal())
				return
			}
			require.NoError(t, err)
			assert.ElementsMatch(t, c.want, info.Effective.Strings())
		})
	}
}

func TestLifeOfANewToken(t *testing.T) { // OA-84
	t.Parallel()
	free := newHub(t)
	capped := newHub(t, func(c *oauth.Config) { c.MaxTokenAge = time.Hour })
	for name, c := range map[string]struct {
		hub      *hub
		in       time.Duration
		internal bool
		want     time.Duration // 0 = never
		message  string
	}{
		"never":                        {hub: free},
		"a while":                      {hub: free, in: 90 * time.Second, want: 90 * time.Second},
		"negative":                     {hub: free, in: -time.Second, message: "invalid_request: expires_in must be a positive whole number of seconds"},
		"a fraction":                   {hub: free, in: time.Millisecond, message: "invalid_request: expires_in must be a positive whole number of seconds"},
		"never, where there is a cap":  {hub: capped, want: time.Hour},
		"up to the cap":                {hub: capped, in: time.Hour, want: time.Hour},
		"beyond the cap":               {hub: capped, in: time.Hour + time.Second, message: "invalid_request: expires_in: 3601 must not exceed 3600"},
		"the hub's own heeds no cap":   {hub: capped, internal: true},
		"the hub's own may be limited": {hub: capped, internal: true, in: 2 * time.Hour, want: 2 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			info, _, err := c.hub.IssueToken(t.Context(), oauth.TokenOrder{Owner: c.hub.alice, ExpiresIn: c.in, Internal: c.internal})
			switch {
			case c.message != "":
				require.EqualError(t, err, c.message)
			case c.want == 0:
				require.NoError(t, err)
				assert.Zero(t, info.ExpiresAt)
			default:
				require.NoError(t, err)
				assert.WithinRange(t, info.ExpiresAt, c.hub.clock().Add(c.want), c.hub.clock().Add(c.want+time.Second-1))
			}
		})
	}
}

func TestAChosenSecret(t *testing.T) { // OA-61, OA-F14
	t.Parallel()
	h := newHub(t)
	long := oauth.Secret(strings.Repeat("long-secret-", 20)) // longer than the 72 bytes that bcrypt would look at
	_, s, err := h.IssueToken(t.Context(), oauth.TokenOrder{Owner: h.alice, Secret: long})
	require.NoError(t, err)
	assert.Equal(t, long.Reveal(), s.Reveal())
	_, err = h.Authenticate(t.Context(), long.Reveal())
	require.NoError(t, err)
	_, err = h.Authenticate(t.Context(), long.Reveal()[:len(long.Reveal())-1]+"X")
	require.ErrorIs(t, err, oauth.ErrNoToken)
	stored, err := h.store.Tokens(t.Context(), h.clock(), h.alice)
	require.NoError(t, err)
	assert.Regexp(t, `^sha512:16384:[0-9a-f]{16}:[0-9a-f]{128}$`, stored[0].Hash)

	_, _, err = h.IssueToken(t.Context(), oauth.TokenOrder{Owner: h.bob, Secret: long})
	require.ErrorIs(t, err, oauth.ErrTokenExists)
	for _, bad := range []string{"1234567", strings.Repeat("x", 1025)} {
		_, _, err = h.IssueToken(t.Context(), oauth.TokenOrder{Owner: h.alice, Secret: oauth.Secret(bad)})
		refused(t, err, oauth.InvalidRequest, "a token has 8 to 1024 bytes")
	}
}

func TestATokenNeedsAnOwner(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	ghost := oauth.OwnerRef{Kind: oauth.KindUser, ID: "ghost"}
	_, _, err := h.IssueToken(t.Context(), oauth.TokenOrder{Owner: ghost})
	require.ErrorIs(t, err, oauth.ErrNoOwner)
	_, err = h.Tokens(t.Context(), ghost)
	require.ErrorIs(t, err, oauth.ErrNoOwner)
	require.NoError(t, h.ForgetOwner(t.Context(), h.alice))
	_, _, err = h.IssueToken(t.Context(), oauth.TokenOrder{Owner: h.alice}) // the host still knows her: a race
	require.ErrorIs(t, err, oauth.ErrGone)
}

func TestAServicesToken(t *testing.T) { // SC-351, SC-358, OA-76
	t.Parallel()
	h := newHub(t)
	cron := h.host.Put(testhost.Person{Kind: oauth.KindService, Name: "cron", Roles: []string{"list:users", "read:services:name!service"}})
	info, s, err := h.IssueToken(t.Context(), oauth.TokenOrder{Owner: cron})
	require.NoError(t, err)
	assert.Equal(t, []string{"list:users", "read:services:name!service=cron", "read:users:name"}, info.Effective.Strings())
	id, err := h.Authenticate(t.Context(), s.Reveal())
	require.NoError(t, err)
	assert.Equal(t, cron, id.Owner)
}

func TestScopesOfAServersOwnToken(t *testing.T) { // OA-68, SC-400
	t.Parallel()
	h := newHub(t)
	for name, c := range map[string]struct {
		wanted, want []string
	}{
		"by default":             {nil, []string{"access:servers!server=alice/lab", "users:activity!user"}},
		"configured":             {[]string{"shares!server", "servers!server", "users:activity!server"}, []string{"servers!server=alice/lab", "shares!server=alice/lab", "users:activity!server=alice/lab", "users:activity!user"}},
		"beyond the owner":       {[]string{"admin:users", "inherit"}, nil},
		"inherit reports anyway": {[]string{"inherit"}, []string{"inherit"}},
	} {
		got, err := h.ServerTokenScopes(t.Context(), h.alice, "lab", c.wanted)
		require.NoError(t, err, name)
		if c.want != nil {
			assert.Equal(t, c.want, got, name)
		} else {
			assert.NotContains(t, got, "admin:users", name)
			assert.Contains(t, got, "inherit", name)
		}
		_, _, err = h.IssueToken(t.Context(), oauth.TokenOrder{Owner: h.alice, Scopes: got, Internal: true})
		require.NoError(t, err, name)
	}
	_, err := h.ServerTokenScopes(t.Context(), h.alice, "", []string{"nope"})
	require.ErrorIs(t, err, scopes.ErrUnknownScope)
}

func TestRevokingATokenEndsItAtOnce(t *testing.T) { // OA-86, OA-113, OA-192
	t.Parallel()
	h := newHub(t)
	info, s, err := h.IssueToken(t.Context(), oauth.TokenOrder{Owner: h.alice})
	require.NoError(t, err)
	_, err = h.Authenticate(t.Context(), s.Reveal())
	require.NoError(t, err)
	require.ErrorIs(t, h.RevokeToken(t.Context(), h.bob, info.ID), oauth.ErrNoToken, "another's")
	require.NoError(t, h.RevokeToken(t.Context(), h.alice, info.ID))
	_, err = h.Authenticate(t.Context(), s.Reveal())
	require.ErrorIs(t, err, oauth.ErrNoToken)
	require.ErrorIs(t, h.RevokeToken(t.Context(), h.alice, info.ID), oauth.ErrNoToken)
	_, err = h.Token(t.Context(), h.alice, info.ID)
	require.ErrorIs(t, err, oauth.ErrNoToken)
	assert.Equal(t, 1, strings.Count(h.log.String(), fmt.Sprintf(`msg="token revoked" owner_kind=user owner_id=id-alice token_id=%d`, info.ID)))
}

func TestRevokingAnOAuthTokenWithdrawsConsent(t *testing.T) { // OA-86
	t.Parallel()
	h := newHub(t)
	one, two := h.token(t, h.bob), h.token(t, h.bob)
	id, err := h.Authenticate(t.Context(), one)
	require.NoError(t, err)
	require.NoError(t, h.RevokeToken(t.Context(), h.bob, id.TokenID))
	for _, tok := range []string{one, two} {
		_, err = h.Authenticate(t.Context(), tok)
		require.ErrorIs(t, err, oauth.ErrNoToken)
	}
	d, err := h.ask(t, h.bob, query())
	require.NoError(t, err)
	assert.NotNil(t, d.Consent)
}

func TestLogoutEndsTheSessionsTokens(t *testing.T) { // OA-110, OA-S8, OA-S18
	t.Parallel()
	h := newHub(t)
	bobs, alices := h.token(t, h.bob), h.token(t, h.alice)
	_, api, err := h.IssueToken(t.Context(), oauth.TokenOrder{Owner: h.bob})
	require.NoError(t, err)
	require.NoError(t, h.Logout(t.Context(), h.alice, "session-id-bob"))
	_, err = h.Authenticate(t.Context(), bobs)
	require.NoError(t, err, "a foreign session id ends nothing of its owner's")
	require.NoError(t, h.Logout(t.Context(), h.bob, ""))
	require.NoError(t, h.Logout(t.Context(), h.bob, "session-id-bob"))
	_, err = h.Authenticate(t.Context(), bobs)
	require.ErrorIs(t, err, oauth.ErrNoToken)
	for _, kept := range []string{alices, api.Reveal()} {
		_, err = h.Authenticate(t.Context(), kept)
		require.NoError(t, err)
	}
	assert.Contains(t, h.log.String(), `msg="tokens of session revoked" user_id=id-bob`)
	assert.NotContains(t, h.log.String(), "session-id-bob")
}

func TestChangesAreTold(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	tok := h.token(t, h.bob)
	id, err := h.Authenticate(t.Context(), tok)
	require.NoError(t, err)
	require.NoError(t, h.RevokeToken(t.Context(), h.bob, id.TokenID))
	require.NoError(t, h.RemoveClient(t.Context(), serverID))
	h.mu.Lock()
	defer h.mu.Unlock()
	var told []string
	for _, c := range h.changes {
		told = append(told, fmt.Sprint(c.Action, " ", c.Owners))
	}
	assert.Equal(t, []string{"token.issued [{user id-bob}]", "token.revoked [{user id-bob}]"}, told)
}

func TestForgettingRenamingAndPurging(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	tok := h.token(t, h.bob)
	h.host.Put(testhost.Person{Kind: oauth.KindUser, Name: "bob", Roles: []string{"self"}, Shares: []string{"access:servers!server=alicia/"}})
	require.NoError(t, h.Renamed(t.Context(), scopes.KindUser, "alice", "alicia"))
	id, err := h.Authenticate(t.Context(), tok)
	require.NoError(t, err)
	assert.Contains(t, id.Effective.Strings(), "access:servers!server=alicia/", "the client follows its server")
	require.NoError(t, h.ForgetOwner(t.Context(), h.bob))
	require.NoError(t, h.ForgetOwner(t.Context(), h.bob))
	_, err = h.Authenticate(t.Context(), tok)
	require.ErrorIs(t, err, oauth.ErrNoToken)
	_, _, err = h.IssueToken(t.Context(), oauth.TokenOrder{Owner: h.alice, ExpiresIn: time.Minute})
	require.NoError(t, err)
	h.pass(time.Hour)
	require.NoError(t, h.PurgeExpired(t.Context()))
	list, err := h.store.Tokens(t.Context(), time.Time{}, h.alice)
	require.NoError(t, err)
	assert.Empty(t, list, "even for a clock that went back")
}

func TestOldChangesArePurged(t *testing.T) {
	t.Parallel()
	for kept, want := range map[time.Duration]int{0: 0, 200 * 24 * time.Hour: 1, -1: 1} {
		h := newHub(t, func(c *oauth.Config) { c.ChangesKept = kept })
		_, _, err := h.IssueToken(t.Context(), oauth.TokenOrder{Owner: h.alice})
		require.NoError(t, err)
		for _, days := range []int{90, 1} {
			left, err := h.store.Changes(t.Context(), 0, 10)
			require.NoError(t, err)
			require.Len(t, left, 1, "after %v days they are all there", 90)
			h.pass(time.Duration(days) * 24 * time.Hour)
			require.NoError(t, h.PurgeExpired(t.Context()))
		}
		left, err := h.store.Changes(t.Context(), 0, 10)
		require.NoError(t, err)
		assert.Len(t, left, want, "kept for %v", kept)
	}
}

func TestSecretsAreNeitherPrintedNorLoggedNorStored(t *testing.T) { // OA-192, OA-S7, OA-S20
	t.Parallel()
	h := newHub(t)
	code := h.code(t, h.bob, query())
	g, err := h.Exchange(t.Context(), form(code))
	require.NoError(t, err)
	info, api, err := h.IssueToken(t.Context(), oauth.TokenOrder{Owner: h.alice})
	require.NoError(t, err)
	_, err = h.Exchange(t.Context(), form(code))
	require.Error(t, err)

	var text bytes.Buffer
	fmt.Fprintf(&text, "%v %+v %#v %s %q %x", g, g, g, g.AccessToken, g.AccessToken, g.AccessToken)
	fmt.Fprintf(&text, "%v %+v %#v", server(), server(), info)
	require.NoError(t, json.NewEncoder(&text).Encode([]any{g, server(), api}))
	slog.New(slog.NewJSONHandler(&text, nil)).Info("x", "grant", g, "secret", api, "registration", server())
	text.WriteString(h.log.String())
	stored, err := h.store.Tokens(t.Context(), h.clock(), h.alice)
	require.NoError(t, err)
	c, err := h.store.Client(t.Context(), serverID)
	require.NoError(t, err)
	fmt.Fprintf(&text, "%#v %#v", stored, c)
	for _, s := range []string{secret, code, g.AccessToken.Reveal(), api.Reveal(), fmt.Sprintf("%x", g.AccessToken.Reveal())} {
		assert.NotContains(t, text.String(), s)
	}
	for _, event := range []string{"oauth consent granted", "oauth token issued", "oauth code replayed", "api token issued"} {
		assert.Contains(t, h.log.String(), event)
	}
}
