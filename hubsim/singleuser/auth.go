package singleuser

import (
	"errors"
	"net/http"

	"github.com/hubshare/hubshare/oauth/hubauth"
)

// newAuth is this server as an OAuth client of its hub, like any other (HB-127).
func (s *Server) newAuth() (*hubauth.Auth, error) {
	cfg, err := hubauth.FromEnv(func(name string) string { return s.cfg.Env[name] })
	if err != nil {
		return nil, err
	}
	if len(cfg.AccessScopes) == 0 {
		// To the client this means "whoever the hub knows", which is never
		// meant for a user's server (HB-117).
		return nil, errors.New("JUPYTERHUB_OAUTH_ACCESS_SCOPES names no scope")
	}
	cfg.CacheAge = s.cfg.CacheMaxAge
	if cfg.CacheAge == 0 {
		cfg.CacheAge = -1 // there 0 means the default
	}
	cfg.Version = s.cfg.Version
	cfg.Now = s.cfg.Now
	cfg.Rand = s.cfg.Rand
	cfg.HTTPClient = s.cfg.HTTPClient
	cfg.Logger = s.cfg.Logger
	cfg.API = s.isAPI
	cfg.Error = func(w http.ResponseWriter, r *http.Request, status int, message string) {
		// A stock server's API says no more than this (HB-128).
		if status == http.StatusForbidden && s.isAPI(r) {
			message = ""
		}
		s.refuse(w, r, status, message)
	}
	cfg.TLS = hubauth.TLSFiles{} // for what stands before the hub, which this one asks directly
	return hubauth.New(cfg)
}

// guard lets admitted visitors through and notes that they are here. That
// nobody comes in without a name does not rest on the client alone.
func (s *Server) guard(auth *hubauth.Auth, next http.Handler) http.Handler {
	return auth.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := hubauth.UserFrom(r.Context()); !ok {
			s.refuse(w, r, http.StatusForbidden, "")
			return
		}
		s.touch()
		next.ServeHTTP(w, r)
	}))
}

// visitor is who a guarded request comes from.
func visitor(r *http.Request) hubauth.User {
	u, _ := hubauth.UserFrom(r.Context())
	return u
}
