package hubsim

import (
	"context"
	cryptorand "crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/hubshare/hubshare/hubsim/pages"
	"github.com/hubshare/hubshare/hubsim/proxy"
	"github.com/hubshare/hubshare/hubsim/singleuser"
	"github.com/hubshare/hubshare/hubsim/spawner"
	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	oauthhttp "github.com/hubshare/hubshare/oauth/httpapi"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
	sharinghttp "github.com/hubshare/hubshare/sharing/httpapi"
)

// build wires the parts of a hub that will be reached at a place. It starts nothing but the database.
func build(ctx context.Context, cfg Config, at place) (_ *Hub, err error) {
	h := &Hub{cfg: cfg, log: cfg.Logger, place: at,
		site: web.Site{BaseURL: cfg.BaseURL, Version: cfg.Version},
		// Servers and hub talk on loopback: no proxy of the environment comes between them.
		internal: &http.Client{Transport: at.transport(),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	h.clock = newSkewed(cfg.Clock)
	h.cfg.Clock = h.clock
	h.URL = h.origin + cfg.BaseURL
	if h.plainBase, err = plainPath(cfg.BaseURL); err != nil {
		return nil, wrongFieldf("BaseURL", "%q: %w", cfg.BaseURL, err)
	}
	h.life, h.cancel = context.WithCancel(context.WithoutCancel(ctx))
	h.byKey.began = cfg.Clock.Now()
	if h.namePattern, err = cfg.Auth.pattern(); err != nil {
		return nil, wrongField("Auth.UsernamePattern", err)
	}
	h.live = newLive(h)
	h.internalWord = cryptorand.Text()
	h.asServer = &http.Client{Transport: &marking{h.internal.Transport, h.internalWord}, CheckRedirect: h.internal.CheckRedirect}
	h.sources.seed = cfg.Seed
	h.sources.restart()
	h.requests.limit = recordLimit(cfg.Record)
	h.activities.seen = map[*server]time.Time{}
	db, err := openDatabase(ctx, cfg.DB)
	if err != nil {
		h.cancel()
		return nil, wrongField("DB", err)
	}
	h.db, h.unused = db.DB, db.fresh
	defer func() {
		if err != nil {
			h.cancel()
			err = errors.Join(err, h.db.Close())
		}
	}()
	if err := h.buildRoster(ctx, db.fresh); err != nil {
		return nil, err
	}
	if err := h.buildServices(ctx); err != nil {
		return nil, err
	}
	secret, err := h.roster.db.key(ctx)
	if err != nil {
		return nil, err
	}
	if err := h.buildPages(secret); err != nil {
		return nil, err
	}
	if err := h.buildSharing(db.shares, secret); err != nil {
		return nil, err
	}
	if err := h.buildOAuth(db.tokens, secret); err != nil {
		return nil, err
	}
	h.alone = h.whileUp(h.live.introducing(h.witnessed()))
	h.proxy = proxy.New(proxy.Config{Default: h.alone, SessionCookie: sessionCookie, Admits: h.live.admits,
		Down: func(w http.ResponseWriter, _ *http.Request) { h.pages.Down(w) }, Logger: h.log})
	h.spawner = kinds{h}
	h.buildRoutes()
	h.buildControl()
	h.front = h.handler()
	if err := h.clearStopped(ctx); err != nil {
		return nil, err
	}
	return h, h.registerServices(ctx)
}

func (h *Hub) closeParts() error {
	h.live.close()
	var kept error
	if h.cfg.DB != "" {
		kept = h.roster.keepActivity(context.Background())
	}
	return errors.Join(kept, h.proxy.Close(), h.provider.Flush(context.Background()), h.db.Close())
}

// reachableAt is a listening address as a client dials it: an unspecified one is reached on loopback.
func reachableAt(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: tcp.Port}).String()
}

// buildRoster makes the registry of scopes and roles, and everybody whom the configuration names, beside those in a database that is not fresh.
func (h *Hub) buildRoster(ctx context.Context, fresh bool) error {
	roles := make([]scopes.Role, len(h.cfg.Roles))
	for i, r := range h.cfg.Roles {
		roles[i] = scopes.Role{Name: r.Name, Description: r.Description, Scopes: r.Scopes}
	}
	reg, err := scopes.New(h.cfg.Profile).DefineRoles(roles)
	if err != nil {
		return wrongField("Roles", err)
	}
	h.registry = reg
	if h.clientScopes, err = reg.ParseValid(h.cfg.SingleUser.OAuthClientAllowedScopes, ""); err != nil {
		return wrongField("SingleUser.OAuthClientAllowedScopes", err)
	}
	if _, err := reg.ParseValid(h.cfg.SingleUser.ServerTokenScopes, ""); err != nil {
		return wrongField("SingleUser.ServerTokenScopes", err)
	}
	db := newRosterDB(h.db, h.cfg.DB == "", fresh, &h.sources)
	h.roster = &roster{db: db, registry: reg, roles: map[string]heldRole{}, users: map[string]*user{}, byID: map[string]*user{},
		groups: map[string]*group{}, servers: map[string]*server{}, resolution: h.cfg.Limits.activityResolution(), named: h.cfg.Limits.NamedServersPerUser}
	if !fresh {
		if err := db.load(ctx, h.roster); err != nil {
			return err
		}
	}
	if err := h.buildRoles(); err != nil {
		return err
	}
	return h.addConfigured(ctx)
}

// buildRoles says who holds which role; user and admin always exist (SC-301).
func (h *Hub) buildRoles() error {
	h.roster.mu.Lock()
	defer h.roster.mu.Unlock()
	h.roster.roles = map[string]heldRole{}
	hold := func(name string, users, groups, services []string) error {
		raw, err := h.registry.RoleScopes(name)
		if err != nil {
			return err
		}
		h.roster.roles[name] = heldRole{name: name, scopes: raw, users: setOf(users), groups: setOf(groups), services: setOf(services)}
		return nil
	}
	for _, name := range []string{"user", "admin"} {
		if err := hold(name, nil, nil, nil); err != nil {
			return err
		}
	}
	for _, r := range h.cfg.Roles {
		if err := hold(r.Name, r.Users, r.Groups, r.Services); err != nil {
			return wrongField("Roles", err)
		}
	}
	return nil
}

func setOf(list []string) map[string]bool {
	out := make(map[string]bool, len(list))
	for _, s := range list {
		out[s] = true
	}
	return out
}

// addConfigured makes the users and groups of the configuration that do not exist yet (SC-325).
func (h *Hub) addConfigured(ctx context.Context) error {
	admins := make([]User, len(h.cfg.Auth.AdminUsers))
	for i, name := range h.cfg.Auth.AdminUsers {
		admins[i] = User{Name: name, Admin: true}
	}
	return h.addPeople(ctx, slices.Concat(h.cfg.Users, admins), h.cfg.Groups, h.cfg.Roles)
}

// addPeople makes users and groups, and the users whom groups and roles name.
func (h *Hub) addPeople(ctx context.Context, users []User, groups []Group, roles []Role) error {
	all := slices.Clone(users)
	add := func(names []string) {
		for _, name := range names {
			all = append(all, User{Name: name})
		}
	}
	for _, r := range roles {
		add(r.Users)
	}
	for _, g := range groups {
		add(g.Users)
	}
	if err := h.roster.ensureUsers(ctx, all, h.cfg.Clock.Now()); err != nil {
		return err
	}
	for _, g := range groups {
		if err := h.roster.ensureGroup(ctx, g.Name, g.Users); err != nil {
			return err
		}
	}
	return nil
}

func (h *Hub) buildPages(secret []byte) (err error) {
	if h.keys, err = web.NewKeys(secret); err != nil {
		return err
	}
	h.xsrf = &web.XSRF{Keys: h.keys, Path: h.site.HubPrefix(), Now: h.cfg.Clock.Now, Secure: h.secure}
	h.pages, err = pages.New(pages.Config{BaseURL: h.cfg.BaseURL, Version: h.cfg.Version, Sharing: h.cfg.Extensions, ImplicitSpawn: h.cfg.Limits.ImplicitSpawn, Logger: h.log,
		Announcement: h.cfg.Announcement, Announcements: h.cfg.Announcements,
		Profile60: h.cfg.Profile == scopes.P60})
	return err
}

func (h *Hub) buildSharing(store sharing.Store, secret []byte) (err error) {
	h.sharing = &sharing.Service{Store: store, Directory: h.roster, Registry: h.registry, Now: h.cfg.Clock.Now, Rand: bySize{&h.sources, "share code"},
		Logger: h.log, OnChange: h.onSharingChange,
		Stock: h.cfg.quirks().sharing, OnDifference: h.onDifference()}
	if !h.cfg.Extensions {
		h.sharing.Quotas = sharing.NoQuotas()
	}
	h.sharingHTTP, err = sharinghttp.New(sharinghttp.Config{Service: h.sharing, Host: sharingHost{h}, BaseURL: h.cfg.BaseURL, Version: h.cfg.Version,
		PublicURL: h.cfg.PublicURL, PageLimits: sharinghttp.PageLimits(h.cfg.Limits.pages()), Keys: [][]byte{secret}, Now: h.cfg.Clock.Now, Logger: h.log, Layout: h.layout, StockOnly: !h.cfg.Extensions})
	return err
}

func (h *Hub) buildOAuth(store oauth.Store, secret []byte) (err error) {
	host := oauthHost{h}
	watched := &watchedTokens{Store: store, hub: h}
	h.tokens = watched
	if h.provider, err = oauth.New(oauth.Config{Store: watched, Host: host, Registry: h.registry, Now: h.cfg.Clock.Now, Logger: h.log, PKCE: h.cfg.PKCE,
		RandFor:       func(k oauth.Kind) io.Reader { return h.sources.of(string(k)) },
		TokenLifetime: h.cfg.Limits.OAuthTokenExpiresIn, CodeLifetime: h.cfg.Limits.OAuthCodeExpiresIn, MaxTokenAge: h.cfg.Limits.TokenExpiresInMax,
		ActivityResolution: max(h.cfg.Limits.activityResolution(), 1), OnChange: h.onTokenChange}); err != nil {
		return err
	}
	h.oauthHTTP, err = oauthhttp.New(oauthhttp.Config{Provider: h.provider, Host: host, Models: host, BaseURL: h.cfg.BaseURL, Version: h.cfg.Version,
		Keys: [][]byte{secret}, Now: h.cfg.Clock.Now, Logger: h.log, Layout: h.layout, Secure: h.secure, Docs2: h.cfg.Docs2, Login: h.credentials,
		StockFilterText: h.cfg.quirks().filterText, OnDifference: h.onDifference()})
	return err
}

// clearStopped takes away the clients and tokens of servers that ran when an earlier hub on the same database ended without stopping them (OA-11),
// and what was shared for as long as they run.
func (h *Hub) clearStopped(ctx context.Context) error {
	for _, s := range h.roster.allServers() {
		if s.tokenID == 0 {
			continue
		}
		h.sessionEnded(s)
		h.forgetLaunch(s, s.tokenID)
		s.tokenID = 0
	}
	return ctx.Err()
}

// standIn is the stand-in server behind an in-process start.
func (h *Hub) standIn(spec spawner.Spec) (http.Handler, io.Closer, error) {
	s, err := singleuser.New(singleuser.Config{Env: spec.Env, Version: h.cfg.Version, Now: h.cfg.Clock.Now, AfterFunc: h.cfg.Clock.AfterFunc, Logger: h.log,
		HTTPClient: h.asServer, Rand: bySize{&h.sources, "server"}, CacheMaxAge: h.cfg.SingleUser.CacheMaxAge, Modules: h.cfg.SingleUser.Modules, ModuleFiles: h.cfg.SingleUser.ModuleFiles})
	if err != nil {
		return nil, nil, err
	}
	if err := s.Start(h.life); err != nil {
		return nil, nil, errors.Join(err, s.Close())
	}
	return s, h.live.stand(s), nil
}
