// Package hubauth is the other side of OAuth: it lets a Go server or service authenticate its visitors with the hub that it runs
// behind, be that this module's or a JupyterHub (5.x or 6.x).
//
// A visitor who brings a token is looked up at the hub; one who does not is sent there to log in, and comes back with a code that is
// exchanged for a token, which then lives in a signed cookie under this server's prefix. The hub's answers are remembered for a while,
// so a revocation takes up to Config.CacheAge to be noticed here, unless the browser's session changed or [Auth.Forget] was called.
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
//
// # What becomes of a request
//
//	?token=…, if Config.AllowTokenInURL or a WebSocket    that visitor; a page is sent on to the address without it
//	Authorization: token … or Bearer …                    that visitor; no XSRF proof is asked
//	the cookie, on a navigation                           that visitor
//	the cookie, by a script or a form, with the proof     that visitor: _xsrf in query or form, X-XSRFToken, X-CSRFToken
//	the cookie, by a script or a form, without it         nobody
//	the cookie, on a WebSocket                            that visitor, unless Config.DenyWebSocketCookie
//
// A visitor without an access scope gets 403 and is never redirected. Nobody is sent to log in on a GET or HEAD of a page, and gets 403
// otherwise, where Config.API says so, and with Config.NoLogin. When the hub cannot be reached that is a 500, when it fails a 502: nobody is
// let in because of it.
//
// # At the start
//
// [New] asks the hub nothing. A server that wants to know before its first visitor whether the hub is there, and of a version that fits,
// calls [Auth.CheckVersion]:
//
//	if _, err := auth.CheckVersion(ctx); err != nil { // after five tries, half a minute
//		return err
//	}
//
// # Running several
//
// Replicas and restarts need the same Config.Keys: the first signs, all verify, so a new key is put in front and the old one taken out a
// month later. Logins that are under way are in memory, so a visitor must come back to the replica that sent them, or start again.
//
// A visitor who is known costs no call to the hub and 10 µs on a busy machine ("go test -bench Known"); the rule allows 20 (OA-193).
package hubauth
