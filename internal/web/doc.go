// Package web holds, once, the HTTP conventions of a hub: how names stand in
// paths, how requests are routed, where a visitor may be sent, how cookies are
// signed, how cross-site requests are refused, and what errors, times, pages
// and bodies look like on the wire.
//
// It knows nothing of users, shares or tokens, keeps no state, logs nothing and
// imports the standard library alone. It is not a framework: handlers are plain
// http.Handlers and call what they need.
//
//	site := web.Site{BaseURL: "/", Version: "5.5.1"}
//	var routes web.Router
//	routes.Handle(site.HubPrefix()+"api/shares/{owner}/{server?}", http.HandlerFunc(
//		func(w http.ResponseWriter, r *http.Request) {
//			site.APIHeaders(w.Header())
//			body, err := web.DecodeObject(r, 1<<20)
//			var refused *web.Error
//			if errors.As(err, &refused) {
//				web.WriteError(w, refused)
//				return
//			}
//			web.WriteJSON(w, http.StatusOK, body)
//		}))
package web
