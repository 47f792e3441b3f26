package hubsim

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// refused is a refusal for lack of a scope: the client is told as much as it may know, the log which scopes would have done.
type refused struct {
	client  *web.Error
	missing []string
}

func (e *refused) Error() string { return e.client.Error() }
func (e *refused) Unwrap() error { return e.client }

func missingIn(err error) []string {
	var r *refused
	if errors.As(err, &r) {
		return r.missing
	}
	return nil
}

func messageIn(err error) string {
	var e *web.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return ""
}

// clientLeft is why a request failed that nobody waited for any more: what it still had to look up was not looked up.
const clientLeft = "the client left before it was answered"

// explain says why the hub refused a request: what it told the client, which scopes it takes, what the caller has, and what they lost lately. It is for the
// log of whoever runs the hub, never for the client.
func (h *Hub) explain(ctx context.Context, e *entry) string {
	var parts []string
	if e.Message != "" {
		parts = append(parts, e.Message)
	}
	if e.Status >= 500 && ctx.Err() != nil {
		parts = append(parts, clientLeft)
	}
	switch {
	case e.Credential == "token" && e.Actor == "":
		parts = append(parts, h.deadToken(e.token))
	case e.Actor == "" && (e.Status == http.StatusForbidden || e.Status == http.StatusUnauthorized):
		parts = append(parts, "nobody is logged in, and there is no token")
	}
	if e.Status == http.StatusForbidden || e.Status == http.StatusNotFound {
		if len(e.missing) == 0 {
			e.missing = h.sharingScope(e.Method, e.Path)
		}
		parts = append(parts, h.lack(ctx, e)...)
	}
	return strings.Join(parts, "; ")
}

// lack says what was missing and what there was instead.
func (h *Hub) lack(ctx context.Context, e *entry) (parts []string) {
	if e.Actor == "" {
		return nil
	}
	held := h.held(ctx, e)
	if len(e.missing) > 0 {
		if !strings.Contains(e.Message, "requires any of") { // which says the same
			parts = append(parts, "it takes "+strings.Join(e.missing, " or "))
		}
		var close []string
		for _, s := range held.Scopes() {
			if slices.Contains(e.missing, s.Base) {
				close = append(close, s.String())
			}
		}
		who := e.Actor
		if e.TokenID != "" {
			who = "token " + e.TokenID + " of " + e.Actor
		}
		switch {
		case len(close) > 0:
			parts = append(parts, fmt.Sprintf("%s has it for other things: %s", who, strings.Join(close, ", ")))
		default:
			parts = append(parts, fmt.Sprintf("%s has %s", who, listed(held)))
		}
	}
	if lost := h.lostLately(e.visitor.ref.ID); lost != "" && e.visitor.ref.ID != "" {
		parts = append(parts, lost)
	}
	return parts
}

// listed shows scopes, or their beginning.
func listed(held scopes.Set) string {
	const most = 12
	list := held.Strings()
	switch {
	case len(list) == 0:
		return "no scope at all"
	case len(list) > most:
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
	}
	return strings.Join(list, ", ")
}

// sharingScope is the scope that guards an endpoint of the sharing API, whose handlers answer for themselves.
func (h *Hub) sharingScope(method, path string) []string {
	rest, ok := strings.CutPrefix(path, h.site.HubPrefix()+"api/")
	if !ok {
		return nil
	}
	segments, err := web.SplitPath(rest)
	if err != nil {
		return nil
	}
	read := method == http.MethodGet || method == http.MethodHead
	choose := func(reading, writing string) []string {
		if read {
			return []string{reading}
		}
		return []string{writing}
	}
	switch {
	case segments[0] == "shares" || segments[0] == "share-codes":
		return choose(sharing.ScopeReadShares, sharing.ScopeShare)
	case len(segments) > 2 && segments[0] == "users" && segments[2] == "shared":
		return choose(sharing.ScopeReadUserShares, sharing.ScopeUserShares)
	case len(segments) > 2 && segments[0] == "groups" && segments[2] == "shared":
		return choose(sharing.ScopeReadGroupShares, sharing.ScopeGroupShares)
	}
	return nil
}

// revocation is who took what from whom.
type revocation struct {
	at     time.Time
	what   string
	losers []string // ids of users
	token  string   // or the one token that ended, "a1"
}

const keptRevocations = 100

// noteRevocation remembers who lost what, for explanations.
func (h *Hub) noteRevocation(c sharing.Change) {
	switch c.Action {
	case sharing.ActionRevoke, sharing.ActionRevokeAll, sharing.ActionLeave, sharing.ActionEndSession, sharing.ActionDelete, sharing.ActionForget:
	default:
		return
	}
	losers := slices.Clone(c.UserIDs)
	for _, g := range c.GroupIDs {
		losers = append(losers, h.roster.membersOf(g)...)
	}
	what := c.Action
	if a, ok := h.roster.userByID(c.ActorID); ok {
		what += " by " + a.Name
	}
	if servers, err := h.roster.Servers(context.Background(), []string{c.ServerID}); err == nil {
		if s, ok := servers[c.ServerID]; ok {
			what += " on " + s.String()
		}
	}
	h.requests.revoke(revocation{at: c.At, what: what, losers: losers})
}

func (q *requests) revoke(r revocation) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.revoked = append(q.revoked, r)
	if n := len(q.revoked); n > keptRevocations {
		q.revoked = append(q.revoked[:0], q.revoked[n-keptRevocations:]...)
	}
}

// noteTokenEnd remembers who revoked a token, if that is what a request did.
func (h *Hub) noteTokenEnd(e *entry) {
	at := strings.LastIndexByte(e.Path, '/')
	if e.Method != http.MethodDelete || e.Status != http.StatusNoContent || !strings.HasSuffix(e.Path[:max(at, 0)], "/tokens") {
		return
	}
	h.requests.revoke(revocation{at: e.Time, what: "revoked by " + e.actor(), token: e.Path[at+1:]})
}

// deadToken says what is known of a token that the hub does not take: nothing, unless it was used before.
func (h *Hub) deadToken(secret string) string {
	h.requests.mu.Lock()
	defer h.requests.mu.Unlock()
	var used *recorded
	for _, r := range slices.Backward(h.requests.kept()) {
		if r.TokenID != "" && subtle.ConstantTimeCompare([]byte(r.token), []byte(secret)) == 1 {
			used = &r
			break
		}
	}
	if used == nil {
		return "the token is not known: it never was, has expired, or was revoked"
	}
	was := fmt.Sprintf("it was token %s of %s", used.TokenID, used.actor())
	for _, r := range slices.Backward(h.requests.revoked) {
		if r.token == used.TokenID && !r.at.Before(used.Time) { // ids begin again with a Reset
			return fmt.Sprintf("%s, %s at %s", was, r.what, r.at.UTC().Format(time.RFC3339))
		}
	}
	return fmt.Sprintf("%s, used last at %s: it has expired since, or ended with what it was issued for", was, used.Time.Format(time.RFC3339))
}

// lostLately is the last thing that was taken from a user.
func (h *Hub) lostLately(userID string) string {
	h.requests.mu.Lock()
	defer h.requests.mu.Unlock()
	for _, r := range slices.Backward(h.requests.revoked) {
		if slices.Contains(r.losers, userID) {
			return "the last that they lost: " + r.what + " at " + r.at.UTC().Format(time.RFC3339)
		}
	}
	return ""
}

// RevokeToken takes a token away, "a1" as [Snapshot] names it, whoever owns it. One that was issued to a server takes along the owner's others of that server
// (OA-86). To whoever holds it, it looks as if it had expired. The error wraps oauth.ErrNoToken.
func (h *Hub) RevokeToken(ctx context.Context, id string) error {
	owner, n, err := h.findToken(ctx, id)
	if err != nil {
		return fmt.Errorf("revoke token %s: %w", id, err)
	}
	if err := h.provider.RevokeToken(ctx, owner, n); err != nil {
		return err
	}
	h.requests.revoke(revocation{at: h.cfg.Clock.Now(), what: "revoked by a test", token: id})
	return nil
}

// ExpireLogin ends a user's logins, in every browser: their cookies are nobody's any more. Tokens stay. The error wraps sharing.ErrNoSuchUser.
func (h *Hub) ExpireLogin(ctx context.Context, user string) error {
	r := h.roster
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.users[user]
	if u == nil {
		return fmt.Errorf("expire the login of %s: %w", user, sharing.ErrNoSuchUser)
	}
	fresh := h.sources.hex("login")
	if err := r.db.exec(ctx, `UPDATE hub_users SET cookie_id = ? WHERE id = ?`, fresh, rowID(u.id)); err != nil {
		return fmt.Errorf("expire the login of %s: %w", user, err)
	}
	u.cookieID = fresh
	return nil
}

// ExpireCode takes a share code away, "sc_1" as [Snapshot] names it: it looks as one that has expired (SH-13). Access that it gave stays. The error wraps
// sharing.ErrCodeNotFound.
func (h *Hub) ExpireCode(ctx context.Context, id string) error {
	snapshot, err := h.Snapshot(ctx)
	if err != nil {
		return err
	}
	for _, c := range snapshot.ShareCodes {
		if c.ID != id {
			continue
		}
		by, err := h.caller(c.Owner)
		if err != nil {
			return err
		}
		return h.sharing.DeleteCodeByID(ctx, by, sharing.DeleteRequest{Server: sharing.ServerName{Owner: c.Owner, Name: c.Server}}, id)
	}
	return fmt.Errorf("expire share code %s: %w", id, sharing.ErrCodeNotFound)
}

// RevokeShare takes back what a user or group has of a server: the scopes that s names, or all of it. It is no error if they have nothing.
func (h *Hub) RevokeShare(ctx context.Context, s Share) error {
	by, err := h.caller(s.Owner)
	if err != nil {
		return err
	}
	_, err = h.sharing.Revoke(ctx, by, sharing.RevokeRequest{Server: sharing.ServerName{Owner: s.Owner, Name: s.Server}, Grantee: s.grantee(), Scopes: s.Scopes})
	return err
}
