package web_test

import (
	"math"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/web"
)

// HB-135: who has the answer already is told so, and nothing else.
func TestAnAnswerCarriesATagOfItsContent(t *testing.T) {
	t.Parallel()
	ask := func(known string, v any) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("If-None-Match", known)
		w := httptest.NewRecorder()
		web.WriteTagged(w, r, v)
		return w
	}
	first := ask("", map[string]string{"name": "<&>"})
	require.Equal(t, 200, first.Code)
	require.Equal(t, `{"name":"<&>"}`, first.Body.String())
	require.Equal(t, "application/json", first.Header().Get("Content-Type"))
	tag := first.Header().Get("ETag")
	require.Regexp(t, `^"[0-9a-f]{40}"$`, tag)

	for _, known := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
		got := ask(known, map[string]string{"name": "<&>"})
		require.Equal(t, 304, got.Code, known)
		require.Empty(t, got.Body.String())
		require.Empty(t, got.Header().Get("Content-Type"))
	}
	require.Equal(t, 200, ask(tag, map[string]string{"name": "other"}).Code)
	require.Equal(t, 500, ask("", math.NaN()).Code, "what cannot be encoded is our fault, and says nothing")
}
