package hubsim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hubshare/hubshare/hubsim/spawner"
	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// Service is one service of a [Config] (HB-159): something beside the hub that uses its API, is visited through it, or both. It may do what the
// roles that list it allow, and nothing by itself (HB-162).
type Service struct {
	// Name is part of the service's address, "services/NAME/" below the base.
	Name string
	// URL is where it answers, "http://127.0.0.1:PORT"; "" = it has no pages. With port 0 the hub picks a free one on 127.0.0.1. What lies below
	// the service's address is forwarded there whole. It need not answer when the hub starts; as long as it does not, visitors get 503.
	URL string
	// APIToken is its own token, 8 bytes or more, and the secret of its OAuth client; "" = one is drawn at each start.
	APIToken oauth.Secret
	// Admin gives it the role admin.
	Admin bool
	// OAuthClientID begins with "service-"; "" is "service-" and the name (OA-2).
	OAuthClientID string
	// OAuthRedirectURI is a path or an absolute address; "" is "oauth_callback" below the service's address. A service without URL is
	// an OAuth client only if this or one of its neighbours is set, and then this has to be (OA-5).
	OAuthRedirectURI string
	// OAuthNoConfirm: visitors are not asked for consent.
	OAuthNoConfirm bool
	// OAuthClientAllowedScopes are the raw scopes that it may ask of its visitors besides access to itself (OA-10).
	OAuthClientAllowedScopes []string
	// Display says whether the menu of services has it, for visitors with access; nil = yes.
	Display *bool
	// Info is shown to whoever may read the service; the hub does not look at it.
	Info map[string]any

	// Command makes the service a managed one: this program with its arguments is started with the hub, started again when it ends, and
	// stopped with the hub. Its output is in the hub's log. It finds what it needs to know in its environment (HB-160).
	Command []string
	// Environment is added to that.
	Environment map[string]string
	// Cwd is the directory that Command runs in; "" = the hub's.
	Cwd string
	// Timeout is how long the hub's start waits for the service to answer, real time; 0 = 30 s. For profile 6.0 alone (OA-V9): 5.5 always waits 30 s.
	Timeout time.Duration
}

// Format prints which service it is, and neither token nor environment, for every verb.
func (s Service) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "hubsim.Service{Name: %q, URL: %q, APIToken: REDACTED}", s.Name, s.URL)
}

// LogValue keeps token and environment out of structured logs.
func (s Service) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(s)) }

// ErrNoSuchService is the error about a service that the configuration does not name.
var ErrNoSuchService = errors.New("no such service")

func (s Service) isClient() bool {
	return s.URL != "" || s.OAuthClientID != "" || s.OAuthRedirectURI != "" || s.OAuthNoConfirm
}

func (s Service) clientID() string {
	if s.OAuthClientID != "" {
		return s.OAuthClientID
	}
	return oauth.ServiceClientID(s.Name)
}

func (c Config) checkServices() error {
	names, clients := map[string]bool{}, map[string]bool{}
	for i, s := range c.Services {
		err := s.check()
		switch {
		case err != nil:
		case names[s.Name]:
			err = wrongFieldf("Name", "%q is taken by another service", s.Name)
		case s.Timeout != 0 && c.Profile != scopes.P60:
			err = wrongFieldf("Timeout", "is for profile 6.0 alone")
		case s.isClient() && clients[s.clientID()]:
			err = wrongFieldf("OAuthClientID", "%q is taken by another service", s.clientID())
		}
		if err != nil {
			return wrongField(fmt.Sprintf("Services[%d]", i), err)
		}
		names[s.Name] = true
		if s.isClient() {
			clients[s.clientID()] = true
		}
	}
	for i, r := range c.Roles {
		for _, s := range r.Services {
			if !names[s] {
				return wrongFieldf(fmt.Sprintf("Roles[%d]", i), "no such service: %s", s) // SC-325
			}
		}
	}
	return nil
}

func (s Service) check() error {
	switch {
	case s.Name == "":
		return wrongFieldf("Name", "a service needs one")
	case len(s.Name) > 200 || strings.Contains(s.Name, "/") || s.Name == "." || s.Name == "..":
		return wrongFieldf("Name", "%q must be one part of a path, of at most 200 bytes", s.Name)
	case !utf8.ValidString(s.Name) || strings.ContainsFunc(s.Name, unicode.IsControl):
		return wrongFieldf("Name", "%q must be UTF-8 without control characters", s.Name)
	case s.OAuthClientID != "" && !strings.HasPrefix(s.OAuthClientID, "service-"):
		return wrongFieldf("OAuthClientID", "%q must begin with service-", s.OAuthClientID) // OA-3
	case s.isClient() && !isCookieName(s.clientID()):
		return wrongFieldf("OAuthClientID", "%q must do as the name of a cookie, which it becomes; set another one", s.clientID())
	case s.isClient() && s.URL == "" && s.OAuthRedirectURI == "":
		return wrongFieldf("OAuthRedirectURI", "is needed by a service without URL") // OA-5
	case s.APIToken != "" && (len(s.APIToken) < oauth.MinSecret || len(s.APIToken) > oauth.MaxSecret):
		return wrongFieldf("APIToken", "must have %d to %d bytes", oauth.MinSecret, oauth.MaxSecret)
	case len(s.Command) > 0 && s.Command[0] == "":
		return wrongFieldf("Command", "has no program")
	case len(s.Command) == 0 && s.Cwd != "":
		return wrongFieldf("Cwd", "is of use with a command alone")
	case s.Timeout < 0:
		return wrongFieldf("Timeout", "must not be negative")
	case s.Timeout != 0 && (len(s.Command) == 0 || s.URL == ""):
		return wrongFieldf("Timeout", "is of use with a command and a url")
	}
	for name, value := range s.Environment {
		if !isVariable(name, value) {
			return wrongFieldf("Environment", "%q is no variable", name)
		}
	}
	_, err := s.target()
	return err
}

// isVariable says whether a process can have this in its environment.
func isVariable(name, value string) bool {
	return name != "" && !strings.ContainsAny(name, "=\x00") && !strings.Contains(value, "\x00")
}

// target reads URL; nil if there is none.
func (s Service) target() (*url.URL, error) {
	if s.URL == "" {
		return nil, nil
	}
	u, err := url.Parse(s.URL)
	switch {
	case err == nil && u.User != nil:
		return nil, wrongFieldf("URL", "must not hold credentials")
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "":
		return nil, wrongFieldf("URL", "%q must be http:// or https:// and a host, without query", web.ScrubURL(s.URL))
	case u.Port() == "0" && u.Hostname() != "127.0.0.1":
		return nil, wrongFieldf("URL", "%q: a free port is picked on 127.0.0.1 alone", s.URL)
	}
	return u, nil
}

// isCookieName: a token of RFC 6265.
func isCookieName(s string) bool {
	return len(s) <= 255 && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, c)
	})
}

// service is the record of a service. All is fixed before anybody else sees it, but for what mu guards.
type service struct {
	Service
	id      string
	made    bool     // while a hub ran, not by the configuration (OA-14)
	roles   []string // names, sorted
	owner   oauth.Owner
	allowed []scopes.Scope
	token   oauth.Secret

	mu    sync.Mutex
	at    *url.URL // where it answers; nil without URL
	child *spawner.Child
}

func (s *service) ref() oauth.OwnerRef { return oauth.OwnerRef{Kind: oauth.KindService, ID: s.id} }

func (s *service) displayed() bool { return s.URL != "" && (s.Display == nil || *s.Display) }

// address is the configured URL, with the port that was picked.
func (s *service) address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == nil {
		return ""
	}
	return s.at.String()
}

// pid is the number of a managed service's process; 0 = there is none.
func (s *service) pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.child == nil {
		return 0
	}
	return s.child.PID()
}

// buildServices makes the records of the configured services. Their ids are kept in the database, since tokens hang on them.
func (h *Hub) buildServices(ctx context.Context) error {
	if h.unused && len(h.cfg.Services) == 0 {
		return nil // the database has none either
	}
	names := make([]string, len(h.cfg.Services))
	for i, c := range h.cfg.Services {
		names[i] = c.Name
	}
	ids, made, err := h.roster.db.keepServices(ctx, names)
	if err != nil {
		return err
	}
	for i, c := range h.cfg.Services {
		s := &service{Service: c, id: ids[c.Name]}
		if s.allowed, err = h.registry.ParseValid(c.OAuthClientAllowedScopes, ""); err != nil {
			return wrongField(fmt.Sprintf("Services[%d].OAuthClientAllowedScopes", i), err)
		}
		if s.at, err = c.target(); err != nil {
			return wrongField(fmt.Sprintf("Services[%d]", i), err)
		}
		h.giveRights(s)
		h.services.add(s)
	}
	return h.restoreMade(made)
}

// giveRights says what a service holds (SC-351).
func (h *Hub) giveRights(s *service) {
	s.roles, s.owner.Roles = h.roster.rolesOfService(s.Name, s.Admin)
	s.owner.Owner = scopes.Owner{Kind: scopes.KindService, Name: s.Name}
	s.owner.Held = h.registry.Held(s.owner.Owner, s.owner.Roles, nil)
}

// rolesOfService gives the names and raw scopes of a service's roles: those that list it, and admin (HB-162). None comes by itself (SC-303).
func (r *roster) rolesOfService(name string, admin bool) (names []string, raw []scopes.Scope) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, role := range r.roles {
		if role.services[name] || role.name == "admin" && admin {
			names, raw = append(names, role.name), append(raw, role.scopes...)
		}
	}
	slices.Sort(names)
	slices.SortFunc(raw, scopes.Compare)
	return names, slices.Compact(raw)
}

// serviceNote is the note of the tokens that the hub itself makes for services.
const serviceNote = "Token of the service"

// registerServices gives every service its token and its OAuth client, and takes away what hubs on the same database gave to services
// that are configured no more, or under another token (OA-11).
func (h *Hub) registerServices(ctx context.Context) error {
	for i, s := range h.services.all() {
		if s.made {
			continue // the database has both, and of the token no more than a hash
		}
		if err := h.giveToken(ctx, s); err != nil {
			return wrongField(fmt.Sprintf("Services[%d].APIToken", i), err)
		}
		if err := h.giveClient(ctx, s); err != nil {
			return wrongField(fmt.Sprintf("Services[%d]", i), err)
		}
	}
	if h.unused {
		return nil // nobody was here before
	}
	return h.provider.Reconcile(ctx, func(c oauth.Client) bool {
		s := h.services.named(c.For.Service)
		return s != nil && s.isClient() && s.clientID() == c.ID
	})
}

// giveToken gives a service its token, in place of any that hubs on the same database gave it.
func (h *Hub) giveToken(ctx context.Context, s *service) error {
	old, err := h.provider.Tokens(ctx, s.ref())
	if err != nil {
		return err
	}
	for _, t := range old {
		if t.Note != serviceNote {
			continue
		}
		if err := ignore(h.provider.RevokeToken(ctx, s.ref(), t.ID), oauth.ErrNoToken); err != nil {
			return err
		}
	}
	// After a reset it is the one that the service was started with.
	_, secret, err := h.provider.IssueToken(ctx, oauth.TokenOrder{Owner: s.ref(), Secret: cmp.Or(s.APIToken, s.token), Note: serviceNote, Internal: true})
	if err == nil && s.token == "" {
		s.token = secret
	}
	return err
}

// giveClient registers a service's OAuth client, if it is one.
func (h *Hub) giveClient(ctx context.Context, s *service) error {
	if !s.isClient() {
		return nil
	}
	return h.provider.PutClient(ctx, oauth.Registration{
		ID: s.clientID(), Description: "JupyterHub service " + s.Name, Secret: s.token, Supplied: s.APIToken != "", RedirectURI: h.redirectURI(s),
		For: scopes.Client{Service: s.Name}, LinkID: s.id, Allowed: s.allowed, NoConfirm: s.OAuthNoConfirm,
	})
}

func (h *Hub) redirectURI(s *service) string {
	if s.OAuthRedirectURI != "" || s.URL == "" {
		return s.OAuthRedirectURI
	}
	return h.serviceOrigin(s.Name) + h.servicePath(s.Name) + "oauth_callback"
}

// servicePath is where a service's pages lie, escaped (HB-2).
func (h *Hub) servicePath(name string) string {
	return h.cfg.BaseURL + "services/" + web.EscapeSegment(name) + "/"
}

// ServiceURL is the address of a service's pages as a browser reaches them. The service need not exist.
func (h *Hub) ServiceURL(name string) string {
	return cmp.Or(h.serviceOrigin(name), h.origin) + h.servicePath(name)
}

// serviceVisitor is a service that calls with a token.
func (h *Hub) serviceVisitor(id oauth.Identity) (visitor, bool, error) {
	s := h.services.withID(id.Owner.ID)
	if s == nil {
		return visitor{}, false, nil
	}
	return visitor{ref: sharing.Ref{Kind: scopes.KindService, ID: s.id, Name: s.Name}, scopes: id.Effective, session: id.SessionID, token: &id}, true, nil
}
