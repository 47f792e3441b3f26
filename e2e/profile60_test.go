package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// profile60 is that of the next release.
const profile60 = 1

// HB-29: what one types is shown and hidden again, by the keyboard alone, and is a password all the same.
func TestAPasswordIsShownOnDemand(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{Profile: profile60})
	sharer := s.stranger("sharer")
	sharer.goes("login")
	require.NoError(t, sharer.tab.Locator("#username_input").Fill("sharer"))
	password, toggle := sharer.tab.Locator("#password_input"), sharer.tab.Locator("#toggle_password_visibility")
	require.NoError(t, password.Fill("secret"))
	require.NoError(t, password.Press("Tab"))
	require.NoError(t, sharer.expect(toggle).ToBeFocused())
	for _, c := range []struct{ key, kind, pressed string }{{"Enter", "text", "true"}, {"Space", "password", "false"}, {"Space", "text", "true"}} {
		require.NoError(t, toggle.Press(c.key))
		require.NoError(t, sharer.expect(password).ToHaveAttribute("type", c.kind))
		require.NoError(t, sharer.expect(toggle).ToHaveAttribute("aria-pressed", c.pressed))
		require.NoError(t, sharer.expect(password).ToHaveValue("secret"))
	}
	sharer.clicks("button", "Sign in")
	sharer.isOn("sharer", "")
}

// HB-56: a server that takes its time is stopped from the page that waits for it, named ones as well.
func TestAStartIsStoppedOnItsPage(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{Profile: profile60, AllowNamedServers: true, Users: []hubsim.User{{Name: "ann"}},
		Limits: hubsim.Limits{SpawnPageWait: -1}, Faults: []hubsim.Fault{hubsim.SpawnHang()}})
	s.hasFailures = true // a start that was stopped has failed
	ann := s.user("ann")
	ann.goes("spawn/ann/two")
	require.NoError(t, ann.expect(ann.tab.Locator("#progress-bar")).ToBeVisible())
	stop := ann.tab.Locator("#stop-server-btn")
	require.NoError(t, stop.Focus())
	require.NoError(t, stop.Press("Enter"))
	require.NoError(t, s.hub.WaitServer(t.Context(), "ann", "two", hubsim.Failed))
	require.NoError(t, ann.expect(ann.tab.Locator("h1")).ToHaveText("Spawn failed"))
	assert.NotEmpty(t, s.hub.Requests(func(r hubsim.Request) bool { return r.Method == "DELETE" && r.Status == 204 }))
}
