package e2e_test

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/scenario"
	"github.com/hubshare/hubshare/hubsim"
)

// What other people's pages try on somebody who is logged in. Each attack is seen to reach the hub, and to change nothing there.

// done tells that a trap has done its work.
const done = `document.title = "done"`

// fallsInto opens a trap and waits until it has done its work.
func (p *person) fallsInto(trap string) {
	p.Helper()
	p.goes(trap)
	require.NoError(p, playwright.NewPlaywrightAssertions(patience).Page(p.tab).ToHaveTitle("done"), p.name)
}

// SH-52, SH-142, CVE-2026-40864: a page elsewhere wants its visitor to accept what its author shares.
func TestForcedAcceptance(t *testing.T) {
	t.Parallel()
	const accept = "/hub/accept-share"
	for _, site := range []string{sameSite, crossSite} {
		t.Run("from "+site, func(t *testing.T) {
			t.Parallel()
			s := play(t, hubsim.Config{Users: []hubsim.User{{Name: "mallory"}, {Name: "victim"}}})
			e, victim := newEnemy(s), s.user("victim")
			link := s.invitation("mallory", "")
			_, code, _ := strings.Cut(link, "?code=")
			form := func(target string) string {
				return fmt.Sprintf(`<form method=post action="%s"%s><input name=code value="%s"></form>`, link, target, code)
			}
			for name, attack := range map[string]struct {
				method, html string
				leads        bool // to the hub, in this tab
			}{
				"a form":               {"POST", form("") + `<script>document.forms[0].submit()</script>`, true},
				"a form in a frame":    {"POST", form(" target=f") + `<iframe name=f onload='` + done + `'></iframe><script>document.forms[0].submit()</script>`, false},
				"fetch with no-cors":   {"POST", fetches(link, `{method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams({code: "`+code+`"})}`), false},
				"fetch with cors":      {"POST", fetches(link, `{method: "POST", credentials: "include", body: new URLSearchParams({code: "`+code+`"})}`), false},
				"a beacon":             {"POST", `<script>navigator.sendBeacon("` + link + `", new URLSearchParams({code: "` + code + `"})); ` + done + `</script>`, false},
				"an image":             {"GET", `<img src="` + link + `" onerror='` + done + `'>`, false},
				"a script":             {"GET", `<script src="` + link + `" onload='` + done + `' onerror='` + done + `'></script>`, false},
				"a page fetched early": {"GET", `<link rel=prefetch href="` + link + `"><script>` + done + `</script>`, false},
				"a frame":              {"GET", `<iframe src="` + link + `" onload='` + done + `'></iframe>`, false},
				"a window":             {"GET", `<script>location = "` + link + `"</script>`, true},
			} {
				s.unchanged(func() {
					s.hub.ForgetRequests()
					trap := e.trap(site, attack.html)
					if attack.leads {
						victim.goes(trap)
						victim.arrives(regexp.QuoteMeta(link))
					} else {
						victim.fallsInto(trap)
					}
					r := s.wasAsked(attack.method, accept)
					assert.NotEqual(t, 302, r.Status*boolean(attack.method == "POST"), "%s was obeyed", name)
				})
			}
			assert.Empty(t, s.shared())

			// Of the victim's own will it works.
			victim.goes(link)
			victim.accepts()
			victim.reads("The server of mallory is not running.")
			assert.Len(t, s.shared(), 1)
		})
	}
}

func boolean(is bool) int {
	if is {
		return 1
	}
	return 0
}

// fetches is a script that asks for something, whatever comes of it.
func fetches(url, how string) string {
	return fmt.Sprintf(`<script>fetch(%q, %s).catch(() => {}).then(() => { %s })</script>`, url, how, done)
}

// SH-52, HB-41, OA-95: nor does it share, log in, authorize, make tokens or stop servers in its visitor's name.
func TestForcedRequests(t *testing.T) {
	t.Parallel()
	for _, site := range []string{sameSite, crossSite} {
		t.Run("from "+site, func(t *testing.T) {
			t.Parallel()
			s := play(t, withShares(hubsim.Config{Users: []hubsim.User{{Name: "mallory"}, {Name: "victim"}, {Name: "owner"}}}))
			s.running("victim", "")
			s.running("owner", "")
			require.NoError(t, s.hub.Share(t.Context(), hubsim.Share{Owner: "owner", User: "victim"}))
			e, victim := newEnemy(s), s.user("victim")
			victim.goes(s.hub.UserURL("owner", ""))
			authorize := strings.Replace(victim.tab.URL(), s.hub.URL, "/", 1)
			for name, attack := range map[string]struct{ path, form string }{
				"give the enemy access on the page of shares": {"/hub/shares", "action=grant&owner=victim&server=&kind=user&grantee=mallory&lasts=forever"},
				"log in as the enemy":                         {"/hub/login", "username=mallory&password=x"},
				"authorize a server":                          {authorize, "scopes=access%3Aservers%21server%3Downer%2F"},
				"stop a server and start another":             {"/hub/spawn", ""},
				"make a token":                                {"/hub/api/users/victim/tokens", "note=x"},
				"make a link":                                 {"/hub/api/share-codes/victim/", "x=y"},
				"share":                                       {"/hub/api/shares/victim/", "user=mallory"},
			} {
				path, _, _ := strings.Cut(attack.path, "?")
				fields, err := url.ParseQuery(attack.form)
				require.NoError(t, err)
				to := strings.TrimSuffix(s.hub.URL, "/") + attack.path
				html := `<form method=post action="` + html.EscapeString(to) + `">`
				for k, v := range fields {
					html += fmt.Sprintf(`<input type=hidden name="%s" value="%s">`, k, v[0])
				}
				for how, trap := range map[string]string{
					"a form":         html + `</form><script>document.forms[0].submit()</script>`,
					"no-cors":        fetches(to, fmt.Sprintf(`{method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams(%q)}`, attack.form)),
					"JSON as text":   fetches(to, `{method: "POST", mode: "no-cors", credentials: "include", body: '{"user": "mallory"}'}`),
					"another method": fetches(to, `{method: "DELETE", credentials: "include"}`),
				} {
					s.unchanged(func() {
						s.hub.ForgetRequests()
						if how == "a form" {
							victim.goes(e.trap(site, trap))
							victim.arrives("^" + regexp.QuoteMeta(s.hub.URL))
						} else {
							victim.fallsInto(e.trap(site, trap))
						}
						for _, r := range s.hub.Requests(func(r hubsim.Request) bool { return r.Path == path && r.Method != "OPTIONS" }) {
							assert.GreaterOrEqual(t, r.Status, 400, "%s by %s: %s %s", name, how, r.Method, r.URL)
						}
					})
				}
			}
			victim.goes("home") // still the one they were
			require.NoError(t, victim.expect(victim.tab.Locator("#login_widget")).ToContainText("victim"))
		})
	}
}

// HB-185, HB-126: no page of the hub or of a server can be put into somebody else's.
func TestClickjacking(t *testing.T) {
	t.Parallel()
	for _, site := range []string{sameSite, crossSite} {
		t.Run("from "+site, func(t *testing.T) {
			t.Parallel()
			s := play(t, withShares(hubsim.Config{Users: []hubsim.User{{Name: "victim", Admin: true}, {Name: "owner"}}}))
			s.running("victim", "")
			s.running("owner", "")
			e, victim, nobody := newEnemy(s), s.user("victim"), s.stranger("")
			link := s.invitation("owner", "")
			require.NoError(t, s.hub.Share(t.Context(), hubsim.Share{Owner: "owner", User: "victim"}))
			victim.goes(s.hub.UserURL("victim", "")) // there it has its cookies
			victim.isOn("victim", "")
			for _, page := range []string{link, s.hub.UserURL("victim", "") + "lab", s.hub.UserURL("owner", "") + "lab", s.hub.HubURL() + "home",
				s.hub.HubURL() + "token", s.hub.HubURL() + "shares", s.hub.HubURL() + "admin", s.hub.HubURL() + "spawn/owner", s.hub.HubURL() + "none",
				s.hub.HubURL() + "login"} {
				who := victim
				if strings.HasSuffix(page, "login") {
					who = nobody
				}
				s.unchanged(func() {
					who.fallsInto(e.trap(site, `<iframe src="`+page+`" onload='`+done+`' width=800 height=600></iframe>`))
					frame := who.tab.Frames()[1]
					assert.Equal(t, "chrome-error://chromewebdata/", frame.URL(), "%s is shown in a frame", page)
				})
			}
		})
	}
}

// elsewhere are addresses that should not be where a hub leads to.
func elsewhere(e *enemy) []string {
	host := strings.TrimPrefix(e.from(crossSite), "http:")
	return []string{
		"http:" + host, host, "/" + host, `\\` + host[2:], `/\` + host[2:], "/\t" + host[1:], "\n" + host, " " + host, "https:" + host[2:],
		"http:/" + host[2:], "http://127.0.0.1@" + host[2:], "//127.0.0.1@" + host[2:], "javascript:alert(1)", "data:text/html,<script>alert(1)</script>",
	}
}

// SH-151, HB-43, CVE-2026-33709: after logging in and after accepting one is at the hub, wherever the link would like one to be.
func TestALinkThatWantsToLeadAway(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	s.running("sharer", "")
	e, guest := newEnemy(s), s.user("shared-with")
	link := s.invitation("sharer", "")
	guest.joins(link, "sharer", "")
	for i, next := range elsewhere(e) {
		guest.goes(link + "&next=" + url.QueryEscape(next))
		page := guest.isInvited("shared-with", "sharer")
		shown, href, err := page.Target()
		require.NoError(t, err)
		assert.Equal(t, shown, href)
		at, err := guest.tab.Locator(".card-footer a").Evaluate("a => a.origin", nil)
		require.NoError(t, err)
		assert.Equal(t, strings.TrimSuffix(s.hub.URL, "/"), at, "next=%q", next)
		if i%4 == 0 { // the button is the same for all
			guest.accepts()
			guest.arrives("^" + regexp.QuoteMeta(s.hub.URL) + ".*localhost|" + regexp.QuoteMeta(s.hub.UserURL("sharer", "")))
		}
		guest.goes("login?next=" + url.QueryEscape(next))
		guest.arrives("^" + regexp.QuoteMeta(s.hub.URL))
	}
	stranger := s.stranger("shared-with")
	for _, next := range elsewhere(e)[:5] {
		require.NoError(t, stranger.context.ClearCookies())
		stranger.goes("login?next=" + url.QueryEscape(next))
		stranger.logsIn("shared-with")
		stranger.arrives("^" + regexp.QuoteMeta(s.hub.URL) + "(hub/(spawn|%5C)|user/)")
	}
	assert.Empty(t, e.caught(), "the enemy was visited")
}

// SH-149, GHSA-c4gm-pwx9-9w8j: what stands in next is shown as text, and is nothing but an address.
func TestMarkupInNext(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	guest := s.user("shared-with")
	link := s.invitation("sharer", "")
	for _, next := range []string{`/hub/home"><img src=x onerror=alert(1)>`, `/hub/home' onclick='alert(1)`, `/hub/<script>alert(1)</script>`, `/hub/{{1}}&lt;img&gt;`} {
		guest.goes(link + "&next=" + url.QueryEscape(next))
		page := guest.isInvited("shared-with", "sharer")
		shown, href, err := page.Target()
		require.NoError(t, err)
		assert.Equal(t, next, shown)
		assert.Equal(t, next, href)
		guest.holdsNothingForeign()
	}
	s.stranger("").goes("login?username=" + url.QueryEscape(`"><img src=x onerror=alert(1)>`) + "&next=" + url.QueryEscape(`/hub/"><img src=x onerror=alert(1)>`))
	s.people[1].holdsNothingForeign()
}

// OA-43, OA-44: a client of the hub cannot have the visitor, or their code, sent to an address that is not its own.
func TestAuthorizingAnAddressThatIsNotTheClients(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	s.running("shared-with", "")
	e, guest := newEnemy(s), s.user("shared-with")
	s.unchanged(func() {
		for _, to := range append(elsewhere(e), "/user/sharer/oauth_callback", "/user/shared-with/oauth_callback/../../sharer/oauth_callback", "/user/shared-with/oauth_callback?x=1") {
			q := url.Values{"client_id": {"jupyterhub-user-shared-with"}, "redirect_uri": {to}, "response_type": {"code"}, "state": {"x"}}
			assert.Equal(t, 400, guest.goes("api/oauth2/authorize?"+q.Encode()), "redirect_uri=%q", to)
			guest.isRefused(400, "")
		}
	})
	assert.Empty(t, e.caught())
}

// HB-38, HB-39, OA-S11: a page on another port can set cookies for the hub, and so bring a proof of its own; but that was made for somebody else.
func TestCookieTossing(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{Users: []hubsim.User{{Name: "mallory"}, {Name: "victim"}}})
	e, victim, mallory := newEnemy(s), s.user("victim"), s.user("mallory")
	link := s.invitation("mallory", "")
	mallory.goes("home")
	jar, err := mallory.context.Cookies(s.hub.HubURL())
	require.NoError(t, err)
	proof := ""
	for _, c := range jar {
		if c.Name == "_xsrf" {
			proof = c.Value
		}
	}
	require.NotEmpty(t, proof)
	nobodys, err := s.stranger("").context.Cookies(s.hub.HubURL())
	require.NoError(t, err)
	require.Empty(t, nobodys)
	form := `<form method=post action="` + link + `"><input name=_xsrf value="` + proof + `"></form><script>document.forms[0].submit()</script>`
	// In this order: what is left behind for the longer path is then no proof at all. One that the hub has signed for somebody else would
	// stand before the victim's own and count as the first (HB-39), so that their forms would be refused until it is gone.
	for _, c := range []struct {
		name    string
		cookies []string
	}{
		{"in place of the victim's own", []string{"_xsrf=" + proof + "; Path=/hub/"}},
		{"for a longer path", []string{"_xsrf=" + proof + "; Path=/hub/accept-share"}},
		{"for every path", []string{"_xsrf=" + proof + "; Path=/"}},
		{"many of them", []string{"_xsrf=x; Path=/hub/accept-share", "_xsrf=" + proof + "; Path=/hub", "_xsrf=" + proof + "; Path=/"}},
	} {
		s.unchanged(func() {
			s.hub.ForgetRequests()
			victim.goes(e.trap(sameSite, form, c.cookies...))
			victim.arrives(regexp.QuoteMeta(link))
			assert.Equal(t, 403, s.wasAsked("POST", "/hub/accept-share").Status, c.name)
		})
	}
	// The victim is none the worse for those: their own forms work at once.
	victim.goes(link)
	victim.accepts()
	victim.reads("The server of mallory is not running.")
}

// OA-S11, HB-121: pages of servers share the hub's origin, so the script of one may ask for another's page. It gets none, and no code to have one by.
func TestAServersPageReadsAnothers(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{Users: []hubsim.User{{Name: "mallory"}, {Name: "victim"}, {Name: "owner"}}})
	for _, name := range []string{"mallory", "victim", "owner"} {
		s.running(name, "")
	}
	require.NoError(t, s.hub.Share(t.Context(), hubsim.Share{Owner: "mallory", User: "victim"}))
	victim := s.user("victim")
	victim.goes(s.hub.UserURL("victim", "") + "lab") // at home everything is there: cookies, a token in the page
	token := string(victim.isOn("victim", "").Token)
	victim.goes(s.hub.UserURL("mallory", ""))
	victim.authorizes()
	page, err := scenario.OnServer(victim.tab)
	require.NoError(t, err)
	mine, err := page.Config()
	require.NoError(t, err)
	require.Equal(t, "mallory", mine.HubServerUser)
	s.unchanged(func() {
		for _, attack := range []string{
			`fetch("/user/victim/lab")`,
			`fetch("/user/victim/lab", {mode: "same-origin", headers: {Accept: "text/html"}})`,
			`fetch("/user/victim/lab", {mode: "no-cors"})`,
			`(document.cookie = "_xsrf=mine; path=/user/victim/lab", fetch("/user/victim/lab?_xsrf=mine"))`,
			`(document.cookie = document.cookie.split("; ").find(c => c.startsWith("_xsrf=")) + "; path=/user/victim/lab", fetch("/user/victim/lab?" + document.cookie.split("; ").find(c => c.startsWith("_xsrf="))))`,
			`fetch("/hub/api/user")`,
			`fetch("/hub/api/user", {mode: "no-cors"})`,
			`fetch("/hub/api/users/victim/tokens", {method: "POST"})`,
			`fetch("/hub/api/share-codes/victim/", {method: "POST"})`,
			`fetch("/hub/api/oauth2/authorize?client_id=jupyterhub-user-victim&redirect_uri=/user/victim/oauth_callback&response_type=code&state=x")`,
			`fetch("/user/victim/api/me")`,
		} {
			answer, err := victim.tab.Evaluate(attack + `.then(async r => r.url + "\n" + r.status + "\n" + await r.text())`)
			require.NoError(t, err, attack)
			assert.NotContains(t, answer, token, attack)
			assert.NotContains(t, answer, "?code=", attack)
			assert.NotContains(t, answer, `"hubServerUser":"victim"`, attack)
			assert.NotRegexp(t, `"name": ?"victim"`, answer, attack)
		}
		framed, err := victim.tab.Evaluate(`new Promise(done => {
			const f = document.createElement("iframe");
			f.onload = () => done(f.contentDocument === null);
			f.src = "/user/victim/lab";
			document.body.append(f);
		})`)
		require.NoError(t, err)
		assert.Equal(t, true, framed, "a frame of another server's page can be read")
	})
	assert.Equal(t, 403, s.apiStatus("/users/victim/tokens", string(mine.Token)), "what the page was given is for this server alone")
}

// marks are names as nobody has them, each with a way to run something.
var marks = []string{`<img src=x onerror=alert(1)>`, `"><svg onload=alert(1)>`, `'-alert(1)-'`, `{{constructor.alert(1)}}`, "`${alert(1)}`"}

// holdsNothingForeign checks that no name has become an element or ran.
func (p *person) holdsNothingForeign() {
	p.Helper()
	n, err := p.tab.Locator(`[onerror], [onload], [onclick], img[src=x], svg`).Count()
	require.NoError(p, err)
	assert.Zero(p, n, "%s has an element made of a name", p.tab.URL())
	assert.Empty(p, p.troubles.String(), p.tab.URL())
}

// Names full of markup are text on every page that shows them. That a dialog opens or a script fails is noticed by the stage.
func TestNamesFullOfMarkup(t *testing.T) {
	t.Parallel()
	for _, mark := range marks {
		t.Run(mark, func(t *testing.T) {
			t.Parallel()
			owner, server, visitor := "own"+strings.ToLower(mark), "lab"+mark, "vis"+strings.ToLower(mark)
			s := play(t, withShares(hubsim.Config{AllowNamedServers: true, Users: []hubsim.User{{Name: owner, Admin: true}, {Name: visitor}},
				Groups: []hubsim.Group{{Name: "g" + mark, Users: []string{visitor}}}, Servers: []hubsim.Server{{User: owner, Name: server}}}))
			link := s.invitation(owner, server)
			o, v := s.user(owner), s.user(visitor)
			shows := func(p *person, page string, names ...string) {
				t.Helper()
				if page != "" {
					p.goes(page)
				}
				for _, name := range names {
					require.NoError(t, p.expect(p.tab.GetByText(name).First()).ToBeAttached(), "%s on %s", name, p.tab.URL())
				}
				p.holdsNothingForeign()
			}
			shows(v, link, visitor, owner, server)
			v.accepts()
			shows(v, "", owner) // it does not run
			o.running(owner, server)
			v.goes(s.hub.UserURL(owner, server))
			shows(v, "", "would like permission")
			v.authorizes()
			v.isOn(owner, server)
			shows(v, "", owner, visitor)
			shows(v, "token", owner)
			shows(v, "shares", owner, server)
			shows(v, "none"+url.PathEscape(mark))
			require.NoError(t, s.hub.Share(t.Context(), hubsim.Share{Owner: owner, Server: server, Group: "g" + mark}))
			shows(o, "shares", visitor, server, "g"+mark)
			shows(o, "home", server)
			shows(o, "admin", owner, visitor)
			shows(o, "spawn-pending/"+url.PathEscape(owner))
			shows(o, "spawn/"+url.PathEscape(owner)+"/"+url.PathEscape(server+"2"))
			shows(s.stranger(visitor), "login?username="+url.QueryEscape(mark))
			shows(v, s.hub.UserURL(owner, "")) // refused
		})
	}
}
