package hubsim_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// HB-91: who was made, but has done nothing, was never active, not even after a restart; their first call is their first activity, and tells of itself.
func TestActivityBeginsWithTheFirstVisit(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{
		Clock: hubsim.NewFakeClock(time0), DB: t.TempDir() + "/hub.db", Users: []hubsim.User{{Name: "boss", Admin: true}, {Name: "ann"}},
	})
	boss := tokenFor(t, hub, "boss")
	status, made := call(t, hub, boss, http.MethodPost, "/users/zoe", "")
	require.Equal(t, 201, status)
	require.Contains(t, made, "last_activity")
	require.Nil(t, made["last_activity"])
	ann := tokenFor(t, hub, "ann")
	require.NoError(t, hub.Restart(t.Context()))
	for _, name := range []string{"zoe", "ann"} {
		status, model := call(t, hub, boss, http.MethodGet, "/users/"+name, "")
		require.Equal(t, 200, status)
		assert.Nil(t, model["last_activity"], name)
	}
	_, me := call(t, hub, ann, http.MethodGet, "/user", "")
	assert.NotNil(t, me["last_activity"])
	_, model := call(t, hub, boss, http.MethodGet, "/users/ann", "")
	assert.Equal(t, me["last_activity"], model["last_activity"])
	snapshot, err := hub.Snapshot(t.Context())
	require.NoError(t, err)
	for _, u := range snapshot.Users {
		assert.Equal(t, u.Name == "zoe", u.LastActivity.IsZero(), u.Name)
	}
}

// HB-152: of a named server that has stopped a hub knows no options but those that it was started with; of the default server it says that there are none.
func TestOptionsOfAStoppedServer(t *testing.T) {
	t.Parallel()
	hub := team(t, nil)
	ann := tokenFor(t, hub, "ann")
	for name, body := range map[string]string{"plain": "", "sized": `{"size": 1}`} {
		status, _ := call(t, hub, ann, http.MethodPost, "/users/ann/servers/"+name, body)
		require.Equal(t, 201, status)
	}
	require.NoError(t, hub.StartServer(t.Context(), "ann", ""))
	options := func() map[string]any {
		_, model := call(t, hub, ann, http.MethodGet, "/users/ann?include_stopped_servers", "")
		out := map[string]any{}
		for name, s := range model["servers"].(map[string]any) {
			out[name] = s.(map[string]any)["user_options"]
		}
		return out
	}
	sized := map[string]any{"size": 1.0}
	require.Equal(t, map[string]any{"": map[string]any{}, "plain": map[string]any{}, "sized": sized}, options())
	for _, name := range []string{"", "plain", "sized"} {
		require.NoError(t, hub.StopServer(t.Context(), "ann", name))
	}
	require.Equal(t, map[string]any{"": map[string]any{}, "plain": nil, "sized": sized}, options())
}

// HB-79: routes are written as in addresses, and what they are for as it is called.
func TestRoutesAreEscaped(t *testing.T) {
	t.Parallel()
	hub := team(t, nil)
	require.NoError(t, hub.StartServer(t.Context(), "ann", "my lab"))
	_, table := call(t, hub, tokenFor(t, hub, "boss"), http.MethodGet, "/proxy", "")
	require.Contains(t, table, "/user/ann/my%20lab/")
	route := table["/user/ann/my%20lab/"].(map[string]any)
	require.Equal(t, "/user/ann/my%20lab/", route["routespec"])
	require.Equal(t, "my lab", route["data"].(map[string]any)["server_name"])
}

// HB-147: who may read all services is told that there is none of a name; to others it is as one that they may not see.
func TestAnUnknownServiceIsNamedToWhoMayKnow(t *testing.T) {
	t.Parallel()
	hub := team(t, nil)
	status, answer := call(t, hub, tokenFor(t, hub, "boss"), http.MethodGet, "/services/none", "")
	require.Equal(t, 404, status)
	require.Equal(t, "No such service: none", answer["message"])
	one := tokenFor(t, hub, "boss", "read:services!service=bare")
	_, hidden := call(t, hub, one, http.MethodGet, "/services/page", "")
	status, answer = call(t, hub, one, http.MethodGet, "/services/none", "")
	require.Equal(t, 404, status)
	require.Equal(t, hidden["message"], answer["message"])
	require.NotContains(t, answer["message"], "none")
}
