package e2e_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// Stories of people who follow a link.

func TestWhoIsLoggedInIsInvitedAtOnce(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	s.running("sharer", "")
	guest := s.user("shared-with")
	guest.goes(s.invitation("sharer", ""))
	guest.isInvited("shared-with", "sharer")
	guest.accepts()
	guest.authorizes()
	guest.isOn("sharer", "")
	assert.Equal(t, []string{"sharer/ → user shared-with: access:servers!server=sharer/"}, s.shared())
}

// The invitation says who is logged in; somebody else can take the seat and come back to the same link.
func TestTheWrongPersonIsLoggedInAndMakesRoom(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	s.running("sharer", "")
	link := s.invitation("sharer", "")
	guest := s.stranger("shared-with")
	guest.hasLoggedIn("somebody-else")
	guest.goes(link)
	guest.isInvited("somebody-else", "sharer")
	guest.goes("home")
	guest.clicks("button", "Logout")
	guest.goes(link)
	guest.logsIn("shared-with")
	guest.isInvited("shared-with", "sharer")
	guest.accepts()
	guest.authorizes()
	guest.isOn("sharer", "")
	assert.Equal(t, []string{"sharer/ → user shared-with: access:servers!server=sharer/"}, s.shared(), "nothing for whom it was not meant")
}

// SH-142
func TestOnesOwnLinkIsForOthers(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	owner := s.user("sharer")
	assert.Equal(t, 403, owner.goes(s.invitation("sharer", "")))
	owner.isRefused(403, "You can't share with yourself!")
	assert.Empty(t, s.shared())
}

// SH-142: a link that has ended looks like one that never was, however it ended.
func TestALinkThatHasEndedLetsNobodyIn(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*stage){
		"since its day is over": func(s *stage) { s.clock.Advance(25 * time.Hour) },
		"since its owner took it back": func(s *stage) {
			require.NoError(s, s.hub.ExpireCode(s.Context(), "sc_1"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := play(t, hubsim.Config{})
			link := s.invitation("sharer", "")
			reads, late := s.user("shared-with"), s.user("late")
			reads.goes(link)
			reads.isInvited("shared-with", "sharer")
			end(s)
			assert.Equal(t, 404, late.goes(link))
			late.isRefused(404, "Share not found or expired")
			reads.accepts() // who had the page open comes too late as well (SH-143)
			reads.isRefused(400, "Invalid share code")
			assert.Empty(t, s.shared())
		})
	}
}

// SH-150, SH-151: a link may lead to one notebook.
func TestALinkLeadsToANotebook(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	s.running("sharer", "")
	guest := s.stranger("shared-with")
	notebook := s.hub.UserURL("sharer", "") + "doc/tree/share-jupyterlab.ipynb?from=mail"
	guest.goes(s.invitation("sharer", "") + "&next=" + url.QueryEscape(notebook))
	guest.logsIn("shared-with")
	page := guest.isInvited("shared-with", "sharer")
	shown, href, err := page.Target()
	require.NoError(t, err)
	assert.Equal(t, "/user/sharer/doc/tree/share-jupyterlab.ipynb?from=mail", shown)
	assert.Equal(t, shown, href)
	guest.accepts()
	guest.authorizes()
	guest.isOn("sharer", "")
	assert.Equal(t, notebook, guest.tab.URL())
}

// SH-152
func TestALinkIsAcceptedTwice(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	s.running("sharer", "")
	link := s.invitation("sharer", "")
	guest := s.user("shared-with")
	guest.joins(link, "sharer", "")
	guest.goes(link)
	guest.accepts()
	guest.isOn("sharer", "") // without being asked to authorize again (HB-67)
	assert.Len(t, s.shared(), 1)
	now, err := s.hub.Snapshot(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 2, now.ShareCodes[0].Exchanges)
}

func TestTwoPeopleFollowOneLink(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	s.running("sharer", "")
	link := s.invitation("sharer", "")
	one, two := s.user("one"), s.user("two")
	one.goes(link)
	two.goes(link)
	one.accepts()
	two.accepts()
	one.authorizes()
	two.authorizes()
	first, second := one.isOn("sharer", ""), two.isOn("sharer", "")
	assert.NotEqual(t, first.Token, second.Token)
	assert.ElementsMatch(t, []string{"sharer/ → user one: access:servers!server=sharer/", "sharer/ → user two: access:servers!server=sharer/"}, s.shared())
}

// A link to a named server leads there, and to no other server of its owner.
func TestANamedServerIsShared(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{AllowNamedServers: true, Users: []hubsim.User{{Name: "sharer"}}})
	s.running("sharer", "")
	s.running("sharer", "lab 2")
	guest := s.user("shared-with")
	guest.goes(s.invitation("sharer", "lab 2"))
	lead, err := guest.isInvited("shared-with", "sharer").Lead()
	require.NoError(t, err)
	assert.Contains(t, lead, "sharer's server (lab 2)")
	guest.accepts()
	guest.authorizes()
	guest.isOn("sharer", "lab 2")
	assert.Equal(t, 403, guest.goes(s.hub.UserURL("sharer", "")))
	guest.isRefused(403, "You do not have permission to access Server at /user/sharer/")
}

// After accepting, the back button shows the invitation again, and pressing its button again does no harm.
func TestBackToTheInvitationAfterAccepting(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	s.running("sharer", "")
	guest := s.user("shared-with")
	guest.joins(s.invitation("sharer", ""), "sharer", "")
	for range 2 { // over the page that asked for authorization
		guest.goesBack()
	}
	guest.isInvited("shared-with", "sharer")
	guest.accepts()
	guest.isOn("sharer", "")
	assert.Len(t, s.shared(), 1)
}

// Reloading what a form led to sends nothing twice: it has led on. One that was refused is sent again, and refused again.
func TestReloadingAfterAccepting(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	s.running("sharer", "")
	guest, late := s.user("shared-with"), s.user("late")
	link := s.invitation("sharer", "")
	late.goes(link)
	guest.goes(link)
	guest.accepts()
	guest.authorizes()
	guest.isOn("sharer", "")
	assert.Equal(t, 200, guest.reloads())
	guest.isOn("sharer", "")
	now, err := s.hub.Snapshot(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, now.ShareCodes[0].Exchanges)

	require.NoError(t, s.hub.ExpireCode(t.Context(), "sc_1"))
	late.accepts()
	late.isRefused(400, "Invalid share code")
	assert.Equal(t, 400, late.reloads())
	late.isRefused(400, "Invalid share code")
	assert.Len(t, s.shared(), 1)
}

// Whoever leaves at the question whether the server may know them has accepted, and is asked again when they come back.
func TestLeavingInsteadOfAuthorizing(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	s.running("sharer", "")
	guest := s.user("shared-with")
	guest.goes(s.invitation("sharer", ""))
	guest.accepts()
	guest.reads("would like permission to identify you")
	guest.goes("home")
	tokens, err := s.hub.Snapshot(t.Context())
	require.NoError(t, err)
	for _, u := range tokens.Users {
		if u.Name == "shared-with" {
			assert.Empty(t, u.Tokens, "nothing was given to the server")
		}
	}
	assert.Len(t, s.shared(), 1)
	guest.goes(s.hub.UserURL("sharer", ""))
	guest.authorizes()
	guest.isOn("sharer", "")
}
