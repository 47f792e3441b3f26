package e2e_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
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

// picture is the page that is shown, as a part of the contact sheet, for somebody who likes it dark or light.
func (p *person) picture(taste *playwright.ColorScheme) template.URL {
	p.Helper()
	require.NoError(p, p.tab.EmulateMedia(playwright.PageEmulateMediaOptions{ColorScheme: taste}))
	jpeg, err := p.tab.Screenshot(playwright.PageScreenshotOptions{FullPage: playwright.Bool(true),
		Type: playwright.ScreenshotTypeJpeg, Quality: playwright.Int(70), Animations: playwright.ScreenshotAnimationsDisabled})
	require.NoError(p, err)
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(jpeg))
}

// windows that every page is shown in, one of them to somebody who likes it dark.
var windows = []struct {
	name string
	browser.ContextOptions
}{
	{"wide", browser.ContextOptions{Width: 1000, Height: 700}},
	{"narrow", browser.ContextOptions{Width: 360, Height: 700, Dark: true}},
}

// Every page, light and dark, wide and narrow, has no violation of WCAG 2 A or AA that a program can find, and is no wider than its window. Pictures
// of all are kept in one file that a browser shows: contact-sheet.html, where artefacts are kept.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	axe, err := browser.Axe(t.Context(), browser.Options{})
	require.NoError(t, err)
	type row struct {
		Name        string
		Light, Dark template.URL
	}
	rows := make([][]row, len(windows))
	t.Run("in a window", func(t *testing.T) {
		for i, window := range windows {
			t.Run(window.name, func(t *testing.T) {
				t.Parallel()
				s := play(t, scenery())
				for _, page := range tour(s, window.ContextOptions) {
					page.show()
					page.who.fits()
					for _, f := range page.who.obstacles(axe) {
						assert.Fail(t, page.name+" is not accessible", "%s: %s\n%s", f.Rule, f.Help, fmt.Sprint(f.Where))
					}
					pictures := row{page.name, page.who.picture(playwright.ColorSchemeLight), page.who.picture(playwright.ColorSchemeDark)}
					rows[i] = append(rows[i], pictures)
				}
				// It would have been found.
				ann := s.user("ann")
				ann.goes("home")
				_, err := ann.tab.Evaluate(`document.querySelector("main").innerHTML += '<p style="color: #999; background: #aaa">faint</p><img src="logo">'`)
				require.NoError(t, err)
				assert.Len(t, ann.obstacles(axe), 2)
			})
		}
	})
	if t.Failed() {
		return
	}
	var text strings.Builder
	require.NoError(t, contactSheet.Execute(&text, map[string]any{"Wide": rows[0], "Narrow": rows[1]}))
	dir := os.Getenv("E2E_ARTIFACTS")
	if dir == "" {
		dir = t.TempDir()
	}
	file := filepath.Join(dir, "contact-sheet.html")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.WriteFile(file, []byte(text.String()), 0o600))
	t.Logf("%d pages in %s", len(rows[0]), file)
}

var contactSheet = template.Must(template.New("sheet").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Contact sheet</title><style>
body { font: 16px/1.4 sans-serif; margin: 1rem; background: #ddd; color: #111 }
.row { display: grid; grid-template-columns: 5fr 5fr 2fr 2fr; gap: 8px; align-items: start }
figure { margin: 0 }
img { width: 100%; border: 1px solid #888 }
</style></head><body><h1>Every page</h1>
{{define "picture"}}<figure><img src="{{.}}" alt=""></figure>{{end -}}
{{range $i, $wide := .Wide}}{{$narrow := index $.Narrow $i}}<h2>{{$wide.Name}}</h2><div class="row">
{{- template "picture" $wide.Light}}{{template "picture" $wide.Dark}}{{template "picture" $narrow.Light}}{{template "picture" $narrow.Dark}}</div>
{{end}}</body></html>
`))
