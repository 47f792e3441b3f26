package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func pointer[T any](v T) *T { return &v }

// TestLimitsOfACodeOnTheWire: what was asked for is what creation and lists show, names as they are now.
func TestLimitsOfACodeOnTheWire(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	plain := f.createCode("sharer", "sharer/", `{"max_uses": null, "note": null, "domain": null, "users": null, "groups": null}`)
	assert.Equal(t, extendedCode{ID: "sc_1", Code: plain.Code, Users: []string{}, Groups: []string{}}, plain, "nothing is limited")
	raw := f.must("sharer", http.MethodGet, "share-codes/sharer/", "").Body.String()
	assert.Contains(t, raw, `"max_uses":null,"users":[],"groups":[],"domain":null,"bound":false,"note":null,"share_expires_in":null,"share_session":false`)

	const body = `{"max_uses": "3", "users": ["stranger", "shared-with", "stranger"], "groups": ["team"], "domain": "@Example.ORG", "note": "for the <course> & \"friends\""}`
	made := f.createCode("admin", "sharer/", body)
	want := extendedCode{
		ID: "sc_2", Code: made.Code, MaxUses: pointer(3), Users: []string{"stranger", "shared-with"}, Groups: []string{"team"},
		Domain: pointer("example.org"), Note: pointer(`for the <course> & "friends"`),
	}
	assert.Equal(t, want, made)
	listed := func() extendedCode {
		return read[codeItems](t, f.must("sharer", http.MethodGet, "share-codes/sharer/", "")).Items[1]
	}
	want.Code = ""
	assert.Equal(t, want, listed())
	f.accept(t, "shared-with", made.Code)
	f.hub.Rename(f.hub.Caller(t.Context(), "stranger").Ref, "somebody")
	want.ExchangeCount, want.Users = 1, []string{"somebody", "shared-with"}
	assert.Equal(t, want, listed())
}

// TestRefusedLimits: each field with what it cannot be, in the order of checks of SH-102.
func TestRefusedLimits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	long := strings.Repeat("ä", 201)
	const (
		uses, integer = "max_uses: must be from 1 to 1000000", "max_uses: must be an integer"
		note          = "note: must be one line of at most 200 characters"
		domain        = "domain: must be like example.org"
		nobody        = "users, groups: name somebody, or leave them out"
	)
	for name, c := range map[string]struct {
		who, body string
		status    int
		message   string
	}{
		"no use at all":                {"sharer", `{"max_uses": 0}`, 400, uses},
		"less than none":               {"sharer", `{"max_uses": -1}`, 400, uses},
		"too many uses":                {"sharer", `{"max_uses": 1000001}`, 400, uses},
		"far too many uses":            {"sharer", `{"max_uses": 1e300}`, 400, uses},
		"one and a half":               {"sharer", `{"max_uses": 1.5}`, 400, integer},
		"true is no number":            {"sharer", `{"max_uses": true}`, 400, integer},
		"an empty string is no number": {"sharer", `{"max_uses": ""}`, 400, integer},
		"two lines":                    {"sharer", `{"note": "a\nb"}`, 400, note},
		"a control character":          {"sharer", `{"note": "a\u0007"}`, 400, note},
		"a long note":                  {"sharer", `{"note": "` + long + `"}`, 400, note},
		"a note that is none":          {"sharer", `{"note": ["x"]}`, 400, "note: must be a string"},
		"an empty domain":              {"sharer", `{"domain": ""}`, 400, domain},
		"an at alone":                  {"sharer", `{"domain": "@"}`, 400, domain},
		"an address":                   {"sharer", `{"domain": "a@example.org"}`, 400, domain},
		"a domain with a blank":        {"sharer", `{"domain": "example.org "}`, 400, domain},
		"a domain of dots":             {"sharer", `{"domain": ".."}`, 400, domain},
		"a domain in markup":           {"sharer", `{"domain": "<b>.org"}`, 400, domain},
		"a domain in other letters":    {"sharer", `{"domain": "еxample.org"}`, 400, domain},
		"several domains":              {"sharer", `{"domain": ["example.org"]}`, 400, "domain: must be a string"},
		"for nobody":                   {"sharer", `{"users": []}`, 400, nobody},
		"for nobody, twice":            {"sharer", `{"users": [], "groups": [], "domain": null}`, 400, nobody},
		"for nobody, and a domain":     {"sharer", `{"users": [""], "domain": ""}`, 400, "users: names must not be empty"},
		"several problems": {
			"sharer", `{"users": "x", "max_uses": 0, "share_session": 1, "note": 1, "expires_in": 1, "foo": 1}`, 400,
			"expires_in: must be from 60 to 31536000\n" + uses + "\nshare_session: must be true or false\nnote: must be a string\nusers: must be an array of strings\nfoo: unknown field",
		},
		"a name that is not readable":     {"sharer", `{"users": ["stranger"]}`, 403, "Need scope 'read:users:name' to share with users by name"},
		"before whether it exists":        {"sharer", `{"users": ["ghost"]}`, 403, "Need scope 'read:users:name' to share with users by name"},
		"a group that is not readable":    {"sharer", `{"groups": ["ghosts"]}`, 403, "Need scope 'read:groups:name' to share with groups by name"},
		"all who do not exist":            {"admin", `{"users": ["ghost", "stranger"], "groups": ["ghosts"]}`, 400, "No such user: ghost\nNo such group: ghosts"},
		"a scope that is not held, first": {"sharer", `{"scopes": ["admin:users"], "users": ["ghost"]}`, 403, "Do not have permission to grant share with scope admin:users!server=sharer/"},
		"a stranger learns nothing":       {"stranger", `{"users": []}`, 404, "No access to resources or resources not found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := f.api(c.who, http.MethodPost, "share-codes/sharer/", c.body)
			assert.Equal(t, c.status, w.Code)
			assert.Equal(t, c.message, message(t, w))
		})
	}
	t.Cleanup(func() { assert.Empty(t, f.list("sharer", "share-codes/sharer").Items) })
}

// TestTheEdgesOfLimits are taken.
func TestTheEdgesOfLimits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, body := range []string{
		`{"max_uses": 1}`, `{"max_uses": 1000000}`, `{"max_uses": 1.0}`, `{"note": "` + strings.Repeat("ä", 200) + `"}`, `{"note": ""}`, `{"domain": "localhost"}`,
		`{"users": [], "domain": "example.org"}`, `{"users": ["sharer"], "groups": []}`,
	} {
		f.createCode("sharer", "sharer/", body)
	}
}

// TestASpentCode: whoever comes when a code is used up gets 404 for looking and 400 for trying (SH-142, SH-143); those who came by it are let in
// again.
func TestASpentCode(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code := f.createCode("sharer", "sharer/", `{"max_uses": 1}`)
	_, late := f.open("stranger", "code="+code.Code)
	f.accept(t, "shared-with", code.Code)
	const spent = "This share has been accepted as often as it could be"
	w, _ := f.open("stranger", "code="+code.Code)
	assert.Equal(t, http.StatusNotFound, w.Code)
	assert.Equal(t, "404 : Not Found "+spent, refusal(t, w))
	w = f.submit("stranger", late, "", "code="+code.Code)
	assert.Equal(t, http.StatusBadRequest, w.Code)
	assert.Equal(t, "400 : Bad Request "+spent, refusal(t, w))
	f.accept(t, "shared-with", code.Code)
	assert.Equal(t, 1, f.list("sharer", "share-codes/sharer/").Items[0].ExchangeCount)
	assert.Len(t, f.list("sharer", "shares/sharer/").Items, 1)
}

// TestACodeForOthers: 403 for looking, 400 for trying, like one's own code; each of users, groups and domain lets in.
func TestACodeForOthers(t *testing.T) {
	t.Parallel()
	const others = "This share is for somebody else"
	for body, invited := range map[string][]string{
		`{"users": ["shared-with"]}`:                     {"shared-with"},
		`{"groups": ["team"]}`:                           {"stranger"},
		`{"users": ["shared-with"], "groups": ["team"]}`: {"shared-with", "stranger"},
		`{"domain": "example.org"}`:                      {"jo@example.org", "JO@EXAMPLE.ORG"},
		`{"domain": "example.org", "users": ["stranger"], "note": "not for visitors"}`: {"jo@example.org", "JO@EXAMPLE.ORG", "stranger"},
	} {
		f := newFixture(t)
		all := []string{"shared-with", "stranger", "jo@example.org", "JO@EXAMPLE.ORG", "jo@sub.example.org", "example.org", "jo@example.org.evil.example"}
		for _, name := range all[2:] {
			f.hub.AddUser(name, "self")
		}
		code := f.createCode("admin", "sharer/", body)
		for _, name := range all {
			w, _ := f.open(name, "code="+code.Code)
			if slices.Contains(invited, name) {
				assert.Equal(t, http.StatusOK, w.Code, "%s by %s", body, name)
				f.accept(t, name, code.Code)
				continue
			}
			assert.Equal(t, http.StatusForbidden, w.Code, "%s by %s", body, name)
			shown := w.Body.String()
			assert.Equal(t, "403 : Forbidden "+others, refusal(t, w))
			for _, hidden := range []string{"not for visitors", "team", "jo@", "sharer"} {
				assert.NotContains(t, shown, hidden, "whom else it is for is none of their business")
			}
			_, token := f.open(name, "code="+f.createCode("sharer", "sharer/", "").Code)
			w = f.submit(name, token, "", "code="+code.Code)
			assert.Equal(t, http.StatusBadRequest, w.Code)
			assert.Equal(t, "400 : Bad Request "+others, refusal(t, w))
		}
		assert.Len(t, f.list("sharer", "shares/sharer/").Items, len(invited), body)
	}
}

// TestALimitSaysNothingToStrangers: a code that is bound or spent is unknown once it is deleted or expired, like any other (SH-13).
func TestALimitSaysNothingToStrangers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	bound := f.createCode("sharer", "sharer/", `{"users": ["sharer"], "expires_in": 60}`)
	w, _ := f.open("sharer", "code="+bound.Code)
	assert.Equal(t, "403 : Forbidden You can't share with yourself!", refusal(t, w), "SH-142: one's own comes first")
	f.advance(time.Minute)
	w, _ = f.open("stranger", "code="+bound.Code)
	assert.Equal(t, "404 : Not Found Share not found or expired", refusal(t, w))
}

// TestNotesAndNamesAreData: markup in a note, a domain or names is never part of a page, and JSON gives it back as it was (SH-149, SH-174).
func TestNotesAndNamesAreData(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	odd := []string{`<script>alert(1)</script>`, `testuser<'">`, "a@b", `{{.Secret}}`, "snow\u2603man", `\`, `%2e`}
	f.hub.AddUser("visitor", "self")
	body := func(m map[string]any) string {
		b, err := json.Marshal(m)
		require.NoError(t, err)
		return string(b)
	}
	for _, name := range odd {
		f.hub.AddUser(name, "self")
		f.hub.AddGroup(name, "visitor")
		code := f.createCode("admin", "sharer/", body(map[string]any{"note": name, "users": []string{name}, "groups": []string{name}, "share_expires_in": 60}))
		assert.Equal(t, name, *code.Note)
		assert.Equal(t, []string{name}, code.Users)
		assert.Equal(t, []string{name}, code.Groups)
		w, _ := f.open("visitor", "code="+code.Code)
		require.Equal(t, http.StatusOK, w.Code)
		sound(t, w)
		w, _ = f.open("stranger", "code="+code.Code)
		require.Equal(t, http.StatusForbidden, w.Code)
		sound(t, w)
		shares := read[shareItems](t, f.must("admin", http.MethodPost, "shares/sharer/", body(map[string]any{"users": []string{name}, "groups": []string{name}})))
		assert.Equal(t, []string{"user:" + name, "group:" + name}, shares.grantees())

		w = f.api("admin", http.MethodPost, "share-codes/sharer/", body(map[string]any{"domain": name}))
		require.Equal(t, http.StatusBadRequest, w.Code)
		assert.Equal(t, "domain: must be like example.org", message(t, w), "what was sent is not sent back")
		w = f.api("admin", http.MethodGet, "shares/sharer/?code_id="+url.QueryEscape(name), "")
		assert.Equal(t, "code_id: must be like sc_1", message(t, w))
		w = f.api("admin", http.MethodDelete, "share-codes/sharer/?cascade="+url.QueryEscape(name), "")
		assert.Equal(t, "cascade: must be true or false", message(t, w))
	}
}
