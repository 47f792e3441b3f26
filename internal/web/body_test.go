package web_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/web"
)

// SH-57, SH-51, HB-135; transcripts 170 to 174
func TestDecodeObject(t *testing.T) {
	t.Parallel()
	const (
		invalid   = "Invalid JSON in body of request"
		notObject = "JSON body must be an object"
	)
	for name, c := range map[string]struct{ body, want string }{
		"no body":                {"", "{}"},
		"an object":              {`{"a": 1, "b": [2]}`, `{"a":1,"b":[2]}`},
		"with white space":       {" \n{}\t", "{}"},
		"the last of two fields": {`{"a": 1, "a": 2}`, `{"a":2}`},
		"null":                   {"null", "{}"},
		"false":                  {"false", "{}"},
		"zero":                   {"0", "{}"},
		"minus zero":             {"-0", "{}"},
		"zero with a fraction":   {"0.000", "{}"},
		"zero with an exponent":  {"0e9", "{}"},
		"an empty string":        {` "" `, "{}"},
		"an empty list":          {"[ ]", "{}"},
		"an empty object":        {"{ }", "{}"},

		"a list":                     {"[1]", notObject},
		"a list of an empty list":    {"[[]]", notObject},
		"a string":                   {`"x"`, notObject},
		"a blank string":             {`" "`, notObject},
		"true":                       {"true", notObject},
		"a number":                   {"7", notObject},
		"a small number":             {"0.001", notObject},
		"a number of tens":           {"10E2", notObject},
		"white space alone":          {" \n", invalid},
		"a byte-order mark":          {"\ufeff{}", invalid},
		"a byte-order mark alone":    {"\ufeff", invalid},
		"not UTF-8":                  {"\xff", invalid},
		"not UTF-8 inside a string":  {"{\"a\": \"\xff\"}", invalid},
		"not JSON":                   {"{not json", invalid},
		"single quotes":              {"{'a': 1}", invalid},
		"two values":                 {"{} {}", invalid},
		"cut off":                    {`{"a": `, invalid},
		"a form":                     {"a=1&b=2", invalid},
		"NaN":                        {"NaN", invalid},
		"NUL":                        {"\x00", invalid},
		"nested deeper than is sane": {strings.Repeat("[", 20000) + strings.Repeat("]", 20000), invalid},
	} {
		for _, contentType := range []string{"", "application/json", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded"} {
			t.Run(name+" as "+contentType, func(t *testing.T) {
				t.Parallel()
				r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.body))
				r.Header.Set("Content-Type", contentType)
				got, err := web.DecodeObject(r, 1<<20)
				if strings.HasPrefix(c.want, "{") {
					require.NoError(t, err)
					text, err := json.Marshal(got)
					require.NoError(t, err)
					assert.Equal(t, c.want, string(text))
					return
				}
				var e *web.Error
				require.ErrorAs(t, err, &e)
				assert.Equal(t, 400, e.Status)
				assert.Equal(t, c.want, e.Text())
			})
		}
	}
}

func TestDecodeObjectCapsTheBody(t *testing.T) {
	t.Parallel()
	post := func(body io.Reader) *http.Request { return httptest.NewRequest(http.MethodPost, "/", body) }
	_, err := web.DecodeObject(post(strings.NewReader(`{"a":1}`)), 7)
	assert.NoError(t, err)

	var e *web.Error
	_, err = web.DecodeObject(post(strings.NewReader(`{"a":1} `)), 7)
	require.ErrorAs(t, err, &e)
	assert.Equal(t, http.StatusRequestEntityTooLarge, e.Status)

	r := post(strings.NewReader(`{"a":1}`))
	r.Body = http.MaxBytesReader(nil, r.Body, 3)
	_, err = web.DecodeObject(r, 100)
	require.ErrorAs(t, err, &e)
	assert.Equal(t, http.StatusRequestEntityTooLarge, e.Status)

	_, err = web.DecodeObject(post(iotest.ErrReader(errors.New("secret of the network"))), 100)
	require.ErrorAs(t, err, &e)
	assert.Equal(t, 400, e.Status)
	assert.NotContains(t, err.Error(), "network")

	r = post(nil)
	r.Body = nil
	got, err := web.DecodeObject(r, 100)
	require.NoError(t, err)
	assert.Empty(t, got)
}

func FuzzDecodeObject(f *testing.F) {
	for _, s := range []string{"", " ", "{}", `{"a":null}`, "[1]", "0.0", "-0e-0", `"x"`, "\ufeff{}", "null"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		object, err := web.DecodeObject(httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)), 1000)
		if err != nil {
			var e *web.Error
			require.ErrorAs(t, err, &e)
			assert.Contains(t, []int{400, 413}, e.Status)
			return
		}
		assert.NotNil(t, object)
		var v any
		if body != "" {
			require.NoError(t, json.Unmarshal([]byte(body), &v))
		}
		if fields, ok := v.(map[string]any); ok {
			assert.Len(t, object, len(fields))
		} else {
			assert.Contains(t, []any{nil, false, 0.0, ""}, emptyListAsNil(v))
		}
	})
}

func emptyListAsNil(v any) any {
	if l, ok := v.([]any); ok && len(l) == 0 {
		return nil
	}
	return v
}
