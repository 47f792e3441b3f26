package e2e_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/scenario"
	"github.com/hubshare/hubshare/hubsim"
)

// Who has logged out in one tab is out in all: pages, forms that were open, and live connections.
func TestLoggingOutInAnotherTab(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	s.running("sharer", "")
	guest := s.user("shared-with")
	link := s.invitation("sharer", "")
	guest.joins(link, "sharer", "")
	guest.connects("sharer", "")
	server := guest.opensTab()
	guest.goes(link)
	form := guest.opensTab()
	guest.goes("home")
	guest.clicks("button", "Logout")
	guest.arrives("/hub/login")

	guest.tab = server
	guest.isCutOff()
	guest.reloads()
	_, err := scenario.OnLogin(guest.tab)
	require.NoError(t, err)
	guest.tab = form
	guest.accepts()
	guest.isRefused(403, "")

	guest.tab = server
	guest.logsIn("shared-with")
	guest.authorizes()
	guest.isOn("sharer", "")
}

// HB-37: cookies ignore ports. Two hubs at one address take the browser's login from each other, and no more than that happens; at two addresses
// of this machine they do not even notice.
func TestTwoHubsInOneBrowser(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]struct {
		host  string
		stays bool
	}{
		"on two ports of one address":   {"127.0.0.1", false},
		"on two addresses of a machine": {"localhost", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, other := play(t, hubsim.Config{}), play(t, hubsim.Config{})
			s.running("sharer", "")
			other.running("sharer", "")
			guest := s.stranger("shared-with")
			guest.goes(s.invitation("sharer", ""))
			guest.logsIn("shared-with")
			guest.accepts()
			guest.authorizes()
			guest.isOn("sharer", "")

			guest.goes(strings.Replace(other.invitation("sharer", ""), "127.0.0.1", second.host, 1))
			guest.logsIn("shared-with") // the first hub's login is nobody's here
			guest.accepts()
			guest.authorizes()
			guest.isOn("sharer", "")
			assert.Len(t, other.shared(), 1)

			guest.goes("home")
			if !second.stays {
				guest.logsIn("shared-with")
			}
			guest.reads("Your server is not running.")
			guest.goes(s.hub.UserURL("sharer", ""))
			guest.isOn("sharer", "") // at once: the browser holds a token that is good here
			assert.Len(t, s.shared(), 1)
		})
	}
}

// HB-29, HB-31: a password that is wrong, then the right one, and on to where the link led.
func TestAWrongPasswordAndThenTheRightOne(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{Password: "the right one"})
	guest := s.stranger("shared-with")
	guest.goes(s.invitation("sharer", ""))
	guest.logsIn("shared-with")
	_, err := scenario.OnAccept(guest.tab)
	var wrong *scenario.WrongPageError
	require.ErrorAs(t, err, &wrong)
	require.Equal(t, "Invalid username or password", wrong.Shown)
	name, err := guest.tab.GetByLabel("Username:").InputValue()
	require.NoError(t, err)
	assert.Equal(t, "shared-with", name, "it need not be typed again")
	require.NoError(t, guest.tab.GetByLabel("Password:").Fill("the right one"))
	guest.clicks("button", "Sign in")
	guest.isInvited("shared-with", "sharer")
}
