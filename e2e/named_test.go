package e2e_test

import (
	"regexp"
	"testing"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// Named servers are made, stopped and deleted in the table of the home page (HB-54).
func TestNamedServersOfTheHomePage(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{AllowNamedServers: true, Users: []hubsim.User{{Name: "sharer"}}})
	hub := s.hub
	s.running("sharer", "lab")
	sharer := s.user("sharer")
	sharer.agrees.Store(true)
	page, expect := sharer.tab, playwright.NewPlaywrightAssertions(patience)
	home := func() {
		_, err := page.Goto(hub.HubURL() + "home")
		require.NoError(t, err)
	}
	row := func(name string) playwright.Locator { return page.Locator(`tr[data-server-name="` + name + `"]`) }

	home()
	require.NoError(t, expect.Locator(row("lab").Locator("td.time-col")).ToHaveText(regexp.MustCompile("ago$")))
	require.NoError(t, page.Locator(".new-server-name").Fill("second"))
	require.NoError(t, page.Locator(".new-server-btn").Click())
	require.NoError(t, page.WaitForURL(regexp.MustCompile("/user/sharer/second/")))

	home()
	require.NoError(t, expect.Locator(row("second").Locator(".server-link")).ToBeVisible())
	require.NoError(t, row("second").Locator(".stop-server").Click())
	require.NoError(t, row("second").Locator(".delete-server").Click())
	require.NoError(t, expect.Locator(row("second")).ToHaveCount(0))
	home()
	require.NoError(t, expect.Locator(row("second")).ToHaveCount(0), "the hub has forgotten it as well")
	require.NoError(t, expect.Locator(row("lab")).ToBeVisible())
}
