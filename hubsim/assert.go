package hubsim

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

// TestReporter is what assertions need of testing.TB.
type TestReporter interface {
	Helper()
	Errorf(format string, args ...any)
}

// AssertCalled holds that a request that matches was made and answered, and gives those (HB-174). What is remembered counts, see [Config.Record].
func (h *Hub) AssertCalled(tb TestReporter, m Match) []Request {
	tb.Helper()
	found := h.Requests(m.Matches)
	if len(found) == 0 {
		tb.Errorf("hubsim: no request was made like %s; the last were:%s", m, h.lastRequests(10))
	}
	return found
}

// AssertNotCalled holds that no such request was made.
func (h *Hub) AssertNotCalled(tb TestReporter, m Match) bool {
	tb.Helper()
	found := h.Requests(m.Matches)
	for _, r := range found {
		tb.Errorf("hubsim: a request was made like %s: %s", m, r)
	}
	return len(found) == 0
}

// AssertShared holds that a user or a group has access to a server by a share, with at least the scopes that s names.
func (h *Hub) AssertShared(ctx context.Context, tb TestReporter, s Share) bool {
	tb.Helper()
	has, missing, err := h.shared(ctx, s)
	switch {
	case err != nil:
		tb.Errorf("hubsim: look for a share: %v", err)
	case !has:
		tb.Errorf("hubsim: %s/%s is not shared with %s", s.Owner, s.Server, s.User+s.Group)
	case len(missing) > 0:
		tb.Errorf("hubsim: %s/%s is shared with %s, but without %s", s.Owner, s.Server, s.User+s.Group, strings.Join(missing, ", "))
	default:
		return true
	}
	return false
}

// AssertNotShared holds that they have no share of it at all.
func (h *Hub) AssertNotShared(ctx context.Context, tb TestReporter, s Share) bool {
	tb.Helper()
	has, _, err := h.shared(ctx, s)
	switch {
	case err != nil:
		tb.Errorf("hubsim: look for a share: %v", err)
	case has:
		tb.Errorf("hubsim: %s/%s is shared with %s", s.Owner, s.Server, s.User+s.Group)
	default:
		return true
	}
	return false
}

// shared says whether there is a share, and which of the scopes asked for it lacks; they may have a filter or not.
func (h *Hub) shared(ctx context.Context, s Share) (has bool, missing []string, err error) {
	all := Snapshot{}
	if err := h.addShares(ctx, &all, s.Owner); err != nil {
		return false, nil, err
	}
	for _, share := range all.Shares {
		if share.Server != s.Server || share.User != s.User || share.Group != s.Group {
			continue
		}
		for _, wanted := range s.Scopes {
			if !slices.ContainsFunc(share.Scopes, func(held string) bool { return held == wanted || strings.HasPrefix(held, wanted+"!") }) {
				missing = append(missing, wanted)
			}
		}
		return true, missing, nil
	}
	return false, nil, nil
}

// AssertScopesAtMost holds that a token may do no more than these raw scopes of its owner would allow, which is nothing but identifying itself if there are none; !server is
// the server that it was issued to. An unknown token may do nothing.
func (h *Hub) AssertScopesAtMost(ctx context.Context, tb TestReporter, token string, raw ...string) bool {
	tb.Helper()
	id, err := h.provider.Authenticate(ctx, token)
	if err != nil {
		return true
	}
	parsed, err := h.registry.ParseValid(raw, "")
	if err != nil {
		tb.Errorf("hubsim: the scopes of the assertion: %v", err)
		return false
	}
	var client oauth.Client
	if id.ClientID != "" {
		if client, err = h.tokens.Client(ctx, id.ClientID); err != nil {
			tb.Errorf("hubsim: look up whom token %s was issued to: %v", tokenName(id.TokenID), err)
			return false
		}
	}
	most := h.registry.Effective(parsed, scopes.Owner{Kind: id.Owner.Kind, Name: id.Name}, client.For, id.Effective, h.roster)
	if more := id.Effective.Minus(most); more.Len() > 0 {
		tb.Errorf("hubsim: token %s of %s may do more than %s: %s", tokenName(id.TokenID), id.Name, strings.Join(raw, " "), more)
		return false
	}
	return true
}

// AssertNoLeak holds that no secret stood in the address of a request that is remembered: no token, no authorization code but at a callback, no share code but at
// accept-share, also not inside another address such as the next of a login (HB-174). The proof _xsrf and the state of OAuth are none.
func (h *Hub) AssertNoLeak(ctx context.Context, tb TestReporter) bool {
	tb.Helper()
	h.requests.mu.Lock()
	list := slices.Clone(h.requests.kept())
	h.requests.mu.Unlock()
	l := leaks{hub: h, ctx: ctx, known: map[string]string{}}
	for _, r := range list {
		if len(r.token) >= oauth.MinSecret {
			l.known[r.token] = "a token"
		}
	}
	clean := true
	for _, r := range list {
		for _, what := range l.in(r.asked, 0) {
			tb.Errorf("hubsim: %s stands in the address of %s", what, l.without(r.Request.String()))
			clean = false
		}
	}
	return clean
}

// leaks finds secrets in addresses.
type leaks struct {
	hub   *Hub
	ctx   context.Context
	known map[string]string // what is known of values: "" = they are no secrets
}

const maxNestedAddress = 4

// in names what an address should not hold.
func (l *leaks) in(address string, depth int) (found []string) {
	path, query, _ := strings.Cut(address, "?")
	for segment := range strings.SplitSeq(path, "/") {
		if plain, err := url.PathUnescape(segment); err == nil {
			if what := l.secret(plain); what != "" {
				found = append(found, what)
			}
		}
	}
	values, _ := url.ParseQuery(query) // of what cannot be read, what could be
	for name, all := range values {
		for _, value := range all {
			switch what := l.secret(value); {
			case value == "" || name == "_xsrf" || name == "state":
			case name == "code" && (l.accepting(path) || strings.HasSuffix(path, "callback")):
			case slices.Contains([]string{"token", "access_token", "api_token", "client_secret", "password", "code"}, name):
				found = append(found, "the value of "+name)
			case what != "":
				found = append(found, what+" in "+name)
			case strings.Contains(value, "?") && depth < maxNestedAddress:
				found = append(found, l.in(value, depth+1)...)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func (l *leaks) accepting(path string) bool {
	return strings.HasSuffix(path, l.hub.site.HubPrefix()+"accept-share")
}

// without is a text without what is known for a secret.
func (l *leaks) without(text string) string {
	for value, what := range l.known {
		if what != "" {
			text = strings.ReplaceAll(text, value, hidden)
		}
	}
	return text
}

// secret says what a value is, if this hub knows it for a secret.
func (l *leaks) secret(value string) string {
	if len(value) < oauth.MinSecret {
		return ""
	}
	what, done := l.known[value]
	if done {
		return what
	}
	if _, err := l.hub.provider.Authenticate(l.ctx, value); err == nil {
		what = "a token"
	}
	l.known[value] = what
	return what
}

// String is a request in one line.
func (r Request) String() string {
	var b strings.Builder
	b.WriteString(r.Method + " " + r.URL + " by " + cmp.Or(r.actor(), "nobody"))
	if r.TokenID != "" {
		b.WriteString(" (" + r.TokenID + ")")
	}
	b.WriteString(": " + statusWord(r.Status))
	if r.Scenario != "" {
		b.WriteString(", " + r.Scenario)
	}
	return b.String()
}

func statusWord(status int) string {
	if status == 0 {
		return "cut off"
	}
	return strings.TrimSpace(strconv.Itoa(status) + " " + http.StatusText(status))
}
