package httpapi_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/httpapi"
)

// shared are the shares of a server, as its owner lists them.
func (f *fixture) shared(owner, name string) []sharing.Share {
	f.t.Helper()
	page, err := f.service.ListByServer(f.t.Context(), f.hub.Caller(f.t.Context(), owner), sharing.ServerName{Owner: owner, Name: name}, sharing.Window{Limit: 1000})
	require.NoError(f.t, err)
	return page.Items
}

func (f *fixture) codes(owner, name string) []sharing.Code {
	f.t.Helper()
	page, err := f.service.ListCodesByServer(f.t.Context(), f.hub.Caller(f.t.Context(), owner), sharing.ServerName{Owner: owner, Name: name}, sharing.Window{Limit: 1000})
	require.NoError(f.t, err)
	return page.Items
}

// reader adds a user who may share and read the names of others.
func (f *fixture) reader(name string) {
	f.hub.AddUser(name, "self", "shares!user", "read:users:name", "read:groups:name")
}

// The form shares with a user or a group, as much and as long as it says (SH-82).
func TestSharesPageShares(t *testing.T) {
	t.Parallel()
	access := []string{"access:servers!server=owner/"}
	both := append(access, "servers!server=owner/")
	for name, c := range map[string]struct {
		fill   url.Values
		kind   string
		scopes []string
		ends   sharing.Ends
	}{
		"with a user for good":                {url.Values{"grantee": {" stranger "}}, "user", access, sharing.Ends{}},
		"with a group":                        {url.Values{"kind": {"group"}, "grantee": {"team"}}, "group", access, sharing.Ends{}},
		"to start and stop it":                {url.Values{"grantee": {"stranger"}, "what": {"servers"}}, "user", both, sharing.Ends{}},
		"for an hour":                         {url.Values{"grantee": {"stranger"}, "lasts": {"hour"}}, "user", access, sharing.Ends{ExpiresAt: start.Add(time.Hour)}},
		"for a day":                           {url.Values{"grantee": {"stranger"}, "lasts": {"day"}}, "user", access, sharing.Ends{ExpiresAt: start.Add(24 * time.Hour)}},
		"for a week":                          {url.Values{"grantee": {"stranger"}, "lasts": {"week"}}, "user", access, sharing.Ends{ExpiresAt: start.Add(7 * 24 * time.Hour)}},
		"until the server stops":              {url.Values{"grantee": {"stranger"}, "lasts": {"session"}}, "user", access, sharing.Ends{Session: true}},
		"with fields that are there but void": {url.Values{"grantee": {"stranger"}, "lasts": {""}, "what": {""}, "kind": {""}}, "user", access, sharing.Ends{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.reader("owner")
			v := f.sharesOf("owner", "")
			w := v.press(submitOf(v.server(""), "give"), c.fill)
			require.Equal(t, http.StatusSeeOther, w.Code, w.Body.String())
			assert.Equal(t, "/hub/shares?done=granted", w.Header().Get("Location"))
			assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			shares := f.shared("owner", "")
			require.Len(t, shares, 1)
			assert.Equal(t, c.kind, shares[0].Grantee.Kind)
			require.Len(t, shares[0].Grants, 1)
			assert.Equal(t, c.ends, shares[0].Grants[0].Ends)
			assert.Equal(t, c.scopes, scopes.Strings(shares[0].Scopes), "SH-35")

			// Sent once more it does no more (SH-40).
			require.Equal(t, http.StatusSeeOther, v.press(submitOf(v.server(""), "give"), c.fill).Code)
			assert.Len(t, f.shared("owner", ""), 1)
		})
	}
}

// A new link is on the page that answers the form and nowhere else, opens for those whom it is for, and gives what the form said (SH-102).
func TestSharesPageMakesALink(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.reader("owner")
	f.reader("guest@example.org")
	v := f.sharesOf("owner", "")
	w := v.press(submitOf(v.server(""), "make"), url.Values{
		"what": {"servers"}, "lasts": {"day"}, "works": {"hour"}, "uses": {"1"}, "note": {" for the review "}, "domain": {"Example.org"},
	})
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	page := parse(t, w)
	wellMade(t, page)
	field := node(page, byID("new-link-address"))
	assert.True(t, has(field, "readonly"))
	link := attr(field, "value")
	assert.Equal(t, link, text(node(page, byID("new-link-text"))))
	code, found := strings.CutPrefix(link, "http://example.com/hub/accept-share?code=")
	require.True(t, found, link)
	assert.Contains(t, text(node(page, byID("new-link"))), "it cannot be shown again")
	v = f.sharesOf("owner", "")
	assert.Nil(t, node(v.doc, byID("new-link")))
	assert.NotContains(t, text(v.doc), code[:8])

	codes := f.codes("owner", "")
	require.Len(t, codes, 1)
	assert.Equal(t, start.Add(time.Hour), codes[0].ExpiresAt)
	assert.Equal(t, 1, codes[0].MaxUses)
	assert.Equal(t, "for the review", codes[0].Note)
	assert.Equal(t, "example.org", codes[0].Domain)
	assert.Equal(t, sharing.Terms{Lifetime: 24 * time.Hour}, codes[0].Terms)
	assert.Len(t, codes[0].Scopes, 2)

	w, _ = f.open("stranger", "code="+code)
	assert.Equal(t, http.StatusForbidden, w.Code, "it is for others")
	w, token := f.open("guest@example.org", "code="+code)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, http.StatusFound, f.submit("guest@example.org", token, "code="+code, "code="+code).Code)
	assert.Equal(t, "1 of 1", rows(f.sharesOf("owner", "").server(""), "link")[0][5])
	assert.NotContains(t, f.log.String(), code[:5], "SH-181")

	// With nothing filled in: for a day, for everybody, without limit. Each press makes another one.
	for range 2 {
		w = v.press(submitOf(v.server(""), "make"), nil)
		require.Equal(t, http.StatusOK, w.Code)
		assert.NotEqual(t, link, attr(node(parse(t, w), byID("new-link-address")), "value"))
	}
	codes = f.codes("owner", "")
	require.Len(t, codes, 3)
	assert.Equal(t, start.Add(24*time.Hour), codes[2].ExpiresAt)
	assert.Equal(t, sharing.Code{ID: 3, Server: codes[2].Server, Scopes: codes[2].Scopes, CreatedAt: start, ExpiresAt: codes[2].ExpiresAt}, codes[2])
}

// The address of a new link is the hub's own, if it knows it, whatever the request was sent to (SH-74).
func TestSharesPageMakesALinkToThePublicHub(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *httpapi.Config) { c.PublicURL, c.BaseURL = "https://hub.example.org", "/a%20b/" })
	f.reader("owner")
	w := f.do(http.MethodGet, "/a%20b/hub/shares", "", cookie("owner"))
	require.Equal(t, http.StatusOK, w.Code)
	token := node(parse(t, w), func(n *html.Node) bool { return attr(n, "name") == "_xsrf" })
	v := &sharesVisit{f: f, who: "owner", token: attr(token, "value")}
	w = v.send("/a%20b/hub/shares", v.with("action", "link", "owner", "owner", "server", ""))
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	assert.True(t, strings.HasPrefix(attr(node(parse(t, w), byID("new-link-address")), "value"), "https://hub.example.org/a%20b/hub/accept-share?code="))
	w = v.send("/a%20b/hub/shares", v.with("action", "revoke", "owner", "owner", "server", "", "kind", "user", "grantee", "ghost"))
	assert.Equal(t, "/a%20b/hub/shares?done=revoked", w.Header().Get("Location"))
}

// Each button does what it says, and sent once more does no harm (SH-90, SH-110, SH-113, SH-122).
func TestSharesPageTakesAway(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		press        func(v *sharesVisit) *html.Node
		done         string
		again        int
		shares       int // of the default server, each a way
		codes        int
		sharedWithMe int
	}{
		"all access of somebody": {func(v *sharesVisit) *html.Node { return within("button", "revoke")(v.server("")) }, "revoked", 303, 0, 1, 3},
		"a link": {func(v *sharesVisit) *html.Node {
			return node(v.server(""), func(n *html.Node) bool { return attr(n, "value") == "delete" })
		}, "deleted", 404, 2, 0, 3},
		"a link with its access": {func(v *sharesVisit) *html.Node {
			return node(v.server(""), func(n *html.Node) bool { return attr(n, "value") == "delete-access" })
		}, "access-deleted", 404, 1, 0, 3},
		"what is shared with me": {func(v *sharesVisit) *html.Node { return within("button", "leave")(v.doc) }, "left", 404, 2, 1, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := populated(t)
			v := f.sharesOf("owner", "")
			w := v.press(c.press(v), nil)
			require.Equal(t, http.StatusSeeOther, w.Code, w.Body.String())
			assert.Equal(t, "/hub/shares?done="+c.done, w.Header().Get("Location"))
			after := f.sharesOf("owner", "?done="+c.done)
			assert.NotEmpty(t, text(node(after.doc, byID("done"))))
			assert.Len(t, rows(after.server(""), "share"), c.shares)
			assert.Len(t, rows(after.server(""), "link"), c.codes)
			assert.Len(t, rows(after.server("lab"), "share"), 1)
			assert.Len(t, rows(after.server("lab"), "link"), 1)
			assert.Len(t, rows(after.doc, "received"), c.sharedWithMe)
			assert.Equal(t, c.again, v.press(c.press(v), nil).Code)
			assert.Len(t, rows(f.sharesOf("owner", "").doc, "received"), c.sharedWithMe)
		})
	}
}

// What is refused is said beside the form, which keeps what was typed; if there is no such form, on top. The status is that of the REST API.
func TestSharesPageRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", sharing.MaxNote+1)
	for name, c := range map[string]struct {
		who     string
		fields  []string
		status  int
		message string
		at      string // of which form's problem; "" = the page's
	}{
		"SH-86 a name that they may not read": {"sharer", []string{"action", "grant", "owner", "sharer", "server", "", "kind", "user", "grantee", "stranger", "lasts", "week"},
			403, "Need scope 'read:users:name' to share with users by name", "give"},
		"SH-86 a group that they may not read": {"sharer", []string{"action", "grant", "owner", "sharer", "server", "", "kind", "group", "grantee", "team"},
			403, "Need scope 'read:groups:name' to share with groups by name", "give"},
		"SH-87 nobody by that name": {"owner", []string{"action", "grant", "owner", "owner", "server", "", "kind", "user", "grantee", "<b>ghost</b>", "what", "servers"},
			400, "No such user: <b>ghost</b>", "give"},
		"SH-87 no such group":         {"owner", []string{"action", "grant", "owner", "owner", "server", "", "kind", "group", "grantee", "ghosts"}, 400, "No such group: ghosts", "give"},
		"SH-43 a service":             {"owner", []string{"action", "grant", "owner", "owner", "server", "", "kind", "service", "grantee", "x"}, 400, "kind: not one of the choices", "give"},
		"SH-60 no name":               {"owner", []string{"action", "grant", "owner", "owner", "server", "", "kind", "user", "grantee", "  "}, 400, "Specify exactly one of `user` or `group`", "give"},
		"a scope of their own choice": {"owner", []string{"action", "grant", "owner", "owner", "server", "", "grantee", "stranger", "what", "admin:users"}, 400, "what: not one of the choices", "give"},
		"a length of their own":       {"owner", []string{"action", "grant", "owner", "owner", "server", "", "grantee", "stranger", "lasts", "1s"}, 400, "lasts: not one of the choices", "give"},
		"a link that works for ever":  {"owner", []string{"action", "link", "owner", "owner", "server", "", "works", "forever"}, 400, "works: not one of the choices", "make"},
		"a link for no use":           {"owner", []string{"action", "link", "owner", "owner", "server", "", "uses", "0", "note", "<i>"}, 400, "uses: must be from 1 to 1000000, or empty", "make"},
		"a link for too many":         {"owner", []string{"action", "link", "owner", "owner", "server", "", "uses", "1000001"}, 400, "uses: must be from 1 to 1000000, or empty", "make"},
		"a link for a few":            {"owner", []string{"action", "link", "owner", "owner", "server", "", "uses", "a few"}, 400, "uses: must be from 1 to 1000000, or empty", "make"},
		"a link for half":             {"owner", []string{"action", "link", "owner", "owner", "server", "", "uses", "1.5"}, 400, "uses: must be from 1 to 1000000, or empty", "make"},
		"a note of many words":        {"owner", []string{"action", "link", "owner", "owner", "server", "", "note", long}, 400, "note: must be one line of at most 200 characters", "make"},
		"a note of two lines":         {"owner", []string{"action", "link", "owner", "owner", "server", "", "note", "a\nb"}, 400, "note: must be one line of at most 200 characters", "make"},
		"a domain that is none":       {"owner", []string{"action", "link", "owner", "owner", "server", "", "domain", `"><b>`}, 400, "domain: must be like example.org", "make"},
		"SH-54 another's server":      {"owner", []string{"action", "grant", "owner", "sharer", "server", "", "grantee", "stranger"}, 404, "No access to resources or resources not found", ""},
		"SH-54 another's link":        {"owner", []string{"action", "link", "owner", "sharer", "server", ""}, 404, "No access to resources or resources not found", ""},
		"SH-54 another's share":       {"owner", []string{"action", "revoke", "owner", "sharer", "server", "", "kind", "user", "grantee", "owner"}, 404, "No access to resources or resources not found", ""},
		"SH-54 another's code":        {"owner", []string{"action", "delete-access", "owner", "sharer", "server", "", "id", "sc_1"}, 404, "No access to resources or resources not found", ""},
		"SH-54 for somebody else":     {"owner", []string{"action", "leave", "owner", "sharer", "server", "", "kind", "user", "grantee", "stranger"}, 404, "No access to resources or resources not found", ""},
		"SH-54 for a group":           {"owner", []string{"action", "leave", "owner", "sharer", "server", "", "kind", "group", "grantee", "crew"}, 404, "No access to resources or resources not found", ""},
		"SH-54 nobody's server":       {"owner", []string{"action", "grant", "owner", "ghost", "server", "", "grantee", "stranger"}, 404, "No access to resources or resources not found", ""},
		"no server at all":            {"owner", []string{"action", "link"}, 404, "No access to resources or resources not found", ""},
		"a server they have not":      {"owner", []string{"action", "link", "owner", "owner", "server", "none"}, 404, "No such server: owner/none", ""},
		"a code of another server":    {"owner", []string{"action", "delete", "owner", "owner", "server", "lab", "id", "sc_1"}, 404, "No code found matching id=sc_1", ""},
		"SH-112 an id that is none":   {"owner", []string{"action", "delete", "owner", "owner", "server", "", "id", "sc_1 "}, 404, "No code found matching id=sc_1", ""},
		"SH-111 no id":                {"owner", []string{"action", "delete-access", "owner", "owner", "server", ""}, 404, "No code found matching id=", ""},
		"nobody to revoke from":       {"owner", []string{"action", "revoke", "owner", "owner", "server", ""}, 400, "Specify exactly one of `user` or `group`", ""},
		"nothing to leave":            {"owner", []string{"action", "leave", "owner", "owner", "server", "lab", "kind", "user", "grantee", "owner"}, 404, "No such share for user owner on owner/lab", ""},
		"what the page has not":       {"owner", []string{"action", "revoke-all", "owner", "owner", "server", ""}, 400, "action: not one that this page has", ""},
		"nothing":                     {"owner", nil, 400, "action: not one that this page has", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := populated(t)
			v := f.sharesOf(c.who, "")
			before := rows(v.doc, "share")
			fields := v.with(c.fields...)
			w := v.send(sharesPath, fields)
			require.Equal(t, c.status, w.Code, w.Body.String())
			assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			after := &sharesVisit{f: f, who: c.who, doc: parse(t, w)}
			wellMade(t, after.doc)
			assert.Nil(t, node(after.doc, byID("done")))
			assert.Nil(t, node(after.doc, byID("new-link")))
			assert.Equal(t, before, rows(after.doc, "share"), "nothing has changed")
			assert.Len(t, f.codes("owner", ""), 1)
			if c.at == "" {
				assert.Equal(t, c.message, text(node(after.doc, byID("problem"))))
				assert.Empty(t, all(after.doc, class("problem")))
				return
			}
			assert.Nil(t, node(after.doc, byID("problem")))
			box := within("details", c.at)(after.server(fields.Get("server")))
			assert.True(t, has(box, "open"))
			assert.Equal(t, c.message, text(within("p", "problem")(box)))
			assert.Len(t, all(after.doc, class("problem")), 1)
			for i := 6; i < len(c.fields); i += 2 {
				input := node(box, func(n *html.Node) bool { return attr(n, "name") == c.fields[i] })
				require.NotNil(t, input, c.fields[i])
				switch {
				case input.Data == "input":
					assert.Equal(t, strings.TrimSpace(c.fields[i+1]), attr(input, "value"), "what was typed is kept")
				case c.message != c.fields[i]+": not one of the choices":
					assert.Equal(t, c.fields[i+1], attr(node(input, func(n *html.Node) bool { return has(n, "selected") }), "value"), "what was chosen is kept")
				}
			}
		})
	}
}

// Scopes that the owner does not hold themselves cannot be given (SH-85).
func TestSharesPageGivesNothingThatItsUserHasNot(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.hub.AddUser("poor", "shares!user", "read:users:name")
	v := f.sharesOf("poor", "")
	w := v.press(submitOf(v.server(""), "make"), url.Values{"what": {"servers"}})
	require.Equal(t, http.StatusForbidden, w.Code)
	assert.Equal(t, "Do not have permission to grant share with scope servers!server=poor/", text(node(parse(t, w), class("problem"))))
	assert.Empty(t, f.codes("poor", ""))
}

// Who asks too often is told when to come back, and keeps what they typed.
func TestSharesPageHasQuotas(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.reader("owner")
	f.service.Quotas = sharing.Quotas{Creations: sharing.Quota{N: 1}}
	v := f.sharesOf("owner", "")
	require.Equal(t, http.StatusOK, v.press(submitOf(v.server(""), "make"), nil).Code)
	w := v.press(submitOf(v.server(""), "make"), url.Values{"note": {"again"}})
	require.Equal(t, http.StatusTooManyRequests, w.Code)
	seconds, err := strconv.Atoi(w.Header().Get("Retry-After"))
	require.NoError(t, err)
	assert.Positive(t, seconds)
	page := parse(t, w)
	assert.Contains(t, text(node(page, class("problem"))), "Too many requests")
	assert.Equal(t, "again", attr(node(page, func(n *html.Node) bool { return attr(n, "name") == "note" }), "value"))
	assert.Len(t, f.codes("owner", ""), 1)
}
