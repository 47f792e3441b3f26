package scopes_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/scopes"
)

// SC-320, SC-324: entries as a configuration writes them; absent is not empty.
func TestRoleEntriesAreRead(t *testing.T) {
	t.Parallel()
	got, err := scopes.DecodeRoles([]byte(`[
		{"name": "r-1", "description": "x", "scopes": ["users", "self"], "users": ["alice"], "services": [], "groups": ["g"]},
		{"name": "user", "users": []},
		{}]`))
	require.NoError(t, err)
	require.Equal(t, []scopes.RoleEntry{
		{Role: scopes.Role{Name: "r-1", Description: "x", Scopes: []string{"users", "self"}}, Users: []string{"alice"}, Services: []string{}, Groups: []string{"g"}},
		{Role: scopes.Role{Name: "user"}, Users: []string{}},
		{},
	}, got)
	got, err = scopes.DecodeRoles([]byte(`[]`))
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestBadRoleEntriesAreRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		``:                             "EOF",
		`{}`:                           "found { where [ should begin",
		`[{1: 2}]`:                     "invalid character",
		`[1]`:                          "entry 1: found 1 where { should begin",
		`[{}`:                          "EOF",
		`[{"name": "a"`:                "EOF",
		`[{"name"`:                     "EOF",
		`[{"name": 1}]`:                "name: json",
		`[{"name": null}]`:             "name: null is not a text",
		`[{"Name": "a"}]`:              `unknown key "Name"`,
		`[{"name": "a", "scope": []}]`: `unknown key "scope"`,
		`[{"name": "a", "name": "b"}]`: `key "name" stands twice`,
		`[{"scopes": "users"}]`:        "scopes: json",
		`[{"scopes": null}]`:           "scopes: null is not a list",
		`[{"users": [null]}]`:          "users: empty entry",
		`[{"services": [""]}]`:         "services: empty entry",
		`[{"groups": [1]}]`:            "groups: json",
		`[] []`:                        "something follows the end",
		`[{},{} {}]`:                   "invalid character",
		strings.Repeat(" ", scopes.MaxDocument) + "[]":                      "too long",
		"[" + strings.Repeat("{},", scopes.MaxScopes) + "{}]":               "more than 10000 entries",
		`[{"` + strings.Repeat("x", 1000) + `": ` + `1}]`:                   `unknown key "xxx`,
		`[{"description": {"a": ` + strings.Repeat("[", 20_000) + `]}}]`:    "description: ",
		`[{"name": "a"} , ` + strings.Repeat("[", 5) + `]`:                  "entry 2",
		`[{"users": ["a", "b"], "groups": ["c", "d"], "users": ["e", ""]}]`: "twice",
	} {
		_, err := scopes.DecodeRoles([]byte(text))
		require.ErrorIs(t, err, scopes.ErrDefinition, "%.60s", text)
		require.ErrorContains(t, err, want, "%.60s", text)
		require.Less(t, len(err.Error()), 300)
	}
}

// SC-331: unknown keys of a scope are worth a warning, no more.
func TestCustomScopesAreRead(t *testing.T) {
	t.Parallel()
	got, warnings, err := scopes.DecodeDefinitions([]byte(`{
		"custom:zoo:read": {"description": "Look.", "subscopes": ["custom:zoo:gate"], "colour": {"deep": [1]}},
		"custom:zoo:gate": {"description": "Enter."}}`))
	require.NoError(t, err)
	require.Equal(t, []scopes.Definition{
		{Name: "custom:zoo:read", Description: "Look.", Subscopes: []string{"custom:zoo:gate"}}, {Name: "custom:zoo:gate", Description: "Enter."}}, got)
	require.Equal(t, []string{`unknown key "colour" of scope custom:zoo:read is ignored`}, warnings)
	_, err = scopes.New(scopes.P55).Define(got)
	require.NoError(t, err)
}

func TestBadCustomScopesAreRefused(t *testing.T) {
	t.Parallel()
	many := map[string]map[string]string{}
	for i := range scopes.MaxDefinitions + 1 {
		many[fmt.Sprintf("custom:many:%d", i)] = map[string]string{"description": "x"}
	}
	tooMany, err := json.Marshal(many)
	require.NoError(t, err)
	for text, want := range map[string]string{
		`[]`:                                   "found [ where { should begin",
		`{"custom:aaa": null}`:                 "found <nil> where { should begin",
		`{"custom:aaa": {}, "custom:aaa": {}}`: "stands twice",
		`{"custom:aaa": {"subscopes": "custom:bbb"}}`: "subscopes: json", // V-113
		`{"custom:aaa": {"subscopes": null}}`:         "null is not a list",
		`{"custom:aaa": {"description": 1}}`:          "description: json",
		`{"custom:aaa": {"other": }}`:                 "invalid character",
		string(tooMany):                               "more than 256 scopes",
	} {
		_, _, err := scopes.DecodeDefinitions([]byte(text))
		require.ErrorIs(t, err, scopes.ErrDefinition, "%.60s", text)
		require.ErrorContains(t, err, want, "%.60s", text)
	}
}

// SC-331 … SC-333: a registry has room for so many scopes, and no more.
func TestCustomScopesAreBounded(t *testing.T) {
	t.Parallel()
	chain := make([]scopes.Definition, scopes.MaxDefinitions)
	for i := range chain {
		chain[i] = scopes.Definition{Name: fmt.Sprintf("custom:n%03d", i), Description: "x"}
		if i > 0 {
			chain[i].Subscopes = []string{chain[i-1].Name}
		}
	}
	reg, err := scopes.New(scopes.P55).Define(chain)
	require.NoError(t, err)
	got, err := reg.Expand(list(t, chain[len(chain)-1].Name+"!user"), alice, hub)
	require.NoError(t, err)
	require.Equal(t, scopes.MaxDefinitions, got.Len())
	_, err = reg.Define(chain[:1])
	require.NoError(t, err, "SC-332: the same once more")
	_, err = reg.Define([]scopes.Definition{{Name: "custom:one-more", Description: "x"}})
	require.ErrorContains(t, err, "too many")
	_, err = scopes.New(scopes.P55).Define([]scopes.Definition{{Name: "custom:wide", Description: "x", Subscopes: make([]string, scopes.MaxDefinitions+1)}})
	require.ErrorContains(t, err, "subscopes, at most 256")
}
