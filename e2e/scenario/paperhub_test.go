package scenario_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/hubshare/hubshare/e2e/scenario"
)

// paperHub shows the pages that the walk reads and plays one story: it knows two
// people, one server and one code, and keeps no secret. It is here to give the
// walk pages that are wrong on purpose; what is right is for a real hub to show.
type paperHub struct {
	url             string
	base            string // decoded, with slashes at both ends
	sharer, grantee string
	flaw            string // what this hub does wrong

	mu        sync.Mutex
	running   bool
	code      bool // there is a code
	exchanges int
	shared    bool
	deleted   bool // the codes were deleted
}

func newPaperHub(t *testing.T, base, sharer, grantee, flaw string) *paperHub {
	t.Helper()
	h := &paperHub{sharer: sharer, grantee: grantee, flaw: flaw}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	h.url = srv.URL + base
	u, err := url.Parse(h.url)
	if err != nil {
		t.Fatal(err)
	}
	h.base = u.Path
	return h
}

func (h *paperHub) config() scenario.Config {
	return scenario.Config{BaseURL: h.url,
		Sharer:  scenario.Login{Name: h.sharer, Password: "a password"},
		Grantee: scenario.Login{Name: h.grantee, Password: "a password"}}
}

// at is an address on this hub, escaped.
func (h *paperHub) at(path string) string { return (&url.URL{Path: h.base + path}).EscapedPath() }

func (h *paperHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	path, ok := strings.CutPrefix(r.URL.Path, h.base)
	who := cookie(r, "who")
	server := "user/" + h.sharer + "/"
	switch {
	case !ok:
		h.refuse(w, 404, "Outside")
	case path == "" && h.flaw == "no login form":
		h.refuse(w, 500, "Nothing works")
	case path == "":
		h.send(w, r, "hub/login")
	case path == "hub/login":
		h.login(w, r)
	case path == "hub/spawn" && h.flaw == "no spawn page":
		h.running = true
		h.send(w, r, server)
	case path == "hub/spawn":
		h.send(w, r, "hub/spawn-pending/"+who)
	case path == "hub/spawn-pending/"+h.sharer && !h.running:
		h.running = true
		_, _ = fmt.Fprint(w, `<p>Your server is starting up.</p><script>location.reload()</script>`)
	case path == "hub/spawn-pending/"+h.sharer:
		h.send(w, r, server)
	case path == server:
		h.send(w, r, server+"lab")
	case path == server+"lab":
		h.server(w, r)
	case path == server+"oauth_callback":
		http.SetCookie(w, &http.Cookie{Name: "token", Value: r.URL.Query().Get("code"), Path: "/"})
		h.send(w, r, server+"lab")
	case path == "hub/api/oauth2/authorize":
		h.authorize(w, r, who)
	case path == "hub/accept-share":
		h.accept(w, r, who)
	case strings.HasPrefix(path, "hub/api/"):
		h.api(w, r, strings.TrimPrefix(path, "hub/api/"))
	default:
		h.refuse(w, 404, "No such page")
	}
}

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	v, _ := url.PathUnescape(c.Value)
	return v
}

func (h *paperHub) send(w http.ResponseWriter, r *http.Request, path string) {
	http.Redirect(w, r, h.at(path), http.StatusFound)
}

func (h *paperHub) refuse(w http.ResponseWriter, status int, message string) {
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `<div class="error"><h1>%d : %s</h1><p>%s</p></div>`,
		status, http.StatusText(status), html.EscapeString(message))
}

func (h *paperHub) toLogin(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, h.at("hub/login")+"?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusFound)
}

func (h *paperHub) login(w http.ResponseWriter, r *http.Request) {
	problem := ""
	if r.Method == http.MethodPost {
		name := strings.TrimSpace(strings.ToLower(r.PostFormValue("username")))
		if r.PostFormValue("password") != "" {
			http.SetCookie(w, &http.Cookie{Name: "who", Value: url.PathEscape(name), Path: "/"})
			next := r.URL.Query().Get("next")
			if next == "" {
				next = h.at("hub/spawn")
			}
			http.Redirect(w, r, next, http.StatusFound)
			return
		}
		w.WriteHeader(http.StatusForbidden)
		problem = `<p class="login_error">Invalid username or password</p>`
	}
	_, _ = fmt.Fprintf(w, `<div id="login-main"><form method="post"><h1>Sign in</h1>%s
		<label for="username_input">Username:</label><input id="username_input" name="username">
		<label for="password_input">Password:</label><input id="password_input" name="password" type="password">
		<input id="login_submit" type="submit" value="Sign in"></form></div>`, problem)
}

// mayEnter is the gate of the server.
func (h *paperHub) mayEnter(who string) bool {
	return who == h.sharer || who == h.grantee && h.shared
}

func (h *paperHub) authorize(w http.ResponseWriter, r *http.Request, who string) {
	server := h.at("user/" + h.sharer + "/")
	switch {
	case who == "":
		h.toLogin(w, r)
	case !h.mayEnter(who) && h.flaw != "access survives":
		h.refuse(w, 403, "You do not have permission to access Server at "+server)
	case who == h.sharer || r.Method == http.MethodPost:
		token := who
		if h.flaw == "the sharer's token for everybody" {
			token = h.sharer
		}
		http.Redirect(w, r, server+"oauth_callback?code="+url.QueryEscape(url.PathEscape(token)), http.StatusFound)
	default:
		_, _ = fmt.Fprintf(w, `<div class="container"><h1>Authorize access</h1><p class="lead">An application asks</p>
			<p>Server at %[1]s (oauth URL: %[1]soauth_callback)
			would like permission to identify you.</p><form method="post" action=""><div class="card-body">
			<label><input type="checkbox" checked disabled><span>Access user servers via API or browser.</span></label>
			</div><div class="card-footer"><button type="submit">Authorize</button></div></form></div>`, html.EscapeString(server))
	}
}

func (h *paperHub) accept(w http.ResponseWriter, r *http.Request, who string) {
	server := html.EscapeString(h.at("user/" + h.sharer + "/"))
	switch {
	case who == "":
		h.toLogin(w, r)
	case !h.code || r.FormValue("code") != "the-code":
		h.refuse(w, 404, "Share not found or expired")
	case r.Method == http.MethodPost:
		h.shared = true
		if h.flaw != "exchanges are not counted" {
			h.exchanges++
		}
		h.send(w, r, "user/"+h.sharer+"/")
	default:
		extra := ""
		if h.flaw == "two links in the footer" {
			extra = `<a href="/elsewhere">elsewhere</a>`
		}
		if h.flaw == "two buttons" {
			extra = `<button type="submit">Or this one</button>`
		}
		_, _ = fmt.Fprintf(w, `<div class="container"><h1>Accept sharing invitation</h1>
			<p class="lead">You (%[1]s) have been invited to access %[2]s's server at <a href="%[3]s">%[3]s</a></p>
			<form method="post" action=""><div class="card-body"><label><span>Access user servers via API or browser.
			Applies to server %[2]s/.</span></label></div><div class="card-footer">
			<button type="submit">Accept invitation</button><p>You will be redirected to <a href="%[3]s">%[3]s</a>.</p>%[4]s
			</div></form></div>`, html.EscapeString(who), html.EscapeString(h.sharer), server, extra)
	}
}

// server is the page with the notebook; the token cookie is the visitor's name.
func (h *paperHub) server(w http.ResponseWriter, r *http.Request) {
	who := cookie(r, "token")
	if !h.mayEnter(who) {
		http.Redirect(w, r, h.at("hub/api/oauth2/authorize")+"?state=x", http.StatusFound)
		return
	}
	config := map[string]string{"hubUser": who, "hubServerUser": h.sharer, "hubServerName": "",
		"hubPrefix": h.at("hub/"), "hubHost": "", "token": url.PathEscape(who)}
	if h.flaw == "no token in the page" {
		config["token"] = ""
	}
	if h.flaw == "everybody is the sharer" {
		config["hubUser"] = h.sharer
	}
	js, err := json.Marshal(config)
	if err != nil {
		h.refuse(w, 500, "config")
		return
	}
	_, _ = fmt.Fprintf(w, `<header><b id="visitor">%s</b> on the server of <b id="owner">%s</b></header>
		<script id="jupyter-config-data" type="application/json">%s</script>`,
		html.EscapeString(who), html.EscapeString(h.sharer), js)
	for k := 1; k <= 6; k++ {
		_, _ = fmt.Fprintf(w, `<section class="cell markdown" data-cell-index="%d">About cell %d</section>
			<section class="cell code" data-cell-index="%d"><button class="run">Run cell %d</button>
			<pre class="source">cells[%d]</pre><div class="output"></div></section>`, 2*k-2, k, 2*k-1, k, k)
	}
	_, _ = fmt.Fprint(w, paperNotebook)
}

const paperNotebook = `<script>
const config = JSON.parse(document.getElementById("jupyter-config-data").textContent);
const api = (what) => location.origin + config.hubPrefix + "api/" + what + "/" + config.hubServerUser + "/";
async function ask(method, what, element) {
	const r = await fetch(api(what), {method, headers: {Authorization: "Bearer " + config.token}});
	const body = await r.text();
	if (r.ok) return body ? JSON.parse(body) : {};
	const p = document.createElement("p");
	p.innerText = "Error " + r.status + ": " + JSON.parse(body).message;
	element.append(p);
	throw new Error("refused");
}
function say(element, tag, text) {
	const e = document.createElement(tag);
	e.innerText = text;
	element.append(e);
	return e;
}
const cells = [
	async (e) => { e.innerText = "API URL for sharing codes is: " + api("share-codes"); },
	async (e) => {
		const code = await ask("POST", "share-codes", e);
		const p = say(e, "p", "Share this URL to grant access to this server: ");
		const a = document.createElement("a");
		a.href = a.innerText = location.origin + code.accept_url;
		p.append(a);
	},
	async (e) => {
		const shares = await ask("GET", "shares", e);
		say(e, "p", "Shared with " + shares.items.length + " users:");
		for (const s of shares.items) say(e, "li", s.kind + " " + s[s.kind].name + " has access: " + s.scopes.join(","));
	},
	async (e) => { say(e, "pre", JSON.stringify((await ask("GET", "share-codes", e)).items)); },
	async (e) => { await ask("DELETE", "share-codes", e); say(e, "p", "Deleted all share codes"); },
	async (e) => { await ask("DELETE", "shares", e); say(e, "p", "Deleted all shared access"); },
];
document.querySelectorAll("section.code").forEach((section, i) => {
	section.querySelector("button").onclick = () => {
		const element = document.createElement("div");
		section.querySelector("div.output").replaceChildren(element);
		cells[i](element).catch(() => {});
		section.dataset.state = "done";
	};
});
</script>`

func (h *paperHub) api(w http.ResponseWriter, r *http.Request, path string) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	who, _ := url.PathUnescape(token)
	scope := "access:servers!server=" + h.sharer + "/"
	owner := who == h.sharer || who == h.grantee && h.flaw == "the grantee may share"
	switch {
	case path == "user" && who != "":
		scopes := []string{"read:users:name!user=" + who}
		if h.mayEnter(who) || h.flaw == "tokens keep their scopes" {
			scopes = append(scopes, scope)
		}
		answer(w, 200, map[string]any{"name": who, "scopes": scopes})
	case !owner:
		answer(w, 403, map[string]any{"status": 403, "message": "Action is not authorized with current scopes"})
	case path == "share-codes/"+h.sharer+"/" && r.Method == http.MethodPost:
		h.code = true
		answer(w, 200, map[string]any{"accept_url": h.at("hub/accept-share") + "?code=the-code", "code": "the-code"})
	case path == "share-codes/"+h.sharer+"/" && r.Method == http.MethodDelete:
		h.code = h.flaw == "codes survive" || h.flaw == "codes survive unseen"
		h.deleted = true
		if h.flaw == "deleting codes deletes shares" {
			h.shared = false
		}
		w.WriteHeader(204)
	case path == "share-codes/"+h.sharer+"/":
		items := []any{}
		if h.code && (!h.deleted || h.flaw == "codes survive") {
			item := map[string]any{"id": "sc_1", "exchange_count": h.exchanges}
			if h.flaw == "codes are listed with their secret" {
				item["code"] = "the-code"
			}
			items = append(items, item)
		}
		answer(w, 200, map[string]any{"items": items})
	case path == "shares/"+h.sharer+"/" && r.Method == http.MethodDelete:
		h.shared = false
		w.WriteHeader(204)
	case path == "shares/"+h.sharer+"/":
		items := []any{}
		if h.shared {
			items = append(items, map[string]any{"kind": "user", "user": map[string]string{"name": h.grantee}, "scopes": []string{scope}})
		}
		answer(w, 200, map[string]any{"items": items})
	default:
		answer(w, 404, map[string]any{"status": 404, "message": "Not found"})
	}
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
