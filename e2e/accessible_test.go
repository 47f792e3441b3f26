package e2e_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
)

// runAxe checks a page for all that axe-core knows of WCAG 2, levels A and AA.
const runAxe = `() => axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}).then(r => JSON.stringify(
	r.violations.map(v => ({rule: v.id, help: v.help, where: v.nodes.map(n => n.target.join(" ") + ": " + n.failureSummary)}))))`

// finding is one violation.
type finding struct {
	Rule, Help string
	Where      []string
}

// obstacles are what axe-core finds on the page that is shown.
func (p *person) obstacles(axe string) []finding {
	p.Helper()
	_, err := p.tab.Evaluate(axe + "; undefined")
	require.NoError(p, err)
	text, err := p.tab.Evaluate(runAxe)
	require.NoError(p, err)
	var found []finding
	require.NoError(p, json.Unmarshal([]byte(text.(string)), &found))
	return found
}

// Every page, light and dark, has no violation of WCAG 2 A or AA that a program can find.
func TestEveryPageIsAccessible(t *testing.T) {
	t.Parallel()
	axe, err := browser.Axe(t.Context(), browser.Options{})
	require.NoError(t, err)
	for name, o := range map[string]browser.ContextOptions{
		"light and wide":  {},
		"dark and narrow": {Dark: true, Width: 375, Height: 700},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := play(t, scenery())
			for _, page := range tour(s, o) {
				page.show()
				for _, f := range page.who.obstacles(axe) {
					assert.Fail(t, page.name+" is not accessible", "%s: %s\n%s", f.Rule, f.Help, fmt.Sprint(f.Where))
				}
			}
			// It would have been found.
			ann := s.user("ann")
			ann.goes("home")
			_, err := ann.tab.Evaluate(`document.querySelector("main").innerHTML += '<p style="color: #999; background: #aaa">faint</p><img src="logo">'`)
			require.NoError(t, err)
			assert.Len(t, ann.obstacles(axe), 2)
		})
	}
}
