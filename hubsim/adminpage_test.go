package hubsim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/hubshare/hubshare/hubsim"
)

// adminRows are the servers on an admin page: "user/server state actions".
func adminRows(p page) (rows []string) {
	for _, tr := range p.all("tr", "user-row") {
		text := attr(tr, "data-user") + "/" + attr(tr, "data-server-name")
		for n := range tr.Descendants() {
			class := " " + attr(n, "class") + " "
			switch {
			case strings.Contains(class, " hidden "):
			case n.Data == "td" && strings.Contains(class, " state "):
				text += " " + n.FirstChild.Data
			case n.Data == "a":
				text += " " + n.FirstChild.Data
			}
		}
		rows = append(rows, text)
	}
	return rows
}

// HB-19, HB-48: the admin page is for whoever holds admin-ui, and shows whom they may list and what they may do.
func TestTheAdminPageListsUsersAndServers(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{AllowNamedServers: true,
		Users: []hubsim.User{{Name: "boss", Admin: true}, {Name: "ann"}, {Name: `b<'&">`}, {Name: "tutor"}},
		Roles: []hubsim.Role{{Name: "looks", Scopes: []string{"admin-ui", "list:users!user=ann", "read:users:name!user=ann"}, Users: []string{"tutor"}}}})
	require.NoError(t, hub.StartServer(t.Context(), "ann", ""))
	require.NoError(t, hub.StartServer(t.Context(), "ann", "gpu"))
	require.NoError(t, hub.StopServer(t.Context(), "ann", "gpu"))

	boss := known(t, hub, "boss")
	got := boss.get("admin")
	require.Equal(t, 200, got.status)
	require.Len(t, got.all("div", "container"), 1)
	assert.Equal(t, "react-admin-hook", attr(got.all("div", "container")[0], "id"))
	assert.Equal(t, []string{"ann/ running open stop", "ann/gpu stopped start", `b<'&">/ stopped start`, "boss/ stopped start", "tutor/ stopped start"}, adminRows(got))
	var start *html.Node
	for _, a := range got.all("a", "start-server") {
		if strings.Contains(attr(a, "href"), "%3C") {
			start = a
		}
	}
	require.NotNil(t, start)
	assert.Equal(t, "/hub/spawn/b%3C%27%26%22%3E", attr(start, "href"))
	assert.Contains(t, boss.get("home").body, `href="/hub/admin"`)

	found := boss.get("admin?name_filter=AN")
	assert.Equal(t, []string{"ann/ running open stop", "ann/gpu stopped start"}, adminRows(found))
	first := boss.get("admin?limit=1&offset=1")
	assert.Len(t, adminRows(first), 1)
	assert.Contains(t, first.body, `rel="prev" href="/hub/admin?limit=1&amp;offset=0"`)
	assert.Contains(t, first.body, `rel="next" href="/hub/admin?limit=1&amp;offset=2"`)
	assert.Equal(t, 400, boss.get("admin?limit=x").status)
	assert.Contains(t, boss.get("admin?name_filter=none").text(), "Nobody is to be shown here.")

	tutor := known(t, hub, "tutor").get("admin")
	assert.Equal(t, 200, tutor.status)
	assert.Equal(t, []string{"ann/ running", "ann/gpu stopped"}, adminRows(tutor), "who may only look gets no buttons")

	refused := known(t, hub, "ann").get("admin")
	assert.Equal(t, 403, refused.status)
	assert.NotContains(t, known(t, hub, "ann").get("home").body, "/hub/admin")
	assert.Contains(t, stranger(t, hub).get("admin").url.String(), "/hub/login?next=%2Fhub%2Fadmin")
}

// HB-19: metrics are for whoever holds read:metrics, by token or cookie.
func TestMetricsCountUsersAndServers(t *testing.T) {
	t.Parallel()
	clock := hubsim.NewFakeClock(time0)
	hub := hubsim.New(t, hubsim.Config{Clock: clock, Users: []hubsim.User{{Name: "boss", Admin: true}, {Name: "ann"}, {Name: "bob"}, {Name: "meter"}},
		Roles:    []hubsim.Role{{Name: "meters", Scopes: []string{"read:metrics"}, Users: []string{"meter"}}},
		Services: []hubsim.Service{{Name: "prometheus", URL: "http://127.0.0.1:9"}}})
	require.NoError(t, hub.StartServer(t.Context(), "ann", ""))
	clock.Advance(25 * 3600e9)
	token, err := hub.Token("meter", "read:metrics")
	require.NoError(t, err)
	status, text, header := ask(t, hub, token, "GET", "/metrics", "")
	require.Equal(t, 200, status, text)
	assert.Equal(t, "text/plain; version=0.0.4; charset=utf-8", header.Get("Content-Type"))
	for _, line := range []string{"# TYPE jupyterhub_total_users gauge", "jupyterhub_total_users 4", `jupyterhub_active_users{period="24h"} 1`,
		`jupyterhub_active_users{period="7d"} 2`, "jupyterhub_running_servers 1", `hubsim_pending_servers{pending="spawn"} 0`, "hubsim_services 1"} {
		assert.Contains(t, text, line+"\n")
	}
	for line := range strings.Lines(text) {
		assert.Regexp(t, `^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="[a-z0-9]+"\})? \d+)\n$`, line)
	}
	assert.Contains(t, known(t, hub, "boss").get("metrics").body, "jupyterhub_total_users 4\n")
	for who, p := range map[string]int{"": 403, "ann": 403} {
		got := stranger(t, hub)
		if who != "" {
			got = known(t, hub, who)
		}
		answer := got.get("metrics")
		assert.Equal(t, p, answer.status, "%q", who)
		assert.Contains(t, answer.body, "<h1>403 : Forbidden</h1>")
	}
}

// HB-18: the page that a proxy shows in its own name.
func TestErrorPagesByTheirCode(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	nobody := stranger(t, hub)
	for code, phrase := range map[int]string{503: "503 : Service Unavailable", 404: "404 : Not Found", 499: "499 : Unknown"} {
		got := nobody.get(fmt.Sprintf("error/%d?url=%%2Fuser%%2Fann%%2F%%3Cscript%%3E", code))
		assert.Equal(t, 200, got.status)
		assert.Equal(t, phrase, got.heading())
		assert.NotContains(t, got.body, "script>alert")
		assert.Equal(t, code == 503, strings.Contains(got.text(), "Your server appears to be down."))
	}
	for _, path := range []string{"error/200", "error/x", "error/1000", "error/503/", "error"} {
		assert.Equal(t, 404, nobody.get(path).status, path)
	}
}

// HB-20: real reports bring no proof; one with proof is taken.
func TestReportsOfViolatedPoliciesNeedProof(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Users: []hubsim.User{{Name: "ann"}}})
	ann := byCookie(t, hub, "ann")
	for name, c := range map[string]struct {
		cookie, proof string
		want          int
	}{"nobody": {"", "", 403}, "a browser by itself": {ann.cookie, "", 403}, "a script with proof": {ann.cookie, ann.proof, 204}} {
		status, _, _ := askAt(t, hub.HubURL()+"security/csp-report", "POST", `{"csp-report":{}}`, "Cookie", c.cookie, "X-XSRFToken", c.proof, "Content-Type", "application/csp-report")
		assert.Equal(t, c.want, status, name)
	}
}
