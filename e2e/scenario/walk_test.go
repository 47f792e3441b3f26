package scenario_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/e2e/scenario"
)

func TestWalkGoesThroughEveryStepInOrder(t *testing.T) { // HB-187
	t.Parallel()
	for name, c := range map[string]struct{ base, sharer, grantee, cut string }{
		"plain names at the root": {"/", "sharer", "shared-with", ""},
		// HB-188
		"a base path with escapes and names that need them": {"/@/space%20word/", "a@b", `testuser<'&">`, ""},
		"a base path without its last slash":                {"/hubs/one/", "ünï", "shared-with", "/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := newPaperHub(t, c.base, c.sharer, c.grantee, "")
			cfg := hub.config()
			cfg.BaseURL = strings.TrimSuffix(cfg.BaseURL, c.cut)
			cfg.ScreenshotDir = filepath.Join(t.TempDir(), "pictures")
			var names []string
			cfg.Step = func(s scenario.Step) {
				names = append(names, s.Name)
				assert.Equal(t, len(names), s.Number)
				assert.NoError(t, s.Err)
				assert.Positive(t, s.Took)
				assert.FileExists(t, s.Screenshot)
				assert.Equal(t, fmt.Sprintf("%02d-", s.Number), filepath.Base(s.Screenshot)[:3])
			}
			require.NoError(t, scenario.Walk(t.Context(), browser.Shared(t), cfg))
			assert.Equal(t, scenario.Steps(), names)
			pictures, err := filepath.Glob(filepath.Join(cfg.ScreenshotDir, "*.png"))
			require.NoError(t, err)
			assert.GreaterOrEqual(t, len(pictures), len(names))
		})
	}
}

func TestWalkTypesWhatItIsTold(t *testing.T) { // HB-25
	t.Parallel()
	hub := newPaperHub(t, "/", "sharer", "shared-with", "")
	cfg := hub.config()
	cfg.Sharer.Typed = "Sharer "
	require.NoError(t, scenario.Walk(t.Context(), browser.Shared(t), cfg))
}

func TestWalkNoticesWhatIsWrong(t *testing.T) {
	// Not parallel with others: it sets the environment. Its own walks are quick.
	dir := t.TempDir()
	t.Setenv("E2E_ARTIFACTS", dir)
	for flaw, want := range map[string]struct {
		step int
		text string
	}{
		"no login form":                      {1, `wanted the login form, got "500 : Internal Server Error Nothing works" at /`},
		"no spawn page":                      {2, "wanted /hub/spawn-pending/sharer on the way"},
		"no token in the page":               {3, "the page's config has no token"},
		"codes are listed with their secret": {4, `a listed share code shows its "code"`},
		"two links in the footer":            {5, "the footer has 2 links, wanted one"},
		"two buttons":                        {5, "the page has 2 submit buttons, wanted one"},
		"everybody is the sharer":            {5, `the page's config has hubUser "sharer"`},
		"the sharer's token for everybody":   {5, "reads \"sharer\", wanted \"shared-with\""},
		"exchanges are not counted":          {6, "the share code was exchanged 0 times, wanted 1"},
		"the grantee may share":              {7, `cell 2 reads "Share this URL`},
		"codes survive":                      {8, "there are 1 share codes left"},
		"codes survive unseen":               {8, `wanted the error page, got "Accept sharing invitation" at /hub/accept-share`},
		"deleting codes deletes shares":      {8, "wanted the server's page, got \"403 : Forbidden"},
		"tokens keep their scopes":           {9, "the grantee's token still holds access:servers!server=sharer/"},
		"access survives":                    {9, `wanted the error page, got "Authorize access" at /hub/api/oauth2/authorize`},
	} {
		t.Run(flaw, func(t *testing.T) {
			hub := newPaperHub(t, "/", "sharer", "shared-with", flaw)
			cfg := hub.config()
			var last scenario.Step
			cfg.Step = func(s scenario.Step) { last = s }
			err := scenario.Walk(t.Context(), browser.Shared(t), cfg)
			require.ErrorContains(t, err, want.text)
			require.ErrorIs(t, err, last.Err)
			assert.Equal(t, want.step, last.Number)
			assert.ErrorContains(t, err, fmt.Sprintf("step %d, %s", want.step, last.Name))
			assert.ErrorContains(t, err, "traces in "+dir)
			assert.NotContains(t, err.Error(), "the-code", "an error must not hold a share code")
			traces, globErr := filepath.Glob(filepath.Join(dir, fmt.Sprintf("walk-step%d-browser1-trace.zip", want.step)))
			require.NoError(t, globErr)
			assert.Len(t, traces, 1)
			for _, f := range traces {
				require.NoError(t, os.Remove(f))
			}
		})
	}
}

func TestWalkOfAHubThatIsNotThere(t *testing.T) {
	t.Setenv("E2E_ARTIFACTS", t.TempDir()) // so not parallel
	err := scenario.Walk(t.Context(), browser.Shared(t), scenario.Config{BaseURL: "http://127.0.0.1:1/",
		Sharer: scenario.Login{Name: "a"}, Grantee: scenario.Login{Name: "b"}})
	require.ErrorContains(t, err, "walk: step 1, ")
	require.ErrorContains(t, err, "open the front page")
}

func TestWalkEndsWithItsContext(t *testing.T) {
	t.Parallel()
	hub := newPaperHub(t, "/", "sharer", "shared-with", "")
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := fmt.Errorf("enough")
	cfg := hub.config()
	var last int
	cfg.Step = func(s scenario.Step) {
		if last = s.Number; last == 2 {
			cancel(cause)
		}
	}
	require.ErrorIs(t, scenario.Walk(ctx, browser.Shared(t), cfg), cause)
	assert.Equal(t, 2, last)
}

func TestWalkRefusesAConfigItCannotWalkWith(t *testing.T) {
	t.Parallel()
	good := scenario.Config{BaseURL: "http://127.0.0.1:1/",
		Sharer: scenario.Login{Name: "a"}, Grantee: scenario.Login{Name: "b"}}
	for name, c := range map[string]struct {
		change func(*scenario.Config)
		want   string
	}{
		"an address that is none":      {func(c *scenario.Config) { c.BaseURL = "127.0.0.1:8000" }, "address"},
		"an address without a host":    {func(c *scenario.Config) { c.BaseURL = "http:///hub" }, "not an http address"},
		"an address of another scheme": {func(c *scenario.Config) { c.BaseURL = "file:///etc" }, "not an http address"},
		"an address with a query":      {func(c *scenario.Config) { c.BaseURL += "?x=1" }, "must not have a query"},
		"no sharer":                    {func(c *scenario.Config) { c.Sharer.Name = "" }, "two different names"},
		"no grantee":                   {func(c *scenario.Config) { c.Grantee.Name = "" }, "two different names"},
		"one person twice":             {func(c *scenario.Config) { c.Grantee = c.Sharer }, "two different names"},
		"a folder that cannot be made": {func(c *scenario.Config) { c.ScreenshotDir = "/dev/null/x" }, "folder for screenshots"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := good
			c.change(&cfg)
			require.ErrorContains(t, scenario.Walk(t.Context(), browser.Shared(t), cfg), c.want)
		})
	}
}
