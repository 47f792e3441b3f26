package pages

import (
	"net/http"
	"net/url"
	"time"
)

// ServerPage is a page about one server of Owner, who need not be the visitor.
type ServerPage struct {
	Shell  Shell // its Login is taken as true
	Owner  string
	Server string // "" = the default server
	// Next is the escaped hub path and query to come back to after the launch;
	// "" = the launch link says nothing (HB-59).
	Next string
	// MayStart tells that the visitor may start the server. Others are told
	// whom to ask, without a button (SH-153, HB-84).
	MayStart bool
	// Status is the HTTP status; 0 = the page's own, see each method.
	Status int
	// Message is why a start failed, as text; only Failed shows it.
	Message string
}

// serverView adds what the templates of server pages need.
type serverView struct {
	ServerPage
	Own         bool
	Launch      string // where the launch button leads
	ProgressURL string
	StopURL     string
	Reload      int // seconds
	Implicit    int64
}

// reloadSeconds is how often a page without live news looks again (HB-58).
const reloadSeconds = 5

// SpawnPending answers 200: the server is starting, with live progress (HB-56,
// HB-57).
func (p *Pages) SpawnPending(w http.ResponseWriter, page ServerPage) {
	p.writeServer(w, "pending", page, http.StatusOK)
}

// Stopping answers 200: the server is stopping; the page looks again every
// five seconds (HB-58).
func (p *Pages) Stopping(w http.ResponseWriter, page ServerPage) {
	p.writeServer(w, "stopping", page, http.StatusOK)
}

// Failed answers 500, or Status: the last start failed and can be tried again
// (HB-58).
func (p *Pages) Failed(w http.ResponseWriter, page ServerPage) {
	p.writeServer(w, "failed", page, http.StatusInternalServerError)
}

// NotRunning answers 200: the server was never started, or was stopped (HB-58).
func (p *Pages) NotRunning(w http.ResponseWriter, page ServerPage) {
	p.writeServer(w, "not-running", page, http.StatusOK)
}

// Stopped answers 424 with the page of NotRunning, where a request for the
// server itself would have gone (HB-59, SH-153).
func (p *Pages) Stopped(w http.ResponseWriter, page ServerPage) {
	p.writeServer(w, "not-running", page, http.StatusFailedDependency)
}

func (p *Pages) writeServer(w http.ResponseWriter, name string, page ServerPage, status int) {
	if page.Status != 0 {
		status = page.Status
	}
	page.Shell.Login = true
	launch := p.server("spawn", page.Owner, page.Server)
	if page.Next != "" {
		launch += "?next=" + url.QueryEscape(page.Next)
	}
	api := p.hub("api", "users", page.Owner, "server")
	if page.Server != "" {
		api = p.hub("api", "users", page.Owner, "servers", page.Server)
	}
	p.write(w, status, name, page.Shell, serverView{
		ServerPage:  page,
		Own:         page.Owner == page.Shell.User,
		Launch:      launch,
		ProgressURL: api + "/progress",
		StopURL:     api,
		Reload:      reloadSeconds,
		Implicit:    int64(p.cfg.ImplicitSpawn / time.Millisecond),
	})
}
