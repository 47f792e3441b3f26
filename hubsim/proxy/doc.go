// Package proxy is the front door of a simulated hub: it sends each request to
// the server or service whose prefix its path has, and everything else to the
// hub itself. Paths, queries, headers and bodies pass as they came; web sockets
// and event streams pass as they flow; when a route is removed, what ran over
// it ends.
//
// It also knows what is open: when somebody's access ends, Review has the
// connections that carry a token or session of theirs looked at again, and cuts
// those that are refused. Until then a request costs it two pointers.
//
// It is not a load balancer, it retries nothing of its own accord, and it grants
// nothing: who may do what is decided behind it.
//
//	p := proxy.New(proxy.Config{Default: hub})
//	defer p.Close()
//	p.Add("/user/ann/", serverURL)
//	defer p.Remove("/user/ann/")
//	front := &http.Server{Handler: p}
//	// GET /user/ann/lab  → ann's server, as /user/ann/lab
//	// GET /user/bob/lab  → the hub
//	// GET /user/ann      → the hub: a prefix matches with its slash
package proxy
