package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/scenario"
	"github.com/hubshare/hubshare/hubsim"
)

// Stories of servers that stop and start, and of access that ends, while people look.

// SH-153: the invitation warns, the guest is told to ask the owner, and is there once it runs.
func TestAStoppedServerIsStartedByItsOwner(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	guest, owner := s.user("shared-with"), s.user("sharer")
	guest.goes(s.invitation("sharer", ""))
	guest.reads("is not currently running")
	guest.accepts()
	guest.reads("The server of sharer is not running. Ask sharer to start it.")
	require.NoError(t, guest.expect(guest.find("button", "Launch Server")).ToHaveCount(0))

	owner.goes("home")
	owner.clicks("button", "Start My Server")
	owner.isOn("sharer", "")
	guest.reloads()
	guest.authorizes()
	guest.isOn("sharer", "")
}

// A share may hold more than access: whoever has servers with it starts the server themself.
func TestAStoppedServerIsStartedByAGuestWhoMay(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	require.NoError(t, s.hub.Share(t.Context(), hubsim.Share{Owner: "sharer", User: "shared-with",
		Scopes: []string{"access:servers!server=sharer/", "servers!server=sharer/"}}))
	guest := s.user("shared-with")
	assert.Equal(t, 424, guest.goes(s.hub.UserURL("sharer", "")+"lab"))
	guest.reads("The server of sharer is not running. Would you like to start it?")
	guest.clicks("button", "Launch Server")
	guest.authorizes()
	guest.isOn("sharer", "")
}

// talk opens a WebSocket as a notebook does and keeps what becomes of it in the page.
const talk = `url => new Promise((open, fail) => {
	const socket = new WebSocket(url);
	window.heard = [];
	window.ended = new Promise(end => socket.addEventListener("close", end));
	socket.addEventListener("message", e => { window.heard.push(e.data); open(e.data) });
	socket.addEventListener("error", () => fail(new Error("no connection")));
	socket.addEventListener("open", () => socket.send("hello"));
})`

// connects opens a live connection to a server, from its page, and hears the echo.
func (p *person) connects(owner, server string) {
	p.Helper()
	heard, err := p.tab.Evaluate(talk, "ws"+p.hub.UserURL(owner, server)[len("http"):]+"api/kernels/k1/channels")
	require.NoError(p, err, p.name)
	require.Equal(p, "hello", heard)
}

// isCutOff waits until the live connection has ended.
func (p *person) isCutOff() {
	p.Helper()
	_, err := p.tab.Evaluate("() => window.ended.then(() => true)")
	require.NoError(p, err, p.name)
}

// SH-166: the connection ends with the access, and so does the page.
func TestAccessEndsWhileTheGuestLooks(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	s.running("sharer", "")
	guest, owner := s.user("shared-with"), s.user("sharer")
	guest.joins(s.invitation("sharer", ""), "sharer", "")
	guest.connects("sharer", "")
	owner.goes(s.hub.UserURL("sharer", ""))
	page, err := scenario.OnServer(owner.tab)
	require.NoError(t, err)
	owner.connects("sharer", "")
	for _, cell := range []int{1, 6} { // what the others need, and the one that deletes all shared access
		_, err = page.Notebook().Run(cell)
		require.NoError(t, err)
	}

	guest.isCutOff()
	assert.Equal(t, 403, guest.reloads())
	guest.isRefused(403, "")
	assert.Empty(t, s.shared())
	_, err = owner.tab.Evaluate(`() => { if (window.heard.length !== 1) throw new Error("the owner heard " + window.heard) }`)
	require.NoError(t, err)
	assert.Equal(t, 200, owner.reloads(), "its owner stays")
}

// Who looks at a server that is started again has to come in anew, which nobody has to do anything for.
func TestAServerIsStartedAgainWhileTheGuestLooks(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	s.running("sharer", "")
	guest, owner := s.user("shared-with"), s.user("sharer")
	guest.joins(s.invitation("sharer", ""), "sharer", "")
	before := guest.isOn("sharer", "")
	guest.connects("sharer", "")
	owner.goes("home")
	owner.clicks("button", "Stop My Server")
	guest.isCutOff()
	assert.Equal(t, 424, guest.reloads())
	guest.reads("The server of sharer is not running.")
	owner.clicks("button", "Start My Server")
	owner.isOn("sharer", "")
	guest.reloads()
	guest.authorizes() // what was given to the old server has ended with it
	after := guest.isOn("sharer", "")
	assert.NotEqual(t, before.Token, after.Token)
}

// HB-187, steps 10 and 11, after a walk that has taken back all access.
func stopAndStartAgain(s *stage, sharer, visitor string) {
	s.Helper()
	owner, guest := s.user(sharer), s.user(visitor)
	lab := s.hub.UserURL(sharer, "") + "lab"
	owner.goes(lab)
	page := owner.isOn(sharer, "")
	codes := s.hub.APIURL() + "/share-codes/" + s.hub.UserURL(sharer, "")[len(s.hub.URL+"user/"):]
	require.Equal(s, 200, owner.asks(codes, page.Token))
	other := owner.opensTab()
	owner.goes("home")
	owner.clicks("button", "Stop My Server")
	require.NoError(s, owner.expect(owner.find("button", "Start My Server")).ToBeVisible())
	owner.tab = other
	require.Equal(s, 403, owner.asks(codes, page.Token), "the page's token has died (HB-124)")
	require.Equal(s, 424, owner.goes(lab))
	owner.reads("Your server is not running.")
	require.Equal(s, 424, owner.goes(s.hub.UserURL(sharer, "")+"api/x"))
	require.Equal(s, 404, guest.goes(s.hub.UserURL(sharer, "")))
	guest.isRefused(404, "No access to resources or resources not found")

	owner.goes(lab)
	owner.clicks("button", "Launch Server")
	owner.isOn(sharer, "") // without being asked
	require.Equal(s, 403, guest.goes(s.hub.UserURL(sharer, "")))
	guest.isRefused(403, "You do not have permission to access Server at ")
}

// asks is a script of the page that is shown: it asks the hub with a token and gives the status.
func (p *person) asks(url string, token scenario.Secret) int {
	p.Helper()
	status, err := p.tab.Evaluate(`([url, token]) => fetch(url, token ? {headers: {Authorization: "Bearer " + token}} : {}).then(r => r.status)`,
		[]string{url, string(token)})
	require.NoError(p, err, p.name)
	return status.(int)
}
