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
	requests := map[string]func() *httptest.ResponseRecorder{
		"a query": func() *httptest.ResponseRecorder { return v.call(http.MethodGet, authorize+query+"&x="+long, "") },
		"a scope": func() *httptest.ResponseRecorder { return v.call(http.MethodGet, authorize+query+"&scope="+long, "") },
		"a consent form": func() *httptest.ResponseRecorder {
			return v.call(http.MethodPost, authorize+query, "_xsrf="+proof+"&x="+long, "Content-Type", formKind)
		},
		"a proof": func() *httptest.ResponseRecorder {
			return v.call(http.MethodPost, authorize+query, "", "X-XSRFToken", long)
		},
		"a code":           func() *httptest.ResponseRecorder { return exchange(t, h, long) },
		"a client":         func() *httptest.ResponseRecorder { return exchange(t, h, "c", "client_id", long[:4000]) },
		"a secret":         func() *httptest.ResponseRecorder { return exchange(t, h, "c", "client_secret", long[:2000]) },
		"a verifier":       func() *httptest.ResponseRecorder { return exchange(t, h, "c", "code_verifier", long[:2000]) },
		"many parameters":  func() *httptest.ResponseRecorder { return exchange(t, h, "c", "x", strings.Repeat("&a=", 100_000)) },
		"an Authorization": func() *httptest.ResponseRecorder { return h.call(t, http.MethodGet, "api/user", "", bearer(long)...) },
		"a login cookie": func() *httptest.ResponseRecorder {
			return h.call(t, http.MethodGet, "api/user", "", "Cookie", testhost.LoginCookie+"="+long)
		},
		"a legacy token": func() *httptest.ResponseRecorder {
			return h.call(t, http.MethodGet, "api/authorizations/token/"+long, "", bearer(tok)...)
		},
		"a user's name": func() *httptest.ResponseRecorder {
			return h.call(t, http.MethodGet, "api/users/"+long+"/tokens", "", bearer(tok)...)
		},
		"a token's id": func() *httptest.ResponseRecorder {
			return h.call(t, http.MethodGet, "api/users/alice/tokens/a"+strings.Repeat("9", 5000), "", bearer(tok)...)
		},
		"a token's body": func() *httptest.ResponseRecorder {
			return h.call(t, http.MethodPost, "api/users/alice/tokens", `{"note": "`+long+`"}`, bearer(tok)...)
		},
		"deep JSON": func() *httptest.ResponseRecorder {
			return h.call(t, http.MethodPost, "api/users/alice/tokens", strings.Repeat("[", 60_000), bearer(tok)...)
		},
		"many scopes": func() *httptest.ResponseRecorder {
			return h.call(t, http.MethodPost, "api/users/alice/tokens", `{"scopes": [`+strings.Repeat(`"x",`, 12_000)+`"x"]}`, bearer(tok)...)
		},
		"an endless life": func() *httptest.ResponseRecorder {
			return h.call(t, http.MethodPost, "api/users/alice/tokens", `{"expires_in": `+strings.Repeat("9", 400)+`}`, bearer(tok)...)
		},
		"a nested escaping": func() *httptest.ResponseRecorder {
			return v.call(http.MethodGet, authorize+"?client_id="+strings.Repeat("%25", 1000), "")
		},
	}
	for name, do := range requests {
		t.Run(name, func(t *testing.T) {
			w := do()
			assert.GreaterOrEqual(t, w.Code, 400)
			assert.Less(t, w.Code, 500, "%s", w.Body)
			assert.Less(t, w.Body.Len(), 70_000, "what came in does not all go out again")
		})
	}
	assert.Less(t, h.log.Len(), 100_000)
}
