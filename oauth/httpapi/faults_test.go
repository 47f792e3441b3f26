package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
)

// Each call to the store fails once in turn, under each request. The answer is a 500 that tells nothing, nothing is changed, and made again
// the request succeeds.
func TestAFailingStoreIsA500AndChangesNothing(t *testing.T) {
	t.Parallel()
	type world struct {
		*hub
		faults            *testhost.Faults
		code, token, xsrf string
		id                int64
		bob               *visitor
	}
	prepare := func(t *testing.T) world {
		w := world{faults: testhost.NewFaults(t)}
		w.hub = newHubWith(t, func(c *oauth.Config) { c.Store = w.faults; c.CacheAge = -1 })
		w.bob = w.as(t, "bob")
		w.xsrf = form(w.bob.call(http.MethodGet, authorize+query, "").Body.String())["_xsrf"][0]
		w.code = w.hub.code(t)
		info, secret, err := w.provider.IssueToken(t.Context(), oauth.TokenOrder{Owner: w.alice})
		require.NoError(t, err)
		w.token, w.id = secret.Reveal(), info.ID
		return w
	}
	for name, c := range map[string]struct {
		status int
		do     func(t *testing.T, w world) *httptest.ResponseRecorder
	}{
		"authorize": {200, func(_ *testing.T, w world) *httptest.ResponseRecorder {
			return w.bob.call(http.MethodGet, authorize+query, "")
		}},
		"consent": {302, func(_ *testing.T, w world) *httptest.ResponseRecorder {
			return w.bob.call(http.MethodPost, authorize+query, url.Values{"_xsrf": {w.xsrf}}.Encode(), "Content-Type", formKind)
		}},
		"token": {200, func(t *testing.T, w world) *httptest.ResponseRecorder { return exchange(t, w.hub, w.code) }},
		"user": {200, func(t *testing.T, w world) *httptest.ResponseRecorder {
			return w.call(t, http.MethodGet, "api/user", "", bearer(w.token)...)
		}},
		"whose": {200, func(t *testing.T, w world) *httptest.ResponseRecorder {
			return w.call(t, http.MethodGet, legacy+"/"+w.token, "", bearer(w.token)...)
		}},
		"tokens": {200, func(t *testing.T, w world) *httptest.ResponseRecorder {
			return w.call(t, http.MethodGet, "api/users/alice/tokens", "", bearer(w.token)...)
		}},
		"one token": {200, func(t *testing.T, w world) *httptest.ResponseRecorder {
			return w.call(t, http.MethodGet, "api/users/alice/tokens/a"+strconv.FormatInt(w.id, 10), "", bearer(w.token)...)
		}},
		"a new token": {201, func(t *testing.T, w world) *httptest.ResponseRecorder {
			return w.call(t, http.MethodPost, "api/users/alice/tokens", "{}", bearer(w.token)...)
		}},
		"revoke": {204, func(t *testing.T, w world) *httptest.ResponseRecorder {
			return w.call(t, http.MethodDelete, "api/users/alice/tokens/a"+strconv.FormatInt(w.id, 10), "", bearer(w.token)...)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for fail := 1; ; fail++ {
				w := prepare(t)
				before := w.faults.Dump(t)
				w.faults.Watch(fail)
				got := c.do(t, w)
				if len(w.faults.Calls()) < fail {
					require.Greater(t, fail, 1)
					require.Equal(t, c.status, got.Code)
					return
				}
				require.Equal(t, http.StatusInternalServerError, got.Code, w.faults.Calls())
				assert.NotContains(t, got.Body.String(), "fire")
				assert.NotContains(t, got.Body.String(), "lib")
				assert.Empty(t, got.Header().Get("Location"))
				assert.Contains(t, w.log.String(), "on fire", "the operator is told")
				require.Equal(t, before, w.faults.Dump(t), w.faults.Calls())
				w.faults.Watch(0)
				require.Equal(t, c.status, c.do(t, w).Code, "again")
			}
		})
	}
}
