package httpapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/httpapi"
	"github.com/hubshare/hubshare/sharing/internal/testhub"
)

// Nothing is done for a form that does not prove that it is a page of ours, in this session, for this visitor (SH-50, SH-52, CVE-2026-40864); and nothing of it
// is read before.
func TestSharesPageNeedsProof(t *testing.T) {
	t.Parallel()
	f := populated(t)
	mine, others := f.sharesOf("owner", ""), f.sharesOf("stranger", "")
	require.NotEqual(t, mine.token, others.token)
	fields := func(token string) string {
		return url.Values{"_xsrf": {token}, "action": {"delete-access"}, "owner": {"owner"}, "server": {""}, "id": {"sc_1"}}.Encode()
	}
	jar := func(token string) option {
		return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "_xsrf", Value: token}) }
	}
	body, me := header("Content-Type", form), cookie("owner")
	from := func(site, mode string) option {
		return func(r *http.Request) {
			r.Header.Set("Origin", "https://evil.example")
			r.Header.Set("Sec-Fetch-Site", site)
			r.Header.Set("Sec-Fetch-Mode", mode)
		}
	}
	const missing, wrong = "403 : Forbidden '_xsrf' argument missing from POST", "403 : Forbidden XSRF cookie does not match POST argument"
	for name, c := range map[string]struct {
		body    string
		options []option
		message string
	}{
		"no proof":                            {fields(""), []option{me, body, jar(mine.token)}, missing},
		"no form":                             {"", []option{me, jar(mine.token)}, missing},
		"a form without a cookie":             {fields(mine.token), []option{me, body}, wrong},
		"another visitor's form":              {fields(others.token), []option{me, body, jar(mine.token)}, wrong},
		"another visitor's form and cookie":   {fields(others.token), []option{me, body, jar(others.token)}, wrong},
		"my form in another session":          {fields(mine.token), []option{cookie("owner"), header("Cookie", "login=owner; session=later"), body, jar(mine.token)}, wrong},
		"my form after another has logged in": {fields(mine.token), []option{cookie("stranger"), body, jar(mine.token)}, wrong},
		"a made up proof":                     {fields("x"), []option{me, body, jar("x")}, wrong},
		"a foreign page":                      {fields(""), []option{me, body, jar(mine.token), from("cross-site", "navigate")}, missing},
		"a foreign page without cors":         {fields(""), []option{me, body, jar(mine.token), from("cross-site", "no-cors")}, missing},
		"a foreign page that guesses":         {fields("guess"), []option{me, body, jar(mine.token), from("cross-site", "navigate")}, wrong},
		"a sibling host's page":               {fields("guess"), []option{me, body, jar(mine.token), from("same-site", "navigate")}, wrong},
		"a token in place of a login":         {fields(""), []option{header("Authorization", "token owner-token"), body}, missing},
		"a token, with somebody's proof":      {fields(mine.token), []option{header("Authorization", "token owner-token"), body, jar(mine.token)}, wrong},
		"nobody":                              {fields(""), []option{body}, missing},
		"nobody, with somebody's proof":       {fields(mine.token), []option{body, jar(mine.token)}, wrong},
		"a user who is gone":                  {fields(mine.token), []option{cookie("ghost"), body, jar(mine.token)}, wrong},
		"text that looks like a form":         {fields(mine.token), []option{me, header("Content-Type", "text/plain"), jar(mine.token)}, missing},
		"json":                                {`{"_xsrf": "` + mine.token + `"}`, []option{me, header("Content-Type", "application/json"), jar(mine.token)}, missing},
		"garbage":                             {"%zz=%&;&&=", []option{me, body, jar(mine.token)}, missing},
	} {
		for _, query := range []string{"", "?offset=garbage"} {
			w := f.do(http.MethodPost, sharesPath+query, c.body, c.options...)
			assert.Equal(t, http.StatusForbidden, w.Code, name)
			assert.Equal(t, c.message, refusal(t, w), name)
		}
	}
	assert.Len(t, f.codes("owner", ""), 1)
	assert.Len(t, f.shared("owner", "")[0].Grants, 2)
	// The same with the proof works, so it was the proof that they lacked.
	assert.Equal(t, http.StatusSeeOther, f.do(http.MethodPost, sharesPath, fields(mine.token), me, body, jar(mine.token)).Code)
	assert.Empty(t, f.codes("owner", ""))
}

// Nobody is somebody only by the login cookie of a user (SH-50, SH-141).
func TestSharesPageIsForUsersWhoAreLoggedIn(t *testing.T) {
	t.Parallel()
	f := populated(t)
	for name, options := range map[string][]option{
		"nobody": nil, "a token": {header("Authorization", "token owner-token")}, "a user who is gone": {cookie("ghost")},
	} {
		w := f.do(http.MethodGet, sharesPath+"?of=links&offset=3", "", options...)
		assert.Equal(t, http.StatusFound, w.Code, name)
		assert.Equal(t, "/hub/login?next=%2Fhub%2Fshares%3Fof%3Dlinks%26offset%3D3", w.Header().Get("Location"), name)
		assert.NotContains(t, w.Body.String(), "owner", name)
	}
	for _, method := range []string{http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions} {
		w := f.do(method, sharesPath, "", cookie("owner"))
		assert.Equal(t, http.StatusMethodNotAllowed, w.Code, method)
	}

	service := newFixture(t, func(c *httpapi.Config) { c.Host = serviceHost{c.Host.(*testhub.Hub)} })
	w := service.do(http.MethodGet, sharesPath, "")
	assert.Equal(t, http.StatusForbidden, w.Code)
	assert.Equal(t, "403 : Forbidden Only users have shares", refusal(t, w))
}

// serviceHost takes everybody for a service that logged in like a user.
type serviceHost struct{ *testhub.Hub }

func (h serviceHost) IdentifyCookie(r *http.Request) (httpapi.Visitor, bool, error) {
	v := httpapi.Visitor{Caller: h.Caller(r.Context(), "admin"), Cookie: true}
	v.Kind = sharing.KindService
	return v, true, nil
}

// The form of somebody who has not logged in proves where it came from, and nothing else (SH-143).
func TestSharesPageOfAnAnonymousVisitorWithProof(t *testing.T) {
	t.Parallel()
	f := populated(t)
	keys, err := web.NewKeys(key)
	require.NoError(t, err)
	xsrf := web.XSRF{Keys: keys, Path: "/hub/", Now: f.clock}
	anonymous := xsrf.Fresh(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/hub/login", nil), web.Bind{})
	w := f.do(http.MethodPost, sharesPath, "_xsrf="+url.QueryEscape(anonymous)+"&action=delete&owner=owner&server=&id=sc_1", header("Content-Type", form),
		func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "_xsrf", Value: anonymous}) })
	assert.Equal(t, http.StatusForbidden, w.Code)
	assert.Equal(t, "403 : Forbidden", refusal(t, w))
	assert.Len(t, f.codes("owner", ""), 1)
}

// A form has its bounds, and the values in it are only values.
func TestSharesPageOfHugeForms(t *testing.T) {
	t.Parallel()
	f := populated(t)
	v := f.sharesOf("owner", "")
	w := v.send(sharesPath, v.with("action", "grant", "owner", "owner", "grantee", strings.Repeat("x", 2<<20)))
	assert.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
	assert.Less(t, w.Body.Len(), 4096)
	w = v.send(sharesPath, v.with("action", "grant", "owner", "owner", "server", "", "grantee", strings.Repeat("x", 1<<19)))
	assert.Equal(t, http.StatusBadRequest, w.Code, "a long name is nobody's")
	fields := v.with("action", "grant")
	fields["owner"], fields["server"], fields["grantee"] = []string{"sharer", "owner"}, []string{"lab", ""}, []string{"x", "stranger"}
	assert.Equal(t, http.StatusSeeOther, v.send(sharesPath, fields).Code, "the last of several counts")
	assert.Len(t, f.shared("owner", ""), 2)
}

// What goes wrong inside is not told, neither to those who look nor to those who act (SH-145).
func TestSharesPageSaysNothingOfInternalFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		who   string // lonely has nothing but servers of their own
		spoil func(f *fixture, c *httpapi.Config)
	}{
		"who they are":             {"owner", func(f *fixture, c *httpapi.Config) { c.Host = brokenHost{Hub: f.hub, identify: errInside} }},
		"where their servers are":  {"lonely", func(f *fixture, c *httpapi.Config) { c.Host = brokenHost{Hub: f.hub, path: "https://evil.example/"} }},
		"where others' are":        {"shared-with", func(f *fixture, c *httpapi.Config) { c.Host = brokenHost{Hub: f.hub, path: "javascript:alert(1)"} }},
		"what the store has":       {"owner", func(f *fixture, _ *httpapi.Config) { f.service.Store = brokenStore{f.service.Store} }},
		"whether a code was saved": {"owner", func(f *fixture, _ *httpapi.Config) { f.service.Store = fullStore{f.service.Store} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := populated(t)
			f.hub.AddUser("lonely", "self", "shares!user")
			v := f.sharesOf(c.who, "")
			cfg := httpapi.Config{Service: f.service, Host: f.hub, Keys: [][]byte{key}, Now: f.clock}
			c.spoil(f, &cfg)
			h, err := httpapi.New(cfg)
			require.NoError(t, err)
			for _, method := range []string{http.MethodPost, http.MethodGet} {
				r := httptest.NewRequest(method, sharesPath, strings.NewReader(v.with("action", "link", "owner", c.who, "server", "", "note", "mine").Encode()))
				r.Header.Set("Content-Type", form)
				cookie(c.who)(r)
				r.AddCookie(&http.Cookie{Name: "_xsrf", Value: v.token})
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if name == "whether a code was saved" {
					if method == http.MethodPost {
						assert.Equal(t, http.StatusInternalServerError, w.Code)
						assert.Equal(t, "Internal Server Error", text(node(parse(t, w), class("problem"))))
					}
					continue
				}
				assert.Equal(t, http.StatusInternalServerError, w.Code)
				assert.Equal(t, "500 : Internal Server Error", refusal(t, w))
			}
		})
	}
}

// brokenStore cannot list shares.
type brokenStore struct{ sharing.Store }

func (brokenStore) Shares(context.Context, time.Time, sharing.Filter, sharing.Window) (sharing.Page[sharing.StoredShare], error) {
	return sharing.Page[sharing.StoredShare]{}, errInside
}

// fullStore cannot keep another code.
type fullStore struct{ sharing.Store }

func (fullStore) CreateCode(context.Context, time.Time, sharing.Act, sharing.CodeOrder) (sharing.StoredCode, sharing.Change, error) {
	return sharing.StoredCode{}, sharing.Change{}, errInside
}

// FuzzSharesForm: whatever is posted with the proof, the page stays whole and fails at nothing, and only the visitor's own is touched (SH-149).
func FuzzSharesForm(f *testing.F) {
	for _, seed := range []string{
		"action=grant&owner=owner&server=&kind=user&grantee=stranger&what=servers&lasts=hour", "action=link&owner=owner&server=&uses=1&note=%3Cb%3E&domain=example.org&works=week",
		"action=revoke&owner=owner&server=&kind=user&grantee=shared-with", "action=delete&owner=owner&server=&id=sc_1", "action=delete-access&owner=owner&server=lab&id=sc_2",
		"action=leave&owner=sharer&server=&kind=user&grantee=owner", "action=grant&owner=owner&grantee=%3Cscript%3E&kind=group", "action=link&owner=sharer&server=",
		"action=link&owner=owner&uses=-1", "action=link&owner=owner&note=%00%ff", "action=link&owner=owner&domain=%22%3E", "action=grant&owner=owner&lasts=x", "", "%zz", "action=x;y",
		"action=revoke&owner=sharer&kind=user&grantee=owner", "action=delete&id=sc_99999999999999999999", "action=grant&owner=owner&grantee=%ff&server=%ff",
	} {
		f.Add(seed, "")
	}
	f.Add("action=delete&owner=owner&id=sc_2", "of=links&offset=-1")
	f.Add("action=delete", "of=x&offset=y")
	hub := populated(f)
	hub.service.Quotas = sharing.NoQuotas()
	v := hub.sharesOf("owner", "")
	f.Fuzz(func(t *testing.T, body, query string) {
		hub.t = t
		r := httptest.NewRequest(http.MethodPost, sharesPath, strings.NewReader(body+"&_xsrf="+url.QueryEscape(v.token)))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", form)
		cookie("owner")(r)
		r.AddCookie(&http.Cookie{Name: "_xsrf", Value: v.token})
		w := httptest.NewRecorder()
		hub.handler.ServeHTTP(w, r)
		require.Contains(t, []int{200, 303, 400, 403, 404}, w.Code)
		if w.Code == http.StatusSeeOther {
			require.True(t, strings.HasPrefix(w.Header().Get("Location"), "/hub/shares?"))
		} else if page := parse(t, w); node(page, byID("shares-page")) != nil {
			wellMade(t, page)
		} else {
			require.NotNil(t, node(page, class("error")))
		}
		if w.Code == http.StatusOK { // a link was made; thousands of them would only slow the next ones down
			for _, name := range []string{"", "lab"} {
				require.NoError(t, hub.service.DeleteCodes(t.Context(), hub.hub.Caller(t.Context(), "owner"), sharing.DeleteRequest{Server: sharing.ServerName{Owner: "owner", Name: name}}))
			}
		}
		require.True(t, slices.ContainsFunc(hub.shared("sharer", ""), func(s sharing.Share) bool { return s.Grantee.Name == "crew" }), "what is another's stays")
	})
}
