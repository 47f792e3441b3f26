package httpapi_test

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/httpapi"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
	"github.com/hubshare/hubshare/scopes"
)

const authorize = "api/oauth2/authorize"

func TestWithoutLoginTheHubAsksForIt(t *testing.T) { // OA-20, OA-43
	t.Parallel()
	h := newHub(t)
	for _, header := range [][]string{nil, {"Authorization", "token " + h.token(t, h.alice)}} {
		w := h.call(t, http.MethodGet, authorize+query, "", header...)
		assert.Equal(t, http.StatusFound, w.Code, "a token is not read here")
		assert.Equal(t, h.host.LoginURL("/base/hub/"+authorize+query), w.Header().Get("Location"))
		assert.Equal(t, http.StatusForbidden, h.call(t, http.MethodPost, authorize+query, "", header...).Code)
	}
}

func TestTheConsentPage(t *testing.T) { // OA-36, OA-41, HB-68, HB-69, HB-192, OA-S7
	t.Parallel()
	h := newHub(t)
	v := h.as(t, "bob")
	w := v.call(http.MethodGet, authorize+query, "")
	require.Equal(t, http.StatusOK, w.Code)
	for name, want := range map[string]string{
		"Content-Type": "text/html", "Cache-Control": "no-store", "Referrer-Policy": "strict-origin", "X-JupyterHub-Version": "5.5.1",
		"Content-Security-Policy":      "frame-ancestors 'none'; report-uri /base/hub/security/csp-report",
		"Access-Control-Allow-Headers": "accept, content-type, authorization",
	} {
		assert.Equal(t, want, w.Header().Get(name), name)
	}
	page := strings.Join(strings.Fields(w.Body.String()), " ")
	for _, want := range []string{
		"<title>JupyterHub</title>", `<div class="container">`, `<h1 class="text-center">Authorize access</h1>`,
		"Server at /user/alice/ (oauth URL: /user/alice/oauth_callback) would like permission to identify you. </p>",
		`<form method="post" action="">`,
		`name="raw-scopes" checked="checked" title="This authorization is required" disabled="disabled">`,
		"<span> Access user servers via API or browser. Applies to this server. </span>",
		`<button type="submit" class="form-control btn btn-jupyter mt-2">Authorize</button>`,
	} {
		assert.Contains(t, page, want)
	}
	assert.Equal(t, 1, strings.Count(page, "raw-scopes"), "identify and access scopes are not described")
	fields := form(w.Body.String())
	assert.Equal(t, []string{"access:servers!server", "access:servers!server=alice/", "read:users:groups!user", "read:users:name!user"}, fields["scopes"])
	assert.Equal(t, []string{v.cookies["_xsrf"]}, fields["_xsrf"])
	assert.NotEmpty(t, v.cookies[testhost.SessionCookie], "OA-40")
}

// HB-193: a filter without a name in a stock hub's words, or word to whoever wants to know that it would have used them.
func TestTheStockFilterText(t *testing.T) {
	t.Parallel()
	told := map[string]string{}
	listen := func(c *httpapi.Config) {
		c.OnDifference = func(_ context.Context, rule, how string) { told[rule] = how }
	}
	assert.Contains(t, newHub(t, listen).as(t, "bob").call(http.MethodGet, authorize+query, "").Body.String(), "Applies to this server.")
	assert.Equal(t, map[string]string{"HB-193": "it would have said: Applies to server ."}, told)
	clear(told)
	stock := newHub(t, listen, func(c *httpapi.Config) { c.StockFilterText = true }).as(t, "bob").call(http.MethodGet, authorize+query, "").Body.String()
	assert.Contains(t, stock, "Applies to server .")
	assert.Contains(t, form(stock)["scopes"], "access:servers!server", "the values stay")
	assert.Empty(t, told)
}

func TestTheConsentForm(t *testing.T) { // OA-38, OA-39, HB-194, OA-46, OA-F10
	t.Parallel()
	h := newHub(t)
	v := h.as(t, "bob")
	fields := form(v.call(http.MethodGet, authorize+query, "").Body.String())

	w := v.call(http.MethodPost, authorize+query, url.Values{"scopes": fields["scopes"]}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	assert.Equal(t, http.StatusForbidden, w.Code)
	assert.Contains(t, w.Body.String(), "<h1>403 : Forbidden</h1>\n  <p>&#39;_xsrf&#39; argument missing from POST</p>")

	w = v.call(http.MethodPost, authorize+query, url.Values(fields).Encode(), "Content-Type", "application/x-www-form-urlencoded",
		"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Sec-Fetch-Site", "same-origin")
	require.Equal(t, http.StatusFound, w.Code)
	assert.Regexp(t, `^/user/alice/oauth_callback\?code=[A-Za-z0-9]{30}&state=st4te$`, w.Header().Get("Location"))
	assert.Empty(t, w.Body.String())
	assert.Equal(t, "strict-origin", w.Header().Get("Referrer-Policy"))
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))

	code := mustQuery(t, w.Header().Get("Location")).Get("code")
	w = exchange(t, h, code)
	require.Equal(t, http.StatusOK, w.Code)
	id, err := h.provider.Authenticate(t.Context(), decode(t, w.Body)["access_token"].(string))
	require.NoError(t, err)
	assert.Equal(t, v.cookies[testhost.SessionCookie], id.SessionID, "OA-40")
}

func mustQuery(t testing.TB, location string) url.Values {
	t.Helper()
	u, err := url.Parse(location)
	require.NoError(t, err)
	return u.Query()
}

func TestTheFormCannotChangeTheRequest(t *testing.T) { // OA-38, OA-F16, OA-S5, OA-21
	t.Parallel()
	h := newHub(t)
	v := h.as(t, "bob")
	fields := form(v.call(http.MethodGet, authorize+query, "").Body.String())
	for _, name := range []string{"client_id", "redirect_uri", "response_type", "state", "scope", "code_challenge", "code_challenge_method"} {
		body := url.Values(fields).Encode() + "&" + name + "=x"
		w := v.call(http.MethodPost, authorize+query, body, "Content-Type", "application/x-www-form-urlencoded")
		assert.Equal(t, http.StatusBadRequest, w.Code)
		assert.Contains(t, w.Body.String(), "Duplicate "+name+" parameter.")
	}
	w := v.call(http.MethodPost, authorize+query+"&scopes=inherit", url.Values{"_xsrf": fields["_xsrf"]}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	require.Equal(t, http.StatusFound, w.Code, "scopes in the query do not count")
	w = v.call(http.MethodPost, authorize+query, "_xsrf="+fields["_xsrf"][0]+"&scopes=admin:users", "Content-Type", "application/x-www-form-urlencoded")
	assert.Equal(t, "/user/alice/oauth_callback?error=invalid_scope&state=st4te", w.Header().Get("Location"))

	other := h.as(t, "alice")
	other.cookies["_xsrf"] = fields["_xsrf"][0]
	w = other.call(http.MethodPost, authorize+query, url.Values(fields).Encode(), "Content-Type", "application/x-www-form-urlencoded")
	assert.Equal(t, http.StatusForbidden, w.Code, "another visitor's page")

	w = v.call(http.MethodPost, authorize+query, "_xsrf="+fields["_xsrf"][0]+"&scopes="+strings.Repeat("x", 70_000), "Content-Type", "application/x-www-form-urlencoded")
	assert.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
	w = v.call(http.MethodPost, authorize+query, "_xsrf=%zz", "Content-Type", "application/x-www-form-urlencoded")
	assert.Equal(t, http.StatusBadRequest, w.Code)
}

func TestPagesOfTheSameOriginGetNoCode(t *testing.T) { // OA-S11
	t.Parallel()
	strict := newHub(t)
	embedded := newHub(t, func(c *httpapi.Config) { c.AllowEmbedded = true })
	for name, c := range map[string]struct {
		headers []string
		refused bool
	}{
		"an old browser":         {nil, false},
		"a navigation":           {[]string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, false},
		"a script":               {[]string{"Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}, true},
		"a same-origin script":   {[]string{"Sec-Fetch-Mode", "same-origin"}, true},
		"an image":               {[]string{"Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"}, true},
		"a frame":                {[]string{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, true},
		"an object":              {[]string{"Sec-Fetch-Dest", "object"}, true},
		"a WebSocket in stead":   {[]string{"Sec-Fetch-Mode", "websocket", "Sec-Fetch-Dest", "websocket"}, true},
		"a nested navigation":    {[]string{"Sec-Fetch-Mode", "nested-navigate", "Sec-Fetch-Dest", "nested-document"}, true},
		"a mode nobody invented": {[]string{"Sec-Fetch-Mode", "x"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := strict.as(t, "alice").call(http.MethodGet, authorize+query, "", c.headers...)
			if c.refused {
				assert.Equal(t, http.StatusForbidden, w.Code)
				assert.Empty(t, w.Header().Get("Location"))
			} else {
				assert.Equal(t, http.StatusFound, w.Code)
			}
			assert.Equal(t, http.StatusFound, embedded.as(t, "alice").call(http.MethodGet, authorize+query, "", c.headers...).Code)
		})
	}
}

// The provider logs what it refuses. What it never hears of is logged as well, and with no more of what was sent.
func TestRefusalsBeforeTheProviderAreLogged(t *testing.T) { // OA-47
	t.Parallel()
	long := "?client_id=" + strings.Repeat("x", 9000) + "&state=secret-state"
	for name, c := range map[string]struct {
		do   func(v *visitor) *httptest.ResponseRecorder
		want string
	}{
		"a script": {func(v *visitor) *httptest.ResponseRecorder {
			return v.call(http.MethodGet, authorize+query, "", "Sec-Fetch-Mode", "cors")
		}, `client_id=jupyterhub-user-alice user_id=id-bob status=403 message="Authorization is only given to pages`},
		"a form without proof": {func(v *visitor) *httptest.ResponseRecorder {
			return v.call(http.MethodPost, authorize+query, "scopes=secret-scope", "Content-Type", formKind)
		}, `client_id=jupyterhub-user-alice user_id=id-bob status=403 message="'_xsrf' argument missing from POST"`},
		"a form of nobody": {func(v *visitor) *httptest.ResponseRecorder {
			return v.hub.call(v.t, http.MethodPost, authorize+query, "_xsrf=secret-proof", "Content-Type", formKind)
		}, `client_id=jupyterhub-user-alice user_id="" status=403`},
		"a long address": {func(v *visitor) *httptest.ResponseRecorder {
			return v.call(http.MethodGet, authorize+long, "")
		}, `client_id=` + strings.Repeat("x", 255) + ` user_id=id-bob status=400 message="Request too long."`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHub(t)
			require.GreaterOrEqual(t, c.do(h.as(t, "bob")).Code, 400)
			assert.Contains(t, h.log.String(), `msg="oauth authorize refused" `+c.want)
			assert.Equal(t, 1, strings.Count(h.log.String(), "refused"))
			assert.NotContains(t, h.log.String(), "secret-")
		})
	}
	h := newHub(t)
	require.Equal(t, http.StatusForbidden, h.as(t, "carol").call(http.MethodGet, authorize+query, "").Code)
	assert.NotContains(t, h.log.String(), "refused", "the provider has said so")
}

func TestErrorPagesOfAuthorize(t *testing.T) { // OA-22, OA-30, HB-71, HB-72
	t.Parallel()
	h := newHub(t)
	for who, c := range map[string]struct {
		query   string
		status  int
		heading string
		text    string
	}{
		"alice": {"?client_id=zzz&response_type=code", 400, "400 : Bad Request", "Invalid client_id parameter value."},
		"bob":   {strings.Replace(query, "oauth_callback", "other", 1), 400, "400 : Bad Request", "Mismatching redirect URI."},
		"carol": {query, 403, "403 : Forbidden", "You do not have permission to access Server at /user/alice/"},
		"root":  {"?client_id=%zz", 400, "400 : Bad Request", "Malformed query."},
		"ghost": {query, 403, "403 : Forbidden", ""},
	} {
		w := h.as(t, who).call(http.MethodGet, authorize+c.query, "")
		assert.Equal(t, c.status, w.Code, who)
		assert.Contains(t, w.Body.String(), `<div class="error">`+"\n  <h1>"+c.heading+"</h1>", who)
		if c.text != "" {
			assert.Contains(t, w.Body.String(), "<p>"+c.text+"</p>", who)
		}
		assert.Equal(t, "text/html", w.Header().Get("Content-Type"))
		assert.Empty(t, w.Header().Get("Location"))
	}
	w := h.as(t, "alice").call(http.MethodPut, authorize+query, "")
	assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
	w = h.call(t, http.MethodHead, authorize+query, "")
	assert.Equal(t, http.StatusMethodNotAllowed, w.Code, "OA-206")
	w = h.call(t, http.MethodOptions, authorize+query, "")
	assert.Equal(t, http.StatusOK, w.Code, "OA-206")
	assert.Empty(t, w.Body.String())
}

func TestHostileTextsAreEscaped(t *testing.T) { // OA-S13, HB-49
	t.Parallel()
	h := newHub(t)
	evil := `<'&">`
	require.NoError(t, h.provider.PutClient(t.Context(), oauth.Registration{
		ID: oauth.ServerClientID(evil, ""), Description: "Server at /user/" + evil + "/", Secret: secret,
		RedirectURI: "/user/%3C%27%26%22%3E/oauth_callback", For: scopes.Client{Server: evil + "/"}, LinkID: "s2",
	}))
	h.host.Put(testhost.Person{Kind: oauth.KindUser, Name: "bob", Roles: []string{"self"}, Shares: []string{"access:servers!server=" + evil + "/"}})
	q := "?response_type=code&client_id=" + url.QueryEscape(oauth.ServerClientID(evil, ""))
	w := h.as(t, "bob").call(http.MethodGet, authorize+q, "")
	require.Equal(t, http.StatusOK, w.Code)
	assert.NotContains(t, w.Body.String(), evil)
	assert.Contains(t, w.Body.String(), "Server at /user/&lt;&#39;&amp;&#34;&gt;/ (oauth URL: /user/%3C%27%26%22%3E/oauth_callback)")
	assert.Contains(t, form(w.Body.String())["scopes"], "access:servers!server="+evil+"/")
	w = h.as(t, "carol").call(http.MethodGet, authorize+q, "")
	assert.Equal(t, http.StatusForbidden, w.Code)
	assert.NotContains(t, w.Body.String(), evil)
}

func TestTheHostsLayoutWrapsThePages(t *testing.T) {
	t.Parallel()
	h := newHub(t, func(c *httpapi.Config) {
		c.Layout = func(w http.ResponseWriter, _ *http.Request, status int, main template.HTML) {
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, "<hub>%s</hub>", main)
		}
	})
	w := h.as(t, "bob").call(http.MethodGet, authorize+query, "")
	assert.Equal(t, http.StatusOK, w.Code)
	assert.Regexp(t, `(?s)^<hub><div class="container">.*</hub>$`, w.Body.String())
	w = h.as(t, "carol").call(http.MethodGet, authorize+query, "")
	assert.Equal(t, http.StatusForbidden, w.Code)
	assert.Regexp(t, `(?s)^<hub><div class="error">.*</hub>$`, w.Body.String())
}

func FuzzAuthorizeNeverFails(f *testing.F) {
	h := newHub(f)
	f.Add(query, "scopes=x", "alice")
	f.Add("?client_id=%ff", "_xsrf=%", "bob")
	f.Fuzz(func(t *testing.T, q, body, name string) {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			r := httptest.NewRequestWithContext(t.Context(), method, "/base/hub/"+authorize, strings.NewReader(body))
			r.URL.RawQuery = strings.TrimPrefix(q, "?")
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.AddCookie(&http.Cookie{Name: testhost.LoginCookie, Value: name})
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			assert.Less(t, w.Code, 500)
			if to := w.Header().Get("Location"); to != "" {
				assert.True(t, strings.HasPrefix(to, "/user/alice/oauth_callback?") || strings.HasPrefix(to, "/hub/login?next="), to)
			}
		}
	})
}

// Whatever cookies come, a proof that is not the page's approves nothing.
func FuzzCookieHeader(f *testing.F) { // OA-S5, OA-202
	h := newHub(f)
	for _, cookies := range []string{
		"_xsrf=a.b.c; " + testhost.SessionCookie + "=x", "_xsrf=a; _xsrf=b", `_xsrf="x"`, "=;;==", testhost.LoginCookie + "=bob; _xsrf=", "\x00=\xff",
		testhost.SessionCookie + "=" + strings.Repeat("x", 5000),
	} {
		f.Add(cookies, "a.b.c")
	}
	f.Fuzz(func(t *testing.T, cookies, proof string) {
		for _, path := range []string{authorize + query, "api/users/bob/tokens"} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/base/hub/"+path, strings.NewReader(url.Values{"_xsrf": {proof}}.Encode()))
			r.Header.Set("Content-Type", formKind)
			r.Header.Set("Cookie", testhost.LoginCookie+"=bob; "+cookies)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			assert.GreaterOrEqual(t, w.Code, 400)
			assert.Less(t, w.Code, 500)
			assert.Empty(t, w.Header().Get("Location"))
		}
	})
}
