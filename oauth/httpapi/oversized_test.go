package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/hubshare/hubshare/oauth/internal/testhost"
)

func TestAttackWithOversizedEverything(t *testing.T) { // OA-S19
	t.Parallel()
	h := newHub(t)
	tok := h.token(t, h.alice)
	long := strings.Repeat("x", 1<<20)
	v := h.as(t, "alice")
	proof := form(h.as(t, "bob").call(http.MethodGet, authorize+query, "").Body.String())["_xsrf"][0]
	requests := map[string]struct {
		status int
		do     func() *httptest.ResponseRecorder
	}{
		"a query": {400, func() *httptest.ResponseRecorder { return v.call(http.MethodGet, authorize+query+"&x="+long, "") }},
		"a scope": {400, func() *httptest.ResponseRecorder { return v.call(http.MethodGet, authorize+query+"&scope="+long, "") }},
		"a consent form": {413, func() *httptest.ResponseRecorder {
			return v.call(http.MethodPost, authorize+query, "_xsrf="+proof+"&x="+long, "Content-Type", formKind)
		}},
		"a proof": {403, func() *httptest.ResponseRecorder {
			return v.call(http.MethodPost, authorize+query, "", "X-XSRFToken", long)
		}},
		"a code":           {400, func() *httptest.ResponseRecorder { return exchange(t, h, long) }},
		"a client":         {400, func() *httptest.ResponseRecorder { return exchange(t, h, "c", "client_id", long[:4000]) }},
		"a secret":         {401, func() *httptest.ResponseRecorder { return exchange(t, h, "c", "client_secret", long[:2000]) }},
		"a verifier":       {400, func() *httptest.ResponseRecorder { return exchange(t, h, "c", "code_verifier", long[:2000]) }},
		"many parameters":  {400, func() *httptest.ResponseRecorder { return exchange(t, h, "c", "x", strings.Repeat("&a=", 100_000)) }},
		"an Authorization": {403, func() *httptest.ResponseRecorder { return h.call(t, http.MethodGet, "api/user", "", bearer(long)...) }},
		"a login cookie": {403, func() *httptest.ResponseRecorder {
			return h.call(t, http.MethodGet, "api/user", "", "Cookie", testhost.LoginCookie+"="+long)
		}},
		"a legacy token": {404, func() *httptest.ResponseRecorder {
			return h.call(t, http.MethodGet, "api/authorizations/token/"+long, "", bearer(tok)...)
		}},
		"a user's name": {404, func() *httptest.ResponseRecorder {
			return h.call(t, http.MethodGet, "api/users/"+long+"/tokens", "", bearer(tok)...)
		}},
		"a token's id": {404, func() *httptest.ResponseRecorder {
			return h.call(t, http.MethodGet, "api/users/alice/tokens/a"+strings.Repeat("9", 5000), "", bearer(tok)...)
		}},
		"a token's body": {413, func() *httptest.ResponseRecorder {
			return h.call(t, http.MethodPost, "api/users/alice/tokens", `{"note": "`+long+`"}`, bearer(tok)...)
		}},
		"deep JSON": {400, func() *httptest.ResponseRecorder {
			return h.call(t, http.MethodPost, "api/users/alice/tokens", strings.Repeat("[", 60_000), bearer(tok)...)
		}},
		"many scopes": {400, func() *httptest.ResponseRecorder {
			return h.call(t, http.MethodPost, "api/users/alice/tokens", `{"scopes": [`+strings.Repeat(`"x",`, 12_000)+`"x"]}`, bearer(tok)...)
		}},
		"an endless life": {400, func() *httptest.ResponseRecorder {
			return h.call(t, http.MethodPost, "api/users/alice/tokens", `{"expires_in": `+strings.Repeat("9", 400)+`}`, bearer(tok)...)
		}},
		"a nested escaping": {400, func() *httptest.ResponseRecorder {
			return v.call(http.MethodGet, authorize+"?client_id="+strings.Repeat("%25", 1000), "")
		}},
	}
	for name, c := range requests {
		t.Run(name, func(t *testing.T) {
			w := c.do()
			assert.Equal(t, c.status, w.Code, "%s", w.Body)
			assert.Less(t, w.Body.Len(), 70_000, "what came in does not all go out again")
		})
	}
	assert.Less(t, h.log.Len(), 100_000)
}

// The bounds are where the rule has them: what just fits is good, and one byte more is refused, be it in a parameter that means nothing.
func TestSizesThatJustFit(t *testing.T) { // OA-S19, OA-43, OA-62
	t.Parallel()
	h := newHub(t)
	v := h.as(t, "alice")
	filled := func(text string, size int) string {
		return text + "&x=" + strings.Repeat("x", size-len(text)-len("&x="))
	}
	ask := func(raw string) int { return v.call(http.MethodGet, authorize+"?"+raw, "").Code }
	assert.Equal(t, http.StatusFound, ask(filled(query[1:], 8<<10)))
	assert.Equal(t, http.StatusBadRequest, ask(filled(query[1:], 8<<10+1)))
	assert.Equal(t, http.StatusFound, ask(strings.Replace(query[1:], "st4te", strings.Repeat("s", 2<<10), 1)))
	assert.Equal(t, http.StatusBadRequest, ask(strings.Replace(query[1:], "st4te", strings.Repeat("s", 2<<10+1), 1)))

	redeem := func(more func(body string) string) int {
		body := "grant_type=authorization_code&client_id=" + clientID + "&client_secret=" + secret + "&code=" + h.code(t)
		return h.call(t, http.MethodPost, tokenPath, more(body), "Content-Type", formKind).Code
	}
	for size, status := range map[int]int{2 << 10: http.StatusOK, 2<<10 + 1: http.StatusBadRequest} {
		assert.Equal(t, status, redeem(func(body string) string { return body + "&x=" + strings.Repeat("x", size) }), size)
	}
	for size, status := range map[int]int{8 << 10: http.StatusOK, 8<<10 + 1: http.StatusBadRequest} {
		assert.Equal(t, status, redeem(func(body string) string {
			for n := range 3 {
				body += "&y" + string(rune('0'+n)) + "=" + strings.Repeat("y", 2000)
			}
			return filled(body, size)
		}), size)
	}
}
