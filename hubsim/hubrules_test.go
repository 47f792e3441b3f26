package hubsim_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/internal/testlog"
)

// HB-1: the public listener serves the proxy, the hub and the API that servers are told of. A hub in a test takes a free port of this machine, the program 8000.
func TestOneListenerServesAll(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	at, err := url.Parse(hub.URL)
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1", at.Hostname())
	assert.NotEqual(t, "0", at.Port())
	assert.Equal(t, hub.URL+"hub/api", hub.APIURL())
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	env, err := hub.ServerEnv("sharer", "")
	require.NoError(t, err)
	assert.Contains(t, env, "JUPYTERHUB_API_URL="+hub.APIURL())
	program, err := hubsim.ParseConfig([]byte(`{}`))
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1:8000", program.Addr)
}

// HB-10, HB-13, HB-14, HB-16: where addresses lead whoever is logged in; "" is nowhere.
func TestWhereTheHubsOwnAddressesLead(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{BaseURL: "/b/", Users: []hubsim.User{{Name: "a@b"}}})
	user := known(t, hub, "a@b").staysPut()
	for path, want := range map[string]struct {
		status   int
		location string
	}{
		"":                         {302, "/b/hub/"},
		"?x=1":                     {302, "/b/hub/?x=1"},
		"hub":                      {301, "/b/hub/"},
		"hub/home":                 {200, ""},
		"hub/token":                {200, ""},
		"hub/user-redirect/lab":    {302, "/b/hub/spawn/a@b?next=%2Fb%2Fuser%2Fa%40b%2Flab"},
		"hub/user-redirect/a?x=1":  {302, "/b/hub/spawn/a@b?next=%2Fb%2Fuser%2Fa%40b%2Fa%3Fx%3D1"},
		"hub/accept-share?code=no": {404, ""},
	} {
		got := user.get(hub.URL + path)
		assert.Equal(t, want.status, got.status, path)
		assert.Equal(t, want.location, got.header.Get("Location"), path)
	}
	status, _, _ := askAt(t, hub.HubURL()+"login", http.MethodHead, "")
	assert.Equal(t, 405, status)
	// HB-16: anonymous ones log in first, and come back.
	back := stranger(t, hub).staysPut().get("user-redirect/lab").header.Get("Location")
	assert.Equal(t, "/b/hub/login?next=%2Fb%2Fhub%2Fuser-redirect%2Flab", back)
}

// HB-9: models have their lists in order, whatever the order in which the hub came to know of them.
func TestListsInModelsAreSorted(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{
		Users:  []hubsim.User{{Name: "ann"}},
		Groups: []hubsim.Group{{Name: "zoo", Users: []string{"ann"}}, {Name: "art", Users: []string{"ann"}}},
		Roles: []hubsim.Role{{Name: "writer", Users: []string{"ann"}, Scopes: []string{"read:users:name", "list:users"}},
			{Name: "author", Users: []string{"ann"}, Scopes: []string{"list:groups"}}},
	})
	status, me := call(t, hub, tokenFor(t, hub, "ann"), http.MethodGet, "/user", "")
	require.Equal(t, 200, status)
	assert.Equal(t, []any{"art", "zoo"}, me["groups"])
	assert.Equal(t, []any{"author", "user", "writer"}, me["roles"])
	require.NotEmpty(t, me["scopes"])
	assert.IsIncreasing(t, texts(me["scopes"]))
}

func texts(list any) (out []string) {
	for _, x := range list.([]any) {
		out = append(out, x.(string))
	}
	return out
}

// HB-81: only a hub that has a public address tells whole ones.
func TestWholeAddressesNeedAPublicOne(t *testing.T) {
	t.Parallel()
	for public, want := range map[string]string{"": "", "https://hub.example": "https://hub.example"} {
		hub := hubsim.New(t, hubsim.Config{PublicURL: public, BaseURL: "/b/"})
		require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
		token := tokenFor(t, hub, "sharer")
		_, user := call(t, hub, token, http.MethodGet, "/users/sharer", "")
		server := user["servers"].(map[string]any)[""].(map[string]any)
		_, code := call(t, hub, token, http.MethodPost, "/share-codes/sharer/", "")
		for _, c := range []struct {
			model      map[string]any
			full, part string
		}{{server, "full_url", "url"}, {server, "full_progress_url", "progress_url"}, {code, "full_accept_url", "accept_url"}} {
			require.Contains(t, c.model, c.full)
			if public == "" {
				assert.Nil(t, c.model[c.full], c.full)
			} else {
				assert.Equal(t, want+c.model[c.part].(string), c.model[c.full])
			}
		}
	}
}

// HB-83, HB-87: the way to a server that does not run is the login, then a page; to one that starts, the page that waits. None of it is activity.
func TestTheWayToAServerThatIsNotThere(t *testing.T) {
	t.Parallel()
	clock := hubsim.NewFakeClock(time0)
	hub := hubsim.New(t, hubsim.Config{Users: []hubsim.User{{Name: "ann"}}, Clock: clock,
		Limits: hubsim.Limits{SpawnPageWait: -1, SlowSpawnTimeout: -1}, Faults: []hubsim.Fault{hubsim.SpawnHang()}})
	step := func(p *person, path string) (int, string) {
		got := p.staysPut().get(strings.TrimSuffix(hub.URL, "/") + path)
		return got.status, got.header.Get("Location")
	}
	guest, ann := stranger(t, hub), known(t, hub, "ann")
	for _, p := range []*person{guest, ann} {
		status, location := step(p, "/user/ann/lab?x=1")
		assert.Equal(t, 302, status)
		assert.Equal(t, "/hub/user/ann/lab?x=1", location)
	}
	status, location := step(guest, "/hub/user/ann/lab?x=1")
	assert.Equal(t, 302, status)
	assert.Equal(t, "/hub/login?next=%2Fhub%2Fuser%2Fann%2Flab%3Fx%3D1", location)
	status, _ = step(ann, "/hub/user/ann/lab?x=1")
	assert.Equal(t, 424, status)

	token := tokenFor(t, hub, "ann")
	began, _ := call(t, hub, token, http.MethodPost, "/users/ann/server", "")
	require.Equal(t, 202, began)
	lastActivity := func() any {
		_, user := call(t, hub, token, http.MethodGet, "/users/ann", "")
		require.Contains(t, user, "servers", "%v", user)
		return user["servers"].(map[string]any)[""].(map[string]any)["last_activity"]
	}
	before := lastActivity()
	clock.Advance(40 * time.Second)
	status, location = step(ann, "/hub/user/ann/lab?x=1")
	assert.Equal(t, 303, status)
	assert.Equal(t, "/hub/spawn-pending/ann?next=%2Fhub%2Fuser%2Fann%2Flab%3Fx%3D1", location)
	assert.Equal(t, before, lastActivity())
}

// HB-107: a server's own token may what role server may, or what is configured and the owner holds; telling of activity always.
func TestWhatAServersTokenMay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		configured []string
		want       []string
	}{
		"by default": {nil, []string{"access:servers!server=ann/", "users:activity!user=ann"}},
		"configured": {[]string{"read:servers!server", "admin:users"}, []string{"read:servers!server=ann/", "users:activity!user=ann"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := hubsim.New(t, hubsim.Config{Users: []hubsim.User{{Name: "ann"}}, SingleUser: hubsim.SingleUser{ServerTokenScopes: c.configured}})
			_, me := call(t, hub, serverToken(t, hub, "ann"), http.MethodGet, "/user", "")
			held := texts(me["scopes"])
			assert.Subset(t, held, c.want)
			assert.NotContains(t, held, "admin:users")
		})
	}
}

// serverToken starts a user's server and gives the token that it was told.
func serverToken(t *testing.T, hub *hubsim.Hub, user string) string {
	t.Helper()
	require.NoError(t, hub.StartServer(t.Context(), user, ""))
	env, err := hub.ServerEnv(user, "")
	require.NoError(t, err)
	for _, pair := range env {
		if token, ok := strings.CutPrefix(pair, "JUPYTERHUB_API_TOKEN="); ok {
			return token
		}
	}
	require.Fail(t, "no token")
	return ""
}

// HB-112: a server's client has the same name at each start, and another secret.
func TestAServersSecretIsForOneRun(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	first := serverToken(t, hub, "sharer")
	require.NoError(t, hub.StopServer(t.Context(), "sharer", ""))
	second := serverToken(t, hub, "sharer")
	assert.NotEqual(t, first, second)
	for secret, want := range map[string]string{first: "invalid_client", second: "invalid_grant"} {
		got := stranger(t, hub).post("api/oauth2/token", url.Values{"grant_type": {"authorization_code"}, "client_id": {"jupyterhub-user-sharer"},
			"client_secret": {secret}, "code": {"none"}, "redirect_uri": {"/user/sharer/oauth_callback"}})
		assert.Contains(t, got.body, want)
		assert.Contains(t, got.header.Get("Cache-Control"), "no-store", "HB-184")
	}
}

// HB-70, HB-108, HB-111, HB-122: what pages may is cut to what their visitors hold, for two weeks; whoever has agreed once, or owns the server, is not asked.
func TestWhatThePagesOfAServerMay(t *testing.T) {
	t.Parallel()
	clock := hubsim.NewFakeClock(time0)
	hub := hubsim.New(t, hubsim.Config{Clock: clock})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	const authorize = "api/oauth2/authorize?client_id=jupyterhub-user-sharer&redirect_uri=%2Fuser%2Fsharer%2Foauth_callback&response_type=code&state=s"
	asked := func(user string) bool {
		got := known(t, hub, user).staysPut().get(authorize)
		if got.status == 302 {
			require.Contains(t, got.header.Get("Location"), "/user/sharer/oauth_callback?code=")
		}
		return got.status == 200
	}
	assert.False(t, asked("sharer"), "HB-70: it is theirs")
	owner, err := hub.PageToken(t.Context(), "sharer", "sharer", "")
	require.NoError(t, err)
	code, err := hub.NewShareCode("sharer", "")
	require.NoError(t, err)
	guest := known(t, hub, "shared-with")
	guest.submit(guest.get(hub.AcceptURL(code)), nil)
	assert.True(t, asked("shared-with"))
	page, err := hub.PageToken(t.Context(), "shared-with", "sharer", "")
	require.NoError(t, err)
	assert.False(t, asked("shared-with"), "HB-70: they have agreed")

	for _, path := range []string{"/shares/sharer/", "/share-codes/sharer/"} {
		for token, want := range map[string]int{owner: 200, page: 403} {
			status, _ := call(t, hub, token, http.MethodGet, path, "")
			assert.Equal(t, want, status, path)
		}
	}
	for token, other := range map[string]string{owner: "shared-with", page: "sharer"} {
		status, _ := call(t, hub, token, http.MethodGet, "/users/"+other, "")
		assert.Equal(t, 404, status, "nobody's page may look at others")
	}
	status, refused := call(t, hub, owner, http.MethodPost, "/shares/sharer/", `{"user": "shared-with"}`)
	assert.Equal(t, 403, status)
	assert.Contains(t, refused["message"], "Need scope 'read:users:name' to share with users by name")
	_, me := call(t, hub, page, http.MethodGet, "/user", "")
	assert.Equal(t, []string{"access:servers!server=sharer/", "read:users:groups!user=shared-with", "read:users:name!user=shared-with"}, texts(me["scopes"]))

	// HB-111
	_, list := call(t, hub, tokenFor(t, hub, "shared-with"), http.MethodGet, "/users/shared-with/tokens", "")
	found := false
	for _, x := range list["api_tokens"].([]any) {
		token := x.(map[string]any)
		if token["oauth_client"] != "Server at /user/sharer/" {
			continue
		}
		found = true
		assert.Equal(t, "", token["note"])
		assert.NotNil(t, token["session_id"])
		made, err := time.Parse(time.RFC3339, token["created"].(string))
		require.NoError(t, err)
		ends, err := time.Parse(time.RFC3339, token["expires_at"].(string))
		require.NoError(t, err)
		assert.Equal(t, 14*24*time.Hour, ends.Sub(made))
	}
	assert.True(t, found, "%v", list)
	clock.Advance(14*24*time.Hour + time.Second)
	assert.False(t, alive(t, hub, page))
}

// HB-109: a client's proof is in the form, and what it sends as a header besides is nothing to the token endpoint.
func TestATokenRequestIgnoresTheHeaderOfAServer(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	secret := serverToken(t, hub, "sharer")
	for _, header := range []string{"", "token " + secret, "token nonsense"} {
		back := known(t, hub, "sharer").staysPut().get("api/oauth2/authorize?client_id=jupyterhub-user-sharer&redirect_uri=%2Fuser%2Fsharer%2Foauth_callback&response_type=code&state=s")
		at, err := url.Parse(back.header.Get("Location"))
		require.NoError(t, err)
		form := url.Values{"grant_type": {"authorization_code"}, "client_id": {"jupyterhub-user-sharer"}, "client_secret": {secret},
			"code": {at.Query().Get("code")}, "redirect_uri": {"/user/sharer/oauth_callback"}}
		status, body, _ := askAt(t, hub.HubURL()+"api/oauth2/token", http.MethodPost, form.Encode(), "Authorization", header,
			"Content-Type", "application/x-www-form-urlencoded")
		assert.Equal(t, 200, status, "%q: %s", header, body)
	}
}

// HB-202: each request is one line, without its secrets.
func TestTheLogHasALineForEachRequest(t *testing.T) {
	t.Parallel()
	log := &testlog.Log{}
	hub := hubsim.New(t, hubsim.Config{Logger: slog.New(slog.NewJSONHandler(log, nil))})
	id, err := hub.AddFault(hubsim.Fault{Path: "/hub/home*", Status: 418})
	require.NoError(t, err)
	known(t, hub, "sharer").get("home?code=hush1&token=hush2&_xsrf=hush3&state=hush4&x=1")
	require.NotContains(t, log.String(), "hush")
	for line := range strings.Lines(log.String()) {
		var entry map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &entry))
		if entry["msg"] != "request" || entry["fault"] == nil {
			continue
		}
		assert.Equal(t, []any{418.0, "GET", "sharer", float64(id)}, []any{entry["status"], entry["method"], entry["user"], entry["fault"]})
		assert.True(t, strings.HasPrefix(entry["path"].(string), "/hub/home?") && strings.Contains(entry["path"].(string), "x=1"), "%v", entry["path"])
		assert.Contains(t, entry, "time")
		assert.Contains(t, entry, "ms")
		return
	}
	require.Fail(t, "no line", "%s", log)
}
