package hubsim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// HB-82, OA-115: labels are host names, and no two names have the same.
func TestEveryNameHasALabelOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for name, want := range map[string]string{
		"ann": "ann", "a-b": "a-b", "ünï": "xn--n-nga1b", "日本": "xn--wgv71a", "a@b": "u-ab--", "a.b": "u-ab--", "123": "u-123--", "-": "u-x--", "a--b": "u-ab--",
		"xn--wgv71a": "u-xnwgv71a--", `testuser<'&">`: "u-testuser--", "two words": "u-twowords--", "ﬁ": "u-x--", "fi": "fi", strings.Repeat("long", 20): "u-longlong--",
		"groß": "xn--gro-7ka", "gross": "gross",
	} {
		got := hubsim.Label(name)
		assert.True(t, strings.HasPrefix(got, want), "%s: %s", name, got)
		assert.Regexp(t, `^[a-z0-9]([a-z0-9-]{0,52}[a-z0-9])?$`, got, name)
		assert.Empty(t, seen[got], name)
		seen[got] = name
	}
}

// HB-82, OA-115, OA-117, HB-11: the way of sharer and guest when each server has an origin of its own.
func TestServersOnHostsOfTheirOwn(t *testing.T) {
	t.Parallel()
	for name, sharer := range map[string]string{"a plain name": "sharer", "a name that is no label": "a@b", "another alphabet": "ünï"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := hubsim.New(t, hubsim.Config{SubdomainHost: "hub.localhost", BaseURL: "/@/space%20word/"})
			at, err := url.Parse(hub.URL)
			require.NoError(t, err)
			require.Equal(t, "hub.localhost", at.Hostname())
			owner := stranger(t, hub)
			lab := owner.logIn(owner.get(hub.URL), sharer)
			require.Equal(t, 200, lab.status, lab.text())
			require.Equal(t, hubsim.Label(sharer)+".hub.localhost:"+at.Port(), lab.url.Host, "redirected with the host")
			require.True(t, strings.HasPrefix(lab.url.String(), hub.UserURL(sharer, "")), "%s", lab.url)
			config := lab.labConfig(t)
			assert.Equal(t, "http://"+at.Host, config["hubHost"])
			assert.Equal(t, sharer, config["hubUser"])

			code, err := hub.NewShareCode(sharer, "")
			require.NoError(t, err)
			guest := known(t, hub, "shared-with")
			consent := guest.submit(guest.get(hub.AcceptURL(code)), nil)
			require.Equal(t, "Authorize access", consent.heading(), consent.text())
			require.Equal(t, at.Host, consent.url.Host)
			require.Contains(t, consent.text(), "oauth URL: "+hub.UserURL(sharer, "")+"oauth_callback")
			there := guest.submit(consent, nil)
			require.Equal(t, 200, there.status, there.text())
			require.Equal(t, lab.url.Host, there.url.Host)
			require.Equal(t, "shared-with", there.labConfig(t)["hubUser"])

			// Each cookie is where it belongs: the session is shared, the login is the hub's, the server's is the server's.
			names := func(u string) (out []string) {
				at, err := url.Parse(u)
				require.NoError(t, err)
				for _, c := range guest.c.Jar.Cookies(at) {
					out = append(out, c.Name)
				}
				return out
			}
			assert.ElementsMatch(t, []string{"jupyterhub-hub-login", "jupyterhub-session-id", "_xsrf"}, names(hub.HubURL()))
			elsewhere := names(hub.UserURL(sharer, ""))
			assert.Contains(t, elsewhere, "jupyterhub-session-id")
			assert.NotContains(t, elsewhere, "jupyterhub-hub-login")
			assert.NotContains(t, names(hub.UserURL("shared-with", "")), "jupyterhub-user-"+url.PathEscape(sharer))

			require.NoError(t, hub.StopServer(t.Context(), sharer, ""))
			assert.Equal(t, 424, owner.get(hub.UserURL(sharer, "")+"lab").status)
			out := guest.get("logout")
			assert.Equal(t, "Sign in", out.heading())
			assert.NotContains(t, names(hub.UserURL(sharer, "")), "jupyterhub-session-id")
		})
	}
}

// HB-82, HB-132: which host answers what.
func TestHostsAnswerForThemselvesAlone(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{SubdomainHost: "hub.localhost", Users: []hubsim.User{{Name: "ann"}, {Name: "bob"}},
		Services: []hubsim.Service{{Name: "page", URL: "http://127.0.0.1:9", OAuthClientID: "service-page"}}})
	require.NoError(t, hub.StartServer(t.Context(), "ann", ""))
	at, err := url.Parse(hub.URL)
	require.NoError(t, err)
	c := hub.Client("")
	c.Jar = nil
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	host := func(label string) string { return "http://" + label + at.Host }
	for what, want := range map[string]struct {
		method, url string
		status      int
		location    string
	}{
		"a server on its host":           {"GET", host("ann.") + "/user/ann/api", 200, ""},
		"a server on another's host":     {"GET", host("bob.") + "/user/ann/api", 302, host("") + "/user/ann/api"},
		"a server on the hub's host":     {"GET", host("") + "/user/ann/api?x=1", 302, "/hub/user/ann/api?x=1"},
		"a service on its host":          {"GET", host("page--service.") + "/services/page/", 503, ""},
		"a service on the hub's host":    {"GET", host("") + "/services/page/x", 302, host("page--service.") + "/services/page/x"},
		"a service's host by a user":     {"GET", host("page.") + "/services/page/", 302, host("") + "/services/page/"},
		"the hub on a server's host":     {"GET", host("ann.") + "/hub/login?next=x", 302, host("") + "/hub/login?next=x"},
		"the hub's API on that host":     {"GET", host("ann.") + "/hub/api/user", 404, ""},
		"a form on that host":            {"POST", host("ann.") + "/hub/login", 404, ""},
		"a stopped server on its host":   {"GET", host("bob.") + "/user/bob/lab", 302, "/hub/user/bob/lab"},
		"the hub's API on the hub's":     {"GET", host("") + "/hub/api/", 200, ""},
		"a host that only ends the same": {"GET", "http://nothub.localhost:" + at.Port() + "/hub/api/", 200, ""},
	} {
		req, err := http.NewRequestWithContext(t.Context(), want.method, "http://"+at.Host, nil)
		require.NoError(t, err)
		to, err := url.Parse(want.url)
		require.NoError(t, err)
		req.URL.Path, req.URL.RawQuery, req.Host = to.Path, to.RawQuery, to.Host
		res, err := c.Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		assert.Equal(t, want.status, res.StatusCode, what)
		assert.Equal(t, want.location, res.Header.Get("Location"), what)
		assert.Empty(t, res.Header.Get("Access-Control-Allow-Credentials"), what)
		if !strings.HasSuffix(to.Path, "/hub/api/") {
			assert.Empty(t, res.Header.Get("Access-Control-Allow-Origin"), what)
		}
	}
	env, err := hub.ServiceEnv("page")
	require.NoError(t, err)
	assert.Contains(t, env, "JUPYTERHUB_HOST=http://"+at.Host)
	assert.Contains(t, env, "JUPYTERHUB_OAUTH_CALLBACK_URL="+host("page--service.")+"/services/page/oauth_callback")
	assert.Equal(t, host("page--service.")+"/services/page/", hub.ServiceURL("page"))
}
