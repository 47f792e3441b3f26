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
// Routes, below the hub's prefix: GET and POST api/oauth2/authorize, POST api/oauth2/token, GET api/user,
// GET and POST api/users/{name}/tokens, GET and DELETE api/users/{name}/tokens/{id}, and for clients from before "who am I"
// GET api/authorizations/token/{token}.
package httpapi
