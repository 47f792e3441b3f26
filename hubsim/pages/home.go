package pages

import (
	"net/http"
	"time"

	"github.com/hubshare/hubshare/internal/web"
)

// HomePage is where a user starts and stops their own servers (HB-52, HB-53, HB-54).
type HomePage struct {
	Shell  Shell // its Login is taken as true
	Active bool  // the default server runs or is on its way
	// OtherActive tells that a named server runs; the start link then leads to
	// the user's servers, not to a new start.
	OtherActive bool
	// NamedServers shows the table of Servers, and a way to add to them.
	NamedServers bool
	Servers      []NamedServer
	// Slugs makes a name that fits an address of what is typed, and the server
	// without starting it; else adding leads to where it is started.
	Slugs bool
	// Shared are other people's servers that the visitor may enter; a JupyterHub does not tell. They are shown if the hub has Sharing.
	Shared []SharedServer
	// Now is the hub's time, which scripts tell times by; zero = the browser's.
	Now time.Time
}

// SharedServer is a server of somebody else.
type SharedServer struct {
	Owner, Name string // Name "" = the default server
	Ready       bool
}

// sharedRow is one with its address.
type sharedRow struct {
	SharedServer
	URL string
}

// NamedServer is one row of that table.
type NamedServer struct {
	Name, DisplayName string    // DisplayName "" = Name
	Ready, Active     bool      // it can be visited; it runs or is on its way
	LastActivity      time.Time // zero = never
}

// serverRow is a row with its addresses.
type serverRow struct {
	NamedServer
	Label, URL, Start, API, When string
}

// Home answers 200 with the home page of Shell.User.
func (p *Pages) Home(w http.ResponseWriter, page HomePage) {
	page.Shell.Login = true
	user := page.Shell.User
	home := p.site.BaseURL + "user/" + web.EscapeSegment(user)
	start, label := p.server("spawn", user, ""), "Start My Server"
	if page.Active || page.OtherActive {
		start = home
	}
	if page.Active {
		label = "My Server"
	}
	rows := make([]serverRow, len(page.Servers))
	for i, s := range page.Servers {
		rows[i] = serverRow{NamedServer: s, Label: s.DisplayName, URL: home + "/" + web.EscapeSegment(s.Name) + "/", Start: p.server("spawn", user, s.Name),
			API: p.hub("api", "users", user, "servers", s.Name), When: when(s.LastActivity)}
		if s.DisplayName == "" {
			rows[i].Label = s.Name
		}
	}
	shared := make([]sharedRow, len(page.Shared))
	for i, s := range page.Shared {
		shared[i] = sharedRow{s, p.site.BaseURL + "user/" + web.EscapeSegment(s.Owner) + "/"}
		if s.Name != "" {
			shared[i].URL += web.EscapeSegment(s.Name) + "/"
		}
	}
	p.write(w, http.StatusOK, "home", page.Shell, struct {
		HomePage
		Start, Label, StopURL, SpawnURL, ServersURL string
		Rows                                        []serverRow
		SharedRows                                  []sharedRow
	}{
		page, start, label,
		p.hub("api", "users", user, "server"),
		p.server("spawn", user, ""),
		p.hub("api", "users", user, "servers"), rows, shared,
	})
}
