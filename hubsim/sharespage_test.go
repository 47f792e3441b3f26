package hubsim_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/hubshare/hubshare/hubsim"
)

// leadsTo says whether a page has a link there.
func leadsTo(p page, path string) bool {
	for n := range p.doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == "a" && attr(n, "href") == path {
			return true
		}
	}
	return false
}

// The page of one's shares is a page of the hub like others: reached from home, in the hub's shell with its way out, kept and framed by nobody.
func TestTheSharesPageIsInTheShell(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Extensions: true, BaseURL: "/@/space%20word/"})
	owner := known(t, hub, "sharer")
	for _, p := range []page{owner.get("home"), owner.get("token"), owner.get("shares")} {
		assert.True(t, leadsTo(p, "/@/space%20word/hub/shares"), p.url)
		assert.True(t, leadsTo(p, "/@/space%20word/hub/logout"), p.url)
	}
	shares := owner.get("shares")
	require.Equal(t, 200, shares.status)
	assert.Equal(t, "Sharing", shares.heading())
	assert.Contains(t, shares.header.Get("Cache-Control"), "no-store")
	assert.Equal(t, "strict-origin", shares.header.Get("Referrer-Policy"))
	assert.Contains(t, shares.header.Get("Content-Security-Policy"), "frame-ancestors 'none'")

	code, err := hub.NewShareCode("sharer", "")
	require.NoError(t, err)
	invitation := known(t, hub, "shared-with").get(hub.AcceptURL(code))
	require.Equal(t, 200, invitation.status)
	assert.False(t, leadsTo(invitation, "/@/space%20word/hub/logout"), "HB-48: the invitation is answered first")
}

// Whoever is not logged in comes to the page by way of the login, and back (HB-22).
func TestTheSharesPageComesAfterTheLogin(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Extensions: true})
	p := stranger(t, hub)
	login := p.get("shares?of=links&offset=2")
	require.Equal(t, "Sign in", login.heading())
	shares := p.logIn(login, "sharer")
	assert.Equal(t, "Sharing", shares.heading())
	assert.Equal(t, "of=links&offset=2", shares.url.RawQuery)
	assert.Equal(t, http.StatusForbidden, stranger(t, hub).post("shares", url.Values{"action": {"link"}}).status)
}

// A hub like a JupyterHub has neither the page nor a link to it.
func TestAStockHubHasNoSharesPage(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	owner := known(t, hub, "sharer")
	assert.Equal(t, http.StatusNotFound, owner.get("shares").status)
	assert.False(t, leadsTo(owner.get("home"), "/hub/shares"))
}
