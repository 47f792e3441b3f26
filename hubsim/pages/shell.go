package pages

import (
	"html/template"
	"net/http"
)

// Shell is what every page says about its visitor (HB-47…HB-50).
type Shell struct {
	User  string // name of who is logged in; "" = anonymous
	Admin bool   // holds admin-ui: gets the link "Admin"
	XSRF  string // token of this page, for forms and scripts; printed nowhere else
	// Services are those displayed and accessible to the visitor, in order.
	Services []Service
	// Login shows the login widget. Login, OAuth, accept-share and error pages
	// leave it out (HB-48).
	Login bool
	// OptionsForm tells scripts that starting a server asks for options first.
	OptionsForm bool
}

// Service is one entry of the "Services" menu.
type Service struct {
	Name string
	URL  string // escaped path, or absolute http(s) URL; others are made inert
}

// Main answers with the shell around a main block rendered elsewhere, such as
// the accept or the consent page and their errors. main is trusted: it must be
// escaped already. Headers set before, such as Referrer-Policy, stay.
func (p *Pages) Main(w http.ResponseWriter, status int, shell Shell, main template.HTML) {
	p.write(w, status, "main", shell, main)
}
