package hubauth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/sync/singleflight"
)

// User is a visitor whom the hub knows. Its slices are shared between requests: do not change them.
type User struct {
	Name      string
	Kind      string // "user" or "service"
	Admin     bool
	Groups    []string
	Scopes    []string // expanded, as the hub lists them
	SessionID string   // the browser session that authorised Token; "" for API tokens
	// Token is what authenticated this very request: the visitor's own, never this server's (HB-121).
	Token Secret
}

type userKey struct{}

// UserFrom gives the visitor of a request that passed [Auth.Middleware].
func UserFrom(ctx context.Context) (User, bool) {
	u, ok := ctx.Value(userKey{}).(User)
	return u, ok
}

// Auth authenticates the visitors of one server or service with its hub. It is safe for concurrent use and starts no goroutine.
type Auth struct {
	cfg      Config
	callback string // decoded path of the redirect URI
	client   *http.Client
	keys     signer
	states   states
	cache    cache
	calls    singleflight.Group
}

// New gives an Auth, or an error that names the field that is missing or wrong.
func New(c Config) (*Auth, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	callback, err := url.Parse(c.CallbackURL)
	if err != nil {
		return nil, errors.New("hubauth: the callback url cannot be read")
	}
	client := *c.HTTPClient
	// The hub's API does not redirect. Who does would be handed our token.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Auth{cfg: c, callback: callback.Path, client: &client, keys: signer{c.Keys}}, nil
}

// Middleware lets through to next who is identified and holds an access scope; next finds them with [UserFrom]. It answers all others, and
// the callback of the login flow, itself (OA-130 … OA-139).
func (a *Auth) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.headers(w.Header())
		if r.URL.Path == a.callback && !a.cfg.NoLogin {
			a.finish(w, r)
			return
		}
		v, err := a.identify(w, r)
		switch {
		case err != nil:
			a.fail(w, r, err)
		case v == nil:
			a.refuseOrLogin(w, r)
		case !permits(a.cfg.AccessScopes, v.Scopes):
			// Never a redirect: the hub would send them right back (OA-136, OA-199).
			a.write(w, r, http.StatusForbidden, v.Kind+" "+v.Name+" is not allowed.")
		case v.from == fromURL && isNavigation(r) && !a.cfg.NoLogin && a.keepURLToken(w, r, v): // it has answered
		default:
			if v.from == fromCookie && isNavigation(r) {
				a.refreshXSRF(w, r, v.Token)
			}
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey{}, v.User)))
		}
	})
}

// LogoutHandler clears this server's cookies and goes on to the hub's logout, which revokes the tokens (OA-112). Mount it outside of Middleware.
func (a *Auth) LogoutHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.headers(w.Header())
		a.clearCookie(w, r, a.tokenCookie())
		a.clearCookie(w, r, xsrfCookie)
		redirect(w, a.hubURL("logout"))
	})
}

// headers are on every response; next may change them (OA-140).
func (a *Auth) headers(h http.Header) {
	if a.cfg.Version != "" {
		h.Set(versionHeader, a.cfg.Version)
	}
	h.Set("Content-Security-Policy", "frame-ancestors 'none'; report-uri "+a.hubURL("security/csp-report"))
}

// hubURL is an address below the hub's prefix, as a browser reaches it.
func (a *Auth) hubURL(path string) string { return a.cfg.HubHost + a.cfg.BaseURL + "hub/" + path }

// refuseOrLogin answers who is not identified (OA-136).
func (a *Auth) refuseOrLogin(w http.ResponseWriter, r *http.Request) {
	page := (r.Method == http.MethodGet || r.Method == http.MethodHead) && !isWebSocket(r)
	if !page || a.cfg.NoLogin || a.cfg.API(r) {
		a.write(w, r, http.StatusForbidden, http.StatusText(http.StatusForbidden))
		return
	}
	a.start(w, r)
}

// keepURLToken makes a URL token that was good a cookie, and takes that of a page out of the address bar and the history (OA-131, OA-S7). It says
// whether it has answered: a form, or a program that posts, comes to do something, which a redirect would drop.
func (a *Auth) keepURLToken(w http.ResponseWriter, r *http.Request, v *visitor) bool {
	a.setTokenCookie(w, r, v.Token)
	a.refreshXSRF(w, r, v.Token)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	q := r.URL.Query()
	q.Del("token")
	redirect(w, ownPath(r.URL.EscapedPath(), q.Encode(), a.cfg.Prefix))
	return true
}

// failure is what went wrong between us and the hub, as a visitor may know it.
type failure struct {
	status  int
	message string
	cause   error
}

func (f *failure) Error() string { return f.message }
func (f *failure) Unwrap() error { return f.cause }

func (a *Auth) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := &failure{status: http.StatusInternalServerError, message: http.StatusText(http.StatusInternalServerError), cause: err}
	errors.As(err, &f)
	a.cfg.Logger.ErrorContext(r.Context(), f.message, "path", r.URL.Path, "error", f.cause)
	a.write(w, r, f.status, f.message)
}

// write answers with a message; nothing here comes from cache.
func (a *Auth) write(w http.ResponseWriter, r *http.Request, status int, message string) {
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case a.cfg.Error != nil:
		a.cfg.Error(w, r, status, message)
	case a.cfg.API(r):
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(struct {
			Status  int    `json:"status"`
			Message string `json:"message"`
		}{status, message}) // the client has gone; nobody is left to tell
	default:
		http.Error(w, message, status)
	}
}

// redirect sends the browser on. http.Redirect would clean the path, and so change which resource it names.
func redirect(w http.ResponseWriter, location string) {
	h := w.Header()
	h.Set("Location", location)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "strict-origin")
	w.WriteHeader(http.StatusFound)
}

// ownPath is a path on this server, or the fallback where it could be taken for another host (OA-108).
func ownPath(escaped, query, fallback string) string {
	if !strings.HasPrefix(escaped, "/") || strings.HasPrefix(escaped, "//") || strings.HasPrefix(escaped, `/\`) {
		return fallback
	}
	if query != "" {
		return escaped + "?" + query
	}
	return escaped
}
