package scopes_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/scopes"
)

// table is every scope of the 6.0 profile with its direct subscopes, by rule.
var table = []struct{ rule, name, subscopes string }{
	{"SC-100", "(no_scope)", ""},
	{"SC-101", "self", ""},
	{"SC-102", "inherit", ""},
	{"SC-103", "admin-ui", ""},
	{"SC-104", "admin:users", "admin:auth_state users read:roles:users delete:users"},
	{"SC-105", "admin:auth_state", ""},
	{"SC-106", "users", "read:users list:users users:activity"},
	{"SC-107", "delete:users", ""},
	{"SC-108", "list:users", "read:users:name"},
	{"SC-109", "read:users", "read:users:name read:users:groups read:users:activity"},
	{"SC-110", "read:users:name", ""},
	{"SC-111", "read:users:groups", ""},
	{"SC-112", "read:users:activity", ""},
	{"SC-113", "read:roles", "read:roles:users read:roles:services read:roles:groups"},
	{"SC-114", "read:roles:users", ""},
	{"SC-115", "read:roles:services", ""},
	{"SC-116", "read:roles:groups", ""},
	{"SC-117", "users:activity", "read:users:activity"},
	{"SC-118", "admin:servers", "admin:server_state servers"},
	{"SC-119", "admin:server_state", ""},
	{"SC-120", "servers", "read:servers start:servers delete:servers"},
	{"SC-121", "read:servers", "read:users:name"},
	{"SC-122", "start:servers", ""},
	{"SC-123", "delete:servers", ""},
	{"SC-124", "tokens", "read:tokens"},
	{"SC-125", "read:tokens", ""},
	{"SC-126", "admin:groups", "groups read:roles:groups delete:groups"},
	{"SC-127", "groups", "read:groups list:groups"},
	{"SC-128", "list:groups", "read:groups:name"},
	{"SC-129", "read:groups", "read:groups:name"},
	{"SC-130", "read:groups:name", ""},
	{"SC-131", "delete:groups", ""},
	{"SC-132", "admin:services", "list:services read:services read:roles:services"},
	{"SC-133", "list:services", "read:services:name"},
	{"SC-134", "read:services", "read:services:name"},
	{"SC-135", "read:services:name", ""},
	{"SC-136", "read:hub", ""},
	{"SC-137", "access:servers", ""},
	{"SC-138", "access:services", ""},
	{"SC-139", "users:shares", "read:users:shares"},
	{"SC-140", "read:users:shares", ""},
	{"SC-141", "groups:shares", "read:groups:shares"},
	{"SC-142", "read:groups:shares", ""},
	{"SC-143", "read:shares", ""},
	{"SC-144", "shares", "access:servers read:shares users:shares groups:shares"},
	{"SC-145", "proxy", ""},
	{"SC-146", "shutdown", ""},
	{"SC-147", "read:metrics", ""},
}

// SC-1, SC-100 … SC-147: these scopes exist, with these below them, and no others.
func TestTheTableOfScopesIsComplete(t *testing.T) {
	t.Parallel()
	p55, p60 := scopes.New(scopes.P55), scopes.New(scopes.P60)
	require.Len(t, p55.Names(), 47)
	require.Len(t, p60.Names(), 48)
	var names []string
	for _, row := range table {
		names = append(names, row.name)
		subscopes := strings.Fields(row.subscopes)
		slices.Sort(subscopes)
		d, ok := p60.Lookup(row.name)
		require.True(t, ok, row.rule)
		require.ElementsMatch(t, subscopes, d.Subscopes, row.rule)
		require.NotEmpty(t, d.Description, row.rule)
		d, ok = p55.Lookup(row.name)
		require.Equal(t, row.name != "start:servers", ok, "%s SC-1 SC-122", row.rule)
		if ok {
			require.ElementsMatch(t, slices.DeleteFunc(subscopes, func(s string) bool { return s == "start:servers" }), d.Subscopes, row.rule)
		}
	}
	slices.Sort(names)
	require.Equal(t, names, p60.Names())
}

// SC-150: some scopes are below several others.
func TestSomeScopesAreSharedChildren(t *testing.T) {
	t.Parallel()
	parents := map[string][]string{}
	for _, row := range table {
		for _, sub := range strings.Fields(row.subscopes) {
			parents[sub] = append(parents[sub], row.name)
		}
	}
	for child, want := range map[string]string{
		"read:users:name":     "list:users read:users read:servers",
		"read:users:activity": "read:users users:activity",
		"read:roles:users":    "admin:users read:roles",
		"read:roles:groups":   "read:roles admin:groups",
		"read:roles:services": "read:roles admin:services",
		"read:groups:name":    "list:groups read:groups",
		"read:services:name":  "list:services read:services",
	} {
		require.ElementsMatch(t, strings.Fields(want), parents[child], child)
	}
	for _, row := range table {
		got, err := scopes.New(scopes.P60).Expand(list(t, row.name), nobody, hub)
		require.NoError(t, err)
		for _, sub := range strings.Fields(row.subscopes) {
			require.True(t, got.Unfiltered(sub), "SC-40 %s implies %s", row.name, sub)
		}
	}
}

// SC-96, SC-99: what endpoints ask for exists, and is asked for as one of several.
func TestEndpointsAskForScopesThatExist(t *testing.T) {
	t.Parallel()
	reg := scopes.New(scopes.P55)
	for endpoint, bases := range map[string]string{
		"GET /users":                         "list:users",
		"GET /users/:u":                      "read:users read:users:name read:servers read:users:groups read:users:activity read:roles:users",
		"POST /users/:u":                     "admin:users",
		"DELETE /users/:u":                   "delete:users",
		"POST activity":                      "users:activity",
		"GET tokens":                         "read:tokens",
		"DELETE token":                       "tokens",
		"POST server":                        "servers",
		"DELETE server":                      "delete:servers",
		"GET progress":                       "read:servers",
		"GET /groups":                        "list:groups",
		"GET /groups/:g":                     "read:groups read:groups:name read:roles:groups",
		"POST /groups/:g":                    "admin:groups",
		"DELETE /groups/:g":                  "delete:groups",
		"POST /groups/:g/users":              "groups",
		"GET /services":                      "list:services",
		"GET /services/:v":                   "read:services read:services:name read:roles:services",
		"POST /services/:v":                  "admin:services",
		"GET /shares":                        "read:shares",
		"POST /shares":                       "shares",
		"GET /users/:u/shared":               "read:users:shares",
		"DELETE one of them":                 "users:shares",
		"GET /groups/:g/shared":              "read:groups:shares",
		"DELETE one of a group":              "groups:shares",
		"/proxy, /info, /metrics, /shutdown": "proxy read:hub read:metrics shutdown",
		"pages":                              "servers admin-ui access:servers access:services",
	} {
		asked := strings.Fields(bases)
		for _, base := range asked {
			require.NoError(t, reg.Validate(base, ""), endpoint)
			require.True(t, scopes.SetOf(scopes.Scope{Base: base}).Explain(asked, scopes.User("x"), nil).Allowed, endpoint)
		}
		d := scopes.Set{}.Explain(asked, scopes.User("x"), nil)
		require.Equal(t, asked, d.Missing, endpoint)
		require.False(t, d.Hidden, endpoint)
	}
}
