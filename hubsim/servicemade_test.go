package hubsim_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

const madeToken = "a-token-for-what-was-made"

// alive says whether a token is good.
func alive(t *testing.T, hub *hubsim.Hub, token string) bool {
	t.Helper()
	status, _ := call(t, hub, token, http.MethodGet, "/user", "")
	return status == 200
}

// OA-14, HB-147: a service is made while the hub runs, is visited as any other, outlives a restart, and takes everything along when it goes.
func TestAServiceIsMadeWhileTheHubRuns(t *testing.T) {
	t.Parallel()
	svc := newWhoami(t)
	cfg := hubsim.Config{
		DB: filepath.Join(t.TempDir(), "hub.db"), Users: []hubsim.User{{Name: "boss", Admin: true}, {Name: "ann"}},
		Roles: []hubsim.Role{{Name: "user", Scopes: []string{"self", "access:services"}}},
	}
	hub := hubsim.New(t, cfg)
	boss := tokenFor(t, hub, "boss")
	order := fmt.Sprintf(`{"name": "made", "url": %q, "api_token": %q, "info": {"a": 1}, "display": false, "admin": true, "command": [],
		"oauth_no_confirm": true, "oauth_client_allowed_scopes": ["read:users:activity!user"]}`, svc.URL, madeToken)
	status, model := call(t, hub, boss, http.MethodPost, "/services/made", order)
	require.Equal(t, 201, status, "%v", model)
	want := map[string]any{"kind": "service", "name": "made", "admin": true, "roles": []any{"admin"}, "url": svc.URL, "prefix": "/services/made/",
		"command": []any{}, "pid": 0.0, "info": map[string]any{"a": 1.0}, "display": false}
	require.Equal(t, want, model)
	status, model = call(t, hub, boss, http.MethodPost, "/services/made", order)
	require.Equal(t, 409, status)
	require.Equal(t, "Service made already exists", model["message"])
	require.True(t, alive(t, hub, madeToken))
	svc.open(t, hub, "made")
	there := known(t, hub, "ann").get(hub.ServiceURL("made"))
	require.Equal(t, 200, there.status)
	require.Contains(t, there.body, `"read:users:activity!user=ann"`)
	ann := tokenFor(t, hub, "ann")
	require.NoError(t, hub.Close())
	stored, err := os.ReadFile(cfg.DB)
	require.NoError(t, err)
	require.Contains(t, string(stored), svc.URL)
	require.NotContains(t, string(stored), madeToken)

	hub = hubsim.New(t, cfg)
	status, model = call(t, hub, boss, http.MethodGet, "/services/made", "")
	require.Equal(t, 200, status)
	require.Equal(t, want, model)
	require.True(t, alive(t, hub, madeToken))
	status, model = call(t, hub, madeToken, http.MethodGet, "/users/ann", "")
	require.Equal(t, 200, status, "it is admin still: %v", model)
	env, err := hub.ServiceEnv("made")
	require.NoError(t, err)
	require.NotContains(t, strings.Join(env, "\n"), madeToken, "the hub has no more than its hash")
	p := known(t, hub, "ann").staysPut()
	authorize := "api/oauth2/authorize?client_id=service-made&response_type=code&redirect_uri=" + url.QueryEscape("/services/made/oauth_callback")
	require.Equal(t, 302, p.get(authorize).status)

	status, text, _ := ask(t, hub, boss, http.MethodDelete, "/services/made", "")
	require.Equal(t, 200, status)
	require.Empty(t, text)
	require.False(t, alive(t, hub, madeToken))
	require.True(t, alive(t, hub, ann), "which is no token of the service")
	require.Equal(t, 400, p.get(authorize).status, "the client is gone")
	require.Equal(t, "/hub/services/made/", p.get(hub.ServiceURL("made")).header.Get("Location"), "and so is the route")
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		status, _ = call(t, hub, boss, method, "/services/made", "")
		require.Equal(t, 404, status)
	}
	require.NoError(t, hub.Close())
	hub = hubsim.New(t, cfg)
	status, _ = call(t, hub, boss, http.MethodGet, "/services/made", "")
	require.Equal(t, 404, status)
	status, _ = call(t, hub, boss, http.MethodPost, "/services/made", fmt.Sprintf(`{"api_token": %q}`, madeToken))
	require.Equal(t, 201, status, "one of that name that is made later is another one")
}

// OA-14: who is configured takes the place of who was made, and what the latter was given ends.
func TestAConfiguredServiceTakesThePlaceOfOneThatWasMade(t *testing.T) {
	t.Parallel()
	cfg := hubsim.Config{DB: filepath.Join(t.TempDir(), "hub.db"), Users: []hubsim.User{{Name: "boss", Admin: true}}}
	hub := hubsim.New(t, cfg)
	boss := tokenFor(t, hub, "boss")
	status, _ := call(t, hub, boss, http.MethodPost, "/services/made", fmt.Sprintf(`{"url": "http://127.0.0.1:9", "api_token": %q, "admin": true}`, madeToken))
	require.Equal(t, 201, status)
	require.NoError(t, hub.Close())
	cfg.Services = []hubsim.Service{{Name: "made", APIToken: svcToken}}
	hub = hubsim.New(t, cfg)
	require.False(t, alive(t, hub, madeToken))
	require.True(t, alive(t, hub, svcToken))
	status, model := call(t, hub, boss, http.MethodGet, "/services/made", "")
	require.Equal(t, 200, status)
	require.Equal(t, false, model["admin"])
	status, _ = call(t, hub, boss, http.MethodDelete, "/services/made", "")
	require.Equal(t, 405, status)
}

// OA-14, HB-166: a reset keeps the services of the configuration alone.
func TestAResetTakesServicesBackThatWereMade(t *testing.T) {
	t.Parallel()
	hub := team(t, nil)
	status, _ := call(t, hub, tokenFor(t, hub, "boss"), http.MethodPost, "/services/made", fmt.Sprintf(`{"url": "http://127.0.0.1:9", "api_token": %q}`, madeToken))
	require.Equal(t, 201, status)
	require.NoError(t, hub.Reset(t.Context()))
	require.False(t, alive(t, hub, madeToken))
	require.True(t, alive(t, hub, "bare-service-token"))
	s, err := hub.Snapshot(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"bare", "page"}, s.Services)
}

// OA-14, OA-13, OA-S16: what is refused leaves nothing behind.
func TestServicesThatAreNotMade(t *testing.T) {
	t.Parallel()
	hub := team(t, func(c *hubsim.Config) {
		c.Services = append(c.Services, hubsim.Service{Name: "maker"})
		c.Roles = append(c.Roles, hubsim.Role{Name: "makers", Scopes: []string{"admin:services"}, Users: []string{"bob"}, Services: []string{"maker"}})
	})
	boss, bob, maker := tokenFor(t, hub, "boss"), tokenFor(t, hub, "bob"), tokenOf(t, hub, "maker")
	narrow := tokenFor(t, hub, "boss", "admin:services")
	only := tokenFor(t, hub, "boss", "admin:services!service=page")
	ann := tokenFor(t, hub, "ann")
	const missing = "Action is not authorized with current scopes; requires any of [admin:services]"
	const hidden = "No access to resources or resources not found"
	const admins = "Only admins can grant admin permissions"
	const unheld = "oauth_client_allowed_scopes: you do not hold "
	for name, c := range map[string]struct {
		token, method, path, body string
		status                    int
		message                   string
	}{
		"nobody makes one":                    {"", "POST", "/services/new", `{}`, 403, "Missing or invalid credentials."},
		"without the scope":                   {ann, "POST", "/services/new", `{}`, 403, missing},
		"with the scope for another service":  {only, "POST", "/services/new", `{}`, 404, hidden},
		"nobody removes one":                  {"", "DELETE", "/services/page", ``, 403, "Missing or invalid credentials."},
		"removing without the scope":          {ann, "DELETE", "/services/page", ``, 403, missing},
		"removing with another's":             {only, "DELETE", "/services/bare", ``, 404, hidden},
		"one of the configuration":            {boss, "DELETE", "/services/page", ``, 405, "Service page is not modifiable at runtime"},
		"that one again":                      {boss, "POST", "/services/page", `{`, 409, "Service page already exists"},
		"one that is not there":               {boss, "DELETE", "/services/none", ``, 404, "No such service: none"},
		"another method":                      {boss, "PATCH", "/services/page", `{}`, 405, "Method Not Allowed"},
		"no body":                             {boss, "POST", "/services/new", ``, 400, "JSON body must be an object"},
		"a body that is no JSON":              {boss, "POST", "/services/new", `{`, 400, "Invalid JSON in body of request"},
		"a list":                              {boss, "POST", "/services/new", `[]`, 400, "JSON body must be an object"},
		"a key that is none":                  {boss, "POST", "/services/new", `{"roles": ["admin"]}`, 400, "Invalid JSON keys: roles"},
		"an environment":                      {boss, "POST", "/services/new", `{"environment": {}}`, 400, "Invalid JSON keys: environment"},
		"a program":                           {boss, "POST", "/services/new", `{"command": ["true"]}`, 400, "Managed services can not be created while the hub runs"},
		"a program that is no list":           {boss, "POST", "/services/new", `{"command": "true"}`, 400, "service.command must be <class 'list'>, not: <class 'str'>"},
		"a program of numbers":                {boss, "POST", "/services/new", `{"command": [1]}`, 400, "command must be str, not <class 'int'>"},
		"a number for an address":             {boss, "POST", "/services/new", `{"url": 1}`, 400, "service.url must be <class 'str'>, not: <class 'int'>"},
		"another name than the path's":        {boss, "POST", "/services/new", `{"name": "other"}`, 400, "service.name must be the name in the path"},
		"an address with a password":          {boss, "POST", "/services/new", `{"url": "http://a:b@c"}`, 400, "url: must not hold credentials"},
		"a token too short":                   {boss, "POST", "/services/new", `{"api_token": "short"}`, 400, "api_token: must have 8 to 1024 bytes"},
		"another service's token":             {boss, "POST", "/services/new", `{"api_token": "bare-service-token"}`, 400, "api_token: another one is needed"},
		"another service's client":            {boss, "POST", "/services/new", `{"url": "http://127.0.0.1:9", "oauth_client_id": "service-page"}`, 409, "OAuth client service-page belongs to another service"},
		"a server's client":                   {boss, "POST", "/services/new", `{"oauth_client_id": "jupyterhub-user-ann"}`, 400, `oauth_client_id: "jupyterhub-user-ann" must begin with service-`},
		"a client without an address":         {boss, "POST", "/services/new", `{"oauth_no_confirm": true}`, 400, "oauth_redirect_uri: is needed by a service without URL"},
		"a client that leads elsewhere":       {boss, "POST", "/services/new", `{"oauth_redirect_uri": "//evil"}`, 400, "Invalid OAuth client: see oauth_client_id and oauth_redirect_uri"},
		"a name that paths lose":              {boss, "POST", "/services/a%0Ab", `{}`, 400, `name: "a\nb" must be UTF-8 without control characters`},
		"a scope that does not exist":         {boss, "POST", "/services/new", `{"oauth_client_allowed_scopes": ["none"]}`, 400, ""},
		"a scope that a narrow token lacks":   {narrow, "POST", "/services/new", `{"oauth_client_allowed_scopes": ["admin:users"]}`, 400, unheld + "admin:users"},
		"a scope that its maker lacks":        {bob, "POST", "/services/new", `{"oauth_client_allowed_scopes": ["shares"]}`, 400, unheld + "shares"},
		"all that visitors hold":              {bob, "POST", "/services/new", `{"oauth_client_allowed_scopes": ["inherit"]}`, 400, unheld + "inherit"},
		"self, by a service, which has none":  {maker, "POST", "/services/new", `{"oauth_client_allowed_scopes": ["self"]}`, 400, unheld + "self"},
		"an admin, by who is none":            {bob, "POST", "/services/new", `{"admin": true}`, 403, admins},
		"an admin, by a service that is none": {maker, "POST", "/services/new", `{"admin": true}`, 403, admins},
		"an admin, by an admin's narrow key":  {narrow, "POST", "/services/new", `{"admin": true}`, 403, admins},
	} {
		t.Run(name, func(t *testing.T) {
			status, answer := call(t, hub, c.token, c.method, c.path, c.body)
			assert.Equal(t, c.status, status)
			if c.message == "" {
				assert.Contains(t, answer["message"], "oauth_client_allowed_scopes: ")
			} else {
				assert.Equal(t, c.message, answer["message"])
			}
		})
	}
	s, err := hub.Snapshot(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"bare", "maker", "page"}, s.Services)
	status, _ := call(t, hub, maker, "POST", "/services/new", `{"url": "http://127.0.0.1:9"}`)
	require.Equal(t, 201, status, "nothing was left of what was refused")
}
