package hubsim_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/scopes"
)

// OA-105, OA-106, HB-43: the field's own table of next addresses, at the login form.
func TestTheTableOfNextAddressesHoldsAtTheLogin(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	own := strings.TrimSuffix(hub.URL, "/")
	for next, want := range map[string]string{
		"/hub/admin":                    "/hub/admin",
		"/user/other":                   "/user/other",
		"/absolute":                     "/absolute",
		"/has?query#andhash":            "/has?query#andhash",
		"/has?repo=https://host.git":    "/has?repo=https://host.git",
		"/has#repo=https://host.git":    "/has#repo=https://host.git",
		own + "/other.domain/":          "/other.domain/",
		own + "//other.domain/":         "/other.domain/",
		own + "///other.domain/":        "/other.domain/",
		own + "////other.domain/":       "/other.domain/",
		"relative/path":                 "/hub/spawn",
		"https://other.domain":          "/hub/spawn",
		"ftp://other.domain":            "/hub/spawn",
		"//other.domain":                "/hub/spawn",
		"///other.domain/triple":        "/hub/spawn",
		`\\other.domain/backslashes`:    "/hub/spawn",
		own + ".evil.example/":          "/hub/spawn",
		"http://me@other.domain/" + own: "/hub/spawn",
	} {
		p := stranger(t, hub).staysPut()
		got := p.logIn(p.get("login?next="+url.QueryEscape(next)), "sharer")
		assert.Equal(t, 302, got.status, next)
		assert.Equal(t, want, got.header.Get("Location"), next)
	}
}

// OA-107, HB-42: without next the other parameters come along; with a good one they do not.
func TestWhereALoginLeads(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	for name, c := range map[string]struct{ query, user, want string }{
		"to start a server":             {"", "shared-with", "/hub/spawn"},
		"to the server that runs":       {"", "sharer", "/user/sharer/"},
		"with what else was asked":      {"?a=1&b=%26&_xsrf=2", "shared-with", "/hub/spawn?a=1&b=%26"},
		"to the server, with the rest":  {"?a=1", "sharer", "/user/sharer/?a=1"},
		"to next alone":                 {"?a=1&next=%2Fhub%2Fhome%3Fc%3D1", "sharer", "/hub/home?c=1"},
		"a bad next is as if not there": {"?a=1&next=%2F%2Fevil", "sharer", "/user/sharer/?a=1"},
	} {
		t.Run(name, func(t *testing.T) {
			p := stranger(t, hub).staysPut()
			fields, _ := p.get("login").form(t) // whose own target has next alone
			fields.Set("username", c.user)
			fields.Set("password", "x")
			query := strings.ReplaceAll(c.query, "&_xsrf=2", "") // which would be taken for the proof
			got := p.post("login"+query, fields)
			require.Equal(t, 302, got.status, got.text())
			require.Equal(t, c.want, got.header.Get("Location"))
			again := p.get("login" + c.query)
			require.Equal(t, 302, again.status, "who is logged in goes there at once")
			require.Equal(t, c.want, again.header.Get("Location"))
		})
	}
}

// OA-89, OA-91, OA-98, HB-33: the cookies are Secure where browsers come by https; the anonymous proof lives an hour and is not taken when altered.
func TestTheCookiesOfAHubBehindHTTPS(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		public, scheme string
		secure         bool
	}{
		"a plain connection":                   {"", "", false},
		"a public address of https":            {"https://hub.example", "", true},
		"a proxy that says https":              {"", "https", true},
		"a public address of http, which wins": {"http://hub.example", "https", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := hubsim.New(t, hubsim.Config{PublicURL: c.public})
			p := stranger(t, hub).staysPut()
			p.c.Jar = nil // which would not send Secure cookies over plain http
			send := func(method, cookie string, form url.Values) (page, map[string]*http.Cookie) {
				req, err := http.NewRequestWithContext(t.Context(), method, hub.HubURL()+"login", strings.NewReader(form.Encode()))
				require.NoError(t, err)
				for k, v := range map[string]string{"Cookie": cookie, "X-Scheme": c.scheme, "Content-Type": "application/x-www-form-urlencoded"} {
					if v != "" {
						req.Header.Set(k, v)
					}
				}
				got, set := p.do(req), map[string]*http.Cookie{}
				for _, line := range got.header.Values("Set-Cookie") {
					one, err := http.ParseSetCookie(line)
					require.NoError(t, err)
					require.Equal(t, c.secure, one.Secure, line)
					set[one.Name] = one
				}
				return got, set
			}
			form, set := send(http.MethodGet, "", nil)
			proof := set["_xsrf"]
			require.Equal(t, 3600, proof.MaxAge)
			require.Equal(t, "/hub/", proof.Path)
			require.False(t, proof.HttpOnly)
			fields, _ := form.form(t)
			fields.Set("username", "sharer")
			fields.Set("password", "x")

			altered := maps.Clone(fields)
			altered.Set("_xsrf", "A"+fields.Get("_xsrf"))
			got, _ := send(http.MethodPost, "_xsrf=A"+proof.Value, altered)
			require.Equal(t, 403, got.status, "it is signed")

			got, set = send(http.MethodPost, "_xsrf="+proof.Value, fields)
			require.Equal(t, 302, got.status)
			require.ElementsMatch(t, []string{"jupyterhub-hub-login", "jupyterhub-session-id", "_xsrf"}, slices.Collect(maps.Keys(set)))
			require.NotEqual(t, proof.Value, set["_xsrf"].Value, "another one than before the login")
			require.Zero(t, set["_xsrf"].MaxAge)
		})
	}
}

// OA-42, OA-57, OA-160: a challenge is checked where one was sent, can be demanded, and means nothing to an old hub. Our servers always send one.
func TestWhatAHubThinksOfChallenges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		config  string
		without string // what a client without one gets
		wrong   int    // what a wrong proof of one gets
	}{
		"by default": {`{}`, "code", 400},
		"optional":   {`{"pkce": "optional"}`, "code", 400},
		"required":   {`{"pkce": "required"}`, "error", 400},
		"off":        {`{"pkce": "off"}`, "code", 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, err := hubsim.ParseConfig([]byte(c.config))
			require.NoError(t, err)
			cfg.Addr = ""
			cfg.Users = []hubsim.User{{Name: "ann"}}
			cfg.Roles = []hubsim.Role{{Name: "user", Scopes: []string{"self", "access:services"}}}
			cfg.Services = []hubsim.Service{{
				Name: "web", APIToken: "the-secret-of-web", OAuthRedirectURI: "http://127.0.0.1:1/oauth_callback", OAuthNoConfirm: true,
			}}
			hub := hubsim.New(t, cfg)
			require.NoError(t, hub.StartServer(t.Context(), "ann", ""))
			require.Equal(t, 200, known(t, hub, "ann").get(hub.UserURL("ann", "")).status, "the server's own login")

			p := known(t, hub, "ann").staysPut()
			ask := func(more string) url.Values {
				at, err := url.Parse(p.get("api/oauth2/authorize?response_type=code&client_id=service-web" + more).header.Get("Location"))
				require.NoError(t, err)
				require.Equal(t, "127.0.0.1:1", at.Host)
				return at.Query()
			}
			require.Contains(t, ask(""), c.without)
			code := ask("&code_challenge_method=S256&code_challenge=" + strings.Repeat("A", 43)).Get("code")
			require.NotEmpty(t, code)
			got := stranger(t, hub).post("api/oauth2/token", url.Values{
				"grant_type": {"authorization_code"}, "client_id": {"service-web"}, "client_secret": {"the-secret-of-web"},
				"code": {code}, "code_verifier": {strings.Repeat("v", 43)},
			})
			require.Equal(t, c.wrong, got.status)
		})
	}
}

// OA-V7, HB-101: 5.5 takes any name without a slash, 6.0 makes servers by slugs alone.
func TestWhatANamedServerMayBeCalled(t *testing.T) {
	t.Parallel()
	both, old := []string{"lab", "a", "my-lab-2"}, []string{"Lab", "a b", "2lab", "my--lab", "lab-", "läb", strings.Repeat("a", 31)}
	for profile, c := range map[scopes.Profile]struct {
		method  string
		oldOnes int
	}{
		scopes.P55: {http.MethodPost, 201}, // which starts it
		scopes.P60: {http.MethodPut, 400},
	} {
		hub := team(t, func(c *hubsim.Config) { c.Profile = profile })
		ann := tokenFor(t, hub, "ann")
		named := func(name string) int {
			status, _ := call(t, hub, ann, c.method, "/users/ann/servers/"+url.PathEscape(name), "")
			return status
		}
		for _, name := range both {
			require.Equal(t, 201, named(name), name)
		}
		for _, name := range old {
			require.Equal(t, c.oldOnes, named(name), name)
		}
		require.Equal(t, 400, named("a/b"))
	}
}

// OA-75, OA-V6, HB-152: the keys of a server's model, which has a state only for who may read it, and a display name in 6.0.
func TestTheKeysOfAServersModel(t *testing.T) {
	t.Parallel()
	keys := []string{"full_name", "full_progress_url", "full_url", "last_activity", "name", "pending", "progress_url", "ready", "started", "stopped", "url", "user_options"}
	for profile, more := range map[scopes.Profile][]string{scopes.P55: nil, scopes.P60: {"display_name"}} {
		hub := team(t, func(c *hubsim.Config) { c.Profile = profile })
		require.NoError(t, hub.StartServer(t.Context(), "ann", ""))
		seen := func(token string) map[string]any {
			status, model := call(t, hub, token, http.MethodGet, "/users/ann", "")
			require.Equal(t, 200, status)
			return model["servers"].(map[string]any)[""].(map[string]any)
		}
		want := slices.Sorted(slices.Values(append(slices.Clone(keys), more...)))
		own := seen(tokenFor(t, hub, "ann"))
		require.Equal(t, want, slices.Sorted(maps.Keys(own)))
		require.Equal(t, "ann/", own["full_name"])
		require.Equal(t, "/user/ann/", own["url"])
		require.Equal(t, true, own["ready"])
		require.Equal(t, want, slices.Sorted(maps.Keys(seen(tokenFor(t, hub, "boss", "read:servers")))))
		state := seen(tokenFor(t, hub, "boss", "read:servers", "admin:server_state"))
		require.Equal(t, slices.Sorted(slices.Values(append(want, "state"))), slices.Sorted(maps.Keys(state)))
	}
}

// OA-E7, OA-E10, OA-E13, OA-E14, OA-E21, OA-116, HB-103: all that a server is told. Nothing of it is about administrators' access (OA-E19), certificates
// (OA-E20) or resources (OA-E22) unless configured.
func TestTheEnvironmentOfAServer(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{
		BaseURL: "/@/space%20word/", PublicURL: "https://hub.example", Users: []hubsim.User{{Name: "a@b"}}, AllowNamedServers: true,
		SingleUser: hubsim.SingleUser{OAuthClientAllowedScopes: []string{"read:users!user", "shares!server"}, DefaultURL: "/lab"},
	})
	require.NoError(t, hub.StartServer(t.Context(), "a@b", "x y"))
	env, err := hub.ServerEnv("a@b", "x y")
	require.NoError(t, err)
	token := ""
	for _, pair := range env {
		if k, v, _ := strings.Cut(pair, "="); k == "JUPYTERHUB_API_TOKEN" {
			token = v
		}
	}
	require.True(t, alive(t, hub, token))
	const prefix = "/@/space%20word/user/a@b/x%20y/"
	const access = `["access:servers!server=a@b/x y","access:servers!user=a@b"]`
	require.Equal(t, []string{
		"JPY_API_TOKEN=" + token,
		"JUPYTERHUB_ACTIVITY_URL=" + hub.APIURL() + "/users/a@b/activity",
		"JUPYTERHUB_API_TOKEN=" + token,
		"JUPYTERHUB_API_URL=" + hub.APIURL(),
		"JUPYTERHUB_BASE_URL=/@/space%20word/",
		"JUPYTERHUB_CLIENT_ID=jupyterhub-user-a%40b-x%20y",
		"JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED=0",
		"JUPYTERHUB_DEFAULT_URL=/lab",
		"JUPYTERHUB_HOST=",
		`JUPYTERHUB_OAUTH_ACCESS_SCOPES=` + access,
		"JUPYTERHUB_OAUTH_CALLBACK_URL=" + prefix + "oauth_callback",
		`JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES=["read:users!user","shares!server"]`,
		`JUPYTERHUB_OAUTH_SCOPES=` + access,
		"JUPYTERHUB_PUBLIC_HUB_URL=https://hub.example/@/space%20word/hub/",
		"JUPYTERHUB_PUBLIC_URL=https://hub.example" + prefix,
		"JUPYTERHUB_SERVER_NAME=x y",
		"JUPYTERHUB_SERVICE_PREFIX=" + prefix,
		"JUPYTERHUB_USER=a@b",
		"USER=a@b",
	}, env)
}

// OA-12, OA-187, OA-11: a server that starts again may ask what it could ask before; its client ends when it stops.
func TestAServerThatStartsAgainKeepsWhatItMayAsk(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	for range 2 {
		require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
		p := known(t, hub, "sharer")
		token := p.get(hub.UserURL("sharer", "")).labConfig(t)["token"].(string)
		_, me := call(t, hub, token, http.MethodGet, "/user", "")
		require.Contains(t, me["scopes"], "shares!server=sharer/")
		require.NoError(t, hub.StopServer(t.Context(), "sharer", ""))
		require.False(t, alive(t, hub, token))
		gone := p.staysPut().get("api/oauth2/authorize?client_id=jupyterhub-user-sharer&redirect_uri=%2Fuser%2Fsharer%2Foauth_callback&response_type=code")
		require.Equal(t, 400, gone.status)
	}
}

// OA-88, HB-63: the token page lists tokens and, one line for each, the applications; its script makes and revokes by the API, with the page's proof.
func TestTheTokenPageListsTokensAndApplications(t *testing.T) {
	t.Parallel()
	clock := hubsim.NewFakeClock(time0)
	hub := hubsim.New(t, hubsim.Config{Clock: clock})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	p := known(t, hub, "sharer")
	for range 2 { // the application gets two tokens
		browser := known(t, hub, "sharer")
		require.Equal(t, 200, browser.get(hub.UserURL("sharer", "")).status)
		clock.Advance(time.Hour)
	}
	page := p.get("token")
	labels := []string{}
	options := page.byID("token-expiration-seconds")
	for c := range options.ChildNodes() {
		if c.Data == "option" {
			labels = append(labels, text(c))
		}
	}
	require.Equal(t, []string{"1 Hour", "1 Day", "1 Week", "1 Month", "1 Year", "Never"}, labels)
	require.Equal(t, 1, strings.Count(text(page.byID("oauth-clients-section")), "Server at /user/sharer/"))
	apps := page.byID("oauth-tokens-table")
	require.NotNil(t, apps)
	require.Equal(t, 1, strings.Count(text(apps), "revoke"), "one button for the two tokens")
	require.NotContains(t, text(page.byID("api-tokens-section")), "my laptop")

	proof := p.cookie("_xsrf").Value
	send := func(method, path, body string) int {
		req, err := http.NewRequestWithContext(t.Context(), method, hub.APIURL()+path+"?_xsrf="+url.QueryEscape(proof), strings.NewReader(body))
		require.NoError(t, err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Sec-Fetch-Mode", "cors")
		return p.do(req).status
	}
	require.Equal(t, 201, send(http.MethodPost, "/users/sharer/tokens", `{"note": "my laptop", "expires_in": 3600}`))
	page = p.get("token")
	require.Contains(t, text(page.byID("api-tokens-section")), "my laptop")
	id := ""
	for _, row := range page.all("tr", "token-row") {
		if strings.Contains(text(row), "Server at /user/sharer/") && attr(row.Parent.Parent, "id") == "oauth-tokens-table" {
			id = attr(row, "data-token-id")
		}
	}
	require.Equal(t, 204, send(http.MethodDelete, "/users/sharer/tokens/"+id, ""))
	page = p.get("token")
	require.Nil(t, page.byID("oauth-clients-section"), "OA-86: all of the application's tokens went")
	require.Contains(t, text(page.byID("api-tokens-section")), "my laptop")
}

// OA-161, HB-165: the scripted browser says what a browser says of a page that its user opens, and keeps to the paths of cookies.
func TestTheScriptedBrowser(t *testing.T) {
	t.Parallel()
	heard := make(chan http.Header, 2)
	svc := newWhoami(t)
	svc.handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { heard <- r.Header })
	hub := hubsim.New(t, hubsim.Config{BaseURL: "/a%20b/", Services: []hubsim.Service{{Name: "web", URL: svc.URL}}, Users: []hubsim.User{{Name: "ann"}}})
	p := known(t, hub, "ann")
	require.Equal(t, 200, p.get(hub.ServiceURL("web")).status)
	got := <-heard
	require.Equal(t, "navigate", got.Get("Sec-Fetch-Mode"))
	require.Equal(t, "document", got.Get("Sec-Fetch-Dest"))
	require.Contains(t, got.Get("Accept"), "text/html")
	require.NotContains(t, got.Get("Cookie"), "jupyterhub-hub-login", "HB-34: which is the hub's alone")
	require.Contains(t, got.Get("Cookie"), "jupyterhub-session-id=")

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, hub.ServiceURL("web"), nil)
	require.NoError(t, err)
	req.Header.Set("Sec-Fetch-Mode", "cors")
	req.Header.Set("Sec-Fetch-Dest", "empty")
	require.Equal(t, 200, p.do(req).status)
	got = <-heard
	require.Equal(t, []string{"cors", "empty"}, []string{got.Get("Sec-Fetch-Mode"), got.Get("Sec-Fetch-Dest")}, "what a test says itself stays")
	require.Empty(t, stranger(t, hub).cookie("jupyterhub-session-id"))
}
