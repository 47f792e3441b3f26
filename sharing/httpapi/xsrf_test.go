package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestProofOfOrigin is SH-51 and SH-52 for the API, transcripts 122 to 133.
func TestProofOfOrigin(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, _ := f.code("sharer", "sharer/", "")
	others, _ := f.code("stranger", "stranger/", "")
	_, mine := f.open("sharer", "code="+others)
	_, foreign := f.open("stranger", "code="+code)
	require.NotEmpty(t, mine)
	mode := func(mode, site string) option {
		return func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Mode", mode)
			r.Header.Set("Sec-Fetch-Site", site)
		}
	}
	jar := func(token string) option {
		return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "_xsrf", Value: token}) }
	}
	const missing = "'_xsrf' argument missing from "
	for name, c := range map[string]struct {
		method, path, body string
		options            []option
		status             int
		message            string
	}{
		"130 a POST without proof":              {"POST", "share-codes/sharer/", `{}`, nil, 403, missing + "POST"},
		"131 a POST with proof":                 {"POST", "share-codes/sharer/", `{}`, []option{proof(mine), header("Content-Type", "application/json")}, 200, ""},
		"proof by the other header":             {"POST", "share-codes/sharer/", `{}`, []option{jar(mine), header("X-CSRFToken", mine)}, 200, ""},
		"proof in the query":                    {"POST", "share-codes/sharer/?_xsrf=" + mine, `{}`, []option{jar(mine)}, 200, ""},
		"a type with parameters":                {"POST", "share-codes/sharer/", `{}`, []option{proof(mine), header("Content-Type", "application/json; charset=utf-8")}, 200, ""},
		"132 a type that a form can send":       {"POST", "share-codes/sharer/", `{}`, []option{proof(mine), header("Content-Type", "text/plain")}, 403, "Missing or invalid credentials."},
		"a type that is none":                   {"POST", "share-codes/sharer/", `{}`, []option{proof(mine), header("Content-Type", "a;;b")}, 403, "Missing or invalid credentials."},
		"a PATCH with a form's type is read":    {"PATCH", "shares/sharer/", `{"user": "ghost"}`, []option{proof(mine), header("Content-Type", form)}, 200, ""},
		"124 wrong proof":                       {"POST", "share-codes/sharer/", `{}`, []option{jar(mine), header("X-XSRFToken", "x")}, 403, "XSRF cookie does not match POST argument"},
		"125 another session's proof":           {"POST", "share-codes/sharer/", `{}`, []option{jar(mine), header("X-XSRFToken", foreign)}, 403, "XSRF cookie does not match POST argument"},
		"another session's proof and cookie":    {"POST", "share-codes/sharer/", `{}`, []option{proof(foreign)}, 403, "XSRF cookie does not match POST argument"},
		"proof without a cookie":                {"POST", "share-codes/sharer/", `{}`, []option{header("X-XSRFToken", mine)}, 403, "XSRF cookie does not match POST argument"},
		"empty proof":                           {"DELETE", "shares/sharer/?_xsrf=", "", []option{jar(mine), header("X-XSRFToken", "")}, 403, missing + "DELETE"},
		"proof that is not text":                {"PATCH", "shares/sharer/?_xsrf=%ff", "", []option{jar(mine)}, 403, "'_xsrf' argument invalid"},
		"the proof comes before the method":     {"PUT", "shares/sharer/", "", nil, 403, missing + "PUT"},
		"the proof comes before the gate":       {"POST", "share-codes/ghost/", `{}`, nil, 403, missing + "POST"},
		"a GET that says nothing":               {"GET", "shares/sharer/", "", nil, 200, ""},
		"a GET by navigation":                   {"GET", "shares/sharer/", "", []option{mode("navigate", "cross-site")}, 200, ""},
		"122 a GET by a script":                 {"GET", "shares/sharer/", "", []option{mode("cors", "same-origin")}, 403, missing + "GET"},
		"a GET by a script of the same origin":  {"GET", "shares/sharer/", "", []option{mode("same-origin", "same-origin")}, 403, missing + "GET"},
		"123 a GET by a script with proof":      {"GET", "shares/sharer/", "", []option{mode("cors", "same-origin"), proof(mine)}, 200, ""},
		"a GET for an image of ours":            {"GET", "shares/sharer/", "", []option{mode("no-cors", "same-origin")}, 200, ""},
		"a GET for somebody's image":            {"GET", "shares/sharer/", "", []option{mode("no-cors", "cross-site")}, 403, missing + "GET"},
		"CVE-2026-40864 a POST without cors":    {"POST", "share-codes/sharer/", `{}`, []option{mode("no-cors", "cross-site")}, 403, missing + "POST"},
		"CVE-2026-40864 nor of the same origin": {"POST", "share-codes/sharer/", `{}`, []option{mode("no-cors", "same-origin")}, 403, missing + "POST"},
		"126 a token wins over the cookie":      {"POST", "share-codes/stranger/", `{}`, []option{header("Authorization", "Bearer stranger-token")}, 200, ""},
		"127 a bad token leaves the cookie":     {"POST", "share-codes/sharer/", `{}`, []option{header("Authorization", "token deadbeef")}, 403, missing + "POST"},
		"a token in the query is no token":      {"POST", "share-codes/sharer/?token=sharer-token", `{}`, nil, 403, missing + "POST"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := f.do(c.method, "/hub/api/"+c.path, c.body, append([]option{cookie("sharer")}, c.options...)...)
			assert.Equal(t, c.status, w.Code, w.Body.String())
			if c.status != http.StatusOK {
				assert.Equal(t, c.message, message(t, w))
			}
		})
	}
	t.Run("nobody from elsewhere", func(t *testing.T) {
		t.Parallel()
		w := f.do("POST", "/hub/api/share-codes/sharer/", `{}`, header("Origin", "https://evil.example"))
		assert.Equal(t, missing+"POST", message(t, w))
		w = f.do("POST", "/hub/api/share-codes/sharer/", `{}`)
		assert.Equal(t, "Missing or invalid credentials.", message(t, w))
	})
}

// TestAcceptingNeedsProof is SH-143, SH-148 and CVE-2026-40864: a page elsewhere cannot make a visitor accept.
func TestAcceptingNeedsProof(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, _ := f.code("sharer", "sharer/", "")
	const missing = "403 : Forbidden '_xsrf' argument missing from POST"
	body := header("Content-Type", form)
	for name, options := range map[string][]option{
		"38 by cookie":                 {cookie("shared-with")},
		"39 by an unknown token":       {header("Authorization", "token x")},
		"by a token that is good":      {header("Authorization", "token shared-with-token")},
		"by nobody":                    nil,
		"CVE-2026-40864 without cors":  {cookie("shared-with"), header("Sec-Fetch-Mode", "no-cors"), header("Sec-Fetch-Site", "cross-site")},
		"by navigation from elsewhere": {cookie("shared-with"), header("Sec-Fetch-Mode", "navigate"), header("Sec-Fetch-Site", "cross-site")},
	} {
		w := f.do(http.MethodPost, "/hub/accept-share", "code="+code, append(options, body)...)
		assert.Equal(t, http.StatusForbidden, w.Code, name)
		assert.Equal(t, missing, refusal(t, w), name)
	}

	// SH-148: a form that was rendered for one visitor is no use to the next.
	_, before := f.open("stranger", "code="+code)
	w := f.submit("shared-with", before, "", "code="+code)
	assert.Equal(t, "403 : Forbidden XSRF cookie does not match POST argument", refusal(t, w))

	// A page that is fetched by a script sets no cookie, and one whose cookie is good sets none again.
	_, token := f.open("shared-with", "code="+code, header("Sec-Fetch-Mode", "cors"))
	assert.Empty(t, token)
	_, token = f.open("shared-with", "code="+code)
	w, again := f.open("shared-with", "code="+code, func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "_xsrf", Value: token}) })
	assert.Empty(t, again)
	assert.Contains(t, w.Body.String(), `value="`+token+`"`)

	// Nobody with proof is still nobody (SH-143).
	w = f.do(http.MethodPost, "/hub/accept-share", "code="+code+"&_xsrf="+token, body, proof(token))
	assert.Equal(t, http.StatusForbidden, w.Code)

	assert.Empty(t, f.list("sharer", "shares/sharer/").Items)
	assert.Zero(t, f.list("sharer", "share-codes/sharer/").Items[0].ExchangeCount)
}

// TestNoCodeInLogs is SH-181: whatever happens to a code, no record has more than its first four characters.
func TestNoCodeInLogs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, _ := f.code("sharer", "sharer/", "")
	f.do(http.MethodGet, "/hub/accept-share?code="+code, "")
	f.accept(t, "shared-with", code)
	f.open("sharer", "code="+code)
	f.api("sharer", http.MethodDelete, "share-codes/sharer/?code="+code, "")
	f.open("shared-with", "code="+code)
	f.api("sharer", http.MethodDelete, "share-codes/sharer/?code="+code, "")
	log := f.log.String()
	assert.Contains(t, log, "action=code.exchange")
	assert.NotContains(t, log, code)
	assert.NotContains(t, log, code[:5])
	assert.False(t, strings.Contains(log, "level=ERROR"), log)
}
