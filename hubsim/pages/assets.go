package pages

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/hubshare/hubshare/internal/web"
)

//go:embed static
var staticFiles embed.FS

// assets are the embedded files by name, each with the digest that its links
// carry, so that a browser may keep it for good (HB-186).
type assets map[string]asset

type asset struct {
	data   []byte
	digest string
}

// embedded are those of this program.
var embedded = sync.OnceValue(loadAssets)

func loadAssets() assets {
	all := assets{}
	_ = fs.WalkDir(staticFiles, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := staticFiles.ReadFile(name)
		if err == nil {
			sum := sha256.Sum256(data)
			all[strings.TrimPrefix(name, "static/")] = asset{data, hex.EncodeToString(sum[:16])}
		}
		return err
	})
	return all
}

// Static serves the files below H+static/ to everybody (HB-17, HB-186): for
// good when the link names a version, else to be asked for again each time.
func (p *Pages) Static() http.Handler {
	prefix := p.site.HubPrefix() + "static/"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := strings.CutPrefix(web.EscapedPath(r), prefix)
		if !ok {
			name = ""
		}
		p.serveAsset(w, r, name)
	})
}

// Logo serves the hub's logo, a PNG, to everybody (HB-17, HB-186).
func (p *Pages) Logo() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.serveAsset(w, r, "logo.png")
	})
}

// Favicon serves the small icon that browsers ask for on their own, B+favicon.ico
// (HB-18).
func (p *Pages) Favicon() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.serveAsset(w, r, "favicon.ico")
	})
}

func (p *Pages) serveAsset(w http.ResponseWriter, r *http.Request, name string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		p.Error(w, ErrorPage{Status: http.StatusMethodNotAllowed})
		return
	}
	file, ok := p.assets[name]
	if !ok {
		p.Error(w, ErrorPage{Status: http.StatusNotFound})
		return
	}
	h := w.Header()
	p.site.PageHeaders(h)
	h.Set("Content-Type", contentType(name))
	h.Set("ETag", `"`+file.digest+`"`)
	h.Set("Cache-Control", "no-cache")
	if r.URL.Query().Has("v") {
		h.Set("Cache-Control", "max-age=315360000")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file.data))
}

// contentType is fixed, not looked up: the machine's tables differ.
func contentType(name string) string {
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "css":
		return "text/css; charset=utf-8"
	case "js":
		return "text/javascript; charset=utf-8"
	case "png":
		return "image/png"
	case "ico":
		return "image/vnd.microsoft.icon"
	}
	return "application/octet-stream"
}
