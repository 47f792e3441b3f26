package pages

import (
	"html/template"
	"net/http"
)

// SpawnPage asks for options before a server starts (HB-55).
type SpawnPage struct {
	Shell  Shell // its Login and OptionsForm are taken as true
	Owner  string
	Action string // where the form goes, with its proof
	// Form is the inner part of the form. It is trusted: who configures the hub
	// writes it, in HTML.
	Form template.HTML
	// Status is the HTTP status; 0 = 200.
	Status int
	Error  string // why the last start failed, as text; "" = there was none
}

// Spawn answers with the form.
func (p *Pages) Spawn(w http.ResponseWriter, page SpawnPage) {
	page.Shell.Login, page.Shell.OptionsForm = true, true
	if page.Status == 0 {
		page.Status = http.StatusOK
	}
	p.write(w, page.Status, "spawn", page.Shell, struct {
		SpawnPage
		Own bool
	}{page, page.Owner == page.Shell.User})
}
