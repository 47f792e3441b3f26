package pages

import (
	"net/http"
	"net/url"
)

// LoginPage is the form that asks for name and password (HB-28…HB-32).
type LoginPage struct {
	Shell Shell // its Login is taken as false, its XSRF goes into the form (HB-30)
	// Next is where to go afterwards, as the request gave it; "" = nowhere in
	// particular. It is only handed on: who redirects there validates it.
	Next     string
	Username string // fills the field
	Error    string // why the last attempt failed; "" = first attempt
}

// Login answers with the login form: status 200 on the first attempt, 403 when
// Error is set.
func (p *Pages) Login(w http.ResponseWriter, page LoginPage) {
	status := http.StatusOK
	if page.Error != "" {
		status = http.StatusForbidden
	}
	page.Shell.Login = false
	p.write(w, status, "login", page.Shell, struct {
		LoginPage
		Action string
	}{page, p.hub("login") + "?next=" + url.QueryEscape(page.Next)})
}

// LoggedOut tells somebody that they are logged out whom the login page would
// log in again without asking (HB-27).
func (p *Pages) LoggedOut(w http.ResponseWriter, shell Shell) {
	p.write(w, http.StatusOK, "logged-out", shell, nil)
}
