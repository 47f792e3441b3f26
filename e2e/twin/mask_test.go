package twin_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// secretPlaces says in which fields of an answer's JSON secrets stand, and what to call them.
type secretPlaces map[string]string

// masks replaces what must differ from run to run by names that are the same in every run, in the order in which it is met: secrets,
// times, numbers of things, the hub's address.
type masks struct {
	names  map[string]string // what was met, and its name
	counts map[string]int
	order  []string // longest first
}

func newMasks(origin string) *masks {
	m := &masks{names: map[string]string{}, counts: map[string]int{}}
	m.name(origin, "<origin>")
	m.name(strings.TrimPrefix(origin, "http://"), "<host>")
	return m
}

// learn gives a value a name, if it has none.
func (m *masks) learn(kind, value string) {
	if value == "" || strings.Trim(value, `"`) == "" || m.names[value] != "" {
		return
	}
	m.counts[kind]++
	m.name(value, fmt.Sprintf("<%s-%d>", kind, m.counts[kind]))
}

// same gives a value a name that others may have too.
func (m *masks) same(name, value string) {
	if strings.Trim(value, `"`) != "" && m.names[value] == "" {
		m.name(value, name)
	}
}

func (m *masks) name(value, name string) {
	m.names[value] = name
	m.order = append(m.order, value)
	if escaped := url.QueryEscape(value); escaped != value && m.names[escaped] == "" {
		m.names[escaped] = name
		m.order = append(m.order, escaped)
	}
	slices.SortStableFunc(m.order, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
}

var (
	micros = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z`)
	// pydantic's messages name its version in an address.
	pydantic = regexp.MustCompile(`errors\.pydantic\.dev/[0-9.]+/`)
	nonce    = regexp.MustCompile(`[0-9a-f]{32,}`)
	seconds  = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$`)
	tokenID  = regexp.MustCompile(`^[ao]\d+$`)
	noToken  = regexp.MustCompile(`No such token a\d+`)
	refused  = regexp.MustCompile(`requested scopes ([a-z:_,!=]+)`) // in the order of a set
	local    = regexp.MustCompile(`^http://127\.0\.0\.1:\d+$`)
)

// text masks what is known, times, and what looks drawn.
func (m *masks) text(s string) string {
	for _, value := range m.order {
		if len(value) < 8 { // numbers of things; see number
			continue
		}
		s = strings.ReplaceAll(s, value, m.names[value])
	}
	s = micros.ReplaceAllString(s, "<time>")
	s = pydantic.ReplaceAllString(s, "errors.pydantic.dev/<version>/")
	s = noToken.ReplaceAllString(s, "No such token <token-id>")
	s = refused.ReplaceAllStringFunc(s, func(found string) string {
		start := len("requested scopes ")
		names := strings.Split(found[start:], ",")
		slices.Sort(names)
		return found[:start] + strings.Join(names, ",")
	})
	return nonce.ReplaceAllString(s, "<drawn>")
}

// learnJSON looks for secrets before anything is masked: one may stand in a field before the one that holds it alone.
func (m *masks) learnJSON(v any, places secretPlaces) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range sortedKeys(v) {
			if kind, ok := places[key]; ok {
				if s, ok := v[key].(string); ok && kind == "token" {
					m.same("<token>", s) // one hub may give more of them than another
				} else if ok {
					m.learn(kind, s)
				}
			}
			m.learnJSON(v[key], places)
		}
	case []any:
		for _, inner := range v {
			m.learnJSON(inner, places)
		}
	}
}

// sets are lists whose order a real hub, or its database, draws anew at each start.
var sets = map[string]bool{"api_tokens": true, "scopes": true, "roles": true, "groups": true, "allowed_scopes": true, "access_scopes": true}

// json masks a tree. key is the field that v stands in.
func (m *masks) json(key string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, inner := range v {
			out[m.text(k)] = m.json(k, inner)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = m.json("", inner)
		}
		if sets[key] {
			slices.SortFunc(out, func(a, b any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		}
		return out
	case string:
		return m.leaf(key, v)
	case float64:
		switch key {
		case "pid", "expires_in":
			if v != float64(int(v)) {
				return v
			}
			if key == "pid" {
				return "<number>"
			}
		}
		return json.Number(fmt.Sprint(v))
	default:
		return v
	}
}

// leaf masks a text that stands alone in a field.
func (m *masks) leaf(key, v string) any {
	switch {
	case (key == "id" || key == "token_id") && tokenID.MatchString(v):
		m.learn("token-id", v)
		return m.names[v]
	case key == "target" && local.MatchString(v):
		return "<address>"
	case key == "scope": // words in no order
		words := strings.Fields(v)
		slices.Sort(words)
		return strings.Join(words, " ")
	case seconds.MatchString(v):
		if strings.Contains(v, ".") {
			return "<time with milliseconds>"
		}
		return "<time in seconds>"
	}
	return m.text(v)
}

func sortedKeys(v map[string]any) []string {
	keys := make([]string, 0, len(v))
	for k := range v {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
