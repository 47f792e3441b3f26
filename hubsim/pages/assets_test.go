package pages_test

import (
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim/pages"
)

func serve(h http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return record(func(w http.ResponseWriter) { h.ServeHTTP(w, r) })
}

func TestEveryLinkedFileIsServedForGood(t *testing.T) { // HB-186
	t.Parallel()
	p := newPages(t, pages.Config{BaseURL: "/@/space%20word/"})
	seen := map[string]bool{}
	for _, page := range every(p, "ann") {
		for _, e := range all(parse(t, record(page)), tag("script", "link")) {
			for _, a := range []string{"src", "href"} {
				if has(e, a) {
					seen[attr(e, a)] = true
				}
			}
		}
	}
	assert.Greater(t, len(seen), 7)
	for url := range seen {
		rec := serve(p.Static(), http.MethodGet, url)
		assert.Equal(t, http.StatusOK, rec.Code, url)
		assert.Equal(t, "max-age=315360000", rec.Header().Get("Cache-Control"), url)
		assert.NotEmpty(t, rec.Body.Bytes(), url)
		assert.NotEqual(t, "application/octet-stream", rec.Header().Get("Content-Type"), url)
	}
}

func TestStaticFiles(t *testing.T) { // HB-17, HB-22, HB-186
	t.Parallel()
	p := newPages(t, pages.Config{})
	css := serve(p.Static(), http.MethodGet, "/hub/static/css/hub.css")
	require.Equal(t, http.StatusOK, css.Code)
	assert.Equal(t, "no-cache", css.Header().Get("Cache-Control"), "a link without a version is asked for again")
	assert.Equal(t, "text/css; charset=utf-8", css.Header().Get("Content-Type"))
	assert.Equal(t, "5.5.1", css.Header().Get("X-JupyterHub-Version"), "HB-6")
	assert.Contains(t, css.Body.String(), ".hidden {", "HB-51: the class acts")

	again := serve(p.Static(), http.MethodGet, "/hub/static/css/hub.css", "If-None-Match", css.Header().Get("ETag"))
	assert.Equal(t, http.StatusNotModified, again.Code)
	assert.Empty(t, again.Body.Bytes())
	head := serve(p.Static(), http.MethodHead, "/hub/static/css/hub.css")
	assert.Equal(t, http.StatusOK, head.Code)
	assert.Empty(t, head.Body.Bytes())

	for _, missing := range []string{"/hub/static/", "/hub/static/css", "/hub/static/css/", "/hub/static/nope.js",
		"/hub/static/../pages.go", "/hub/static/%2e%2e/pages.go", "/hub/static/css%2Fhub.css", "/other/css/hub.css"} {
		rec := serve(p.Static(), http.MethodGet, missing)
		assert.Equal(t, http.StatusNotFound, rec.Code, missing)
		assert.Equal(t, "text/html", rec.Header().Get("Content-Type"))
	}
	assert.Equal(t, http.StatusMethodNotAllowed, serve(p.Static(), http.MethodPost, "/hub/static/css/hub.css").Code)
}

func TestLogoAndFavicon(t *testing.T) { // HB-17, HB-18, HB-186
	t.Parallel()
	p := newPages(t, pages.Config{})
	logo := serve(p.Logo(), http.MethodGet, "/hub/logo")
	assert.Equal(t, "image/png", logo.Header().Get("Content-Type"))
	img, err := png.Decode(logo.Body)
	require.NoError(t, err)
	assert.Equal(t, 248, img.Bounds().Dx())
	assert.Equal(t, http.StatusOK, serve(p.Logo(), http.MethodHead, "/hub/logo").Code)

	icon := serve(p.Favicon(), http.MethodGet, "/favicon.ico")
	assert.Equal(t, http.StatusOK, icon.Code)
	assert.Equal(t, "image/vnd.microsoft.icon", icon.Header().Get("Content-Type"))
	assert.True(t, strings.HasPrefix(icon.Body.String(), "\x00\x00\x01\x00"))
}
