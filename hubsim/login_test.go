package hubsim_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// HB-42, HB-44: where a login without next leads; always a path, to which the other parameters are added.
func TestWhereALoginLeadsWithoutNext(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, query, want string
		running           bool
	}{
		"to starting a server":       {`{}`, "", "/hub/spawn", false},
		"to one that runs":           {`{}`, "", "/user/sharer/", true},
		"home, if it is to":          {`{"redirect_to_server": false}`, "", "/hub/home", true},
		"to a page of choice":        {`{"default_url": "/hub/token?a=1"}`, "", "/hub/token?a=1", true},
		"with the other parameters":  {`{"default_url": "/hub/token?a=1"}`, "?b=2&_xsrf=x", "/hub/token?a=1&b=2", true},
		"where next says, and alone": {`{"default_url": "/hub/token"}`, "?b=2&next=%2Fhub%2Fhome", "/hub/home", false},
		"not where a next cannot be": {`{}`, "?next=https%3A%2F%2Fevil.example%2F", "/hub/spawn", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, err := hubsim.ParseConfig([]byte(c.file))
			require.NoError(t, err)
			cfg.Addr = ""
			hub := hubsim.New(t, cfg)
			if c.running {
				require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
			}
			require.Equal(t, c.want, known(t, hub, "sharer").staysPut().get("login"+c.query).header.Get("Location"))
			p := stranger(t, hub).staysPut()
			form, _ := p.get("login" + c.query).form0()
			got := p.post("login"+c.query, url.Values{"username": {"sharer"}, "_xsrf": {form}})
			require.Equal(t, c.want, got.header.Get("Location"))
		})
	}
	for _, bad := range []string{"hub/home", "//evil.example/", `/\evil.example`, "https://evil.example/"} {
		_, err := hubsim.Start(t.Context(), hubsim.Config{DefaultURL: bad})
		require.ErrorContains(t, err, "DefaultURL")
	}
}

// HB-45: logging out leaves servers running, unless it is to stop them.
func TestLoggingOutMayStopServers(t *testing.T) {
	t.Parallel()
	for stops, want := range map[bool]string{true: hubsim.Stopped, false: hubsim.Ready} {
		hub := hubsim.New(t, hubsim.Config{ShutdownOnLogout: stops})
		require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
		require.NoError(t, hub.StartServer(t.Context(), "shared-with", ""))
		known(t, hub, "sharer").get("logout")
		stranger(t, hub).get("logout")
		require.NoError(t, hub.WaitServer(t.Context(), "sharer", "", want))
		require.NoError(t, hub.WaitServer(t.Context(), "shared-with", "", hubsim.Ready))
	}
}

// HB-26: a first login makes the user, with role user; a later one leaves groups and roles as they are.
func TestAFirstLoginMakesTheUser(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	_, err := hub.Token("newcomer")
	require.Error(t, err)
	require.Equal(t, 302, signIn(t, hub, "Newcomer", "").status)
	require.NoError(t, hub.AddGroup(t.Context(), hubsim.Group{Name: "lab", Users: []string{"newcomer"}}))
	require.NoError(t, hub.AddRole(t.Context(), hubsim.Role{Name: "reader", Scopes: []string{"list:users"}, Users: []string{"newcomer"}}))
	require.Equal(t, 302, signIn(t, hub, "newcomer", "").status)
	s, err := hub.Snapshot(t.Context())
	require.NoError(t, err)
	require.Len(t, s.Users, 3)
	require.Equal(t, "newcomer", s.Users[0].Name)
	require.Equal(t, []string{"lab"}, s.Users[0].Groups)
	require.Equal(t, []string{"reader", "user"}, s.Users[0].Roles)
}

// HB-92, HB-152: what there is of a server in each of its states; every user has a record of the default one.
func TestAServerRecordInEachState(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Limits: hubsim.Limits{SlowSpawnTimeout: -1, SlowStopTimeout: -1}, Clock: hubsim.NewFakeClock(time0)})
	token := tokenFor(t, hub, "sharer")
	looks := func(ready, stopped bool, pending, started any) {
		t.Helper()
		_, model := call(t, hub, token, http.MethodGet, "/users/sharer?include_stopped_servers", "")
		s := model["servers"].(map[string]any)[""].(map[string]any)
		require.Equal(t, []any{ready, stopped, pending, started}, []any{s["ready"], s["stopped"], s["pending"], s["started"]})
		require.Equal(t, pending, model["pending"])
		require.Equal(t, map[bool]any{true: "/user/sharer/", false: nil}[ready], model["server"], "HB-150")
	}
	began := "2026-01-02T03:04:05Z"
	looks(false, true, nil, nil)
	hang, err := hub.AddFault(hubsim.SpawnHang())
	require.NoError(t, err)
	slow, err := hub.AddFault(hubsim.SlowStop(1))
	require.NoError(t, err)
	status, _ := call(t, hub, token, http.MethodPost, "/users/sharer/server", "")
	require.Equal(t, 202, status)
	looks(false, false, "spawn", began)
	require.NoError(t, hub.RemoveFault(hang))
	require.NoError(t, hub.WaitServer(t.Context(), "sharer", "", hubsim.Ready))
	looks(true, false, nil, began)
	status, _ = call(t, hub, token, http.MethodDelete, "/users/sharer/server", "")
	require.Equal(t, 202, status)
	looks(false, false, "stop", began)
	require.NoError(t, hub.RemoveFault(slow))
	require.NoError(t, hub.WaitServer(t.Context(), "sharer", "", hubsim.Stopped))
	looks(false, true, nil, nil)
	_, err = hub.AddFault(hubsim.SpawnFail("no room", 507, 0))
	require.NoError(t, err)
	require.ErrorContains(t, hub.StartServer(t.Context(), "sharer", ""), "no room")
	looks(false, true, nil, nil)
}

// HB-157: a role of the configuration takes the place of the built-in one; without, nobody may share.
func TestRolesOfTheConfiguration(t *testing.T) {
	t.Parallel()
	stock := hubsim.New(t, hubsim.Config{Users: []hubsim.User{{Name: "ann"}, {Name: "root", Admin: true}}})
	status, _ := call(t, stock, tokenFor(t, stock, "ann"), http.MethodPost, "/share-codes/ann/", "")
	require.Equal(t, 403, status, "nobody may share until a role says so")
	require.True(t, holds(t, stock, "root", "admin:servers"))
	ours := hubsim.New(t, hubsim.Config{Users: []hubsim.User{{Name: "ann"}, {Name: "root", Admin: true}},
		Roles: []hubsim.Role{{Name: "user", Scopes: []string{"self", "shares!user"}}}})
	status, _ = call(t, ours, tokenFor(t, ours, "ann"), http.MethodPost, "/share-codes/ann/", "")
	require.Equal(t, 200, status)
	_, err := hubsim.Start(t.Context(), hubsim.Config{Roles: []hubsim.Role{{Name: "admin", Scopes: []string{"list:users"}}}})
	require.ErrorContains(t, err, "Roles: Cannot override admin role")
}

// HB-145, HB-153: what sharing answers, and how little of the server is in it; without the name of a server nothing is written.
func TestWhatSharingAnswers(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Users: []hubsim.User{{Name: "sharer"}, {Name: "shared-with"}},
		Roles: []hubsim.Role{{Name: "user", Scopes: []string{"self", "shares!user", "read:users:name"}}}})
	token := tokenFor(t, hub, "sharer")
	status, share := call(t, hub, token, http.MethodPost, "/shares/sharer/", `{"user": "shared-with"}`)
	require.Equal(t, 200, status, "not 201")
	require.Equal(t, map[string]any{"user": map[string]any{"name": "sharer"}, "name": "", "url": "/user/sharer/", "full_url": nil, "ready": false}, share["server"])
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{"POST", "/shares/sharer", 405}, {"PATCH", "/shares/sharer", 405}, {"DELETE", "/shares/sharer", 405}, {"POST", "/share-codes/sharer", 405},
		{"DELETE", "/share-codes/sharer/", 204}, {"DELETE", "/shares/sharer/", 204},
	} {
		status, _ := call(t, hub, token, c.method, c.path, "")
		require.Equal(t, c.want, status, c.method+" "+c.path)
	}
}
