package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Origin is where a browser believes it is: scheme "http" or "https", host
// with its port if that is not the scheme's own.
type Origin struct{ Scheme, Host string }

// String is the origin as a URL without a path.
func (o Origin) String() string { return o.Scheme + "://" + o.Host }

// BrowserOrigin is the origin that the browser sees, through however many
// proxies: the first value of Forwarded (its proto), else of X-Scheme, else of
// X-Forwarded-Proto, each only if it is http or https; else the connection's
// own (OA-99, HB-43). The host is the request's. It serves to recognise own
// addresses and to build links, never to trust a caller.
func BrowserOrigin(r *http.Request) Origin {
	for _, proto := range []string{
		forwardedProto(r.Header.Get("Forwarded")),
		r.Header.Get("X-Scheme"),
		r.Header.Get("X-Forwarded-Proto"),
	} {
		first, _, _ := strings.Cut(proto, ",")
		if s := httpScheme(first); s != "" {
			return Origin{Scheme: s, Host: r.Host}
		}
	}
	return Origin{Scheme: connectionScheme(r), Host: r.Host}
}

// forwardedProto reads proto= of the first element of a Forwarded header
// (RFC 7239).
func forwardedProto(header string) string {
	first, _, _ := strings.Cut(header, ",")
	for _, pair := range strings.Split(first, ";") {
		key, value, _ := strings.Cut(pair, "=")
		if strings.EqualFold(strings.TrimSpace(key), "proto") {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}

func httpScheme(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if s == "http" || s == "https" {
		return s
	}
	return ""
}

func connectionScheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// SecureConnection tells whether the hub's own cookies get Secure when no
// public URL says so: by X-Scheme, else by the last value of
// X-Forwarded-Proto, which is the hub's own proxy's, else by the connection
// (HB-33).
func SecureConnection(r *http.Request) bool {
	if s := httpScheme(r.Header.Get("X-Scheme")); s != "" {
		return s == "https"
	}
	protos := strings.Split(strings.Join(r.Header.Values("X-Forwarded-Proto"), ","), ",")
	if s := httpScheme(protos[len(protos)-1]); s != "" {
		return s == "https"
	}
	return connectionScheme(r) == "https"
}

// ClientIP is the browser's address: the peer's, or, when the peer is a
// trusted proxy, the last entry of X-Forwarded-For that is not one (HB-197).
// Entries that are no address end the search, so that a client cannot write
// its way past the proxies. The result is "" only for a request that came over
// no network.
func ClientIP(r *http.Request, trusted ...netip.Prefix) string {
	ip, ok := parseIP(r.RemoteAddr)
	if !ok {
		return ""
	}
	entries := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(entries) - 1; i >= 0 && contains(trusted, ip); i-- {
		next, ok := parseIP(strings.TrimSpace(entries[i]))
		if !ok {
			break
		}
		ip = next
	}
	return ip.String()
}

func parseIP(s string) (netip.Addr, bool) {
	if host, _, err := net.SplitHostPort(s); err == nil {
		s = host
	}
	ip, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return ip.Unmap(), err == nil
}

func contains(prefixes []netip.Prefix, ip netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}
