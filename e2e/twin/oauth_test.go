package twin_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
)

// redirect is where the OAuth client of the walk wants its codes; nobody listens there.
const redirect = "http://127.0.0.1:9/oauth_callback"

// verifier and its challenge are one PKCE pair for the whole walk.
const verifier = "a-verifier-of-the-walk-that-is-long-enough-for-rfc-7636"

func challenge() string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// authorizePath is a client's request, with what change says done to it.
func authorizePath(change url.Values) string {
	q := url.Values{"client_id": {"service-client"}, "redirect_uri": {redirect}, "response_type": {"code"}, "state": {"the-state"},
		"code_challenge": {challenge()}, "code_challenge_method": {"S256"}}
	for key, values := range change {
		q.Del(key)
		if values[0] != "" {
			q.Set(key, values[0])
		}
	}
	return "hub/api/oauth2/authorize?" + q.Encode()
}

// oauth is the flow of a service, with every error of it that needs no clock.
func (w *walker) oauth() {
	w.vars["client"] = clientSecret
	w.show("oauth: authorize, anonymous", "", authorizePath(nil))
	for _, c := range []struct {
		name   string
		change url.Values
	}{
		{"an unknown client", url.Values{"client_id": {"service-ghost"}}},
		{"no client", url.Values{"client_id": {""}}},
		{"another redirect", url.Values{"redirect_uri": {"http://127.0.0.1:9/elsewhere"}}},
		{"no redirect", url.Values{"redirect_uri": {""}}},
		{"another response type", url.Values{"response_type": {"token"}}},
		{"no response type", url.Values{"response_type": {""}}},
		{"a scope that is not there", url.Values{"scope": {"nothing"}}},
		{"a scope that the client may not ask for", url.Values{"scope": {"admin:users"}}},
		{"no challenge", url.Values{"code_challenge": {""}, "code_challenge_method": {""}}},
		{"a method that is not there", url.Values{"code_challenge_method": {"S512"}}},
		{"the plain method", url.Values{"code_challenge_method": {"plain"}}},
		{"no state", url.Values{"state": {""}}},
		{"everything", nil},
		{"scopes", url.Values{"scope": {"access:services!service=client read:users:groups!user"}}},
	} {
		w.show("oauth: authorize, "+c.name, "shared-with", authorizePath(c.change))
	}
	w.show("oauth: authorize, without access to the service", "stranger", authorizePath(url.Values{"client_id": {"service-closed"}, "redirect_uri": {redirect + "-closed"}}))
	consent := url.Values{"scopes": {"identify"}}
	w.submit("oauth: consent without xsrf", "shared-with", authorizePath(nil), url.Values{"_xsrf": {""}})
	w.submit("oauth: consent with a wrong xsrf", "shared-with", authorizePath(nil), url.Values{"_xsrf": {"wrong"}})
	code := func(name string, change url.Values) {
		a := w.submit(name, "shared-with", authorizePath(change), consent)
		u, err := url.Parse(a.location)
		if err != nil || u.Query().Get("code") == "" {
			w.t.Fatalf("%s: no code in %q, status %d: %s", name, a.location, a.status, a.body)
		}
		w.vars["oauth-code"] = u.Query().Get("code")
	}
	code("oauth: consent", nil)

	token := func(name string, change url.Values) answer {
		form := url.Values{"client_id": {"service-client"}, "client_secret": {"{client}"}, "grant_type": {"authorization_code"}, "code": {"{oauth-code}"},
			"redirect_uri": {redirect}, "code_verifier": {verifier}, "_xsrf": {"none"}}
		for key, values := range change {
			form.Del(key)
			if values[0] != "" {
				form.Set(key, values[0])
			}
		}
		return w.do(call{name: name, method: http.MethodPost, path: "hub/api/oauth2/token", form: form, keeps: secretPlaces{"access_token": "token", "refresh_token": "refresh"}})
	}
	token("oauth: token, wrong secret", url.Values{"client_secret": {"wrong"}})
	token("oauth: token, no secret", url.Values{"client_secret": {""}})
	token("oauth: token, unknown client", url.Values{"client_id": {"service-ghost"}})
	token("oauth: token, another client's code", url.Values{"client_id": {"service-closed"}, "client_secret": {closedSecret}})
	token("oauth: token, wrong code", url.Values{"code": {"wrong"}})
	token("oauth: token, no code", url.Values{"code": {""}})
	token("oauth: token, unknown grant", url.Values{"grant_type": {"password"}})
	token("oauth: token, no grant", url.Values{"grant_type": {""}})
	code("oauth: consent for another redirect", nil)
	token("oauth: token, another redirect", url.Values{"redirect_uri": {"http://127.0.0.1:9/elsewhere"}})
	code("oauth: consent for a wrong verifier", nil)
	token("oauth: token, wrong verifier", url.Values{"code_verifier": {"another-verifier-that-is-long-enough-for-rfc-7636-too"}})
	code("oauth: consent for no verifier", nil)
	token("oauth: token, no verifier", url.Values{"code_verifier": {""}})
	code("oauth: consent for the token", url.Values{"scope": {"access:services!service=client read:users:groups!user"}})
	a := token("oauth: token", nil)
	w.vars["visitor"] = a.field(w.t, "access_token")
	w.api("oauth: who is the visitor", "visitor", "GET", "user", "")
	w.api("oauth: what the visitor may read", "visitor", "GET", "users/shared-with", "")
	w.api("oauth: what the visitor may not", "visitor", "GET", "users/sharer", "")
	w.api("oauth: legacy look at a token", "client", "GET", "authorizations/token/{visitor}", "")
	token("oauth: token, the code again", nil)
	w.api("oauth: the visitor afterwards", "visitor", "GET", "user", "")
	code("oauth: consent once more", url.Values{"scope": {"access:services!service=client read:users:groups!user"}})
	w.do(call{name: "oauth: token by get", path: "hub/api/oauth2/token?code={oauth-code}"})
	w.do(call{name: "oauth: token, client in the header", method: http.MethodPost, path: "hub/api/oauth2/token",
		header: map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("service-client:"+clientSecret)), "Content-Type": "application/x-www-form-urlencoded"},
		body:   "grant_type=authorization_code&code={oauth-code}&redirect_uri=" + url.QueryEscape(redirect) + "&code_verifier=" + verifier,
		keeps:  secretPlaces{"access_token": "token", "refresh_token": "refresh"}})

	// A user's server is a client too, of those with whom it is shared.
	server := url.Values{"client_id": {"jupyterhub-user-sharer"}, "redirect_uri": {"/base/user/sharer/oauth_callback"}}
	w.show("oauth: authorize for a shared server", "shared-with", authorizePath(server))
	w.show("oauth: authorize for a server that is not shared", "stranger", authorizePath(server))
	w.show("oauth: authorize for one's own server", "sharer", authorizePath(server))
}
