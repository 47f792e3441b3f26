package scopes_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/scopes"
)

// oracleFile holds questions that real hubs answered; internal/oracle/README.md says which and how.
const oracleFile = "testdata/oracle.jsonl.gz"

// question is one line of the file: an operation, its arguments, the answer of the 5.5 profile, and that of 6.0 where it differs.
type question struct {
	op   string
	args []json.RawMessage
}

// text and the like read an argument; a negative position counts from the end.
func (q question) read(t testing.TB, i int, into any) {
	t.Helper()
	if i < 0 {
		i += len(q.args)
	}
	require.NoError(t, json.Unmarshal(q.args[i], into))
}

func (q question) text(t testing.TB, i int) (s string) { t.Helper(); q.read(t, i, &s); return s }
func (q question) flag(t testing.TB, i int) bool {
	t.Helper()
	var n int
	q.read(t, i, &n)
	return n != 0
}

// profile is a hub as the oracle's world has it.
type profile struct {
	scopes.Profile
	reg *scopes.Registry
}

// oracleGroups, oracleCustom and oracleRoles are the world that the questions are about.
var oracleGroups = groups{"g1": {"alice", "bob"}, "g2": {"bob", "carol"}}

func oracleProfiles(t testing.TB) []profile {
	t.Helper()
	var out []profile
	for _, p := range []scopes.Profile{scopes.P55, scopes.P60} {
		reg, err := scopes.New(p).Define([]scopes.Definition{
			{Name: "custom:par", Description: "x", Subscopes: []string{"custom:chi"}},
			{Name: "custom:chi", Description: "x"}, {Name: "custom:okay", Description: "x"},
		})
		require.NoError(t, err)
		out = append(out, profile{p, reg})
	}
	return out
}

// ownerOf and clientOf read "user alice", "server alice/lab", "service svc" or "".
func ownerOf(text string) scopes.Owner {
	kind, name, _ := strings.Cut(text, " ")
	return scopes.Owner{Kind: kind, Name: name}
}

func clientOf(text string) scopes.Client {
	switch kind, name, _ := strings.Cut(text, " "); kind {
	case "server":
		return scopes.Client{Server: name}
	case "service":
		return scopes.Client{Service: name}
	}
	return scopes.Client{}
}

func resourceOf(text string) scopes.Resource {
	kind, name, _ := strings.Cut(text, " ")
	if kind == "server" {
		owner, server, _ := strings.Cut(name, "/")
		return scopes.Server(owner, server)
	}
	return scopes.Resource{Kind: kind, Name: name}
}

func live(on bool) scopes.Groups {
	if on {
		return oracleGroups
	}
	return nil
}

// joined is how the file writes a set.
func joined(s scopes.Set) string { return s.String() }

// failure is how it writes an error.
func failure(err error) string {
	for is, text := range map[error]string{scopes.ErrEmptyFilter: "!empty", scopes.ErrUnknownScope: "!unknown", scopes.ErrUnexpanded: "!unexpanded"} {
		if errors.Is(err, is) {
			return text
		}
	}
	return "!" + err.Error()
}

// number is how it writes a truth.
func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// answers says how each operation is put to this package. The result is compared as JSON.
var answers = map[string]func(testing.TB, profile, question) any{
	"parse": func(t testing.TB, _ profile, q question) any {
		raw, err := scopes.ParseAll(strings.Fields(q.text(t, 0)))
		if err == nil && slices.ContainsFunc(raw, func(s scopes.Scope) bool { return s.Kind != "" && s.Name == "" }) {
			return "!empty" // a shorthand cannot be part of a set; upstream refuses it where it makes one
		}
		if err != nil {
			return failure(err)
		}
		out := map[string]any{}
		for _, s := range scopes.SetOf(raw...).Scopes() {
			if s.Unfiltered() {
				out[s.Base] = "*"
				continue
			}
			kinds, ok := out[s.Base].(map[string]string)
			if !ok {
				kinds = map[string]string{}
				out[s.Base] = kinds
			}
			kinds[s.Kind] = strings.TrimSpace(kinds[s.Kind] + " " + s.Name)
		}
		return out
	},
	"reduce": func(t testing.TB, _ profile, q question) any { return joined(set(t, q.text(t, 0))) },
	"expand": func(t testing.TB, p profile, q question) any {
		raw, err := scopes.ParseAll(strings.Fields(q.text(t, 0)))
		if err != nil {
			return failure(err)
		}
		got, err := p.reg.Expand(raw, ownerOf(q.text(t, 1)), clientOf(q.text(t, 2)))
		if err != nil {
			return failure(err)
		}
		return joined(got)
	},
	"validate": func(t testing.TB, p profile, q question) any {
		if err := p.reg.Validate(q.text(t, 0), q.text(t, 1)); err != nil {
			return err.Error()
		}
		return ""
	},
	"intersect": func(t testing.TB, _ profile, q question) any {
		a, err := scopes.ParseAll(strings.Fields(q.text(t, 0)))
		if err != nil {
			return failure(err)
		}
		return joined(scopes.Intersect(scopes.SetOf(a...), set(t, q.text(t, 1)), live(q.flag(t, 2))))
	},
	"has": func(t testing.TB, _ profile, q question) any {
		need, err := scopes.Parse(q.text(t, 0))
		if err != nil {
			return "!unexpanded"
		}
		got, err := set(t, q.text(t, 1)).Has(need, live(q.flag(t, 2)))
		if err != nil {
			return failure(err)
		}
		return number(got)
	},
	"filters": func(t testing.TB, _ profile, q question) any {
		return number(set(t, q.text(t, 2)).Allows(q.text(t, 0), resourceOf(q.text(t, 1)), oracleGroups))
	},
	"guard": func(t testing.TB, _ profile, q question) any {
		if !q.flag(t, 3) {
			return "403 Missing or invalid credentials." // SC-92 comes before any scope is looked at
		}
		switch d := set(t, q.text(t, 2)).Explain(strings.Fields(q.text(t, 0)), resourceOf(q.text(t, 1)), oracleGroups); {
		case d.Allowed:
			return "ok"
		case d.Hidden:
			return "404 " + d.String()
		default:
			return "403 " + d.String()
		}
	},
	"resolve": func(t testing.TB, p profile, q question) any {
		allowed, denied := p.reg.Resolve(list(t, q.text(t, 0)), list(t, q.text(t, 1)), ownerOf(q.text(t, 2)), clientOf(q.text(t, 3)), oracleGroups)
		return []string{strings.Join(scopes.Strings(allowed), " "), strings.Join(scopes.Strings(denied), " ")}
	},
	"session": func(t testing.TB, p profile, q question) any {
		owner, roles, shares, _ := holdings(t, q)
		return joined(p.reg.Held(owner, roles, shares))
	},
	"token": func(t testing.TB, p profile, q question) any {
		owner, roles, _, direct := holdings(t, q)
		held := p.reg.HeldByStock(owner, roles, direct)
		return joined(p.reg.Effective(list(t, q.text(t, 4)), owner, clientOf(q.text(t, 5)), held, oracleGroups))
	},
	"mint": func(t testing.TB, p profile, q question) any {
		owner := ownerOf(q.text(t, 0))
		got, err := p.reg.Excess(list(t, q.text(t, 2)), owner, clientOf(q.text(t, 3)), p.reg.Held(owner, list(t, q.text(t, 1)), nil), oracleGroups)
		if err != nil {
			return failure(err)
		}
		return joined(got)
	},
	"describe": func(t testing.TB, p profile, q question) any {
		lines, err := p.reg.Describe(list(t, q.text(t, 0)), q.text(t, 1))
		if err != nil {
			return failure(err)
		}
		out := [][2]string{}
		for _, l := range lines {
			out = append(out, [2]string{l.Scope.Base, l.Filter})
		}
		return out
	},
	"rolename": func(t testing.TB, p profile, q question) any {
		_, err := p.reg.DefineRoles([]scopes.Role{{Name: q.text(t, 0)}})
		return number(err == nil)
	},
	"define": func(t testing.TB, p profile, q question) any {
		defs, _, err := scopes.DecodeDefinitions(q.args[0])
		require.NoError(t, err)
		_, err = p.reg.Define(defs)
		return number(err == nil)
	},
	"load": loaded,
}

// holdings reads who holds what: roles of their own and of their groups, shares of any kind, and the direct ones among them.
func holdings(t testing.TB, q question) (owner scopes.Owner, roles, shares, direct []scopes.Scope) {
	t.Helper()
	owner = ownerOf(q.text(t, 0))
	roles = list(t, q.text(t, 1))
	var ofGroups map[string]string
	q.read(t, 2, &ofGroups)
	for _, g := range slices.Sorted(maps.Keys(ofGroups)) {
		if owner.Kind == scopes.KindUser && oracleGroups.Member(owner.Name, g) {
			roles = append(roles, list(t, ofGroups[g])...)
		}
	}
	var given [][3]string
	q.read(t, 3, &given)
	for _, s := range given {
		switch kind, name, _ := strings.Cut(s[0], " "); {
		case kind == "user":
			direct = append(direct, list(t, s[2])...)
			shares = append(shares, list(t, s[2])...)
		case oracleGroups.Member(owner.Name, name):
			shares = append(shares, list(t, s[2])...)
		}
	}
	return owner, roles, shares, direct
}

// readOracle gives the header and every question.
func readOracle(t testing.TB) (header struct{ P55, P60 []string }, lines []question) {
	t.Helper()
	f, err := os.Open(oracleFile)
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	in := bufio.NewScanner(z)
	in.Buffer(nil, 1<<20)
	require.True(t, in.Scan())
	require.NoError(t, json.Unmarshal(in.Bytes(), &header))
	for in.Scan() {
		var parts []json.RawMessage
		require.NoError(t, json.Unmarshal(in.Bytes(), &parts))
		var q question
		require.NoError(t, json.Unmarshal(parts[0], &q.op))
		q.args = parts[1:]
		lines = append(lines, q)
	}
	require.NoError(t, in.Err())
	return header, lines
}

// arguments is how many each operation has; what follows them is the answers.
var arguments = map[string]int{"parse": 1, "reduce": 1, "expand": 3, "validate": 2, "intersect": 3, "has": 3, "filters": 3, "guard": 4,
	"resolve": 4, "session": 4, "token": 6, "mint": 4, "describe": 2, "rolename": 1, "define": 1, "load": 4}

// A real hub answered each question; this package gives the same answer, or one that a line of deviations explains.
func TestARealHubAnswersTheSame(t *testing.T) {
	t.Parallel()
	header, lines := readOracle(t)
	require.GreaterOrEqual(t, len(lines), 100_000)
	t.Logf("%d questions, answered by JupyterHub %v and %v", len(lines), header.P55, header.P60)
	profiles := oracleProfiles(t)
	byOp := map[string][]question{}
	for _, q := range lines {
		byOp[q.op] = append(byOp[q.op], q)
	}
	require.Len(t, byOp, len(answers))
	var mu sync.Mutex
	used := map[string]int{}
	t.Run("operations", func(t *testing.T) {
		for op, questions := range byOp {
			t.Run(op, func(t *testing.T) {
				t.Parallel()
				for _, q := range questions {
					n := arguments[op]
					theirs := q.args[n:]
					q.args = q.args[:n]
					for i, p := range profiles {
						want := theirs[min(i, len(theirs)-1)]
						got, err := json.Marshal(answers[op](t, p, q))
						require.NoError(t, err)
						if string(got) == string(canonical(t, want)) {
							continue
						}
						rule := explained(op, q, string(want), string(got))
						require.NotEmpty(t, rule, "%s %s (%s)\ntheirs %s\nours   %s", op, q.args, p, want, got)
						mu.Lock()
						used[rule]++
						mu.Unlock()
					}
				}
			})
		}
	})
	for _, d := range deviations {
		require.NotZero(t, used[d.rule], "%s explains nothing: a dead line", d.rule)
		t.Logf("%6d answers differ by %s: %s", used[d.rule], d.rule, d.why)
	}
}

// canonical writes a value as Go writes it, so that texts can be compared.
func canonical(t testing.TB, raw json.RawMessage) []byte {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal(raw, &v))
	out, err := json.Marshal(v)
	require.NoError(t, err)
	return out
}
