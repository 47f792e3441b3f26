package pages

import (
	"net/http"

	"github.com/hubshare/hubshare/internal/web"
)

// HomePage is where a user starts and stops their own server (HB-52, HB-53).
type HomePage struct {
	Shell  Shell // its Login is taken as true
	Active bool  // the default server runs or is on its way
	// OtherActive tells that a named server runs; the start link then leads to
	// the user's servers, not to a new start.
	OtherActive bool
}

// Home answers 200 with the home page of Shell.User.
func (p *Pages) Home(w http.ResponseWriter, page HomePage) {
	page.Shell.Login = true
	start, label := p.server("spawn", page.Shell.User, ""), "Start My Server"
	if page.Active || page.OtherActive {
		start = p.site.BaseURL + "user/" + web.EscapeSegment(page.Shell.User)
	}
	if page.Active {
		label = "My Server"
	}
	p.write(w, http.StatusOK, "home", page.Shell, struct {
		HomePage
		Start, Label, StopURL, SpawnURL string
	}{
		page, start, label,
		p.hub("api", "users", page.Shell.User, "server"),
		p.server("spawn", page.Shell.User, ""),
	})
}
