package sharing_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/internal/refstore"
	"github.com/hubshare/hubshare/sharing/internal/testhub"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

const crowd = 64

// usesLeft is how often the last of an arena's codes can be exchanged.
const usesLeft = 3

// arena is one server of alice's with a few codes and a few grantees, on several stores that hold the same. Beside what the calls are about, each
// grantee has a share of another server and there is one more code, so that removing somebody or something for the first time is always a change.
type arena struct {
	hub     *testhub.Hub
	admin   sharing.Caller
	people  []sharing.Caller
	codes   []sharing.Code
	secrets []sharing.Secret
}

func newArena(ctx context.Context, t *testing.T, stores ...sharing.Store) *arena {
	t.Helper()
	a := &arena{hub: testhub.New()}
	a.hub.Service = a.serve(refstore.New())
	a.hub.AddUser("admin", "self", "shares", "users:shares", "servers", "list:users", "admin:servers")
	a.hub.AddUser("alice", "self")
	a.hub.AddServer("alice", "lab")
	for i := range 5 {
		a.hub.AddUser(fmt.Sprintf("user-%d", i), "self")
		a.people = append(a.people, a.hub.Caller(ctx, fmt.Sprintf("user-%d", i)))
	}
	a.admin = a.hub.Caller(ctx, "admin")
	for _, store := range stores {
		a.codes, a.secrets = nil, nil
		s := a.serve(store)
		s.Rand = rand.NewChaCha8([32]byte{3}) // the same codes everywhere
		for _, r := range []sharing.CodeRequest{
			{}, {Scopes: []string{"read:servers"}}, {Scopes: []string{"servers", "access:servers"}, Terms: sharing.Terms{Session: true}},
			{Scopes: []string{"read:servers", "access:servers"}, MaxUses: usesLeft, Terms: sharing.Terms{Lifetime: time.Hour}},
		} {
			r.Server = home
			code, secret, err := s.CreateCode(ctx, a.admin, r)
			require.NoError(t, err)
			a.codes, a.secrets = append(a.codes, code), append(a.secrets, secret)
		}
		_, _, err := s.CreateCode(ctx, a.admin, sharing.CodeRequest{Server: home})
		require.NoError(t, err)
		for _, p := range a.people {
			_, err := s.Grant(ctx, a.admin, sharing.GrantRequest{Server: sharing.ServerName{Owner: "alice", Name: "lab"}, Grantee: toUser(p.Name)})
			require.NoError(t, err)
		}
	}
	return a
}

func (a *arena) serve(store sharing.Store) *sharing.Service {
	return &sharing.Service{
		Store: store, Directory: a.hub, Registry: scopes.New(scopes.P55), Now: func() time.Time { return start }, OnChange: noteChange,
		Quotas: sharing.NoQuotas(),
	}
}

func answerOf[T any](v T, line func(T) string, err error) string {
	if err != nil {
		return "refused: " + err.Error()
	}
	return line(v)
}

func done(err error) string {
	return answerOf("done", func(s string) string { return s }, err)
}

func pageLine[T any](line func(T) string) func(sharing.Page[T]) string {
	return func(p sharing.Page[T]) string {
		return fmt.Sprint(p.Total, ": ", strings.Join(lines(p.Items, line), "; "))
	}
}

// draw gives a call. Deletions are rare, or nothing would be left to race for; deadly allows those that end the server or a user.
func (a *arena) draw(r *rand.Rand, deadly bool) call {
	who := a.people[r.IntN(len(a.people))]
	code := r.IntN(len(a.codes))
	secret, handle := a.secrets[code], sharing.CodeID(a.codes[code].ID)
	list := [][]string{nil, {"access:servers"}, {"read:servers", "servers"}}[r.IntN(3)]
	terms := []sharing.Terms{{}, {}, {Lifetime: time.Hour}, {Session: true}}[r.IntN(4)]
	order := sharing.GrantRequest{Server: home, Grantee: toUser(who.Name), Scopes: list, Terms: terms}
	window := sharing.Window{Limit: 100}
	switch n := r.IntN(64); {
	case n < 16:
		return call{fmt.Sprint(who.Name, " exchanges ", handle), func(ctx context.Context, s *sharing.Service) string {
			share, err := s.Exchange(ctx, who, secret)
			return answerOf(share, shareLine, err)
		}}
	case n < 18:
		many := sharing.BulkRequest{Server: home, Scopes: list, Terms: terms}
		for _, i := range r.Perm(len(a.people))[:3] {
			many.Grantees = append(many.Grantees, toUser(a.people[i].Name))
		}
		return call{fmt.Sprint("grant ", many.Grantees, " ", list, terms), func(ctx context.Context, s *sharing.Service) string {
			shares, err := s.GrantMany(ctx, a.admin, many)
			return answerOf(shares, func(l []sharing.Share) string { return strings.Join(lines(l, shareLine), "; ") }, err)
		}}
	case n < 26:
		return call{fmt.Sprint("grant ", who.Name, " ", list, terms), func(ctx context.Context, s *sharing.Service) string {
			share, err := s.Grant(ctx, a.admin, order)
			return answerOf(share, shareLine, err)
		}}
	case n < 36:
		return call{fmt.Sprint("revoke from ", who.Name, " ", list), func(ctx context.Context, s *sharing.Service) string {
			left, err := s.Revoke(ctx, a.admin, sharing.RevokeRequest{Server: home, Grantee: toUser(who.Name), Scopes: list})
			return answerOf(left, func(s *sharing.Share) string {
				if s == nil {
					return "nothing left"
				}
				return shareLine(*s)
			}, err)
		}}
	case n < 40:
		return call{who.Name + " leaves", func(ctx context.Context, s *sharing.Service) string {
			return done(s.Leave(ctx, who, toUser(who.Name), home))
		}}
	case n < 41:
		srv := a.hub.Server("alice", "")
		return call{"the server stops", func(ctx context.Context, s *sharing.Service) string { return done(s.ServerStopped(ctx, srv)) }}
	case n < 42:
		return call{"revoke all", func(ctx context.Context, s *sharing.Service) string { return done(s.RevokeAll(ctx, a.admin, home)) }}
	case n < 47:
		return call{"shares", func(ctx context.Context, s *sharing.Service) string {
			page, err := s.ListByServer(ctx, a.admin, home, window)
			return answerOf(page, pageLine(shareLine), err)
		}}
	case n < 49:
		id := a.codes[code].ID
		return call{"shares by " + handle, func(ctx context.Context, s *sharing.Service) string {
			page, err := s.ListByCode(ctx, a.admin, home, id, window)
			return answerOf(page, pageLine(shareLine), err)
		}}
	case n < 52:
		return call{"codes", func(ctx context.Context, s *sharing.Service) string {
			page, err := s.ListCodesByServer(ctx, a.admin, home, window)
			return answerOf(page, pageLine(managedLine), err)
		}}
	case n < 57:
		return call{"scopes of " + who.Name, func(ctx context.Context, s *sharing.Service) string {
			list, _, err := s.SharedScopes(ctx, who.ID)
			return answerOf(scopes.Strings(list), func(l []string) string { return strings.Join(l, " ") }, err)
		}}
	case n < 60 && code < len(a.codes)-1: // a limited one takes two looks, which may see two states
		return call{"look at " + handle, func(ctx context.Context, s *sharing.Service) string {
			code, err := s.FindCode(ctx, who, secret)
			return answerOf(code, codeLine, err)
		}}
	case n == 60 && r.IntN(4) == 0:
		request := sharing.DeleteRequest{Server: home, Cascade: r.IntN(2) == 0}
		return call{fmt.Sprint("delete by secret ", handle, " ", request), func(ctx context.Context, s *sharing.Service) string {
			return done(s.DeleteCode(ctx, a.admin, request, secret))
		}}
	case n == 61 && r.IntN(2) == 0:
		request := sharing.DeleteRequest{Server: home, Cascade: r.IntN(2) == 0}
		return call{fmt.Sprint("delete ", handle, " ", request), func(ctx context.Context, s *sharing.Service) string {
			return done(s.DeleteCodeByID(ctx, a.admin, request, handle))
		}}
	case deadly && n == 62 && r.IntN(2) == 0:
		return call{who.Name + " is removed", func(ctx context.Context, s *sharing.Service) string { return done(s.UserRemoved(ctx, who.ID)) }}
	case deadly && n == 63 && r.IntN(2) == 0:
		id := a.hub.Server("alice", "").ID
		return call{"the server is removed", func(ctx context.Context, s *sharing.Service) string { return done(s.ServerRemoved(ctx, id)) }}
	case !deadly && n == 62 && r.IntN(4) == 0:
		request := sharing.DeleteRequest{Server: home, Cascade: r.IntN(2) == 0}
		return call{fmt.Sprint("delete all codes ", request), func(ctx context.Context, s *sharing.Service) string {
			return done(s.DeleteCodes(ctx, a.admin, request))
		}}
	}
	return call{"get " + who.Name, func(ctx context.Context, s *sharing.Service) string {
		share, err := s.Get(ctx, who, toUser(who.Name), home)
		return answerOf(share, shareLine, err)
	}}
}

// TestHistoriesOfACrowd is SH-45: what a crowd does at once to one server and its codes is as if they had come one after the other.
func TestHistoriesOfACrowd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		open   func(t *testing.T) []sharing.Store
		each   int // calls of each in the crowd
		deadly bool
		rounds uint64
	}{
		"in memory":                                {inMemory, 6, false, 2},
		"in memory, until all is gone":             {inMemory, 4, true, 2},
		"in a file":                                {inAFile(1), 5, false, 1},
		"in a file, until all is gone":             {inAFile(1), 4, true, 1},
		"in a file that is open twice":             {inAFile(2), 3, false, 1},
		"in a file open twice, until all are gone": {inAFile(2), 3, true, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range c.rounds {
				stores := c.open(t)
				before := refstore.New()
				a := newArena(t.Context(), t, before, stores[0])
				random := rand.New(rand.NewPCG(seed, 45))
				lists := make([][]call, crowd)
				for i := range lists {
					for range c.each {
						lists[i] = append(lists[i], a.draw(random, c.deadly))
					}
				}
				var services []*sharing.Service
				for _, s := range stores {
					services = append(services, a.serve(s))
				}
				history := atOnce(t.Context(), lists, services...)
				require.Len(t, history, crowd*c.each)
				require.NoError(t, inOrder(t.Context(), before, a.serve, history), "seed %d", seed)
			}
		})
	}
}

func inMemory(t *testing.T) []sharing.Store {
	t.Helper()
	return []sharing.Store{openStore(t, "")}
}

func inAFile(handles int) func(t *testing.T) []sharing.Store {
	return func(t *testing.T) (stores []sharing.Store) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "sharing.db")
		for range handles {
			stores = append(stores, openStore(t, path))
		}
		return stores
	}
}

func openStore(t *testing.T, dsn string) *sqlstore.Store {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	return store
}

// TestHistoriesThatCannotBe: a checker that accepts everything proves nothing.
func TestHistoriesThatCannotBe(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	before := refstore.New()
	a := newArena(ctx, t, before)
	code, secret := a.codes[0], a.secrets[0]
	exchange := func(i int) call {
		return call{"exchange", func(ctx context.Context, s *sharing.Service) string {
			share, err := s.Exchange(ctx, a.people[i], secret)
			return answerOf(share, shareLine, err)
		}}
	}
	last := func(i int) call {
		return call{"exchange the limited one", func(ctx context.Context, s *sharing.Service) string {
			share, err := s.Exchange(ctx, a.people[i], a.secrets[len(a.secrets)-1])
			return answerOf(share, shareLine, err)
		}}
	}
	remove := call{"delete", func(ctx context.Context, s *sharing.Service) string {
		return done(s.DeleteCodeByID(ctx, a.admin, sharing.DeleteRequest{Server: home}, sharing.CodeID(code.ID)))
	}}
	look := call{"codes", func(ctx context.Context, s *sharing.Service) string {
		page, err := s.ListCodesByServer(ctx, a.admin, home, sharing.Window{Limit: 9})
		return answerOf(page, pageLine(codeLine), err)
	}}
	// play makes calls one after the other; the moments are what a test then says they were.
	play := func(calls ...call) (history []event) {
		on := a.serve(before.Clone())
		for i, c := range calls {
			e := event{call: c, began: int64(2 * i), ended: int64(2*i + 1)}
			e.answer, e.change = made(ctx, c, on)
			history = append(history, e)
		}
		return history
	}
	for name, c := range map[string]struct {
		history func() []event
		problem string // "" = this one can be
	}{
		"one after the other": {func() []event { return play(exchange(0), look, exchange(1), remove, exchange(2)) }, ""},
		"a late look that overlaps": {func() []event {
			h := play(exchange(0), look, exchange(1))
			h[1].ended = 9
			return h
		}, ""},
		"an exchange after the answer to the deletion": {func() []event {
			h := play(exchange(0), remove)
			h[0].began, h[0].ended = 8, 9
			return h
		}, "took effect before"},
		"a refusal before the deletion began": {func() []event {
			h := play(remove, exchange(0))
			h[0].began, h[0].ended = 8, 9
			return h
		}, "fits nowhere"},
		"an exchange that was not counted": {func() []event {
			h := play(exchange(0), look)
			h[1].answer = strings.Replace(h[1].answer, "1 of 0 exchanges", "0 of 0 exchanges", 1)
			return h
		}, "fits nowhere"},
		"a look that goes back in time": {func() []event {
			h := play(look, exchange(0), look, look)
			h[3].answer = h[0].answer
			return h
		}, "fits nowhere"},
		"two looks that go back in time beside a slow exchange": {func() []event {
			h := play(exchange(0), look, look)
			h[0].ended = 9
			h[2].answer = play(look)[0].answer
			return h
		}, "fits nowhere"},
		"a limited code that is used up and lets those in again": {func() []event {
			return play(last(0), last(1), last(2), last(0), last(3), look)
		}, ""},
		"a limited code that is used once too often": {func() []event {
			h := play(last(0), last(1), last(2), last(3))
			h[3].answer = strings.ReplaceAll(h[2].answer, a.people[2].ID, a.people[3].ID)
			return h
		}, "fits nowhere"},
		"a share with a scope too many": {func() []event {
			h := play(exchange(0))
			h[0].answer += "shares"
			return h
		}, "should have answered"},
		"a change that was recorded as another": {func() []event {
			h := play(exchange(0))
			h[0].change.UserIDs = nil
			return h
		}, "and changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := inOrder(ctx, before, a.serve, c.history())
			if c.problem == "" {
				assert.NoError(t, err)
				return
			}
			assert.ErrorContains(t, err, c.problem)
		})
	}
}
