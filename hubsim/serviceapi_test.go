package hubsim_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// HB-162, OA-76: services own tokens, and may do what their roles say.
func TestAServiceMayDoWhatItsRolesSay(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{
		Users: []hubsim.User{{Name: "ann"}, {Name: "bob"}},
		Services: []hubsim.Service{
			{Name: "nobody", APIToken: svcToken}, {Name: "boss", Admin: true}, {Name: "sharer"},
			{Name: "self", URL: "http://127.0.0.1:1", Info: map[string]any{"a": 1}},
		},
		Roles: []hubsim.Role{
			{Name: "sharing", Scopes: []string{"shares", "read:users:name"}, Services: []string{"sharer"}},
			{Name: "readers", Scopes: []string{"read:services!service", "read:roles:services", "self"}, Services: []string{"self"}},
		},
	})
	status, me := call(t, hub, tokenOf(t, hub, "nobody"), http.MethodGet, "/user", "")
	require.Equal(t, 200, status)
	require.Equal(t, map[string]any{"kind": "service", "name": "nobody", "admin": false, "token_id": "a1", "session_id": nil, "scopes": []any{}},
		withoutIdentify(me))
	status, no := call(t, hub, tokenOf(t, hub, "nobody"), http.MethodGet, "/users/ann", "")
	require.Equal(t, 403, status, "HB-134: not hidden, since it holds nothing of the kind: %v", no)
	status, _ = call(t, hub, tokenOf(t, hub, "nobody"), http.MethodGet, "/services", "")
	require.Equal(t, 403, status)

	status, me = call(t, hub, tokenOf(t, hub, "boss"), http.MethodGet, "/user", "")
	require.Equal(t, 200, status)
	require.Equal(t, true, me["admin"])
	require.Equal(t, []any{"admin"}, me["roles"])
	require.Contains(t, me["scopes"], "admin:users")
	status, ann := call(t, hub, tokenOf(t, hub, "boss"), http.MethodGet, "/users/ann", "")
	require.Equal(t, 200, status)
	require.Equal(t, "ann", ann["name"])

	// SC-351: of its own things it may see what the filter says, and self means nothing.
	status, me = call(t, hub, tokenOf(t, hub, "self"), http.MethodGet, "/user", "")
	require.Equal(t, 200, status)
	require.Equal(t, []any{"readers"}, me["roles"])
	for _, f := range []string{"url", "info", "display"} {
		require.Contains(t, me, f)
		require.Nil(t, me[f], "HB-155")
	}
	require.Equal(t, "/services/self/", me["prefix"])
	require.NotContains(t, fmt.Sprint(me["scopes"]), "users")

	// A service shares what is a user's, as far as its role goes, and is nobody's grantee.
	status, code := call(t, hub, tokenOf(t, hub, "sharer"), http.MethodPost, "/share-codes/ann/", "")
	require.Equal(t, 200, status, "%v", code)
	status, _ = call(t, hub, tokenOf(t, hub, "sharer"), http.MethodPost, "/shares/ann/", `{"user": "bob"}`)
	require.Equal(t, 200, status)
	status, _ = call(t, hub, tokenOf(t, hub, "sharer"), http.MethodPost, "/users/ann/server", "")
	require.Equal(t, 403, status)
	status, _ = call(t, hub, tokenOf(t, hub, "boss"), http.MethodPost, "/users/ann/server", "")
	require.Equal(t, 201, status)
}

// withoutIdentify leaves out the scope by which every service knows itself.
func withoutIdentify(model map[string]any) map[string]any {
	rest := []any{}
	for _, s := range model["scopes"].([]any) {
		if s != "read:services:name!service="+model["name"].(string) {
			rest = append(rest, s)
		}
	}
	model["scopes"] = rest
	return model
}

// HB-147, HB-155, SC-96: who may see which services, and what of them.
func TestWhoSeesServices(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{
		Users: []hubsim.User{{Name: "ann", Admin: true}, {Name: "bob"}},
		Services: []hubsim.Service{
			{Name: "web", URL: "http://127.0.0.1:10101", Info: map[string]any{"by": "us"}},
			{Name: "task", Admin: true},
		},
		Roles: []hubsim.Role{{Name: "user", Scopes: []string{"self", "list:services!service=web", "read:services!service=task", "read:roles:services!service=web"}}},
	})
	web := map[string]any{"kind": "service", "name": "web", "admin": false, "roles": []any{}, "url": "http://127.0.0.1:10101", "prefix": "/services/web/",
		"command": []any{}, "pid": 0.0, "info": map[string]any{"by": "us"}, "display": true}
	task := map[string]any{"kind": "service", "name": "task", "admin": true, "roles": []any{"admin"}, "url": "", "prefix": "",
		"command": []any{}, "pid": 0.0, "info": map[string]any{}, "display": true}

	ann, err := hub.Token("ann")
	require.NoError(t, err)
	bob, err := hub.Token("bob")
	require.NoError(t, err)
	narrow, err := hub.Token("bob", "read:users!user")
	require.NoError(t, err)
	status, got := call(t, hub, ann, http.MethodGet, "/services", "")
	require.Equal(t, 200, status)
	require.Equal(t, map[string]any{"web": web, "task": task}, got)

	status, got = call(t, hub, bob, http.MethodGet, "/services", "")
	require.Equal(t, 200, status)
	require.Equal(t, map[string]any{"web": map[string]any{"kind": "service", "name": "web", "admin": false, "roles": []any{}}}, got,
		"the list has what may be listed, and of each what may be read")
	delete(task, "roles")
	status, got = call(t, hub, bob, http.MethodGet, "/services/task", "")
	require.Equal(t, 200, status)
	require.Equal(t, task, got)

	for name, c := range map[string]struct {
		token, method, path string
		want                int
	}{
		"a service that is not there":                          {ann, http.MethodGet, "/services/none", 404},
		"one that may not be seen is as one that is not there": {bob, http.MethodGet, "/services/none", 404},
		"nobody sees the list":                                 {"", http.MethodGet, "/services", 403},
		"nobody sees a service":                                {"", http.MethodGet, "/services/web", 403},
		"a token without the scope":                            {narrow, http.MethodGet, "/services", 403},
		"a token without the scope, one service":               {narrow, http.MethodGet, "/services/web", 403},
		"services of the configuration are not removed":        {ann, http.MethodDelete, "/services/web", 405}, // OA-14
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, got := call(t, hub, c.token, c.method, c.path, "")
			require.Equal(t, c.want, status, "%v", got)
			require.NotContains(t, fmt.Sprint(got), "10101")
		})
	}
}

// HB-48, SC-433: the menu has the displayed services that the visitor may reach.
func TestTheMenuOfServices(t *testing.T) {
	t.Parallel()
	hidden := false
	hub := hubsim.New(t, hubsim.Config{
		Users: []hubsim.User{{Name: "ann"}, {Name: "bob"}, {Name: "all"}},
		Services: []hubsim.Service{
			{Name: "zoo", URL: "http://127.0.0.1:0"}, {Name: "ärea", URL: "http://127.0.0.1:0", OAuthClientID: "service-area"},
			{Name: "hidden", URL: "http://127.0.0.1:0", Display: &hidden}, {Name: "task"},
		},
		Roles: []hubsim.Role{{Name: "some", Scopes: []string{"access:services!service=ärea"}, Users: []string{"ann"}},
			{Name: "all-of-them", Scopes: []string{"access:services"}, Users: []string{"all"}}},
	})
	menu := func(p page) (out []string) {
		for _, a := range p.all("a", "dropdown-item") {
			out = append(out, text(a)+" "+attr(a, "href"))
		}
		return out
	}
	for _, at := range []string{"home", "token", "none"} {
		require.Equal(t, []string{"ärea /services/%C3%A4rea/"}, menu(known(t, hub, "ann").get(at)), at)
		require.Empty(t, menu(known(t, hub, "bob").get(at)), at)
		require.Equal(t, []string{"zoo /services/zoo/", "ärea /services/%C3%A4rea/"}, menu(known(t, hub, "all").get(at)), "in their order, on %s", at)
	}
	require.Empty(t, menu(stranger(t, hub).get("login")))
}
