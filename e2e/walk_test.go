package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/e2e/scenario"
	"github.com/hubshare/hubshare/hubsim"
)

// The story that the whole repository is for, told by a browser (HB-187).
func TestAcceptanceWalk(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg             hubsim.Config
		sharer, grantee scenario.Login
	}{
		"on a hub as it comes": {
			sharer:  scenario.Login{Name: "sharer", Typed: "Sharer "}, // HB-25
			grantee: scenario.Login{Name: "shared-with"}},
		"below a base path with escapes": { // HB-188
			cfg:     hubsim.Config{BaseURL: "/@/space%20word/"},
			sharer:  scenario.Login{Name: "a@b"},
			grantee: scenario.Login{Name: "shared-with"}},
		"with names full of markup": { // HB-188
			sharer:  scenario.Login{Name: `testuser<'&">`},
			grantee: scenario.Login{Name: "ünï"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := play(t, c.cfg)
			c.sharer.Password, c.grantee.Password = "a password", "another"
			var done []string
			require.NoError(t, scenario.Walk(t.Context(), browser.Shared(t), scenario.Config{
				BaseURL: s.hub.URL,
				Sharer:  c.sharer,
				Grantee: c.grantee,
				Step: func(step scenario.Step) {
					t.Log(step)
					done = append(done, step.Name)
				},
			}))
			assert.Equal(t, scenario.Steps(), done)
			stopAndStartAgain(s, c.sharer.Name, c.grantee.Name)
		})
	}
}

// What other projects run against their hubs goes through this one as it is.
func TestAcceptShareOnThisHub(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	var done []string
	s.running("sharer", "")
	require.NoError(t, scenario.AcceptShare(t.Context(), browser.Shared(t), scenario.AcceptConfig{
		BaseURL: s.hub.URL,
		Sharer:  scenario.Login{Name: "sharer"},
		Grantee: scenario.Login{Name: "shared-with"},
		Step:    func(step scenario.Step) { done = append(done, step.Name) },
	}))
	assert.Equal(t, scenario.AcceptSteps(), done)
	assert.Empty(t, s.shared())
}
