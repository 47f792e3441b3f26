// Package httpapi serves sharing over HTTP: the REST endpoints of shares and share codes, and the page on which an invitation is accepted, as a
// JupyterHub does (rules SH-50 … SH-152 in RULES.md). A hub of any make mounts it by implementing [Host].
//
// It is no router for a whole hub, no login and no proxy: who makes a request is the host's to say, and where a server lives as well. It decides
// nothing about sharing either; that is [sharing.Service]. What it does not leave to anybody is that callers are identified, that cookie callers prove
// that the request came from a page of ours, and that whatever is shown is escaped.
//
//	handler, err := httpapi.New(httpapi.Config{Service: service, Host: hub, Keys: [][]byte{key}})
//	if err != nil {
//		return err
//	}
//	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
//		if handler.Owns(r) {
//			handler.ServeHTTP(w, r)
//			return
//		}
//		hub.ServeHTTP(w, r)
//	})
package httpapi
