package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"path"
	"strings"
	"time"
)

// Page is what the console shows. The zero value is a hub with nothing in it.
type Page struct {
	Proof  string // goes along with every form
	Locked bool   // nothing is shown but the question for the admin token
	Notice string // what became of the last form; "" = nothing to say
	Bad    bool   // the notice is of something that failed
	Link   string // an address to hand on, with the notice

	Hub, Key, Version string // address of the hub's pages; its key; its release
	Now               time.Time
	Standing          bool // the clock
	Movable           bool

	Users     []User
	Servers   []Server
	Shares    []Share
	Codes     []Code
	Faults    []Fault
	Scenarios []string // that can be chosen
	Requests  []Request
	Keys      []Key
}

// User is somebody to log in as.
type User struct {
	Name   string
	Admin  bool
	Groups []string
}

// Server is a user's server.
type Server struct{ User, Name, State, URL string }

// Running says whether there is something to stop.
func (s Server) Running() bool { return s.State == "ready" || s.State == "starting" }

// Share is what somebody may use.
type Share struct {
	Owner, Server, User, Group string
	Scopes                     []string
}

// Code is a share link that is good.
type Code struct {
	ID, Owner, Server string
	ExpiresAt         time.Time
	Exchanges         int
}

// Fault is something that goes wrong.
type Fault struct {
	ID   int64
	What string
	Hits int
}

// Request is one that was answered, and why not if it was refused.
type Request struct {
	Time              time.Time
	Method, URL       string
	Status            int
	Actor, Why, Fault string
}

// Class is the kind of its status: "ok", "moved", "refused" or "failed".
func (r Request) Class() string {
	switch {
	case r.Status >= 500:
		return "failed"
	case r.Status >= 400:
		return "refused"
	case r.Status >= 300:
		return "moved"
	}
	return "ok"
}

// Key is another hub at the same address.
type Key struct{ Name, URL string }

// Steps are how far the clock's slider moves it, from its left end to its right one.
var Steps = []struct {
	Label string
	Step  time.Duration
}{
	{"1 min", time.Minute}, {"5 min", 5 * time.Minute}, {"1 hour", time.Hour}, {"6 hours", 6 * time.Hour},
	{"1 day", 24 * time.Hour}, {"7 days", 7 * 24 * time.Hour}, {"14 days", 14 * 24 * time.Hour}, {"30 days", 30 * 24 * time.Hour},
}

//go:embed console.html
var source string

//go:embed static
var static embed.FS

var page = template.Must(template.New("console").Funcs(template.FuncMap{
	"asset": assetURL,
	"steps": func() any { return Steps },
	"last":  func() int { return len(Steps) - 1 },
	"time":  func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
	"join":  func(list []string) string { return strings.Join(list, ", ") },
}).Parse(source))

// assetURL is relative to the page, and another one when the content is.
func assetURL(name string) (string, error) {
	text, err := static.ReadFile("static/" + name)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return "static/" + name + "?v=" + hex.EncodeToString(sum[:6]), nil
}

// Policy is the Content-Security-Policy of the page: nothing from elsewhere, nothing inline, and no frame around it.
const Policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Render writes the page.
func Render(w io.Writer, p Page) error {
	if err := page.Execute(w, p); err != nil {
		return fmt.Errorf("render the console: %w", err)
	}
	return nil
}

// ServeAsset answers for a file of the page, by its name below static/; unknown ones are 404.
func ServeAsset(w http.ResponseWriter, r *http.Request, name string) {
	text, err := static.ReadFile(path.Join("static", path.Base(name)))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=86400")
	w.Header().Del("Content-Type") // by the name's ending
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(text))
}
