package twin_test

import (
	"net/http"
	"net/url"
)

// spaced is the name of a server, as it stands in a path, that releases before 6 allow.
const spaced = "my%20lab"

// walk is all of it, once. Every step has a name of its own, by which differences are listed.
func (w *walker) walk() []exchange {
	w.anonymous()
	w.logins()
	w.ownTokens()
	w.users()
	w.groups()
	w.servers()
	w.codes()
	w.accepts()
	w.oauth()
	w.grants()
	w.tokens()
	w.services()
	w.escapes()
	w.farewell()
	return w.out
}

// anonymous is what somebody finds whom the hub does not know.
func (w *walker) anonymous() {
	w.show("anonymous: base", "", "")
	w.show("anonymous: hub", "", "hub/")
	w.show("anonymous: hub without slash", "", "hub")
	w.show("anonymous: home", "", "hub/home")
	w.show("anonymous: token page", "", "hub/token")
	w.show("anonymous: spawn page", "", "hub/spawn")
	w.show("anonymous: spawn page of somebody", "", "hub/spawn/sharer")
	w.show("anonymous: admin page", "", "hub/admin")
	w.show("anonymous: accept page", "", "hub/accept-share?code=abc")
	w.show("anonymous: server that does not run", "", "user/sharer/")
	w.show("anonymous: server without slash", "", "user/sharer")
	w.show("anonymous: unknown page", "", "hub/nowhere")
	w.show("anonymous: user redirect", "", "hub/user-redirect/lab?x=1")
	w.show("anonymous: health", "", "hub/health")
	w.show("anonymous: robots", "", "robots.txt")
	w.show("anonymous: logout", "", "hub/logout")
	w.show("anonymous: error page by code", "", "hub/error/503")
	w.show("anonymous: version", "", "hub/api/")
	w.show("anonymous: version without slash", "", "hub/api")
	w.show("anonymous: who am I", "", "hub/api/user")
	w.show("anonymous: users", "", "hub/api/users")
	w.show("anonymous: unknown call", "", "hub/api/nowhere")
	w.do(call{name: "anonymous: wrong token", path: "hub/api/user", header: map[string]string{"Authorization": "token wrong"}})
	w.do(call{name: "anonymous: scheme basic", path: "hub/api/user", header: map[string]string{"Authorization": "Basic YTpi"}})
	w.do(call{name: "anonymous: post with a wrong token", method: "POST", path: "hub/api/users/sharer/tokens", header: map[string]string{"Authorization": "token wrong"}})
	w.do(call{name: "anonymous: post without a token", method: "POST", path: "hub/api/share-codes/sharer/"})
	w.do(call{name: "anonymous: head of the hub", method: "HEAD", path: "hub/login"})
	w.do(call{name: "anonymous: options of a call", method: "OPTIONS", path: "hub/api/users"})
}

// logins are everybody's, with what may go wrong at one.
func (w *walker) logins() {
	w.show("login: page", "sharer", "hub/login")
	w.show("login: page with next", "sharer", "hub/login?next=%2Fbase%2Fhub%2Ftoken")
	w.submit("login: without xsrf", "", "hub/login", url.Values{"username": {"sharer"}, "password": {"x"}, "_xsrf": {""}})
	w.submit("login: with a wrong xsrf", "sharer", "hub/login", url.Values{"username": {"sharer"}, "password": {"x"}, "_xsrf": {"wrong"}})
	w.submit("login: of nobody", "sharer", "hub/login", url.Values{"username": {""}, "password": {"x"}})
	w.submit("login: not allowed", "sharer", "hub/login", url.Values{"username": {"mallory"}, "password": {"x"}})
	w.submit("login: sharer", "sharer", "hub/login", url.Values{"username": {" Sharer "}, "password": {"x"}})
	w.show("login: home", "sharer", "hub/home")
	w.show("login: login page while logged in", "sharer", "hub/login?next=%2Fbase%2Fhub%2Ftoken")
	w.show("login: hub while logged in", "sharer", "hub/")
	w.show("login: next elsewhere", "sharer", "hub/login?next=https%3A%2F%2Felsewhere.example%2F")
	for _, name := range []string{"shared-with", "stranger", "admin"} {
		w.show("login: page for "+name, name, "hub/login?next=%2Fbase%2Fhub%2Fhome")
		w.submit("login: "+name, name, "hub/login?next=%2Fbase%2Fhub%2Fhome", url.Values{"username": {name}, "password": {"x"}})
		w.show("login: home of "+name, name, "hub/home")
	}
	w.show("login: admin page refused", "sharer", "hub/admin")
	w.show("login: home of a person has a page of tokens", "sharer", "hub/token")
}

// ownTokens are made the way a page's script makes them.
func (w *walker) ownTokens() {
	w.do(call{name: "cookie: who am I", who: "sharer", path: "hub/api/user", xsrf: true})
	w.do(call{name: "cookie: who am I without xsrf", who: "sharer", path: "hub/api/user"})
	w.do(call{name: "cookie: make a token without xsrf", who: "sharer", method: "POST", path: "hub/api/users/sharer/tokens", body: `{}`})
	for _, name := range []string{"sharer", "shared-with", "stranger", "admin"} {
		a := w.do(call{name: "cookie: make a token of " + name, who: name, method: "POST", path: "hub/api/users/" + name + "/tokens",
			body: `{"note": "walk", "expires_in": 3600}`, xsrf: true, keeps: secretPlaces{"token": "token"}})
		w.vars[name], w.vars[name+"-token-id"] = a.field(w.t, "token"), a.field(w.t, "id")
		w.api("token: who am I, "+name, name, "GET", "user", "")
	}
	w.do(call{name: "token: scheme bearer", path: "hub/api/user", header: map[string]string{"Authorization": "Bearer {sharer}"}})
	w.do(call{name: "token: scheme in lower case", path: "hub/api/user", header: map[string]string{"Authorization": "bearer {sharer}"}})
	w.do(call{name: "token: in the query", path: "hub/api/user?token={sharer}"})
	w.do(call{name: "token: on a page", path: "hub/home", token: "sharer"})
	w.api("token: info is for admins", "sharer", "GET", "info", "")
	w.api("token: users are not for everybody", "sharer", "GET", "users", "")
	w.api("token: oneself", "sharer", "GET", "users/sharer", "")
	w.api("token: somebody else", "sharer", "GET", "users/stranger", "")
	w.api("token: nobody", "sharer", "GET", "users/nobody", "")
	w.api("token: proxy is not for everybody", "sharer", "GET", "proxy", "")
	w.api("token: method that there is not", "sharer", "PUT", "user", "")
}

// users are made, changed and listed by an admin.
func (w *walker) users() {
	w.api("users: list", "admin", "GET", "users", "")
	w.api("users: first page", "admin", "GET", "users?limit=2", "")
	w.api("users: second page", "admin", "GET", "users?limit=2&offset=2", "")
	w.do(call{name: "users: page with its frame", token: "admin", path: "hub/api/users?limit=2&offset=1", header: map[string]string{"Accept": "application/jupyterhub-pagination+json"}})
	w.api("users: page of none", "admin", "GET", "users?offset=1000", "")
	w.api("users: limit that is no number", "admin", "GET", "users?limit=x", "")
	w.api("users: unknown state", "admin", "GET", "users?state=asleep", "")
	w.api("users: active ones", "admin", "GET", "users?state=active", "")
	w.api("users: by name", "admin", "GET", "users?name_filter=shar", "")
	w.api("users: sorted", "admin", "GET", "users?sort=-name&limit=2", "")
	w.api("users: sorted by nothing", "admin", "GET", "users?sort=colour", "")
	w.api("users: one", "admin", "GET", "users/sharer", "")
	w.api("users: none of that name", "admin", "GET", "users/nobody", "")
	w.api("users: create", "admin", "POST", "users/ann", `{"admin": true}`)
	w.api("users: create again", "admin", "POST", "users/ann", "")
	w.api("users: create several", "admin", "POST", "users", `{"usernames": ["bob", "Carol", "ann"]}`)
	w.api("users: create several again", "admin", "POST", "users", `{"usernames": ["bob"]}`)
	w.api("users: create without names", "admin", "POST", "users", `{}`)
	w.api("users: create with names of another kind", "admin", "POST", "users", `{"usernames": [1]}`)
	w.api("users: create with no JSON", "admin", "POST", "users", `{"usernames": `)
	w.api("users: create with JSON that is no object", "admin", "POST", "users", `["bob"]`)
	w.api("users: create is not for everybody", "sharer", "POST", "users/eve", "")
	w.api("users: change a name", "admin", "PATCH", "users/ann", `{"name": "anna"}`)
	w.api("users: change a name to a taken one", "admin", "PATCH", "users/anna", `{"name": "bob"}`)
	w.api("users: take admin away", "admin", "PATCH", "users/anna", `{"admin": false}`)
	w.api("users: change with an unknown field", "admin", "PATCH", "users/anna", `{"colour": "red"}`)
	w.api("users: change nobody", "admin", "PATCH", "users/ghost", `{"name": "x"}`)
	w.api("users: change is not for everybody", "sharer", "PATCH", "users/anna", `{"admin": true}`)
	w.api("users: activity of one", "admin", "POST", "users/anna/activity", `{"last_activity": "2020-01-01T00:00:00.000000Z"}`)
	w.api("users: activity without a time", "admin", "POST", "users/anna/activity", `{}`)
	w.api("users: activity with a wrong time", "admin", "POST", "users/anna/activity", `{"last_activity": "yesterday"}`)
	w.api("users: activity of an unknown server", "admin", "POST", "users/anna/activity", `{"servers": {"lab": {"last_activity": "2020-01-01T00:00:00Z"}}}`)
	w.api("users: delete", "admin", "DELETE", "users/anna", "")
	w.api("users: delete again", "admin", "DELETE", "users/anna", "")
	w.api("users: delete oneself", "admin", "DELETE", "users/admin", "")
	w.api("users: delete is not for everybody", "sharer", "DELETE", "users/bob", "")
}

// groups are made, filled and listed by an admin.
func (w *walker) groups() {
	w.api("groups: list", "admin", "GET", "groups", "")
	w.api("groups: list is not for everybody", "sharer", "GET", "groups", "")
	w.api("groups: one", "admin", "GET", "groups/team", "")
	w.api("groups: none of that name", "admin", "GET", "groups/nobody", "")
	w.api("groups: create", "admin", "POST", "groups/crew", "")
	w.api("groups: create with members", "admin", "POST", "groups/choir", `{"users": ["bob", "carol"], "properties": {"key": [1]}}`)
	w.api("groups: create with unknown members", "admin", "POST", "groups/ghosts", `{"users": ["ghost"]}`)
	w.api("groups: create again", "admin", "POST", "groups/crew", "")
	w.api("groups: create several", "admin", "POST", "groups", `{"groups": ["g1", "g2"]}`)
	w.api("groups: create several again", "admin", "POST", "groups", `{"groups": ["g1", "g2"]}`)
	w.api("groups: create without names", "admin", "POST", "groups", `{}`)
	w.api("groups: first page", "admin", "GET", "groups?limit=2", "")
	w.do(call{name: "groups: page with its frame", token: "admin", path: "hub/api/groups?limit=2&offset=1", header: map[string]string{"Accept": "application/jupyterhub-pagination+json"}})
	w.api("groups: add members", "admin", "POST", "groups/crew/users", `{"users": ["bob", "stranger"]}`)
	w.api("groups: add unknown members", "admin", "POST", "groups/crew/users", `{"users": ["ghost"]}`)
	w.api("groups: add without members", "admin", "POST", "groups/crew/users", `{}`)
	w.api("groups: remove a member", "admin", "DELETE", "groups/crew/users", `{"users": ["bob"]}`)
	w.api("groups: properties", "admin", "PUT", "groups/crew/properties", `{"colour": "red", "n": 3}`)
	w.api("groups: with properties", "admin", "GET", "groups/crew", "")
	w.api("groups: a member's groups", "admin", "GET", "users/stranger", "")
	w.api("groups: a member reads the own group", "stranger", "GET", "groups/team", "")
	w.api("groups: delete", "admin", "DELETE", "groups/choir", "")
	w.api("groups: delete again", "admin", "DELETE", "groups/choir", "")
	w.api("groups: delete is not for everybody", "sharer", "DELETE", "groups/crew", "")
}

// servers start and stop, the default one and named ones.
func (w *walker) servers() {
	w.api("servers: stop one that never ran", "sharer", "DELETE", "users/sharer/server", "")
	w.api("servers: stop a named one that is not there", "sharer", "DELETE", "users/sharer/servers/nope", "")
	w.api("servers: progress of one that does not start", "sharer", "GET", "users/sharer/server/progress", "")
	w.api("servers: start somebody's", "stranger", "POST", "users/sharer/server", "")
	w.api("servers: start nobody's", "admin", "POST", "users/ghost/server", "")
	w.show("servers: spawn page of somebody else", "stranger", "hub/spawn/sharer")
	w.show("servers: the stopped server's page", "sharer", "user/sharer/lab?x=1")
	w.do(call{name: "servers: the stopped server's API", who: "sharer", path: "user/sharer/api/status"})
	w.await("admin", "hub/api/users/sharer", func(status int, _ []byte) bool { return status == http.StatusOK })
	w.startServer("servers: start", "sharer", "")
	w.api("servers: start again", "sharer", "POST", "users/sharer/server", "")
	w.startServer("servers: start a named one", "sharer", "lab")
	w.startServer("servers: start a named one that needs escaping, where such may be", "sharer", w.vars["named"])
	w.api("servers: start one with a name that may not be everywhere", "stranger", "POST", "users/sharer/servers/My%20lab", "")
	if w.vars["named"] != spaced {
		w.api("servers: start one with a space in its name", "sharer", "POST", "users/sharer/servers/"+spaced, "")
	}
	w.api("servers: model with servers", "sharer", "GET", "users/sharer", "")
	w.api("servers: model as an admin sees it", "admin", "GET", "users/sharer", "")
	w.api("servers: model as others see it", "stranger", "GET", "users/sharer", "")
	w.do(call{name: "servers: progress when ready", token: "sharer", path: "hub/api/users/sharer/server/progress"})
	w.show("servers: page itself", "sharer", "user/sharer/some/page?q=1")
	w.show("servers: page of a named one", "sharer", "user/sharer/lab/")
	w.show("servers: spawn page while running", "sharer", "hub/spawn")
	w.show("servers: pending page while running", "sharer", "hub/spawn-pending/sharer")
	w.show("servers: user redirect", "sharer", "hub/user-redirect/lab?x=1")
	w.show("servers: hub while running", "sharer", "hub/")
	w.api("servers: activity", "admin", "POST", "users/sharer/activity", `{"servers": {"": {"last_activity": "2037-01-01T00:00:00.000000Z"}}}`)
	w.api("servers: users with a running one", "admin", "GET", "users?state=active&limit=1", "")
	w.api("servers: users with a ready one", "admin", "GET", "users?state=ready", "")
	w.api("servers: stop a named one", "sharer", "DELETE", "users/sharer/servers/lab", "")
	w.awaitServer("sharer", "lab", false)
	w.api("servers: a stopped named one", "sharer", "GET", "users/sharer?include_stopped_servers", "")
	w.api("servers: remove a named one", "sharer", "DELETE", "users/sharer/servers/lab", `{"remove": true}`)
	w.api("servers: remove it again", "sharer", "DELETE", "users/sharer/servers/lab", `{"remove": true}`)
	w.api("servers: remove the default one", "sharer", "DELETE", "users/sharer/server", `{"remove": true}`)
	w.api("servers: the proxy's routes", "admin", "GET", "proxy", "")
	w.api("servers: delete a user that has one", "admin", "DELETE", "users/bob", "")
}

// startServer starts one by REST and waits for it.
func (w *walker) startServer(step, user, escaped string) {
	path := "users/" + user + "/server"
	if escaped != "" {
		path += "s/" + escaped
	}
	w.api(step, user, "POST", path, "")
	name, err := url.PathUnescape(escaped)
	if err != nil {
		w.t.Fatal(err)
	}
	w.awaitServer(user, name, true)
}
