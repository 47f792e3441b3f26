package sharing_test

import (
	"bytes"
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/internal/testhub"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

var start = time.Date(2026, 11, 21, 18, 28, 56, 779201000, time.UTC)

// sharer is the role of users on a hub where sharing is switched on (SH-31).
var sharer = []string{"self", "shares!user"}

// fixture is a service with a hub around it: alice, who has a server lab as well, and bob may share their servers; carol may not;
// admin may do much; bob and carol are in the group team.
type fixture struct {
	*sharing.Service
	hub *testhub.Hub

	mu      sync.Mutex
	now     time.Time
	changes []sharing.Change
	log     bytes.Buffer
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	f := &fixture{hub: testhub.New(), now: start}
	f.Service = &sharing.Service{
		Store: store, Directory: f.hub, Registry: scopes.New(scopes.P55), Now: f.clock, Rand: rand.NewChaCha8([32]byte{7}),
		Logger: slog.New(slog.NewTextHandler(&f.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		OnChange: func(_ context.Context, c sharing.Change) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.changes = append(f.changes, c)
		},
	}
	f.hub.Service = f.Service
	f.hub.AddUser("alice", sharer...)
	f.hub.AddServer("alice", "lab")
	f.hub.AddUser("bob", sharer...)
	f.hub.AddUser("carol", "self")
	f.hub.AddUser("admin", "self", "shares", "users:shares", "groups:shares", "servers", "list:users", "list:groups", "admin:servers")
	f.hub.AddGroup("team", "bob", "carol")
	return f
}

func (f *fixture) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fixture) advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

// told gives the changes that the host was told of since the last time.
func (f *fixture) told() []sharing.Change {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.changes
	f.changes = nil
	return c
}

func (f *fixture) as(t *testing.T, name string) sharing.Caller {
	t.Helper()
	return f.hub.Caller(t.Context(), name)
}

// holding is a caller with exactly these expanded scopes.
func holding(t *testing.T, raw ...string) sharing.Caller {
	t.Helper()
	list, err := scopes.ParseAll(raw)
	require.NoError(t, err)
	return sharing.Caller{Ref: sharing.Ref{Kind: sharing.KindService, ID: "service-1", Name: "tool"}, Scopes: scopes.SetOf(list...)}
}

func (f *fixture) grant(t *testing.T, server, kind, name string, scopes ...string) sharing.Share {
	t.Helper()
	share, err := f.Grant(t.Context(), f.as(t, "admin"), sharing.GrantRequest{
		Server: sharing.ServerName{Owner: "alice", Name: server}, Grantee: sharing.GranteeName{Kind: kind, Name: name}, Scopes: scopes,
	})
	require.NoError(t, err)
	return share
}

func texts(s sharing.Share) []string { return scopes.Strings(s.Scopes) }

// home is alice's default server.
var home = sharing.ServerName{Owner: "alice"}

func toUser(name string) sharing.GranteeName {
	return sharing.GranteeName{Kind: sharing.KindUser, Name: name}
}

func toGroup(name string) sharing.GranteeName {
	return sharing.GranteeName{Kind: sharing.KindGroup, Name: name}
}

// TestGate is SH-54 … SH-56: what a caller learns from a refusal.
func TestGate(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const missing = "Action is not authorized with current scopes; requires any of [read:shares]"
	const hidden = "No access to resources or resources not found"
	for name, c := range map[string]struct {
		by      sharing.Caller
		on      scopes.Resource
		reason  error
		message string
	}{
		"SH-54.1 nobody is refused":                                 {sharing.Caller{}, scopes.Server("alice", ""), sharing.ErrAnonymous, "Missing or invalid credentials."},
		"SH-54.1 scopes without anybody holding them are refused":   {sharing.Caller{Scopes: scopes.SetOf(scopes.Scope{Base: "read:shares"})}, scopes.Server("alice", ""), sharing.ErrAnonymous, "Missing or invalid credentials."},
		"SH-54.2 the unfiltered scope covers everything":            {holding(t, "read:shares"), scopes.Server("alice", ""), nil, ""},
		"SH-54.2 the owner's filter covers their server":            {holding(t, "read:shares!user=alice"), scopes.Server("alice", "lab"), nil, ""},
		"SH-54.2 the server's filter covers it":                     {holding(t, "read:shares!server=alice/lab"), scopes.Server("alice", "lab"), nil, ""},
		"SH-54.2 a group of the owner covers their server":          {holding(t, "read:shares!group=team"), scopes.Server("bob", ""), nil, ""},
		"SH-54.3 the scope for others hides":                        {holding(t, "read:shares!user=bob"), scopes.Server("alice", ""), sharing.ErrHidden, hidden},
		"SH-54.3 the scope for others hides what does not exist":    {holding(t, "read:shares!user=bob"), scopes.Server("ghost", ""), sharing.ErrHidden, hidden},
		"SH-54.4 another scope says what is missing":                {holding(t, "shares", "users:shares"), scopes.Server("alice", ""), sharing.ErrNotAllowed, missing},
		"SH-54.4 no scope at all says what is missing":              {holding(t), scopes.Server("ghost", ""), sharing.ErrNotAllowed, missing},
		"SH-56 a server's filter does not cover its owner":          {holding(t, "read:shares!server=alice/"), scopes.User("alice"), sharing.ErrHidden, hidden},
		"SH-56 nor does that of a server called None":               {holding(t, "read:shares!server=alice/None"), scopes.User("alice"), sharing.ErrHidden, hidden},
		"SH-56 the owner's filter covers the owner":                 {holding(t, "read:shares!user=alice"), scopes.User("alice"), nil, ""},
		"SH-173 a filter without a slash is not the default server": {holding(t, "read:shares!server=alice"), scopes.Server("alice", ""), sharing.ErrHidden, hidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := f.Authorize(c.by, sharing.ScopeReadShares, c.on)
			if c.reason == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, c.reason)
			assert.Equal(t, c.message, err.Error())
		})
	}
}

// TestEveryMethodPassesTheGate calls each method that takes a caller as somebody who holds nothing, for things that do not exist: the
// refusal has to be that of the gate (SH-54).
func TestEveryMethodPassesTheGate(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ghost := sharing.ServerName{Owner: "ghost"}
	w := sharing.Window{Limit: 10}
	calls := map[string]func(ctx context.Context, by sharing.Caller) error{
		"Grant": func(ctx context.Context, by sharing.Caller) error {
			_, err := f.Grant(ctx, by, sharing.GrantRequest{Server: ghost, Scopes: []string{"no such scope"}})
			return err
		},
		"Revoke": func(ctx context.Context, by sharing.Caller) error {
			_, err := f.Revoke(ctx, by, sharing.RevokeRequest{Server: ghost, Scopes: []string{"no such scope"}})
			return err
		},
		"RevokeAll": func(ctx context.Context, by sharing.Caller) error { return f.RevokeAll(ctx, by, ghost) },
		"Leave":     func(ctx context.Context, by sharing.Caller) error { return f.Leave(ctx, by, toUser("ghost"), ghost) },
		"Leave as a group": func(ctx context.Context, by sharing.Caller) error {
			return f.Leave(ctx, by, toGroup("ghosts"), ghost)
		},
		"Leave as nothing": func(ctx context.Context, by sharing.Caller) error {
			return f.Leave(ctx, by, sharing.GranteeName{}, ghost)
		},
		"Get": func(ctx context.Context, by sharing.Caller) error {
			_, err := f.Get(ctx, by, toUser("ghost"), ghost)
			return err
		},
		"ListByOwner": func(ctx context.Context, by sharing.Caller) error {
			_, err := f.ListByOwner(ctx, by, "ghost", w)
			return err
		},
		"ListByServer": func(ctx context.Context, by sharing.Caller) error {
			_, err := f.ListByServer(ctx, by, ghost, w)
			return err
		},
		"ListByGrantee": func(ctx context.Context, by sharing.Caller) error {
			_, err := f.ListByGrantee(ctx, by, toUser("ghost"), w)
			return err
		},
		"ListCodesByOwner": func(ctx context.Context, by sharing.Caller) error {
			_, err := f.ListCodesByOwner(ctx, by, "ghost", w)
			return err
		},
		"ListCodesByServer": func(ctx context.Context, by sharing.Caller) error {
			_, err := f.ListCodesByServer(ctx, by, ghost, w)
			return err
		},
		"CreateCode": func(ctx context.Context, by sharing.Caller) error {
			_, _, err := f.CreateCode(ctx, by, sharing.CodeRequest{Server: ghost, Lifetime: 1})
			return err
		},
		"DeleteCode": func(ctx context.Context, by sharing.Caller) error {
			return f.DeleteCode(ctx, by, sharing.DeleteRequest{Server: ghost}, sharing.Presented("x"))
		},
		"DeleteCodeByID": func(ctx context.Context, by sharing.Caller) error {
			return f.DeleteCodeByID(ctx, by, sharing.DeleteRequest{Server: ghost}, "x")
		},
		"DeleteCodes": func(ctx context.Context, by sharing.Caller) error {
			return f.DeleteCodes(ctx, by, sharing.DeleteRequest{Server: ghost})
		},
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.ErrorIs(t, call(t.Context(), sharing.Caller{}), sharing.ErrAnonymous)
			assert.ErrorIs(t, call(t.Context(), holding(t, "access:servers")), sharing.ErrNotAllowed)
			elsewhere := holding(t, "shares!user=alice", "read:shares!user=alice", "users:shares!user=alice", "groups:shares!user=alice",
				"read:users:shares!user=alice", "read:groups:shares!user=alice")
			if name != "Leave as nothing" { // which no scope at all reaches
				assert.ErrorIs(t, call(t.Context(), elsewhere), sharing.ErrHidden)
			}
		})
	}
	t.Run("FindCode and Exchange", func(t *testing.T) {
		t.Parallel()
		_, err := f.FindCode(t.Context(), sharing.Caller{}, sharing.Presented("x"))
		assert.ErrorIs(t, err, sharing.ErrAnonymous)
		_, err = f.Exchange(t.Context(), sharing.Caller{}, sharing.Presented("x"))
		assert.ErrorIs(t, err, sharing.ErrAnonymous)
		// SH-2: services have no share to get.
		_, err = f.Exchange(t.Context(), holding(t, "shares"), sharing.Presented("x"))
		assert.ErrorIs(t, err, sharing.ErrNotAUser)
	})
}

// TestOwnerListsNeedTheWholeOwner is SH-56: upstream asked about a server called None there.
func TestOwnerListsNeedTheWholeOwner(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.hub.AddServer("alice", "None")
	for _, filter := range []string{"server=alice/", "server=alice/None", "server=alice/lab", "server=alice"} {
		by := holding(t, "read:shares!"+filter)
		_, err := f.ListByOwner(t.Context(), by, "alice", sharing.Window{Limit: 1})
		require.ErrorIs(t, err, sharing.ErrHidden, filter)
		_, err = f.ListCodesByOwner(t.Context(), by, "alice", sharing.Window{Limit: 1})
		require.ErrorIs(t, err, sharing.ErrHidden, filter)
	}
	for _, suffix := range []string{"", "!user=alice"} {
		_, err := f.ListByOwner(t.Context(), holding(t, "read:shares"+suffix), "alice", sharing.Window{Limit: 1})
		require.NoError(t, err)
	}
}
