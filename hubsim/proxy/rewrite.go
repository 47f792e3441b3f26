package proxy

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"strings"

	"github.com/hubshare/hubshare/internal/web"
)

// rewrite undoes what httputil.ReverseProxy changes and a hub's proxy must not:
// the path's and query's bytes, the host, the headers of proxies further out.
func rewrite(r *httputil.ProxyRequest, target *url.URL) {
	in := r.In.URL
	r.Out.URL = &url.URL{
		Scheme: target.Scheme, Host: target.Host,
		// Opaque is sent as it stands. It cannot begin with two slashes, which
		// would make a host of it: the first segment of a route is not empty.
		Opaque: web.EscapedPath(r.In), RawQuery: in.RawQuery, ForceQuery: in.ForceQuery,
	}
	r.Out.Host = r.In.Host
	// The very map that the server fills when it has read the body: a copy made before stays empty.
	r.Out.Trailer = r.In.Trailer
	for _, name := range []string{"Forwarded", "X-Forwarded-Host", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto"} {
		if values, ok := r.In.Header[name]; ok {
			r.Out.Header[name] = values
		}
	}
	forwardedHeaders(r.Out.Header, r.In)
}

// forwardedHeaders tells the target whom the proxy speaks for: address, port
// and protocol are appended to what proxies further out said, the host is set if
// none did (HB-76). Web sockets have a protocol of their own and no host.
func forwardedHeaders(h http.Header, r *http.Request) {
	protocols := []string{"http", "ws"}
	port := "80"
	if r.TLS != nil {
		protocols = []string{"https", "wss"}
		port = "443"
	}
	if m := portAtEnd.FindStringSubmatch(r.Host); m != nil {
		port = m[1]
	}
	socket := isWebSocket(r)
	protocol := protocols[0]
	if socket {
		protocol = protocols[1]
	}
	appendValue(h, "X-Forwarded-For", web.ClientIP(r))
	appendValue(h, "X-Forwarded-Port", port)
	appendValue(h, "X-Forwarded-Proto", protocol)
	if !socket && h.Get("X-Forwarded-Host") == "" {
		h.Set("X-Forwarded-Host", r.Host)
	}
}

var portAtEnd = regexp.MustCompile(`:([0-9]+)$`)

func appendValue(h http.Header, name, value string) {
	if value == "" {
		return
	}
	if before := strings.Join(h.Values(name), ","); before != "" {
		value = before + "," + value
	}
	h.Set(name, value)
}

func isWebSocket(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}
