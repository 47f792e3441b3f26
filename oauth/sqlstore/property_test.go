package sqlstore_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/internal/refstore"
	"github.com/hubshare/hubshare/oauth/sqlstore"
	"github.com/hubshare/hubshare/scopes"
)

// twins are a store and the plain one, of which everything is asked twice.
type twins struct {
	t         *rapid.T
	real, ref oauth.Store
	now       time.Time
	codes     int // that were put; their hashes are c1, c2, …
}

func (w *twins) owner() oauth.OwnerRef {
	return rapid.SampledFrom([]oauth.OwnerRef{{Kind: "user", ID: "1"}, {Kind: "user", ID: "2"}, {Kind: "service", ID: "1"}}).Draw(w.t, "owner")
}

func (w *twins) user() oauth.OwnerRef {
	return oauth.OwnerRef{Kind: "user", ID: rapid.SampledFrom([]string{"1", "2"}).Draw(w.t, "user")}
}

func (w *twins) clientID() string {
	return rapid.SampledFrom([]string{"service-a", "service-b"}).Draw(w.t, "client")
}

// hash is one of the latest codes, or one that was never there.
func (w *twins) hash() string {
	return fmt.Sprint("c", rapid.IntRange(max(0, w.codes-3), w.codes).Draw(w.t, "code"))
}

func (w *twins) scopes() []scopes.Scope {
	list, err := scopes.ParseAll(rapid.SampledFrom([][]string{
		{}, {"self"}, {"read:users!user=alice", "servers!server=alice/"}, {"servers!server=bob/lab", "tokens!user"},
	}).Draw(w.t, "scopes"))
	require.NoError(w.t, err)
	return list
}

func (w *twins) token() oauth.Token {
	n := rapid.IntRange(1, 12).Draw(w.t, "secret")
	owner, client := w.user(), rapid.SampledFrom([]string{"", "service-a", "service-b"}).Draw(w.t, "of")
	if client == "" {
		owner = w.owner() // services go through no client
	}
	return oauth.Token{
		Prefix: []string{"aaaa", "bbbb"}[n%2], Hash: fmt.Sprint("h", n), Owner: owner, ClientID: client,
		SessionID: rapid.SampledFrom([]string{"", "s1", "s2"}).Draw(w.t, "session"), Scopes: w.scopes(), Created: w.now,
		ExpiresAt: rapid.SampledFrom([]time.Time{{}, w.now.Add(time.Minute), w.now.Add(-time.Second)}).Draw(w.t, "expires"),
	}
}

// same demands one answer from both.
func (w *twins) same(what string, ask func(s oauth.Store) (any, error)) {
	got, err := ask(w.real)
	want, wantErr := ask(w.ref)
	require.Equal(w.t, wantErr == nil, err == nil, "%s: %v, expected %v", what, err, wantErr)
	if wantErr != nil {
		require.ErrorIs(w.t, err, wantErr, what)
	}
	require.Equal(w.t, fmt.Sprintf("%+v", want), fmt.Sprintf("%+v", got), what)
}

func two[A any](a A, err error) (any, error) { return a, err }

// Whatever is asked in whatever order, the database answers as the plain maps do.
func TestAsThePlainStore(t *testing.T) { // OA-150, OA-11, OA-86, OA-110
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s, err := sqlstore.Open(t.Context(), "")
		require.NoError(rt, err)
		defer func() { require.NoError(rt, s.Close()) }()
		w := &twins{t: rt, real: s, ref: refstore.New(), now: time.Unix(1_700_000_000, 0).UTC()}
		ctx := t.Context()
		with := w.same
		rt.Repeat(map[string]func(*rapid.T){
			"time": func(rt *rapid.T) {
				w.t = rt
				w.now = w.now.Add(time.Duration(rapid.IntRange(0, 40).Draw(rt, "seconds")) * time.Second)
			},
			"client": func(rt *rapid.T) {
				w.t = rt
				c := oauth.Client{
					ID: w.clientID(), SecretHash: rapid.SampledFrom([]string{"", "x", "y"}).Draw(rt, "secret"), For: scopes.Client{Server: "alice/"},
					LinkID: rapid.SampledFrom([]string{"1", "1", "1", "2"}).Draw(rt, "link"), Allowed: w.scopes(),
				}
				with("PutClient", func(s oauth.Store) (any, error) { return two(s.PutClient(ctx, w.now, c)) })
			},
			"remove": func(rt *rapid.T) {
				w.t = rt
				id := w.clientID()
				with("DeleteClient", func(s oauth.Store) (any, error) { return two(s.DeleteClient(ctx, w.now, id)) })
			},
			"code": func(rt *rapid.T) {
				w.t = rt
				w.codes++
				c := oauth.Code{
					Hash: fmt.Sprint("c", w.codes), ClientID: w.clientID(), User: w.user(), SessionID: "s1", Scopes: w.scopes(), ExpiresAt: w.now.Add(time.Minute),
				}
				with("PutCode", func(s oauth.Store) (any, error) { return nil, s.PutCode(ctx, w.now, c) })
			},
			"fail": func(rt *rapid.T) {
				w.t = rt
				hash := w.hash()
				with("FailCode", func(s oauth.Store) (any, error) { return nil, s.FailCode(ctx, w.now, hash, false) })
			},
			"redeem": func(rt *rapid.T) {
				w.t = rt
				hash, id, tok := w.hash(), w.clientID(), w.token()
				if _, c, err := w.ref.ClientAndCode(ctx, w.now, id, hash); err == nil {
					tok.Owner = c.User
				}
				with("Redeem", func(s oauth.Store) (any, error) {
					got, c, err := s.Redeem(ctx, w.now, hash, id, tok)
					return []any{known(got), c}, err
				})
			},
			"replay": func(rt *rapid.T) {
				w.t = rt
				hash, id := w.hash(), w.clientID()
				with("RevokeReplayed", func(s oauth.Store) (any, error) { return two(s.RevokeReplayed(ctx, w.now, hash, id)) })
			},
			"token": func(rt *rapid.T) {
				w.t = rt
				tok := w.token()
				taken := rapid.SampledFrom([]func(string) bool{nil, func(hash string) bool { return hash < tok.Hash }}).Draw(rt, "taken")
				with("PutToken", func(s oauth.Store) (any, error) {
					got, c, err := s.PutToken(ctx, w.now, tok, taken)
					return []any{known(got), c}, err
				})
			},
			"revoke": func(rt *rapid.T) {
				w.t = rt
				ref := w.owner()
				list, err := w.ref.Tokens(ctx, w.now, ref)
				require.NoError(rt, err)
				others, err := w.real.Tokens(ctx, w.now, ref)
				require.NoError(rt, err)
				if len(list) == 0 || len(others) != len(list) {
					return
				}
				i := rapid.IntRange(0, len(list)-1).Draw(rt, "which")
				ids := map[oauth.Store]int64{w.ref: list[i].ID, w.real: others[i].ID}
				with("DeleteToken", func(s oauth.Store) (any, error) { return two(s.DeleteToken(ctx, w.now, ref, ids[s])) })
			},
			"logout": func(rt *rapid.T) {
				w.t = rt
				ref, session := w.owner(), rapid.SampledFrom([]string{"", "s1", "s2"}).Draw(rt, "session")
				with("DeleteSession", func(s oauth.Store) (any, error) { return two(s.DeleteSession(ctx, w.now, ref, session)) })
			},
			"rename": func(rt *rapid.T) {
				w.t = rt
				r := rapid.SampledFrom([][3]string{{"user", "alice", "al"}, {"user", "al", "alice"}, {"server", "bob/lab", "bob/x"}, {"group", "g", "h"}}).Draw(rt, "rename")
				with("Renamed", func(s oauth.Store) (any, error) { return two(s.Renamed(ctx, w.now, r[0], r[1], r[2])) })
			},
			"purge": func(rt *rapid.T) {
				w.t = rt
				with("Purge", func(s oauth.Store) (any, error) { return two(s.Purge(ctx, w.now, oauth.PurgeOrder{Gone: w.now})) })
			},
			"forget": func(rt *rapid.T) {
				w.t = rt
				ref := w.owner()
				with("Forget", func(s oauth.Store) (any, error) { return two(s.Forget(ctx, w.now, ref)) })
			},
			"": func(rt *rapid.T) {
				w.t = rt
				for _, ref := range []oauth.OwnerRef{{Kind: "user", ID: "1"}, {Kind: "user", ID: "2"}, {Kind: "service", ID: "1"}} {
					with("Tokens", func(s oauth.Store) (any, error) {
						list, err := s.Tokens(ctx, w.now, ref)
						for i := range list {
							one, err := s.Token(ctx, w.now, ref, list[i].ID)
							require.NoError(rt, err)
							require.Equal(rt, list[i], one)
							_, err = s.Token(ctx, w.now, oauth.OwnerRef{Kind: "user", ID: "9"}, one.ID)
							require.ErrorIs(rt, err, oauth.ErrNoToken)
							list[i].Token = known(one.Token)
						}
						return list, err
					})
					for _, id := range []string{"service-a", "service-b"} {
						with("Agreed", func(s oauth.Store) (any, error) {
							list, err := s.Agreed(ctx, w.now, ref, id)
							slices.SortFunc(list, scopes.Compare)
							return slices.Compact(list), err
						})
					}
				}
				for n := max(0, w.codes-3); n <= w.codes; n++ {
					hash := fmt.Sprint("c", n)
					for _, id := range []string{"service-a", "service-b"} {
						with("ClientAndCode", func(s oauth.Store) (any, error) {
							c, code, err := s.ClientAndCode(ctx, w.now, id, hash)
							code.TokenID = 0
							return []any{c, code}, err
						})
					}
				}
				with("Clients", func(s oauth.Store) (any, error) { return two(s.Clients(ctx)) })
				with("Owners", func(s oauth.Store) (any, error) { return two(s.Owners(ctx)) })
				with("Changes", func(s oauth.Store) (any, error) { return two(s.Changes(ctx, 0, 1000)) })
			},
		})
	})
}

// known leaves out the number, of which a database may skip some.
func known(t oauth.Token) oauth.Token {
	t.ID = 0
	return t
}
