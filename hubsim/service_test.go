package hubsim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/oauth/hubauth"
	"github.com/hubshare/hubshare/scopes"
)

const svcToken = "a-token-that-an-operator-chose"

// A wrong service is refused with its field's name, before anything is started (HB-159).
func TestServicesAreChecked(t *testing.T) {
	t.Parallel()
	one := func(s hubsim.Service) hubsim.Config {
		if s.Name == "" {
			s.Name = "a"
		}
		return hubsim.Config{Services: []hubsim.Service{s}}
	}
	for name, c := range map[string]struct {
		cfg  hubsim.Config
		want string
	}{
		"no name":                            {hubsim.Config{Services: []hubsim.Service{{}}}, "Services[0].Name: a service needs one"},
		"a name with a slash":                {one(hubsim.Service{Name: "a/b"}), "Services[0].Name"},
		"a name that paths lose":             {one(hubsim.Service{Name: ".."}), "Services[0].Name"},
		"a name with a line in it":           {one(hubsim.Service{Name: "a\nb"}), "control"},
		"a name too long":                    {one(hubsim.Service{Name: strings.Repeat("x", 201)}), "200 bytes"},
		"the same name twice":                {hubsim.Config{Services: []hubsim.Service{{Name: "a"}, {Name: "a"}}}, "Services[1].Name"},
		"the same client twice":              {hubsim.Config{Services: []hubsim.Service{{Name: "a", URL: "http://x"}, {Name: "b", URL: "http://y", OAuthClientID: "service-a"}}}, "Services[1].OAuthClientID"},
		"an address without a scheme":        {one(hubsim.Service{URL: "127.0.0.1:80"}), "URL"},
		"an address of another scheme":       {one(hubsim.Service{URL: "ftp://127.0.0.1"}), "URL"},
		"an address without a host":          {one(hubsim.Service{URL: "http:///x"}), "URL"},
		"an address with a password":         {one(hubsim.Service{URL: "http://me:secret@host"}), "URL"},
		"any port of another machine":        {one(hubsim.Service{URL: "http://example.org:0"}), "free port"},
		"a token that is too short":          {one(hubsim.Service{APIToken: "1234567"}), "APIToken"},
		"a client id that is a server's":     {one(hubsim.Service{OAuthClientID: "jupyterhub-user-a"}), "must begin with service-"}, // OA-3
		"a client id that no cookie can be":  {one(hubsim.Service{Name: "a b", URL: "http://x"}), "name of a cookie"},
		"a client without an address":        {one(hubsim.Service{OAuthNoConfirm: true}), "OAuthRedirectURI"}, // OA-5
		"a redirect address that is none":    {one(hubsim.Service{OAuthRedirectURI: "//evil"}), "Services[0]"},
		"a scope that does not exist":        {one(hubsim.Service{URL: "http://x", OAuthClientAllowedScopes: []string{"none"}}), "OAuthClientAllowedScopes"},
		"a command without a program":        {one(hubsim.Service{Command: []string{""}}), "Command"},
		"a directory without a command":      {one(hubsim.Service{Cwd: "/"}), "Cwd"},
		"a variable without a name":          {one(hubsim.Service{Environment: map[string]string{"": "x"}}), "Environment"},
		"a variable with a sign in its name": {one(hubsim.Service{Environment: map[string]string{"A=B": "x"}}), "Environment"},
		"a role for a missing service":       {hubsim.Config{Roles: []hubsim.Role{{Name: "r-1", Services: []string{"s"}}}}, "Roles[0]: no such service: s"}, // SC-325
		"two services of one token":          {hubsim.Config{Services: []hubsim.Service{{Name: "a", APIToken: svcToken}, {Name: "b", APIToken: svcToken}}}, "Services[1].APIToken"},
		"a program that is not there":        {one(hubsim.Service{Command: []string{"no-such-program-anywhere"}}), "service a: start no-such-program-anywhere"},
		"the old shape of a new hub":         {hubsim.Config{Docs2: true, Profile: scopes.P60}, "Docs2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub, err := hubsim.Start(t.Context(), c.cfg)
			if err == nil {
				require.NoError(t, hub.Close())
			}
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "\n", "one line")
			assert.NotContains(t, err.Error(), "secret")
			assert.NotContains(t, err.Error(), svcToken)
		})
	}
}

func TestAServicePrintsWithoutItsSecrets(t *testing.T) {
	t.Parallel()
	s := hubsim.Service{Name: "a", APIToken: svcToken, Environment: map[string]string{"KEY": svcToken}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		assert.NotContains(t, fmt.Sprintf(verb, s), svcToken)
	}
	assert.NotContains(t, s.LogValue().String(), svcToken)
}

// HB-160, OA-116, OA-120, OA-E1, OA-E7, OA-E10, OA-E13, OA-E14, OA-E18: what a service that is started by hand has to be told.
func TestTheEnvironmentOfAService(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{BaseURL: "/@/space%20word/", PublicURL: "https://hub.example", Services: []hubsim.Service{
		{Name: "who", URL: "http://127.0.0.1:10101", APIToken: svcToken, OAuthClientAllowedScopes: []string{"read:users!user"},
			Environment: map[string]string{"MINE": "1", "JUPYTERHUB_HOST": "mine", "JUPYTERHUB_SERVICE_NAME": "not mine", "JUPYTERHUB_SERVICE_PREFIX": "/"}},
		{Name: "täsk"},
		{Name: "far", OAuthRedirectURI: "http://127.0.0.1:5555/oauth_callback", OAuthClientID: "service-oauth-client-test"},
	}})
	env, err := hub.ServiceEnv("who")
	require.NoError(t, err)
	access := `["access:services","access:services!service=who"]`
	require.Equal(t, []string{
		"JPY_API_TOKEN=" + svcToken,
		"JUPYTERHUB_API_TOKEN=" + svcToken,
		"JUPYTERHUB_API_URL=" + hub.APIURL(),
		"JUPYTERHUB_BASE_URL=/@/space%20word/",
		"JUPYTERHUB_CLIENT_ID=service-who",
		"JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED=0",
		"JUPYTERHUB_HOST=mine",
		"JUPYTERHUB_OAUTH_ACCESS_SCOPES=" + access,
		"JUPYTERHUB_OAUTH_CALLBACK_URL=/@/space%20word/services/who/oauth_callback",
		"JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES=[]",
		"JUPYTERHUB_OAUTH_SCOPES=" + access,
		"JUPYTERHUB_PUBLIC_HUB_URL=https://hub.example/@/space%20word/hub/",
		"JUPYTERHUB_PUBLIC_URL=https://hub.example/@/space%20word/services/who/",
		"JUPYTERHUB_SERVER_NAME=",
		"JUPYTERHUB_SERVICE_NAME=who",
		"JUPYTERHUB_SERVICE_PREFIX=/@/space%20word/services/who/",
		"JUPYTERHUB_SERVICE_URL=http://127.0.0.1:10101",
		"JUPYTERHUB_USER=",
		"MINE=1",
	}, env, "OA-120: what is configured wins, but not over who and where the service is")

	env, err = hub.ServiceEnv("täsk")
	require.NoError(t, err)
	text := strings.Join(env, "\n")
	assert.Regexp(t, `(?m)^JUPYTERHUB_API_TOKEN=[0-9a-f]{32}$`, text, "HB-8: one is drawn")
	assert.NotContains(t, text, "JUPYTERHUB_SERVICE_URL")
	assert.NotContains(t, text, "JUPYTERHUB_SERVICE_PREFIX")
	assert.Contains(t, text, "JUPYTERHUB_CLIENT_ID=service-täsk\n")
	assert.Contains(t, text, "JUPYTERHUB_OAUTH_CALLBACK_URL=\n")

	env, err = hub.ServiceEnv("far")
	require.NoError(t, err)
	assert.Contains(t, env, "JUPYTERHUB_CLIENT_ID=service-oauth-client-test")
	assert.Contains(t, env, "JUPYTERHUB_OAUTH_CALLBACK_URL=http://127.0.0.1:5555/oauth_callback")

	_, err = hub.ServiceEnv("none")
	require.ErrorIs(t, err, hubsim.ErrNoSuchService)
}

// getenv reads a service's environment as the service would.
func getenv(t *testing.T, hub *hubsim.Hub, name string) func(string) string {
	t.Helper()
	list, err := hub.ServiceEnv(name)
	require.NoError(t, err)
	env := map[string]string{}
	for _, pair := range list {
		k, v, _ := strings.Cut(pair, "=")
		env[k] = v
	}
	return func(k string) string { return env[k] }
}

func tokenOf(t *testing.T, hub *hubsim.Hub, service string) string {
	t.Helper()
	return getenv(t, hub, service)("JUPYTERHUB_API_TOKEN")
}

// whoami is an external service, not yet started.
type whoami struct {
	*httptest.Server
	handler http.Handler
}

func (w *whoami) ServeHTTP(rw http.ResponseWriter, r *http.Request) { w.handler.ServeHTTP(rw, r) }

func newWhoami(t *testing.T) *whoami {
	t.Helper()
	w := &whoami{}
	w.Server = httptest.NewServer(w)
	t.Cleanup(w.Close)
	return w
}

// open makes the service what the hub says that it is.
func (w *whoami) open(t *testing.T, hub *hubsim.Hub, name string) {
	t.Helper()
	cfg, err := hubauth.FromEnv(getenv(t, hub, name))
	require.NoError(t, err)
	cfg.HTTPClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	auth, err := hubauth.New(cfg)
	require.NoError(t, err)
	w.handler = auth.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u, _ := hubauth.UserFrom(r.Context())
		_ = json.NewEncoder(w).Encode(map[string]any{"name": u.Name, "kind": u.Kind, "scopes": u.Scopes, "path": r.URL.EscapedPath()})
	}))
}

// HB-163, OA-30, OA-34, OA-160, OA-187, OA-188: who has access comes in after agreeing; who has not is refused at the hub, and never sent around.
func TestVisitorsOfAServiceComeThroughTheHub(t *testing.T) {
	t.Parallel()
	svc, sure := newWhoami(t), newWhoami(t)
	hub := hubsim.New(t, hubsim.Config{
		BaseURL: "/@/space%20word/",
		Users:   []hubsim.User{{Name: "ann"}, {Name: "bob"}},
		Services: []hubsim.Service{
			{Name: "who", URL: svc.URL, OAuthClientAllowedScopes: []string{"read:users:activity!user", "read:hub"}},
			{Name: "sure", URL: sure.URL, OAuthNoConfirm: true},
		},
		Roles: []hubsim.Role{{Name: "visitors", Scopes: []string{"access:services!service=who"}, Users: []string{"ann"}},
			{Name: "friends", Scopes: []string{"access:services"}, Users: []string{"ann"}}},
	})
	svc.open(t, hub, "who")
	sure.open(t, hub, "sure")

	ann := stranger(t, hub)
	consent := ann.logIn(ann.get(strings.TrimSuffix(hub.ServiceURL("who"), "/")), "ann")
	require.Equal(t, "Authorize access", consent.heading())
	require.Contains(t, consent.text(), "JupyterHub service who (oauth URL: /@/space%20word/services/who/oauth_callback)")
	there := ann.submit(consent, nil)
	require.Equal(t, 200, there.status)
	var me map[string]any
	require.NoError(t, json.Unmarshal([]byte(there.body), &me))
	require.Equal(t, map[string]any{"name": "ann", "kind": "user", "path": "/@/space%20word/services/who/",
		"scopes": []any{"access:services!service=who", "read:users:activity!user=ann", "read:users:groups!user=ann", "read:users:name!user=ann"}}, me,
		"OA-31: what ann does not hold is left out")
	require.Contains(t, ann.get(hub.ServiceURL("who")+"a%2Fb").body, "/services/who/a%2Fb", "HB-75")

	there = ann.get(hub.ServiceURL("sure"))
	require.Equal(t, 200, there.status)
	require.Contains(t, there.body, `"name":"ann"`, "OA-34: this one asks nobody")

	// HB-45, HB-63: the token page shows the service; logging out ends what it got.
	require.Contains(t, ann.get("token").text(), "JupyterHub service who")
	ann.get("logout")
	require.Equal(t, "Sign in", ann.get(hub.ServiceURL("who")).heading())

	bob := known(t, hub, "bob")
	refused := bob.get(hub.ServiceURL("who"))
	require.Equal(t, 403, refused.status, "HB-71, HB-161")
	require.Contains(t, refused.text(), "You do not have permission to access JupyterHub service who")
	require.Equal(t, "/@/space%20word/hub/api/oauth2/authorize", refused.url.EscapedPath())
}

// HB-161: a token opens a service if its scopes do.
func TestTokensAtAService(t *testing.T) {
	t.Parallel()
	svc := newWhoami(t)
	hub := hubsim.New(t, hubsim.Config{
		Users:    []hubsim.User{{Name: "ann"}, {Name: "bob"}},
		Services: []hubsim.Service{{Name: "who", URL: svc.URL}, {Name: "robot"}, {Name: "stranger"}},
		Roles: []hubsim.Role{{Name: "visitors", Scopes: []string{"access:services!service=who"}, Users: []string{"ann"}, Services: []string{"robot"}},
			{Name: "others", Scopes: []string{"access:servers!user=who"}, Users: []string{"bob"}}},
	})
	svc.open(t, hub, "who")
	token := func(user string, raw ...string) string {
		secret, err := hub.Token(user, raw...)
		require.NoError(t, err)
		return secret
	}
	for name, c := range map[string]struct {
		token string
		want  int
	}{
		"of a user with access":                {token("ann"), 200},
		"of that user, bound to the service":   {token("ann", "access:services!service=who"), 200},
		"of that user, for other things":       {token("ann", "read:users!user"), 403},
		"of a user without":                    {token("bob"), 403}, // OA-203: access to the servers of a user of that name is something else
		"of a service with access":             {tokenOf(t, hub, "robot"), 200},
		"of a service without":                 {tokenOf(t, hub, "stranger"), 403},
		"of the service itself, without":       {tokenOf(t, hub, "who"), 403},
		"of nobody, which asks them to log in": {"0123456789abcdef", 302},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, hub.ServiceURL("who"), nil)
			require.NoError(t, err)
			req.Header.Set("Authorization", "token "+c.token)
			got := stranger(t, hub).staysPut().do(req)
			require.Equal(t, c.want, got.status, got.body)
		})
	}
}

// HB-11, HB-89: what is no service, and what is one that does not answer.
func TestServicesThatDoNotAnswer(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Services: []hubsim.Service{{Name: "away", URL: "http://127.0.0.1:0"}, {Name: "task"}}})
	p := stranger(t, hub).staysPut()
	got := p.get(strings.TrimSuffix(hub.ServiceURL("away"), "/") + "?a=1")
	require.Equal(t, 301, got.status)
	require.Equal(t, "/services/away/?a=1", got.header.Get("Location"))
	got = p.get(hub.ServiceURL("away") + "x")
	require.Equal(t, 503, got.status)
	require.Contains(t, got.text(), "503 : Service Unavailable")
	require.Empty(t, got.header.Get("X-JupyterHub-Version"), "the proxy answers, not the hub")
	for _, name := range []string{"task", "none"} {
		got = p.get(hub.ServiceURL(name) + "x?a=1")
		require.Equal(t, 302, got.status)
		require.Equal(t, "/hub/services/"+name+"/x?a=1", got.header.Get("Location"))
		require.Equal(t, 404, stranger(t, hub).get(hub.ServiceURL(name)).status)
	}
}

// OA-11, HB-200: on a file, services keep the tokens and consents that still mean the same, and lose the others.
func TestServicesOnAFile(t *testing.T) {
	t.Parallel()
	svc := newWhoami(t)
	cfg := hubsim.Config{
		DB: filepath.Join(t.TempDir(), "hub.db"), Users: []hubsim.User{{Name: "ann"}},
		Services: []hubsim.Service{{Name: "chosen", URL: svc.URL, APIToken: svcToken}, {Name: "drawn", URL: svc.URL}, {Name: "leaves", URL: svc.URL, APIToken: "another-chosen-token"}},
		Roles:    []hubsim.Role{{Name: "user", Scopes: []string{"self", "access:services"}}},
	}
	alive := func(hub *hubsim.Hub, token string) bool {
		status, _ := call(t, hub, token, http.MethodGet, "/user", "")
		return status == 200
	}
	// visit agrees to a service's wishes and gives the token that the service got.
	visit := func(hub *hubsim.Hub, name string) string {
		var token string
		env := getenv(t, hub, name)
		c, err := hubauth.FromEnv(env)
		require.NoError(t, err)
		c.HTTPClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		auth, err := hubauth.New(c)
		require.NoError(t, err)
		svc.handler = auth.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			u, _ := hubauth.UserFrom(r.Context())
			token = u.Token.Reveal()
		}))
		p := known(t, hub, "ann")
		require.Equal(t, 200, p.submit(p.get(hub.ServiceURL(name)), url.Values{}).status)
		require.NotEmpty(t, token)
		return token
	}
	hub := hubsim.New(t, cfg)
	drawn := tokenOf(t, hub, "drawn")
	byChosen, byDrawn, byLeaves := visit(hub, "chosen"), visit(hub, "drawn"), visit(hub, "leaves")
	for _, token := range []string{svcToken, drawn, "another-chosen-token", byChosen, byDrawn, byLeaves} {
		require.True(t, alive(hub, token))
	}
	require.NoError(t, hub.Close())

	cfg.Services = cfg.Services[:2]
	hub = hubsim.New(t, cfg)
	require.True(t, alive(hub, svcToken))
	require.True(t, alive(hub, byChosen), "the same secret: whoever agreed need not again")
	require.True(t, alive(hub, tokenOf(t, hub, "drawn")))
	require.NotEqual(t, drawn, tokenOf(t, hub, "drawn"))
	for _, token := range []string{drawn, byDrawn, "another-chosen-token", byLeaves} {
		require.False(t, alive(hub, token))
	}
	require.NoError(t, hub.Close())

	// A service that comes back under its old name is another one; a new token ends the old one.
	cfg.Services = []hubsim.Service{{Name: "chosen", URL: svc.URL, APIToken: "a-new-token-for-it"}, {Name: "leaves"}}
	hub = hubsim.New(t, cfg)
	require.True(t, alive(hub, "a-new-token-for-it"))
	for _, token := range []string{svcToken, byChosen, "another-chosen-token"} {
		require.False(t, alive(hub, token))
	}
}
