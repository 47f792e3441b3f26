package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/hubsim"
)

// The same story for people whose browser is not like that of most.

// Without scripts a person logs in, accepts and authorizes all the same.
func TestWithoutScripts(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	s.running("sharer", "")
	guest := s.personWith("shared-with", browser.ContextOptions{NoScripts: true})
	guest.goes(s.invitation("sharer", ""))
	guest.logsIn("shared-with")
	guest.isInvited("shared-with", "sharer")
	guest.accepts()
	guest.authorizes()
	guest.isOn("sharer", "")
	assert.Len(t, s.shared(), 1)
}

// wide finds what reaches beyond the window and cannot be scrolled into view by itself.
const wide = `() => [...document.querySelectorAll("body *")].filter(e => {
	if (!e.checkVisibility() || e.closest(".table-scroll, .visually-hidden, pre, .stack thead")) return false;
	return e.getBoundingClientRect().right > innerWidth + 1;
}).map(e => e.outerHTML.slice(0, 100))`

// fits checks that nothing has to be scrolled sideways.
func (p *person) fits() {
	p.Helper()
	list, err := p.tab.Evaluate(wide)
	require.NoError(p, err)
	assert.Empty(p, list, "%s is wider than the window", p.tab.URL())
	over, err := p.tab.Evaluate("document.documentElement.scrollWidth - innerWidth")
	require.NoError(p, err)
	assert.LessOrEqual(p, over, 0, "%s scrolls sideways", p.tab.URL())
}

// WCAG 1.4.10: on a telephone, or at a zoom of 400 %, with names that have no place to break.
func TestInANarrowWindow(t *testing.T) {
	t.Parallel()
	const long = "somebody-with-a-long-name@some.university.example.org"
	s := play(t, hubsim.Config{Users: []hubsim.User{{Name: long}}})
	s.running(long, "")
	guest := s.personWith("shared-with-"+long, browser.ContextOptions{Width: 320, Height: 640})
	guest.goes(s.invitation(long, ""))
	guest.fits()
	guest.logsIn(guest.name)
	guest.isInvited(guest.name, long)
	guest.fits()
	guest.accepts()
	guest.reads("would like permission to identify you")
	guest.fits()
	guest.authorizes()
	guest.isOn(long, "")
	guest.fits()
	for _, page := range []string{"home", "token", "nothing-here"} {
		guest.goes(page)
		guest.fits()
	}
}

// tabsTo presses Tab until an element has the focus, which must be seen.
func (p *person) tabsTo(l browser.Locator) {
	p.Helper()
	require.NoError(p, p.expect(l).ToBeVisible(), p.name)
	for range 40 {
		require.NoError(p, p.tab.Keyboard().Press("Tab"))
		there, err := l.Evaluate("e => e === document.activeElement && e.matches(':focus-visible') && getComputedStyle(e).outlineStyle !== 'none'", nil)
		require.NoError(p, err)
		if there == true {
			return
		}
	}
	require.Fail(p, "the keys do not lead there")
}

func (p *person) types(text string) {
	p.Helper()
	require.NoError(p, p.tab.Keyboard().Type(text))
}

func (p *person) presses(key string) {
	p.Helper()
	require.NoError(p, p.tab.Keyboard().Press(key))
}

// Nothing but keys, from the login form to the notebook and out again; where one is, is always seen.
func TestByTheKeysAlone(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	s.running("sharer", "")
	guest := s.stranger("shared-with")
	guest.goes(s.invitation("sharer", ""))
	require.NoError(t, guest.expect(guest.tab.GetByLabel("Username:")).ToBeFocused())
	guest.types("shared-with")
	guest.tabsTo(guest.tab.GetByLabel("Password:"))
	guest.types("any")
	guest.presses("Enter")
	guest.tabsTo(guest.find("button", "Accept invitation"))
	guest.presses("Enter")
	guest.tabsTo(guest.find("button", "Authorize"))
	guest.presses("Space")
	guest.isOn("sharer", "")
	guest.tabsTo(guest.find("button", "Run cell 1"))
	guest.presses("Enter")
	guest.reads("API URL for sharing codes is:")
	guest.goes("home")
	guest.tabsTo(guest.find("button", "Logout"))
	guest.presses("Space")
	guest.arrives("/hub/login")
	assert.Len(t, s.shared(), 1)
}

// Who likes pages dark gets them dark, all of them.
func TestInTheDark(t *testing.T) {
	t.Parallel()
	const looks = `() => {
		const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number), light = (r + g + b) / 765;
		return light < 0.3 ? "dark" : light > 0.7 ? "light" : "neither";
	}`
	for _, dark := range []bool{true, false} {
		s := play(t, hubsim.Config{})
		s.running("sharer", "")
		guest := s.personWith("shared-with", browser.ContextOptions{Dark: dark})
		is := func() {
			t.Helper()
			got, err := guest.tab.Evaluate(looks)
			require.NoError(t, err)
			assert.Equal(t, map[bool]string{true: "dark", false: "light"}[dark], got, guest.tab.URL())
		}
		guest.goes(s.invitation("sharer", ""))
		is()
		guest.logsIn("shared-with")
		guest.isInvited("shared-with", "sharer")
		is()
		guest.accepts()
		guest.reads("would like permission")
		is()
		guest.authorizes()
		guest.isOn("sharer", "")
		is()
		guest.goes("nothing-here")
		is()
	}
}
