package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
	"github.com/hubshare/hubshare/scopes"
)

// Attacks by name, from where an attacker stands: outside. Those on the client's side are in hubauth, those that need no HTTP in oauth.

const formKind = "application/x-www-form-urlencoded"

// whoIs gives the status of GET user with a token.
func (h *hub) whoIs(t testing.TB, token string) int {
	t.Helper()
	return h.call(t, http.MethodGet, "api/user", "", bearer(token)...).Code
}

func tokenOf(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	return decode(t, w.Body)["access_token"].(string)
}

func TestAttackReplayingACode(t *testing.T) { // OA-S1, OA-55
	t.Parallel()
	h := newHub(t)
	code := h.code(t)
	tok := tokenOf(t, exchange(t, h, code))
	require.Equal(t, http.StatusOK, h.whoIs(t, tok))
	for range 3 {
		w := exchange(t, h, code)
		assert.Equal(t, http.StatusBadRequest, w.Code)
		assert.Equal(t, `{"error":"invalid_grant"}`, w.Body.String(), "nothing tells a spent code from a wrong one")
	}
	assert.Equal(t, http.StatusForbidden, h.whoIs(t, tok))
}

func TestAttackRedeemingAnothersCode(t *testing.T) { // OA-S2, OA-F21
	t.Parallel()
	h := newHub(t)
	require.NoError(t, h.provider.PutClient(t.Context(), server2()))
	thief := []string{"client_id", server2().ID, "redirect_uri", server2().RedirectURI}
	code := h.code(t)
	w := exchange(t, h, code, thief...)
	assert.Equal(t, `{"error":"invalid_grant"}`, w.Body.String())
	tok := tokenOf(t, exchange(t, h, code))
	w = exchange(t, h, code, thief...)
	assert.Equal(t, `{"error":"invalid_grant"}`, w.Body.String())
	assert.Equal(t, http.StatusOK, h.whoIs(t, tok), "it was not theirs to revoke")

	code = h.code(t)
	for range 3 {
		exchange(t, h, code, thief...)
	}
	assert.Equal(t, `{"error":"invalid_grant"}`, exchange(t, h, code).Body.String(), "a code that a thief has is burned")
}

func TestAttackTamperingWithTheRedirect(t *testing.T) { // OA-S3, OA-22, OA-23, OA-F5, OA-F6
	t.Parallel()
	h := newHub(t)
	loop := oauth.Registration{
		ID: "service-loop", Secret: secret, RedirectURI: "http://127.0.0.1:5555/oauth_callback?keep=1", For: scopes.Client{Service: "loop"},
		LinkID: "s9", NoConfirm: true,
	}
	require.NoError(t, h.provider.PutClient(t.Context(), loop))
	h.host.User("alice", "self", "access:services")
	for client, list := range map[string][]string{
		clientID: {
			"/user/alice/oauth_callback/", "/user/alice/oauth_callback%2F", "/user/alice/oauth%5Fcallback", "/user/alice/./oauth_callback",
			"/user/alice/x/../oauth_callback", "/user/alice//oauth_callback", "//user/alice/oauth_callback", "/USER/alice/oauth_callback",
			"/user/alice/oauth_callback?", "/user/alice/oauth_callback#", "/user/alice/oauth_callback#f", "/user/alice/oauth_callback?x=y",
			"/user/alice/oauth_callback;x", "/user/alice/oauth_callback ", " /user/alice/oauth_callback", "/user/alice/oauth_callback\t",
			"/user/alice/oauth_callback\r\nX: y", "/user/alice/oauth_callback\x00", "\\user\\alice\\oauth_callback", "/\\evil.example/",
			"/%2fevil.example", "user/alice/oauth_callback", "https://path-only.invalid/user/alice/oauth_callback",
			"https://PATH-ONLY.invalid/user/alice/oauth_callback", "http://example.com/user/alice/oauth_callback",
			"https://evil.example/user/alice/oauth_callback", "javascript:alert(1)", "data:text/html,x", "/user/bob/oauth_callback", "/", "",
		},
		loop.ID: {
			"http://127.0.0.1:6666/oauth_callback?keep=1", "http://127.0.0.1/oauth_callback?keep=1", "http://localhost:5555/oauth_callback?keep=1",
			"http://[::1]:5555/oauth_callback?keep=1", "http://127.0.0.1:05555/oauth_callback?keep=1", "http://127.1:5555/oauth_callback?keep=1",
			"https://127.0.0.1:5555/oauth_callback?keep=1", "HTTP://127.0.0.1:5555/oauth_callback?keep=1", "//127.0.0.1:5555/oauth_callback?keep=1",
			"http://user@127.0.0.1:5555/oauth_callback?keep=1", "http://127.0.0.1:5555@evil.example/oauth_callback?keep=1",
			"http://127.0.0.1:5555.evil.example/oauth_callback?keep=1", "http://evil.example/?http://127.0.0.1:5555/oauth_callback?keep=1",
			"http://127.0.0.1:5555/oauth_callback?keep=1#x", "http://127.0.0.1:5555/oauth_callback?keep=2", "http://127.0.0.1:5555/oauth_callback",
			"http://127.0.0.1:5555/oauth_callback?keep=1&more=1", "http://127.0.0.1:5555/oauth_callback?keep=%31", "/oauth_callback?keep=1",
			"http://127.0.0.1:5555/OAUTH_callback?keep=1",
		},
	} {
		right := "/user/alice/oauth_callback"
		if client == loop.ID {
			right = loop.RedirectURI
		}
		ask := func(method, uri, more string) *httptest.ResponseRecorder {
			q := "?response_type=code&client_id=" + client + "&redirect_uri=" + url.QueryEscape(uri) + more
			return h.as(t, "alice").call(method, authorize+q, "")
		}
		w := ask(http.MethodGet, right, "")
		require.Equal(t, http.StatusFound, w.Code, w.Body)
		code := mustQuery(t, w.Header().Get("Location")).Get("code")
		for _, uri := range list {
			w := ask(http.MethodGet, uri, "")
			assert.Equal(t, http.StatusBadRequest, w.Code, "%q", uri)
			assert.Empty(t, w.Header().Get("Location"), "%q", uri)
			assert.Contains(t, []int{http.StatusBadRequest, http.StatusForbidden}, ask(http.MethodPost, uri, "").Code, "%q", uri)
			w = exchange(t, h, h.codeFor(t, client, right), "client_id", client, "redirect_uri", uri)
			assert.Contains(t, w.Body.String(), `"Mismatching redirect URI."`, "%q at the token endpoint", uri)
		}
		w = ask(http.MethodGet, right, "&redirect_uri=https://evil.example/")
		assert.Equal(t, http.StatusBadRequest, w.Code, "the right one first does not help")
		assert.Equal(t, http.StatusOK, exchange(t, h, code, "client_id", client, "redirect_uri", right).Code)
	}
}

func (h *hub) codeFor(t testing.TB, client, redirect string) string {
	t.Helper()
	w := h.as(t, "alice").call(http.MethodGet, authorize+"?response_type=code&client_id="+client+"&redirect_uri="+url.QueryEscape(redirect), "")
	require.Equal(t, http.StatusFound, w.Code)
	return mustQuery(t, w.Header().Get("Location")).Get("code")
}

func TestAttackDowngradingPKCE(t *testing.T) { // OA-S4, OA-42, OA-151
	t.Parallel()
	required := newHubWith(t, func(c *oauth.Config) { c.PKCE = oauth.PKCERequired })
	w := required.as(t, "alice").call(http.MethodGet, authorize+query, "")
	assert.Equal(t, "/user/alice/oauth_callback?error=invalid_request&error_description=Code+challenge+required.&state=st4te", w.Header().Get("Location"))

	h := newHub(t)
	const s256, verifier = "qZh-TUZSNPXTEUR_8dNbDVmZ9cHEvPoOfwJ3s1MVqfw", "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"
	for name, more := range map[string]string{
		"an empty challenge": "&code_challenge=&code_challenge_method=S256", "plain": "&code_challenge=" + verifier + "&code_challenge_method=plain",
		"no method": "&code_challenge=" + s256, "a method in another case": "&code_challenge=" + s256 + "&code_challenge_method=s256",
		"a challenge that no verifier has": "&code_challenge=" + s256[1:] + "&code_challenge_method=S256",
	} {
		to := h.as(t, "alice").call(http.MethodGet, authorize+query+more, "").Header().Get("Location")
		assert.Contains(t, to, "error=invalid_request", name)
		assert.NotContains(t, to, "code=", name)
	}
	code := func() string {
		to := h.as(t, "alice").call(http.MethodGet, authorize+query+"&code_challenge="+s256+"&code_challenge_method=S256", "").Header().Get("Location")
		return mustQuery(t, to).Get("code")
	}
	for name, tries := range map[string][]string{
		"without a verifier, twice":       {"", ""},
		"a wrong verifier, then none":     {strings.Repeat("w", 43), ""},
		"the challenge as the verifier":   {s256},
		"a verifier of 42 characters":     {verifier[1:]},
		"more tries than a code survives": {"", "", "", "", verifier},
	} {
		c := code()
		for n, try := range tries {
			pairs, want := []string{"code_verifier", try}, `{"error":"invalid_grant"}`
			if try == "" {
				pairs = nil
				if n < 3 { // from then on the code is dead, and nothing is said of it
					want = `{"error":"invalid_request","error_description":"Code verifier required."}`
				}
			}
			assert.Equal(t, want, exchange(t, h, c, pairs...).Body.String(), name)
		}
	}
}

// eachBrowser calls back for every combination of what a browser may say about where a request comes from; visits: it is a navigation in a window
// of its own, as far as that is said at all.
func eachBrowser(do func(visits bool, headers []string)) {
	for _, mode := range []string{"", "navigate", "cors", "no-cors", "same-origin", "websocket"} {
		for _, dest := range []string{"", "document", "iframe", "empty"} {
			for _, site := range []string{"", "same-origin", "same-site", "cross-site", "none"} {
				for _, origin := range []string{"", "http://example.com", "https://evil.example", "null"} {
					headers := []string{"Content-Type", formKind}
					for name, value := range map[string]string{"Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest, "Sec-Fetch-Site": site, "Origin": origin} {
						if value != "" {
							headers = append(headers, name, value)
						}
					}
					do((mode == "" || mode == "navigate") && (dest == "" || dest == "document"), headers)
				}
			}
		}
	}
}

// Every combination of what a browser says about a request, with every method, and with every set of cookies that an attacker could see to it
// that it brings. Without the page's own proof nothing is approved; with it, only what is a navigation of the visitor's.
func TestAttackForgingConsent(t *testing.T) { // OA-S5, OA-S11, OA-38, OA-96
	t.Parallel()
	h := newHub(t)
	h.host.Put(testhost.Person{Kind: oauth.KindUser, Name: "dave", Roles: []string{"self"}, Shares: []string{"access:servers!server=alice/"}})
	v := h.as(t, "bob")
	proof := form(v.call(http.MethodGet, authorize+query, "").Body.String())["_xsrf"][0]
	require.Equal(t, proof, v.cookies["_xsrf"])
	dave := h.as(t, "dave")
	davesProof := form(dave.call(http.MethodGet, authorize+query, "").Body.String())["_xsrf"][0]
	const login, session, xsrf = testhost.LoginCookie + "=", "; " + testhost.SessionCookie + "=", "; _xsrf="
	bobs := session + v.cookies[testhost.SessionCookie]
	davesSession := session + dave.cookies[testhost.SessionCookie]
	other := []string{http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodPatch}
	for name, c := range map[string]struct {
		cookies, posted string
		methods         []string // beside GET and POST
		visit, post     bool     // gives a code if it is a navigation
	}{
		"the page's own":                   {login + "bob" + bobs + xsrf + proof, proof, other, false, true},
		"the page's own, no proof posted":  {login + "bob" + bobs + xsrf + proof, "", nil, false, false},
		"the page's own, another's posted": {login + "bob" + bobs + xsrf + proof, davesProof, nil, false, false},
		"no proof":                         {login + "bob" + bobs, proof, nil, false, false},
		"another's proof":                  {login + "bob" + bobs + xsrf + davesProof, davesProof, nil, false, false},
		"another's proof and session":      {login + "bob" + davesSession + xsrf + davesProof, davesProof, nil, false, false},
		"no session":                       {login + "bob" + xsrf + proof, proof, nil, false, false},
		"another session":                  {login + "bob" + session + "planted" + xsrf + proof, proof, nil, false, false},
		"another visitor who may enter":    {login + "dave" + bobs + xsrf + proof, proof, nil, false, false},
		"the owner, who is never asked":    {login + "alice" + bobs + xsrf + proof, proof, nil, true, false},
		"nobody's":                         {bobs[2:] + xsrf + proof, proof, nil, false, false},
		"none":                             {"", proof, nil, false, false},
	} {
		eachBrowser(func(visits bool, headers []string) {
			if c.cookies != "" {
				headers = append(headers, "Cookie", c.cookies)
			}
			for _, method := range append([]string{http.MethodGet, http.MethodPost}, c.methods...) {
				w := h.call(t, method, authorize+query, "_xsrf="+url.QueryEscape(c.posted), headers...)
				approved := strings.Contains(w.Header().Get("Location"), "code=")
				want := visits && (method == http.MethodGet && c.visit || method == http.MethodPost && c.post)
				if want != approved {
					t.Fatalf("%s: %s %v: %d %s", name, method, headers, w.Code, w.Header().Get("Location"))
				}
			}
		})
	}
	// A page on another port, or another server's, sets cookies for us in front of the page's own: they neither prove nor spoil anything.
	post := func(cookies, posted string) int {
		return h.call(t, http.MethodPost, authorize+query, "_xsrf="+url.QueryEscape(posted), "Content-Type", formKind, "Cookie", cookies).Code
	}
	const forged = xsrf + "forged"
	assert.Equal(t, http.StatusFound, post(login+"bob"+bobs+forged+xsrf+proof, proof), "the first that we signed counts")
	assert.Equal(t, http.StatusForbidden, post(login+"bob"+bobs+forged+xsrf+proof, "forged"))
	assert.Equal(t, http.StatusForbidden, post(login+"bob"+bobs+forged, "forged"))
	assert.Equal(t, http.StatusForbidden, post(login+"bob"+bobs+xsrf+davesProof+xsrf+proof, davesProof), "signed, for somebody else")

	foreign := dave.cookies
	for name, cookies := range map[string]map[string]string{
		"nobody":                        {},
		"nobody with the page's cookie": {"_xsrf": v.cookies["_xsrf"]},
		"another visitor, with all that is theirs": foreign,
		"another visitor with the page's proof":    {testhost.LoginCookie: "carol", "_xsrf": v.cookies["_xsrf"], testhost.SessionCookie: v.cookies[testhost.SessionCookie]},
		"another session of the visitor's":         {testhost.LoginCookie: "bob", "_xsrf": v.cookies["_xsrf"], testhost.SessionCookie: "other"},
		"the visitor without the cookie":           {testhost.LoginCookie: "bob", testhost.SessionCookie: v.cookies[testhost.SessionCookie]},
	} {
		w := (&visitor{hub: h, t: t, cookies: cookies}).call(http.MethodPost, authorize+query, "_xsrf="+url.QueryEscape(proof), "Content-Type", formKind)
		assert.Equal(t, http.StatusForbidden, w.Code, name)
	}
	w := v.call(http.MethodPost, authorize+query, `{"_xsrf": "`+proof+`"}`, "Content-Type", "application/json")
	assert.Equal(t, http.StatusForbidden, w.Code, "a proof in JSON")
	w = v.call(http.MethodPost, authorize+query, "_xsrf="+url.QueryEscape(proof), "Content-Type", "text/plain")
	assert.Equal(t, http.StatusForbidden, w.Code, "a form that a foreign page may send without asking")
}

func TestAttackReadingSecretsFromAddressesAndLogs(t *testing.T) { // OA-S7, OA-192
	t.Parallel()
	h := newHub(t)
	code := h.code(t)
	for path, status := range map[string]int{authorize + query: 302, authorize + "?client_id=x": 400} {
		w := h.as(t, "alice").call(http.MethodGet, path, "")
		assert.Equal(t, status, w.Code)
		assert.Equal(t, "strict-origin", w.Header().Get("Referrer-Policy"))
		assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	}
	tok := tokenOf(t, exchange(t, h, code))
	for _, address := range []string{"api/user?token=", "api/user?access_token=", "api/users/alice/tokens?token=", "api/user?Authorization=token%20"} {
		assert.Equal(t, http.StatusForbidden, h.call(t, http.MethodGet, address+tok, "").Code, address)
	}
	w := h.call(t, http.MethodPost, tokenPath+"?"+url.Values{"code": {code}, "client_secret": {secret}}.Encode(), "", "Content-Type", formKind)
	assert.Equal(t, http.StatusBadRequest, w.Code)
	assert.NotContains(t, w.Body.String(), code)
	for _, s := range []string{code, tok, secret, "st4te"} {
		assert.NotContains(t, h.log.String(), s)
	}
}

// The session id is a handle. Who plants theirs in another's browser, or copies it, gains nothing.
func TestAttackFixingTheSession(t *testing.T) { // OA-S8, OA-90, OA-197
	t.Parallel()
	h := newHub(t)
	planted := map[string]string{testhost.SessionCookie: "planted"}
	attacker := &visitor{hub: h, t: t, cookies: planted}
	victim := h.as(t, "alice")
	victim.cookies[testhost.SessionCookie] = "planted"
	w := victim.call(http.MethodGet, authorize+query, "")
	tok := tokenOf(t, exchange(t, h, mustQuery(t, w.Header().Get("Location")).Get("code")))
	assert.Equal(t, http.StatusForbidden, attacker.call(http.MethodGet, "api/user", "").Code)
	w = attacker.call(http.MethodGet, authorize+query, "")
	assert.Contains(t, w.Header().Get("Location"), "/hub/login?next=", "no login, no code")
	require.NoError(t, h.provider.Logout(t.Context(), h.carol, "planted"))
	assert.Equal(t, http.StatusOK, h.whoIs(t, tok), "another user's logout")
}

func TestAttackEscalatingScopes(t *testing.T) { // OA-S10, OA-29, OA-31, OA-38, OA-60
	t.Parallel()
	h := newHub(t)
	h.host.User("root", "self", "tokens", "admin:users", "access:servers")
	for _, scope := range []string{
		"inherit", "self", "admin:users", "user", "admin", "shares", "shares!user", "shares!user=alice", "shares!server=root/", "access:servers",
		"access:servers!user", "access:servers!server=alice/ admin:users", "shares!server inherit", "read:users:name", "users:shares!user=bob",
	} {
		w := h.as(t, "root").call(http.MethodGet, authorize+query+"&scope="+url.QueryEscape(scope), "")
		assert.Equal(t, "/user/alice/oauth_callback?error=invalid_scope&state=st4te", w.Header().Get("Location"), scope)
	}
	v := h.as(t, "root")
	proof := form(v.call(http.MethodGet, authorize+query, "").Body.String())["_xsrf"][0]
	for _, posted := range []string{"inherit", "self", "admin:users", "admin", "access:servers", "shares!user", "tokens"} {
		w := v.call(http.MethodPost, authorize+query, "_xsrf="+proof+"&scopes=access:servers!server&scopes="+posted, "Content-Type", formKind)
		assert.Equal(t, "/user/alice/oauth_callback?error=invalid_scope&state=st4te", w.Header().Get("Location"), posted)
	}
	w := v.call(http.MethodPost, authorize+query, "_xsrf="+proof+"&scopes=shares!server&scopes=access:servers!server", "Content-Type", formKind)
	tok := tokenOf(t, exchange(t, h, mustQuery(t, w.Header().Get("Location")).Get("code"), "scope", "inherit"))
	w = h.call(t, http.MethodGet, "api/user", "", bearer(tok)...)
	assert.Equal(t, []any{"access:servers!server=alice/", "read:users:groups!user=root", "read:users:name!user=root"}, decode(t, w.Body)["scopes"],
		"an administrator's server visit is no administrator's token")
	w = h.call(t, http.MethodPost, "api/users/root/tokens", `{}`, bearer(tok)...)
	assert.Equal(t, http.StatusForbidden, w.Code)
}

// bob's server, on the same origin, has everything that is bob's: his secret, his visitors' browsers, his own token.
func TestAttackBySiblingServer(t *testing.T) { // OA-S11, OA-S12, OA-S16
	t.Parallel()
	h := newHub(t)
	require.NoError(t, h.provider.PutClient(t.Context(), server2()))
	h.host.User("alice", "self", "access:servers!server=bob/")
	v := h.as(t, "alice")
	for _, script := range [][]string{
		{"Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Site", "same-origin"},
		{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe", "Sec-Fetch-Site", "same-origin"},
	} {
		w := v.call(http.MethodGet, authorize+query, "", script...)
		assert.Equal(t, http.StatusForbidden, w.Code)
		assert.Empty(t, w.Header().Get("Location"), "nothing to read out of response.url")
	}
	code := h.code(t)
	w := exchange(t, h, code, "client_id", server2().ID, "redirect_uri", server2().RedirectURI)
	assert.Equal(t, http.StatusBadRequest, w.Code)
	tok := tokenOf(t, exchange(t, h, code))
	got := decode(t, h.call(t, http.MethodGet, "api/user", "", bearer(tok)...).Body)["scopes"]
	assert.Contains(t, got, "access:servers!server=alice/")
	assert.NotContains(t, got, "access:servers!server=bob/", "the token of one server opens no other, though its owner may enter")
	stolen := server2()
	stolen.ID = clientID
	require.ErrorIs(t, h.provider.PutClient(t.Context(), stolen), oauth.ErrClientTaken)
}

func TestAttackGuessingWhoExists(t *testing.T) { // OA-S9, OA-52, OA-82
	t.Parallel()
	h := newHub(t)
	unknown := exchange(t, h, "c", "client_id", "jupyterhub-user-nobody")
	wrong := exchange(t, h, "c", "client_secret", "nope")
	assert.Equal(t, unknown.Code, wrong.Code)
	assert.Equal(t, unknown.Body.String(), wrong.Body.String())
	assert.Equal(t, unknown.Header(), wrong.Header())
	tok := h.token(t, h.carol)
	there := h.call(t, http.MethodPost, "api/users/alice/tokens", `{}`, bearer(tok)...)
	absent := h.call(t, http.MethodPost, "api/users/nobody/tokens", `{}`, bearer(tok)...)
	assert.Equal(t, there.Code, absent.Code)
	assert.Equal(t, strings.ReplaceAll(there.Body.String(), "alice", "X"), strings.ReplaceAll(absent.Body.String(), "nobody", "X"))
}
