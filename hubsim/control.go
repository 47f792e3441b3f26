package hubsim

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/sharing"
)

// Control opens endpoints below /_hubsim/, outside the hub's base, by which a test in any language moves the clock, looks at the hub and changes it (HB-179).
// Who may use them can do everything on this hub, and so nobody may but the same machine, or whoever has Token; a page of a foreign site never may.
type Control struct {
	// Token is what callers bring in "Authorization: token …", 8 bytes or more; "" = none, and then only callers on a loopback address are heard.
	Token oauth.Secret
	// Shutdown is called by POST shutdown; nil = that is refused.
	Shutdown func()
}

func (c *Control) check() error {
	if c == nil || c.Token == "" || len(c.Token) >= oauth.MinSecret && len(c.Token) <= oauth.MaxSecret {
		return nil
	}
	return wrongFieldf("Control.Token", "must have %d to %d bytes", oauth.MinSecret, oauth.MaxSecret)
}

const controlPrefix = "/_hubsim/"

// ControlURL is where the control endpoints lie, whether there are any or not.
func (h *Hub) ControlURL() string { return h.origin + controlPrefix }

// controlCall answers one control request: with what is to be encoded, or an error for the caller.
type controlCall func(ctx context.Context, body []byte, query url.Values) (any, error)

// pathID is where a call finds what {id} of its path was.
const pathID = "{id}"

const maxControlBody = 16 << 20 // a seed of many users

func (h *Hub) buildControl() {
	if h.cfg.Control == nil {
		return
	}
	h.proof = consoleProof()
	rt := &web.Router{}
	h.control = rt
	for path, calls := range map[string]map[string]controlCall{
		"": {http.MethodGet: h.controlInfo},
		"health": {http.MethodGet: func(context.Context, []byte, url.Values) (any, error) {
			return map[string]string{"status": "ready"}, nil
		}},
		"info":          {http.MethodGet: h.controlInfo},
		"state":         {http.MethodGet: func(ctx context.Context, _ []byte, _ url.Values) (any, error) { return h.Snapshot(ctx) }},
		"clock":         {http.MethodGet: h.controlNow, http.MethodPost: h.controlClock},
		"reset":         {http.MethodPost: h.controlReset},
		"restart":       {http.MethodPost: func(ctx context.Context, _ []byte, _ url.Values) (any, error) { return done, h.Restart(ctx) }},
		"seed":          {http.MethodPost: h.controlSeed},
		"users":         {http.MethodPost: h.controlAdd("users")},
		"groups":        {http.MethodPost: h.controlAdd("groups")},
		"servers":       {http.MethodPost: h.controlAdd("servers")},
		"shares":        {http.MethodPost: h.controlAdd("shares")},
		"share-codes":   {http.MethodPost: h.controlAdd("share_codes")},
		"login":         {http.MethodPost: h.controlLogin},
		"tokens":        {http.MethodPost: h.controlToken},
		"page-token":    {http.MethodPost: h.controlPageToken},
		"stop-server":   {http.MethodPost: h.controlStop},
		"kill-server":   {http.MethodPost: h.controlKill},
		"revoke-token":  {http.MethodPost: h.controlByID(h.RevokeToken)},
		"expire-code":   {http.MethodPost: h.controlByID(h.ExpireCode)},
		"expire-login":  {http.MethodPost: h.controlExpireLogin},
		"revoke-share":  {http.MethodPost: h.controlRevokeShare},
		"requests":      {http.MethodGet: h.controlRequests, http.MethodDelete: h.controlForget},
		"watch":         {http.MethodGet: h.controlWatch},
		"findings":      {http.MethodGet: h.controlFindings, http.MethodDelete: h.controlForgetFindings},
		"faults":        {http.MethodGet: h.controlFaults, http.MethodPost: h.controlFault, http.MethodDelete: h.controlRemoveFaults},
		"scenarios":     {http.MethodGet: h.controlScenarios},
		"remove-fault":  {http.MethodPost: h.controlFaultByID(h.RemoveFault)},
		"release-fault": {http.MethodPost: h.controlFaultByID(h.ReleaseFault)},
		"wait":          {http.MethodGet: h.controlWait},
		"env":           {http.MethodGet: h.controlEnv},
		"keys":          {http.MethodGet: h.controlKeys},
		"end-key":       {http.MethodPost: h.controlEndKey},
		"shutdown":      {http.MethodPost: h.controlShutdown},
	} {
		rt.Handle(controlPrefix+path, h.controlHandler(path, calls))
	}
	for path, calls := range h.faultCalls() {
		rt.Handle(controlPrefix+path, h.controlHandler(path, calls))
	}
}

// controlled puts the control endpoints in front of the hub. They are not in its request log.
func (h *Hub) controlled(public http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(web.EscapedPath(r), controlPrefix) {
			public.ServeHTTP(w, r)
			return
		}
		header := w.Header()
		web.NoStore(header)
		header.Set("Content-Type", "application/json")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Cross-Origin-Resource-Policy", "same-site")
		header.Add("Vary", "Origin")
		if err := h.mayControl(r); err != nil {
			web.WriteError(w, err)
			return
		}
		if consoleRequest(r) {
			h.serveConsole(w, r)
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" {
			header.Set("Access-Control-Allow-Origin", origin)
			header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, "+keyHeader)
			header.Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
		}
		if r.Method == http.MethodOptions {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		if err := h.knowsControl(r); err != nil {
			web.WriteError(w, err)
			return
		}
		h.control.ServeHTTP(w, r)
	})
}

// mayControl keeps out foreign machines and foreign pages. A page of a foreign site says so in Origin, or its browser in Sec-Fetch-Site; one whose
// name was made to lead here says that name in Host.
func (h *Hub) mayControl(r *http.Request) *web.Error {
	forbidden := func(why string) *web.Error { return web.Errorf(http.StatusForbidden, "%s", why) }
	if h.cfg.Control.Token == "" {
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !peer.Addr().Unmap().IsLoopback() {
			return forbidden("Without an admin token, the control endpoints are for this machine alone")
		}
		// Somebody is asking through a proxy on this machine.
		for _, name := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded"} {
			if r.Header.Get(name) != "" {
				return forbidden("Without an admin token, the control endpoints cannot be reached through a proxy")
			}
		}
	}
	if !h.isOwnHost(r.Host) {
		return forbidden("The control endpoints are not at this host name")
	}
	if values := r.Header.Values("Origin"); len(values) > 1 || len(values) == 1 && !loopbackOrigin(values[0]) {
		return forbidden("The control endpoints are not for pages of other sites")
	}
	if r.Header.Get("Origin") == "" {
		switch r.Header.Get("Sec-Fetch-Site") {
		case "", "same-origin", "none":
		default:
			return forbidden("The control endpoints are not for pages of other sites")
		}
	}
	return nil
}

// knowsControl asks for the token, except of who asks for health alone.
func (h *Hub) knowsControl(r *http.Request) *web.Error {
	token := h.cfg.Control.Token
	if token != "" && web.EscapedPath(r) != controlPrefix+"health" {
		secret, ok := web.BearerToken(r)
		if !ok || !sameSecret(secret, token.Reveal()) {
			return web.Errorf(http.StatusUnauthorized, "The control endpoints need the admin token")
		}
	}
	// A form of a foreign page cannot send this type without asking first.
	if r.Method == http.MethodPost {
		kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
		if strings.TrimSpace(strings.ToLower(kind)) != "application/json" && (r.ContentLength != 0 || kind != "") {
			return web.Errorf(http.StatusUnsupportedMediaType, "The body must be application/json")
		}
	}
	return nil
}

// askedKey leads to the origin by which a control request came.
type askedKey struct{}

// askedAt is the origin by which a caller has reached the hub. Its host has been looked at: it is one of the hub's names.
func (h *Hub) askedAt(r *http.Request) string {
	if public, ok := originOf(h.cfg.PublicURL); ok && strings.EqualFold(public.Host, r.Host) {
		return h.cfg.PublicURL
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (h *Hub) isOwnHost(host string) bool {
	name := host
	if n, _, err := net.SplitHostPort(host); err == nil {
		name = n
	}
	if loopbackName(strings.Trim(name, "[]")) {
		return true
	}
	listening, _, err := net.SplitHostPort(h.cfg.Addr)
	if err == nil && listening != "" && strings.EqualFold(name, listening) {
		return true
	}
	public, ok := originOf(h.cfg.PublicURL)
	return ok && subtle.ConstantTimeCompare([]byte(strings.ToLower(public.Host)), []byte(strings.ToLower(host))) == 1
}

func loopbackName(name string) bool {
	if name = strings.ToLower(name); name == "localhost" || belowLocalhost(name) {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.Unmap().IsLoopback()
}

func loopbackOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && loopbackName(u.Hostname())
}

func (h *Hub) controlHandler(path string, calls map[string]controlCall) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		call := calls[method]
		if call == nil {
			web.WriteError(w, web.Errorf(http.StatusMethodNotAllowed, ""))
			return
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, maxControlBody+1))
		if err != nil || len(body) > maxControlBody {
			web.WriteError(w, web.Errorf(http.StatusRequestEntityTooLarge, ""))
			return
		}
		query := r.URL.Query()
		query.Del(pathID)
		if id := r.PathValue("id"); id != "" {
			query.Set(pathID, id)
		}
		answer, err := call(context.WithValue(r.Context(), askedKey{}, h.askedAt(r)), body, query)
		if err != nil {
			web.WriteError(w, h.controlError(path, err))
			return
		}
		if method != http.MethodGet {
			h.log.Info("control request", "endpoint", path, "method", method)
		}
		if s, ok := answer.(streaming); ok {
			w.Header().Set("Content-Type", s.kind)
			if err := s.write(r.Context(), w); err != nil {
				h.log.Debug("control stream ended", "endpoint", path, "error", err)
			}
			return
		}
		last, ends := answer.(afterwards)
		if ends {
			answer = done
		}
		web.WriteJSON(w, http.StatusOK, answer)
		if ends {
			_ = http.NewResponseController(w).Flush() // a caller who has left misses nothing
			last()
		}
	})
}

// controlError gives callers the whole truth: who may control a hub may know what goes on inside.
func (h *Hub) controlError(path string, err error) *web.Error {
	var known *web.Error
	var wrong *ConfigError
	var file *FileError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &wrong):
		return web.Errorf(http.StatusBadRequest, "%s: %v", wrong.Path(), wrong.Reason())
	case errors.As(err, &file), errors.Is(err, errControl):
		return web.Errorf(http.StatusBadRequest, "%v", err)
	case errors.Is(err, sharing.ErrNoSuchUser), errors.Is(err, sharing.ErrNoSuchServer), errors.Is(err, sharing.ErrNoSuchGroup), errors.Is(err, oauth.ErrNoToken),
		errors.Is(err, sharing.ErrCodeNotFound), errors.Is(err, ErrNoSuchService), errors.Is(err, ErrNoSuchFault), errors.Is(err, sharing.ErrNoSuchShare):
		return web.Errorf(http.StatusNotFound, "%v", err)
	case errors.Is(err, context.DeadlineExceeded):
		return web.Errorf(http.StatusRequestTimeout, "%v", err)
	}
	var refusal *sharing.Error
	if errors.As(err, &refusal) {
		return web.Errorf(http.StatusBadRequest, "%s", refusal.Message)
	}
	h.log.Error("control request failed", "endpoint", path, "error", err)
	return web.Errorf(http.StatusConflict, "%v", err)
}

var errControl = errors.New("wrong request")

func wrongRequest(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errControl, fmt.Sprintf(format, args...))
}

// decode reads a small body into its fields; others are refused.
func decode(body []byte, into any) error {
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return wrongRequest("body: %v", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return wrongRequest("body: something follows its end")
	}
	return nil
}

// afterwards is an answer after which something is to be done that ends the connection.
type afterwards func()

// done is the answer that says no more than that it worked.
var done = struct{}{}

// clockState is what the clock endpoint tells.
type clockState struct {
	Now      web.Time `json:"now"`
	Standing bool     `json:"standing"`
}

func (h *Hub) controlNow(context.Context, []byte, url.Values) (any, error) {
	s := clockState{Now: web.Time{Time: h.cfg.Clock.Now()}}
	switch c := h.clock.shown.(type) {
	case *MovableClock:
		s.Standing = c.Standing()
	case *FakeClock:
		s.Standing = true
	}
	return s, nil
}

func (h *Hub) controlClock(ctx context.Context, body []byte, query url.Values) (any, error) {
	var order struct {
		Advance *string `json:"advance"`
		Set     *string `json:"set"`
	}
	if err := decode(body, &order); err != nil {
		return nil, err
	}
	clock, ok := h.clock.shown.(interface {
		Advance(time.Duration)
		Set(time.Time)
	})
	switch {
	case !ok:
		return nil, errors.New("the clock of this hub cannot be moved")
	case (order.Advance == nil) == (order.Set == nil):
		return nil, wrongRequest("either advance or set")
	case order.Advance != nil:
		d, err := time.ParseDuration(*order.Advance)
		if err != nil || d < 0 {
			return nil, wrongRequest("advance must be a duration forward, such as 36h")
		}
		clock.Advance(d)
	default:
		at, err := web.ParseTime(*order.Set)
		if err != nil {
			return nil, wrongRequest("set must be an instant such as 2026-01-02T03:04:05.678901Z")
		}
		clock.Set(at)
	}
	return h.controlNow(ctx, nil, query)
}
