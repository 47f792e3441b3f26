package hubsim_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// HB-178, HB-189: the names by which a JupyterHub knows its limits, and what a bare number means.
func TestLimitsAreReadByTheirUpstreamNames(t *testing.T) {
	t.Parallel()
	cfg, err := hubsim.ParseConfig([]byte(`{
		"cookie_max_age_days": 1.5, "oauth_token_expires_in": 3600, "oauth_code_expires_in": "2m", "token_expires_in_max_seconds": 60,
		"slow_spawn_timeout": 0, "slow_stop_timeout": 0.5, "spawn_page_wait": 0, "poll_interval": 0, "last_activity_interval": 300, "activity_resolution": 0,
		"api_page_default_limit": 5, "api_page_max_limit": 10, "concurrent_spawn_limit": 0, "spawn_throttle_retry_range": [10, 20], "active_server_limit": 3,
		"named_server_limit_per_user": 2, "user_redirect_limit": 7}`))
	require.NoError(t, err)
	require.Equal(t, hubsim.Limits{CookieMaxAge: 36 * time.Hour, OAuthTokenExpiresIn: time.Hour, OAuthCodeExpiresIn: 2 * time.Minute, TokenExpiresInMax: time.Minute,
		SlowSpawnTimeout: -1, SlowStopTimeout: time.Second / 2, SpawnPageWait: -1, PollInterval: -1, LastActivityInterval: 5 * time.Minute, ActivityResolution: -1,
		PageDefault: 5, PageMax: 10, ConcurrentSpawns: -1, SpawnRetryLeast: 10 * time.Second, SpawnRetryMost: 20 * time.Second, ActiveServers: 3,
		NamedServersPerUser: 2, UserRedirects: 7}, cfg.Limits)
}

// HB-177: what cannot be is refused, with its place in the file.
func TestLimitsThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"concurrent_spawn_limit": -1}`:              "concurrent_spawn_limit",
		`{"spawn_throttle_retry_range": 30}`:          "spawn_throttle_retry_range",
		`{"cookie_max_age_days": 999999999}`:          "cookie_max_age_days",
		`{"active_server_limit": "3"}`:                "active_server_limit",
		`{"api_page_max_limit": 2000000}`:             "api_page_max_limit",
		`{"oauth_token_expires_in": "1500ms"}`:        "oauth_token_expires_in",
		`{"spawn_throttle_retry_range": [1, "3.5s"]}`: "spawn_throttle_retry_range",
		`{"spawn_throttle_retry_range": [90, 1]}`:     "spawn_throttle_retry_range",
		`{"seed": -1}`: "seed",
	} {
		cfg, err := hubsim.ParseConfig([]byte(text))
		if err == nil {
			cfg.Addr = ""
			var hub *hubsim.Hub
			if hub, err = hubsim.Start(t.Context(), cfg); err == nil {
				require.NoError(t, hub.Close())
			}
			var wrong *hubsim.ConfigError
			require.ErrorAs(t, err, &wrong, text)
			require.Equal(t, want, wrong.Path(), text)
			continue
		}
		require.ErrorContains(t, err, want, text)
	}
}

// HB-99: too many starts at once are sent away for a while that the header tells, by pages as by the API; too many servers without one.
func TestTooManyServersAreRefused(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Users: []hubsim.User{{Name: "ann"}, {Name: "bob"}, {Name: "cleo"}}, Limits: hubsim.Limits{ActiveServers: 1}})
	ann, bob := tokenFor(t, hub, "ann"), tokenFor(t, hub, "bob")
	status, _ := call(t, hub, ann, http.MethodPost, "/users/ann/server", "")
	require.Equal(t, 201, status)
	status, said := call(t, hub, bob, http.MethodPost, "/users/bob/server", "")
	require.Equal(t, 429, status)
	require.Equal(t, "Active user limit exceeded. Try again in a few minutes.", said["message"])
	page := known(t, hub, "bob").get("spawn")
	require.Equal(t, 429, page.status)
	require.Contains(t, page.text(), "Active user limit exceeded.")
	status, _ = call(t, hub, ann, http.MethodDelete, "/users/ann/server", "")
	require.Equal(t, 204, status)
	status, _ = call(t, hub, bob, http.MethodPost, "/users/bob/server", "")
	require.Equal(t, 201, status, "there is room again")
}

func TestTooManyNamedServersAreRefused(t *testing.T) { // HB-99
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Users: []hubsim.User{{Name: "ann"}}, AllowNamedServers: true, Limits: hubsim.Limits{NamedServersPerUser: 1}})
	ann := tokenFor(t, hub, "ann")
	for range 2 { // the second time it is there
		status, _ := call(t, hub, ann, http.MethodPost, "/users/ann/servers/one", "")
		require.Contains(t, []int{201, 400}, status)
	}
	status, said := call(t, hub, ann, http.MethodPost, "/users/ann/servers/two", "")
	require.Equal(t, 400, status)
	require.Contains(t, said["message"], "already has the maximum of 1 named servers")
	status, _ = call(t, hub, ann, http.MethodPost, "/users/ann/server", "")
	require.Equal(t, 201, status, "the default one does not count")
	status, _ = call(t, hub, ann, http.MethodDelete, "/users/ann/servers/one", `{"remove": true}`)
	require.Equal(t, 204, status)
	status, _ = call(t, hub, ann, http.MethodPost, "/users/ann/servers/two", "")
	require.Equal(t, 201, status)
	_, err := hub.Seed(t.Context(), hubsim.Seed{Servers: []hubsim.Server{{User: "ann", Name: "three"}}})
	require.ErrorContains(t, err, "as many named servers")
}

// HB-91: activity is recorded at once, in steps of the resolution, by whoever went through the proxy with success; it never goes back.
func TestActivityIsCollected(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limits          hubsim.Limits
		at5, at30, at5m time.Duration
	}{
		"by default":                  {hubsim.Limits{}, 0, 30 * time.Second, 330 * time.Second},
		"always":                      {hubsim.Limits{ActivityResolution: -1}, 5 * time.Second, 30 * time.Second, 330 * time.Second},
		"collected as by a stock hub": {hubsim.Limits{LastActivityInterval: 5 * time.Minute}, 0, 0, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := hubsim.NewFakeClock(time0)
			hub := hubsim.New(t, hubsim.Config{Clock: clock, Limits: c.limits})
			require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
			token, err := hub.PageToken(t.Context(), "sharer", "sharer", "")
			require.NoError(t, err)
			admin := tokenFor(t, hub, "sharer", "read:users:activity!user", "read:servers!user")
			seen := func() time.Duration {
				t.Helper()
				_, model := call(t, hub, admin, http.MethodGet, "/users/sharer", "")
				at, err := time.Parse(time.RFC3339, model["servers"].(map[string]any)[""].(map[string]any)["last_activity"].(string))
				require.NoError(t, err)
				return at.Sub(time0)
			}
			visit := func() {
				t.Helper()
				req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, hub.UserURL("sharer", "")+"api/status", nil)
				require.NoError(t, err)
				req.Header.Set("Authorization", "token "+token)
				res, err := http.DefaultClient.Do(req)
				require.NoError(t, err)
				require.NoError(t, res.Body.Close())
				require.Equal(t, 200, res.StatusCode)
				_, err = hub.WaitRequest(t.Context(), func(r hubsim.Request) bool { return r.Path == "/user/sharer/api/status" && r.Time.Equal(clock.Now()) })
				require.NoError(t, err)
			}
			clock.Advance(5 * time.Second)
			visit()
			require.Equal(t, c.at5, seen(), "after 5 s")
			clock.Advance(25 * time.Second)
			visit()
			require.Equal(t, c.at30, seen(), "after 30 s")
			clock.Advance(5 * time.Minute)
			if c.limits.LastActivityInterval > 0 {
				require.Eventually(t, func() bool { return seen() == c.at5m }, 10*time.Second, time.Millisecond, "it was collected meanwhile")
				return
			}
			visit()
			require.Equal(t, c.at5m, seen(), "after 5 min 30 s")
		})
	}
}

// HB-90: that a server died is noticed by the hub's own poll, by its clock.
func TestADeadServerIsNoticedByThePoll(t *testing.T) {
	t.Parallel()
	clock := hubsim.NewFakeClock(time0)
	hub := hubsim.New(t, hubsim.Config{Clock: clock})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	require.NoError(t, hub.KillServer("sharer", ""))
	sharer := known(t, hub, "sharer")
	require.Equal(t, 503, sharer.get(hub.UserURL("sharer", "")+"api").status, "the route is still there")
	clock.Advance(30 * time.Second)
	require.NoError(t, hub.WaitServer(t.Context(), "sharer", "", hubsim.Stopped))
	require.Equal(t, 424, sharer.get(hub.UserURL("sharer", "")+"api").status)
}

// HB-168, HB-189: lives are as configured, by the hub's clock.
func TestLivesAreAsConfigured(t *testing.T) {
	t.Parallel()
	clock := hubsim.NewFakeClock(time0)
	hub := hubsim.New(t, hubsim.Config{Clock: clock, Limits: hubsim.Limits{CookieMaxAge: 24 * time.Hour, TokenExpiresInMax: time.Hour, PageDefault: 1, PageMax: 1}})
	sharer := known(t, hub, "sharer")
	token := tokenFor(t, hub, "sharer")
	status, said := call(t, hub, token, http.MethodPost, "/users/sharer/tokens", `{"expires_in": 3601}`)
	require.Equal(t, 400, status)
	require.Contains(t, said["message"], "must not exceed 3600")
	for range 2 {
		status, _ = call(t, hub, token, http.MethodPost, "/share-codes/sharer/", "")
		require.Equal(t, 200, status)
	}
	_, list := call(t, hub, token, http.MethodGet, "/share-codes/sharer/", "")
	require.Len(t, list["items"], 1, "api_page_max_limit")
	clock.Advance(24*time.Hour - time.Second)
	require.Equal(t, 200, sharer.get("home").status)
	clock.Advance(time.Minute)
	assert.Equal(t, "Sign in", sharer.get("home").heading(), "cookie_max_age_days")
}

// HB-85: a server that is said to run and is not found is looked for again, longer each time, and then given up.
func TestARedirectLoopEnds(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Limits: hubsim.Limits{UserRedirects: 2}})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	sharer := known(t, hub, "sharer").staysPut()
	for redirects, want := range map[int]string{0: "1", -5: "1"} {
		there := sharer.get("user/sharer/lab?x=1&redirects=" + strconv.Itoa(redirects))
		require.Equal(t, 302, there.status)
		require.Equal(t, "/user/sharer/lab?redirects="+want+"&x=1", there.header.Get("Location"))
	}
	loop := sharer.get("user/sharer/lab?redirects=2")
	require.Equal(t, 500, loop.status)
	require.Contains(t, loop.text(), "Redirect loop detected.")
	require.NotContains(t, loop.text(), "jupyterhub version", "it is the hub's")
}
