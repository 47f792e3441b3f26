package scopes_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/scopes"
)

var (
	ruleLine = regexp.MustCompile(`^- \*\*([A-Z]+-\d+)\*\*: \S`)
	ruleCite = regexp.MustCompile(`\b((?:SC|SH|OA|HB|Q|V)-)(\d+)(?:\s*…\s*(?:SC|Q|V)-(\d+))?`)
)

// cited collects the rules that test files name; "SC-1 … SC-3" names three.
func cited(t *testing.T, files []string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, m := range ruleCite.FindAllStringSubmatch(string(text), -1) {
			from, err := strconv.Atoi(m[2])
			require.NoError(t, err)
			to := from
			if m[3] != "" {
				to, err = strconv.Atoi(m[3])
				require.NoError(t, err)
			}
			for n := from; n <= to; n++ {
				out[m[1]+strconv.Itoa(n)] = true
			}
		}
	}
	return out
}

// Every rule that RULES.md lists is named by a test: of this package, or for those that others keep, of theirs.
func TestEveryRuleHasATest(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("RULES.md")
	require.NoError(t, err)
	own, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	here := cited(t, own)
	elsewhere := map[string]bool{}
	for _, dir := range []string{"../sharing", "../oauth"} {
		require.NoError(t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, "_test.go") {
				for rule := range cited(t, []string{path}) {
					elsewhere[rule] = true
				}
			}
			return err
		}))
	}
	ours, listed := true, map[string]bool{} // that no other rule is named is checked for the whole repository
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "## ") {
			ours = line != "## Kept by the packages that use this one"
		}
		m := ruleLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		require.False(t, listed[m[1]], "%s is listed twice", m[1])
		listed[m[1]] = true
		if ours {
			require.True(t, here[m[1]], "no test names %s", m[1])
			continue
		}
		_, other, ok := strings.Cut(line, "(")
		require.True(t, ok, "%s names no rule of the package that keeps it", m[1])
		require.True(t, elsewhere[strings.TrimSuffix(other, ")")], "no test of another package names %s", other)
	}
	for n := 1; n <= 120; n++ {
		require.True(t, here["V-"+strconv.Itoa(n)], "no test names V-%d", n)
	}
}

// V-62, V-71, SC-81, SC-83, SC-84, SC-96: lists.
func TestListsAskForTheBaseAlone(t *testing.T) {
	t.Parallel()
	require.False(t, set(t, "read:users!group=y").Holds("read:users!user=x"), "V-62 SC-84: a filtered scope is no base, and cannot be asked for here")
	for _, c := range []struct {
		have string
		may  bool
	}{{"list:users!server=x", false}, {"read:users", false}, {"list:users!user=nosuch", true}, {"list:users!group=g1", true}, {"list:users", true}} {
		s, ok := set(t, c.have), true
		for _, kind := range s.Kinds("list:users") {
			ok = ok && (kind == scopes.KindUser || kind == scopes.KindGroup)
		}
		require.Equal(t, c.may, s.Holds("list:users") && ok, "V-71 SC-96 %s", c.have)
	}
	require.False(t, set(t, "list:users!user=nosuch").Allows("list:users", scopes.User("alice"), world), "V-71: and then no row is left")
}

// SC-2, SC-16, SC-42, SC-51, SC-61: texts.
func TestScopesAreKeptAsWrittenUntilTheyAreUsed(t *testing.T) {
	t.Parallel()
	reg := scopes.New(scopes.P55)
	raw := list(t, "self servers!server read:users!user")
	require.Equal(t, []string{"self", "servers!server", "read:users!user"}, scopes.Strings(raw), "SC-2, SC-51: raw")
	for owner, want := range map[scopes.Owner]bool{alice: true, bob: true, svc: false} {
		s, err := reg.Expand(raw, owner, aliceLab)
		require.NoError(t, err)
		require.Equal(t, want, s.Allows("read:users", scopes.User(owner.Name), nil), "SC-42, SC-51: whose it is is asked when it is used")
		require.True(t, s.Allows("servers", scopes.Server("alice", "lab"), nil))
	}
	s, err := scopes.Parse("users!user=a b")
	require.NoError(t, err)
	require.Equal(t, "a b", s.Name, "SC-16: nothing is stripped")
	for _, text := range []string{"users", "users!user=a", "servers!server=a/", "x!goup=a", "x!=a"} {
		require.Equal(t, text, set(t, text).String(), "SC-61")
		require.True(t, scopes.SetOf(list(t, text)...).Equal(set(t, text)), "SC-61")
	}
}

// A name without a kind is a filter that nothing satisfies; it never passes for no filter (SC-12, SC-22, SC-44).
func TestANamelessKindIsNotUnfiltered(t *testing.T) {
	t.Parallel()
	reg := scopes.New(scopes.P55)
	require.ErrorIs(t, reg.Validate("users!=alice", ""), scopes.ErrUnknownFilter)
	raw := list(t, "users!=alice")
	require.False(t, raw[0].Unfiltered())
	s, err := reg.Expand(raw, alice, hub)
	require.NoError(t, err)
	same(t, all(users, "!=alice"), s)
	for _, on := range []scopes.Resource{{}, scopes.User("alice"), scopes.Server("alice", ""), {Name: "alice"}} {
		require.False(t, s.Allows("users", on, world))
	}
	ok, err := s.Has(raw[0], world)
	require.NoError(t, err)
	require.False(t, ok)
}

// SC-5, Q-7: what a set answers follows membership at once; what has no name reaches nothing.
func TestMembershipIsLookedUpLive(t *testing.T) {
	t.Parallel()
	g := groups{"g1": {"alice"}}
	s := set(t, "servers!group=g1")
	require.True(t, s.Allows("servers", scopes.Server("alice", ""), g))
	g["g1"] = nil
	require.False(t, s.Allows("servers", scopes.Server("alice", ""), g), "SC-5")
	for _, o := range []scopes.Owner{{Kind: "user"}, {Kind: "service"}} {
		s, err := scopes.New(scopes.P55).Expand(list(t, "self servers!user access:services!service"), o, hub)
		require.NoError(t, err)
		require.Empty(t, s.Strings(), "an owner without a name holds nothing")
		require.False(t, s.Allows("servers", scopes.User(""), g))
	}
	require.False(t, scopes.SetOf(scopes.Scope{}, scopes.Scope{Kind: "user", Name: "a"}).Holds(""))
	require.False(t, scopes.Set{}.Holds(""))
	require.False(t, scopes.SetOf(scopes.Scope{Base: "admin-ui"}).Contains(scopes.Scope{}))
}

// V-105, SC-30, SC-31, SC-380 … SC-385: what package sharing asks of this one.
func TestSharingAsksTheseQuestions(t *testing.T) {
	t.Parallel()
	reg := scopes.New(scopes.P55)
	require.EqualError(t, reg.Validate("bogus", "share"), "Scope 'bogus' for share does not exist", "SC-30, Q-2")
	at := scopes.Server("alice", "").Scope("access:servers")
	require.Equal(t, "access:servers!server=alice/", at.String(), "V-102 SC-380")
	for text, same := range map[string]bool{"access:servers!server=alice/": true, "access:servers!server=alice/lab": false, "access:servers!user=alice": false, "access:servers!server": false} {
		require.Equal(t, same, list(t, text)[0] == at, "V-102 SC-31 %s", text)
	}
	merged := scopes.SetOf(list(t, "read:servers!server=alice/ access:servers!server=alice/ read:servers!server=alice/")...)
	require.Equal(t, "access:servers!server=alice/ read:servers!server=alice/", merged.String(), "V-103 SC-381")
	require.Equal(t, "read:servers!server=alice/", merged.Minus(scopes.SetOf(at)).String(), "V-104 SC-382: text for text")
	require.True(t, merged.Minus(set(t, "access:servers")).Equal(merged), "V-104 SC-382: upstream; package sharing completes the scope first")

	sharer := reg.Held(alice, list(t, "shares!user"), nil)
	server := scopes.Server("alice", "")
	require.True(t, sharer.Allows("shares", server, world), "SC-383")
	require.True(t, sharer.Allows("access:servers", server, world), "SC-383, SC-384: shares includes access")
	require.False(t, sharer.Allows("read:users:name", scopes.User("carol"), world), "V-105 SC-383: no names of others")
	more := reg.Held(alice, list(t, "shares access:servers read:users:name"), nil)
	require.False(t, more.Allows("admin:servers", server, world), "V-105 SC-383: cannot pass on what they lack")
	require.False(t, more.Allows("read:groups:name", scopes.Group("g1"), world), "V-105 SC-383")
	self := reg.Held(carol, list(t, "self"), nil)
	require.True(t, self.Allows("users:shares", scopes.User("carol"), world), "SC-385: anyone may drop what they received")
	require.False(t, self.Allows("users:shares", scopes.User("alice"), world))
}

// OA-28, SC-6, SC-32, SC-97, SC-351, SC-353, SC-359, SC-400 … SC-406, SC-432: what package oauth asks, from a request to a token.
func TestOAuthAsksTheseQuestions(t *testing.T) {
	t.Parallel()
	reg := scopes.New(scopes.P55)
	require.ErrorIs(t, reg.Validate("identify", ""), scopes.ErrUnknownScope, "SC-402: identify is no scope, and is dropped before")
	access, ok := aliceLab.Access()
	require.True(t, ok)
	required := append(scopes.IdentifyRaw(), access)
	offered := append(list(t, "servers!server"), required...) // SC-401: what the client may ask for, and what it always gets
	asked := append(list(t, "servers!server"), required...)
	allowed, denied := reg.Resolve(asked, offered, bob, aliceLab, world)
	require.Empty(t, denied, "SC-402")
	_, denied = reg.Resolve(append(asked, scopes.Scope{Base: "tokens"}), offered, bob, aliceLab, world)
	require.Equal(t, "tokens", denied[0].String(), "SC-32, SC-402: more than the client may ask for")

	roles := list(t, "self access:servers!group=g1")
	held := reg.Held(bob, roles, nil)
	require.True(t, held.Allows("access:servers", scopes.Server("alice", "lab"), world), "SC-403: by a group's role")
	require.False(t, reg.Held(bob, list(t, "self"), nil).Allows("access:servers", scopes.Server("alice", "lab"), world), "SC-403")
	require.True(t, reg.Held(bob, nil, list(t, "access:servers!server=alice/lab")).Allows("access:servers", scopes.Server("alice", "lab"), world), "SC-403, SC-353: a share counts as long as the host hands it in")

	mine := append(append(roles, scopes.Inherit), required...) // SC-404
	granted, dropped := reg.Resolve(allowed, mine, bob, aliceLab, world)
	require.Equal(t, []string{"servers!server"}, scopes.Strings(dropped), "SC-404: what the user lacks is left out")
	consent, err := reg.Consent(granted, required, "bob")
	require.NoError(t, err)
	require.True(t, consent.IdentifyOnly, "SC-406: only what is required is left")
	token := reg.Effective(granted, bob, aliceLab, held, world)
	same(t, "access:servers!server=alice/lab read:users:groups!user=bob read:users:name!user=bob", token)
	for _, s := range bob.Identify() {
		require.True(t, token.Contains(s), "SC-359: a token can always say whose it is")
	}
	require.True(t, reg.Effective(granted, bob, aliceLab, scopes.Set{}, world).Equal(scopes.Set{}), "SC-6, SC-355: a token has nothing of its own")

	// SC-97, Q-6: a service makes tokens for users only with the unfiltered scope.
	service := reg.Held(svc, list(t, "tokens!service=bob self"), nil)
	require.False(t, service.Allows("tokens", scopes.User("bob"), world), "SC-97, Q-6")
	require.Equal(t, 2, service.Len(), "SC-351: self gives a service nothing")
	require.True(t, reg.Held(svc, list(t, "tokens"), nil).Unfiltered("tokens"), "SC-97")
}

// SC-7, SC-92: nobody is asked about before they are known; the zero values of this package deny.
func TestZeroValuesDeny(t *testing.T) {
	t.Parallel()
	var s scopes.Set
	d := s.Explain([]string{"servers"}, scopes.Server("a", ""), world)
	require.False(t, d.Allowed, "SC-92: who is not known holds the zero set; the text is the host's")
	require.False(t, d.Hidden)
	require.Equal(t, "", s.String())
	require.True(t, s.Equal(scopes.SetOf()))
	require.True(t, scopes.Intersect(s, set(t, "users"), world).Equal(s))
	require.Zero(t, scopes.Union().Len())
	require.Zero(t, scopes.Decision{}.By)
}

// One set, asked by many at once; the race detector looks on.
func TestASetIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	reg := scopes.New(scopes.P55)
	held := reg.Held(alice, list(t, twentySeven), nil)
	other := reg.Held(alice, list(t, otherTwentySeven), nil)
	want := scopes.Intersect(held, other, crew).String()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				assert.True(t, held.Allows("servers", scopes.Server("bob", ""), crew))
				assert.Equal(t, want, scopes.Intersect(held, other, crew).String())
				assert.True(t, reg.Effective([]scopes.Scope{scopes.Inherit}, alice, hub, held, crew).Equal(held))
				assert.True(t, held.Explain([]string{"servers"}, scopes.User("bob"), crew).Allowed)
			}
		})
	}
	wg.Wait()
}

// What is asked most often makes no garbage, whatever the answer rests on.
func TestAllowsDoesNotAllocate(t *testing.T) {
	held := scopes.New(scopes.P55).Held(alice, list(t, twentySeven+" custom:x"), nil)
	things := []scopes.Resource{{}, scopes.User("bob"), scopes.Server("fay", "lab"), scopes.Server("nobody", ""), scopes.Group("g1"), scopes.Service("grader")}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		for _, on := range things {
			held.Allows("servers", on, crew)
			held.Allows("custom:x", on, crew)
			held.Allows("nosuch", on, crew)
		}
	}))
}
