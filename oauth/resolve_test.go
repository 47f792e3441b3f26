package oauth_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

func TestRequestedScopesTruthTable(t *testing.T) { // OA-33, OA-26, OA-27, OA-28, OA-29, OA-31, OA-32
	t.Parallel()
	reg, err := scopes.New(scopes.P55).Define([]scopes.Definition{{Name: "custom:x:read:*", Description: "x"}})
	require.NoError(t, err)
	reg, err = reg.DefineRoles([]scopes.Role{
		{Name: "read-only", Scopes: []string{"access:servers", "read:users"}},
		{Name: "other", Scopes: []string{"read:hub"}},
	})
	require.NoError(t, err)
	min := []string{"access:servers!server=owner/", "read:users:groups!user", "read:users:name!user"}
	with := func(more ...string) []string { return append(more, min...) }
	for i, c := range []struct {
		client []string // roles that give the client's scopes
		scope  string   // "-" = absent
		want   []string // nil = invalid_scope
	}{
		{nil, "-", min},
		{nil, "identify", min},
		{nil, "admin", nil},
		{nil, "read:users", nil},
		{nil, "nosuchscope", nil},
		{nil, "admin:invalid!no=bo!", nil},
		{[]string{"user"}, "user", with("self")},
		{[]string{"token", "user"}, "-", with("inherit", "self")},
		{[]string{"token", "user"}, "identify", min},
		{[]string{"token", "server"}, "token user", nil},
		{[]string{"read-only"}, "access:services", nil},
		{[]string{"read-only"}, "access:servers", with("access:servers")},
		{[]string{"admin", "user"}, "admin:users access:servers self", with("access:servers", "self",
			// The part of admin:users that self covers: nothing that an administrator has and the visitor has not.
			"read:users!user=visitor", "read:users:activity!user=visitor", "read:users:groups!user=visitor", "read:users:name!user=visitor", "users:activity!user=visitor")},
		{[]string{"other"}, "other", min},
		{[]string{"user"}, "custom:x:read:*", nil},
	} {
		t.Run(fmt.Sprint(i, " ", c.client, " ", c.scope), func(t *testing.T) {
			t.Parallel()
			h := newHub(t, func(cfg *oauth.Config) { cfg.Registry = reg })
			allowed, err := reg.RoleScopes(c.client...)
			require.NoError(t, err)
			r := server()
			r.ID, r.For, r.LinkID, r.Allowed = "jupyterhub-user-owner", scopes.Client{Server: "owner/"}, "s9", allowed
			require.NoError(t, h.PutClient(t.Context(), r))
			user := h.host.User("visitor", "self", "access:servers")
			pairs := []string{"client_id", r.ID}
			if c.scope != "-" {
				pairs = append(pairs, "scope", c.scope)
			}
			d, err := h.ask(t, user, query(pairs...))
			require.NoError(t, err)
			if c.want == nil {
				assert.Equal(t, "invalid_scope", param(t, d.Redirect, "error"))
				return
			}
			g, err := h.Exchange(t.Context(), form(h.code(t, user, query(pairs...)), "client_id", r.ID))
			require.NoError(t, err)
			got := scopes.Strings(g.Scopes)
			if c.scope == "-" && len(c.client) == 2 {
				assert.Contains(t, got, "inherit", "all of it")
				return
			}
			assert.ElementsMatch(t, c.want, got)
		})
	}
}

func TestOddNamesGoAllTheWay(t *testing.T) { // OA-2, OA-4, OA-F5, OA-F13, OA-S13
	t.Parallel()
	h := newHub(t)
	for i, c := range []struct{ user, name, redirect string }{
		{"we ird@x.org", "", "/user/we%20ird@x.org/oauth_callback"},
		{"a.b", "x.y", "/user/a.b/x.y/oauth_callback"}, // dots that a scope strategy would split at
		{`<'&">`, "é~", "/user/%3C%27%26%22%3E/%C3%A9~/oauth_callback"},
		{"Alice", "%2F", "/user/Alice/%252F/oauth_callback"},
	} {
		user := h.host.User(c.user, "self")
		r := oauth.Registration{
			ID: oauth.ServerClientID(c.user, c.name), Secret: secret, RedirectURI: c.redirect,
			For: scopes.Client{Server: c.user + "/" + c.name}, LinkID: fmt.Sprint("odd", i), Allowed: parse("servers!server"),
		}
		require.NoError(t, h.PutClient(t.Context(), r))
		code := h.code(t, user, query("client_id", r.ID, "redirect_uri", c.redirect))
		g, err := h.Exchange(t.Context(), form(code, "client_id", r.ID, "redirect_uri", c.redirect))
		require.NoError(t, err, c.user)
		id, err := h.Authenticate(t.Context(), g.AccessToken.Reveal())
		require.NoError(t, err)
		assert.True(t, id.Effective.Allows("servers", scopes.Server(c.user, c.name), nil))
		assert.False(t, id.Effective.Allows("access:servers", scopes.Server("alice", ""), nil), "Alice is not alice")
	}
}
