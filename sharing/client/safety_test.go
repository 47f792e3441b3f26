package client_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing/client"
)

// The token goes to the hub and nowhere else, by redirect or by what a list says about its next page (SH-68).
func TestTheTokenStaysAtHome(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		assert.Fail(t, "asked elsewhere", "%s %s with %q", r.Method, r.URL, r.Header.Get("Authorization"))
	}))
	t.Cleanup(elsewhere.Close)
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "token t", r.Header.Get("Authorization"))
		assert.Empty(t, r.Cookies(), "cookies are another way to say who asks")
		switch {
		case r.URL.Path != "/hub/api/shares/sharer/":
			http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
		case r.URL.RawQuery == "offset=1&limit=1":
			_, _ = io.WriteString(w, `{"items": [], "_pagination": {"next": null}}`)
		default:
			_, _ = fmt.Fprintf(w, `{"items": [], "_pagination": {"next": {"offset": 1, "limit": 1, "url": "%s/hub/api/shares/sharer/?offset=1"}}}`, elsewhere.URL)
		}
	}))
	t.Cleanup(hub.Close)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	u, err := url.Parse(hub.URL)
	require.NoError(t, err)
	jar.SetCookies(u, []*http.Cookie{{Name: "login", Value: "somebody", Path: "/"}})
	own := hub.Client()
	own.Jar = jar
	c, err := client.New(client.Config{APIURL: hub.URL + "/hub/api", Token: "t", HTTPClient: own})
	require.NoError(t, err)

	_, err = client.Collect(c.Shares(t.Context(), home))
	require.NoError(t, err)
	_, err = client.Collect(c.OwnerShares(t.Context(), "sharer"))
	var refused *client.Error
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, http.StatusTemporaryRedirect, refused.Status)
	_, err = c.CreateCode(t.Context(), home, client.CodeRequest{})
	require.ErrorAs(t, err, &refused)
	assert.Nil(t, own.CheckRedirect, "the caller's own client is left as it was")
	assert.NotNil(t, own.Jar)
}

// What would say something else than was meant is not sent (SH-41, SH-111, SH-112, SH-170).
func TestWhatIsNotSent(t *testing.T) {
	t.Parallel()
	c := over(t, func(r *http.Request) (*http.Response, error) {
		assert.Fail(t, "sent", "%s %s", r.Method, r.URL)
		return nil, errors.New("sent")
	})
	ctx := t.Context()
	is := func(name string, err error) {
		t.Helper()
		require.ErrorIs(t, err, client.ErrInvalid, name)
	}
	for _, n := range []client.ServerName{{}, {Name: "lab"}, {Owner: "."}, {Owner: ".."}, {Owner: "a", Name: "."}, {Owner: "a", Name: ".."}, {Owner: "\xff"}, {Owner: "a", Name: "\xff"}} {
		_, err := client.Collect(c.Shares(ctx, n))
		is("Shares", err)
		_, err = client.Collect(c.Codes(ctx, n))
		is("Codes", err)
		_, err = c.Grant(ctx, n, team)
		is("Grant", err)
		is("Revoke", c.Revoke(ctx, n, team))
		_, err = c.RevokeScopes(ctx, n, team, "x")
		is("RevokeScopes", err)
		is("RevokeAll", c.RevokeAll(ctx, n))
		_, err = c.CreateCode(ctx, n, client.CodeRequest{})
		is("CreateCode", err)
		is("DeleteCode", c.DeleteCode(ctx, n, "sc_1"))
		is("DeleteCodes", c.DeleteCodes(ctx, n))
		is("Leave", c.Leave(ctx, team, n))
		_, err = c.Get(ctx, team, n)
		is("Get", err)
	}
	for _, owner := range []string{"", ".", "..", "\xff"} {
		_, err := client.Collect(c.OwnerShares(ctx, owner))
		is("OwnerShares", err)
		_, err = client.Collect(c.OwnerCodes(ctx, owner))
		is("OwnerCodes", err)
	}
	for _, g := range []client.Grantee{{}, {Name: "a"}, {Kind: "user"}, {Kind: "service", Name: "a"}} {
		_, err := c.Grant(ctx, home, g)
		is("Grant", err)
		is("Revoke", c.Revoke(ctx, home, g))
		_, err = client.Collect(c.SharedWith(ctx, g))
		is("SharedWith", err)
		is("Leave", c.Leave(ctx, g, home))
	}
	is("Leave", c.Leave(ctx, client.User(".."), home))
	_, err := c.Grant(ctx, home, client.User("\xff"))
	is("a name that JSON would change", err)
	_, err = c.RevokeScopes(ctx, home, team)
	is("no scopes, which would be all of them", err)
	_, err = c.CreateCode(ctx, home, client.CodeRequest{Lifetime: 90500 * time.Millisecond})
	is("half a second", err)
	for _, id := range []string{"", " ", "sc_", "12", "sc_12xyz", "xsc_12", "sc_-1", "sc_1&code=x", "sc_1#", "sc_0", "sc_01", "\x01", "all"} {
		is("id "+id, c.DeleteCode(ctx, home, id))
		is("id "+id, c.RevokeCode(ctx, home, id))
		_, err := client.Collect(c.SharesByCode(ctx, home, id))
		is("id "+id, err)
	}
	for _, secret := range []client.Secret{"", " ", "\x00", "a b", "a&id=sc_1", "a#", "a%20", "é"} {
		err := c.DeleteCodeBySecret(ctx, home, secret)
		is("secret", err)
		if len(secret) > 1 {
			assert.NotContains(t, err.Error(), secret.Reveal())
		}
		is("secret", c.RevokeCodeBySecret(ctx, home, secret))
	}
}

// Nor is what would give access for longer, or to more people, than was meant.
func TestExtensionsThatAreNotSent(t *testing.T) {
	t.Parallel()
	c := over(t, func(r *http.Request) (*http.Response, error) {
		assert.Fail(t, "sent", "%s %s", r.Method, r.URL)
		return nil, errors.New("sent")
	})
	const half = 90500 * time.Millisecond
	for name, terms := range map[string]client.Terms{
		"no end": {}, "half a second": {Lifetime: half}, "less than a second": {Lifetime: time.Millisecond, Session: true},
	} {
		_, err := c.GrantFor(t.Context(), home, team, terms)
		require.ErrorIs(t, err, client.ErrInvalid, name)
	}
	for name, limits := range map[string]client.CodeLimits{
		"an empty list of guests": {For: []client.Grantee{}}, "a guest without a name": {For: []client.Grantee{team, client.User("")}},
		"a service": {For: []client.Grantee{{Kind: "service", Name: "a"}}}, "half a second": {Terms: client.Terms{Lifetime: half}},
	} {
		_, err := c.CreateCode(t.Context(), home, client.CodeRequest{Limits: limits})
		require.ErrorIs(t, err, client.ErrInvalid, name)
	}
	for name, r := range map[string]client.BulkRequest{
		"nobody": {}, "an empty list": {Grantees: []client.Grantee{}}, "one without a name": {Grantees: []client.Grantee{team, client.User("")}},
		"half a second": {Grantees: []client.Grantee{team}, Terms: client.Terms{Lifetime: half}},
	} {
		_, err := c.GrantMany(t.Context(), home, r)
		require.ErrorIs(t, err, client.ErrInvalid, name)
	}
	for _, n := range []client.ServerName{{}, {Owner: ".."}, {Owner: "a", Name: "."}} {
		_, err := c.GrantFor(t.Context(), n, team, client.Terms{Session: true})
		require.ErrorIs(t, err, client.ErrInvalid)
		_, err = c.GrantMany(t.Context(), n, client.BulkRequest{Grantees: []client.Grantee{team}})
		require.ErrorIs(t, err, client.ErrInvalid)
		_, err = c.Extended(t.Context(), n)
		require.ErrorIs(t, err, client.ErrInvalid)
		_, err = client.Collect(c.SharesByCode(t.Context(), n, "sc_1"))
		require.ErrorIs(t, err, client.ErrInvalid)
		require.ErrorIs(t, c.RevokeCode(t.Context(), n, "sc_1"), client.ErrInvalid)
		require.ErrorIs(t, c.RevokeCodes(t.Context(), n), client.ErrInvalid)
	}
}

// No way of printing shows the token or a code, not even a failed request's (SH-181).
func TestSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	const code = "the-secret-of-a-code"
	cfg := client.Config{APIURL: "https://hub.example.org/hub/api", Token: token, HTTPClient: &http.Client{Transport: transport(
		func(r *http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "inner", URL: r.URL.String(), Err: errors.New("no route")}
		},
	)}}
	c, err := client.New(cfg)
	require.NoError(t, err)
	failed := c.DeleteCodeBySecret(t.Context(), home, code)
	require.EqualError(t, failed, "delete a share code of sharer/: no route")

	made := client.NewCode{Code: client.Code{ID: "sc_1"}, Secret: code, AcceptURL: "/hub/accept-share?code=" + code, FullAcceptURL: "https://h/?code=" + code}
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	structured := slog.New(slog.NewJSONHandler(&log, nil))
	for _, v := range []any{cfg, &cfg, c, *c, made, &made, made.Secret, made.AcceptURL, failed} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			shown := fmt.Sprintf(verb, v)
			assert.NotContains(t, shown, token)
			assert.NotContains(t, shown, code)
			assert.NotContains(t, shown, fmt.Sprintf("%x", token))
			assert.NotContains(t, shown, fmt.Sprintf("%x", code))
		}
		logger.Info("x", "v", v)
		structured.Info("x", "v", v)
	}
	text, err := json.Marshal(made)
	require.NoError(t, err)
	log.Write(text)
	assert.NotContains(t, log.String(), token)
	assert.NotContains(t, log.String(), code)
	assert.Contains(t, fmt.Sprint(c), "hub.example.org")
	assert.Equal(t, "REDACTED", made.Secret.String())
}

// A configuration that cannot work is refused at once, without showing what is in it.
func TestNewNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		url   string
		token client.Secret
		field string
	}{
		"no address":              {"", "t", "APIURL"},
		"a path":                  {"/hub/api", "t", "APIURL"},
		"another scheme":          {"ftp://hub/hub/api", "t", "APIURL"},
		"no host":                 {"http:///hub/api", "t", "APIURL"},
		"a user":                  {"http://me:pass-word@hub/hub/api", "t", "APIURL"},
		"a query":                 {"http://hub/hub/api?x=pass-word", "t", "APIURL"},
		"an empty query":          {"http://hub/hub/api?", "t", "APIURL"},
		"a fragment":              {"http://hub/hub/api#", "t", "APIURL"},
		"no address at all":       {"http://[::1/%zz", "t", "APIURL"},
		"no token":                {"http://hub/hub/api", "", "Token"},
		"a token of two lines":    {"http://hub/hub/api", "pass\r\nword", "Token"},
		"a token with a space":    {"http://hub/hub/api", "pass word", "Token"},
		"a token in other script": {"http://hub/hub/api", "pässword", "Token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := client.New(client.Config{APIURL: c.url, Token: c.token})
			require.ErrorContains(t, err, c.field)
			assert.NotContains(t, err.Error(), "pass")
		})
	}
	_, err := client.New(client.Config{APIURL: "https://hub.example.org/hub/api/", Token: "t"})
	require.NoError(t, err)
}
