package hubsim_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// What recording costs a request: each pair is the same request with the record and without, network left out.
func BenchmarkRecord(b *testing.B) {
	for name, record := range map[string]int{"recorded": 0, "not": -1} {
		hub, err := hubsim.Start(b.Context(), hubsim.Config{Record: record})
		require.NoError(b, err)
		b.Cleanup(func() { require.NoError(b, hub.Close()) })
		token, err := hub.Token("sharer")
		require.NoError(b, err)
		cookies, err := hub.LoginCookies("sharer")
		require.NoError(b, err)
		handler := hub.Handler()
		for what, prepare := range map[string]func(*http.Request){
			"health":   func(*http.Request) {},
			"api/user": func(r *http.Request) { r.Header.Set("Authorization", "token "+token) },
			"logo":     func(r *http.Request) { r.AddCookie(cookies[0]); r.AddCookie(cookies[1]) },
			"nobody":   func(r *http.Request) { r.Header.Set("Authorization", "token 0123456789abcdef0123456789abcdef") },
		} {
			path := what
			if what == "nobody" {
				path = "api/user"
			}
			b.Run(what+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					r := httptest.NewRequest(http.MethodGet, "/hub/"+path, nil)
					prepare(r)
					handler.ServeHTTP(httptest.NewRecorder(), r)
				}
			})
		}
	}
}
