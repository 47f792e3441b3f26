package real_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/realhub"
	"github.com/hubshare/hubshare/e2e/scenario"
	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/hubsim/spawner"
)

// Services in Python that rest on JupyterHub's own helpers, HubAuth and HubOAuth, take hubsim for a hub: those that it starts, and those
// that somebody else starts with what it tells them (HB-159, HB-160).
func TestServicesInPython(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, release realhub.Release) {
		for name, outside := range map[string]bool{"started by the hub": false, "started by hand": true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := openWithServices(t, release, outside)
				t.Run("know whose token it is", s.tokens)
				t.Run("let in members of a group alone", s.groups)
				t.Run("believe an answer for five minutes", s.cache)
				t.Run("send browsers to the hub and back", s.browsers)
			})
		}
	})
}

// The services of the stage: what they are told of whom to let in is in testdata/service.py.
var services = map[string]map[string]string{
	"whoami-api":   {"SERVICE_AUTH": "token"},
	"whoami-oauth": {"SERVICE_AUTH": "oauth"},
	"club-room":    {"SERVICE_AUTH": "token", "SERVICE_GROUPS": "club,board"},
}

func openWithServices(t *testing.T, release realhub.Release, outside bool) *stage {
	t.Helper()
	script, err := filepath.Abs("testdata/service.py")
	require.NoError(t, err)
	command := []string{realhub.ForTest(t, release).Program("python"), script}
	cfg := hubsim.Config{
		Groups: []hubsim.Group{{Name: "visitors", Users: []string{"ann", "bob"}}, {Name: "club", Users: []string{"ann"}}},
		Users:  []hubsim.User{{Name: "cat"}},
		Roles:  []hubsim.Role{{Name: "visits", Scopes: []string{"access:services"}, Groups: []string{"visitors"}}},
	}
	for name, env := range services {
		service := hubsim.Service{Name: name, URL: "http://127.0.0.1:0", Environment: env}
		if outside {
			at, err := spawner.FreeAddress(t.Context())
			require.NoError(t, err)
			service.URL = "http://" + at
		} else {
			service.Command = command
		}
		cfg.Services = append(cfg.Services, service)
	}
	s := open(t, release, cfg)
	for name := range services {
		if outside {
			s.startsByHand(name, command)
		}
		ready, err := url.Parse(s.hub.ServiceURL(name) + "ready")
		require.NoError(t, err)
		_, err = spawner.Await(t.Context(), nil, ready)
		require.NoError(t, err)
	}
	return s
}

// startsByHand starts a service with what the hub would tell it, and nothing more than a program needs.
func (s *stage) startsByHand(name string, command []string) {
	s.Helper()
	told, err := s.hub.ServiceEnv(name)
	require.NoError(s, err)
	env := spawner.Inherited()
	for _, kv := range told {
		k, v, _ := strings.Cut(kv, "=")
		env[k] = v
	}
	child, err := spawner.Program{Args: command, Env: env, Output: func(line string) { _, _ = s.log.Write([]byte(name + " says " + line + "\n")) }}.Start(s.Context())
	require.NoError(s, err)
	s.Cleanup(func() { assert.NoError(s, child.Stop(s.ending())) })
}

// visits asks a service who is there, with a token; "" = none. A refusal has no model.
func (s *stage) visits(t *testing.T, service, token string) (status int, model map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.hub.ServiceURL(service), nil)
	require.NoError(t, err)
	if token != "" {
		req.Header.Set("Authorization", "token "+token)
	}
	res, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	if res.StatusCode == http.StatusOK {
		require.NoError(t, json.Unmarshal(body, &model), "%s", body)
	}
	return res.StatusCode, model
}

// later lets time pass for what a service remembers.
func (s *stage) later(t *testing.T, service, seconds string) {
	t.Helper()
	res, err := http.Post(s.hub.ServiceURL(service)+"later/"+seconds, "", nil)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusOK, res.StatusCode)
}

func (s *stage) token(t *testing.T, user string, scopes ...string) string {
	t.Helper()
	token, err := s.hub.Token(user, scopes...)
	require.NoError(t, err)
	return token
}

// asked counts how often the hub was asked who somebody is.
func (s *stage) asked(user string) int {
	return len(s.hub.Requests(func(r hubsim.Request) bool { return r.Path == "/hub/api/user" && r.Actor == user }))
}

// OA-133, OA-135: whoever brings a token that holds access to the service is known by it; all else is 403.
func (s *stage) tokens(t *testing.T) {
	status, model := s.visits(t, "whoami-api", s.token(t, "ann"))
	require.Equal(t, 200, status)
	assert.Equal(t, [3]any{"ann", "user", false}, [3]any{model["name"], model["kind"], model["admin"]})
	assert.ElementsMatch(t, []any{"visitors", "club"}, model["groups"])
	assert.Contains(t, model["scopes"], "access:services")
	_, more := model["user_info"]
	assert.Equal(t, s.env.Release != realhub.V55, more, "a hub of 6 tells more")
	mine := "access:services!service=whoami-api"
	status, _ = s.visits(t, "whoami-api", s.token(t, "bob", mine))
	assert.Equal(t, 200, status)
	for name, token := range map[string]string{
		"no token":                    "",
		"a token that is none":        "0123456789abcdef0123456789abcdef",
		"a token without access":      s.token(t, "ann", "read:users:name!user"),
		"a token for another service": s.token(t, "ann", "access:services!service=club-room"),
		"somebody without access":     s.token(t, "cat"),
	} {
		status, _ := s.visits(t, "whoami-api", token)
		assert.Equal(t, 403, status, name)
	}
}

// OA-135: a service may go by groups instead of scopes, which it finds in the model.
func (s *stage) groups(t *testing.T) {
	ann, bob := s.token(t, "ann"), s.token(t, "bob")
	status, _ := s.visits(t, "club-room", ann)
	assert.Equal(t, 200, status)
	status, _ = s.visits(t, "club-room", bob)
	assert.Equal(t, 403, status)
	require.NoError(t, s.hub.RemoveFromGroup(t.Context(), "ann", "club"))
	s.later(t, "club-room", "301")
	status, _ = s.visits(t, "club-room", ann)
	assert.Equal(t, 403, status)
}

// OA-134: the hub is asked once in five minutes for a token, whatever has become of it meanwhile.
func (s *stage) cache(t *testing.T) {
	token, before := s.token(t, "bob"), s.asked("bob")
	for range 3 {
		status, model := s.visits(t, "whoami-api", token)
		require.Equal(t, 200, status)
		require.Equal(t, "bob", model["name"])
	}
	assert.Equal(t, before+1, s.asked("bob"))
	_, model := s.visits(t, "whoami-api", token)
	id, ok := model["token_id"].(string)
	require.True(t, ok)
	require.NoError(t, s.hub.RevokeToken(t.Context(), id))
	status, _ := s.visits(t, "whoami-api", token)
	assert.Equal(t, 200, status, "remembered")
	s.later(t, "whoami-api", "301")
	status, _ = s.visits(t, "whoami-api", token)
	assert.Equal(t, 403, status)
}

// OA-136, OA-137, OA-138: a browser comes in by way of the hub, with PKCE if the helpers are of 6, and is a stranger again when it has logged out,
// of the service or of the hub. Who may not come in is told so by the hub.
func (s *stage) browsers(t *testing.T) {
	at := s.hub.ServiceURL("whoami-oauth")
	on := &stage{T: t, env: s.env, hub: s.hub, log: s.log}
	ann := on.person("ann")
	enters := func() {
		t.Helper()
		ann.goes(at + "?from=here")
		ann.logsIn()
		consent, err := scenario.OnConsent(ann.page)
		require.NoError(t, err)
		require.NoError(t, consent.Authorize())
		require.NoError(t, ann.page.WaitForURL(at+"?from=here"))
	}
	isIn := func() {
		t.Helper()
		var model map[string]any
		text, err := ann.page.Locator("body").InnerText()
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal([]byte(text), &model), "%s", text)
		assert.Equal(t, "ann", model["name"])
		assert.NotEmpty(t, model["session_id"])
		assert.Equal(t, []any{"access:services!service=whoami-oauth", "read:users:groups!user=ann", "read:users:name!user=ann"}, model["scopes"]) // OA-122
		assert.Equal(t, at+"?from=here", ann.page.URL())
	}
	enters()
	isIn()
	authorize := s.hub.Requests(func(r hubsim.Request) bool { return strings.HasPrefix(r.URL, "/hub/api/oauth2/authorize") })
	require.NotEmpty(t, authorize)
	assert.Equal(t, s.env.Release != realhub.V55, strings.Contains(authorize[0].URL, "code_challenge"), "%s", authorize[0].URL)

	for _, leave := range []string{at + "logout", s.hub.HubURL() + "logout"} {
		ann.goes(leave)
		enters() // with consent again, as no token of theirs is left
		isIn()
	}

	cat := on.person("cat")
	cat.goes(at)
	cat.logsIn()
	refused, err := scenario.OnError(cat.page)
	require.NoError(t, err)
	assert.Equal(t, 403, refused.Status)
}
