// Package httpapi puts an OAuth provider on the web as a JupyterHub does: the authorize endpoint with its consent page, the token
// endpoint, "who am I" and the REST API of tokens.
//
// It decodes, asks [oauth.Provider] and the host, and encodes; it decides nothing about tokens itself. It relies on nobody in front of
// it: credentials, XSRF and escaping are its own. Login and its cookies are the host's, as are the models of users and services.
//
//	h, err := httpapi.New(httpapi.Config{
//		Provider: provider, Host: host, Models: host,
//		BaseURL: "/", Version: "5.5.1", Keys: [][]byte{key},
//	})
//	if err != nil {
//		return err
//	}
//	mux.HandleFunc("/hub/", func(w http.ResponseWriter, r *http.Request) {
//		if h.Owns(r) {
//			h.ServeHTTP(w, r)
//			return
//		}
//		…
//	})
//
// # Routes
//
// Below the hub's prefix, BaseURL + "hub/":
//
//	GET, POST    api/oauth2/authorize              where clients send their visitors, and the form of its consent page
//	POST         api/oauth2/token                  a code for a token
//	GET          api/user                          who am I, and what may I do
//	GET, POST    api/users/{name}/tokens           a user's tokens, and a new one
//	GET, DELETE  api/users/{name}/tokens/{id}      one of them
//	GET          api/authorizations/token/{token}  whose token it is, for clients from before api/user
//
// [Handler.Owns] says whether a request is for one of them.
//
// # Who is asking
//
// Authorize knows its visitor by the login cookie alone, and the token endpoint a client by the secret in its body alone. All others take
// "Authorization: token …" or "Bearer …", or else the login cookie; who comes by cookie has to prove with the value of the cookie _xsrf that
// one of the hub's own pages has sent them, unless they only look at a page.
//
// # What it keeps from others
//
// Failures of the store or the host are a 500 that tells nothing; the log has what went wrong. No secret and no code is logged. Answers that
// hold either are not to be cached, and addresses that hold one are kept out of Referer. A page of the same origin that fetches or frames
// authorize gets no code (Config.AllowEmbedded).
package httpapi
