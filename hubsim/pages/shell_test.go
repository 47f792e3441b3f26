package pages_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/hubshare/hubshare/hubsim/pages"
)

func TestBarHoldsTheLinksThatTheVisitorMayUse(t *testing.T) { // HB-47, HB-48
	t.Parallel()
	services := []pages.Service{{Name: "whoami", URL: "/services/whoami/"}, {Name: "bad", URL: "javascript:alert(1)"}}
	for name, c := range map[string]struct {
		shell pages.Shell
		want  []string
	}{
		"anonymous":                      {pages.Shell{}, []string{"/hub/"}},
		"anonymous with the login link":  {pages.Shell{Login: true}, []string{"/hub/", "/hub/login"}},
		"logged in without login widget": {pages.Shell{User: "ann"}, []string{"/hub/", "/hub/home", "/hub/token"}},
		"logged in": {pages.Shell{User: "ann", Login: true},
			[]string{"/hub/", "/hub/home", "/hub/token", "/hub/logout"}},
		"admin": {pages.Shell{User: "ann", Admin: true, Login: true},
			[]string{"/hub/", "/hub/home", "/hub/token", "/hub/admin", "/hub/logout"}},
		"services": {pages.Shell{User: "ann", Login: true, Services: services},
			[]string{"/hub/", "/hub/home", "/hub/token", "/services/whoami/", "#ZgotmplZ", "/hub/logout"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPages(t, pages.Config{})
			doc := parse(t, record(func(w http.ResponseWriter) { p.Main(w, http.StatusOK, c.shell, "") }))
			assert.Equal(t, c.want, links(t, doc))
			assert.Equal(t, c.shell.Login, hasID(doc, "login_widget"))
		})
	}
}

func TestShellHasTheElementsThatTestsLookFor(t *testing.T) { // HB-47…HB-50
	t.Parallel()
	p := newPages(t, pages.Config{Announcement: "Down <b>today</b>"})
	rec := record(func(w http.ResponseWriter) {
		p.Main(w, http.StatusForbidden, pages.Shell{User: "ann", Login: true, Services: []pages.Service{{Name: "s", URL: "/s/"}}}, `<div id="x">main</div>`)
	})
	assert.Equal(t, http.StatusForbidden, rec.Code)
	assert.True(t, strings.HasPrefix(rec.Body.String(), "<!DOCTYPE html>"))
	doc := parse(t, rec)
	assert.Equal(t, "JupyterHub", text(one(t, doc, "title", tag("title"))))
	nav := one(t, doc, "nav.navbar", class("navbar"))
	one(t, nav, "div.container-fluid", class("container-fluid"))
	logo := byID(t, nav, "jupyterhub-logo")
	img := one(t, logo, "logo", tag("img"))
	assert.Equal(t, []string{"/hub/logo", "Home", "JupyterHub logo"}, []string{attr(img, "src"), attr(img, "title"), attr(img, "alt")})
	assert.Equal(t, "collapse navbar-collapse", attr(byID(t, nav, "thenavbar"), "class"))
	assert.Equal(t, "ann Logout", text(byID(t, nav, "login_widget")))
	assert.Equal(t, "button", attr(byID(t, nav, "logout"), "role"))
	assert.Equal(t, "s", text(one(t, nav, "service", class("dropdown-item"))))
	assert.Equal(t, "main", text(byID(t, one(t, doc, "main", tag("main")), "x")))
	assert.Equal(t, "Down <b>today</b>", text(one(t, doc, "announcement", class("announcement")))) // HB-51

	dialog := byID(t, doc, "error-dialog")
	assert.Equal(t, "dialog", dialog.Data, "which is hidden until it is shown")
	assert.False(t, has(dialog, "open"))
	one(t, one(t, dialog, "body", class("modal-body")), "message", class("ajax-error"))
	one(t, dialog, "close button", func(e *html.Node) bool { return attr(e, "aria-label") == "Close" })
	for _, b := range all(dialog, tag("button")) {
		assert.Equal(t, "button", attr(b, "type"), "none of them submits the page's form")
	}
}

// jhdata is what page scripts find.
func jhdata(t *testing.T, doc *html.Node) map[string]any {
	t.Helper()
	for _, s := range all(doc, tag("script")) {
		if s.FirstChild == nil {
			continue
		}
		js, ok := strings.CutPrefix(strings.TrimSpace(s.FirstChild.Data), "window.jhdata =")
		if !ok {
			continue
		}
		var data map[string]any
		require.NoError(t, json.Unmarshal([]byte(strings.TrimSuffix(js, ";")), &data))
		return data
	}
	t.Fatal("no jhdata")
	return nil
}

func TestScriptsAreToldAboutHubAndVisitor(t *testing.T) { // HB-49
	t.Parallel()
	p := newPages(t, pages.Config{BaseURL: "/@/space%20word/"})
	anonymous := parse(t, record(func(w http.ResponseWriter) { p.Main(w, 200, pages.Shell{XSRF: "x1"}, "") }))
	assert.Equal(t, map[string]any{"base_url": "/@/space%20word/hub/", "prefix": "/@/space%20word/",
		"admin_access": false, "options_form": false, "xsrf_token": "x1"}, jhdata(t, anonymous))
	known := parse(t, record(func(w http.ResponseWriter) {
		p.Main(w, 200, pages.Shell{User: hostile, Admin: true, OptionsForm: true, XSRF: hostile}, "")
	}))
	assert.Equal(t, map[string]any{"base_url": "/@/space%20word/hub/", "prefix": "/@/space%20word/", "user": hostile,
		"admin_access": true, "options_form": true, "xsrf_token": hostile}, jhdata(t, known))
}

// every calls each page method with s in the place of every text.
func every(p *pages.Pages, s string) map[string]func(http.ResponseWriter) {
	shell := pages.Shell{User: s, XSRF: s, Services: []pages.Service{{Name: s, URL: "/services/" + s}}}
	server := pages.ServerPage{Shell: shell, Owner: s, Server: s, Next: "/hub/" + s, MayStart: true, Message: s}
	foreign := server
	foreign.Owner = s + "2"
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	return map[string]func(http.ResponseWriter){
		"main":     func(w http.ResponseWriter) { p.Main(w, 200, shell, "<p>main</p>") },
		"login":    func(w http.ResponseWriter) { p.Login(w, pages.LoginPage{Shell: shell, Next: s, Username: s, Error: s}) },
		"home":     func(w http.ResponseWriter) { p.Home(w, pages.HomePage{Shell: shell, Active: true}) },
		"pending":  func(w http.ResponseWriter) { p.SpawnPending(w, server) },
		"stopping": func(w http.ResponseWriter) { p.Stopping(w, server) },
		"failed":   func(w http.ResponseWriter) { p.Failed(w, server) },
		"never":    func(w http.ResponseWriter) { p.NotRunning(w, server) },
		"stopped":  func(w http.ResponseWriter) { p.Stopped(w, server) },
		"foreign":  func(w http.ResponseWriter) { p.Stopped(w, foreign) },
		"error": func(w http.ResponseWriter) {
			p.Error(w, pages.ErrorPage{Shell: shell, Status: 400, Message: s, Hint: pages.RestartHint})
		},
		"token": func(w http.ResponseWriter) {
			p.Token(w, pages.TokenPage{Shell: shell, Now: now,
				Tokens:       []pages.Token{{ID: s, Note: s, Scopes: []string{s}, Created: now}},
				Applications: []pages.Application{{TokenID: s, Description: s, Scopes: []string{s}}}})
		},
	}
}

func TestNoNameCanChangeAPage(t *testing.T) { // HB-49, SH-149
	t.Parallel()
	p := newPages(t, pages.Config{})
	plain := every(p, "ann")
	for name, page := range every(p, hostile) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			attacked := parse(t, record(page))
			assert.Equal(t, skeleton(parse(t, record(plain[name]))), skeleton(attacked))
			assert.Equal(t, hostile, jhdata(t, attacked)["user"])
		})
	}
}

func TestEveryPageHasTheHeadersOfAPage(t *testing.T) { // HB-132, HB-183, SH-62
	t.Parallel()
	p := newPages(t, pages.Config{BaseURL: "/b/", Version: "6.0.0b2"})
	for name, page := range every(p, "ann") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := record(page)
			h := rec.Header()
			assert.Equal(t, "text/html", h.Get("Content-Type"))
			assert.Equal(t, "6.0.0b2", h.Get("X-JupyterHub-Version"))
			assert.Equal(t, "frame-ancestors 'none'; report-uri /b/hub/security/csp-report", h.Get("Content-Security-Policy"))
			assert.Equal(t, "accept, content-type, authorization", h.Get("Access-Control-Allow-Headers"))
			assert.Equal(t, "no-store", h.Get("Cache-Control"))
			assert.Empty(t, h.Get("Access-Control-Allow-Origin"))
			assert.Empty(t, h.Get("X-Frame-Options"), "HB-185")
			for _, s := range all(parse(t, rec), tag("script", "img", "link")) {
				for _, a := range []string{"src", "href"} {
					if has(s, a) {
						assert.True(t, strings.HasPrefix(attr(s, a), "/b/hub/"), "nothing comes from elsewhere (HB-51): %s", attr(s, a))
					}
				}
			}
		})
	}
}

func TestHeadersSetBeforeStay(t *testing.T) { // SH-62
	t.Parallel()
	p := newPages(t, pages.Config{})
	rec := record(func(w http.ResponseWriter) {
		w.Header().Set("Referrer-Policy", "strict-origin")
		w.Header().Add("Set-Cookie", "_xsrf=x")
		p.Main(w, 200, pages.Shell{}, "")
	})
	assert.Equal(t, "strict-origin", rec.Header().Get("Referrer-Policy"))
	assert.Equal(t, "_xsrf=x", rec.Header().Get("Set-Cookie"))
}

func TestBaseURLMustBeAPath(t *testing.T) { // HB-2
	t.Parallel()
	for _, bad := range []string{"hub", "/hub", "hub/", "//host/", "http://host/"} {
		_, err := pages.New(pages.Config{BaseURL: bad})
		assert.ErrorContains(t, err, "base url", bad)
	}
}
