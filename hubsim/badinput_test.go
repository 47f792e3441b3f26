package hubsim_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// SH-142, SH-143, HB-64: what the accept page says about codes that are no good. Nothing of it changes anything.
func TestTheAcceptPageRefusesCodesThatAreNoGood(t *testing.T) {
	t.Parallel()
	clock := hubsim.NewFakeClock(time0)
	hub := hubsim.New(t, hubsim.Config{Clock: clock})
	old, err := hub.NewShareCode("sharer", "")
	require.NoError(t, err)
	clock.Advance(24*time.Hour - time.Second)
	own, err := hub.NewShareCode("sharer", "")
	require.NoError(t, err)
	owner, guest := known(t, hub, "sharer"), known(t, hub, "shared-with")

	form, _ := guest.get(hub.AcceptURL(old)).form(t) // one second to go
	clock.Advance(time.Second)

	for name, c := range map[string]struct {
		got    page
		status int
		says   string
	}{
		"GET with an unknown code":        {guest.get("accept-share?code=" + strings.Repeat("A", 43)), 404, "Share not found or expired"},
		"GET with what cannot be a code":  {guest.get("accept-share?code=%3Cb%3E"), 404, "Share not found or expired"},
		"GET with an expired code, SH-21": {guest.get(hub.AcceptURL(old)), 404, "Share not found or expired"},
		"GET without a code":              {guest.get("accept-share"), 400, "Missing argument code"},
		"GET with one's own code, SH-144": {owner.get(hub.AcceptURL(own)), 403, "You can't share with yourself!"},
		"POST with an expired code":       {guest.post(hub.AcceptURL(old), form), 400, "Invalid share code: " + old},
		"POST with markup for a code":     {guest.post("accept-share", url.Values{"_xsrf": form["_xsrf"], "code": {`<img src=x>`}}), 400, `Invalid share code: <img src=x>`},
		"POST without proof, HB-40":       {guest.post(hub.AcceptURL(own), url.Values{"code": {own}}), 403, "'_xsrf' argument missing from POST"},
		"POST with somebody else's proof": {owner.post(hub.AcceptURL(own), url.Values{"code": {own}, "_xsrf": form["_xsrf"]}), 403, "XSRF cookie does not match POST argument"},
		"anonymous POST":                  {stranger(t, hub).post(hub.AcceptURL(own), url.Values{"code": {own}}), 403, "'_xsrf' argument missing from POST"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.status, c.got.status)
			assert.Contains(t, c.got.text(), c.says)
			assert.Empty(t, c.got.all("img", "injected"))
			for _, n := range c.got.all("img", "") {
				assert.NotEqual(t, "x", attr(n, "src"), "markup was not escaped")
			}
		})
	}
	// SH-143: one's own code, with proof.
	proof, _ := owner.get("home").form0()
	got := owner.post(hub.AcceptURL(own), url.Values{"code": {own}, "_xsrf": {proof}})
	require.Equal(t, 400, got.status)
	require.Contains(t, got.text(), "You can't share with yourself!")

	token, err := hub.Token("sharer")
	require.NoError(t, err)
	_, list := call(t, hub, token, http.MethodGet, "/shares/sharer", "")
	require.Empty(t, list["items"])
}

// form0 finds the page's XSRF value in the hub's page data.
func (p page) form0() (xsrf string, ok bool) {
	_, rest, ok := strings.Cut(p.body, "xsrf_token")
	if !ok {
		return "", false
	}
	for _, part := range strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune(`"': ,}`, r) }) {
		return part, true
	}
	return "", false
}

// HB-43, SH-150, SH-151: next leads nowhere but to this host, after login and after accepting.
func TestNextStaysOnThisHost(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	host := strings.TrimSuffix(strings.TrimPrefix(hub.URL, "http://"), "/")
	code, err := hub.NewShareCode("sharer", "")
	require.NoError(t, err)
	for next, want := range map[string]string{
		"https://other.example/":  "",
		"//other.example/x":       "",
		"///other.example/x":      "",
		`\\other.example/x`:       "/%5C%5Cother.example/x",
		"/\\other.example":        "/%5Cother.example",
		"relative":                "",
		"/\tx":                    "",
		"javascript:alert(1)":     "",
		"http://" + host + "//x/": "/x/",
		"//" + host + "@evil/":    "",
		"/has?q=https://h":        "/has?q=https://h",
	} {
		if strings.HasPrefix(next, `\\`) {
			want = "" // it becomes a relative path
		}
		t.Run(next, func(t *testing.T) {
			p := stranger(t, hub).staysPut()
			got := p.logIn(p.get("login?next="+url.QueryEscape(next)), "sharer")
			require.Equal(t, 302, got.status)
			if want == "" {
				require.True(t, strings.HasPrefix(got.header.Get("Location"), "/hub/spawn"), got.header.Get("Location"))
			} else {
				require.Equal(t, want, got.header.Get("Location"))
			}
			guest := known(t, hub, "shared-with").staysPut()
			got = guest.submit(guest.get(hub.AcceptURL(code)+"&next="+url.QueryEscape(next)), nil)
			require.Equal(t, 302, got.status)
			if want == "" {
				want = "/user/sharer/"
			}
			require.Equal(t, want, got.header.Get("Location"))
		})
	}
}

// OA-52, OA-55, HB-110: the token endpoint, asked by somebody who overheard things.
func TestTheTokenEndpointRefusesStolenGoods(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	p := known(t, hub, "sharer").staysPut()
	// The owner is not asked (OA-34), so the redirect carries a code at once.
	got := p.get("api/oauth2/authorize?client_id=jupyterhub-user-sharer&redirect_uri=%2Fuser%2Fsharer%2Foauth_callback&response_type=code&state=s")
	require.Equal(t, 302, got.status, got.text())
	to, err := url.Parse(got.header.Get("Location"))
	require.NoError(t, err)
	require.Equal(t, "/user/sharer/oauth_callback", to.Path)
	form := url.Values{"grant_type": {"authorization_code"}, "code": to.Query()["code"], "client_id": {"jupyterhub-user-sharer"},
		"redirect_uri": {"/user/sharer/oauth_callback"}, "client_secret": {"wrong-secret"}}
	got = p.post("api/oauth2/token", form)
	require.Equal(t, 401, got.status)
	require.Equal(t, `Bearer error="invalid_client"`, got.header.Get("WWW-Authenticate"))
	require.Contains(t, got.body, `"invalid_client"`)

}

// OA-138, OA-S6: a callback address that was overheard is of no use in another browser, nor a second time in the same.
func TestAnOverheardCallbackIsOfNoUse(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	p := known(t, hub, "sharer").staysPut()
	at := hub.UserURL("sharer", "") + "lab"
	for !strings.Contains(at, "/oauth_callback?code=") {
		got := p.get(at)
		require.Equal(t, 302, got.status, "%s: %s", at, got.text())
		next, err := got.url.Parse(got.header.Get("Location"))
		require.NoError(t, err)
		at = next.String()
	}
	thief := stranger(t, hub).staysPut()
	got := thief.get(at)
	require.Equal(t, 403, got.status)
	require.Empty(t, got.header.Values("Set-Cookie"))

	require.Equal(t, 302, p.get(at).status)
	again := p.get(at)
	require.Equal(t, 302, again.status, "somebody who is logged in already is sent on without an exchange")
	require.True(t, strings.HasPrefix(again.header.Get("Location"), "/user/sharer/"), again.header.Get("Location"))
}

// HB-71, OA-22: the authorize page never redirects to an address that is not registered.
func TestAuthorizeDoesNotRedirectElsewhere(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	p := known(t, hub, "sharer").staysPut()
	for name, query := range map[string]string{
		"another path":   "client_id=jupyterhub-user-sharer&redirect_uri=%2Fuser%2Fsharer%2Foauth_callback2&response_type=code",
		"another host":   "client_id=jupyterhub-user-sharer&redirect_uri=https%3A%2F%2Fevil%2Fuser%2Fsharer%2Foauth_callback&response_type=code",
		"unknown client": "client_id=jupyterhub-user-nobody&response_type=code",
		"no client":      "response_type=code",
	} {
		got := p.get("api/oauth2/authorize?" + query)
		assert.Equal(t, 400, got.status, name)
		assert.Empty(t, got.header.Get("Location"), name)
	}
}

// HB-32: a form that is too old, or was shown to somebody else, can be sent again at once.
func TestALoginFormWithoutProofIsShownAgain(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	p := stranger(t, hub)
	got := p.post("login?next=", url.Values{"username": {"sharer"}, "password": {"x"}})
	require.Equal(t, 403, got.status)
	require.Contains(t, got.text(), "Login form invalid or expired. Try again.")
	require.Equal(t, 200, p.logIn(got, "sharer").status)
	require.Equal(t, 200, p.get("home").status)
}

// HB-25, HB-31
func TestNamesThatCannotLogIn(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{AllowedUsers: []string{"sharer"}, Password: "long enough"})
	for name, password := range map[string]string{"": "long enough", "a/b": "long enough", "..": "long enough", "a\x00b": "long enough", "stranger": "long enough", "sharer": "wrong"} {
		p := stranger(t, hub)
		got := p.submit(p.get("login"), url.Values{"username": {name}, "password": {password}})
		require.Equal(t, 403, got.status, name)
		require.Contains(t, got.text(), "Invalid username or password")
		require.Equal(t, "Sign in", p.get("home").heading())
	}
}

// HB-196: paths that mean nothing are the client's fault.
func TestBrokenPathsAreRefused(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	for _, path := range []string{"%zz", "hub/%zz", "hub/api/shares/%ff/", "user/%zz/", "hub/api/users/%"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, hub.URL, nil)
		require.NoError(t, err)
		req.URL.Opaque = req.URL.Path + path
		res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, res.Body)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, 400, res.StatusCode, path)
	}
}

// HB-34, OA-92: a login cookie that was not made here is nobody's.
func TestForgedCookiesAreNobody(t *testing.T) {
	t.Parallel()
	hub, other := hubsim.New(t, hubsim.Config{}), hubsim.New(t, hubsim.Config{})
	foreign, err := other.LoginCookies("sharer")
	require.NoError(t, err)
	forged := base64.RawURLEncoding.EncodeToString([]byte("u1:0000"))
	for _, value := range []string{foreign[0].Value, forged, forged + ".0." + forged, ""} {
		p := stranger(t, hub)
		u, err := url.Parse(hub.HubURL())
		require.NoError(t, err)
		p.c.Jar.SetCookies(u, []*http.Cookie{{Name: "jupyterhub-hub-login", Value: value, Path: "/hub/"}})
		require.Equal(t, "Sign in", p.get("home").heading(), value)
	}
}

// HB-32: a form that was open while somebody logged in elsewhere in the same browser is shown again, and then works.
func TestALoginFormFromBeforeAnotherLoginIsShownAgain(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	p := stranger(t, hub)
	old := p.get("login")
	require.Equal(t, 200, p.logIn(p.get("login"), "sharer").status)
	got := p.logIn(old, "shared-with")
	require.Equal(t, 403, got.status)
	require.Contains(t, p.get("home").text(), "sharer")
	require.Equal(t, 200, p.logIn(got, "shared-with").status)
	require.Contains(t, p.get("home").text(), "shared-with")
}

// HB-6: every answer of the hub says which version it is, redirects and refusals included.
func TestEveryAnswerNamesTheVersion(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Version: "5.9.9"})
	p := stranger(t, hub).staysPut()
	for _, path := range []string{hub.URL, "", "login", "home", "nosuch", "api", "api/nosuch", "api/user", "health", "accept-share", "api/shares/sharer/", "api/oauth2/authorize", "logo", hub.URL + "user/sharer/"} {
		require.Equal(t, "5.9.9", p.get(path).header.Get("X-JupyterHub-Version"), path)
	}
}
