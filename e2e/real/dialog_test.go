package real_test

import (
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/e2e/realhub"
	"github.com/hubshare/hubshare/hubsim"
)

// The dialog of jupyter-collaboration finds people and groups, gives them access, lists it and takes it away, as far as the token of its page
// goes, which it asks the hub for each time (SH-195): without list:users it offers nobody, without read:users:name there is only a link to copy.
func TestTheSharingDialogOfJupyterCollaboration(t *testing.T) {
	t.Parallel()
	s := open(t, realhub.V61, hubsim.Config{
		Users: []hubsim.User{{Name: visitor}, {Name: "somebody-else"}},
		Groups: []hubsim.Group{{Name: "team", Users: []string{"colleague"}},
			{Name: "know-names", Users: []string{sharer}}, {Name: "see-lists", Users: []string{sharer}}},
		Roles: []hubsim.Role{
			{Name: "user", Scopes: []string{"self", "shares!user"}},
			{Name: "names", Scopes: []string{"read:users:name"}, Groups: []string{"know-names"}},
			{Name: "lists", Scopes: []string{"list:users", "list:groups"}, Groups: []string{"see-lists"}},
		},
		SingleUser: hubsim.SingleUser{OAuthClientAllowedScopes: []string{"access:servers!server", "shares!server", "servers!user",
			"read:users:name", "list:users", "list:groups"}},
	})
	ann := s.person(sharer)
	ann.goes(s.hub.URL)
	ann.logsIn()
	dialog := ann.opensSharing("Share Jupyter Server default")
	search, offered := dialog.Locator("input.jp-ManageSharesBody-search-input"), dialog.Locator(".jp-ManageSharesBody-user-item")
	row := func(who string) browser.Locator {
		return dialog.Locator("table.jp-ManageSharesBody-shares-table tr", playwright.LocatorLocatorOptions{HasText: who})
	}
	revokes := func(who string) {
		t.Helper()
		require.NoError(t, row(who).GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Revoke"}).Click())
		ann.sees("the share to be gone", dialog.Locator("table:not(:has-text('"+who+"'))"))
	}
	expect := playwright.NewPlaywrightAssertions(float64(patience.Milliseconds()))

	// All whom she may see are offered, but not she herself; a search narrows that.
	ann.sees("the empty list", dialog.GetByText("Your server is not shared to anybody yet."))
	require.NoError(t, expect.Locator(offered).ToHaveText([]string{"colleague", "Group know-names", "Group see-lists", visitor, "somebody-else", "Group team"}))
	require.NoError(t, search.Fill("SHARED"))
	require.NoError(t, expect.Locator(offered).ToHaveText([]string{visitor}))

	// A click gives access, and the right to start and stop, which is hers to give.
	require.NoError(t, offered.Click())
	ann.sees("the share", row(visitor))
	require.NoError(t, expect.Locator(offered).ToHaveCount(0))
	require.NoError(t, search.Fill("tea"))
	require.NoError(t, offered.Click())
	ann.sees("the group's share", row("Group team"))
	both := "access:servers!server=sharer/ servers!server=sharer/"
	assert.ElementsMatch(t, []string{"group team: " + both, "user shared-with: " + both}, s.shares())
	ann.keeps("dialog")

	// Both kinds of grantees come in.
	for _, who := range []string{visitor, "colleague"} {
		_, err := s.hub.PageToken(t.Context(), who, sharer, "")
		require.NoError(t, err, who)
	}

	// What was given is taken away again.
	revokes("Group team")
	assert.Equal(t, []string{"user shared-with: " + both}, s.shares())
	ann.closesDialog(dialog)

	// Without the right to list people there is nobody to choose; what is shared can be seen and ended still.
	require.NoError(t, s.hub.RemoveFromGroup(t.Context(), sharer, "see-lists"))
	dialog = ann.opensSharing("Share Jupyter Server default")
	ann.sees("the share", row(visitor))
	require.NoError(t, expect.Locator(offered).ToHaveCount(0))
	revokes(visitor)
	assert.Empty(t, s.shares())
	ann.closesDialog(dialog)

	// Without the right to people's names the dialog can share nothing.
	require.NoError(t, s.hub.RemoveFromGroup(t.Context(), sharer, "know-names"))
	dialog = ann.opensSharing("Share Jupyter Server Link")
	ann.sees("the warning", dialog.GetByText("Only users with `access:servers` permissions for this server will be able to use this link."))
	require.NoError(t, expect.Locator(search).ToHaveCount(0))
	ann.keeps("dialog-without-names")
	for _, r := range s.hub.Requests(func(r hubsim.Request) bool { return r.Target == "hub" && r.Status >= 400 }) {
		assert.Fail(t, "the dialog was refused something", "%s %s: %d %s", r.Method, r.URL, r.Status, r.Why)
	}
}

// opensSharing presses the button of jupyter-collaboration in the top bar, and gives the dialog that opens.
func (p *person) opensSharing(title string) browser.Locator {
	p.Helper()
	button := p.page.Locator(`[data-command="collaboration:shared-link"]`)
	p.sees("the sharing button", button)
	require.NoError(p, button.Click(), p.name)
	dialog := p.page.Locator(".jp-Dialog")
	p.sees("the dialog", dialog.Locator(".jp-Dialog-header", playwright.LocatorLocatorOptions{HasText: title}))
	return dialog
}

func (p *person) closesDialog(dialog browser.Locator) {
	p.Helper()
	require.NoError(p, dialog.GetByRole("button", playwright.LocatorGetByRoleOptions{Name: "Close"}).Click(), p.name)
	require.NoError(p, playwright.NewPlaywrightAssertions(float64(patience.Milliseconds())).Locator(dialog).ToHaveCount(0), p.name)
}

// shares says who has access to the sharer's server, one line each.
func (s *stage) shares() []string {
	s.Helper()
	now, err := s.hub.Snapshot(s.Context())
	require.NoError(s, err)
	list := []string{}
	for _, x := range now.Shares {
		to := "user " + x.User
		if x.Group != "" {
			to = "group " + x.Group
		}
		list = append(list, to+": "+strings.Join(x.Scopes, " "))
	}
	return list
}
