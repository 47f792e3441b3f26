package httpapi

import (
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/sharing"
)

// DefaultVersion is the version that responses name when [Config] does not: that of the JupyterHub whose wire format this is.
const DefaultVersion = "5.5.1"

// Config says what a [Handler] serves and in whose name. Service, Host and Keys are required; every other zero value works.
type Config struct {
	Service *sharing.Service
	Host    Host
	// BaseURL is the escaped path that everything is below, with a slash at both ends: "/" (also for "") or "/base/". The routes are
	// below BaseURL + "hub/".
	BaseURL string
	// Version is what X-JupyterHub-Version says; "" = DefaultVersion.
	Version string
	// PublicURL is the hub's absolute address as browsers use it, "" if the hub does not know it. Only scheme and host count (SH-74).
	PublicURL string
	// Keys sign XSRF tokens: the first signs, all verify; each at least 32 bytes, the same on every replica and in the host's own pages.
	Keys [][]byte
	// Now is the clock for XSRF tokens; nil = [time.Now].
	Now func() time.Time
	// Logger gets what went wrong inside, with secrets scrubbed; nil = discard.
	Logger *slog.Logger
	// PageLimits bound what lists give at a time (SH-66).
	PageLimits PageLimits
	// Layout writes a page with this status around its main block; headers are set by then. nil = a plain page of our own.
	Layout func(w http.ResponseWriter, r *http.Request, status int, main template.HTML)
	// ClientIP is the address that XSRF tokens of anonymous visitors are bound to, and that [sharing.Quotas] count by; nil = the connection's. It
	// has to be the one that the host uses for its own pages. Behind a proxy it must look through that, or all visitors count as one; and
	// believe nobody else's headers, or nobody counts. For quotas a port does not matter, an IPv6 address counts as its /64, and what is no IP
	// address not at all.
	ClientIP func(r *http.Request) string
	// StockOnly makes every answer that of the hub whose wire format this is: no field, argument, route or page beyond it (Extensions in the
	// package's documentation). [sharing.Quotas] are the service's, and stay.
	StockOnly bool
}

// PageLimits bound the length of one page of a list. Zero fields = 50 and 200.
type PageLimits struct {
	Default int // for clients that ask for the paged form without naming a limit
	Max     int // highest limit, and that of clients that ask for nothing
}

// Handler serves every sharing route of a hub, and nothing else: what it does not own is a 404. It authenticates, checks XSRF and
// escapes by itself, whatever is mounted around it. Safe for concurrent use.
type Handler struct {
	cfg    Config
	site   web.Site
	public web.Origin // zero if the hub does not know its public address
	xsrf   *web.XSRF
	log    *slog.Logger
	router web.Router
}

// New checks a configuration and builds its handler. The error names the field that is missing or wrong.
func New(cfg Config) (*Handler, error) {
	switch {
	case cfg.Service == nil:
		return nil, errors.New("sharing http handler: Service is required")
	case cfg.Host == nil:
		return nil, errors.New("sharing http handler: Host is required")
	}
	if cfg.BaseURL == "" {
		cfg.BaseURL = "/"
	}
	if !strings.HasPrefix(cfg.BaseURL, "/") || !strings.HasSuffix(cfg.BaseURL, "/") || strings.ContainsAny(cfg.BaseURL, "{}?#") {
		return nil, fmt.Errorf("sharing http handler: BaseURL %q is not an escaped path with a slash at both ends", cfg.BaseURL)
	}
	if _, err := web.SplitPath(cfg.BaseURL); err != nil {
		return nil, fmt.Errorf("sharing http handler: BaseURL: %w", err)
	}
	if cfg.Version == "" {
		cfg.Version = DefaultVersion
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	keys, err := web.NewKeys(cfg.Keys...)
	if err != nil {
		return nil, fmt.Errorf("sharing http handler: Keys: %w", err)
	}
	h := &Handler{cfg: cfg, site: web.Site{BaseURL: cfg.BaseURL, Version: cfg.Version}, log: cfg.Logger}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	h.xsrf = &web.XSRF{Keys: keys, Path: h.site.HubPrefix(), Now: cfg.Now, ClientIP: cfg.ClientIP}
	if cfg.PublicURL != "" {
		u, err := url.Parse(cfg.PublicURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, errors.New("sharing http handler: PublicURL is not an absolute http or https address")
		}
		h.public = web.Origin{Scheme: u.Scheme, Host: u.Host}
		h.xsrf.Secure = func(*http.Request) bool { return u.Scheme == "https" }
	}
	h.routes()
	return h, nil
}

// Owns tells whether ServeHTTP has a route for this request, so that a hub can dispatch to it. The method does not matter.
func (h *Handler) Owns(r *http.Request) bool {
	_, _, ok, err := h.router.Lookup(r)
	return ok && err == nil
}

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.router.ServeHTTP(w, r) }

// routes is the whole table: SH-80 … SH-140, and what is beyond them unless StockOnly. A server's segment may be empty, since that is how the
// default server is called.
func (h *Handler) routes() {
	api := h.site.HubPrefix() + "api/"
	h.router.Handle(api+"shares/{owner}", h.api(methods{
		http.MethodGet: h.listOwnerShares, http.MethodPost: h.noServer, http.MethodPatch: h.noServer, http.MethodDelete: h.noServer,
	}))
	h.router.Handle(api+"shares/{owner}/{server?}", h.api(methods{
		http.MethodGet: h.listServerShares, http.MethodPost: h.grant, http.MethodPatch: h.revoke, http.MethodDelete: h.revokeAll,
	}))
	h.router.Handle(api+"share-codes/{owner}", h.api(methods{
		http.MethodGet: h.listOwnerCodes, http.MethodPost: h.noServer, http.MethodDelete: h.noServer,
	}))
	h.router.Handle(api+"share-codes/{owner}/{server?}", h.api(methods{
		http.MethodGet: h.listServerCodes, http.MethodPost: h.createCode, http.MethodDelete: h.deleteCodes,
	}))
	for plural, kind := range map[string]string{"users": sharing.KindUser, "groups": sharing.KindGroup} {
		h.router.Handle(api+plural+"/{grantee}/shared", h.api(methods{http.MethodGet: h.listShared(kind)}))
		h.router.Handle(api+plural+"/{grantee}/shared/{owner}/{server?}", h.api(methods{
			http.MethodGet: h.getShared(kind), http.MethodDelete: h.leave(kind),
		}))
	}
	if !h.cfg.StockOnly {
		h.router.Handle(api+"shares", h.api(methods{http.MethodGet: h.listOwnShares}))
		h.router.Handle(api+"share-codes", h.api(methods{http.MethodGet: h.listOwnCodes}))
		h.router.Handle(h.sharesPath(), http.HandlerFunc(h.sharesPage))
	}
	h.router.Handle(h.site.HubPrefix()+"accept-share", http.HandlerFunc(h.accept))
	h.router.Handle(h.site.HubPrefix()+"accept-share/", http.HandlerFunc(h.acceptWithSlash))
	h.router.NotFound = h.failing(http.StatusNotFound)
	h.router.BadPath = h.failing(http.StatusBadRequest)
}

// failing answers what is no route of ours, in the form that suits the path.
func (h *Handler) failing(status int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(web.EscapedPath(r), h.site.HubPrefix()+"api/") {
			h.site.APIHeaders(w.Header())
			web.WriteError(w, &web.Error{Status: status})
			return
		}
		h.site.PageHeaders(w.Header())
		h.errorPage(w, r, &web.Error{Status: status})
	})
}
