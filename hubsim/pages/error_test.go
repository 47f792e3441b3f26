package pages_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hubshare/hubshare/hubsim/pages"
)

func TestErrorPages(t *testing.T) { // HB-72, HB-89, SH-145
	t.Parallel()
	p := newPages(t, pages.Config{})
	for name, c := range map[string]struct {
		page   pages.ErrorPage
		status int
		text   string
		links  []string
	}{
		"heading alone":               {pages.ErrorPage{Status: 404}, 404, "404 : Not Found", nil},
		"a 404 shows its message too": {pages.ErrorPage{Status: 404, Message: "Share not found or expired"}, 404, "404 : Not Found Share not found or expired", nil},
		"markup is text":              {pages.ErrorPage{Status: 400, Message: "Invalid share code: <b>"}, 400, "400 : Bad Request Invalid share code: <b>", nil},
		"failed start": {pages.ErrorPage{Status: 500, Message: "Unhandled error starting server ann", Hint: pages.RestartHint}, 500,
			"500 : Internal Server Error Unhandled error starting server ann You can try restarting your server from the home page.", []string{"/hub/home"}},
		"fetched by a proxy": {pages.ErrorPage{Status: 200, Code: 503, Hint: pages.DownHint}, 200,
			"503 : Service Unavailable Your server appears to be down. Try restarting it from the hub", []string{"/hub/home"}},
		"no such code": {pages.ErrorPage{Status: 200, Code: 799}, 200, "799 : Unknown", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.page.Shell = pages.Shell{User: "ann", Login: true}
			rec := record(func(w http.ResponseWriter) { p.Error(w, c.page) })
			assert.Equal(t, c.status, rec.Code)
			doc := parse(t, rec)
			assert.Len(t, links(t, doc), 3, "no login widget (HB-48)")
			div := one(t, doc, "div.error", class("error"))
			assert.Equal(t, div, one(t, div, "h1", tag("h1")).Parent)
			assert.Equal(t, c.text, text(div))
			var hrefs []string
			for _, a := range all(div, tag("a")) {
				hrefs = append(hrefs, attr(a, "href"))
			}
			assert.Equal(t, c.links, hrefs)
		})
	}
}

func TestDownPageKnowsNothingOfTheHub(t *testing.T) { // HB-89
	t.Parallel()
	p := newPages(t, pages.Config{})
	rec := record(p.Down)
	assert.Equal(t, http.StatusServiceUnavailable, rec.Code)
	rec.Header().Del("Content-Length")
	assert.Equal(t, http.Header{"Content-Type": {"text/html"}}, rec.Header())
	assert.Equal(t, "503 : Service Unavailable Your server appears to be down. Try restarting it from the hub",
		text(one(t, parse(t, rec), "div.error", class("error"))))
}
