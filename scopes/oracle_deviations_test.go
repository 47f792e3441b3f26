package scopes_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/scopes"
)

// deviations are all the reasons for which an answer may differ from a real hub's on purpose. Each looks at one operation's
// question and both answers, and must explain this very difference.
var deviations = []struct {
	rule, why string
	explains  func(op string, q question, theirs, ours string) bool
}{
	{"Q-3", "a server filter without slash does not match by the server's bare name; upstream's list filter does",
		func(op string, q question, theirs, ours string) bool {
			_, name, ok := strings.Cut(argument(q, 1), "/")
			return op == "filters" && ours == "0" && theirs == "1" && ok && strings.Contains(argument(q, 2)+" ", "!server="+name+" ")
		}},
	{"Q-8", "a trailing newline is no part of a name",
		func(op string, q question, theirs, ours string) bool {
			return (op == "rolename" || op == "define") && theirs == "1" && ours == "0" && strings.Contains(string(q.args[0]), `\n"`)
		}},
	{"Q-10", "a filter without a name is always an error; upstream misses it beside the unfiltered scope, or where it drops the scope",
		func(op string, q question, theirs, ours string) bool {
			return (op == "parse" || op == "expand" || op == "intersect") && ours == `"!empty"` && theirs != ours && nameless(argument(q, 0), op == "expand")
		}},
	{"SC-44", "a filter of unknown kind is never satisfied; upstream compares it literally",
		func(op string, q question, theirs, ours string) bool {
			need := argument(q, 0)
			return op == "has" && ours == "0" && theirs == "1" && (strings.HasSuffix(need, "!goup=a") || strings.HasSuffix(need, "!=a"))
		}},
	{"SC-325", "a new group may get the role admin, and a configured admin be named again in capitals; upstream fails to start",
		func(op string, q question, theirs, ours string) bool {
			return op == "load" && theirs == `"!failed"` && ours != `"!refused"`
		}},
	{"SC-333", "a scope that contains itself is refused when defined; upstream fails when it is used",
		func(op string, q question, theirs, ours string) bool {
			return op == "define" && theirs == "1" && ours == "0" && cyclic(q)
		}},
	{"SC-350", "what roles and shares give is reduced together; upstream lists filtered scopes beside the unfiltered one",
		func(op string, _ question, theirs, ours string) bool {
			list, err := scopes.ParseAll(strings.Fields(strings.Trim(theirs, `"`)))
			return (op == "session" || op == "token") && err == nil && `"`+scopes.SetOf(list...).String()+`"` == ours
		}},
	{"SC-430", "a shorthand is described as this server or this service; upstream prints an empty name",
		func(op string, q question, theirs, ours string) bool {
			mended := strings.ReplaceAll(strings.ReplaceAll(theirs, `"server "`, `"this server"`), `"service "`, `"this service"`)
			return op == "describe" && strings.ReplaceAll(mended, ", ", ",") == ours
		}},
}

func explained(op string, q question, theirs, ours string) string {
	theirs = strings.ReplaceAll(theirs, ", ", ",")
	for _, d := range deviations {
		if d.explains(op, q, theirs, ours) {
			return d.rule
		}
	}
	return ""
}

// argument gives a text argument, or "".
func argument(q question, i int) string {
	var s string
	if i >= len(q.args) || json.Unmarshal(q.args[i], &s) != nil {
		return ""
	}
	return s
}

// nameless says whether a filter has no name; a shorthand is fine where scopes are expanded.
func nameless(list string, shorthands bool) bool {
	return slices.ContainsFunc(strings.Fields(list), func(text string) bool {
		_, filter, _ := strings.Cut(text, "!")
		_, name, _ := strings.Cut(filter, "=")
		short := filter == "user" || filter == "server" || filter == "service"
		return filter != "" && name == "" && !(short && shorthands)
	})
}

func cyclic(q question) bool {
	defs, _, err := scopes.DecodeDefinitions(q.args[0])
	if err != nil {
		return false
	}
	subs := map[string][]string{}
	for _, d := range defs {
		subs[d.Name] = d.Subscopes
	}
	var reaches func(from, to string, depth int) bool
	reaches = func(from, to string, depth int) bool {
		return depth > 0 && slices.ContainsFunc(subs[from], func(s string) bool { return s == to || reaches(s, to, depth-1) })
	}
	for name := range subs {
		if reaches(name, name, len(subs)) {
			return true
		}
	}
	return false
}

// loaded answers what a start of the hub makes of roles and their holders (SC-320 … SC-329).
func loaded(t testing.TB, p profile, q question) any {
	t.Helper()
	reg, err := p.reg.DefineRoles([]scopes.Role{
		{Name: "r-one", Scopes: []string{"read:hub"}}, {Name: "r-two", Scopes: []string{"read:hub"}}, {Name: "r-old", Scopes: []string{"read:hub"}}})
	require.NoError(t, err)
	var before scopes.Roster
	q.read(t, 0, &before)
	load := scopes.RoleLoad{Normalize: strings.ToLower}
	load.Entries, err = scopes.DecodeRoles(q.args[1])
	require.NoError(t, err)
	q.read(t, 2, &load.AllowedUsers)
	q.read(t, 3, &load.AdminUsers)
	after, err := reg.LoadRoles(load, before)
	if err != nil {
		return "!refused"
	}
	roles := map[string][]string{}
	for _, name := range after.Registry.RoleNames() {
		role, _ := after.Registry.Role(name)
		roles[name] = append([]string{}, role.Scopes...)
	}
	return map[string]any{"roles": roles, "roster": map[string]any{
		"users": holders(after.Roster.Users), "services": holders(after.Roster.Services), "groups": holders(after.Roster.Groups)}}
}

func holders(m map[string]scopes.Holder) map[string]any {
	out := map[string]any{}
	for name, h := range m {
		out[name] = map[string]any{"admin": h.Admin, "roles": append([]string{}, h.Roles...)}
	}
	return out
}
