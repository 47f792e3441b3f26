package pages_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"golang.org/x/net/html"

	"github.com/hubshare/hubshare/hubsim/pages"
)

func TestLoginForm(t *testing.T) { // HB-28, HB-29, HB-30
	t.Parallel()
	p := newPages(t, pages.Config{})
	rec := record(func(w http.ResponseWriter) { p.Login(w, pages.LoginPage{Shell: pages.Shell{XSRF: "x1", Login: true}}) })
	assert.Equal(t, http.StatusOK, rec.Code)
	doc := parse(t, rec)
	assert.Equal(t, []string{"/hub/"}, links(t, doc), "no login widget here (HB-48)")
	main := byID(t, doc, "login-main")
	assert.True(t, class("container")(main))
	form := one(t, main, "form", tag("form"))
	assert.Equal(t, main, form.Parent)
	assert.Equal(t, []string{"post", "/hub/login?next="}, []string{attr(form, "method"), attr(form, "action")})
	assert.Equal(t, "Sign in", text(one(t, form, "h1", tag("h1"))))
	xsrf := one(t, form, "_xsrf", func(e *html.Node) bool { return attr(e, "name") == "_xsrf" })
	assert.Equal(t, []string{"hidden", "x1"}, []string{attr(xsrf, "type"), attr(xsrf, "value")})
	for id, label := range map[string]string{"username_input": "Username:", "password_input": "Password:"} {
		assert.Equal(t, label, text(one(t, form, label, func(e *html.Node) bool { return attr(e, "for") == id })))
	}
	assert.Equal(t, "username", attr(byID(t, form, "username_input"), "name"))
	password := byID(t, form, "password_input")
	assert.Equal(t, []string{"password", "password"}, []string{attr(password, "name"), attr(password, "type")})
	submit := byID(t, form, "login_submit")
	assert.Equal(t, []string{"submit", "Sign in"}, []string{attr(submit, "type"), attr(submit, "value")})
	assert.True(t, class("hidden")(byID(t, form, "insecure-login-warning")))
	assert.Empty(t, all(form, class("login_error")))
}

func TestFailedLoginShowsWhyAndKeepsTheName(t *testing.T) { // HB-31, HB-32
	t.Parallel()
	p := newPages(t, pages.Config{})
	rec := record(func(w http.ResponseWriter) {
		p.Login(w, pages.LoginPage{Username: hostile, Error: "Invalid username or password"})
	})
	assert.Equal(t, http.StatusForbidden, rec.Code)
	doc := parse(t, rec)
	message := one(t, byID(t, doc, "login-main"), "error", class("login_error"))
	assert.Equal(t, "p", message.Data)
	assert.Equal(t, "Invalid username or password", text(message))
	assert.Equal(t, hostile, attr(byID(t, doc, "username_input"), "value"))
	assert.Empty(t, attr(byID(t, doc, "password_input"), "value"))
}

func TestLoginFormCarriesNext(t *testing.T) { // HB-28
	t.Parallel()
	p := newPages(t, pages.Config{BaseURL: "/@/space%20word/"})
	for next, want := range map[string]string{
		"/hub/accept-share?code=a_b-c&next=/x y": "/@/space%20word/hub/login?next=%2Fhub%2Faccept-share%3Fcode%3Da_b-c%26next%3D%2Fx+y",
		"https://other/":                         "/@/space%20word/hub/login?next=https%3A%2F%2Fother%2F",
		`"><script>`:                             "/@/space%20word/hub/login?next=%22%3E%3Cscript%3E",
	} {
		doc := parse(t, record(func(w http.ResponseWriter) { p.Login(w, pages.LoginPage{Next: next}) }))
		assert.Equal(t, want, attr(one(t, doc, "form", tag("form")), "action"))
	}
}

func TestLoggedOutPage(t *testing.T) { // HB-27
	t.Parallel()
	p := newPages(t, pages.Config{})
	rec := record(func(w http.ResponseWriter) { p.LoggedOut(w, pages.Shell{}) })
	assert.Equal(t, http.StatusOK, rec.Code)
	assert.Equal(t, "Successfully logged out.", text(byID(t, parse(t, rec), "logout-main")))
}

func TestOnly60ShowsThePasswordOnDemand(t *testing.T) { // HB-29
	t.Parallel()
	write := func(cfg pages.Config) *html.Node {
		return parse(t, record(func(w http.ResponseWriter) { newPages(t, cfg).Login(w, pages.LoginPage{}) }))
	}
	assert.False(t, hasID(write(pages.Config{}), "toggle_password_visibility"))
	doc := write(pages.Config{Profile60: true})
	toggle := byID(t, doc, "toggle_password_visibility")
	assert.True(t, class("input-group")(toggle.Parent))
	assert.True(t, hasID(toggle.Parent, "password_input"))
	assert.Equal(t, []string{"button", "button", "password_input", "false", "Show password"},
		[]string{toggle.Data, attr(toggle, "type"), attr(toggle, "aria-controls"), attr(toggle, "aria-pressed"), attr(toggle, "aria-label")})
	assert.True(t, class("hidden")(toggle), "until the script is there that makes it work")
}
