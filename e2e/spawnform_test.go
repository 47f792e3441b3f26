package e2e_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/hubsim"
)

// The form that asks how to start a server is shown again with what became of a start (HB-55). It is accessible, and so is what 6.0 has more on
// the pages before and after it (HB-29, HB-56).
func TestAServerIsStartedWithOptions(t *testing.T) {
	t.Parallel()
	axe, err := browser.Axe(t.Context(), browser.Options{})
	require.NoError(t, err)
	s := play(t, hubsim.Config{Profile: 1, Users: []hubsim.User{{Name: "ann"}},
		SingleUser: hubsim.SingleUser{OptionsForm: `<label for="size">Size</label><input id="size" name="size" class="form-control">`}})
	s.hasFailures = true
	ann := s.stranger("ann")
	looks := func(page string) {
		for _, f := range ann.obstacles(axe) {
			assert.Fail(t, page+" is not accessible", "%s: %s\n%s", f.Rule, f.Help, fmt.Sprint(f.Where))
		}
	}
	ann.goes("login?next=/hub/spawn")
	toggle, password := ann.tab.Locator("#toggle_password_visibility"), ann.tab.Locator("#password_input")
	require.NoError(t, password.Fill("secret"))
	require.NoError(t, toggle.Click())
	looks("the login form")
	require.NoError(t, ann.tab.Locator("#username_input").Fill("ann"))
	ann.clicks("button", "Sign in")

	full, err := s.hub.AddFault(hubsim.SpawnFail("There is no room", 500, 0).Of("ann", ""))
	require.NoError(t, err)
	ann.reads("Server Options")
	looks("the form of options")
	ann.clicks("button", "Start")
	ann.reads("Error: There is no room")
	looks("the form of options with an error")
	require.NoError(t, s.hub.RemoveFault(full))
	_, err = s.hub.AddFault(hubsim.SpawnHang().Of("ann", ""))
	require.NoError(t, err)
	require.NoError(t, ann.tab.GetByLabel("Size").Fill("large"))
	ann.clicks("button", "Start")
	ann.reads("Your server is starting up.")
	looks("the page of a start")
}
