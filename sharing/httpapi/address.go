package httpapi

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/hubshare/hubshare/internal/web"
)

// identify asks the host who makes an API request, and notes where from.
func (h *Handler) identify(r *http.Request) (v Visitor, ok bool, err error) {
	v, ok, err = h.cfg.Host.Identify(r)
	v.Address = h.address(r)
	return v, ok, err
}

// identifyCookie does the same for a page.
func (h *Handler) identifyCookie(r *http.Request) (v Visitor, ok bool, err error) {
	v, ok, err = h.cfg.Host.IdentifyCookie(r)
	v.Address = h.address(r)
	return v, ok, err
}

// address is where a request comes from, as quotas count it: one IPv4 address, or the /64 of an IPv6 one, since whoever has one of these has all
// of it. A port does not matter. It is "" when nobody knows, so that not everybody whose address is unreadable shares one quota.
func (h *Handler) address(r *http.Request) string {
	from := h.cfg.ClientIP
	if from == nil {
		from = func(r *http.Request) string { return web.ClientIP(r) }
	}
	ip, ok := parseAddress(strings.TrimSpace(from(r)))
	switch {
	case !ok || ip.IsUnspecified():
		return ""
	case ip.Is4():
		return ip.String()
	}
	return netip.PrefixFrom(ip, 64).Masked().String() // without the zone
}

// parseAddress reads an IP address, with or without brackets, zone and port.
func parseAddress(s string) (netip.Addr, bool) {
	ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(s, "["), "]"))
	if err != nil {
		at, err := netip.ParseAddrPort(s)
		if err != nil {
			return netip.Addr{}, false
		}
		ip = at.Addr()
	}
	return ip.Unmap(), true
}
