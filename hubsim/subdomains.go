package hubsim

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"net/http"
	"regexp"
	"strings"

	"golang.org/x/net/idna"

	"github.com/hubshare/hubshare/hubsim/pages"
	"github.com/hubshare/hubshare/internal/web"
)

// This file gives every user and service an origin of their own below the hub's (HB-82, OA-115): what runs on one cannot read what another, or the hub, answers.
// The hub has no CORS headers, so scripts of servers cannot call its API, as it is with a JupyterHub.

var subdomainHost = regexp.MustCompile(`^(https?://)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+(:[0-9]{1,5})?$`)

func (c Config) checkSubdomains() error {
	switch {
	case c.SubdomainHost == "":
		return nil
	case !subdomainHost.MatchString(c.SubdomainHost):
		return wrongFieldf("SubdomainHost", "%q must be a name with a dot in it, like hub.localhost, lower case, or http:// or https:// and such a name, with its port", c.SubdomainHost)
	case c.Keys > 0:
		return wrongFieldf("SubdomainHost", "does not go with Keys: both tell hubs and users apart by name")
	}
	return nil
}

// below makes the place one whose users have names of their own below host, which gets scheme and port of the place if it has no scheme.
func (p *place) below(host string) {
	if host == "" {
		return
	}
	if !strings.Contains(host, "://") {
		scheme, address, _ := strings.Cut(p.origin, "://")
		if _, port, err := net.SplitHostPort(address); err == nil && !strings.Contains(host, ":") {
			host += ":" + port
		}
		host = scheme + "://" + host
	}
	p.origin = host
	p.domain = hostname(strings.TrimPrefix(strings.TrimPrefix(host, "https://"), "http://"))
}

// hostname is a Host header without its port, in lower case.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.ToLower(host)
}

// originBelow is that of a label, or "" if the hub has one origin for all.
func (p place) originBelow(label string) string {
	if p.domain == "" {
		return ""
	}
	scheme, host, _ := strings.Cut(p.origin, "://")
	return scheme + "://" + label + "." + host
}

// Kinds of what has a label.
const (
	serviceSuffix = "--service"
	maxLabel      = 63
)

// userOrigin is where a user's servers are reached, "" where the hub is.
func (h *Hub) userOrigin(owner string) string { return h.originBelow(label(owner)) }

// serviceOrigin is where a service is reached, "" where the hub is.
func (h *Hub) serviceOrigin(name string) string { return h.originBelow(label(name) + serviceSuffix) }

// hubHost is what servers have to be told of the hub's address, "" if it is theirs (OA-115).
func (h *Hub) hubHost() string {
	if h.domain == "" {
		return ""
	}
	return h.origin
}

// label makes of any name one part of a host name, of which no two names have the same: the name itself, its IDNA form, or what can be kept of it and a
// part of its hash. Names with "--" are always hashed, since the other forms have that (OA-115).
func label(name string) string {
	if strings.Contains(name, "--") {
		return hashedLabel(name)
	}
	if safeLabel(name) {
		return name
	}
	if ascii, err := idna.Lookup.ToASCII(name); err == nil && ascii != name && safeLabel(ascii) {
		if back, err := idna.Lookup.ToUnicode(ascii); err == nil && back == name { // what is folded into another name is not its own
			return ascii
		}
	}
	return hashedLabel(name)
}

// safeLabel leaves room for the suffix of services.
func safeLabel(s string) bool {
	digits := true
	for _, c := range s {
		letter := 'a' <= c && c <= 'z'
		digit := '0' <= c && c <= '9'
		if !letter && !digit && c != '-' {
			return false
		}
		digits = digits && digit
	}
	return s != "" && !digits && len(s) <= maxLabel-len(serviceSuffix) && s[0] != '-' && s[len(s)-1] != '-'
}

func hashedLabel(name string) string {
	stub := strings.Map(func(c rune) rune {
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
			return c
		}
		return -1
	}, strings.ToLower(name))
	if stub == "" {
		stub = "x" // never "--" in the third place, which is IDNA's
	}
	sum := sha256.Sum256([]byte(name))
	return "u-" + stub[:min(8, len(stub))] + "--" + hex.EncodeToString(sum[:])[:7]
}

// byHost routes by Host: a server or service is found on its own host alone, the hub on every other. What else is asked for on a server's host is the hub's, and who
// opens a page is sent there.
func (h *Hub) byHost(servers, hub http.Handler) http.Handler {
	if h.domain == "" {
		return servers
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, below := strings.CutSuffix(hostname(r.Host), "."+h.domain)
		kind, owner := h.meant(r)
		switch {
		case below && kind == "user" && name == label(owner), below && kind == "services" && name == label(owner)+serviceSuffix:
			servers.ServeHTTP(w, r)
		case below && r.Method == http.MethodGet && !strings.HasPrefix(web.EscapedPath(r), h.site.HubPrefix()+"api"):
			noteHub(r)
			h.site.PageHeaders(w.Header())
			web.Redirect(w, http.StatusFound, h.origin+requestURI(r))
		case below:
			noteHub(r)
			if strings.HasPrefix(web.EscapedPath(r), h.site.HubPrefix()+"api") {
				h.site.APIHeaders(w.Header())
				web.WriteError(w, web.Errorf(http.StatusNotFound, ""))
				return
			}
			h.pages.Error(w, pages.ErrorPage{Status: http.StatusNotFound}) // it sets no cookie of the hub's here
		case kind == "services" && h.services.named(owner) != nil && r.Method == http.MethodGet:
			noteHub(r)
			h.site.PageHeaders(w.Header())
			web.Redirect(w, http.StatusFound, h.serviceOrigin(owner)+requestURI(r))
		default:
			hub.ServeHTTP(w, r)
		}
	})
}

// meant says whose path a request has: "user" or "services", and the name; "" = neither.
func (h *Hub) meant(r *http.Request) (kind, name string) {
	segments, err := web.SplitPath(web.EscapedPath(r))
	if err != nil {
		return "", ""
	}
	base, err := web.SplitPath(h.cfg.BaseURL)
	if err != nil || len(segments) < len(base)+2 { // the last part of base is empty
		return "", ""
	}
	for i, s := range base[:len(base)-1] {
		if segments[i] != s {
			return "", ""
		}
	}
	rest := segments[len(base)-1:]
	if rest[0] != "user" && rest[0] != "services" {
		return "", ""
	}
	return rest[0], rest[1]
}
