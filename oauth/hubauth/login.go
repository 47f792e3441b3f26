package hubauth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxStates bounds the logins that are under way at once (OA-S19).
const maxStates = 10_000

// pending is a login under way. It stays on this side: the browser carries its id alone (OA-108, OA-137).
type pending struct {
	next     string // path and query that the visitor wanted
	verifier string // of PKCE
	cookie   string // name of the cookie that holds the id
	at       time.Time
}

type states struct {
	mu   sync.Mutex
	byID map[string]pending
}

// add makes room by dropping what is too old, else the oldest.
func (s *states) add(id string, p pending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = map[string]pending{}
	}
	if len(s.byID) >= maxStates {
		oldest := ""
		for k, old := range s.byID {
			if p.at.Sub(old.at) > stateAge {
				delete(s.byID, k)
			} else if oldest == "" || old.at.Before(s.byID[oldest].at) {
				oldest = k
			}
		}
		if len(s.byID) >= maxStates {
			delete(s.byID, oldest)
		}
	}
	s.byID[id] = p
}

func (s *states) peek(id string, now time.Time) (pending, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.byID[id]
	return p, ok && now.Sub(p.at) <= stateAge
}

// take is peek for the one who may use it: there is no second time (OA-S6).
func (s *states) take(id string, now time.Time) (pending, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.byID[id]
	delete(s.byID, id)
	return p, ok && now.Sub(p.at) <= stateAge
}

// start sends a visitor to the hub, always with PKCE; a hub that does not know it ignores it (OA-57, OA-137).
func (a *Auth) start(w http.ResponseWriter, r *http.Request) {
	var raw [56]byte // 16 for the id, 32 for the verifier, 8 for a suffix
	if _, err := io.ReadFull(a.cfg.Rand, raw[:]); err != nil {
		a.fail(w, r, fmt.Errorf("draw a state: %w", err))
		return
	}
	id := base64url.EncodeToString(raw[:16])
	p := pending{
		next: ownPath(r.URL.EscapedPath(), r.URL.RawQuery, a.cfg.Prefix), verifier: base64url.EncodeToString(raw[16:48]),
		cookie: a.stateCookie(), at: a.cfg.Now(),
	}
	if slices.Contains(a.stateCookies(r), p.cookie) {
		p.cookie += "-" + letters(raw[48:]) // another tab is logging in
	}
	a.states.add(id, p)
	c := a.cookie(r, p.cookie, a.keys.sign("state "+p.cookie, id, p.at), stateAge)
	http.SetCookie(w, c)
	sum := sha256.Sum256([]byte(p.verifier))
	redirect(w, a.hubURL("api/oauth2/authorize")+
		"?client_id="+url.QueryEscape(a.cfg.ClientID)+
		"&redirect_uri="+url.QueryEscape(a.cfg.CallbackURL)+
		"&response_type=code&code_challenge="+base64url.EncodeToString(sum[:])+"&code_challenge_method=S256"+
		"&state="+id)
}

// letters need not be evenly drawn: they keep cookies apart and are no secret.
func letters(raw []byte) string {
	out := make([]byte, len(raw))
	for i, b := range raw {
		out[i] = 'a' + b%26
	}
	return string(out)
}

// finish is the callback: the browser comes back with a code and a state (OA-138).
func (a *Auth) finish(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Referrer-Policy", "strict-origin") // OA-S7: also where no redirect leaves this address, which has a code
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		a.write(w, r, http.StatusMethodNotAllowed, http.StatusText(http.StatusMethodNotAllowed))
		return
	}
	q := r.URL.Query()
	code, id := q.Get("code"), q.Get("state")
	switch {
	case q.Get("error") != "":
		a.write(w, r, http.StatusBadRequest, "Error in oauth: "+clip(q.Get("error")))
		return
	case code == "":
		a.write(w, r, http.StatusBadRequest, "OAuth callback made without a code")
		return
	case id == "":
		a.write(w, r, http.StatusBadRequest, "OAuth state is missing. Try logging in again.")
		return
	}
	if !a.startedHere(r, id) {
		a.notStartedHere(w, r, id)
		return
	}
	p, ok := a.states.take(id, a.cfg.Now())
	if !ok {
		a.notStartedHere(w, r, id)
		return
	}
	for _, name := range a.stateCookies(r) {
		a.clearCookie(w, r, name) // other tabs land in notStartedHere, logged in (OA-139)
	}
	u, err := a.exchange(r.Context(), sessionOf(r), code, p.verifier)
	switch {
	case err != nil:
		a.fail(w, r, err)
		return
	case a.cfg.CheckSession && sessionOf(r) != "" && u.SessionID != "" && sessionOf(r) != u.SessionID:
		a.write(w, r, http.StatusForbidden, mismatch)
		return
	}
	a.setTokenCookie(w, r, u.Token)
	a.refreshXSRF(w, r, u.Token)
	redirect(w, p.next)
}

const mismatch = "oauth state does not match. Try logging in again."

// startedHere: the very browser that was sent away with this state has come back (OA-S6).
func (a *Auth) startedHere(r *http.Request, id string) bool {
	p, ok := a.states.peek(id, a.cfg.Now())
	if !ok {
		return false
	}
	for _, c := range r.CookiesNamed(p.cookie) {
		value, ok := a.keys.verify("state "+p.cookie, c.Value, a.cfg.Now(), stateAge)
		if ok && subtle.ConstantTimeCompare([]byte(value), []byte(id)) == 1 {
			return true
		}
	}
	return false
}

// notStartedHere: another tab has finished first, or we were restarted, and the visitor is logged in by now; else it is an attack, or a
// bookmark. A browser that holds a state cookie of ours for another login must not be logged in by this one.
func (a *Auth) notStartedHere(w http.ResponseWriter, r *http.Request, id string) {
	if v, err := a.identify(w, r); err == nil && v != nil && v.from == fromCookie {
		next := a.cfg.Prefix
		if p, ok := a.states.peek(id, a.cfg.Now()); ok {
			next = p.next
		}
		redirect(w, next)
		return
	}
	a.write(w, r, http.StatusForbidden, mismatch)
}

func clip(s string) string {
	if len(s) > 200 {
		s = s[:200]
	}
	return strings.ToValidUTF8(s, "")
}

// exchange gets a token for a code, and asks whose it is. Our credentials go into the body, as the hub wants them (OA-50).
func (a *Auth) exchange(ctx context.Context, session, code, verifier string) (*User, error) {
	failed := func(cause error) error {
		return &failure{http.StatusInternalServerError, "Failed to complete the login", cause}
	}
	form := url.Values{
		"client_id": {a.cfg.ClientID}, "client_secret": {a.cfg.APIToken.Reveal()}, "grant_type": {"authorization_code"},
		"code": {code}, "redirect_uri": {a.cfg.CallbackURL}, "code_verifier": {verifier},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.cfg.APIURL+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, failed(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	body, status, err := a.call(req)
	if err != nil {
		return nil, err
	}
	var m struct {
		AccessToken string `json:"access_token"`
		Error       string `json:"error"`
	}
	err = json.Unmarshal(body, &m)
	if status != http.StatusOK || err != nil || m.AccessToken == "" {
		return nil, failed(fmt.Errorf("token endpoint answered %d %q", status, clip(m.Error)))
	}
	u, err := a.lookup(ctx, session, Secret(m.AccessToken))
	if err == nil && u == nil {
		err = failed(errors.New("the hub does not know the token that it gave"))
	}
	return u, err
}
