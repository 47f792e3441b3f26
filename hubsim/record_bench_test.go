package hubsim_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// What recording costs a request, and nothing else of it: who asks, what is kept of the address and the body, the entry itself.
func BenchmarkRecordingARequest(b *testing.B) {
	hub, err := hubsim.Start(b.Context(), hubsim.Config{})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, hub.Close()) })
	token, err := hub.Token("sharer")
	require.NoError(b, err)
	cookies, err := hub.LoginCookies("sharer")
	require.NoError(b, err)
	get := func(path string) *http.Request { return httptest.NewRequest(http.MethodGet, path, nil) }
	byToken, byCookie := get("/hub/api/user"), get("/hub/home")
	byToken.Header.Set("Authorization", "token "+token)
	for _, c := range cookies {
		byCookie.AddCookie(c)
	}
	for name, r := range map[string]*http.Request{
		"anonymous": get("/hub/health"), "token": byToken, "cookie": byCookie, "query": get("/hub/login?next=%2Fhub%2Fhome%3Fa%3Db"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			w := httptest.NewRecorder()
			for b.Loop() {
				hub.RecordOnly(w, r)
			}
		})
	}
	b.Run("body", func(b *testing.B) {
		b.ReportAllocs()
		w := httptest.NewRecorder()
		for b.Loop() {
			r := httptest.NewRequest(http.MethodPost, "/hub/api/share-codes/sharer/", strings.NewReader(`{"expires_in": 60, "scopes": ["access:servers!server=sharer/"]}`))
			hub.RecordOnly(w, r)
		}
	})
}
