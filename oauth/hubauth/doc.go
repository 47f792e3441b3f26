// Package hubauth is the other side of OAuth: it lets a Go server or service authenticate its visitors with the hub that it runs
// behind, be that this module's or a JupyterHub (5.x or 6.x).
//
// A visitor who brings a token is looked up at the hub; one who does not is sent there to log in, and comes back with a code that is
// exchanged for a token, which then lives in a signed cookie under this server's prefix. The hub's answers are remembered for a while,
// so a revocation takes up to Config.CacheAge to be noticed here, unless the browser's session changed.
//
//	cfg, err := hubauth.FromEnv(os.Getenv)
//	if err != nil {
//		return err
//	}
//	auth, err := hubauth.New(cfg)
//	if err != nil {
//		return err
//	}
//	http.Handle(cfg.Prefix, auth.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
//		u, _ := hubauth.UserFrom(r.Context())
//		fmt.Fprintf(w, "hello %s", u.Name)
//	})))
//
// It is no authorization framework: who may enter is decided by the access scopes alone, what they may do inside is the
// server's affair. It checks no origin of WebSockets; their handler must. It imports nothing of the hub.
package hubauth
