package hubsim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// cookie gives a cookie that a browser holds for the hub, or nil.
func (p *person) cookie(name string) *http.Cookie {
	p.t.Helper()
	u, err := url.Parse(p.hub.HubURL())
	require.NoError(p.t, err)
	for _, c := range p.c.Jar.Cookies(u) {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// plant puts a session id into a browser, as a neighbour on the same host could.
func (p *person) plant(session string) {
	p.t.Helper()
	u, err := url.Parse(p.hub.URL)
	require.NoError(p.t, err)
	p.c.Jar.SetCookies(u, []*http.Cookie{{Name: "jupyterhub-session-id", Value: session, Path: "/"}})
}

// HB-33, OA-89, OA-91: a login sets three cookies, each with its own reach and life.
func TestALoginSetsThreeCookies(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	p := stranger(t, hub).staysPut()
	got := p.logIn(p.get("login"), "sharer")
	set := map[string]*http.Cookie{}
	for _, line := range got.header.Values("Set-Cookie") {
		c, err := http.ParseSetCookie(line)
		require.NoError(t, err)
		set[c.Name] = c
		require.Zero(t, c.SameSite, "upstream sets none")
		require.False(t, c.Secure, "the connection is plain")
	}
	require.Len(t, set, 3)
	require.True(t, set["jupyterhub-hub-login"].HttpOnly)
	require.Equal(t, "/hub/", set["jupyterhub-hub-login"].Path)
	require.WithinDuration(t, time.Now().AddDate(0, 0, 30), set["jupyterhub-hub-login"].Expires, time.Hour)
	require.True(t, set["jupyterhub-session-id"].HttpOnly)
	require.Equal(t, "/", set["jupyterhub-session-id"].Path)
	require.True(t, set["jupyterhub-session-id"].Expires.IsZero())
	require.False(t, set["_xsrf"].HttpOnly)
	require.Equal(t, "/hub/", set["_xsrf"].Path)
	require.Zero(t, set["_xsrf"].MaxAge)
}

// HB-33, OA-89: the login is over after 14 days of the hub's clock, whatever the browser believes.
func TestALoginEndsOnTheHubsClock(t *testing.T) {
	t.Parallel()
	clock := hubsim.NewFakeClock(time0)
	hub := hubsim.New(t, hubsim.Config{Clock: clock})
	p := known(t, hub, "sharer")
	clock.Advance(14 * 24 * time.Hour)
	require.Contains(t, p.get("home").text(), "sharer")
	clock.Advance(time.Second)
	require.Equal(t, "Sign in", p.get("home").heading())
}

// OA-98, OA-S8: nobody's session id can be chosen for them; HB-35: logging in as somebody else keeps it.
func TestASessionIsMadeAnewAtLogin(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	p := stranger(t, hub)
	p.plant("00000000000000000000000000000000")
	require.Equal(t, 200, p.logIn(p.get("login"), "sharer").status)
	mine := p.cookie("jupyterhub-session-id").Value
	require.Regexp(t, "^[0-9a-f]{32}$", mine)
	require.NotEqual(t, strings.Repeat("0", 32), mine)
	// Somebody else signs in over it, in the same browser.
	form, _ := p.get("home").form0()
	got := p.post("login?next=%2Fhub%2Fhome", url.Values{"username": {"shared-with"}, "password": {"x"}, "_xsrf": {form}})
	require.Contains(t, got.text(), "shared-with")
	require.Equal(t, mine, p.cookie("jupyterhub-session-id").Value)
}

// HB-45, OA-110: logging out ends what this browser session authorised, and nothing else.
func TestLoggingOutEndsThisSessionsTokens(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	here, there := known(t, hub, "sharer"), known(t, hub, "sharer")
	mine := here.get(hub.UserURL("sharer", "")).labConfig(t)["token"].(string)
	other := there.get(hub.UserURL("sharer", "")).labConfig(t)["token"].(string)
	api, err := hub.Token("sharer")
	require.NoError(t, err)
	works := func(token string) bool {
		status, _ := call(t, hub, token, http.MethodGet, "/user", "")
		return status == 200
	}
	require.True(t, works(mine))

	// OA-S18: somebody who is not logged in ends nothing, though they name a session.
	forger := stranger(t, hub)
	forger.plant(here.cookie("jupyterhub-session-id").Value)
	require.Equal(t, "Sign in", forger.get("logout").heading())
	require.True(t, works(mine))
	// Nor does somebody who is, as somebody else.
	forger = known(t, hub, "shared-with")
	forger.plant(here.cookie("jupyterhub-session-id").Value)
	require.Equal(t, "Sign in", forger.get("logout").heading())
	require.True(t, works(mine))

	require.Equal(t, "Sign in", here.get("logout").heading())
	require.Nil(t, here.cookie("jupyterhub-hub-login"))
	require.False(t, works(mine))
	require.True(t, works(other))
	require.True(t, works(api))
	require.Equal(t, "Sign in", here.get(hub.UserURL("sharer", "")).heading())
	require.Equal(t, 200, there.get(hub.UserURL("sharer", "")).status)
}

// HB-36, OA-186: a login without its session gets one, and the forms of that very page work.
func TestALostSessionIsMadeUpFor(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	code, err := hub.NewShareCode("sharer", "")
	require.NoError(t, err)
	p := known(t, hub, "shared-with").staysPut()
	u, err := url.Parse(hub.URL)
	require.NoError(t, err)
	p.c.Jar.SetCookies(u, []*http.Cookie{{Name: "jupyterhub-session-id", Path: "/", MaxAge: -1}})
	require.Nil(t, p.cookie("jupyterhub-session-id"))
	invitation := p.get(hub.AcceptURL(code))
	require.NotNil(t, p.cookie("jupyterhub-session-id"))
	require.Equal(t, 302, p.submit(invitation, nil).status)
}

// HB-45, HB-36: what a browser is told to forget, and when.
func TestWhichCookiesAreTakenBack(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Users: []hubsim.User{{Name: "ann"}, {Name: "boss", Admin: true}}})
	cleared := func(p page) (out []string) {
		for _, c := range (&http.Response{Header: p.header}).Cookies() {
			if c.Value == "" {
				out = append(out, c.Name+" "+c.Path)
			}
		}
		return out
	}
	require.Empty(t, cleared(stranger(t, hub).staysPut().get("logout")), "somebody who is not logged in loses nothing")
	ann, leaver := known(t, hub, "ann").staysPut(), known(t, hub, "ann").staysPut()
	require.ElementsMatch(t, []string{"jupyterhub-session-id /", "jupyterhub-hub-login /hub/", "_xsrf /hub/", "jupyterhub-services /services"}, cleared(leaver.get("logout")))

	boss, err := hub.Token("boss")
	require.NoError(t, err)
	status, _ := call(t, hub, boss, "DELETE", "/users/ann", "")
	require.Equal(t, 204, status)
	require.Equal(t, []string{"jupyterhub-hub-login /hub/"}, cleared(ann.get("home")), "a login of somebody who is gone is taken back")
}
