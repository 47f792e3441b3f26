package hubsim

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/html"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/sharing"
)

// LoginCookies logs a user in and gives the cookies of that browser, ready for a cookie jar or a browser driver (HB-165). A user
// who does not exist is created, as at a first login; a name that could not log in is an error.
func (h *Hub) LoginCookies(user string) ([]*http.Cookie, error) {
	if err := checkUserName(user); err != nil {
		return nil, err
	}
	now := h.cfg.Clock.Now()
	a, err := h.roster.ensureUser(h.life, user, false, now)
	if err != nil {
		return nil, err
	}
	secure := strings.HasPrefix(h.cfg.PublicURL, "https:") || h.cfg.PublicURL == "" && h.overTLS()
	return []*http.Cookie{
		h.loginCookieOf(a, now, secure),
		{Name: sessionCookie, Value: h.sources.hex("session"), Path: h.cfg.BaseURL, Domain: h.domain, HttpOnly: true, Secure: secure},
	}, nil
}

// Client is a browser without scripts in which a user is logged in; with user "" nobody is. It keeps cookies, follows redirects, and says of
// each request what a browser would say of a navigation. Every call is another browser. It panics if the name could not log in.
func (h *Hub) Client(user string) *http.Client {
	inner, err := cookiejar.New(nil)
	if err != nil {
		panic("hubsim: Client: " + err.Error()) // it never fails without options
	}
	jar := &jar{inner}
	if user != "" {
		cookies, err := h.LoginCookies(user)
		if err != nil {
			panic("hubsim: Client: " + err.Error())
		}
		for _, c := range cookies {
			c.Secure = c.Secure && h.overTLS() // the jar would not send it to http://127.0.0.1
		}
		here, err := url.Parse(h.HubURL())
		if err != nil {
			panic("hubsim: Client: " + err.Error())
		}
		jar.SetCookies(here, cookies)
	}
	return &http.Client{Jar: jar, Transport: &navigator{h.internal.Transport}}
}

// jar compares the paths of cookies with paths as they are sent, escapes and all, as browsers do. The standard library's compares them
// decoded, and would not find a cookie below "/space%20word/".
type jar struct{ http.CookieJar }

func asSent(u *url.URL) *url.URL {
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.EscapedPath()}
}

func (j *jar) Cookies(u *url.URL) []*http.Cookie { return j.CookieJar.Cookies(asSent(u)) }

func (j *jar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.CookieJar.SetCookies(asSent(u), cookies)
}

// navigator adds what a browser says about a page that its user opens.
type navigator struct{ next http.RoundTripper }

func (n *navigator) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for k, v := range map[string]string{"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Accept": "text/html,*/*;q=0.8"} {
		if r.Header.Get(k) == "" {
			r.Header.Set(k, v)
		}
	}
	return n.next.RoundTrip(r)
}

// Token makes an API token of a user: with these raw scopes, or with all that the user may do if there are none (SC-340).
// Errors: an unknown user, scopes that do not exist or that the user does not hold.
func (h *Hub) Token(user string, raw ...string) (string, error) {
	a, ok := h.roster.userByName(user)
	if !ok {
		return "", fmt.Errorf("token for %s: %w", user, sharing.ErrNoSuchUser)
	}
	_, secret, err := h.provider.IssueToken(h.life, oauth.TokenOrder{Owner: oauth.OwnerRef{Kind: oauth.KindUser, ID: a.ID}, Scopes: raw, Note: "made by the test"})
	if err != nil {
		return "", err
	}
	return secret.Reveal(), nil
}

// NewShareCode makes a code with which whoever accepts it may access a user's server, good for a day.
func (h *Hub) NewShareCode(owner, server string) (string, error) {
	by, err := h.caller(owner)
	if err != nil {
		return "", err
	}
	_, secret, err := h.sharing.CreateCode(h.life, by, sharing.CodeRequest{Server: sharing.ServerName{Owner: owner, Name: server}})
	if err != nil {
		return "", err
	}
	return secret.Reveal(), nil
}

// caller acts for the hub itself on an owner's servers: seeding is not a question of rights.
func (h *Hub) caller(owner string) (sharing.Caller, error) {
	a, ok := h.roster.userByName(owner)
	if !ok {
		return sharing.Caller{}, noSuchOwner(owner)
	}
	roles, err := h.registry.RoleScopes("admin")
	if err != nil {
		return sharing.Caller{}, err
	}
	return sharing.Caller{Ref: a.ref(), Scopes: h.registry.Held(a.owner(), roles, nil)}, nil
}

func noSuchOwner(name string) error {
	return fmt.Errorf("user %s: %w", name, sharing.ErrNoSuchUser)
}

// StartServer starts a user's server and waits until it answers. It is no error if it runs already.
func (h *Hub) StartServer(ctx context.Context, user, name string) error {
	s, err := h.record(ctx, user, name)
	if err != nil {
		return fmt.Errorf("start server of %s: %w", user, err)
	}
	if s.status().Ready {
		return nil
	}
	if err := h.start(s, nil); err != nil {
		return fmt.Errorf("start server of %s: %w", user, err)
	}
	switch st := s.wait(ctx); {
	case st.Failure != nil:
		return fmt.Errorf("start server of %s: %w", user, st.Failure.cause)
	case !st.Ready:
		return fmt.Errorf("start server of %s: %w", user, ctx.Err())
	}
	return nil
}

// StopServer stops a user's server and waits until it is gone. It is no error if it does not run.
func (h *Hub) StopServer(ctx context.Context, user, name string) error {
	s, ok := h.roster.server(user, name)
	if !ok {
		return fmt.Errorf("stop server of %s: %w", user, sharing.ErrNoSuchServer)
	}
	if st := h.stop(ctx, s); st.Active() {
		return fmt.Errorf("stop server of %s: %w", user, ctx.Err())
	}
	return nil
}

// PageToken opens a server as a visitor would, confirming what there is to confirm, and gives the token that the page holds: the
// visitor's own (HB-121). The server must run and the visitor have access to it.
func (h *Hub) PageToken(ctx context.Context, visitor, owner, server string) (string, error) {
	page, err := h.visit(ctx, h.Client(visitor), h.UserURL(owner, server))
	if err != nil {
		return "", fmt.Errorf("page token of %s on %s/%s: %w", visitor, owner, server, err)
	}
	for n := range page.Descendants() {
		if n.Data != "script" || attr(n, "id") != "jupyter-config-data" || n.FirstChild == nil {
			continue
		}
		var config struct {
			Token string `json:"token"`
		}
		if err := json.Unmarshal([]byte(n.FirstChild.Data), &config); err != nil {
			return "", fmt.Errorf("page token: read the page's configuration: %w", err)
		}
		return config.Token, nil
	}
	return "", fmt.Errorf("page token of %s on %s/%s: the page carries no configuration", visitor, owner, server)
}

// visit opens a page and submits the consent form if that comes first.
func (h *Hub) visit(ctx context.Context, c *http.Client, address string) (*html.Node, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	for range 2 {
		res, err := c.Do(req)
		if err != nil {
			return nil, err
		}
		page, err := html.Parse(io.LimitReader(res.Body, 8<<20))
		_ = res.Body.Close()
		switch {
		case err != nil:
			return nil, err
		case res.StatusCode != http.StatusOK:
			return nil, fmt.Errorf("%s answered %s", web.ScrubURL(res.Request.URL.String()), res.Status)
		case !strings.HasPrefix(res.Request.URL.EscapedPath(), h.site.HubPrefix()+"api/oauth2/authorize"):
			return page, nil
		}
		form := url.Values{}
		for n := range page.Descendants() {
			if n.Data == "input" && attr(n, "type") == "hidden" {
				form.Add(attr(n, "name"), attr(n, "value"))
			}
		}
		if req, err = http.NewRequestWithContext(ctx, http.MethodPost, res.Request.URL.String(), strings.NewReader(form.Encode())); err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return nil, fmt.Errorf("consent was asked twice")
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}
