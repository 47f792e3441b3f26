package web_test

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/web"
)

// general is what encoding/json makes of a value.
func general(t testing.TB, v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	require.NoError(t, enc.Encode(v))
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

func written(v any) string {
	w := httptest.NewRecorder()
	web.WriteJSON(w, 200, v)
	return w.Body.String()
}

func TestJSONIsThatOfTheStandardLibrary(t *testing.T) {
	t.Parallel()
	for _, v := range []any{
		nil, true, false, 0, -7, int64(math.MaxInt64), 1.5, "", "plain", "<&>'", `"`, `\`, "\n\x00\x7f", "ü 漢 \u2028", "\xff", time.Minute,
		web.Time{}, web.Time{Time: time.Unix(1, 2000)}, []string(nil), []string{}, []string{"a", "ü"}, map[string]any(nil), map[string]any{},
		[]map[string]any(nil), []map[string]any{{"b": 1}, nil, {}}, []any{1, "a", nil}, json.RawMessage(`{"a": [1]}`), struct{}{}, struct{ A *int }{},
		map[string]any{"z": 1, "a": map[string]any{"ü": nil, "<": []string{"x"}}, "m": map[string]string{"k": "v"}, "": web.Time{}},
	} {
		assert.Equal(t, general(t, v), written(v), "%#v", v)
	}
}

func TestWhatHasNoJSONIsRefusedWhereverItStands(t *testing.T) {
	t.Parallel()
	for _, v := range []any{math.NaN(), map[string]any{"a": func() {}}, []map[string]any{{"a": make(chan int)}}} {
		w := httptest.NewRecorder()
		web.WriteJSON(w, 200, v)
		require.Equal(t, 500, w.Code)
		require.JSONEq(t, `{"status": 500, "message": "Internal Server Error"}`, w.Body.String())
	}
}

func FuzzJSON(f *testing.F) {
	f.Add("a", "<\u2029>", int64(0))
	f.Add("\xc3\x28", "\\u0000", int64(-1))
	f.Fuzz(func(t *testing.T, name, text string, n int64) {
		v := map[string]any{name: text, text: []string{name, text}, "n": n, "in": map[string]any{text: name}}
		require.Equal(t, general(t, v), written(v))
	})
}
