package hubsim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/scopes"
)

// byID finds an element of a page.
func (p page) byID(id string) *html.Node {
	for n := range p.doc.Descendants() {
		if n.Type == html.ElementNode && attr(n, "id") == id {
			return n
		}
	}
	return nil
}

// HB-54: the table of named servers shows each one's state and what can be done about it.
func TestTheHomePageListsNamedServers(t *testing.T) {
	t.Parallel()
	hub := team(t, nil)
	ann := known(t, hub, "ann")
	require.Empty(t, known(t, team(t, func(c *hubsim.Config) { c.AllowNamedServers = false }), "ann").get("home").all("table", "server-table"))

	empty := ann.get("home")
	require.Len(t, empty.all("tr", "home-server-row"), 1)
	require.Len(t, empty.all("tr", "add-server-row"), 1)
	require.Equal(t, "server name", attr(empty.all("input", "new-server-name")[0], "aria-label"))
	require.Equal(t, "Add New Server", text(empty.all("button", "new-server-btn")[0]))

	require.NoError(t, hub.StartServer(t.Context(), "ann", "a b"))
	require.NoError(t, hub.StartServer(t.Context(), "ann", "two"))
	require.NoError(t, hub.StopServer(t.Context(), "ann", "two"))
	home := ann.get("home")
	rows := home.all("tr", "home-server-row")
	require.Len(t, rows, 3)
	require.Equal(t, "a b", attr(rows[1], "data-server-name"))
	require.Equal(t, "/hub/api/users/ann/servers/a%20b", attr(rows[1], "data-url"))
	require.NotContains(t, attr(home.byID("stop-a b"), "class"), "hidden")
	require.Contains(t, attr(home.byID("start-a b"), "class"), "hidden")
	require.Contains(t, attr(home.byID("delete-a b"), "class"), "hidden")
	require.Contains(t, attr(home.byID("stop-two"), "class"), "hidden")
	require.Equal(t, "/hub/spawn/ann/two", attr(home.byID("start-two"), "href"))
	require.NotContains(t, attr(home.byID("delete-two"), "class"), "hidden")
	links := home.all("a", "server-link")
	require.Equal(t, "/user/ann/a%20b/", attr(links[0], "href"))
	require.Contains(t, attr(links[1], "class"), "hidden")
	require.Equal(t, "/user/ann", attr(home.byID("start"), "href"), "HB-52: another server is active")
	require.Equal(t, "", attr(home.all("table", "server-table")[0], "data-put"))

	// HB-94: the way of the start link.
	there := ann.get("spawn/ann/two")
	require.Equal(t, "/user/ann/two/lab", there.url.Path)
}

// HB-54, HB-101: profile 6.0 makes servers by their slug and shows the name that was typed.
func TestTheHomePageOfProfile60(t *testing.T) {
	t.Parallel()
	hub := team(t, func(c *hubsim.Config) { c.Profile = scopes.P60 })
	status, _ := call(t, hub, tokenFor(t, hub, "ann"), "PUT", "/users/ann/servers/my-lab", `{"display_name": "My <Lab>"}`)
	require.Equal(t, 201, status)
	home := known(t, hub, "ann").get("home")
	require.Equal(t, "/hub/api/users/ann/servers", attr(home.all("table", "server-table")[0], "data-put"))
	row := home.all("tr", "home-server-row")[1]
	require.Equal(t, "my-lab", attr(row, "data-server-name"))
	require.Contains(t, text(row), "My <Lab>")
}

// HB-15, HB-99, HB-101: pages about named servers that may not be.
func TestPagesOfNamedServersRefuse(t *testing.T) {
	t.Parallel()
	hub, off := team(t, nil), team(t, func(c *hubsim.Config) { c.AllowNamedServers = false })
	new60 := team(t, func(c *hubsim.Config) { c.Profile = scopes.P60 })
	for name, c := range map[string]struct {
		got    page
		status int
		says   string
	}{
		"named servers are off":          {known(t, off, "ann").get("spawn/ann/x"), 400, "Named servers are not enabled."},
		"nobody made it":                 {known(t, hub, "ann").get("spawn-pending/ann/x"), 404, "ann has no such server x"},
		"somebody else's":                {known(t, hub, "ann").get("spawn/bob/x"), 404, "No access to resources or resources not found"},
		"a user who does not exist":      {known(t, hub, "boss").get("spawn/nobody/x"), 404, "Not Found"},
		"a control character":            {known(t, hub, "ann").get("spawn/ann/%01"), 400, "Invalid server_name"},
		"a name that 6.0 does not allow": {known(t, new60, "ann").get("spawn/ann/Lab"), 400, "Invalid server_name: 'Lab'"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.status, c.got.status)
			require.Contains(t, c.got.text(), c.says)
		})
	}
}

// With extensions the home page lists what is shared with me, by way of groups too, whether it runs or not; a stock hub's says nothing.
func TestTheHomePageListsServersSharedWithMe(t *testing.T) {
	t.Parallel()
	cfg := hubsim.Config{Users: []hubsim.User{{Name: "ann"}, {Name: "bob"}, {Name: `c<'&">`}}, Groups: []hubsim.Group{{Name: "lab", Users: []string{"ann"}}}, AllowNamedServers: true,
		Servers: []hubsim.Server{{User: "bob", Name: "gpu"}},
		Shares:  []hubsim.Share{{Owner: `c<'&">`, User: "ann"}, {Owner: "bob", Server: "gpu", Group: "lab"}, {Owner: "bob", Server: "gpu", User: "ann"}, {Owner: "ann", User: "bob"}}}
	assert.Empty(t, known(t, hubsim.New(t, cfg), "ann").get("home").all("ul", "server-list"))

	cfg.Extensions = true
	hub := hubsim.New(t, cfg)
	require.NoError(t, hub.StartServer(t.Context(), "bob", "gpu"))
	list := func(user string) (out []string) {
		for _, ul := range known(t, hub, user).get("home").all("ul", "server-list") {
			for n := range ul.Descendants() {
				switch {
				case n.Data == "a":
					out = append(out, n.FirstChild.Data+" "+attr(n, "href"))
				case n.Data == "span":
					out[len(out)-1] += " " + n.FirstChild.Data
				}
			}
		}
		return out
	}
	assert.Equal(t, []string{"bob's server gpu /user/bob/gpu/ running", `c<'&">'s server /user/c%3C%27%26%22%3E/ not running`}, list("ann"))
	assert.Equal(t, []string{"ann's server /user/ann/ not running"}, list("bob"))
	assert.Contains(t, known(t, hub, `c<'&">`).get("home").text(), "Nobody shares a server with you at the moment.")
}
