package e2e_test

import (
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/e2e/scenario"
)

// patience is how long somebody waits for what should be there soon, in milliseconds: long, since the machine may be busy.
const patience = 30_000

// person is somebody with a browser of their own. What they do and see either is as it should be or ends the test.
type person struct {
	*stage
	name    string
	context browser.Context
	tab     browser.Page // the one that they look at
	said    *notes       // what their pages wrote to the console
	agrees  atomic.Bool  // to what a page asks in a dialog; else a dialog is trouble
}

// stranger is somebody whom the hub has not met in this browser.
func (s *stage) stranger(name string) *person { return s.personWith(name, browser.ContextOptions{}) }

// user is somebody who has logged in before.
func (s *stage) user(name string) *person { return s.userWith(name, browser.ContextOptions{}) }

func (s *stage) userWith(name string, o browser.ContextOptions) *person {
	s.Helper()
	p := s.personWith(name, o)
	p.hasLoggedIn(name)
	return p
}

func (s *stage) personWith(name string, o browser.ContextOptions) *person {
	s.Helper()
	c, err := browser.Shared(s).NewContext(o)
	require.NoError(s, err)
	p := &person{stage: s, name: name, context: c, said: &notes{}}
	s.people = append(s.people, p)
	p.watch()
	p.opensTab()
	return p
}

// alarms tells the console of what the page's policy has stopped.
const alarms = `addEventListener("securitypolicyviolation", e => console.error("ALARM: policy", e.violatedDirective, e.blockedURI, e.sourceFile))`

// watch notes what happens in any page of this browser without being asked for.
func (p *person) watch() {
	c := p.context
	require.NoError(p, c.AddInitScript(playwright.Script{Content: playwright.String(alarms)}))
	c.OnConsole(func(m playwright.ConsoleMessage) {
		p.said.add("%s: %s", m.Type(), m.Text())
		if strings.HasPrefix(m.Text(), "ALARM:") {
			p.troubles.add("%s: %s", p.name, m.Text())
		}
	})
	c.OnWebError(func(e playwright.WebError) { p.troubles.add("%s: a script failed: %v", p.name, e.Error()) })
	c.OnDialog(func(d playwright.Dialog) {
		answer := func() error { return d.Accept() }
		if !p.agrees.Load() {
			p.troubles.add("%s: a dialog: %s", p.name, d.Message())
			answer = d.Dismiss
		}
		if err := answer(); err != nil {
			p.troubles.add("%s: answer a dialog: %v", p.name, err)
		}
	})
}

// hasLoggedIn gives the browser the cookies of a login, as somebody's.
func (p *person) hasLoggedIn(name string) {
	p.Helper()
	cookies, err := p.hub.LoginCookies(name)
	require.NoError(p, err)
	at, err := url.Parse(p.hub.URL)
	require.NoError(p, err)
	var list []playwright.OptionalCookie
	for _, c := range cookies {
		o := playwright.OptionalCookie{Name: c.Name, Value: c.Value, Domain: playwright.String(at.Hostname()), Path: playwright.String(c.Path),
			HttpOnly: playwright.Bool(c.HttpOnly)}
		if !c.Expires.IsZero() {
			o.Expires = playwright.Float(float64(c.Expires.Unix()))
		}
		list = append(list, o)
	}
	require.NoError(p, p.context.AddCookies(list))
}

// opensTab opens another tab, and gives the one that was looked at before.
func (p *person) opensTab() (before browser.Page) {
	p.Helper()
	page, err := p.context.NewPage()
	require.NoError(p, err)
	before, p.tab = p.tab, page
	return before
}

// goes to an address and gives the status of what comes up.
func (p *person) goes(to string) (status int) {
	p.Helper()
	if !strings.HasPrefix(to, "http") {
		to = p.hub.HubURL() + to
	}
	answer, err := p.tab.Goto(to)
	require.NoError(p, err, p.name)
	if answer == nil {
		return 0
	}
	return answer.Status()
}

// reloads as the button of the browser does, sending a form again if the page came of one.
func (p *person) reloads() (status int) {
	p.Helper()
	answer, err := p.tab.Reload()
	require.NoError(p, err, p.name)
	return answer.Status()
}

// goesBack is the back button.
func (p *person) goesBack() {
	p.Helper()
	_, err := p.tab.GoBack()
	require.NoError(p, err, p.name)
}

// find looks for elements by role and name: "button", "Authorize".
func (p *person) find(role, name string) browser.Locator {
	return p.tab.GetByRole(playwright.AriaRole(role), playwright.PageGetByRoleOptions{Name: name, Exact: playwright.Bool(true)})
}

func (p *person) clicks(role, name string) {
	p.Helper()
	require.NoError(p, p.find(role, name).Click(), p.name)
}

// expect gives the assertions of Playwright, which wait for what is expected.
func (p *person) expect(l browser.Locator) playwright.LocatorAssertions {
	return playwright.NewPlaywrightAssertions(patience).Locator(l)
}

// reads waits until a text stands on the page.
func (p *person) reads(text string) {
	p.Helper()
	require.NoError(p, p.expect(p.tab.GetByText(text).First()).ToBeVisible(), p.name)
}

// arrives waits until the address in the bar is one that matches.
func (p *person) arrives(at string) {
	p.Helper()
	require.NoError(p, playwright.NewPlaywrightAssertions(patience).Page(p.tab).ToHaveURL(regexp.MustCompile(at)), p.name)
}

// logsIn fills in the form that is shown, as somebody.
func (p *person) logsIn(as string) {
	p.Helper()
	form, err := scenario.OnLogin(p.tab)
	require.NoError(p, err, p.name)
	require.NoError(p, form.SignIn(scenario.Login{Name: as, Password: "any"}), p.name)
}

// isInvited reads the invitation that is shown.
func (p *person) isInvited(as, owner string) scenario.AcceptPage {
	p.Helper()
	page, err := scenario.OnAccept(p.tab)
	require.NoError(p, err, p.name)
	lead, err := page.Lead()
	require.NoError(p, err, p.name)
	require.Contains(p, lead, "You ("+as+") have been invited to access "+owner+"'s server")
	return page
}

// accepts presses the button of the invitation that is shown.
func (p *person) accepts() {
	p.Helper()
	page, err := scenario.OnAccept(p.tab)
	require.NoError(p, err, p.name)
	require.NoError(p, page.Accept(), p.name)
}

// authorizes says yes to the application that asks.
func (p *person) authorizes() {
	p.Helper()
	page, err := scenario.OnConsent(p.tab)
	require.NoError(p, err, p.name)
	require.NoError(p, page.Authorize(), p.name)
}

// isOn waits until somebody's server is shown, to this person.
func (p *person) isOn(owner, server string) scenario.PageConfig {
	p.Helper()
	page, err := scenario.OnServer(p.tab)
	require.NoError(p, err, p.name)
	c, err := page.Config()
	require.NoError(p, err, p.name)
	require.Equal(p, [3]string{p.name, owner, server}, [3]string{c.HubUser, c.HubServerUser, c.HubServerName}, "visitor, owner and server of the page")
	require.NotEmpty(p, string(c.Token))
	return c
}

// isRefused waits until the page says no, with this status and these words.
func (p *person) isRefused(status int, words string) {
	p.Helper()
	page, err := scenario.OnError(p.tab)
	require.NoError(p, err, p.name)
	require.Equal(p, status, page.Status, page.Heading)
	require.Contains(p, page.Message, words)
}

// joins follows a link all the way to the server, as somebody who has logged in.
func (p *person) joins(link, owner, server string) {
	p.Helper()
	p.goes(link)
	p.accepts()
	p.authorizes()
	p.isOn(owner, server)
}
