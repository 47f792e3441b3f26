package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/httpapi"
	"github.com/hubshare/hubshare/sharing/internal/testhub"
)

// populated is a hub on which there is something of everything, seen by owner: they have two servers and may read names.
func populated(t testing.TB, adjust ...func(*httpapi.Config)) *fixture {
	t.Helper()
	f := newFixture(t, adjust...)
	f.hub.AddUser("owner", "self", "shares!user", "read:users:name", "read:groups:name")
	f.hub.AddServer("owner", "lab")
	f.hub.Start(f.hub.Server("owner", "lab"))
	crew := f.hub.AddGroup("crew", "owner", "stranger")
	by := f.hub.Caller(t.Context(), "owner")
	grant := func(r sharing.GrantRequest) {
		_, err := f.service.Grant(t.Context(), by, r)
		require.NoError(t, err)
	}
	home, lab := sharing.ServerName{Owner: "owner"}, sharing.ServerName{Owner: "owner", Name: "lab"}
	guest := sharing.GranteeName{Kind: sharing.KindUser, Name: "shared-with"}
	grant(sharing.GrantRequest{Server: home, Grantee: guest, Scopes: []string{"access:servers", "servers"}})
	grant(sharing.GrantRequest{Server: lab, Grantee: sharing.GranteeName{Kind: sharing.KindGroup, Name: "crew"}, Terms: sharing.Terms{Lifetime: time.Hour, Session: true}})
	_, secret, err := f.service.CreateCode(t.Context(), by, sharing.CodeRequest{Server: home, MaxUses: 3, Note: "for <b>review</b>", Domain: "example.org",
		For: []sharing.GranteeName{guest, {Kind: sharing.KindGroup, Name: "crew"}}, Terms: sharing.Terms{Lifetime: 2 * time.Hour}})
	require.NoError(t, err)
	_, _, err = f.service.CreateCode(t.Context(), by, sharing.CodeRequest{Server: lab, Terms: sharing.Terms{Session: true}})
	require.NoError(t, err)
	_, err = f.service.Exchange(t.Context(), f.hub.Caller(t.Context(), "shared-with"), secret)
	require.NoError(t, err)
	for _, g := range []sharing.GranteeName{{Kind: sharing.KindUser, Name: "owner"}, {Kind: sharing.KindGroup, Name: "crew"}} {
		_, err = f.service.Grant(t.Context(), f.hub.Caller(t.Context(), "admin"), sharing.GrantRequest{Server: sharing.ServerName{Owner: "sharer"}, Grantee: g})
		require.NoError(t, err)
	}
	require.NotEmpty(t, crew.ID)
	return f
}

// The page says who may do what, since when, how they came to it and until when; which links there are; and what others share.
func TestSharesPageShowsWhatIsShared(t *testing.T) {
	t.Parallel()
	f := populated(t)
	w := f.do(http.MethodGet, sharesPath, "", cookie("owner"))
	h := w.Header()
	assert.Equal(t, "text/html", h.Get("Content-Type"))
	assert.Equal(t, "no-store", h.Get("Cache-Control"))
	assert.Equal(t, "strict-origin", h.Get("Referrer-Policy"))
	assert.Equal(t, "frame-ancestors 'none'; report-uri /hub/security/csp-report", h.Get("Content-Security-Policy"))
	assert.Equal(t, httpapi.DefaultVersion, h.Get("X-JupyterHub-Version"))

	v := f.sharesOf("owner", "")
	assert.Equal(t, "Sharing", text(node(v.doc, tag("h1"))))
	assert.Nil(t, node(v.doc, byID("done")))
	assert.Nil(t, node(v.doc, byID("problem")))
	const access, startStop, made = "Access user servers via API or browser.", "Start and stop user servers.", "21 Nov 2026, 18:28 UTC"
	home := v.server("")
	assert.Equal(t, "Default server", text(node(home, tag("h3"))))
	assert.Contains(t, text(home), "/user/owner/ is not running")
	revoke := "Revoke all access of user shared-with to your default server"
	assert.Equal(t, [][]string{
		{"user shared-with", access + " " + startStop, "Directly", made, "Never", revoke},
		{"user shared-with", access, "By link sc_1", made, "21 Nov 2026, 20:28 UTC", ""},
	}, rows(home, "share"))
	assert.Equal(t, "#link-sc_1", attr(node(node(home, class("share")), tag("a")), "href"))
	require.NotNil(t, node(home, byID("link-sc_1")))
	assert.Equal(t, [][]string{{
		"sc_1 for <b>review</b>", access + " For 2 hours.", "user shared-with, group crew, users at example.org", made, "22 Nov 2026, 18:28 UTC", "1 of 3",
		"Delete link sc_1, and leave the access that it gave Delete with its access: link sc_1 and what it gave",
	}}, rows(home, "link"))
	assert.Equal(t, "2026-11-21T18:28:59.677886Z", attr(node(home, tag("time")), "datetime"), "SH-71")

	lab := v.server("lab")
	assert.Equal(t, "Server lab", text(node(lab, tag("h3"))))
	assert.Contains(t, text(lab), "/user/owner/lab/ is running")
	assert.Equal(t, [][]string{{
		"group crew", access, "Directly", made, "21 Nov 2026, 19:28 UTC, or when the server stops before that", "Revoke all access of group crew to your server lab",
	}}, rows(lab, "share"))
	links := rows(lab, "link")
	require.Len(t, links, 1)
	assert.Equal(t, []string{"sc_2", access + " Until the server stops.", "Anyone", made, "22 Nov 2026, 18:28 UTC", "0"}, links[0][:6])

	assert.Equal(t, [][]string{
		{"lab of owner", "owner", access, "Through group crew", made, "21 Nov 2026, 19:28 UTC, or when the server stops before that", "Yours as long as you are in the group"},
		{"Default server of sharer", "sharer", access, "Directly", made, "Never", "Leave the default server of sharer"},
		{"Default server of sharer", "sharer", access, "Through group crew", made, "Never", "Yours as long as you are in the group"},
	}, rows(v.doc, "received"))
	assert.Equal(t, "/user/sharer/", attr(node(all(v.doc, class("received"))[1], tag("a")), "href"))
	assert.Empty(t, all(v.doc, class("part")), "short lists have no parts")
}

// Whoever accepted a link that is gone has their access still, and the page says so.
func TestSharesPageOfALinkThatIsGone(t *testing.T) {
	t.Parallel()
	f := populated(t)
	v := f.sharesOf("owner", "")
	button := node(v.server(""), func(n *html.Node) bool { return n.Data == "button" && attr(n, "value") == "delete" })
	require.Equal(t, http.StatusSeeOther, v.press(button, nil).Code)
	v = f.sharesOf("owner", "")
	assert.Equal(t, "By link sc_1", rows(v.server(""), "share")[1][2])
	assert.Empty(t, rows(v.server(""), "link"))
	// What it gave can be taken back all the same.
	w := v.press(within("button", "revoke-by-link")(v.server("")), nil)
	require.Equal(t, http.StatusSeeOther, w.Code, w.Body.String())
	assert.Len(t, rows(f.sharesOf("owner", "").server(""), "share"), 1, "what was given directly stays")
}

// Those for whom a link was may all be gone.
func TestSharesPageOfALinkForNobody(t *testing.T) {
	t.Parallel()
	f := populated(t)
	_, _, err := f.service.CreateCode(t.Context(), f.hub.Caller(t.Context(), "owner"), sharing.CodeRequest{
		Server: sharing.ServerName{Owner: "owner"}, For: []sharing.GranteeName{{Kind: sharing.KindUser, Name: "stranger"}}})
	require.NoError(t, err)
	gone, err := f.hub.Find(t.Context(), sharing.KindUser, "stranger")
	require.NoError(t, err)
	f.hub.Remove(gone)
	assert.Equal(t, "Nobody who still exists", rows(f.sharesOf("owner", "").server(""), "link")[1][2])
}

// Users who may not share see what is shared, without forms, and are told why; users who may not even see that are told so as well.
func TestSharesPageOfThoseWhoMayNotShare(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.hub.AddUser("reader", "self")
	f.hub.AddUser("nobody")
	f.must("admin", http.MethodPost, "shares/reader/", `{"user": "stranger"}`)
	f.must("admin", http.MethodPost, "share-codes/reader/", `{"note": "seen"}`)
	f.must("admin", http.MethodPost, "shares/sharer/", `{"user": "reader"}`)
	v := f.sharesOf("reader", "")
	own := v.server("")
	assert.Len(t, rows(own, "share"), 1)
	assert.Len(t, rows(own, "link"), 1)
	assert.Empty(t, all(own, tag("form")))
	assert.Equal(t, "You cannot share this server: this hub has not given you the permission shares on it.", text(node(own, class("may-not"))))
	assert.NotNil(t, within("button", "leave")(v.doc), "what they were given they can leave")
	w := v.send(sharesPath, v.with("action", "grant", "owner", "reader", "kind", "user", "grantee", "stranger"))
	assert.Equal(t, http.StatusForbidden, w.Code)
	assert.Equal(t, "Action is not authorized with current scopes; requires any of [shares]", text(node(parse(t, w), byID("problem"))), "SH-54")

	v = f.sharesOf("nobody", "")
	refused := all(v.doc, class("refused"))
	require.Len(t, refused, 2)
	assert.Equal(t, "You may not see what is shared of your servers: Action is not authorized with current scopes; requires any of [read:shares]", text(refused[0]))
	assert.Equal(t, "You may not see what is shared with you: Action is not authorized with current scopes; requires any of [read:users:shares]", text(refused[1]))
	assert.Empty(t, all(v.doc, tag("form")))
}

// A hub that lists no servers still shows those of which something is shared.
func TestSharesPageWithoutAListOfServers(t *testing.T) {
	t.Parallel()
	f := populated(t)
	f.service.Directory = struct{ sharing.Directory }{f.hub}
	v := f.sharesOf("owner", "")
	assert.Equal(t, "Default server", text(node(v.server(""), tag("h3"))))
	assert.Equal(t, "Server lab", text(node(v.server("lab"), tag("h3"))))
	f.hub.RemoveServer(f.hub.Server("shared-with", "").ID)
	assert.Contains(t, text(f.sharesOf("shared-with", "").doc), "You have no servers.")
}

// All there is to say about what was done is in the list of words; the address of the page cannot make it say anything else.
func TestSharesPageSaysNothingThatItsAddressMadeUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for done, want := range map[string]string{
		"granted": "Access was given.", "revoked": "Access was taken away.", "left": "You have left what was shared with you.",
	} {
		box := node(f.sharesOf("sharer", "?done="+done).doc, byID("done"))
		require.NotNil(t, box)
		assert.Equal(t, want, text(box))
		assert.Equal(t, "status", attr(box, "role"))
	}
	for _, done := range []string{"", "x", "Call+555-0100+now", "%3Cb%3E", "Granted"} {
		assert.Nil(t, node(f.sharesOf("sharer", "?done="+done).doc, byID("done")), done)
	}
}

// A stock hub has no such page, and nobody can post to it.
func TestSharesPageIsAnExtension(t *testing.T) {
	t.Parallel()
	f := newFixture(t, stock)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		w := f.do(method, sharesPath, "", cookie("sharer"))
		assert.Equal(t, http.StatusNotFound, w.Code)
		assert.Equal(t, "404 : Not Found", refusal(t, w))
		assert.False(t, f.inner.Owns(httptest.NewRequest(method, sharesPath, nil)))
	}
	f = newFixture(t)
	assert.True(t, f.inner.Owns(httptest.NewRequest(http.MethodGet, sharesPath, nil)))
	assert.False(t, f.inner.Owns(httptest.NewRequest(http.MethodGet, sharesPath+"/", nil)))
}

// namedHost takes everybody for one user, whose name no cookie could carry.
type namedHost struct {
	*testhub.Hub
	name string
}

func (h namedHost) IdentifyCookie(r *http.Request) (httpapi.Visitor, bool, error) {
	return httpapi.Visitor{Caller: h.Caller(r.Context(), h.name), Cookie: true, Session: "s"}, true, nil
}

// Names and notes may be full of markup: the page shows them as they are, and its buttons still mean them (SH-149, SH-171, SH-172, SH-174).
func TestSharesPageOfOddNames(t *testing.T) {
	t.Parallel()
	for _, odd := range []string{`testuser<'&">`, "a@b", "ünï {{.}}", `</form><script>alert(1)</script>`, "a b  c", `\"'`, "&lt;b&gt;", "%2F%22", "日本"} {
		t.Run(odd, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, func(c *httpapi.Config) { c.Host = namedHost{c.Host.(*testhub.Hub), odd} })
			f.hub.AddUser(odd, "self", "shares!user", "read:groups:name", "read:users:name")
			lab := odd + " " // which no user is called, but a server may be
			f.hub.AddServer(odd, lab)
			f.hub.AddGroup(odd)
			v := f.sharesOf(odd, "")
			w := v.press(submitOf(v.server(lab), "give"), url.Values{"kind": {"group"}, "grantee": {odd}})
			require.Equal(t, http.StatusSeeOther, w.Code, w.Body.String())
			w = v.press(submitOf(v.server(lab), "make"), url.Values{"note": {odd}})
			require.Equal(t, http.StatusOK, w.Code, w.Body.String())
			wellMade(t, parse(t, w))
			_, err := f.service.Grant(t.Context(), f.hub.Caller(t.Context(), "admin"), sharing.GrantRequest{
				Server: sharing.ServerName{Owner: odd, Name: lab}, Grantee: sharing.GranteeName{Kind: sharing.KindUser, Name: odd}})
			require.NoError(t, err)

			v = f.sharesOf(odd, "")
			shown := rows(v.server(lab), "share")
			require.Len(t, shown, 2)
			folded := strings.Join(strings.Fields(odd), " ")
			assert.Equal(t, "group "+folded, shown[0][0])
			assert.Equal(t, "sc_1 "+folded, rows(v.server(lab), "link")[0][0])
			require.Equal(t, http.StatusSeeOther, v.press(within("button", "leave")(v.doc), nil).Code)
			require.Equal(t, http.StatusSeeOther, v.press(within("button", "revoke")(v.server(lab)), nil).Code)
			button := node(v.server(lab), func(n *html.Node) bool { return attr(n, "value") == "delete-access" })
			require.Equal(t, http.StatusSeeOther, v.press(button, nil).Code)
			v = f.sharesOf(odd, "")
			assert.Empty(t, rows(v.server(lab), "share"))
			assert.Empty(t, rows(v.server(lab), "link"))
		})
	}
}
