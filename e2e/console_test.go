package e2e_test

import (
	"fmt"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/hubsim"
)

// HB-182, HB-179: the page at /_hubsim/ in a real browser: its forms are heard, by keyboard too, what happens elsewhere appears by itself, and nobody is kept out. A hub
// with a key has a page and a browser session of its own at KEY.localhost.
func TestThePageByWhichPeopleControlAHub(t *testing.T) {
	t.Parallel()
	axe, err := browser.Axe(t.Context(), browser.Options{})
	require.NoError(t, err)
	for name, o := range map[string]browser.ContextOptions{"light and wide": {}, "dark and narrow": {Dark: true, Width: 375, Height: 700}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			s := play(t, hubsim.Config{Control: &hubsim.Control{}, Keys: 1, Clock: hubsim.NewMovableClock(start)})
			s.running("sharer", "")
			require.NoError(t, s.hub.Share(t.Context(), hubsim.Share{Owner: "sharer", User: "shared-with"}))
			dev := s.personWith("dev", o)
			expect := playwright.NewPlaywrightAssertions(patience)
			page := dev.tab
			require.Equal(t, 200, dev.goes(s.hub.ControlURL()))
			for _, f := range dev.obstacles(axe) {
				assert.Fail(t, "the page is not accessible", "%s: %s\n%s", f.Rule, f.Help, fmt.Sprint(f.Where))
			}
			slider := page.Locator("#step")
			require.NoError(t, slider.Press("ArrowRight"))
			require.NoError(t, expect.Locator(page.Locator("#step-label")).ToHaveText("7 days"))
			require.NoError(t, page.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Move on"}).Press("Enter"))
			require.NoError(t, expect.Locator(page.Locator(".now time")).ToHaveText("2026-01-09 03:04:05"))
			// Somebody else takes back what was shared: the page shows it without being asked.
			require.NoError(t, s.hub.RevokeShare(t.Context(), hubsim.Share{Owner: "sharer", User: "shared-with"}))
			require.NoError(t, expect.Locator(page.Locator(`[data-live="shares"]`)).ToContainText("Nothing is shared."))
			require.NoError(t, page.GetByRole("button", playwright.PageGetByRoleOptions{Name: "Log in as sharer"}).Click())
			require.NoError(t, page.WaitForURL(regexp.MustCompile("/hub/home$")))

			at, err := url.Parse(s.hub.URL)
			require.NoError(t, err)
			require.Equal(t, 200, dev.goes("http://w1.localhost:"+at.Port()+"/_hubsim/"))
			require.NoError(t, expect.Locator(page.Locator("h1")).ToHaveText("hubsim w1"))
			require.NoError(t, expect.Locator(page.Locator(".now time")).ToHaveText("2026-01-02 03:04:05"))
			require.Equal(t, 200, dev.goes("http://w1.localhost:"+at.Port()+"/"))
			require.NoError(t, expect.Locator(page.Locator("h1")).ToHaveText("Sign in"), "a login is one host's")
		})
	}
}
