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

// does fills in and sends the form of the page whose button does something; others of that kind are told apart by a field.
func (p *person) does(what string, fields url.Values) page {
	p.t.Helper()
	console := p.get(p.hub.ControlURL())
	require.Equal(p.t, 200, console.status)
	form := url.Values{"do": {what}}
	for _, n := range console.all("input", "") {
		if attr(n, "name") == "proof" {
			form.Set("proof", attr(n, "value"))
		}
	}
	for k, v := range fields {
		form[k] = v
	}
	return p.post(p.hub.ControlURL()+"page", form)
}

// HB-182: a person finds a page where programs find JSON, with people, servers, shares, faults, requests and the clock; each button does what it says.
func TestThePageForPeople(t *testing.T) {
	t.Parallel()
	hub := controlled(t, hubsim.Config{Keys: 2})
	me := stranger(t, hub)
	front := me.get(hub.ControlURL())
	require.Equal(t, 200, front.status)
	require.Contains(t, front.header.Get("Content-Type"), "text/html")
	for _, want := range []string{"sharer", "shared-with", "2026-01-02 03:04:05", "stands", "Nothing is shared."} {
		assert.Contains(t, front.text(), want)
	}
	require.Contains(t, me.does("start", url.Values{"user": {"sharer"}}).text(), "ready")
	made := me.does("link", url.Values{"user": {"sharer"}})
	require.Contains(t, made.text(), "Whoever opens this link")
	link := ""
	for _, a := range made.all("a", "") {
		if strings.Contains(attr(a, "href"), "accept-share?code=") {
			link = attr(a, "href")
		}
	}
	home := me.does("login", url.Values{"user": {"shared-with"}})
	require.Equal(t, hub.HubURL()+"home", home.url.String())
	require.Contains(t, home.text(), "shared-with")
	me.submit(me.get(link), nil)
	require.Contains(t, me.get(hub.ControlURL()).text(), "shared-with on sharer/")
	require.NotContains(t, me.does("expire", url.Values{"id": {"sc_1"}}).text(), "sc_1")
	require.Contains(t, me.does("revoke", url.Values{"owner": {"sharer"}, "user": {"shared-with"}}).text(), "Nothing is shared.")
	// What was refused is explained to whoever runs the hub.
	require.Equal(t, 404, me.get("user/sharer/").status)
	require.Contains(t, me.get(hub.ControlURL()).text(), "revoke by sharer on sharer/")
	require.Contains(t, me.does("advance", url.Values{"step": {"4"}}).text(), "2026-01-03 03:04:05")
	require.Contains(t, me.does("run", nil).text(), "2026-01-02 03:04:05")
	require.Contains(t, me.does("break", url.Values{"scenario": {"HubDown"}, "duration": {"10s"}}).text(), "HubDown fault 1")
	require.Equal(t, 503, me.get("home").status)
	require.NotContains(t, me.does("mend", url.Values{"id": {"1"}}).text(), "HubDown fault")
	require.Equal(t, 200, me.does("restart", nil).status)
	require.Contains(t, me.does("stop", url.Values{"user": {"sharer"}}).text(), "stopped")
	require.Contains(t, me.does("forget", nil).text(), "There were none.")
	named(t, hub, byHeader, "w1").now()
	require.Contains(t, me.get(hub.ControlURL()).text(), "w1")
	require.NotContains(t, me.does("end", url.Values{"key": {"w1"}}).text(), "w1")
	for what, fields := range map[string]url.Values{"nothing": nil, "start": {"user": {"nobody"}}, "advance": {"step": {"99"}}, "break": {"duration": {"soon"}}, "login": {"user": {"A/B"}}} {
		got := me.does(what, fields)
		assert.Equal(t, 400, got.status, what)
		assert.Len(t, got.all("p", "bad"), 1, what)
	}
	require.Equal(t, 200, me.does("reset", nil).status)
	// Programs are answered as before.
	status, info, _ := control(t, hub, "GET", "", "")
	require.Equal(t, 200, status)
	require.Equal(t, hub.URL, info["url"])
}

// HB-179: what the page can do, no other page can do by it: not by a form, not in a frame, and it runs nothing but its own script.
func TestForeignPagesDoNothingByThePage(t *testing.T) {
	t.Parallel()
	hub := controlled(t, hubsim.Config{Users: []hubsim.User{{Name: `<img src=x onerror=alert(1)>&"'`}}})
	me := stranger(t, hub)
	front := me.get(hub.ControlURL())
	policy := front.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"} {
		assert.Contains(t, policy, want)
	}
	assert.NotContains(t, policy, "unsafe")
	assert.Equal(t, "same-origin", front.header.Get("Referrer-Policy"), "with no-referrer, browsers say Origin: null of its own forms")
	assert.Equal(t, "no-store", front.header.Get("Cache-Control"))
	assert.Empty(t, front.header.Get("Access-Control-Allow-Origin"))
	assert.NotContains(t, front.body, "<img")
	for _, n := range front.all("", "") {
		for _, a := range n.Attr {
			assert.False(t, strings.HasPrefix(a.Key, "on") || a.Key == "style", "%s: %s", n.Data, a.Key)
		}
	}
	for _, n := range append(front.all("link", ""), front.all("script", "")...) {
		name := attr(n, "href") + attr(n, "src")
		assert.Equal(t, 200, me.get(hub.ControlURL()+name).status, name)
	}
	assert.Equal(t, 404, me.get(hub.ControlURL()+"static/none.js").status)
	for name, form := range map[string]url.Values{"no proof": {"do": {"reset"}}, "a wrong one": {"do": {"reset"}, "proof": {"x"}}} {
		assert.Equal(t, 403, me.post(hub.ControlURL()+"page", form).status, name)
	}
	for name, headers := range map[string][]string{
		"of another site":           {"Origin", "https://evil.example"},
		"of a site with our name":   {"Host", "evil.example"},
		"of another site's browser": {"Sec-Fetch-Site", "cross-site"},
	} {
		status, _, _ := control(t, hub, "POST", "page", "", headers...)
		assert.Equal(t, 403, status, name)
	}
}

// HB-179: with an admin token the page shows nothing and does nothing until the token has been typed; it then opens the page and no more.
func TestThePageAsksForTheAdminToken(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Control: &hubsim.Control{Token: "secret-of-tests"}})
	me := stranger(t, hub)
	locked := me.get(hub.ControlURL())
	require.Contains(t, locked.text(), "Admin token")
	require.NotContains(t, locked.text(), "sharer")
	require.Equal(t, 403, me.does("reset", nil).status)
	require.Equal(t, 403, me.does("enter", url.Values{"token": {"secret-of-others"}}).status)
	require.Contains(t, me.does("enter", url.Values{"token": {"secret-of-tests"}}).text(), "sharer")
	require.Contains(t, me.get(hub.ControlURL()).text(), "sharer")
	require.Equal(t, 200, me.does("reset", nil).status)
	require.Equal(t, 401, me.get(hub.ControlURL()+"state").status, "programs bring the token")
	other := hubsim.New(t, hubsim.Config{Control: &hubsim.Control{Token: "secret-of-tests"}})
	for _, c := range me.c.Jar.Cookies(me.get(hub.ControlURL()).url) {
		req, err := http.NewRequestWithContext(t.Context(), "GET", other.ControlURL(), nil)
		require.NoError(t, err)
		req.Header.Set("Accept", "text/html")
		req.AddCookie(c)
		require.NotContains(t, stranger(t, other).do(req).text(), "sharer", "a cookie is one hub's")
	}
}
