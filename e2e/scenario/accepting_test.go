package scenario_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/e2e/scenario"
)

// accepting is the scenario for the hub of paper, whose API makes no links.
func (h *paperHub) accepting() scenario.AcceptConfig {
	return scenario.AcceptConfig{BaseURL: h.url, Sharer: h.config().Sharer, Grantee: h.config().Grantee}
}

func TestAcceptShareNoticesWhatIsWrong(t *testing.T) {
	// Not parallel: it sets the environment.
	dir := t.TempDir()
	t.Setenv("E2E_ARTIFACTS", dir)
	sorry := errors.New("sorry")
	for name, c := range map[string]struct {
		change func(*scenario.AcceptConfig)
		step   int
		want   string
	}{
		"a login that does not work": {func(c *scenario.AcceptConfig) {
			c.SignIn = func(browser.Page, scenario.Login) error { return sorry }
		}, 1, "log in as sharer: sorry"},
		"a wrong password": {func(c *scenario.AcceptConfig) { c.Sharer.Password = "" }, 1, "Invalid username or password"},
		"a link that is none": {func(c *scenario.AcceptConfig) {
			c.Link = func(browser.Page) (string, error) { return c.BaseURL + "nothing", nil }
		}, 4, "wanted the login form"},
		"access that stays": {func(c *scenario.AcceptConfig) {
			c.End = func(browser.Page) error { return nil }
		}, 5, "/user/sharer/ answered 200, wanted 403 or 404"},
	} {
		t.Run(name, func(t *testing.T) {
			hub := newPaperHub(t, "/", "sharer", "shared-with", "")
			cfg := hub.accepting()
			c.change(&cfg)
			var last scenario.Step
			cfg.Step = func(s scenario.Step) { last = s }
			err := scenario.AcceptShare(t.Context(), browser.Shared(t), cfg)
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, fmt.Sprintf("step %d, %s", c.step, last.Name))
			require.ErrorContains(t, err, "traces in "+dir)
			assert.Equal(t, c.step, last.Number)
			require.ErrorIs(t, err, last.Err)
		})
	}
}

func TestAcceptShareEndsWithItsContext(t *testing.T) {
	t.Parallel()
	hub := newPaperHub(t, "/", "sharer", "shared-with", "")
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	cfg := hub.accepting()
	cfg.SignIn = func(browser.Page, scenario.Login) error { cancel(enough); return nil }
	require.ErrorIs(t, scenario.AcceptShare(ctx, browser.Shared(t), cfg), enough)
}

func TestAcceptShareRefusesAConfigItCannotWalkWith(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		cfg  scenario.AcceptConfig
		want string
	}{
		"no address": {scenario.AcceptConfig{Sharer: scenario.Login{Name: "a"}, Grantee: scenario.Login{Name: "b"}}, "not an http address"},
		"one person": {scenario.AcceptConfig{BaseURL: "http://127.0.0.1:1", Sharer: scenario.Login{Name: "a"}, Grantee: scenario.Login{Name: "a"}}, "two different names"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorContains(t, scenario.AcceptShare(t.Context(), browser.Shared(t), c.cfg), c.want)
		})
	}
}

func TestTheWorkflowNamesTheFolderOfArtifacts(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("github-actions.yml")
	require.NoError(t, err)
	assert.Contains(t, string(text), "E2E_ARTIFACTS: ")
	assert.NotContains(t, string(text), "\t", "tabs are no YAML")
}
