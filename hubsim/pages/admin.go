package pages

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/hubshare/hubshare/internal/web"
)

// AdminPage lists users and their servers for somebody who administers the hub (HB-19). It can be read without scripts; stopping a server takes one.
type AdminPage struct {
	Shell Shell // its Login is taken as true
	Users []AdminUser
	// Find is the part of a name that was asked for; "" = everybody.
	Find string
	// Offset and Limit say which users of Total these are.
	Offset, Limit, Total int
	// Now is the hub's time, which scripts tell times by; zero = the browser's.
	Now time.Time
}

// AdminUser is one user on that page.
type AdminUser struct {
	Name         string
	Admin        bool
	LastActivity time.Time // zero = never
	Servers      []AdminServer
}

// AdminServer is one of a user's servers on that page, and what the visitor may do with it.
type AdminServer struct {
	Name          string // "" = the default server
	Ready, Active bool   // it can be visited; it runs or is on its way
	// MayOpen, MayStart and MayStop tell which links there are.
	MayOpen, MayStart, MayStop bool
}

// adminRow is a server with its addresses; the first of a user's has the user's cells, which are as high as there are servers.
type adminRow struct {
	AdminServer
	User             *AdminUser
	Rows             int // of the user; 0 = not the first
	When             string
	URL, Start, Stop string
}

// Admin answers 200 with the admin page.
func (p *Pages) Admin(w http.ResponseWriter, page AdminPage) {
	page.Shell.Login = true
	var rows []adminRow
	for i := range page.Users {
		u := &page.Users[i]
		for n, s := range u.Servers {
			row := adminRow{AdminServer: s, User: u, When: when(u.LastActivity), URL: p.site.BaseURL + "user/" + web.EscapeSegment(u.Name) + "/",
				Start: p.server("spawn", u.Name, s.Name), Stop: p.hub("api", "users", u.Name, "server")}
			if s.Name != "" {
				row.URL += web.EscapeSegment(s.Name) + "/"
				row.Stop = p.hub("api", "users", u.Name, "servers", s.Name)
			}
			if n == 0 {
				row.Rows = len(u.Servers)
			}
			rows = append(rows, row)
		}
	}
	at := func(offset int) string {
		q := url.Values{"offset": {strconv.Itoa(offset)}, "limit": {strconv.Itoa(page.Limit)}}
		if page.Find != "" {
			q.Set("name_filter", page.Find)
		}
		return p.hub("admin") + "?" + q.Encode()
	}
	view := struct {
		AdminPage
		Rows                    []adminRow
		First, Last             int
		Self, Previous, Further string
	}{AdminPage: page, Rows: rows, First: page.Offset + 1, Last: page.Offset + len(page.Users), Self: p.hub("admin")}
	if page.Offset > 0 {
		view.Previous = at(max(0, page.Offset-page.Limit))
	}
	if next := page.Offset + page.Limit; next < page.Total {
		view.Further = at(next)
	}
	p.write(w, http.StatusOK, "admin", page.Shell, view)
}
