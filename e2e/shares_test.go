package e2e_test

import (
	"strings"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/e2e/scenario"
	"github.com/hubshare/hubshare/hubsim"
)

// Access is given and taken away on the page of shares alone, by people whose browsers run no script.
func TestSharesPage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		base           string
		owner, visitor string
	}{
		"on a hub with extensions":                {"", "sharer", "shared-with"},
		"below a base path, with names of markup": {"/@/space%20word/", `testuser<'&">`, "a@b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := play(t, withShares(hubsim.Config{BaseURL: c.base, Users: []hubsim.User{{Name: c.owner}, {Name: c.visitor}}}))
			hub := st.hub
			st.running(c.owner, "")
			small := browser.ContextOptions{NoScripts: true, Width: 375, Height: 800}
			owner, visitor := st.userWith(c.owner, small).tab, st.userWith(c.visitor, small).tab

			// The owner comes by way of the home page and makes a link that lets one in, for an hour.
			_, err := owner.Goto(hub.HubURL() + "home")
			require.NoError(t, err)
			require.NoError(t, owner.Locator("#sharing").Click())
			shares, err := scenario.OnShares(owner)
			require.NoError(t, err)
			link, err := shares.MakeLink("", scenario.LinkForm{Lasts: "hour", Uses: "1", Note: "for <b>review</b>"})
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(link, hub.HubURL()+"accept-share?code="), link)

			// The visitor accepts it and is there.
			_, err = visitor.Goto(link)
			require.NoError(t, err)
			invitation, err := scenario.OnAccept(visitor)
			require.NoError(t, err)
			require.NoError(t, invitation.Accept())
			consent, err := scenario.OnConsent(visitor)
			require.NoError(t, err)
			require.NoError(t, consent.Authorize())
			_, err = scenario.OnServer(visitor)
			require.NoError(t, err)
			at := visitor.URL()

			// The owner sees who came by which link, and that it is used up.
			shares = reopen(t, hub, owner)
			people, err := shares.People("")
			require.NoError(t, err)
			require.Len(t, people, 1)
			assert.Contains(t, people[0], "user "+c.visitor)
			assert.Contains(t, people[0], "By link sc_1")
			links, err := shares.Links("")
			require.NoError(t, err)
			require.Len(t, links, 1)
			assert.Contains(t, links[0], "for <b>review</b>")
			assert.Contains(t, links[0], "1 of 1")

			// The link goes, and with it the access.
			done, err := shares.DeleteLink("sc_1")
			require.NoError(t, err)
			assert.Equal(t, "The link was deleted, and the access that it gave has ended.", done)
			_, err = visitor.Goto(at)
			require.NoError(t, err)
			refused, err := scenario.OnError(visitor)
			require.NoError(t, err)
			assert.Equal(t, 403, refused.Status)
			people, err = shares.People("")
			require.NoError(t, err)
			assert.Empty(t, people)

			// By name it is given again, this time until the server stops, and the visitor leaves by themself.
			done, err = shares.Share("", "user", c.visitor, "session")
			require.NoError(t, err)
			assert.Equal(t, "Access was given.", done)
			theirs := reopen(t, hub, visitor)
			received, err := theirs.Received()
			require.NoError(t, err)
			require.Len(t, received, 1)
			assert.Contains(t, received[0], c.owner)
			assert.Contains(t, received[0], "When the server stops")
			done, err = theirs.Leave(c.owner, "")
			require.NoError(t, err)
			assert.Equal(t, "You have left what was shared with you.", done)
			people, err = reopen(t, hub, owner).People("")
			require.NoError(t, err)
			assert.Empty(t, people)

			// And once more, to be taken away by the owner.
			_, err = shares.Share("", "user", c.visitor, "forever")
			require.NoError(t, err)
			done, err = shares.Revoke("", "user", c.visitor)
			require.NoError(t, err)
			assert.Equal(t, "Access was taken away.", done)
			received, err = reopen(t, hub, visitor).Received()
			require.NoError(t, err)
			assert.Empty(t, received)
		})
	}
}

// The page can be used by the keys alone, in a window as narrow as they get, in light and in dark.
func TestSharesPageByKeysInANarrowWindow(t *testing.T) {
	t.Parallel()
	s := play(t, withShares(hubsim.Config{Users: []hubsim.User{{Name: "owner"}, {Name: "somebody-with-a-long-name@some.university.example.org"}}}))
	hub := s.hub
	s.invitation("owner", "")
	page := s.userWith("owner", browser.ContextOptions{Width: 320, Height: 640}).tab
	reopen(t, hub, page)
	keys := page.Keyboard()
	// until presses Tab until something has the focus, which can be seen.
	until := func(selector string) {
		t.Helper()
		for range 60 {
			require.NoError(t, keys.Press("Tab"))
			if n, err := page.Locator(selector + ":focus-visible").Count(); err == nil && n == 1 {
				style, err := page.Evaluate("getComputedStyle(document.activeElement).outlineStyle")
				require.NoError(t, err)
				require.Equal(t, "solid", style, "the focus is seen")
				return
			}
		}
		require.Fail(t, "Tab does not lead to "+selector)
	}
	until("details.give summary")
	require.NoError(t, keys.Press("Enter"))
	until("details.give [name=grantee]")
	require.NoError(t, keys.Type("nobody"))
	require.NoError(t, keys.Press("Enter"))
	require.NoError(t, browser.WaitVisible(page.Locator("p.problem"), 10*time.Second))
	// The field that was wrong has the focus, and what was typed.
	focused := page.Locator("[name=grantee]:focus")
	require.NoError(t, browser.WaitVisible(focused, 10*time.Second))
	require.NoError(t, keys.Press("Control+A"))
	require.NoError(t, keys.Type("somebody-with-a-long-name@some.university.example.org"))
	until("details.give [name=lasts]")
	require.NoError(t, keys.Type("For an hour"))
	until("details.give button")
	require.NoError(t, keys.Press("Enter"))
	require.NoError(t, browser.WaitVisible(page.Locator("#done"), 10*time.Second))
	people, err := reopen(t, hub, page).People("")
	require.NoError(t, err)
	require.Len(t, people, 1)
	assert.Contains(t, people[0], "somebody-with-a-long-name@")
	assert.NotContains(t, people[0], "Never")
	require.NoError(t, page.Locator("details.make summary").Click())
	for _, scheme := range []*playwright.ColorScheme{playwright.ColorSchemeLight, playwright.ColorSchemeDark} {
		require.NoError(t, page.EmulateMedia(playwright.PageEmulateMediaOptions{ColorScheme: scheme}))
		wide, err := page.Evaluate(`() => [...document.querySelectorAll("body *")].filter(e => !e.closest("thead") && e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML.slice(0, 80))`)
		require.NoError(t, err)
		assert.Empty(t, wide, "nothing is wider than the window")
		// WCAG 1.4.3 for every text on the page, against what is painted behind it.
		faint, err := page.Evaluate(contrast)
		require.NoError(t, err)
		assert.Empty(t, faint)
	}
}

// contrast lists texts whose colour is too close to that behind them.
const contrast = `() => {
	const channels = c => (c.match(/[\d.]+/g) || []).map(Number);
	const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = e => { for (; e; e = e.parentElement) { const c = channels(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] === 1) return c } return [255, 255, 255] };
	const faint = [];
	for (const e of document.querySelectorAll("#shares-page *")) {
		if (![...e.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.trim()) || !e.checkVisibility()) continue;
		const [a, b] = [light(channels(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
		if ((a + 0.05) / (b + 0.05) < 4.5) faint.push(e.outerHTML.slice(0, 80));
	}
	return faint;
}`

// withShares is a hub that has the page, on which users may share and find each other.
func withShares(cfg hubsim.Config) hubsim.Config {
	cfg.Extensions = true
	cfg.Roles = append(cfg.Roles, hubsim.Role{Name: "user", Scopes: []string{"self", "shares!user", "read:users:name", "read:groups:name"}})
	cfg.SingleUser.OAuthClientAllowedScopes = []string{"access:servers!server"}
	return cfg
}

// A group is given access, whoever is in it comes in, and whoever leaves it is out.
func TestAGroupIsGivenAccess(t *testing.T) {
	t.Parallel()
	s := play(t, withShares(hubsim.Config{Users: []hubsim.User{{Name: "sharer"}, {Name: "bob"}},
		Groups: []hubsim.Group{{Name: "the class", Users: []string{"ann"}}}}))
	s.running("sharer", "")
	sharer, ann, bob := s.user("sharer"), s.user("ann"), s.user("bob")
	done, err := reopen(t, s.hub, sharer.tab).Share("", "group", "the class", "forever")
	require.NoError(t, err)
	assert.Equal(t, "Access was given.", done)

	received, err := reopen(t, s.hub, ann.tab).Received()
	require.NoError(t, err)
	require.Len(t, received, 1)
	assert.Contains(t, received[0], "the class")
	ann.goes(s.hub.UserURL("sharer", ""))
	ann.authorizes()
	ann.isOn("sharer", "")
	ann.connects("sharer", "")
	bob.goes(s.hub.UserURL("sharer", ""))
	bob.isRefused(403, "You do not have permission")

	require.NoError(t, s.hub.RemoveFromGroup(t.Context(), "ann", "the class"))
	ann.isCutOff()
	ann.reloads()
	ann.isRefused(403, "")
	assert.Equal(t, []string{"sharer/ → group the class: access:servers!server=sharer/"}, s.shared())
}

func reopen(t *testing.T, hub *hubsim.Hub, page browser.Page) scenario.SharesPage {
	t.Helper()
	_, err := page.Goto(hub.HubURL() + "shares")
	require.NoError(t, err)
	shares, err := scenario.OnShares(page)
	require.NoError(t, err)
	return shares
}
