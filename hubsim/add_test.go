package hubsim_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// HB-166: users, groups, roles and services are added to a hub that runs, and count at once; a reset takes them away.
func TestAHubIsAddedTo(t *testing.T) {
	t.Parallel()
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	t.Cleanup(page.Close)
	hub := hubsim.New(t, hubsim.Config{})
	require.NoError(t, hub.AddUser(t.Context(), hubsim.User{Name: "ann"}))
	token := tokenFor(t, hub, "ann")
	require.NoError(t, hub.AddGroup(t.Context(), hubsim.Group{Name: "lab", Users: []string{"ann"}}))
	status, _ := call(t, hub, token, http.MethodGet, "/proxy", "")
	require.Equal(t, 403, status)
	require.NoError(t, hub.AddRole(t.Context(), hubsim.Role{Name: "router", Scopes: []string{"proxy"}, Groups: []string{"lab"}}))
	status, _ = call(t, hub, token, http.MethodGet, "/proxy", "")
	require.Equal(t, 200, status)
	require.NoError(t, hub.AddService(t.Context(), hubsim.Service{Name: "tea", URL: page.URL, APIToken: "token-of-tea", OAuthNoConfirm: true,
		OAuthClientAllowedScopes: []string{"read:users:name!user"}}))
	res, err := hub.Client("").Get(hub.ServiceURL("tea"))
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusTeapot, res.StatusCode)
	status, who := call(t, hub, "token-of-tea", http.MethodGet, "/user", "")
	require.Equal(t, 200, status)
	require.Equal(t, "tea", who["name"])

	for name, err := range map[string]error{
		"Name":                     hub.AddService(t.Context(), hubsim.Service{Name: "a/b"}),
		"Command":                  hub.AddService(t.Context(), hubsim.Service{Name: "x", Command: []string{"x"}}),
		"OAuthClientAllowedScopes": hub.AddService(t.Context(), hubsim.Service{Name: "x", URL: page.URL, OAuthClientAllowedScopes: []string{"all"}}),
		"already exists":           hub.AddService(t.Context(), hubsim.Service{Name: "tea", URL: page.URL}),
		"Users[0]":                 hub.AddUser(t.Context(), hubsim.User{Name: "Ann"}),
		"Groups[0]":                hub.AddGroup(t.Context(), hubsim.Group{}),
		"Roles[0]":                 hub.AddRole(t.Context(), hubsim.Role{Name: "router", Scopes: []string{"all"}}),
	} {
		require.ErrorContains(t, err, name)
	}
	require.NoError(t, hub.Reset(t.Context()))
	status, _ = call(t, hub, "token-of-tea", http.MethodGet, "/user", "")
	require.Equal(t, 403, status)
	_, err = hub.Token("ann")
	require.Error(t, err)
}

// HB-143: who has no credential may ask for a token with name and password, for themselves.
func TestATokenForNameAndPassword(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Password: "just-this-one"})
	for body, want := range map[string]int{
		`{"auth": {"username": " Sharer", "password": "just-this-one"}}`:     201,
		`{"auth": {"username": "sharer", "password": "another-one"}}`:        403,
		`{"auth": {"username": "shared-with", "password": "just-this-one"}}`: 403,
		`{"auth": {"username": "nobody", "password": "just-this-one"}}`:      403,
		`{"auth": "sharer"}`: 403,
		`{}`:                 403,
	} {
		status, made := call(t, hub, "", http.MethodPost, "/users/sharer/tokens", body)
		require.Equal(t, want, status, body)
		if want == 201 {
			status, who := call(t, hub, made["token"].(string), http.MethodGet, "/user", "")
			require.Equal(t, 200, status)
			require.Equal(t, "sharer", who["name"])
		}
	}
}

// HB-191: a token is good at the very moment at which it expires, and not after it; a share code is not even then (SH-21).
func TestTheMomentOfExpiry(t *testing.T) {
	t.Parallel()
	clock := hubsim.NewFakeClock(time0)
	hub := hubsim.New(t, hubsim.Config{Clock: clock})
	made, err := hub.Seed(t.Context(), hubsim.Seed{Users: []hubsim.User{{Name: "sharer", Tokens: []hubsim.Token{{ExpiresIn: time.Hour}}}},
		ShareCodes: []hubsim.ShareCode{{Owner: "sharer", ExpiresIn: time.Hour}}})
	require.NoError(t, err)
	keeper := tokenFor(t, hub, "sharer")
	alive := func() bool {
		status, _ := call(t, hub, made.Tokens[0].Token.Reveal(), http.MethodGet, "/user", "")
		return status == 200
	}
	opens := func() bool {
		return known(t, hub, "shared-with").get(hub.AcceptURL(made.ShareCodes[0].Code.Reveal())).status == 200
	}
	listed := func() (codes int, total any) {
		_, list := call(t, hub, keeper, http.MethodGet, "/share-codes/sharer/", "")
		return len(list["items"].([]any)), list["_pagination"].(map[string]any)["total"]
	}
	clock.Advance(time.Hour - time.Microsecond)
	require.True(t, alive())
	require.True(t, opens())
	clock.Advance(time.Microsecond)
	require.True(t, alive(), "now = expiry")
	require.False(t, opens(), "now = expiry")
	codes, total := listed()
	require.Zero(t, codes)
	require.EqualValues(t, 0, total, "SH-69")
	clock.Advance(time.Microsecond)
	require.False(t, alive())
}

// HB-179: a fault has an address, at which it is seen, released and removed.
func TestFaultsHaveAddresses(t *testing.T) {
	t.Parallel()
	hub := controlled(t, hubsim.Config{})
	for range 3 {
		status, _, _ := control(t, hub, http.MethodPost, "faults", `{"scenario": "SlowStop", "duration": 3, "match": {"nth": 2}, "times": 1}`)
		require.Equal(t, 200, status)
	}
	status, one, _ := control(t, hub, http.MethodGet, "faults/2", "")
	require.Equal(t, 200, status)
	require.Equal(t, map[string]any{"id": 2.0, "hits": 0.0, "nth": 2.0, "times": 1.0, "scenario": "SlowStop", "with": map[string]any{"duration": "3s"}}, one)
	for _, step := range []struct {
		method, path string
		want         int
	}{
		{"POST", "faults/2/release", 200}, {"DELETE", "faults/2", 200}, {"DELETE", "faults/2", 404}, {"GET", "faults/2", 404}, {"POST", "faults/9/release", 404},
		{"DELETE", "faults/two", 400}, {"PUT", "faults/1", 405}, {"DELETE", "faults", 200}, {"GET", "faults/1", 404},
	} {
		status, _, _ := control(t, hub, step.method, step.path, "")
		require.Equal(t, step.want, status, step.method+" "+step.path)
	}
	require.Empty(t, hub.Faults())
	_, all, _ := control(t, hub, http.MethodGet, "scenarios", "")
	require.Len(t, all["scenarios"], len(hubsim.Scenarios()))
}
