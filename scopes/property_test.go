package scopes_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/hubshare/hubshare/scopes"
)

// The small world in which properties are tried: names that are prefixes of each other, members of none, one and two groups.
var (
	someBases  = []string{"users", "read:users", "read:users:name", "servers", "read:servers", "access:servers", "shares", "groups", "tokens", "custom:par", "custom:chi"}
	somePeople = []string{"al", "alice", "bob", "carol"}
	someGroups = []string{"g1", "g2", "g3"}
	someThings = func() []scopes.Resource {
		out := []scopes.Resource{{}, scopes.Service("svc"), scopes.Service("alice")}
		for _, p := range somePeople {
			out = append(out, scopes.User(p), scopes.Server(p, ""), scopes.Server(p, "lab"))
		}
		for _, g := range someGroups {
			out = append(out, scopes.Group(g))
		}
		return out
	}()
)

func propertyRegistry(t testing.TB) *scopes.Registry {
	t.Helper()
	reg, err := scopes.New(scopes.P60).Define([]scopes.Definition{
		{Name: "custom:par", Description: "x", Subscopes: []string{"custom:chi"}}, {Name: "custom:chi", Description: "x"}})
	require.NoError(t, err)
	return reg
}

// drawScope gives an expanded scope, or with shorthands a raw one.
func drawScope(t *rapid.T, shorthands bool, groups []string) scopes.Scope {
	s := scopes.Scope{Base: rapid.SampledFrom(someBases).Draw(t, "base")}
	kinds := []string{"", "user", "server", "service"}
	if len(groups) > 0 {
		kinds = append(kinds, "group")
	}
	switch s.Kind = rapid.SampledFrom(kinds).Draw(t, "kind"); s.Kind {
	case "user":
		s.Name = rapid.SampledFrom(somePeople).Draw(t, "user")
	case "server":
		s.Name = rapid.SampledFrom(somePeople).Draw(t, "owner") + rapid.SampledFrom([]string{"/", "/lab", ""}).Draw(t, "server")
	case "group":
		s.Name = rapid.SampledFrom(groups).Draw(t, "group")
	case "service":
		s.Name = rapid.SampledFrom([]string{"svc", "alice"}).Draw(t, "service")
	}
	if shorthands && s.Kind != "" && s.Kind != "group" && rapid.Bool().Draw(t, "short") {
		s.Name = ""
	}
	return s
}

func drawScopes(t *rapid.T, most int, shorthands bool, groups []string) []scopes.Scope {
	out := make([]scopes.Scope, rapid.IntRange(0, most).Draw(t, "scopes"))
	for i := range out {
		out[i] = drawScope(t, shorthands, groups)
	}
	return out
}

func drawSet(t *rapid.T) scopes.Set { return scopes.SetOf(drawScopes(t, 30, false, someGroups)...) }

func drawGroups(t *rapid.T) groups {
	g := groups{}
	for _, name := range someGroups {
		g[name] = rapid.SliceOfDistinct(rapid.SampledFrom(somePeople), rapid.ID[string]).Draw(t, name)
	}
	return g
}

// naive answers as sections 8 and 8.1 of the rules read, one held scope after the other (SC-80 … SC-90).
func naive(held []scopes.Scope, base string, on scopes.Resource, g groups) bool {
	for _, s := range held {
		if s.Base != base {
			continue
		}
		owner, name, slash := strings.Cut(s.Name, "/")
		user := on.Name
		if on.Kind == "server" {
			user = on.Owner
		}
		person := on.Kind == "user" || on.Kind == "server"
		switch {
		case s.Kind == "": // SC-82
			return true
		case s.Kind == "server" && on.Kind == "server" && slash && owner == on.Owner && name == on.Name, // SC-85
			s.Kind == "user" && person && s.Name == user,                    // SC-85, SC-86
			s.Kind == "group" && person && slices.Contains(g[s.Name], user), // SC-87
			(s.Kind == "group" || s.Kind == "service") && on.Kind == s.Kind && s.Name == on.Name:
			return true
		}
	}
	return false
}

// reach lists every question that a set answers with yes.
func reach(s scopes.Set, g scopes.Groups) []string {
	var out []string
	for _, base := range someBases {
		for _, on := range someThings {
			if s.Allows(base, on, g) {
				out = append(out, on.Scope(base).String())
			}
		}
	}
	return out
}

func within(t require.TestingT, inner, outer []string) {
	for _, q := range inner {
		require.Contains(t, outer, q)
	}
}

// SC-80 … SC-90, SC-60, SC-62: a set answers as its scopes one by one would, so reducing them loses and adds nothing.
func TestASetAnswersAsItsScopesOneByOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		held, g := drawScopes(t, 40, false, someGroups), drawGroups(t)
		s := scopes.SetOf(held...)
		for _, base := range someBases {
			for _, on := range someThings {
				want := naive(held, base, on, g)
				require.Equal(t, want, s.Allows(base, on, g), "%s on %v", base, on)
				d := s.Explain([]string{base}, on, g)
				require.Equal(t, want, d.Allowed)
				if want {
					require.True(t, s.Contains(d.By))
					require.True(t, naive([]scopes.Scope{d.By}, base, on, g), "what allowed it does so alone")
				} else {
					held := slices.ContainsFunc(held, func(s scopes.Scope) bool { return s.Base == base })
					require.Equal(t, held && on.Kind != "", d.Hidden, "SC-94")
				}
				got, err := s.Has(on.Scope(base), g)
				require.NoError(t, err)
				require.Equal(t, want, got, "SC-90: the same for a required scope")
			}
		}
		require.True(t, scopes.SetOf(s.Scopes()...).Equal(s))
		require.Equal(t, len(s.Scopes()), s.Len())
		require.True(t, slices.IsSorted(s.Strings()), "SC-3")
	})
}

// SC-40, SC-43, SC-45
func TestExpandingAgainAddsNothingAndMoreGivesMore(t *testing.T) {
	t.Parallel()
	reg := propertyRegistry(t)
	rapid.Check(t, func(t *rapid.T) {
		raw, more := drawScopes(t, 12, true, someGroups), drawScopes(t, 12, true, someGroups)
		owner := rapid.SampledFrom([]scopes.Owner{alice, svc, nobody}).Draw(t, "owner")
		client := rapid.SampledFrom([]scopes.Client{hub, aliceLab, svcApp}).Draw(t, "client")
		expand := func(list []scopes.Scope) scopes.Set {
			s, err := reg.Expand(list, owner, client)
			require.NoError(t, err)
			return s
		}
		once := expand(raw)
		require.True(t, expand(once.Scopes()).Equal(once), "idempotent")
		both := expand(append(slices.Clone(raw), more...))
		for _, s := range once.Scopes() {
			require.True(t, both.Contains(s), "monotone")
		}
		require.True(t, both.Equal(scopes.Union(once, expand(more))), "SC-45: a union expands to the union")
	})
}

// SC-70 … SC-77
func TestIntersectionIsSymmetricAndNeverWider(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b, g := drawSet(t), drawSet(t), drawGroups(t)
		both := scopes.Intersect(a, b, g)
		require.True(t, both.Equal(scopes.Intersect(b, a, g)), "SC-77 commutative")
		require.True(t, scopes.Intersect(a, a, g).Equal(a), "SC-77 with itself")
		within(t, reach(both, g), reach(a, g))
		within(t, reach(both, g), reach(b, g))
		blind := scopes.Intersect(a, b, nil)
		require.Zero(t, blind.Minus(both).Len(), "SC-73 without a directory it is never larger")
		for _, s := range both.Scopes() {
			require.True(t, a.Contains(s) || b.Contains(s), "SC-75 nothing is invented")
		}
	})
}

// normal drops what a wider scope of the same set covers; SC-75 keeps such scopes, and so their number depends on the order.
func normal(s scopes.Set, g groups) []string {
	all := s.Scopes()
	var out []string
	for _, x := range all {
		covered := slices.ContainsFunc(all, func(y scopes.Scope) bool {
			return x != y && !scopes.Intersect(scopes.SetOf(x), scopes.SetOf(y), g).Equal(scopes.Set{}) && wider(y, x)
		})
		if !covered {
			out = append(out, x.String())
		}
	}
	return out
}

// wider orders the kinds: a group before its users, a user before their servers.
func wider(y, x scopes.Scope) bool {
	rank := map[string]int{"group": 3, "user": 2, "server": 1}
	return rank[y.Kind] > rank[x.Kind]
}

// SC-77: associative up to that normal form, as long as there is one group. SC-74 derives no members from two groups, so
// with more of them the order may decide how much is lost, though never that anything is gained.
func TestIntersectionDoesNotDependOnTheOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := drawGroups(t)
		draw := func() scopes.Set { return scopes.SetOf(drawScopes(t, 12, false, someGroups[:1])...) }
		a, b, c := draw(), draw(), draw()
		left := scopes.Intersect(scopes.Intersect(a, b, g), c, g)
		right := scopes.Intersect(a, scopes.Intersect(b, c, g), g)
		require.Equal(t, normal(left, g), normal(right, g))
	})
	g1, g2, bob := set(t, "x!group=g1"), set(t, "x!group=g2"), set(t, "x!user=bob")
	require.Empty(t, scopes.Intersect(scopes.Intersect(g1, g2, world), bob, world).Strings(), "SC-74")
	require.Equal(t, "x!user=bob", scopes.Intersect(g1, scopes.Intersect(g2, bob, world), world).String(), "SC-74")
}

// SC-341, SC-355, SC-420: whatever is done to what an owner holds, nothing comes out that the owner may not do.
func TestNothingLeadsOutOfWhatTheOwnerHolds(t *testing.T) {
	t.Parallel()
	reg := propertyRegistry(t)
	rapid.Check(t, func(t *rapid.T) {
		g := drawGroups(t)
		owner := rapid.SampledFrom([]scopes.Owner{alice, bob, svc}).Draw(t, "owner")
		roles := append(drawScopes(t, 8, true, someGroups), scopes.Scope{Base: "self"})
		held := reg.Held(owner, roles, drawScopes(t, 3, false, nil))
		limit := reach(held, g)
		have := []scopes.Set{held}
		pick := func() scopes.Set { return rapid.SampledFrom(have).Draw(t, "of") }
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			client := rapid.SampledFrom([]scopes.Client{hub, aliceLab, svcApp}).Draw(t, "client")
			raw := drawScopes(t, 6, true, someGroups)
			var next scopes.Set
			switch rapid.IntRange(0, 5).Draw(t, "operation") {
			case 0:
				next = reg.Effective(raw, owner, client, pick(), g)
			case 1:
				next = reg.Effective(append(raw, scopes.Inherit), owner, client, pick(), g)
			case 2:
				next = scopes.Intersect(pick(), drawSet(t), g)
			case 3:
				next = scopes.Union(pick(), pick())
			case 4:
				next = pick().Minus(drawSet(t))
			case 5:
				allowed, _ := reg.Resolve(raw, pick().Scopes(), owner, hub, g)
				next = reg.Held(owner, allowed, nil)
			}
			within(t, reach(next, g), limit)
			have = append(have, next)
		}
	})
}

// lister is a directory that can list.
type lister struct{ groups }

func (l lister) GroupsOf(user string) []string {
	var out []string
	for name := range l.groups {
		if l.Member(user, name) {
			out = append(out, name)
		}
	}
	return out
}

// SC-72, SC-87: a directory that lists groups gives the answers of one that does not.
func TestListingGroupsChangesNoAnswer(t *testing.T) {
	t.Parallel()
	many := make([]string, 12)
	for i := range many {
		many[i] = "g" + string(rune('a'+i))
	}
	rapid.Check(t, func(t *rapid.T) {
		g := groups{}
		for _, name := range many {
			g[name] = rapid.SliceOfDistinct(rapid.SampledFrom(somePeople), rapid.ID[string]).Draw(t, name)
		}
		a := scopes.SetOf(drawScopes(t, 40, false, many)...)
		b := scopes.SetOf(drawScopes(t, 40, false, many)...)
		require.True(t, scopes.Intersect(a, b, g).Equal(scopes.Intersect(a, b, lister{g})))
		require.Equal(t, reach(a, g), reach(a, lister{g}))
		for _, on := range someThings {
			require.Equal(t, a.Explain(someBases, on, g), a.Explain(someBases, on, lister{g}))
		}
	})
}
