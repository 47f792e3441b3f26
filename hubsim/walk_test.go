package hubsim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/scopes"
)

// HB-187, steps 1 to 11, OA-160, OA-161: without scripts, on plain hubs and on odd ones (HB-188).
func TestTheSharingWalk(t *testing.T) {
	t.Parallel()
	odd := hubsim.Config{Profile: scopes.P60, BaseURL: "/@/space%20word/", AllowNamedServers: true}
	for name, c := range map[string]struct {
		cfg             hubsim.Config
		sharer, visitor string
		server          string // "" = the default one
	}{
		"on a hub as it comes":       {hubsim.Config{}, "sharer", "shared-with", ""},
		"below a path with escapes":  {hubsim.Config{BaseURL: "/@/space%20word/"}, "sharer", "shared-with", ""},
		"with an address for a name": {hubsim.Config{}, "a@b", "shared-with", ""},
		"with markup for names":      {hubsim.Config{}, `testuser<'&">`, `visitor<'&">`, ""},
		"with an unusual alphabet":   {hubsim.Config{}, "ünï", "日本", ""},
		"with a space in the name":   {hubsim.Config{}, "two words", "shared-with", ""},
		"in the 6.0 profile":         {hubsim.Config{Profile: scopes.P60}, "sharer", "shared-with", ""},
		"on a named server":          {hubsim.Config{AllowNamedServers: true}, "sharer", "shared-with", "lab 2 & more"},
		"all of it at once":          {odd, `testuser<'&">`, "ünï", "lab-2"},
		"all of it, an address":      {odd, "a@b", `visitor<'&">`, "lab-2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			walk(t, hubsim.New(t, c.cfg), c.sharer, c.visitor, c.server)
		})
	}
}

func walk(t *testing.T, hub *hubsim.Hub, sharer, visitor, server string) {
	// 1: anonymous, the front door leads to the login form.
	owner := stranger(t, hub)
	front := owner.get(hub.URL)
	require.Equal(t, 200, front.status)
	require.Equal(t, "Sign in", front.heading())
	// 2: a name with outer spaces and capitals is the same name (HB-25); login leads to the server.
	lab := owner.logIn(front, " "+strings.ToUpper(sharer)+" ")
	require.Equal(t, 200, lab.status, lab.text())
	require.True(t, strings.HasPrefix(lab.url.String(), hub.UserURL(sharer, "")), "%s", lab.url)
	spawn := "spawn"
	if server != "" {
		spawn += strings.TrimSuffix(strings.TrimPrefix(hub.UserURL(sharer, server), hub.URL+"user"), "/")
		require.NoError(t, hub.StopServer(t.Context(), sharer, "")) // which would get what a named one does not answer
		lab = owner.get(spawn)
		require.Equal(t, 200, lab.status, lab.text())
		require.True(t, strings.HasPrefix(lab.url.String(), hub.UserURL(sharer, server)), "%s", lab.url)
	}
	// 3
	config := lab.labConfig(t)
	require.Equal(t, sharer, config["hubUser"])
	require.Equal(t, sharer, config["hubServerUser"])
	require.Empty(t, config["hubHost"])
	token := config["token"].(string)
	require.NotEmpty(t, token)
	// 4
	codes, shares := apiPath(hub, "share-codes", sharer, server), apiPath(hub, "shares", sharer, server)
	status, code := call(t, hub, token, http.MethodPost, codes, "")
	require.Equal(t, 200, status, "%v", code)
	accept, err := url.Parse(hub.URL)
	require.NoError(t, err)
	accept, err = accept.Parse(code["accept_url"].(string))
	require.NoError(t, err)
	require.Equal(t, hub.AcceptURL(code["code"].(string)), accept.String())
	// 5: somebody else opens the link.
	guest := stranger(t, hub)
	invitation := guest.logIn(guest.get(accept.String()), visitor)
	require.Equal(t, 200, invitation.status, invitation.text())
	require.Equal(t, "Accept sharing invitation", invitation.heading())
	require.Contains(t, invitation.text(), "You ("+visitor+") have been invited to access "+sharer+"'s server")
	require.NotContains(t, invitation.text(), "not currently running")
	consent := guest.submit(invitation, nil)
	require.Equal(t, 200, consent.status, consent.text())
	require.Equal(t, "Authorize access", consent.heading())
	there := guest.submit(consent, nil)
	require.Equal(t, 200, there.status, there.text())
	seen := there.labConfig(t)
	require.Equal(t, visitor, seen["hubUser"])
	require.Equal(t, sharer, seen["hubServerUser"])
	require.NotEqual(t, token, seen["token"])
	// 6
	status, list := call(t, hub, token, http.MethodGet, shares, "")
	require.Equal(t, 200, status)
	require.Len(t, list["items"], 1)
	share := list["items"].([]any)[0].(map[string]any)
	require.Equal(t, "user", share["kind"])
	require.Equal(t, map[string]any{"name": visitor}, share["user"])
	require.Equal(t, []any{"access:servers!server=" + sharer + "/" + server}, share["scopes"])
	_, list = call(t, hub, token, http.MethodGet, codes, "")
	outstanding := list["items"].([]any)[0].(map[string]any)
	require.EqualValues(t, 1, outstanding["exchange_count"])
	require.NotContains(t, outstanding, "code")
	// 7: the visitor's own page may not share (SH-193).
	status, _ = call(t, hub, seen["token"].(string), http.MethodPost, codes, "")
	require.Equal(t, 403, status)
	// 8: the link dies, access stays.
	status, _ = call(t, hub, token, http.MethodDelete, codes, "")
	require.Equal(t, 204, status)
	require.Equal(t, 404, guest.get(accept.String()).status)
	require.Equal(t, visitor, guest.get(hub.UserURL(sharer, server)).labConfig(t)["hubUser"])
	// 9: access ends, here and for a fresh visit.
	status, _ = call(t, hub, token, http.MethodDelete, shares, "")
	require.Equal(t, 204, status)
	require.Equal(t, 403, guest.get(hub.UserURL(sharer, server)).status)
	refused := known(t, hub, visitor).get(hub.UserURL(sharer, server))
	require.Equal(t, 403, refused.status)
	require.Contains(t, refused.text(), "You do not have permission to access Server at ")
	// 10: the server stops; its page's token is dead, and those without access learn nothing.
	require.NoError(t, hub.StopServer(t.Context(), sharer, server))
	status, answer := call(t, hub, token, http.MethodGet, codes, "")
	require.Equal(t, 403, status)
	require.Equal(t, "Missing or invalid credentials.", answer["message"])
	stopped := owner.get(hub.UserURL(sharer, server) + "lab")
	require.Equal(t, 424, stopped.status)
	require.Equal(t, "Server not running", stopped.heading())
	gone := owner.get(hub.UserURL(sharer, server) + "api/x")
	require.Equal(t, 424, gone.status)
	require.Contains(t, gone.body, "JupyterHub server no longer running at /user/")
	require.Equal(t, 404, guest.get(hub.UserURL(sharer, server)).status)
	// 11: it starts again; the owner is back without being asked, the guest stays out.
	back := owner.get(spawn)
	require.Equal(t, 200, back.status, back.text())
	require.Equal(t, sharer, back.labConfig(t)["hubUser"])
	require.Equal(t, 403, guest.get(hub.UserURL(sharer, server)).status)
}

// apiPath is the address of an owner's server below /hub/api.
func apiPath(hub *hubsim.Hub, kind, owner, server string) string {
	// UserURL escapes as the API does (HB-3).
	path := "/" + kind + "/" + strings.TrimPrefix(hub.UserURL(owner, server), hub.URL+"user/")
	if server != "" {
		return strings.TrimSuffix(path, "/")
	}
	return path
}

// HB-187 step 5 again: the second visit does not ask (HB-67), and a code may be accepted twice (HB-66).
func TestASecondVisitIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	code, err := hub.NewShareCode("sharer", "")
	require.NoError(t, err)
	guest := known(t, hub, "shared-with")
	there := guest.submit(guest.submit(guest.get(hub.AcceptURL(code)), nil), nil)
	require.Equal(t, "shared-with", there.labConfig(t)["hubUser"])

	again := guest.submit(guest.get(hub.AcceptURL(code)), nil)
	require.Equal(t, 200, again.status)
	require.Equal(t, "shared-with", again.labConfig(t)["hubUser"])

	token, err := hub.Token("sharer")
	require.NoError(t, err)
	_, list := call(t, hub, token, http.MethodGet, "/share-codes/sharer/", "")
	assert.EqualValues(t, 2, list["items"].([]any)[0].(map[string]any)["exchange_count"])
	_, list = call(t, hub, token, http.MethodGet, "/shares/sharer/", "")
	assert.Len(t, list["items"], 1)
}
