package httpapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/httpapi"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
	"github.com/hubshare/hubshare/scopes"
)

const legacy = "api/authorizations/token"

func TestWhoseTokenItIs(t *testing.T) { // OA-80, HB-148
	t.Parallel()
	h := newHub(t)
	bobs, roots := h.token(t, h.bob), h.token(t, h.root)
	short := h.host.Put(testhost.Person{Kind: oauth.KindService, Name: "cron"})
	crons := h.token(t, short)
	for name, c := range map[string]struct {
		caller, asked string
		want          string
	}{
		"one's own": {bobs, bobs, `{"kind": "user", "name": "bob", "admin": false, "groups": [], "roles": ["user"], "pending": null,
			"server": null, "servers": {}, "created": "2026-01-02T03:04:05Z", "last_activity": null}`},
		"another's, by an administrator": {roots, bobs, `{"kind": "user", "name": "bob", "admin": false, "groups": [], "roles": ["user"], "pending": null,
			"server": null, "auth_state": null, "created": "2026-01-02T03:04:05Z", "last_activity": null}`},
		"another's, by nobody special": {bobs, roots, `{"kind": "user", "name": "root", "admin": false, "groups": []}`},
		"a service's":                  {bobs, crons, `{"kind": "service", "name": "cron", "admin": false}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := h.call(t, http.MethodGet, legacy+"/"+c.asked, "", bearer(c.caller)...)
			require.Equal(t, http.StatusOK, w.Code)
			assert.JSONEq(t, c.want, w.Body.String(), "no token_id, session_id or scopes")
		})
	}
	for name, w := range map[string]int{
		"nobody":                 h.call(t, http.MethodGet, legacy+"/"+bobs, "").Code,
		"a cookie":               h.as(t, "alice").call(http.MethodGet, legacy+"/"+bobs, "").Code,
		"a bad token":            h.call(t, http.MethodGet, legacy+"/"+bobs, "", bearer("nope-nope")...).Code,
		"a cookie and a bad one": h.as(t, "alice").call(http.MethodGet, legacy+"/"+bobs, "", bearer("nope-nope")...).Code,
	} {
		assert.Equal(t, http.StatusForbidden, w, name)
	}
	refused(t, h.call(t, http.MethodGet, legacy+"/unknown", "", bearer(bobs)...), http.StatusNotFound, "Not Found")
	for _, path := range []string{legacy, legacy + "/" + bobs} {
		for _, headers := range [][]string{nil, bearer(bobs)} {
			assert.Equal(t, http.StatusNotFound, h.call(t, http.MethodPost, path, "", headers...).Code)
		}
	}
	assert.Equal(t, http.StatusMethodNotAllowed, h.call(t, http.MethodDelete, legacy+"/"+bobs, "", bearer(bobs)...).Code)
}

func TestAskingWhoseATokenIsCountsAsItsUse(t *testing.T) { // OA-80, OA-78
	t.Parallel()
	h := newHub(t)
	bobs, roots := h.token(t, h.bob), h.token(t, h.root)
	require.Equal(t, http.StatusOK, h.call(t, http.MethodGet, legacy+"/"+bobs, "", bearer(roots)...).Code)
	list, err := h.provider.Tokens(t.Context(), h.bob)
	require.NoError(t, err)
	assert.False(t, list[0].LastActivity.IsZero())
}

func TestATokenInThePathIsNotLogged(t *testing.T) { // OA-80, OA-192
	t.Parallel()
	h := newHub(t, func(c *httpapi.Config) { c.Models = lostModels{c.Models} })
	bobs := h.token(t, h.bob)
	w := h.call(t, http.MethodGet, legacy+"/"+bobs, "", bearer(bobs)...)
	assert.Equal(t, http.StatusInternalServerError, w.Code)
	assert.Contains(t, h.log.String(), "/base/hub/api/authorizations/token/REDACTED")
	assert.NotContains(t, h.log.String(), bobs)
}

// fullModels gives what a hub does of a user without servers.
type fullModels struct{ httpapi.Models }

func (f fullModels) Model(ctx context.Context, ref oauth.OwnerRef, v httpapi.View) (map[string]any, error) {
	model, err := f.Models.Model(ctx, ref, v)
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]any{
		"created": "2021-12-20T09:49:37.258427Z", "last_activity": "2021-12-20T10:07:31.298056Z", "server": nil, "servers": map[string]any{}, "user_info": nil,
	} {
		if slices.Contains(v.Fields, name) {
			model[name] = value
		}
	}
	return model, nil
}

func TestTheShapeOfTheDocumentation(t *testing.T) { // OA-121, OA-122, HB-7, OA-67, OA-V4, OA-V5
	t.Parallel()
	for profile, want := range map[string]struct{ oauth, api string }{
		"docs2": {
			`{"admin": false, "groups": [], "kind": "user", "name": "queequeg", "scopes": ["access:services!service=whoami-oauth"], "session_id": "session-x"}`,
			`{"admin": false, "created": "2021-12-20T09:49:37.258427Z", "groups": [], "kind": "user", "last_activity": "2021-12-20T10:07:31.298056Z",
				"name": "queequeg", "pending": null, "roles": ["user"], "scopes": ["access:servers!user=queequeg", "access:services",
				"delete:servers!user=queequeg", "read:servers!user=queequeg", "read:tokens!user=queequeg", "read:users!user=queequeg",
				"read:users:activity!user=queequeg", "read:users:groups!user=queequeg", "read:users:name!user=queequeg", "servers!user=queequeg",
				"tokens!user=queequeg", "users:activity!user=queequeg"], "server": null, "servers": {}, "session_id": null}`,
		},
		"5.5": {
			`{"admin": false, "groups": [], "kind": "user", "name": "queequeg", "token_id": "a1", "scopes": ["access:services!service=whoami-oauth",
				"read:users:groups!user=queequeg", "read:users:name!user=queequeg"], "session_id": "session-x"}`,
			`{"admin": false, "created": "2021-12-20T09:49:37.258427Z", "groups": [], "kind": "user", "last_activity": "2021-12-20T10:07:31.298056Z",
				"name": "queequeg", "pending": null, "roles": ["user"], "token_id": "a2", "scopes": ["access:servers!user=queequeg", "access:services",
				"delete:servers!user=queequeg", "read:servers!user=queequeg", "read:shares!user=queequeg", "read:tokens!user=queequeg", "read:users!user=queequeg",
				"read:users:activity!user=queequeg", "read:users:groups!user=queequeg", "read:users:name!user=queequeg", "read:users:shares!user=queequeg",
				"servers!user=queequeg", "tokens!user=queequeg", "users:activity!user=queequeg", "users:shares!user=queequeg"],
				"server": null, "servers": {}, "session_id": null}`,
		},
		"6.0": {
			`{"admin": false, "groups": [], "kind": "user", "name": "queequeg", "user_info": null, "token_id": "a1", "scopes": ["access:services!service=whoami-oauth",
				"read:users:groups!user=queequeg", "read:users:name!user=queequeg"], "session_id": "session-x"}`,
			`{"admin": false, "created": "2021-12-20T09:49:37.258427Z", "groups": [], "kind": "user", "last_activity": "2021-12-20T10:07:31.298056Z",
				"name": "queequeg", "pending": null, "roles": ["user"], "user_info": null, "token_id": "a2", "scopes": ["access:servers!user=queequeg", "access:services",
				"delete:servers!user=queequeg", "read:servers!user=queequeg", "read:shares!user=queequeg", "read:tokens!user=queequeg", "read:users!user=queequeg",
				"read:users:activity!user=queequeg", "read:users:groups!user=queequeg", "read:users:name!user=queequeg", "read:users:shares!user=queequeg",
				"servers!user=queequeg", "start:servers!user=queequeg", "tokens!user=queequeg", "users:activity!user=queequeg", "users:shares!user=queequeg"],
				"server": null, "servers": {}, "session_id": null}`,
		},
	} {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			registry := scopes.New(scopes.P55)
			if profile == "6.0" {
				registry = scopes.New(scopes.P60)
			}
			h := newHubWith(t, func(c *oauth.Config) { c.Registry = registry }, func(c *httpapi.Config) {
				c.Docs2 = profile == "docs2"
				host := c.Host.(*testhost.Host)
				host.Registry = registry
				c.Models = fullModels{c.Models}
			})
			queequeg := h.host.User("queequeg", "access:services", "self")
			whoami := oauth.Registration{
				ID: "service-whoami-oauth", Secret: secret, RedirectURI: "/services/whoami-oauth/oauth_callback",
				For: scopes.Client{Service: "whoami-oauth"}, LinkID: "w", NoConfirm: true,
			}
			require.NoError(t, h.provider.PutClient(t.Context(), whoami))
			w := h.as(t, "queequeg").call(http.MethodGet, authorize+"?response_type=code&client_id="+whoami.ID, "")
			code := mustQuery(t, w.Header().Get("Location")).Get("code")
			tok := tokenOf(t, exchange(t, h, code, "client_id", whoami.ID, "redirect_uri", whoami.RedirectURI))
			assert.JSONEq(t, want.oauth, h.call(t, http.MethodGet, "api/user", "", bearer(tok)...).Body.String())
			api := h.token(t, queequeg)
			assert.JSONEq(t, want.api, h.call(t, http.MethodGet, "api/user", "", bearer(api)...).Body.String())
		})
	}
}

// Keys are a list: what an older one signed is good as long as that key is in it.
func TestRotatingKeysLogsNobodyOut(t *testing.T) { // OA-95
	t.Parallel()
	old, young := []byte("the key of last year, 32 bytes or more"), []byte("the key of this year, 32 bytes or more")
	with := func(keys ...[]byte) *hub {
		return newHub(t, func(c *httpapi.Config) { c.Keys = keys })
	}
	v := with(old).as(t, "bob")
	proof := form(v.call(http.MethodGet, authorize+query, "").Body.String())["_xsrf"][0]
	approve := func(h *hub) int {
		again := &visitor{hub: h, t: t, cookies: v.cookies}
		return again.call(http.MethodPost, authorize+query, "_xsrf="+proof, "Content-Type", formKind).Code
	}
	assert.Equal(t, http.StatusFound, approve(with(young, old)))
	assert.Equal(t, http.StatusForbidden, approve(with(young)), "a key that was taken out is worth nothing")
	fresh := with(young, old).as(t, "bob")
	proof = form(fresh.call(http.MethodGet, authorize+query, "").Body.String())["_xsrf"][0]
	v.cookies = fresh.cookies
	assert.Equal(t, http.StatusFound, approve(with(young)), "the first key signs")
}

func TestWhatIsNotOurs(t *testing.T) { // OA-81, OA-F23
	t.Parallel()
	h := newHub(t)
	for _, path := range []string{
		"api/authorizations/cookie/jupyterhub-hub-login", "api/authorizations/cookie/jupyterhub-hub-login/value", "api/oauth2/introspect", "api/oauth2/revoke",
		"api/oauth2/par", "api/oauth2/device", "api/oauth2/userinfo", "api/oauth2", "api/oauth2/token/", "api/oauth2/authorize/", "api/user/", "logout",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/base/hub/"+path, nil)
		assert.False(t, h.Owns(r), path)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		assert.Equal(t, http.StatusNotFound, w.Code, path)
	}
}

func TestAnOversizedAddressIsNotSentToTheLoginPage(t *testing.T) { // OA-43, OA-S19
	t.Parallel()
	h := newHub(t)
	w := h.call(t, http.MethodGet, authorize+query+"&x="+strings.Repeat("x", 8192), "")
	assert.Equal(t, http.StatusBadRequest, w.Code)
	assert.Empty(t, w.Header().Get("Location"))
}
