package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
)

// FuzzInvitation: whatever stands in code, next and the rest of the query, the page is ours alone and leads nowhere else, and taking it up
// leads where the page said (SH-149 to SH-152).
func FuzzInvitation(f *testing.F) {
	hub := newFixture(f, unlimited)
	code, _ := hub.code("sharer", "sharer/", "")
	for _, next := range []string{
		"", "/hub/home", `/hub/home"><img src=x onerror=alert(1)>`, `/'><a href=//evil.example>x</a>`, "/</a></p><form action=//evil.example>", "/<!--", "/&quot;&#34;&amp;",
		"//evil.example", "/\\evil.example", "/\t/evil.example", "/%09/evil.example", "///evil.example", "https:evil.example", "http://example.com@evil.example/",
		"//example.com//evil.example", "http://example.com:80//evil.example", "/javascript:alert(1)", "javascript:alert(1)//", "/\u00a0/x", "/\u2028", "/\x7f", "/ü?x=%zz#{{.}}", " /x ",
		"/" + strings.Repeat("a", 3000),
	} {
		f.Add(code, next, "")
	}
	f.Add("wrong", "/hub/home", "")
	f.Add("<script>alert(1)</script>", `"><script>`, "")
	f.Add(code, "/x", "&next=//evil.example&code=x")
	f.Add("", "", "&&%zz;=&_xsrf=x")
	_, token := hub.open("shared-with", "code="+code)
	f.Fuzz(func(t *testing.T, presented, next, more string) {
		hub.t = t
		query := url.Values{"code": {presented}, "next": {next}}.Encode() + more
		r := httptest.NewRequest(http.MethodGet, "/hub/accept-share", nil)
		r.URL.RawQuery = query
		cookie("shared-with")(r)
		w := httptest.NewRecorder()
		hub.handler.ServeHTTP(w, r)
		require.Contains(t, []int{200, 400, 403, 404}, w.Code)
		body := w.Body.String()
		target := sound(t, w)
		if w.Code != http.StatusOK {
			assert.NotContains(t, body, code, "SH-222 a refusal shows no code")
			return
		}
		post := httptest.NewRequest(http.MethodPost, "/hub/accept-share", strings.NewReader("_xsrf="+url.QueryEscape(token)))
		post.URL.RawQuery = query
		post.Header.Set("Content-Type", form)
		cookie("shared-with")(post)
		post.AddCookie(&http.Cookie{Name: "_xsrf", Value: token})
		w = httptest.NewRecorder()
		hub.handler.ServeHTTP(w, post)
		require.Equal(t, http.StatusFound, w.Code)
		staysHere(t, w.Header().Get("Location"))
		if isASCII(target) { // what is not is percent-encoded in a header, as a space is
			assert.Equal(t, strings.ReplaceAll(target, " ", "%20"), w.Header().Get("Location"))
		}
	})
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// FuzzNames: owners and servers may be called anything, and the page and the paths stay whole (SH-149, SH-170, SH-171, SH-174).
func FuzzNames(f *testing.F) {
	for _, seed := range [][2]string{
		{"alice", ""}, {"<b>", `"lab"`}, {"a/b", "c/d"}, {"..", "."}, {"x!server=y", "=!"}, {"{{.}}", "${x}"}, {"日本語", " "}, {"%2F", "%"}, {"?", "#"},
		{`\`, `\\evil.example`}, {"\u202e", "\u0000"}, {"evil.example", "/"}, {"'", "&amp;"}, {"a\nb", "\r\nSet-Cookie: x=y"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, owner, server string) {
		if owner == "" || !utf8.ValidString(owner) || !utf8.ValidString(server) || strings.TrimSpace(owner) != owner {
			return // no host has such names
		}
		h := newFixture(t, unlimited)
		if owner == "sharer" || owner == "shared-with" || owner == "stranger" || owner == "admin" {
			return
		}
		h.hub.AddUser(owner, "self", "shares!user")
		if server != "" {
			h.hub.AddServer(owner, server)
		}
		name := sharing.ServerName{Owner: owner, Name: server}
		_, secret, err := h.service.CreateCode(t.Context(), h.hub.Caller(t.Context(), owner), sharing.CodeRequest{Server: name})
		require.NoError(t, err)
		w, token := h.open("shared-with", "code="+secret.Reveal())
		require.Equal(t, http.StatusOK, w.Code)
		target := sound(t, w)
		require.Equal(t, []string{"", "user", owner}, decoded(t, target)[:3])
		w = h.submit("shared-with", token, "", "code="+secret.Reveal())
		require.Equal(t, http.StatusFound, w.Code)
		require.Equal(t, target, w.Header().Get("Location"))
		// The share is found again by the names in the path, and is for that server alone.
		l := h.list("admin", "shares/"+url.PathEscape(owner)+"/"+url.PathEscape(server))
		require.Len(t, l.Items, 1)
		assert.Equal(t, []string{"access:servers!server=" + owner + "/" + server}, l.Items[0].Scopes)
		assert.Equal(t, target, l.Items[0].Server.URL)
	})
}

// decoded splits a path and decodes its segments.
func decoded(t testing.TB, path string) (out []string) {
	t.Helper()
	for _, s := range strings.Split(path, "/") {
		d, err := url.PathUnescape(s)
		require.NoError(t, err)
		out = append(out, d)
	}
	return out
}

// FuzzForm: whatever is posted to the accept page without the proof, in whatever form, nothing is accepted (SH-52, SH-143).
func FuzzForm(f *testing.F) {
	hub := newFixture(f, unlimited)
	code, _ := hub.code("sharer", "sharer/", "")
	const multi = "multipart/form-data; boundary=x"
	for _, seed := range [][3]string{
		{"code=" + code, form, ""}, {"code=" + code + "&_xsrf=", form, "_xsrf="}, {"code=" + code + "&_xsrf=x", form, "_xsrf=x"}, {"code=" + code, "text/plain", ""},
		{`{"code": "` + code + `"}`, "application/json", ""}, {"--x\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\n" + code + "\r\n--x--\r\n", multi, ""},
		{"", "", ""}, {"%zz", form, "_xsrf=%zz"}, {"code=" + code, form + "; charset=x;;", "_xsrf=\"x\""}, {"--x", multi, ""}, {"_xsrf=x&_xsrf=y", form, "_xsrf=y; _xsrf=x"},
	} {
		f.Add(seed[0], seed[1], seed[2], "code="+code)
	}
	f.Fuzz(func(t *testing.T, body, contentType, cookies, query string) {
		hub.t = t
		r := httptest.NewRequest(http.MethodPost, "/hub/accept-share", strings.NewReader(body))
		r.URL.RawQuery = query
		r.Header.Set("Content-Type", contentType)
		cookie("shared-with")(r)
		r.Header.Set("Cookie", r.Header.Get("Cookie")+"; "+cookies)
		w := httptest.NewRecorder()
		hub.handler.ServeHTTP(w, r)
		require.Contains(t, []int{403, 413}, w.Code)
		sound(t, w)
		require.Zero(t, hub.list("sharer", "share-codes/sharer/?limit=1").Items[0].ExchangeCount)
	})
}

// FuzzPath: whatever the path, the answer is one of ours, in the form that suits it, and never a redirect that nobody asked for (SH-53, SH-140, SH-170).
func FuzzPath(f *testing.F) {
	for _, seed := range []string{
		"/", "/hub/api/shares/sharer/", "/hub/api/shares/sharer", "/hub/api/shares//", "/hub/api/shares/./sharer/", "/hub/api/shares/../shares/sharer/", "/hub/api/shares/%73harer/",
		"/hub/api/shares/sharer%2F", "/hub/api/shares/%ff/", "/hub/api/shares/%00/%00", "/hub/api/shares/sharer/;x", "/hub/api/users/sharer/shared/sharer/", "/hub/api/groups/team/shared",
		"/hub/accept-share", "/hub/accept-share/", "/hub/accept-share//evil.example", "//evil.example/hub/accept-share/", "/hub/accept-share/?next=//evil.example",
		"/hub/accept-share?code=x", "/hub//accept-share", "/hub/api/share-codes/sharer/?code=", "http://evil.example/hub/accept-share/", "/hub/api/shares/sharer/?limit=%zz", "*",
	} {
		for method := range uint8(7) {
			f.Add(method, seed)
		}
	}
	hub := newFixture(f, unlimited)
	methods := []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete, http.MethodPut, http.MethodOptions, http.MethodHead}
	f.Fuzz(func(t *testing.T, method uint8, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil {
			return // such a request does not reach a handler
		}
		r := httptest.NewRequest(methods[int(method)%len(methods)], "/", nil)
		r.URL, r.RequestURI = u, target
		r.Header.Set("Authorization", "token sharer-token")
		w := httptest.NewRecorder()
		hub.handler.ServeHTTP(w, r)
		require.Less(t, w.Code, 500)
		if !hub.inner.Owns(r) {
			require.Contains(t, []int{400, 404}, w.Code)
		}
		if w.Code == http.StatusFound {
			location := w.Header().Get("Location")
			staysHere(t, location)
			require.True(t, strings.HasPrefix(location, "/hub/accept-share") || strings.HasPrefix(location, "/hub/login?next=%2F"), location)
			return
		}
		require.NotContains(t, []int{301, 303, 307, 308}, w.Code)
		switch kind := w.Header().Get("Content-Type"); {
		case r.Method == http.MethodOptions && w.Code == 200, w.Code == 204:
			require.Empty(t, w.Body.String())
		case kind == "application/json":
			answered(t, w, w.Code)
		default:
			sound(t, w)
		}
	})
}
