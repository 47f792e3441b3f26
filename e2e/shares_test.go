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
			hub := hubsim.New(t, hubsim.Config{BaseURL: c.base, Extensions: true, Users: []hubsim.User{{Name: c.owner}, {Name: c.visitor}},
				Roles:      []hubsim.Role{{Name: "user", Scopes: []string{"self", "shares!user", "read:users:name"}}},
				SingleUser: hubsim.SingleUser{OAuthClientAllowedScopes: []string{"access:servers!server"}}})
			require.NoError(t, hub.StartServer(t.Context(), c.owner, ""))
			owner, visitor := tab(t, hub, c.owner), tab(t, hub, c.visitor)

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
	hub := hubsim.New(t, hubsim.Config{Extensions: true, Users: []hubsim.User{{Name: "owner"}, {Name: "somebody-with-a-long-name@some.university.example.org"}},
		Roles: []hubsim.Role{{Name: "user", Scopes: []string{"self", "shares!user", "read:users:name"}}}})
	_, err := hub.NewShareCode("owner", "")
	require.NoError(t, err)
	page := tabOf(t, hub, "owner", browser.ContextOptions{Width: 320, Height: 640})
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

// tab is a browser without scripts in which a user has logged in.
func tab(t *testing.T, hub *hubsim.Hub, user string) browser.Page {
	t.Helper()
	return tabOf(t, hub, user, browser.ContextOptions{NoScripts: true, Width: 375, Height: 800})
}

func tabOf(t *testing.T, hub *hubsim.Hub, user string, o browser.ContextOptions) browser.Page {
	t.Helper()
	page, err := browser.NewContext(t, o).NewPage()
	require.NoError(t, err)
	_, err = page.Goto(hub.HubURL() + "login?next=%2Fhub%2Fhome")
	require.NoError(t, err)
	form, err := scenario.OnLogin(page)
	require.NoError(t, err)
	require.NoError(t, form.SignIn(scenario.Login{Name: user}))
	reopen(t, hub, page)
	return page
}

func reopen(t *testing.T, hub *hubsim.Hub, page browser.Page) scenario.SharesPage {
	t.Helper()
	_, err := page.Goto(hub.HubURL() + "shares")
	require.NoError(t, err)
	shares, err := scenario.OnShares(page)
	require.NoError(t, err)
	return shares
}
