package hubsim

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hubshare/hubshare/hubsim/console"
	"github.com/hubshare/hubshare/internal/web"
)

// consoleCookie is of a browser whose user has typed the admin token. It opens the page, and no endpoint.
const consoleCookie = "hubsim-console"

// consoleProof goes along with every form of this hub's page, which no other site can read (HB-179).
func consoleProof() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// consoleRequest says whether a control request is of the page for people, at the address where programs find info (HB-182).
func consoleRequest(r *http.Request) bool {
	path := web.EscapedPath(r)
	switch {
	case path == controlPrefix+"page" && r.Method == http.MethodPost, strings.HasPrefix(path, controlPrefix+"static/"):
		return true
	case path != controlPrefix || r.Method != http.MethodGet && r.Method != http.MethodHead:
		return false
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// serveConsole answers for the page. Host and Origin have been looked at.
func (h *Hub) serveConsole(w http.ResponseWriter, r *http.Request) {
	path := web.EscapedPath(r)
	if name, ok := strings.CutPrefix(path, controlPrefix+"static/"); ok {
		console.ServeAsset(w, r, name)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", console.Policy)
	header.Set("Referrer-Policy", "same-origin") // with none at all, the origin of its own forms would be "null"
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	p := console.Page{Proof: h.proof}
	if r.Method == http.MethodPost {
		status, to := h.consoleForm(w, r, &p)
		if to != "" {
			web.Redirect(w, http.StatusSeeOther, to)
			return
		}
		h.showConsole(w, r, p, status)
		return
	}
	h.showConsole(w, r, p, http.StatusOK)
}

func (h *Hub) showConsole(w http.ResponseWriter, r *http.Request, p console.Page, status int) {
	if !h.consoleOpen(r) {
		p = console.Page{Proof: h.proof, Locked: true, Notice: p.Notice, Bad: p.Bad}
	} else if err := h.fillConsole(r.Context(), &p, h.askedAt(r)); err != nil {
		p.Notice, p.Bad = err.Error(), true
	}
	var page bytes.Buffer
	if err := console.Render(&page, p); err != nil {
		h.log.Error("the console cannot be shown", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // a reader who has left misses nothing
}

// consoleOpen says whether this browser's user has brought the admin token, if there is one.
func (h *Hub) consoleOpen(r *http.Request) bool {
	if h.cfg.Control.Token == "" {
		return true
	}
	for _, value := range web.CookieValues(r, consoleCookie) {
		if sameSecret(value, h.consolePass()) {
			return true
		}
	}
	return false
}

func (h *Hub) consolePass() string {
	mac := hmac.New(sha256.New, []byte(h.proof))
	mac.Write([]byte(h.cfg.Control.Token.Reveal()))
	return hex.EncodeToString(mac.Sum(nil))
}

const maxConsoleForm = 64 << 10

// consoleForm does what a form asks, and leads back to the page, or elsewhere; without an address the page is the answer, with a notice.
func (h *Hub) consoleForm(w http.ResponseWriter, r *http.Request, p *console.Page) (status int, to string) {
	refuse := func(status int, why string) (int, string) {
		p.Notice, p.Bad = why, true
		return status, ""
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxConsoleForm)
	if err := r.ParseForm(); err != nil {
		return refuse(http.StatusBadRequest, "The form could not be read")
	}
	form := r.PostForm
	if !sameSecret(form.Get("proof"), h.proof) {
		return refuse(http.StatusForbidden, "The form was of another page, or of an earlier hub. Try again")
	}
	if form.Get("do") == "enter" {
		if h.cfg.Control.Token == "" || !sameSecret(form.Get("token"), h.cfg.Control.Token.Reveal()) {
			return refuse(http.StatusForbidden, "That is not the admin token")
		}
		http.SetCookie(w, &http.Cookie{Name: consoleCookie, Value: h.consolePass(), Path: controlPrefix, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: h.secure(r)})
		return 0, controlPrefix
	}
	if !h.consoleOpen(r) {
		return refuse(http.StatusForbidden, "First the admin token")
	}
	if form.Get("do") == "login" {
		return h.consoleLogin(w, r, form.Get("user"), refuse)
	}
	link, err := h.consoleDo(r.Context(), form)
	if err != nil {
		return refuse(http.StatusBadRequest, err.Error())
	}
	h.log.Info("control request", "endpoint", "page", "do", form.Get("do"))
	if link != "" {
		p.Notice, p.Link = "Whoever opens this link may use the server:", h.askedAt(r)+h.site.HubPrefix()+"accept-share?code="+url.QueryEscape(link)
		return http.StatusOK, ""
	}
	return 0, controlPrefix
}

// consoleLogin makes the browser another user's, with a session of its own.
func (h *Hub) consoleLogin(w http.ResponseWriter, r *http.Request, name string, refuse func(int, string) (int, string)) (int, string) {
	if err := checkUserName(name); err != nil {
		return refuse(http.StatusBadRequest, err.Error())
	}
	a, err := h.roster.ensureUser(r.Context(), name, false, h.cfg.Clock.Now())
	if err != nil {
		return refuse(http.StatusBadRequest, err.Error())
	}
	stranger := r.Clone(r.Context())
	stranger.Header.Del("Cookie")
	h.logIn(w, stranger, a)
	return 0, h.site.HubPrefix() + "home"
}

var errUnknownAction = errors.New("the form asks for something that is not there")

// consoleDo does one thing; link is the secret of a share code that was made.
func (h *Hub) consoleDo(ctx context.Context, form url.Values) (link string, err error) {
	user, name, id := form.Get("user"), form.Get("name"), form.Get("id")
	number, _ := strconv.ParseInt(id, 10, 64) // 0 is no fault's
	switch form.Get("do") {
	case "advance":
		step, err := strconv.Atoi(form.Get("step"))
		clock, ok := h.clock.shown.(interface{ Advance(time.Duration) })
		if err != nil || step < 0 || step >= len(console.Steps) || !ok {
			return "", errors.New("the clock cannot be moved so")
		}
		clock.Advance(console.Steps[step].Step)
		return "", nil
	case "run":
		if c, ok := h.clock.shown.(*MovableClock); ok {
			c.Restart()
		}
		return "", nil
	case "start":
		return "", h.StartServer(ctx, user, name)
	case "stop":
		return "", h.StopServer(ctx, user, name)
	case "kill":
		return "", h.KillServer(user, name)
	case "link":
		return h.NewShareCode(user, name)
	case "revoke":
		return "", h.RevokeShare(ctx, Share{Owner: form.Get("owner"), Server: name, User: user, Group: form.Get("group")})
	case "expire":
		return "", h.ExpireCode(ctx, id)
	case "release":
		return "", h.ReleaseFault(number)
	case "mend":
		return "", h.RemoveFault(number)
	case "break":
		d, err := time.ParseDuration(form.Get("duration"))
		if err != nil {
			return "", errors.New("a duration is written such as 10s or 5m")
		}
		f := Fault{Scenario: Scenario{Name: form.Get("scenario")}}
		if line := scenarioNamed(f.Scenario.Name); line != nil && (slices.Contains(line.needs, "duration") || slices.Contains(line.takes, "duration")) {
			f.Scenario.Duration = d
		}
		_, err = h.AddFault(f)
		return "", err
	case "restart":
		return "", h.Restart(ctx)
	case "reset":
		_, err := h.controlReset(ctx, nil, nil)
		return "", err
	case "forget":
		h.ForgetRequests()
		return "", nil
	case "end":
		if !h.endKeyed(form.Get("key")) {
			return "", errors.New("there is no hub with that key")
		}
		return "", nil
	}
	return "", errUnknownAction
}

// shownRequests is how many of the last requests the page has.
const shownRequests = 60

func (h *Hub) fillConsole(ctx context.Context, p *console.Page, at string) error {
	s, err := h.Snapshot(ctx)
	if err != nil {
		return err
	}
	p.Hub, p.Key, p.Version, p.Now = at+h.site.HubPrefix(), h.key, h.cfg.Version, s.Now
	switch c := h.clock.shown.(type) {
	case *MovableClock:
		p.Movable, p.Standing = true, c.Standing()
	case *FakeClock:
		p.Movable, p.Standing = true, true
	}
	for _, u := range s.Users {
		p.Users = append(p.Users, console.User{Name: u.Name, Admin: u.Admin, Groups: u.Groups})
	}
	for _, srv := range s.Servers {
		p.Servers = append(p.Servers, console.Server{User: srv.User, Name: srv.Name, State: srv.State, URL: at + h.serverPath(srv.User, srv.Name)})
	}
	for _, x := range s.Shares {
		p.Shares = append(p.Shares, console.Share{Owner: x.Owner, Server: x.Server, User: x.User, Group: x.Group, Scopes: x.Scopes})
	}
	for _, c := range s.ShareCodes {
		p.Codes = append(p.Codes, console.Code{ID: c.ID, Owner: c.Owner, Server: c.Server, ExpiresAt: c.ExpiresAt, Exchanges: c.Exchanges})
	}
	for _, f := range h.Faults() {
		p.Faults = append(p.Faults, console.Fault{ID: f.ID, Hits: f.Hits, What: f.line()})
	}
	for _, info := range Scenarios() {
		if len(info.Needs) == 0 || slices.Equal(info.Needs, []string{"duration"}) {
			p.Scenarios = append(p.Scenarios, info.Name)
		}
	}
	requests := h.Requests(nil)
	for _, r := range slices.Backward(requests[max(0, len(requests)-shownRequests):]) {
		shown := console.Request{Time: r.Time, Method: r.Method, URL: r.URL, Status: r.Status, Actor: r.actor(), Why: r.Why}
		if r.Fault != 0 {
			shown.Fault = "fault " + strconv.FormatInt(r.Fault, 10)
		}
		p.Requests = append(p.Requests, shown)
	}
	for _, k := range h.byKey.list() {
		p.Keys = append(p.Keys, console.Key{Name: k.Key, URL: strings.TrimSuffix(k.URL, h.cfg.BaseURL) + controlPrefix})
	}
	return nil
}

// line is a fault in a few words.
func (f FaultState) line() string {
	if f.Scenario.Name != "" {
		return f.Scenario.Name
	}
	parts := []string{f.Method, f.Path}
	switch {
	case f.Status != 0:
		parts = append(parts, "answers "+strconv.Itoa(f.Status))
	case f.Hang:
		parts = append(parts, "hangs")
	case f.Cut:
		parts = append(parts, "is cut")
	case f.Delay != 0:
		parts = append(parts, "comes "+f.Delay.String()+" later")
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}
