package hubsim

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// controlInfo tells the hub's addresses as the caller came: by the host that they said.
func (h *Hub) controlInfo(ctx context.Context, _ []byte, _ url.Values) (any, error) {
	profile := "5.5"
	if h.cfg.Profile == scopes.P60 {
		profile = "6.0"
	}
	at, _ := ctx.Value(askedKey{}).(string)
	hub := at + h.site.HubPrefix()
	return map[string]string{"url": at + h.cfg.BaseURL, "hub": hub, "api": hub + "api", "admin": at + controlPrefix, "inner": h.inner + h.cfg.BaseURL, "key": h.key,
		"version": h.cfg.Version, "profile": profile}, nil
}

// controlReset also puts back a clock that was moved.
func (h *Hub) controlReset(ctx context.Context, _ []byte, _ url.Values) (any, error) {
	if c, ok := h.clock.shown.(*MovableClock); ok {
		c.Restart()
	}
	err := h.Reset(ctx)
	h.ForgetRequests()
	return done, err
}

func (h *Hub) controlSeed(ctx context.Context, body []byte, _ url.Values) (any, error) {
	s, err := parseSeed(body)
	if err != nil {
		return nil, err
	}
	made, err := h.Seed(ctx, s)
	if err != nil {
		return nil, err
	}
	return revealed(made), nil
}

// seeded is a Seeded on the wire, with its secrets: this is where they are shown.
type seeded struct {
	Tokens     []seededToken `json:"tokens"`
	ShareCodes []seededCode  `json:"share_codes"`
}

type seededToken struct {
	User  string `json:"user"`
	ID    string `json:"id"`
	Token string `json:"token"`
}

type seededCode struct {
	Owner  string `json:"owner"`
	Server string `json:"server"`
	ID     string `json:"id"`
	Code   string `json:"code"`
}

func revealed(s Seeded) seeded {
	out := seeded{Tokens: []seededToken{}, ShareCodes: []seededCode{}}
	for _, t := range s.Tokens {
		out.Tokens = append(out.Tokens, seededToken{t.User, tokenName(t.ID), t.Token.Reveal()})
	}
	for _, c := range s.ShareCodes {
		out.ShareCodes = append(out.ShareCodes, seededCode{c.Owner, c.Server, c.ID, c.Code.Reveal()})
	}
	return out
}

// controlAdd seeds one thing, as an item of the list of that key.
func (h *Hub) controlAdd(key string) controlCall {
	return func(ctx context.Context, body []byte, query url.Values) (any, error) {
		t, err := parseTree(body)
		if err != nil {
			return nil, err
		}
		var s Seed
		s.read(key, &tree{path: key, items: []*tree{t}, first: t.first})
		if *t.first != nil {
			return nil, *t.first
		}
		made, err := h.Seed(ctx, s)
		if err != nil {
			return nil, err
		}
		return revealed(made), nil
	}
}

// controlCookie is a cookie as browser drivers take it.
type controlCookie struct {
	Name     string  `json:"name"`
	Value    string  `json:"value"`
	Domain   string  `json:"domain"`
	Path     string  `json:"path"`
	Expires  float64 `json:"expires"` // seconds since 1970; -1 = with the browser
	HTTPOnly bool    `json:"httpOnly"`
	Secure   bool    `json:"secure"`
	SameSite string  `json:"sameSite"`
}

// controlLogin gives the cookies for the host by which it was asked, or for the one in domain: a browser may have another name for the hub.
func (h *Hub) controlLogin(ctx context.Context, body []byte, _ url.Values) (any, error) {
	var who struct {
		User   string `json:"user"`
		Domain string `json:"domain"`
	}
	if err := decode(body, &who); err != nil {
		return nil, err
	}
	if err := checkUserName(who.User); err != nil {
		return nil, wrongRequest("user: %v", err)
	}
	cookies, err := h.LoginCookies(who.User)
	if err != nil {
		return nil, err
	}
	asked, _ := ctx.Value(askedKey{}).(string)
	at, err := url.Parse(asked)
	if err != nil {
		return nil, err
	}
	domain := cmp.Or(strings.ToLower(who.Domain), at.Hostname())
	if !h.isOwnHost(domain) {
		return nil, wrongRequest("domain: %q is no name of this hub", who.Domain)
	}
	out := []controlCookie{}
	for _, c := range cookies {
		expires := float64(-1)
		if !c.Expires.IsZero() {
			expires = float64(c.Expires.Unix())
		}
		out = append(out, controlCookie{c.Name, c.Value, domain, c.Path, expires, c.HttpOnly, c.Secure, "Lax"})
	}
	return map[string][]controlCookie{"cookies": out}, nil
}

func (h *Hub) controlToken(ctx context.Context, body []byte, _ url.Values) (any, error) {
	t, err := parseTree(body)
	if err != nil {
		return nil, err
	}
	user := ""
	rest := &tree{path: t.path, line: t.line, kind: t.kind, first: t.first}
	if t.fields != nil {
		rest.fields = map[string]*tree{}
		for _, key := range t.keys {
			if key == "user" {
				user = t.fields[key].text()
				continue
			}
			rest.fields[key], rest.keys = t.fields[key], append(rest.keys, key)
		}
	}
	order := readToken(rest)
	if *t.first != nil {
		return nil, *t.first
	}
	if _, ok := h.roster.userByName(user); !ok {
		return nil, sharing.ErrNoSuchUser
	}
	made, err := h.Seed(ctx, Seed{Users: []User{{Name: user, Tokens: []Token{order}}}})
	if err != nil {
		return nil, err
	}
	return revealed(made).Tokens[0], nil
}

func (h *Hub) controlPageToken(ctx context.Context, body []byte, _ url.Values) (any, error) {
	var order struct {
		User   string `json:"user"`
		Owner  string `json:"owner"`
		Server string `json:"server"`
	}
	if err := decode(body, &order); err != nil {
		return nil, err
	}
	if err := errors.Join(checkUserName(order.User), checkUserName(order.Owner)); err != nil {
		return nil, wrongRequest("%v", err)
	}
	token, err := h.PageToken(ctx, order.User, order.Owner, order.Server)
	if err != nil {
		return nil, err
	}
	return map[string]string{"token": token}, nil
}

// serverOrder names a server.
type serverOrder struct {
	User string `json:"user"`
	Name string `json:"name"`
}

func (h *Hub) controlStop(ctx context.Context, body []byte, _ url.Values) (any, error) {
	var o serverOrder
	if err := decode(body, &o); err != nil {
		return nil, err
	}
	return done, h.StopServer(ctx, o.User, o.Name)
}

func (h *Hub) controlKill(_ context.Context, body []byte, _ url.Values) (any, error) {
	var o serverOrder
	if err := decode(body, &o); err != nil {
		return nil, err
	}
	return done, h.KillServer(o.User, o.Name)
}

// controlByID is a call about one thing that has an id.
func (h *Hub) controlByID(do func(ctx context.Context, id string) error) controlCall {
	return func(ctx context.Context, body []byte, _ url.Values) (any, error) {
		var o struct {
			ID string `json:"id"`
		}
		if err := decode(body, &o); err != nil {
			return nil, err
		}
		return done, do(ctx, o.ID)
	}
}

func (h *Hub) controlExpireLogin(ctx context.Context, body []byte, _ url.Values) (any, error) {
	var o struct {
		User string `json:"user"`
	}
	if err := decode(body, &o); err != nil {
		return nil, err
	}
	return done, h.ExpireLogin(ctx, o.User)
}

func (h *Hub) controlRevokeShare(ctx context.Context, body []byte, _ url.Values) (any, error) {
	t, err := parseTree(body)
	if err != nil {
		return nil, err
	}
	share := readShare(t)
	if *t.first != nil {
		return nil, *t.first
	}
	if (share.User == "") == (share.Group == "") {
		return nil, wrongRequest("needs a user or a group, and not both")
	}
	return done, h.RevokeShare(ctx, share)
}

func (h *Hub) controlForget(context.Context, []byte, url.Values) (any, error) {
	h.ForgetRequests()
	return done, nil
}

// longestWait bounds GET wait.
const longestWait = 5 * time.Minute

func (h *Hub) controlWait(ctx context.Context, _ []byte, query url.Values) (any, error) {
	user, name, _ := strings.Cut(query.Get("server"), "/")
	state := query.Get("state")
	if !slices.Contains([]string{Ready, Stopped, Failed}, state) {
		return nil, wrongRequest("state must be one of %s, %s, %s", Ready, Stopped, Failed)
	}
	limit := 30 * time.Second
	if text := query.Get("timeout"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 || d > longestWait {
			return nil, wrongRequest("timeout must be a duration up to %s", longestWait)
		}
		limit = d
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	stop := context.AfterFunc(h.life, cancel)
	defer stop()
	return done, h.WaitServer(ctx, user, name, state)
}

func (h *Hub) controlEnv(_ context.Context, _ []byte, query url.Values) (any, error) {
	if query.Has("service") == query.Has("user") {
		return nil, wrongRequest("either service or user")
	}
	var env []string
	var err error
	if query.Has("service") {
		env, err = h.ServiceEnv(query.Get("service"))
	} else {
		env, err = h.ServerEnv(query.Get("user"), query.Get("server"))
	}
	if err != nil {
		return nil, err
	}
	return map[string][]string{"env": env}, nil
}

func (h *Hub) controlShutdown(context.Context, []byte, url.Values) (any, error) {
	if h.cfg.Control.Shutdown == nil {
		return nil, errors.New("this hub ends with its program")
	}
	return afterwards(h.cfg.Control.Shutdown), nil
}
