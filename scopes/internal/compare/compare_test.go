package compare

import (
	"fmt"
	"testing"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	"github.com/cedar-policy/cedar-go"

	"github.com/hubshare/hubshare/scopes"
)

// engine answers: may the asker read the servers of this person?
type engine func(person string) bool

func person(i int) string { return fmt.Sprintf("user-%06d", i) }

func ours(tb testing.TB, n int) engine {
	tb.Helper()
	raw := make([]scopes.Scope, n)
	for i := range raw {
		raw[i] = scopes.User(person(i)).Scope("servers")
	}
	held, err := scopes.New(scopes.P55).Expand(raw, scopes.Owner{}, scopes.Client{})
	if err != nil {
		tb.Fatal(err)
	}
	return func(p string) bool { return held.Allows("read:servers", scopes.User(p), nil) }
}

// cedarFlat is one policy for each filter, as a list of scopes reads.
func cedarFlat(tb testing.TB, n int) engine {
	tb.Helper()
	text := ""
	for i := range n {
		text += fmt.Sprintf("permit (principal == User::\"asker\", action == Action::\"read:servers\", resource == User::%q);\n", person(i))
	}
	return cedarEngine(tb, text, cedar.EntityMap{})
}

// cedarGrouped is one policy for all of them: whoever may be read is a member of one group.
func cedarGrouped(tb testing.TB, n int) engine {
	tb.Helper()
	entities := cedar.EntityMap{}
	group := cedar.NewEntityUID("Reach", "asker")
	for i := range n {
		uid := cedar.NewEntityUID("User", cedar.String(person(i)))
		entities[uid] = cedar.Entity{UID: uid, Parents: cedar.NewEntityUIDSet(group)}
	}
	return cedarEngine(tb, `permit (principal == User::"asker", action == Action::"read:servers", resource in Reach::"asker");`, entities)
}

func cedarEngine(tb testing.TB, text string, entities cedar.EntityMap) engine {
	tb.Helper()
	policies, err := cedar.NewPolicySetFromBytes("held", []byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return func(p string) bool {
		ok, _ := cedar.Authorize(policies, entities, cedar.Request{
			Principal: cedar.NewEntityUID("User", "asker"),
			Action:    cedar.NewEntityUID("Action", "read:servers"),
			Resource:  cedar.NewEntityUID("User", cedar.String(p)),
		})
		return bool(ok)
	}
}

const (
	casbinHead = "[request_definition]\nr = sub, obj, act\n[policy_definition]\np = sub, obj, act\n[policy_effect]\ne = some(where (p.eft == allow))\n"
	casbinACL  = casbinHead + "[matchers]\nm = r.sub == p.sub && r.obj == p.obj && r.act == p.act\n"
	casbinRole = casbinHead + "[role_definition]\ng = _, _\n[matchers]\nm = r.sub == p.sub && g(r.obj, p.obj) && r.act == p.act\n"
)

// casbinFlat is one policy for each filter.
func casbinFlat(tb testing.TB, n int) engine {
	tb.Helper()
	rules := make([][]string, n)
	for i := range rules {
		rules[i] = []string{"asker", person(i), "read:servers"}
	}
	return casbinEngine(tb, casbinACL, rules, nil)
}

// casbinGrouped is one policy, and a role that everybody has who may be read.
func casbinGrouped(tb testing.TB, n int) engine {
	tb.Helper()
	members := make([][]string, n)
	for i := range members {
		members[i] = []string{person(i), "reach"}
	}
	return casbinEngine(tb, casbinRole, [][]string{{"asker", "reach", "read:servers"}}, members)
}

func casbinEngine(tb testing.TB, text string, rules, members [][]string) engine {
	tb.Helper()
	m, err := model.NewModelFromString(text)
	if err != nil {
		tb.Fatal(err)
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := e.AddPolicies(rules); err != nil {
		tb.Fatal(err)
	}
	if members != nil {
		if _, err := e.AddGroupingPolicies(members); err != nil {
			tb.Fatal(err)
		}
	}
	return func(p string) bool {
		ok, err := e.Enforce("asker", p, "read:servers")
		if err != nil {
			tb.Fatal(err)
		}
		return ok
	}
}

var engines = []struct {
	name string
	make func(testing.TB, int) engine
}{
	{"scopes", ours}, {"cedar-flat", cedarFlat}, {"cedar-grouped", cedarGrouped}, {"casbin-flat", casbinFlat}, {"casbin-grouped", casbinGrouped},
}

// All engines give the same answers, or comparing their speed would say nothing.
func TestAllEnginesAgree(t *testing.T) {
	for _, e := range engines {
		ask := e.make(t, 20)
		for i := range 25 {
			if got, want := ask(person(i)), i < 20; got != want {
				t.Errorf("%s says %v of %s", e.name, got, person(i))
			}
		}
	}
}

// BenchmarkAllows asks about 64 of n people, all of them within reach.
func BenchmarkAllows(b *testing.B) {
	for _, e := range engines {
		for _, n := range []int{10, 1_000} {
			b.Run(fmt.Sprintf("%s/%d", e.name, n), func(b *testing.B) {
				ask := e.make(b, n)
				var who [64]string
				for i := range who {
					who[i] = person(i * n / len(who))
				}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if !ask(who[i%len(who)]) {
						b.Fatal("wrong answer")
					}
				}
			})
		}
	}
}
