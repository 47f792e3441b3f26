package twin_test

import (
	"net/http"
	"net/url"
)

// tokens are made, looked at and revoked over REST.
func (w *walker) tokens() {
	make := func(name, owner, by, body string) answer {
		return w.do(call{name: name, token: by, method: "POST", path: "hub/api/users/" + owner + "/tokens", body: body, keeps: secretPlaces{"token": "token"}})
	}
	a := make("tokens: create", "sharer", "sharer", `{"note": "narrow", "scopes": ["read:users:name!user"]}`)
	w.vars["narrow"], w.vars["narrow-id"] = a.field(w.t, "token"), a.field(w.t, "id")
	make("tokens: create without a body", "sharer", "sharer", "")
	make("tokens: create for nothing", "sharer", "sharer", `{"scopes": []}`)
	make("tokens: create with roles", "sharer", "sharer", `{"roles": ["user"]}`)
	make("tokens: create with an unknown role", "sharer", "sharer", `{"roles": ["ghost"]}`)
	make("tokens: create with an unknown scope", "sharer", "sharer", `{"scopes": ["nothing"]}`)
	make("tokens: create with a scope that one has not", "sharer", "sharer", `{"scopes": ["admin:users"]}`)
	make("tokens: create with scopes of another kind", "sharer", "sharer", `{"scopes": "read:users"}`)
	make("tokens: create with roles and scopes", "sharer", "sharer", `{"roles": ["user"], "scopes": ["read:users:name!user"]}`)
	make("tokens: create with a time of another kind", "sharer", "sharer", `{"expires_in": "soon"}`)
	make("tokens: create with a time below nothing", "sharer", "sharer", `{"expires_in": -1}`)
	make("tokens: create with no JSON", "sharer", "sharer", `{"note"`)
	make("tokens: create for somebody", "sharer", "stranger", `{}`)
	make("tokens: create for somebody, as admin", "stranger", "admin", `{"note": "given"}`)
	make("tokens: create for nobody", "ghost", "admin", `{}`)
	make("tokens: create with the narrow one", "sharer", "narrow", `{}`)
	w.api("tokens: who is the narrow one", "narrow", "GET", "user", "")
	w.api("tokens: the narrow one on its owner", "narrow", "GET", "users/sharer", "")
	w.api("tokens: one", "sharer", "GET", "users/sharer/tokens/{narrow-id}", "")
	w.api("tokens: one of somebody", "stranger", "GET", "users/sharer/tokens/{narrow-id}", "")
	w.api("tokens: one that is not there", "sharer", "GET", "users/sharer/tokens/a99999", "")
	w.api("tokens: one with a malformed id", "sharer", "GET", "users/sharer/tokens/zzz", "")
	w.api("tokens: list of somebody", "stranger", "GET", "users/sharer/tokens", "")
	w.api("tokens: list of nobody", "admin", "GET", "users/ghost/tokens", "")
	w.api("tokens: revoke", "sharer", "DELETE", "users/sharer/tokens/{narrow-id}", "")
	w.api("tokens: revoke again", "sharer", "DELETE", "users/sharer/tokens/{narrow-id}", "")
	w.api("tokens: use a revoked one", "narrow", "GET", "user", "")
	w.api("tokens: list", "stranger", "GET", "users/stranger/tokens", "")
}

// services ask with tokens of their own.
func (w *walker) services() {
	w.vars["reader"] = readerSecret
	w.api("services: who am I", "reader", "GET", "user", "")
	w.api("services: users as it may read them", "reader", "GET", "users?limit=2", "")
	w.api("services: what it may not", "reader", "POST", "users/eve", "")
	w.api("services: list as admin", "admin", "GET", "services", "")
	w.api("services: one as admin", "admin", "GET", "services/reader", "")
	w.api("services: none of that name", "admin", "GET", "services/ghost", "")
	w.api("services: list is not for everybody", "sharer", "GET", "services", "")
	w.api("services: create one", "admin", "POST", "services/made", `{"admin": false}`)
	w.api("services: create it again", "admin", "POST", "services/made", `{}`)
	w.api("services: delete it", "admin", "DELETE", "services/made", "")
	w.api("services: delete one of the configuration", "admin", "DELETE", "services/reader", "")
}

// escapes go to people and groups whose names need escaping.
func (w *walker) escapes() {
	const odd = "zo%C3%AB%20b%2Bc"
	w.api("escapes: a user", "admin", "GET", "users/"+odd, "")
	w.api("escapes: a user with an address as name", "admin", "GET", "users/o%27neil%40example.org", "")
	w.api("escapes: a user, written plainly", "admin", "GET", "users/o'neil@example.org", "")
	w.api("escapes: a group", "admin", "GET", "groups/grp%20%C3%A9", "")
	a := w.do(call{name: "escapes: a token", token: "admin", method: "POST", path: "hub/api/users/" + odd + "/tokens", keeps: secretPlaces{"token": "token"}})
	w.vars["odd"] = a.field(w.t, "token")
	w.api("escapes: who am I", "odd", "GET", "user", "")
	w.api("escapes: start a server", "odd", "POST", "users/"+odd+"/server", "")
	w.awaitServer(odd, "", true)
	w.api("escapes: model", "odd", "GET", "users/"+odd, "")
	w.show("escapes: page of the server", "", "user/"+odd+"/x%20y?q=%2B")
	w.api("escapes: grant to a user", "admin", "POST", "shares/"+odd+"/", `{"user": "o'neil@example.org"}`)
	w.api("escapes: grant to a group", "admin", "POST", "shares/"+odd+"/", `{"group": "grp é"}`)
	w.api("escapes: grant with scopes", "admin", "POST", "shares/"+odd+"/", `{"user": "stranger", "scopes": ["access:servers!server=zoë b+c/"]}`)
	w.api("escapes: shares", "odd", "GET", "shares/"+odd, "")
	w.api("escapes: what is shared", "admin", "GET", "users/o%27neil%40example.org/shared", "")
	w.api("escapes: one share", "admin", "GET", "users/o%27neil%40example.org/shared/"+odd+"/", "")
	w.api("escapes: the group's share", "admin", "GET", "groups/grp%20%C3%A9/shared/"+odd+"/", "")
	b := w.do(call{name: "escapes: a code", token: "odd", method: "POST", path: "hub/api/share-codes/" + odd + "/", keeps: secretPlaces{"code": "share-code"}})
	w.vars["odd-code"] = b.field(w.t, "code")
	w.show("escapes: accept page", "shared-with", "hub/accept-share?code={odd-code}")
	w.submit("escapes: accept", "shared-with", "hub/accept-share", url.Values{"code": {"{odd-code}"}})
	w.api("escapes: leave", "shared-with", "DELETE", "users/shared-with/shared/"+odd+"/", "")
	w.show("escapes: login page with next", "", "hub/login?next=%2Fbase%2Fuser%2Fzo%25C3%25AB%2F%3Fq%3D1%262")
	w.show("escapes: a path that climbs", "", "hub/..%2f..%2fx")
	w.show("escapes: next that is no path", "", "hub/login?next=%2F%2Felsewhere.example")
	w.api("escapes: an unknown user", "admin", "GET", "users/%3Cscript%3E", "")
}

// farewell ends sessions and servers.
func (w *walker) farewell() {
	w.api("farewell: a share of a server that is removed", "admin", "POST", "shares/sharer/{named}", `{"user": "stranger"}`)
	w.api("farewell: stop and remove it", "sharer", "DELETE", "users/sharer/servers/{named}", `{"remove": true}`)
	w.await("admin", "hub/api/shares/sharer/{named}", func(status int, _ []byte) bool { return status == http.StatusNotFound })
	w.api("farewell: its shares", "sharer", "GET", "shares/sharer/{named}", "")
	w.api("farewell: what was shared", "stranger", "GET", "users/stranger/shared", "")
	w.api("farewell: stop the server", "sharer", "DELETE", "users/sharer/server", "")
	w.awaitServer("sharer", "", false)
	w.api("farewell: stop it again", "sharer", "DELETE", "users/sharer/server", "")
	w.api("farewell: a code for a stopped server", "sharer", "POST", "share-codes/sharer/", `{"scopes": ["nothing"]}`)
	w.show("farewell: the stopped server", "sharer", "hub/user/sharer/")
	w.show("farewell: home", "sharer", "hub/home")
	w.show("farewell: logout", "sharer", "hub/logout")
	w.show("farewell: home afterwards", "sharer", "hub/home")
	w.api("farewell: the token outlives the session", "sharer", "GET", "users/sharer", "")
	w.api("farewell: delete a group that shares were with", "admin", "DELETE", "groups/team", "")
	w.api("farewell: delete a user with shares", "admin", "DELETE", "users/stranger", "")
	w.api("farewell: a deleted user's token", "stranger", "GET", "user", "")
	w.show("farewell: a deleted user's session", "stranger", "hub/home")
}
