package e2e_test

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/hubsim"
)

// sight is one page as somebody sees it, ready to be looked at.
type sight struct {
	name string
	who  *person
	show func()
}

// tour is a hub on which there is something to be seen on each page, and how to come by each. The people of it have browsers of one kind.
func tour(s *stage, o browser.ContextOptions) []sight {
	s.hasFailures = true // one of the pages tells of one
	nobody, ann, bob := s.personWith("", o), s.userWith("ann", o), s.userWith("bob", o)
	for _, name := range []string{"ann", "carol", "dan"} {
		s.running(name, "")
	}
	for _, share := range []hubsim.Share{{Owner: "ann", User: "bob"}, {Owner: "ann", Group: "the class"}, {Owner: "ann", Server: "idle", User: "bob"},
		{Owner: "carol", User: "bob"}} {
		require.NoError(s, s.hub.Share(s.Context(), share))
	}
	invitation := s.invitation("ann", "")
	for _, f := range []hubsim.Fault{hubsim.SpawnHang().Of("ann", "slow"), hubsim.SpawnFail("There is no room for another server", 500, 0).Of("ann", "broken")} {
		_, err := s.hub.AddFault(f)
		require.NoError(s, err)
	}
	require.Error(s, s.hub.StartServer(s.Context(), "ann", "broken"))
	ann.goes("spawn/ann/slow?size=small")
	page := func(name string, who *person, at string) sight {
		return sight{name, who, func() { who.goes(at) }}
	}
	return []sight{
		page("login", nobody, "login?next=/hub/home"),
		{"login that failed", nobody, func() {
			nobody.goes("login?username=ann")
			require.NoError(s, nobody.tab.GetByLabel("Password:").Fill("wrong"))
			nobody.clicks("button", "Sign in")
			nobody.reads("Invalid username or password")
		}},
		page("home", ann, "home"),
		{"menu of services", ann, func() {
			ann.goes("home")
			require.NoError(s, ann.tab.Locator("summary >> text=Services").Click())
		}},
		{"error in a dialog", ann, func() {
			ann.goes("home")
			require.NoError(s, ann.expect(ann.tab.Locator("#start")).ToBeVisible())
			_, err := ann.tab.Evaluate(`hub.showError("API request failed (503): the server of ann does not answer")`)
			require.NoError(s, err)
		}},
		page("tokens", ann, "token"),
		{"new token", ann, func() {
			ann.goes("token")
			ann.clicks("button", "Request new API token")
			require.NoError(s, ann.expect(ann.tab.Locator("#token-result")).Not().ToBeEmpty())
		}},
		page("shares", ann, "shares"),
		{"shares, forms open", ann, func() {
			ann.goes("shares")
			for _, form := range []string{"details.give", "details.make"} {
				require.NoError(s, ann.tab.Locator(form+" > summary").First().Click())
			}
		}},
		page("shares with oneself", bob, "shares"),
		page("admin", ann, "admin"),
		page("invitation", bob, invitation),
		page("own invitation", ann, invitation),
		page("invitation that has ended", bob, s.hub.AcceptURL("none")),
		page("authorization", bob, s.hub.UserURL("carol", "")),
		page("refused", bob, s.hub.UserURL("dan", "")),
		page("not found", ann, "nothing-here"),
		page("server not running", ann, "user/ann/idle/"),
		page("server of somebody not running", bob, "user/ann/idle/"),
		page("options of a server", ann, "spawn/ann/idle"),
		page("server starting", ann, "spawn-pending/ann/slow"),
		page("server that failed", ann, "spawn-pending/ann/broken"),
		page("server", ann, s.hub.UserURL("ann", "")+"lab"),
		page("files of a server", ann, s.hub.UserURL("ann", "")+"tree"),
		page("error of a server", ann, s.hub.UserURL("ann", "")+"nothing-here"),
	}
}

// scenery is the hub of the tour.
func scenery() hubsim.Config {
	const season = 90 * 24 * time.Hour
	return withShares(hubsim.Config{
		AllowNamedServers: true, Password: "the right one",
		Users: []hubsim.User{{Name: "ann", Admin: true, Tokens: []hubsim.Token{
			{Note: "laptop", Scopes: []string{"read:users:name!user"}, ExpiresIn: season}, {Note: "a script that runs every night", ExpiresIn: time.Hour}}},
			{Name: "bob"}, {Name: "carol"}, {Name: "dan"}},
		Groups:       []hubsim.Group{{Name: "the class", Users: []string{"carol", "dan"}}},
		Servers:      []hubsim.Server{{User: "ann", Name: "idle"}},
		SingleUser:   hubsim.SingleUser{OptionsForm: `<label for="size">Size</label> <select id="size" name="size"><option>small<option>large</select>`},
		Announcement: "The hub is closed on Sunday.",
		Services:     []hubsim.Service{{Name: "whoami", URL: "http://127.0.0.1:1"}, {Name: "grader", URL: "http://127.0.0.1:1"}},
		Roles:        []hubsim.Role{{Name: "visitors", Scopes: []string{"access:services"}, Users: []string{"ann"}}},
	})
}
