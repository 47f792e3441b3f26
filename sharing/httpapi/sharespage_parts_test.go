package httpapi_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/httpapi"
)

// crowded is a hub on which owner has 5 people and 3 links on the default server, a 6th and a 4th on another one, and 3 servers are shared with them.
func crowded(t testing.TB, adjust ...func(*httpapi.Config)) *fixture {
	t.Helper()
	f := newFixture(t, adjust...)
	f.reader("owner")
	f.hub.AddServer("owner", "lab")
	by := f.hub.Caller(t.Context(), "owner")
	for i := range 6 {
		name := fmt.Sprintf("guest-%d", i+1)
		f.hub.AddUser(name)
		n := sharing.ServerName{Owner: "owner"}
		if i == 5 {
			n.Name = "lab"
		}
		_, err := f.service.Grant(t.Context(), by, sharing.GrantRequest{Server: n, Grantee: sharing.GranteeName{Kind: sharing.KindUser, Name: name}})
		require.NoError(t, err)
	}
	for i := range 4 {
		n := sharing.ServerName{Owner: "owner"}
		if i == 3 {
			n.Name = "lab"
		}
		_, _, err := f.service.CreateCode(t.Context(), by, sharing.CodeRequest{Server: n})
		require.NoError(t, err)
	}
	for _, owner := range []string{"sharer", "stranger", "shared-with"} {
		f.must("admin", http.MethodPost, "shares/"+owner+"/", `{"user": "owner"}`)
	}
	return f
}

func few(c *httpapi.Config) { c.PageLimits = httpapi.PageLimits{Max: 2} }

// part is what the page says about a long list: its sentence, and where previous and next lead.
func part(doc *html.Node, of string) (sentence, previous, next string) {
	nav := node(doc, byID("part-of-"+of))
	if nav == nil {
		return "", "", ""
	}
	for _, a := range all(nav, tag("a")) {
		switch attr(a, "rel") {
		case "prev":
			previous = attr(a, "href")
		case "next":
			next = attr(a, "href")
		}
	}
	return text(node(nav, tag("span"))), previous, next
}

// Of a long list the page shows a part, and says what more there is and how to get there. The other lists begin where they begin.
func TestSharesPageShowsLongListsInParts(t *testing.T) {
	t.Parallel()
	f := crowded(t, few)
	for name, c := range map[string]struct {
		query                    string
		people, links, received  []string
		sentence, previous, next string
		of                       string
	}{
		"the first": {"", []string{"user guest-1", "user guest-2"}, []string{"sc_1", "sc_2"}, []string{"sharer", "stranger"},
			"1 to 2 of 6 people; 4 more follow.", "", "?of=shares&offset=2#part-of-shares", "shares"},
		"the next people": {"?of=shares&offset=2", []string{"user guest-3", "user guest-4"}, []string{"sc_1", "sc_2"}, []string{"sharer", "stranger"},
			"3 to 4 of 6 people; 2 more follow.", "?of=shares&offset=0#part-of-shares", "?of=shares&offset=4#part-of-shares", "shares"},
		"the last people, on two servers": {"?offset=4", []string{"user guest-5", "user guest-6"}, []string{"sc_1", "sc_2"}, []string{"sharer", "stranger"},
			"5 to 6 of 6 people.", "?of=shares&offset=2#part-of-shares", "", "shares"},
		"from the middle": {"?offset=1", []string{"user guest-2", "user guest-3"}, []string{"sc_1", "sc_2"}, []string{"sharer", "stranger"},
			"2 to 3 of 6 people; 3 more follow.", "?of=shares&offset=0#part-of-shares", "?of=shares&offset=3#part-of-shares", "shares"},
		"beyond the end": {"?offset=99", nil, []string{"sc_1", "sc_2"}, []string{"sharer", "stranger"},
			"None of 6 people.", "?of=shares&offset=4#part-of-shares", "", "shares"},
		"far beyond": {"?of=links&offset=99999999999999999999", []string{"user guest-1", "user guest-2"}, nil, []string{"sharer", "stranger"},
			"None of 4 links.", "?of=links&offset=2#part-of-links", "", "links"},
		"SH-67 a sign": {"?of=links&offset=-2", []string{"user guest-1", "user guest-2"}, []string{"sc_3", "sc_4"}, []string{"sharer", "stranger"},
			"3 to 4 of 4 links.", "?of=links&offset=0#part-of-links", "", "links"},
		"the last of several": {"?of=links&offset=7&of=received&offset=2", []string{"user guest-1", "user guest-2"}, []string{"sc_1", "sc_2"}, []string{"shared-with"},
			"3 to 3 of 3 shared servers.", "?of=received&offset=0#part-of-received", "", "received"},
		"a limit is the page's own": {"?limit=1", []string{"user guest-1", "user guest-2"}, []string{"sc_1", "sc_2"}, []string{"sharer", "stranger"},
			"1 to 2 of 6 people; 4 more follow.", "", "?of=shares&offset=2#part-of-shares", "shares"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := (&fixture{t: t, handler: f.handler}).sharesOf("owner", c.query)
			column := func(kind string, i int) (out []string) {
				for _, row := range rows(v.doc, kind) {
					out = append(out, row[i])
				}
				return out
			}
			assert.Equal(t, c.people, column("share", 0))
			assert.Equal(t, c.links, column("link", 0))
			assert.Equal(t, c.received, column("received", 1))
			sentence, previous, next := part(v.doc, c.of)
			assert.Equal(t, c.sentence, sentence)
			assert.Equal(t, c.previous, previous)
			assert.Equal(t, c.next, next)
		})
	}
}

// A form sent from a part of a list comes back to that part.
func TestSharesPageComesBackToThePart(t *testing.T) {
	t.Parallel()
	f := crowded(t, few)
	v := f.sharesOf("owner", "?of=shares&offset=2&done=granted")
	w := v.press(within("button", "revoke")(v.server("")), nil)
	require.Equal(t, http.StatusSeeOther, w.Code)
	assert.Equal(t, "/hub/shares?done=revoked&of=shares&offset=2", w.Header().Get("Location"))
	assert.Equal(t, "user guest-4", rows(f.sharesOf("owner", "?done=revoked&of=shares&offset=2").server(""), "share")[0][0])
	w = v.press(submitOf(v.server(""), "make"), nil)
	require.Equal(t, http.StatusOK, w.Code)
	sentence, _, _ := part(parse(t, w), "shares")
	assert.Equal(t, "3 to 4 of 5 people; 1 more follow.", sentence)
}

// What is no part is refused, before anything is done.
func TestSharesPageRefusesWhatIsNoPart(t *testing.T) {
	t.Parallel()
	f := crowded(t)
	v := f.sharesOf("owner", "")
	for query, message := range map[string]string{
		"?offset=":              "Invalid argument type, offset and limit must be integers",
		"?offset=x":             "Invalid argument type, offset and limit must be integers",
		"?offset=1.5":           "Invalid argument type, offset and limit must be integers",
		"?offset=%3Cscript%3E":  "Invalid argument type, offset and limit must be integers",
		"?of=%3Cscript%3E":      "of: must be servers, shares, links or received",
		"?of=people&offset=200": "of: must be servers, shares, links or received",
	} {
		w := f.do(http.MethodGet, sharesPath+query, "", cookie("owner"))
		assert.Equal(t, http.StatusBadRequest, w.Code, query)
		assert.Equal(t, "400 : Bad Request "+message, refusal(t, w))
		w = v.send(sharesPath+query, v.with("action", "link", "owner", "owner", "server", ""))
		assert.Equal(t, http.StatusBadRequest, w.Code, query)
		assert.Equal(t, "400 : Bad Request "+message, refusal(t, w))
	}
	assert.Len(t, f.codes("owner", ""), 3)
}

// Servers are many as well: each is shown in its part, and wherever somebody has access to it.
func TestSharesPageShowsManyServersInParts(t *testing.T) {
	t.Parallel()
	f := crowded(t, few)
	for _, name := range []string{"c", "a", "b"} {
		f.hub.AddServer("owner", name)
	}
	for query, want := range map[string][]string{
		"":                               {"", "a"},
		"?of=servers&offset=2":           {"b", "c", ""}, // the last since it is in the list of people
		"?of=servers&offset=4":           {"lab", ""},
		"?of=servers&offset=9":           {""},
		"?of=shares&offset=4":            {"", "a", "lab"},
		"?of=servers&offset=99999999999": {""},
	} {
		var names []string
		doc := f.sharesOf("owner", query).doc
		for _, s := range all(doc, class("my-server")) {
			names = append(names, attr(s, "data-server"))
		}
		assert.Equal(t, want, names, query)
		sentence, _, _ := part(doc, "servers")
		assert.Contains(t, sentence, " of 5 servers")
	}
}

// As long as nobody says otherwise a part has 200 entries.
func TestSharesPageShowsTwoHundred(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.reader("owner")
	var names []sharing.GranteeName
	for i := range 203 {
		name := fmt.Sprintf("guest-%d", i)
		f.hub.AddUser(name)
		names = append(names, sharing.GranteeName{Kind: sharing.KindUser, Name: name})
	}
	for _, some := range [][]sharing.GranteeName{names[:200], names[200:]} {
		_, err := f.service.GrantMany(t.Context(), f.hub.Caller(t.Context(), "owner"), sharing.BulkRequest{Server: sharing.ServerName{Owner: "owner"}, Grantees: some})
		require.NoError(t, err)
	}
	v := f.sharesOf("owner", "")
	assert.Len(t, rows(v.doc, "share"), 200)
	sentence, _, next := part(v.doc, "shares")
	assert.Equal(t, "1 to 200 of 203 people; 3 more follow.", sentence)
	v = f.sharesOf("owner", next[:len(next)-len("#part-of-shares")])
	assert.Len(t, rows(v.doc, "share"), 3)
}
