package hubauth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Where a credential came from.
const (
	fromURL = iota + 1
	fromHeader
	fromCookie
)

// visitor is an identified user, and by what.
type visitor struct {
	User
	from int
}

// identify tries the request's credentials in order (OA-130): URL, header, cookie. nil: nobody. A cookie that the hub does not know any
// more is cleared (OA-133), though not where an API client would not notice.
func (a *Auth) identify(w http.ResponseWriter, r *http.Request) (*visitor, error) {
	type credential struct {
		token Secret
		from  int
	}
	var list []credential
	if t := r.URL.Query().Get("token"); t != "" && (a.cfg.AllowTokenInURL || isWebSocket(r)) {
		list = append(list, credential{Secret(t), fromURL})
	}
	if t, ok := headerToken(r); ok {
		list = append(list, credential{t, fromHeader})
	}
	if t, ok := a.cookieToken(r); ok && !a.cfg.NoLogin && a.cookieCounts(r, t) {
		list = append(list, credential{t, fromCookie})
	}
	for _, c := range list {
		u, err := a.lookup(r.Context(), sessionOf(r), c.token)
		if err != nil {
			return nil, err
		}
		if u != nil {
			return &visitor{*u, c.from}, nil
		}
		if c.from == fromCookie && !a.cfg.API(r) {
			a.clearCookie(w, r, a.tokenCookie())
		}
	}
	return nil, nil
}

// cookieCounts: a request that another page may have caused is as good as anonymous (OA-132).
func (a *Auth) cookieCounts(r *http.Request, token Secret) bool {
	if isWebSocket(r) {
		return !a.cfg.DenyWebSocketCookie
	}
	return !needsXSRF(r) || a.passesXSRF(r, token)
}

// headerToken reads "token X" or "Bearer X", in any case of the scheme.
func headerToken(r *http.Request) (Secret, bool) {
	scheme, rest, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	token := strings.Trim(rest, " ")
	if !ok || token == "" || strings.ContainsAny(token, " \t") || !strings.EqualFold(scheme, "token") && !strings.EqualFold(scheme, "bearer") {
		return "", false
	}
	return Secret(token), true
}

func headerHas(h http.Header, name, token string) bool {
	for _, v := range strings.Split(strings.Join(h.Values(name), ","), ",") {
		if strings.EqualFold(strings.TrimSpace(v), token) {
			return true
		}
	}
	return false
}

const (
	maxCached   = 10_000
	negativeAge = 30 * time.Second // for how long "nobody" is believed (OA-134)
	maxModel    = 4 << 20          // bytes of a user model
	maxToken    = 2 << 10          // bytes of a token; no hub makes longer ones
)

// cache remembers the hub's answers by browser session and token, so that a new session asks anew (OA-134).
type cache struct {
	mu      sync.Mutex
	entries map[string]answer
	drops   uint64 // counts the calls of drop
}

type answer struct {
	user  *User // nil: nobody
	at    time.Time
	drops uint64 // how many there had been when the hub was asked
}

func (c *cache) get(key string, now time.Time, age time.Duration) (answer, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	return e, ok && e.fresh(now, age)
}

func (e answer) fresh(now time.Time, age time.Duration) bool {
	if e.user == nil {
		age = min(age, negativeAge)
	}
	passed := now.Sub(e.at)
	return passed >= 0 && passed < age
}

func (c *cache) put(key string, e answer, age time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.drops != c.drops {
		return // it may be from before the last drop
	}
	if len(c.entries) >= maxCached {
		for k, old := range c.entries {
			if !old.fresh(e.at, age) {
				delete(c.entries, k)
			}
		}
	}
	if c.entries == nil || len(c.entries) >= maxCached {
		c.entries = map[string]answer{}
	}
	c.entries[key] = e
}

// lookup asks the hub whose token it is, at most once at a time for the same question. nil: nobody's.
func (a *Auth) lookup(ctx context.Context, session string, token Secret) (*User, error) {
	if len(token) > maxToken {
		return nil, nil // not worth a question to the hub (OA-S19)
	}
	if a.cfg.CacheAge < 0 {
		return a.whoIs(ctx, token) // not even together: who came after a revocation must not share an answer from before it
	}
	sum := sha256.Sum256([]byte(token.Reveal()))
	key := session + ":" + hex.EncodeToString(sum[:])
	if e, ok := a.cache.get(key, a.cfg.Now(), a.cfg.CacheAge); ok {
		return e.user, nil
	}
	drops := a.cache.dropped()
	// Only those wait together who ask after the same drops.
	v, err, _ := a.calls.Do(strconv.FormatUint(drops, 10)+":"+key, func() (any, error) {
		now := a.cfg.Now()
		if e, ok := a.cache.get(key, now, a.cfg.CacheAge); ok {
			return e.user, nil // answered since we looked
		}
		// Others wait for this answer: the first one's leaving must not take it from them.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
		defer cancel()
		u, err := a.whoIs(ctx, token)
		if err == nil {
			a.cache.put(key, answer{u, now, drops}, a.cfg.CacheAge)
		}
		return u, err
	})
	if err != nil {
		return nil, err
	}
	return v.(*User), nil
}

// whoIs is one GET of the hub's "who am I", made with the visitor's own token (OA-133, OA-195).
func (a *Auth) whoIs(ctx context.Context, token Secret) (*User, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.cfg.APIURL+"/user", nil)
	if err != nil {
		return nil, &failure{http.StatusInternalServerError, "Failed to check authorization", err}
	}
	req.Header.Set("Authorization", "token "+token.Reveal())
	req.Header.Set("Accept", "application/json")
	body, status, err := a.call(req)
	switch {
	case err != nil:
		return nil, err
	case status == http.StatusForbidden:
		return nil, nil
	case status < 200 || status > 299:
		return nil, &failure{http.StatusInternalServerError, "Failed to check authorization", fmt.Errorf("hub answered %d", status)}
	}
	var m struct {
		Name      string   `json:"name"`
		Kind      string   `json:"kind"`
		Admin     bool     `json:"admin"`
		Groups    []string `json:"groups"`
		Scopes    []string `json:"scopes"`
		SessionID string   `json:"session_id"`
	}
	if err := json.Unmarshal(body, &m); err != nil || m.Name == "" {
		return nil, &failure{http.StatusInternalServerError, "Failed to check authorization", errors.Join(errors.New("hub's model cannot be read"), err)}
	}
	if m.Kind == "" {
		m.Kind = "user"
	}
	return &User{Name: m.Name, Kind: m.Kind, Admin: m.Admin, Groups: m.Groups, Scopes: m.Scopes, SessionID: m.SessionID, Token: token}, nil
}

// call makes a request to the hub: 500 when it cannot be reached, 502 when it fails (OA-133).
func (a *Auth) call(req *http.Request) (body []byte, status int, err error) {
	resp, err := a.client.Do(req)
	if err != nil {
		return nil, 0, &failure{http.StatusInternalServerError, "Failed to connect to Hub API", err}
	}
	defer func() { _ = resp.Body.Close() }()
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxModel))
	if err != nil {
		return nil, 0, &failure{http.StatusInternalServerError, "Failed to connect to Hub API", err}
	}
	if resp.StatusCode >= 500 {
		return nil, 0, &failure{http.StatusBadGateway, "Failed to check authorization", fmt.Errorf("hub answered %d", resp.StatusCode)}
	}
	return body, resp.StatusCode, nil
}
