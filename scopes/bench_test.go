package scopes_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hubshare/hubshare/scopes"
)

// crowd is a directory with the least work possible, so that it is this package that is measured.
type crowd map[[2]string]bool

func (c crowd) Member(user, group string) bool { return c[[2]string{user, group}] }

// sizes are numbers of filters in a set.
var sizes = []int{1, 10, 100, 1_000, 10_000}

// asked is how many different names each benchmark goes through, so that no branch is learnt by heart.
const asked = 64

func person(i int) string { return fmt.Sprintf("user-%06d", i) }

// names picks some of n people, spread evenly.
func names(n int) []string {
	out := make([]string, asked)
	for i := range out {
		out[i] = person(i * n / asked)
	}
	return out
}

// BenchmarkFloor is what Allows is measured against: two bare map look-ups, of a base, and of what is asked about.
func BenchmarkFloor(b *testing.B) {
	bases := map[string]int{}
	for i, name := range scopes.New(scopes.P55).Names() {
		bases[name] = i
	}
	type server struct{ owner, name string }
	for _, n := range sizes {
		people, servers := map[string]int{}, map[server]int{}
		for i := range n {
			people[person(i)] = i
			servers[server{person(i), "lab"}] = i
		}
		who := names(n)
		b.Run(fmt.Sprintf("user/%d", n), func(b *testing.B) {
			var found int
			for i := 0; b.Loop(); i++ {
				found += bases["read:servers"] + people[who[i%asked]]
			}
			sink = found
		})
		b.Run(fmt.Sprintf("server/%d", n), func(b *testing.B) {
			var found int
			for i := 0; b.Loop(); i++ {
				found += bases["read:servers"] + servers[server{who[i%asked], "lab"}]
			}
			sink = found
		})
	}
}

var sink int

// BenchmarkAllows asks sets of many filters.
func BenchmarkAllows(b *testing.B) {
	for _, ask := range []struct {
		name string
		held func(i int) string
		on   func(name string) scopes.Resource
		want bool
	}{
		{"user", func(i int) string { return "servers!user=" + person(i) }, scopes.User, true},
		{"server-of-user", func(i int) string { return "servers!user=" + person(i) }, func(n string) scopes.Resource { return scopes.Server(n, "lab") }, true},
		{"server", func(i int) string { return "servers!server=" + person(i) + "/lab" }, func(n string) scopes.Resource { return scopes.Server(n, "lab") }, true},
		{"stranger", func(i int) string { return "servers!user=" + person(i) }, func(n string) scopes.Resource { return scopes.User("x" + n) }, false},
		{"not-held", func(i int) string { return "tokens!user=" + person(i) }, scopes.User, false},
	} {
		for _, n := range sizes {
			b.Run(fmt.Sprintf("%s/%d", ask.name, n), func(b *testing.B) {
				raw := make([]scopes.Scope, n)
				for i := range raw {
					raw[i] = list(b, ask.held(i))[0]
				}
				held := scopes.New(scopes.P55).Held(scopes.Owner{}, raw, nil)
				on := make([]scopes.Resource, asked)
				for i, name := range names(n) {
					on[i] = ask.on(name)
				}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if held.Allows("read:servers", on[i%asked], nil) != ask.want {
						b.Fatal("wrong answer")
					}
				}
			})
		}
	}
}

// twentySeven is what a big role or token looks like: people, servers, groups, a service, and some of it unfiltered.
const twentySeven = "read:hub list:services read:services " +
	"servers!group=g1 access:servers!group=g1 read:users!group=g1 tokens!group=g2 shares!group=g2 list:users!group=g3 " +
	"servers!user=bob access:servers!user=bob read:users!user=carol read:servers!user=dora users:activity!user=erin tokens!user=bob " +
	"access:servers!server=fay/ access:servers!server=fay/lab servers!server=gus/ servers!server=gus/lab access:servers!server=hal/ access:servers!server=bob/lab " +
	"access:services!service=grader read:services!service=grader shares!user read:shares!user groups!group=g1 read:groups!group=g2"

const otherTwentySeven = "read:hub list:users read:groups " +
	"servers!user=bob access:servers!user=carol read:users!user=bob tokens!user=carol shares!user=dora read:shares!user=alice " +
	"servers!group=g1 access:servers!group=g2 read:users!group=g2 read:servers!group=g3 users:activity!group=g1 tokens!group=g3 " +
	"access:servers!server=bob/ access:servers!server=carol/lab servers!server=gus/ servers!server=gus/two access:servers!server=hal/ access:servers!server=alice/lab " +
	"access:services!service=grader read:services!service=other shares!user read:shares!user groups!group=g2 read:groups!group=g2"

var crew = crowd{{"bob", "g1"}: true, {"carol", "g2"}: true, {"dora", "g3"}: true, {"alice", "g1"}: true, {"bob", "g2"}: true}

// BenchmarkParseExpand parses and expands the role user and 27 more scopes.
func BenchmarkParseExpand(b *testing.B) {
	reg := scopes.New(scopes.P55)
	texts := append([]string{"self"}, strings.Fields(twentySeven)...)
	if len(texts) != 28 {
		b.Fatal(len(texts))
	}
	b.ReportAllocs()
	for b.Loop() {
		raw, err := scopes.ParseAll(texts)
		if err != nil {
			b.Fatal(err)
		}
		if _, err = reg.Expand(raw, alice, aliceLab); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkIntersect cuts 27 raw scopes by 27 others, both expanded, with live groups.
func BenchmarkIntersect(b *testing.B) {
	reg := scopes.New(scopes.P55)
	one := reg.Held(alice, list(b, twentySeven), nil)
	two := reg.Held(alice, list(b, otherTwentySeven), nil)
	b.ReportAllocs()
	for b.Loop() {
		scopes.Intersect(one, two, crew)
	}
}

// BenchmarkEffective sums what an owner with five groups' roles and ten shares holds, and cuts a token by it.
func BenchmarkEffective(b *testing.B) {
	reg := scopes.New(scopes.P55)
	roles := []string{"self"}
	var shares []string
	for i := range 5 {
		roles = append(roles, fmt.Sprintf("access:servers!group=g%d", i), fmt.Sprintf("read:users:name!group=g%d", i))
	}
	for i := range 10 {
		shares = append(shares, "access:servers!server="+person(i)+"/", "read:servers!server="+person(i)+"/")
	}
	raw, shared := list(b, strings.Join(roles, " ")), list(b, strings.Join(shares, " "))
	token := list(b, "access:servers read:users:name servers!user shares!user read:servers")
	client := scopes.Client{Server: person(3) + "/"}
	b.ReportAllocs()
	for b.Loop() {
		held := reg.Held(alice, raw, shared)
		reg.Effective(token, alice, client, held, crew)
	}
}
