// Package refstore is an oauth.Store in plain maps, written to be read: what the real ones are compared with in tests, and the floor that they
// are measured against. It keeps nothing.
package refstore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

const (
	maxLiveCodes = 100
	maxFailures  = 3
)

// Store is safe for concurrent use.
type Store struct {
	mu      sync.Mutex
	clients map[string]oauth.Client
	codes   map[string]oauth.Code
	live    map[pair]int // codes that were put and not redeemed yet, expired or burned ones among them
	tokens  map[int64]oauth.Token
	prefix  map[string][]int64
	gone    map[oauth.OwnerRef]time.Time
	changes []oauth.Change
	last    int64 // id of a token
}

type pair struct{ client, user string }

var _ oauth.Store = (*Store)(nil)

// New gives an empty store.
func New() *Store {
	return &Store{
		clients: map[string]oauth.Client{}, codes: map[string]oauth.Code{}, live: map[pair]int{}, tokens: map[int64]oauth.Token{},
		prefix: map[string][]int64{}, gone: map[oauth.OwnerRef]time.Time{},
	}
}

func (s *Store) record(now time.Time, action string, owners ...oauth.OwnerRef) oauth.Change {
	c := oauth.Change{Seq: int64(len(s.changes)) + 1, At: stored(now), Action: action, Owners: owners}
	s.changes = append(s.changes, c)
	return c
}

// stored is a time as a database keeps it: whole microseconds, and none at all for the zero time.
func stored(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Microsecond)
}

func alive(expires, now time.Time) bool { return expires.IsZero() || !expires.Before(now) }

func (s *Store) holders(clientID string) []oauth.OwnerRef {
	found := map[oauth.OwnerRef]bool{}
	for _, t := range s.tokens {
		if t.ClientID == clientID {
			found[t.Owner] = true
		}
	}
	return slices.SortedFunc(maps.Keys(found), byOwner)
}

func byOwner(a, b oauth.OwnerRef) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.ID, b.ID))
}

// deleteTokens gives how many.
func (s *Store) deleteTokens(which func(oauth.Token) bool) (n int) {
	for id, t := range s.tokens {
		if which(t) {
			delete(s.tokens, id)
			s.prefix[t.Prefix] = slices.DeleteFunc(s.prefix[t.Prefix], func(other int64) bool { return other == id })
			n++
		}
	}
	return n
}

func (s *Store) deleteCodes(which func(oauth.Code) bool) (n int) {
	for hash, c := range s.codes {
		if which(c) {
			delete(s.codes, hash)
			if c.UsedAt.IsZero() {
				s.live[pair{c.ClientID, c.User.ID}]--
			}
			n++
		}
	}
	return n
}

// PutClient inserts or replaces.
func (s *Store) PutClient(_ context.Context, now time.Time, c oauth.Client) (oauth.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, known := s.clients[c.ID]
	if known && old.LinkID != c.LinkID {
		return oauth.Change{}, oauth.ErrClientTaken
	}
	owners := s.holders(c.ID)
	if old.SecretHash != c.SecretHash {
		s.deleteCodes(func(code oauth.Code) bool { return code.ClientID == c.ID })
		s.deleteTokens(func(t oauth.Token) bool { return t.ClientID == c.ID })
	}
	c.Allowed = slices.Clone(c.Allowed)
	s.clients[c.ID] = c
	if len(owners) == 0 {
		return oauth.Change{}, nil
	}
	return s.record(now, "client.replaced", owners...), nil
}

// Client finds by id.
func (s *Store) Client(_ context.Context, id string) (oauth.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.clients[id]
	if !ok {
		return oauth.Client{}, oauth.ErrNoClient
	}
	return c, nil
}

// Clients lists by id.
func (s *Store) Clients(context.Context) ([]oauth.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.clients), func(a, b oauth.Client) int { return strings.Compare(a.ID, b.ID) }), nil
}

// DeleteClient takes what it issued along.
func (s *Store) DeleteClient(_ context.Context, now time.Time, id string) (oauth.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	owners := s.holders(id)
	delete(s.clients, id)
	s.deleteCodes(func(c oauth.Code) bool { return c.ClientID == id })
	s.deleteTokens(func(t oauth.Token) bool { return t.ClientID == id })
	if len(owners) == 0 {
		return oauth.Change{}, nil
	}
	return s.record(now, "client.deleted", owners...), nil
}

// PutCode inserts.
func (s *Store) PutCode(_ context.Context, now time.Time, c oauth.Code) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, dead := s.gone[c.User]; dead {
		return oauth.ErrGone
	}
	if _, ok := s.clients[c.ClientID]; !ok {
		return oauth.ErrNoClient
	}
	of := pair{c.ClientID, c.User.ID}
	if s.live[of] >= maxLiveCodes { // perhaps fewer: only now is it worth a look at each
		n := 0
		for _, other := range s.codes {
			if (pair{other.ClientID, other.User.ID}) == of && other.UsedAt.IsZero() && other.Failures < maxFailures && alive(other.ExpiresAt, now) {
				n++
			}
		}
		if n >= maxLiveCodes {
			return oauth.ErrTooManyCodes
		}
	}
	c.ExpiresAt, c.Scopes = stored(c.ExpiresAt), slices.Clone(c.Scopes)
	s.codes[c.Hash] = c
	s.live[of]++
	return nil
}

func (s *Store) code(now time.Time, hash, clientID string) (oauth.Code, error) {
	c, ok := s.codes[hash]
	if !ok || c.ClientID != clientID || !alive(c.ExpiresAt, now) || c.Failures >= maxFailures && c.UsedAt.IsZero() {
		return oauth.Code{}, oauth.ErrNoCode
	}
	return c, nil
}

// ClientAndCode finds both.
func (s *Store) ClientAndCode(_ context.Context, now time.Time, clientID, hash string) (oauth.Client, oauth.Code, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.clients[clientID]
	if !ok {
		return oauth.Client{}, oauth.Code{}, oauth.ErrNoClient
	}
	code, err := s.code(now, hash, clientID)
	return c, code, err
}

// FailCode counts.
func (s *Store) FailCode(_ context.Context, _ time.Time, hash string, burn bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.codes[hash]; ok {
		c.Failures++
		if burn {
			c.Failures += maxFailures - 1
		}
		s.codes[hash] = c
	}
	return nil
}

// Redeem spends and inserts.
func (s *Store) Redeem(_ context.Context, now time.Time, hash, clientID string, t oauth.Token) (oauth.Token, oauth.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.code(now, hash, clientID)
	if err == nil && !c.UsedAt.IsZero() {
		err = oauth.ErrCodeSpent
	}
	if err != nil {
		return oauth.Token{}, oauth.Change{}, err
	}
	t.ClientID = clientID
	if t, err = s.insert(t); err != nil {
		return oauth.Token{}, oauth.Change{}, err
	}
	c.UsedAt, c.TokenID = stored(now), t.ID
	s.codes[hash] = c
	s.live[pair{c.ClientID, c.User.ID}]--
	return t, s.record(now, "token.issued", t.Owner), nil
}

// RevokeReplayed deletes the token of a spent code.
func (s *Store) RevokeReplayed(_ context.Context, now time.Time, hash, clientID string) (oauth.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.code(now, hash, clientID)
	if err != nil || c.UsedAt.IsZero() || s.deleteTokens(func(t oauth.Token) bool { return t.ID == c.TokenID }) == 0 {
		return oauth.Change{}, nil
	}
	return s.record(now, "code.replayed", c.User), nil
}

func (s *Store) insert(t oauth.Token) (oauth.Token, error) {
	for _, id := range s.prefix[t.Prefix] {
		if s.tokens[id].Hash == t.Hash {
			return oauth.Token{}, oauth.ErrTokenExists
		}
	}
	s.last++
	t.ID, t.Scopes = s.last, slices.Clone(t.Scopes)
	t.Created, t.ExpiresAt, t.LastActivity = stored(t.Created), stored(t.ExpiresAt), stored(t.LastActivity)
	s.tokens[t.ID] = t
	s.prefix[t.Prefix] = append(s.prefix[t.Prefix], t.ID)
	return t, nil
}

// PutToken inserts.
func (s *Store) PutToken(_ context.Context, now time.Time, t oauth.Token, taken func(hash string) bool) (oauth.Token, oauth.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if taken != nil && slices.ContainsFunc(s.prefix[t.Prefix], func(id int64) bool { return alive(s.tokens[id].ExpiresAt, now) && taken(s.tokens[id].Hash) }) {
		return oauth.Token{}, oauth.Change{}, oauth.ErrTokenExists
	}
	if _, dead := s.gone[t.Owner]; dead {
		return oauth.Token{}, oauth.Change{}, oauth.ErrGone
	}
	if _, ok := s.clients[t.ClientID]; !ok && t.ClientID != "" {
		return oauth.Token{}, oauth.Change{}, oauth.ErrNoClient
	}
	t, err := s.insert(t)
	if err != nil {
		return oauth.Token{}, oauth.Change{}, err
	}
	return t, s.record(now, "token.issued", t.Owner), nil
}

func (s *Store) issued(t oauth.Token) oauth.Issued {
	c := s.clients[t.ClientID]
	return oauth.Issued{Token: t, For: c.For, Description: c.Description}
}

// TokensByPrefix lists by id.
func (s *Store) TokensByPrefix(_ context.Context, now time.Time, prefix string) (list []oauth.Issued, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range s.prefix[prefix] {
		if t := s.tokens[id]; alive(t.ExpiresAt, now) {
			list = append(list, s.issued(t))
		}
	}
	return list, nil
}

// Tokens lists those unused for longest first.
func (s *Store) Tokens(_ context.Context, now time.Time, owner oauth.OwnerRef) (list []oauth.Issued, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tokens {
		if t.Owner == owner && alive(t.ExpiresAt, now) {
			list = append(list, s.issued(t))
		}
	}
	slices.SortFunc(list, func(a, b oauth.Issued) int {
		return cmp.Or(used(a.Token).Compare(used(b.Token)), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

// Token finds one.
func (s *Store) Token(ctx context.Context, now time.Time, owner oauth.OwnerRef, id int64) (oauth.Issued, error) {
	list, _ := s.Tokens(ctx, now, owner) // which cannot fail
	if i := slices.IndexFunc(list, func(t oauth.Issued) bool { return t.ID == id }); i >= 0 {
		return list[i], nil
	}
	return oauth.Issued{}, oauth.ErrNoToken
}

// Agreed repeats scopes.
func (s *Store) Agreed(ctx context.Context, now time.Time, owner oauth.OwnerRef, clientID string) (out []scopes.Scope, err error) {
	list, _ := s.Tokens(ctx, now, owner) // which cannot fail
	for _, t := range list {
		if t.ClientID == clientID {
			out = append(out, t.Scopes...)
		}
	}
	return out, nil
}

func used(t oauth.Token) time.Time {
	if t.LastActivity.IsZero() {
		return t.Created
	}
	return t.LastActivity
}

// DeleteToken takes a client's others along.
func (s *Store) DeleteToken(_ context.Context, now time.Time, owner oauth.OwnerRef, id int64) (oauth.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, ok := s.tokens[id]
	if !ok || t.Owner != owner || !alive(t.ExpiresAt, now) {
		return oauth.Change{}, oauth.ErrNoToken
	}
	if t.ClientID == "" {
		s.deleteTokens(func(other oauth.Token) bool { return other.ID == id })
	} else {
		s.deleteTokens(func(other oauth.Token) bool { return other.ClientID == t.ClientID && other.Owner == owner })
		s.deleteCodes(func(c oauth.Code) bool { return c.ClientID == t.ClientID && c.User.ID == owner.ID && c.UsedAt.IsZero() })
	}
	return s.record(now, "token.revoked", owner), nil
}

// DeleteSession ends a session.
func (s *Store) DeleteSession(_ context.Context, now time.Time, owner oauth.OwnerRef, sessionID string) (oauth.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sessionID == "" {
		return oauth.Change{}, nil
	}
	s.deleteCodes(func(c oauth.Code) bool { return c.User == owner && c.SessionID == sessionID && c.UsedAt.IsZero() })
	if s.deleteTokens(func(t oauth.Token) bool { return t.Owner == owner && t.SessionID == sessionID }) == 0 {
		return oauth.Change{}, nil
	}
	return s.record(now, "session.ended", owner), nil
}

// Touch moves activities forward.
func (s *Store) Touch(_ context.Context, at map[int64]time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, when := range at {
		if t, ok := s.tokens[id]; ok && stored(when).After(t.LastActivity) {
			t.LastActivity = stored(when)
			s.tokens[id] = t
		}
	}
	return nil
}

// Owners lists whoever has something.
func (s *Store) Owners(context.Context) ([]oauth.OwnerRef, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[oauth.OwnerRef]bool{}
	for _, t := range s.tokens {
		found[t.Owner] = true
	}
	for _, c := range s.codes {
		found[c.User] = true
	}
	return slices.SortedFunc(maps.Keys(found), byOwner), nil
}

// Forget removes, and remembers.
func (s *Store) Forget(_ context.Context, now time.Time, ref oauth.OwnerRef) (oauth.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.gone[ref]; known {
		return oauth.Change{}, nil
	}
	s.gone[ref] = stored(now)
	s.deleteTokens(func(t oauth.Token) bool { return t.Owner == ref })
	s.deleteCodes(func(c oauth.Code) bool { return c.User == ref })
	return s.record(now, "owner.forgotten", ref), nil
}

// Renamed rewrites names.
func (s *Store) Renamed(_ context.Context, now time.Time, kind, from, to string) (oauth.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if from == to || from == "" || to == "" {
		return oauth.Change{}, nil
	}
	name := func(of, old string) string {
		if of == kind && old == from {
			return to
		}
		if rest, ok := strings.CutPrefix(old, from+"/"); ok && kind == scopes.KindUser && of == scopes.KindServer {
			return to + "/" + rest
		}
		return old
	}
	all := func(list []scopes.Scope) []scopes.Scope {
		out := make([]scopes.Scope, len(list))
		for i, sc := range list {
			out[i] = sc
			if sc.Name != "" {
				out[i] = sc.With(sc.Kind, name(sc.Kind, sc.Name))
			}
		}
		return out
	}
	for id, c := range s.clients {
		c.Allowed, c.For.Server, c.For.Service = all(c.Allowed), name(scopes.KindServer, c.For.Server), name(scopes.KindService, c.For.Service)
		s.clients[id] = c
	}
	for hash, c := range s.codes {
		c.Scopes = all(c.Scopes)
		s.codes[hash] = c
	}
	for id, t := range s.tokens {
		t.Scopes = all(t.Scopes)
		s.tokens[id] = t
	}
	return s.record(now, kind+".renamed"), nil
}

// Purge deletes what is over.
func (s *Store) Purge(_ context.Context, now time.Time, o oauth.PurgeOrder) (p oauth.Purged, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.Tokens = s.deleteTokens(func(t oauth.Token) bool { return !alive(t.ExpiresAt, now) })
	p.Codes = s.deleteCodes(func(c oauth.Code) bool { return !alive(c.ExpiresAt, now) })
	for ref, at := range s.gone {
		if at.Before(o.Gone) {
			delete(s.gone, ref)
			p.Gone++
		}
	}
	for i := range s.changes { // numbers are given once: the rows stay as gaps
		if c := &s.changes[i]; c.Seq != 0 && c.At.Before(o.Changes) {
			*c = oauth.Change{}
			p.Changes++
		}
	}
	return p, nil
}

// Changes lists from a number on.
func (s *Store) Changes(_ context.Context, after int64, limit int) (list []oauth.Change, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.changes {
		if c.Seq > after && len(list) < limit {
			list = append(list, c)
		}
	}
	return list, nil
}
