package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const tokenPath = "api/oauth2/token"

func exchange(t testing.TB, h *hub, code string, pairs ...string) *httptest.ResponseRecorder {
	t.Helper()
	v := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {clientID}, "client_secret": {secret}, "code": {code},
		"redirect_uri": {"/user/alice/oauth_callback"},
	}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return h.call(t, http.MethodPost, tokenPath, v.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

func (h *hub) code(t testing.TB) string {
	t.Helper()
	w := h.as(t, "alice").call(http.MethodGet, authorize+query, "")
	require.Equal(t, http.StatusFound, w.Code)
	return mustQuery(t, w.Header().Get("Location")).Get("code")
}

func TestTheTokenResponse(t *testing.T) { // OA-53, OA-54, OA-177, HB-110, OA-F19, OA-F20
	t.Parallel()
	h := newHub(t)
	w := exchange(t, h, h.code(t))
	require.Equal(t, http.StatusOK, w.Code)
	apiHeaders(t, w.Header())
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	assert.Equal(t, "no-cache", w.Header().Get("Pragma"))
	assert.Regexp(t, `^\{"access_token":"[A-Za-z0-9]{30}","expires_in":1209600,"token_type":"Bearer",`+
		`"scope":"access:servers!server access:servers!server=alice/ read:users:groups!user read:users:name!user shares!server"\}$`, w.Body.String())
}

func TestTokenErrors(t *testing.T) { // OA-51, OA-52, OA-53, OA-178, OA-F18
	t.Parallel()
	h := newHub(t)
	for name, c := range map[string]struct {
		pairs  []string
		status int
		body   string
	}{
		"wrong secret":     {[]string{"client_secret", "nope"}, 401, `{"error":"invalid_client"}`},
		"unknown client":   {[]string{"client_id", "jupyterhub-user-nobody"}, 401, `{"error":"invalid_client"}`},
		"wrong redirect":   {[]string{"redirect_uri", "/elsewhere"}, 400, `{"error":"invalid_request","error_description":"Mismatching redirect URI."}`},
		"wrong grant type": {[]string{"grant_type", "password"}, 400, `{"error":"unsupported_grant_type"}`},
		"wrong code":       {[]string{"code", "nope"}, 400, `{"error":"invalid_grant"}`},
		"no code":          {[]string{"code", ""}, 400, `{"error":"invalid_request","error_description":"Missing code parameter."}`},
		"a state":          {[]string{"code", "nope", "state", "st4te"}, 400, `{"error":"invalid_grant"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := exchange(t, h, h.code(t), c.pairs...)
			assert.Equal(t, c.status, w.Code)
			assert.Equal(t, c.body, w.Body.String())
			apiHeaders(t, w.Header())
			assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			want := ""
			if c.status == 401 {
				want = `Bearer error="invalid_client"`
			}
			assert.Equal(t, want, w.Header().Get("WWW-Authenticate"))
		})
	}
	code := h.code(t)
	assert.Equal(t, http.StatusOK, exchange(t, h, code).Code)
	w := exchange(t, h, code)
	assert.Equal(t, http.StatusBadRequest, w.Code)
	assert.Equal(t, `{"error":"invalid_grant"}`, w.Body.String())
}

func TestTheShapeOfATokenRequest(t *testing.T) { // OA-50, OA-51, OA-62, OA-F15
	t.Parallel()
	h := newHub(t)
	const kind = "application/x-www-form-urlencoded"
	good := url.Values{"grant_type": {"authorization_code"}, "client_id": {clientID}, "client_secret": {secret}, "code": {"x"}}
	basic := url.Values{"grant_type": {"authorization_code"}, "code": {"x"}}
	for name, c := range map[string]struct {
		path, body, kind string
		headers          []string
		status           int
		text             string
	}{
		"parameters in the query": {tokenPath + "?code=x", good.Encode(), kind, nil, 400, "Parameters must not be in the query."},
		"JSON":                    {tokenPath, "{}", "application/json", nil, 400, "The body must be application/x-www-form-urlencoded."},
		"no kind":                 {tokenPath, good.Encode(), "", nil, 400, "The body must be application/x-www-form-urlencoded."},
		"with a charset":          {tokenPath, good.Encode(), kind + "; charset=utf-8", nil, 400, "invalid_grant"},
		"a broken escape":         {tokenPath, "code=%zz", kind, nil, 400, "Malformed or too long body."},
		"more than 8 KiB":         {tokenPath, good.Encode() + "&x=" + strings.Repeat("x", 8192), kind, nil, 400, "Malformed or too long body."},
		"twice":                   {tokenPath, good.Encode() + "&redirect_uri=a&redirect_uri=b", kind, nil, 400, "Duplicate redirect_uri parameter."},
		"Basic":                   {tokenPath, basic.Encode(), kind, []string{"Authorization", "Basic anVweXRlcmh1Yi11c2VyLWFsaWNlOjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm"}, 401, "invalid_client"},
		"a stray header":          {tokenPath, good.Encode(), kind, []string{"Authorization", "token " + secret, "Cookie", "login=alice", "Origin", "https://x"}, 400, "invalid_grant"},
		"an empty body":           {tokenPath, "", kind, nil, 401, "invalid_client"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			headers := c.headers
			if c.kind != "" {
				headers = append(headers, "Content-Type", c.kind)
			}
			w := h.call(t, http.MethodPost, c.path, c.body, headers...)
			assert.Equal(t, c.status, w.Code)
			assert.Contains(t, w.Body.String(), c.text)
		})
	}
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete} {
		assert.Equal(t, http.StatusMethodNotAllowed, h.call(t, method, tokenPath, "").Code, method)
	}
	assert.Equal(t, http.StatusOK, h.call(t, http.MethodOptions, tokenPath, "").Code)
}
