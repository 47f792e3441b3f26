package hubsim_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// By default a hub knows nothing that a JupyterHub does not: no field, no route, no member of an answer, no quota.
func TestExtensionsAreOffByDefault(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	token, err := hub.Token("sharer")
	require.NoError(t, err)
	status, answer := call(t, hub, token, http.MethodPost, "/share-codes/sharer/", `{"max_uses": 1}`)
	assert.Equal(t, 400, status)
	assert.Equal(t, "max_uses: unknown field", answer["message"])
	status, answer = call(t, hub, token, http.MethodGet, "/shares", "")
	assert.Equal(t, 404, status)
	assert.Equal(t, "Not Found", answer["message"])
	status, answer = call(t, hub, token, http.MethodPost, "/share-codes/sharer/", "")
	assert.Equal(t, 200, status)
	assert.NotContains(t, answer, "max_uses")
	guest := known(t, hub, "shared-with")
	assert.Equal(t, 404, guest.get("shares").status)
	for range 61 { // one more than the quota would be
		require.Equal(t, 404, guest.get("accept-share?code=wrong").status)
	}
}

// With Extensions on, what is granted for as long as the server runs ends when it stops, before the stop is answered, and is not there when it
// runs again.
func TestASessionGrantEndsWithTheServer(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Extensions: true, Users: []hubsim.User{{Name: "sharer"}, {Name: "guest"}, {Name: "friend"}},
		Roles: []hubsim.Role{{Name: "user", Scopes: []string{"self", "shares!user", "read:users:name"}}}})
	token, err := hub.Token("sharer")
	require.NoError(t, err)
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	status, made := call(t, hub, token, http.MethodPost, "/share-codes/sharer/", `{"share_session": true, "max_uses": 5}`)
	require.Equal(t, 200, status)
	require.EqualValues(t, 5, made["max_uses"])
	status, _ = call(t, hub, token, http.MethodPost, "/shares/sharer/", `{"users": ["friend"]}`)
	require.Equal(t, 200, status)

	guest, friend := known(t, hub, "guest"), known(t, hub, "friend")
	invitation := guest.get(hub.AcceptURL(made["code"].(string)))
	require.Contains(t, invitation.text(), "Your access ends when the server stops.")
	consent := guest.submit(invitation, nil)
	require.Equal(t, 200, guest.submit(consent, nil).status)
	require.Equal(t, 200, friend.submit(friend.get(hub.UserURL("sharer", "")), nil).status)
	_, list := call(t, hub, token, http.MethodGet, "/shares", "")
	require.Len(t, list["items"], 2)

	require.NoError(t, hub.StopServer(t.Context(), "sharer", ""))
	_, list = call(t, hub, token, http.MethodGet, "/shares", "")
	require.Len(t, list["items"], 1)
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	require.Equal(t, 403, guest.get(hub.UserURL("sharer", "")).status)
	require.Equal(t, "Authorize access", friend.get(hub.UserURL("sharer", "")).heading(), "a server that starts anew asks anew")
}

// A hub that ends without stopping its servers has stopped them all the same: what was granted until then is over when the next hub starts on
// its database. What was granted while a server did not run waits for its next run.
func TestASessionGrantDoesNotOutliveACrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := hubsim.Config{Extensions: true, DB: filepath.Join(dir, "hub.db"), AllowNamedServers: true, Users: []hubsim.User{{Name: "sharer"}, {Name: "guest"}},
		Roles: []hubsim.Role{{Name: "user", Scopes: []string{"self", "shares!user", "read:users:name"}}}}
	hub := hubsim.New(t, cfg)
	token, err := hub.Token("sharer")
	require.NoError(t, err)
	require.NoError(t, hub.StartServer(t.Context(), "sharer", "lab"))
	for _, path := range []string{"/shares/sharer/", "/shares/sharer/lab"} {
		status, _ := call(t, hub, token, http.MethodPost, path, `{"user": "guest", "session": true}`)
		require.Equal(t, 200, status, path)
	}
	// The files as they are at this moment are what a crash leaves.
	crashed := filepath.Join(dir, "crashed.db")
	for _, suffix := range []string{"", "-wal"} {
		content, err := os.ReadFile(cfg.DB + suffix)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(crashed+suffix, content, 0o600))
	}
	cfg.DB = crashed
	again := hubsim.New(t, cfg)
	_, list := call(t, again, token, http.MethodGet, "/shares", "")
	require.Len(t, list["items"], 1)
	left := list["items"].([]any)[0].(map[string]any)
	require.Equal(t, "", left["server"].(map[string]any)["name"])
	require.NoError(t, again.StartServer(t.Context(), "sharer", ""))
	require.NoError(t, again.StopServer(t.Context(), "sharer", ""))
	_, list = call(t, again, token, http.MethodGet, "/shares", "")
	require.Empty(t, list["items"])
}
