package scopes_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/scopes"
)

// groups is a live directory: group name to its members.
type groups map[string][]string

func (g groups) Member(user, group string) bool { return slices.Contains(g[group], user) }

// world is the one that the test vectors speak of.
var world = groups{"g1": {"alice", "bob"}, "g2": {"bob", "carol"}}

var (
	nobody = scopes.Owner{}
	alice  = scopes.Owner{Kind: "user", Name: "alice"}
	bob    = scopes.Owner{Kind: "user", Name: "bob"}
	carol  = scopes.Owner{Kind: "user", Name: "carol"}
	svc    = scopes.Owner{Kind: "service", Name: "svc"}

	hub      = scopes.Client{}
	aliceLab = scopes.Client{Server: "alice/lab"}
	svcApp   = scopes.Client{Service: "svc"}
)

const selfOf = "access:servers delete:servers read:servers read:shares read:tokens read:users read:users:activity " +
	"read:users:groups read:users:name read:users:shares servers tokens users:activity users:shares"

// list parses scopes separated by spaces; a scope that is refused fails the test.
func list(t testing.TB, text string) []scopes.Scope {
	t.Helper()
	out, err := scopes.ParseAll(strings.Fields(text))
	require.NoError(t, err)
	return out
}

// set collects scopes that are expanded already.
func set(t testing.TB, text string) scopes.Set {
	t.Helper()
	return scopes.SetOf(list(t, text)...)
}

// all gives every scope of text the same filter.
func all(text, filter string) string {
	parts := strings.Fields(text)
	for i := range parts {
		parts[i] += filter
	}
	return strings.Join(parts, " ")
}

// same compares a set with a list in any order.
func same(t *testing.T, want string, got scopes.Set) {
	t.Helper()
	w := strings.Fields(want)
	slices.Sort(w)
	require.Equal(t, w, got.Strings())
}
