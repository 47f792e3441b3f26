package scopes_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/scopes"
)

// Whatever is sent: no panic, and what parses is written back so that it parses to the same scope (SC-10).
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "self", "users!user=a=b", "users!", "x!server", "x!group", "users!user=", "a!b!c", "servers!server=a/b", "all!user", "users!=a", "\xff!\x00"} {
		f.Add(s)
	}
	reg := scopes.New(scopes.P60)
	f.Fuzz(func(t *testing.T, raw string) {
		valid := reg.Validate(raw, "token")
		s, err := scopes.Parse(raw)
		if err != nil {
			require.Zero(t, s)
			return
		}
		again, err := scopes.Parse(s.String())
		require.NoError(t, err)
		require.Equal(t, s, again)
		expanded, err := reg.Expand([]scopes.Scope{s}, alice, aliceLab)
		if valid == nil {
			require.NoError(t, err)
		}
		for _, e := range expanded.Scopes() {
			back, err := scopes.Parse(e.String())
			require.NoError(t, err)
			require.Equal(t, e, back)
		}
		require.True(t, scopes.Intersect(expanded, expanded, nil).Equal(expanded), "SC-77")
	})
}

// Whatever the names: a set of one filter answers as the rules read, and its own scope is what it allows (SC-80 … SC-90).
func FuzzFilter(f *testing.F) {
	f.Add("user", "alice", "user", "", "alice")
	f.Add("user", "alice", "server", "alice", "lab")
	f.Add("server", "alice/lab", "server", "alice", "lab")
	f.Add("server", "alice/lab/x", "server", "alice/lab", "x")
	f.Add("server", "lab", "server", "alice", "lab")
	f.Add("group", "g1", "user", "", "bob")
	f.Add("service", "svc", "service", "", "svc")
	f.Add("", "alice", "", "", "alice")
	f.Add("goup", "a", "goup", "", "a")
	f.Fuzz(func(t *testing.T, kind, value, onKind, owner, name string) {
		held := scopes.Scope{Base: "servers", Kind: kind, Name: value}
		on := scopes.Resource{Kind: onKind, Name: name}
		if onKind == "server" {
			on.Owner = owner
		}
		s := scopes.SetOf(held)
		var want bool
		if kind == "" && value == "" || value != "" {
			want = naive([]scopes.Scope{held}, "servers", on, world) && (kind != "" || value == "")
		}
		require.Equal(t, want, s.Allows("servers", on, world))
		d := s.Explain([]string{"servers"}, on, world)
		require.Equal(t, want, d.Allowed)
		require.NotEmpty(t, d.String())
		for _, sc := range s.Scopes() {
			require.True(t, s.Contains(sc))
			require.Equal(t, held, sc)
		}
	})
}

// Whatever definitions say: they are refused, or hold together (SC-330 … SC-333).
func FuzzDefinitions(f *testing.F) {
	f.Add([]byte(`{"custom:par": {"description": "x", "subscopes": ["custom:chi"]}, "custom:chi": {"description": "y", "more": [1, {}]}}`))
	f.Add([]byte(`{"custom:aaa": {"description": "x", "subscopes": ["custom:aaa"]}}`))
	f.Add([]byte(`{"read:users": {"description": "x"}}`))
	f.Add([]byte(`{"custom:aaa": null}`))
	f.Add([]byte("{\"custom:new\\n\": {\"description\": \"x\"}}"))
	reg := scopes.New(scopes.P55)
	f.Fuzz(func(t *testing.T, data []byte) {
		defs, _, err := scopes.DecodeDefinitions(data)
		if err != nil {
			require.ErrorIs(t, err, scopes.ErrDefinition)
			return
		}
		more, err := reg.Define(defs)
		if err != nil {
			require.ErrorIs(t, err, scopes.ErrDefinition)
			return
		}
		again, err := more.Define(defs)
		require.NoError(t, err, "SC-332")
		require.Equal(t, more.Names(), again.Names())
		for _, d := range defs {
			require.True(t, strings.HasPrefix(d.Name, "custom:"))
			got, err := more.Expand([]scopes.Scope{{Base: d.Name, Kind: "user"}}, alice, hub)
			require.NoError(t, err)
			require.True(t, got.Allows(d.Name, scopes.User("alice"), nil))
			require.False(t, got.Holds("users"))
		}
	})
}

// Whatever role entries say: they are refused, or give roles that expand, and a roster in which flags and roles agree (SC-320 … SC-329).
func FuzzRoles(f *testing.F) {
	f.Add([]byte(`[{"name": "r-1", "scopes": ["users!user", "self"], "users": ["alice"], "services": ["srv"], "groups": []}]`))
	f.Add([]byte(`[{"name": "admin", "users": ["new"]}, {"name": "user", "users": []}]`))
	f.Add([]byte(`[{"name": "r-1", "scopes": null}]`))
	f.Add([]byte(`[{"name": "r-1", "scopes": ["users!user="]}]`))
	f.Add([]byte(`[{"name": "r-1"}, {"name": "r-1"}]`))
	reg := scopes.New(scopes.P60)
	before := scopes.Roster{Users: people("alice:user boss:admin"), Services: people("srv:")}
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := scopes.DecodeRoles(data)
		if err != nil {
			require.ErrorIs(t, err, scopes.ErrDefinition)
			return
		}
		again, err := json.Marshal(before)
		require.NoError(t, err)
		got, err := reg.LoadRoles(scopes.RoleLoad{Entries: entries}, before)
		same, err2 := json.Marshal(before)
		require.NoError(t, err2)
		require.Equal(t, string(again), string(same), "nothing handed in is changed")
		if err != nil {
			var e *scopes.Error
			require.ErrorAs(t, err, &e)
			return
		}
		for _, name := range got.Registry.RoleNames() {
			raw, err := got.Registry.RoleScopes(name)
			require.NoError(t, err)
			_, err = got.Registry.Expand(raw, alice, hub)
			require.NoError(t, err)
		}
		for _, h := range got.Roster.Users {
			require.Equal(t, h.Admin, h.Holds("admin"))
			for _, role := range h.Roles {
				_, known := got.Registry.Role(role)
				require.True(t, known, "SC-323")
			}
		}
	})
}
