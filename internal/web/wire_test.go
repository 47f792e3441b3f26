package web_test

import (
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/web"
)

// HB-39, HB-45, OA-100; transcript 238
func TestCookies(t *testing.T) {
	t.Parallel()
	r := request("Cookie", `_xsrf=a; other=x; _xsrf="b"`, "Cookie", "_xsrf=c; _xsrfx=d")
	assert.Equal(t, []string{"a", "b", "c"}, web.CookieValues(r, "_xsrf"))
	assert.Empty(t, web.CookieValues(r, "absent"))

	w := httptest.NewRecorder()
	web.SetCookie(w, &http.Cookie{Name: "jupyterhub-session-id", Value: "1", Path: "/", HttpOnly: true})
	web.SetCookie(w, &http.Cookie{Name: "other", Value: "1", Path: "/"})
	web.SetCookie(w, &http.Cookie{Name: "jupyterhub-session-id", Value: "2", Path: "/", HttpOnly: true})
	web.SetCookie(w, &http.Cookie{Name: "other", Value: "2", Path: "/hub/"})
	web.ClearCookie(w, http.Cookie{Name: "jupyterhub-hub-login", Path: "/hub/"}, time.Date(2026, 11, 21, 18, 29, 4, 0, time.UTC))
	web.ClearCookie(w, http.Cookie{Name: "__Host-x", Path: "/", Secure: true}, time.Date(2026, 11, 21, 18, 29, 4, 0, time.UTC))
	assert.Equal(t, []string{
		"other=1; Path=/",
		"jupyterhub-session-id=2; Path=/; HttpOnly",
		"other=2; Path=/hub/",
		`jupyterhub-hub-login=""; Path=/hub/; Expires=Fri, 21 Nov 2025 18:29:04 GMT`,
		`__Host-x=""; Path=/; Expires=Fri, 21 Nov 2025 18:29:04 GMT; Secure`,
	}, w.Header()["Set-Cookie"])
}

// HB-130, SH-50; transcripts 13 to 16, 128
func TestBearerToken(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header, want string
	}{
		"token":                   {"token abc", "abc"},
		"Bearer":                  {"Bearer abc", "abc"},
		"any case":                {"bEARER abc", "abc"},
		"several spaces":          {"Token    abc", "abc"},
		"spaces behind":           {"token abc  ", "abc"},
		"no header":               {"", ""},
		"no secret":               {"token ", ""},
		"scheme alone":            {"token", ""},
		"another scheme":          {"Basic abc", ""},
		"two secrets":             {"token a b", ""},
		"a scheme that starts so": {"tokens abc", ""},
		"no space":                {"token:abc", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := web.BearerToken(request("Authorization", c.header))
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.want != "", ok)
		})
	}
	_, ok := web.BearerToken(httptest.NewRequest("GET", "/?token=abc", nil))
	assert.False(t, ok, "a token in the address is never looked at")
}

// SH-62, HB-132, HB-6; transcripts 6, 13
func TestHeadersOfEveryResponse(t *testing.T) {
	t.Parallel()
	site := web.Site{BaseURL: "/@/space%20word/", Version: "5.5.1"}
	assert.Equal(t, "/@/space%20word/hub/", site.HubPrefix())
	want := http.Header{
		"Content-Type":                 {"application/json"},
		"X-Jupyterhub-Version":         {"5.5.1"},
		"Access-Control-Allow-Headers": {"accept, content-type, authorization"},
		"Content-Security-Policy":      {"frame-ancestors 'none'; report-uri /@/space%20word/hub/security/csp-report; default-src 'none'"},
	}
	h := http.Header{}
	site.APIHeaders(h)
	assert.Equal(t, want, h)

	want.Set("Content-Type", "text/html")
	want.Set("Content-Security-Policy", "frame-ancestors 'none'; report-uri /@/space%20word/hub/security/csp-report")
	want.Set("Cache-Control", "no-store")
	h = http.Header{}
	site.PageHeaders(h)
	web.NoStore(h)
	assert.Equal(t, want, h)
}

// SH-53, HB-133, SH-61
func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		write  func(http.ResponseWriter)
		status int
		body   string
		header http.Header
	}{
		"JSON keeps markup and has no line end": {
			func(w http.ResponseWriter) { web.WriteJSON(w, 200, map[string]string{"a": "<&>'\"é"}) },
			200, `{"a":"<&>'\"é"}`, http.Header{"Content-Type": {"application/json"}, "Content-Length": {"16"}},
		},
		"an error with a message": {
			func(w http.ResponseWriter) { web.WriteError(w, web.Errorf(400, "Invalid %s", "<x>")) },
			400, `{"status":400,"message":"Invalid <x>"}`, nil,
		},
		"an error without one says the reason phrase": {
			func(w http.ResponseWriter) { web.WriteError(w, &web.Error{Status: 404}) },
			404, `{"status":404,"message":"Not Found"}`, nil,
		},
		"an error with headers": {
			func(w http.ResponseWriter) {
				web.WriteError(w, &web.Error{Status: 429, Header: http.Header{"Retry-After": {"3"}}})
			},
			429, `{"status":429,"message":"Too Many Requests"}`, http.Header{"Retry-After": {"3"}},
		},
		"what cannot be encoded is a 500 without detail": {
			func(w http.ResponseWriter) { web.WriteJSON(w, 200, math.NaN()) },
			500, `{"status":500,"message":"Internal Server Error"}`, nil,
		},
		"a 204 has no content type": {
			func(w http.ResponseWriter) {
				web.Site{BaseURL: "/"}.APIHeaders(w.Header())
				web.WriteNoContent(w)
			},
			204, "", http.Header{"Content-Type": nil},
		},
		"a redirect goes where it was told, byte for byte": {
			func(w http.ResponseWriter) { web.Redirect(w, 302, "/user/a//b/../%2f?x=1#y") },
			302, "", http.Header{"Location": {"/user/a//b/../%2f?x=1#y"}, "Content-Length": {"0"}},
		},
		"a redirect cannot split the response": {
			func(w http.ResponseWriter) { web.Redirect(w, 302, "/a b\r\nX: é") },
			302, "", http.Header{"Location": {"/a%20b%0D%0AX:%20%C3%A9"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			c.write(w)
			assert.Equal(t, c.status, w.Code)
			assert.Equal(t, c.body, w.Body.String())
			for name, values := range c.header {
				assert.Equal(t, values, w.Header()[name], name)
			}
		})
	}
	assert.EqualError(t, web.Errorf(403, "no"), "403 no")
}

// HB-5, SH-71
func TestTimes(t *testing.T) {
	t.Parallel()
	at := time.Date(2024, 1, 23, 11, 46, 43, 585455999, time.UTC)
	assert.Equal(t, "2024-01-23T11:46:43.585455Z", web.FormatTime(at))
	assert.Equal(t, "2024-01-23T11:46:43.500000Z", web.FormatTime(at.Truncate(time.Second).Add(500*time.Millisecond)))
	assert.Equal(t, "2024-01-23T11:46:43Z", web.FormatTime(at.Truncate(time.Second).Add(999)), "no fraction when the microseconds are zero")
	assert.Equal(t, "2024-01-23T11:46:43Z", web.FormatTime(at.Truncate(time.Second).In(time.FixedZone("", 7200))))

	text, err := json.Marshal([]web.Time{{}, {Time: at}})
	require.NoError(t, err)
	assert.Equal(t, `[null,"2024-01-23T11:46:43.585455Z"]`, string(text))
	var back []web.Time
	require.NoError(t, json.Unmarshal(text, &back))
	assert.True(t, back[0].IsZero())
	assert.True(t, back[1].Equal(at.Truncate(time.Microsecond)))
	assert.Error(t, json.Unmarshal([]byte(`["yesterday"]`), &back))
	assert.Error(t, json.Unmarshal([]byte(`[7]`), &back))

	for in, want := range map[string]string{
		"2024-01-23T11:46:43.585455Z":   "2024-01-23T11:46:43.585455Z",
		"2024-01-23T11:46:43.5":         "2024-01-23T11:46:43.500000Z",
		"2024-01-23T13:46:43+02:00":     "2024-01-23T11:46:43Z",
		"2024-01-23T13:46:43.25+0200":   "2024-01-23T11:46:43.250000Z",
		"2024-01-23 11:46:43":           "2024-01-23T11:46:43Z",
		"2024-01-23T11:46":              "2024-01-23T11:46:00Z",
		"2024-01-23":                    "2024-01-23T00:00:00Z",
		"2024-01-23T09:46:43-02":        "2024-01-23T11:46:43Z",
		"2024-01-23T11:46:43.123456789": "2024-01-23T11:46:43.123456Z",
	} {
		got, err := web.ParseTime(in)
		require.NoError(t, err, in)
		assert.Equal(t, want, web.FormatTime(got), in)
	}
	for _, in := range []string{"", "now", "2024-13-01", "2024-01-23T25:00:00Z", "1706010403", "2024-01-23T11:46:43Z "} {
		_, err := web.ParseTime(in)
		assert.Error(t, err, in)
	}
}
