// Command embed is a whole hub that embeds package sharing alone: users, login and servers are its own. go run ./examples/embed says what to do.
package main

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"html/template"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/httpapi"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

// hub has users with one server each, and no groups. Ids are made of names only because nobody is ever renamed or deleted here.
type hub struct {
	users     map[string]sharing.Ref    // by id
	servers   map[string]sharing.Server // by id
	passwords map[string]string         // by name
	key       ed25519.PrivateKey        // signs sessions
	sharing   *sharing.Service
}

// The hub's address book is a sharing.Directory.
func (h *hub) Member(string, string) bool                                     { return false }
func (h *hub) GroupsOf(context.Context, string) ([]string, error)             { return nil, nil }
func (h *hub) Refs(context.Context, []string) (map[string]sharing.Ref, error) { return h.users, nil }
func (h *hub) Servers(context.Context, []string) (map[string]sharing.Server, error) {
	return h.servers, nil
}

func (h *hub) Find(_ context.Context, kind, name string) (sharing.Ref, error) {
	if u, ok := h.users[kind+":"+name]; ok {
		return u, nil
	}
	return sharing.Ref{}, map[string]error{sharing.KindUser: sharing.ErrNoSuchUser, sharing.KindGroup: sharing.ErrNoSuchGroup}[kind]
}

func (h *hub) FindServer(_ context.Context, owner, name string) (sharing.Server, error) {
	if s, ok := h.servers[owner+"/"+name]; ok {
		return s, nil
	}
	return sharing.Server{}, sharing.ErrNoSuchServer
}

// Who asks, and where things are, is for an httpapi.Host to say. There are no API tokens here, so everybody comes with a cookie.
func (h *hub) sign(s string) string        { return fmt.Sprintf("%s.%x", s, ed25519.Sign(h.key, []byte(s))) }
func (h *hub) LoginURL(next string) string { return "/login?next=" + template.URLQueryEscaper(next) }
func (h *hub) ServerURL(s sharing.Server) (path, full string, ready bool) {
	return "/user/" + s.Owner.Name + "/", "", true
}
func (h *hub) Identify(r *http.Request) (httpapi.Visitor, bool, error) { return h.IdentifyCookie(r) }

func (h *hub) IdentifyCookie(r *http.Request) (v httpapi.Visitor, ok bool, err error) {
	cookie, _ := r.Cookie("embed-session")
	part := strings.Split(cmp.Or(cookie, &http.Cookie{}).Value+"...", ".") // name, session, end, signature
	signed := strings.Join(part[:4], ".")
	if !hmac.Equal([]byte(signed), []byte(h.sign(strings.Join(part[:3], ".")))) || part[2] < time.Now().UTC().Format(time.RFC3339) {
		return v, false, nil
	}
	v.Ref, v.Session, v.Cookie = h.users["user:"+part[0]], part[1], true
	shared, _, err := h.sharing.SharedScopes(r.Context(), v.ID) // beside what everybody may do
	v.Scopes = h.sharing.Registry.Held(scopes.Owner{Kind: v.Kind, Name: v.Name}, []scopes.Scope{{Base: "self"}, {Base: "shares", Kind: "user"}}, shared)
	return v, err == nil, err
}

func (h *hub) login(w http.ResponseWriter, r *http.Request) {
	name := r.PostFormValue("user")
	if password, known := h.passwords[name]; !known || !hmac.Equal([]byte(password), []byte(r.PostFormValue("password"))) {
		_ = page.Execute(w, map[string]string{}) // an error means that the visitor has gone
		return
	}
	value := h.sign(name + "." + rand.Text() + "." + time.Now().Add(12*time.Hour).UTC().Format(time.RFC3339))
	http.SetCookie(w, &http.Cookie{Name: "embed-session", Value: value, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	next := strings.TrimLeftFunc(r.FormValue("next"), func(c rune) bool { return c <= ' ' || c == '/' || c == '\\' })
	http.Redirect(w, r, "/"+cmp.Or(next, "user/"+name+"/"), http.StatusSeeOther) // one slash and no more: it cannot lead off this hub
}

// server is everybody's server: a page for whoever has access, with buttons for its owner.
func (h *hub) server(w http.ResponseWriter, r *http.Request, v httpapi.Visitor) (err error) {
	n, secret := sharing.ServerName{Owner: r.PathValue("owner")}, sharing.Secret{}
	switch r.PostFormValue("do") {
	case "invite":
		_, secret, err = h.sharing.CreateCode(r.Context(), v.Caller, sharing.CodeRequest{Server: n})
	case "end": // codes first, or people come back in
		err = errors.Join(h.sharing.DeleteCodes(r.Context(), v.Caller, sharing.DeleteRequest{Server: n}), h.sharing.RevokeAll(r.Context(), v.Caller, n))
	default:
		err = h.sharing.Authorize(v.Caller, "access:servers", n.Resource())
	}
	if err == nil {
		_ = page.Execute(w, map[string]string{"Owner": n.Owner, "Visitor": v.Name, "Host": r.Host, "Code": secret.Reveal()})
	}
	return err
}

var page = template.Must(template.New("page").Parse(`<!DOCTYPE html><title>A hub</title>{{if .Owner}}<h1>{{.Owner}}'s server</h1><p>You are {{.Visitor}}.</p>
{{if eq .Owner .Visitor}}<form method="post"><button name="do" value="invite">Invite</button> <button name="do" value="end">End all sharing</button></form>{{end}}
{{with .Code}}<p>Whoever opens http://{{$.Host}}/hub/accept-share?code={{.}} and logs in may come here.</p>{{end}}
{{else}}<form method="post"><input name="user"> <input name="password" type="password"> <button>Log in</button></form>{{end}}`))

func run(ctx context.Context, args []string, stdout io.Writer) error {
	f := flag.NewFlagSet("embed", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	addr, db := f.String("addr", "127.0.0.1:8000", ""), f.String("db", "", "")
	if err := f.Parse(args); err != nil || f.NArg() > 0 {
		return errors.New("usage: embed [--addr HOST:PORT] [--db FILE]; without a file, sharing is forgotten at the end")
	}
	store, err := sqlstore.Open(ctx, *db)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	h := &hub{map[string]sharing.Ref{}, map[string]sharing.Server{}, map[string]string{}, ed25519.NewKeyFromSeed([]byte((rand.Text() + rand.Text())[:32])), nil}
	for _, name := range []string{"alice", "bob"} {
		u := sharing.Ref{Kind: sharing.KindUser, ID: "user:" + name, Name: name}
		h.users[u.ID], h.servers[name+"/"], h.passwords[name] = u, sharing.Server{ID: name + "/", Owner: u}, rand.Text()
	}
	h.sharing = &sharing.Service{Store: store, Directory: h, Registry: scopes.New(scopes.P55)}
	pages, err := httpapi.New(httpapi.Config{Service: h.sharing, Host: h, Keys: [][]byte{[]byte(rand.Text() + rand.Text())}})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/hub/", pages)
	mux.Handle("/user/{owner}/", pages.Page(h.server))
	mux.Handle("/login", http.NewCrossOriginProtection().Handler(http.HandlerFunc(h.login))) // as Page does by itself
	server := &http.Server{Addr: *addr, Handler: http.MaxBytesHandler(mux, 1<<16), ReadHeaderTimeout: time.Minute, BaseContext: func(l net.Listener) context.Context {
		_, _ = fmt.Fprintf(stdout, "1. Open http://%v/user/alice/, log in as alice with password %s, and invite somebody.\n2. Open the link in a private "+
			"window, log in as bob with password %s, and accept.\n3. End all sharing as alice. Ctrl-C stops the hub.\n", l.Addr(), h.passwords["alice"], h.passwords["bob"])
		return ctx
	}}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	return server.ListenAndServe() // http.ErrServerClosed when ctx has ended
}

func main() { log.Fatalln("embed:", run(context.Background(), os.Args[1:], os.Stdout)) }
