package e2e_test

import (
	"encoding/base64"
	"html/template"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/playwright-community/playwright-go"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
)

// kinds of windows and tastes that every page is pictured for.
var kinds = []struct {
	name string
	browser.ContextOptions
}{
	{"light, wide", browser.ContextOptions{Width: 1000, Height: 700}},
	{"dark, wide", browser.ContextOptions{Width: 1000, Height: 700, Dark: true}},
	{"light, narrow", browser.ContextOptions{Width: 360, Height: 700}},
	{"dark, narrow", browser.ContextOptions{Width: 360, Height: 700, Dark: true}},
}

// A picture of every page, light and dark, wide and narrow, in one file that a browser shows: contact-sheet.html, where artefacts are kept. No page
// is wider than its window.
func TestContactSheet(t *testing.T) {
	t.Parallel()
	type row struct {
		Name     string
		Pictures []template.URL
	}
	rows := make([][]row, len(kinds))
	t.Run("pictures", func(t *testing.T) {
		for i, kind := range kinds {
			t.Run(kind.name, func(t *testing.T) {
				t.Parallel()
				s := play(t, scenery())
				for _, page := range tour(s, kind.ContextOptions) {
					page.show()
					page.who.fits()
					jpeg, err := page.who.tab.Screenshot(playwright.PageScreenshotOptions{FullPage: playwright.Bool(true),
						Type: playwright.ScreenshotTypeJpeg, Quality: playwright.Int(70), Animations: playwright.ScreenshotAnimationsDisabled})
					require.NoError(t, err)
					rows[i] = append(rows[i], row{page.name, []template.URL{template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(jpeg))}})
				}
			})
		}
	})
	if t.Failed() {
		return
	}
	sheet := rows[0]
	for i := range sheet {
		for _, other := range rows[1:] {
			sheet[i].Pictures = append(sheet[i].Pictures, other[i].Pictures...)
		}
	}
	var names []string
	for _, kind := range kinds {
		names = append(names, kind.name)
	}
	var text strings.Builder
	require.NoError(t, contactSheet.Execute(&text, map[string]any{"Kinds": names, "Rows": sheet}))
	dir := os.Getenv("E2E_ARTIFACTS")
	if dir == "" {
		dir = t.TempDir()
	}
	file := filepath.Join(dir, "contact-sheet.html")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.WriteFile(file, []byte(text.String()), 0o600))
	t.Logf("%d pages in %s", len(sheet), file)
}

var contactSheet = template.Must(template.New("sheet").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Contact sheet</title><style>
body { font: 16px/1.4 sans-serif; margin: 1rem; background: #ddd; color: #111 }
.row { display: grid; grid-template-columns: 5fr 5fr 2fr 2fr; gap: 8px; align-items: start }
img { width: 100%; border: 1px solid #888 }
</style></head><body><h1>Every page</h1>
{{range .Rows}}<h2>{{.Name}}</h2><div class="row">{{$row := .}}{{range $i, $p := .Pictures}}<figure style="margin: 0"><img src="{{$p}}" alt="{{$row.Name}}"><figcaption>{{index $.Kinds $i}}</figcaption></figure>{{end}}</div>
{{end}}</body></html>
`))
