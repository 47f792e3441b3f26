package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

// View says how much of an owner's model a caller may see.
type View struct {
	// Fields are the keys to give, sorted (SC-160 … SC-162).
	Fields []string
	// Scopes are what the caller may do. They open single servers under "servers", also when Fields does not name it, and with
	// admin:server_state their state (OA-74, OA-75, HB-151).
	Scopes scopes.Set
	// Stopped: servers that do not run are listed as well (OA-74).
	Stopped bool
	// Token is what asks, for a host that records activity; nil = a login.
	Token *oauth.Identity
}

// Models is the host's address book and its models of owners. Implementations are safe for concurrent use.
type Models interface {
	// User finds a user by name, compared exactly: [oauth.ErrNoOwner].
	User(ctx context.Context, name string) (oauth.OwnerRef, error)
	// Model gives the host's own model of an owner, cut to the view: keys as in HB-150 and HB-155. The handler adds token_id, session_id
	// and scopes to the map and keeps none of it. [oauth.ErrNoOwner].
	Model(ctx context.Context, ref oauth.OwnerRef, v View) (map[string]any, error)
}

// ErrBadCredentials is what Config.Login answers about credentials that identify nobody.
var ErrBadCredentials = errors.New("bad credentials")

// Config is what a [Handler] is made of. Provider, Host, Models, BaseURL and Keys are required.
type Config struct {
	Provider *oauth.Provider
	Host     oauth.Host
	Models   Models

	BaseURL string // the hub's, escaped: begins and ends with "/" (HB-2)
	Version string // value of X-JupyterHub-Version (HB-6)
	// Keys sign XSRF tokens: the first signs, all verify; each of 32 bytes or more. They are the same on every replica and in every
	// handler of the hub that shares its pages' XSRF cookie; the token is bound to the session id and the user's OwnerRef.ID.
	Keys [][]byte

	Now    func() time.Time // nil = time.Now
	Logger *slog.Logger     // gets failures and refusals with the context of their request, as that of [oauth.Config]; nil = discard
	// Layout wraps the hub's page around a main block and writes it with the status; headers are set already. nil = a plain page.
	Layout func(w http.ResponseWriter, r *http.Request, status int, main template.HTML)
	// Login identifies who asks for a token without credentials by the "auth" object in the body (OA-82): [ErrBadCredentials].
	// nil = that way is closed.
	Login func(ctx context.Context, auth json.RawMessage) (oauth.OwnerRef, error)
	// Docs2 gives the answer of GET api/user the shape that JupyterHub's documentation of service-whoami shows, which is that of 2.x: no
	// token_id and no user_info, no scopes of sharing, and for an OAuth token none that every such token has (OA-122). Nothing else differs.
	Docs2 bool
	// StockFilterText shows filters without a name as a JupyterHub does, "server .", instead of "this server" (HB-193). The values in the form are the same.
	StockFilterText bool
	// OnDifference is told each time that a stock hub would have shown something else for want of StockFilterText: the number of the rule, and how.
	// nil = nobody is.
	OnDifference func(ctx context.Context, rule, how string)
	// AllowEmbedded lets scripts and frames use the authorize endpoint as a visitor's own navigation may. It gives every page of the same
	// origin the means to obtain codes in the visitor's name (OA-S11); leave it false unless servers have hosts of their own.
	AllowEmbedded bool
	// Secure says whether cookies get that attribute; nil = if the hub is reached by https (HB-33).
	Secure func(*http.Request) bool
	// ClientIP gives the visitor's address; nil = the peer's (HB-197).
	ClientIP func(*http.Request) string
}

// Format prints where the handler is mounted and no key, for every verb.
func (c Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "httpapi.Config{BaseURL: %q, Keys: REDACTED}", c.BaseURL)
}

// LogValue keeps the keys out of structured logs.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// Handler serves the OAuth endpoints, "who am I" and the token API of one hub. It is safe for concurrent use.
type Handler struct {
	cfg    Config
	site   web.Site
	xsrf   *web.XSRF
	routes web.Router
	log    *slog.Logger
}

// New gives a handler, or an error that names the field that is missing or wrong.
func New(c Config) (*Handler, error) {
	switch {
	case c.Provider == nil:
		return nil, errors.New("oauth handler: config has no provider")
	case c.Host == nil:
		return nil, errors.New("oauth handler: config has no host")
	case c.Models == nil:
		return nil, errors.New("oauth handler: config has no models")
	case !strings.HasPrefix(c.BaseURL, "/") || !strings.HasSuffix(c.BaseURL, "/"):
		return nil, fmt.Errorf("oauth handler: base url %q does not begin and end with a slash", c.BaseURL)
	}
	keys, err := web.NewKeys(c.Keys...)
	if err != nil {
		return nil, fmt.Errorf("oauth handler: keys: %w", err)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	h := &Handler{cfg: c, site: web.Site{BaseURL: c.BaseURL, Version: c.Version}, log: c.Logger}
	if h.log == nil {
		h.log = slog.New(slog.DiscardHandler)
	}
	h.xsrf = &web.XSRF{Keys: keys, Path: h.site.HubPrefix(), Now: c.Now, Secure: c.Secure, ClientIP: c.ClientIP}
	h.route()
	return h, nil
}

// Owns says whether a request is for this handler, by its path alone.
func (h *Handler) Owns(r *http.Request) bool {
	_, _, ok, err := h.routes.Lookup(r)
	return ok && err == nil
}

// ServeHTTP answers a request. Paths that are not its own are 404 in JSON.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.site.APIHeaders(w.Header()) // also for what the router itself refuses
	h.routes.ServeHTTP(w, r)
}
