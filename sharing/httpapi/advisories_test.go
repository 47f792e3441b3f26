package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing/httpapi"
)

// multipart is a form in the other encoding that a foreign page can send.
func multipart(fields map[string]string) (body, contentType string) {
	var b strings.Builder
	for name, value := range fields {
		b.WriteString("--frontier\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n")
	}
	b.WriteString("--frontier--\r\n")
	return b.String(), "multipart/form-data; boundary=frontier"
}

// nothingAccepted says that the code of this hub was never exchanged.
func (f *fixture) nothingAccepted(t *testing.T) {
	t.Helper()
	assert.Empty(t, f.list("sharer", "shares/sharer/").Items)
	for _, code := range f.list("sharer", "share-codes/sharer/").Items {
		assert.Zero(t, code.ExchangeCount)
	}
}

// TestForcedAcceptance is CVE-2026-40864 and what is like it (SH-52, SH-211): a page elsewhere sends a visitor's browser here, with all that it
// may put into a request, and whatever the browser says about where it comes from.
func TestForcedAcceptance(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, _ := f.code("sharer", "sharer/", "")
	_, attackers := f.open("stranger", "code="+code) // valid, for the attacker
	multi, multiType := multipart(map[string]string{"code": code, "_xsrf": attackers})
	for _, mode := range []string{"", "no-cors", "cors", "same-origin", "navigate", "websocket", "nonsense"} {
		for _, site := range []string{"", "cross-site", "same-site", "same-origin", "none"} {
			for name, sent := range map[string]struct{ query, body, contentType string }{
				"form":                         {"", "code=" + code, form},
				"form with another's proof":    {"", "code=" + code + "&_xsrf=" + url.QueryEscape(attackers), form},
				"query":                        {"code=" + code, "", ""},
				"query with another's proof":   {"code=" + code + "&_xsrf=" + url.QueryEscape(attackers), "", ""},
				"text":                         {"code=" + code, "code=" + code, "text/plain"},
				"multipart, another's proof":   {"", multi, multiType},
				"a beacon of unknown content":  {"code=" + code, "code=" + code, "application/octet-stream"},
				"json, which needs permission": {"code=" + code, `{"code": "` + code + `"}`, "application/json"},
			} {
				w := f.do(http.MethodPost, "/hub/accept-share?"+sent.query, sent.body, cookie("shared-with"), func(r *http.Request) {
					for key, value := range map[string]string{"Sec-Fetch-Mode": mode, "Sec-Fetch-Site": site, "Content-Type": sent.contentType} {
						if value != "" {
							r.Header.Set(key, value)
						}
					}
					r.Header.Set("Origin", "https://evil.example")
				})
				assert.Equal(t, http.StatusForbidden, w.Code, "%s, mode %q, site %q", name, mode, site)
			}
		}
	}
	f.nothingAccepted(t)
}

// TestAcceptingIsAPostAlone: a link, an image or a method that pretends to be another accepts nothing (SH-142).
func TestAcceptingIsAPostAlone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, _ := f.code("sharer", "sharer/", "")
	_, token := f.open("shared-with", "code="+code)
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, "post", "TRACE"} {
		for _, path := range []string{"/hub/accept-share", "/hub/accept-share/"} {
			w := f.do(method, path+"?_method=POST&code="+code+"&_xsrf="+url.QueryEscape(token), "code="+code, cookie("shared-with"), proof(token),
				header("X-HTTP-Method-Override", "POST"), header("Content-Type", form))
			assert.NotEqual(t, "/user/sharer/", w.Header().Get("Location"), method)
		}
	}
	f.nothingAccepted(t)
}

// TestTossedCookies is CVE-2024-28233 and what is like it (SH-148, SH-211): who controls another host of the domain, or a server on this one,
// plants cookies beside the visitor's. They can spoil a request, but not make one.
func TestTossedCookies(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, _ := f.code("sharer", "sharer/", "")
	_, victims := f.open("shared-with", "code="+code)
	_, attackers := f.open("stranger", "code="+code)
	require.NotEmpty(t, victims)
	require.NotEmpty(t, attackers)
	const refused, accepted = http.StatusForbidden, http.StatusFound
	for name, c := range map[string]struct {
		cookies []string // of the request, in order, beside the login
		given   string   // the form's proof
		status  int
	}{
		"the attacker's proof alone":                         {[]string{"session=session of shared-with", "_xsrf=" + attackers}, attackers, refused},
		"the attacker's proof in front of the visitor's":     {[]string{"session=session of shared-with", "_xsrf=" + attackers, "_xsrf=" + victims}, attackers, refused},
		"the attacker's proof behind the visitor's":          {[]string{"session=session of shared-with", "_xsrf=" + victims, "_xsrf=" + attackers}, attackers, refused},
		"the attacker's proof and session":                   {[]string{"session=session of stranger", "_xsrf=" + attackers}, attackers, refused},
		"the attacker's session in front of the visitor's":   {[]string{"session=session of stranger", "session=session of shared-with", "_xsrf=" + attackers}, attackers, refused},
		"the attacker's session, the visitor's proof":        {[]string{"session=session of stranger", "_xsrf=" + victims}, victims, refused},
		"the visitor's form while the attacker's is tossed":  {[]string{"session=session of shared-with", "_xsrf=" + attackers, "_xsrf=" + victims}, victims, refused},
		"no session at all":                                  {[]string{"_xsrf=" + victims}, victims, refused},
		"a proof that the attacker made up, twice the same":  {[]string{"session=session of shared-with", "_xsrf=made-up"}, "made-up", refused},
		"an empty proof, twice the same":                     {[]string{"session=session of shared-with", "_xsrf="}, "", refused},
		"a proof with its signature cut off":                 {[]string{"session=session of shared-with", "_xsrf=" + victims[:len(victims)-4]}, victims[:len(victims)-4], refused},
		"a made-up cookie in front of the visitor's is none": {[]string{"session=session of shared-with", "_xsrf=made-up", "_xsrf=" + victims}, victims, accepted},
		"a made-up cookie behind the visitor's is none":      {[]string{"session=session of shared-with", "_xsrf=" + victims, "_xsrf=made-up"}, victims, accepted},
		"the made-up one of two given back":                  {[]string{"session=session of shared-with", "_xsrf=" + victims, "_xsrf=made-up"}, "made-up", refused},
	} {
		w := f.do(http.MethodPost, "/hub/accept-share", "code=wrong&_xsrf="+url.QueryEscape(c.given), header("Content-Type", form),
			header("Cookie", "login=shared-with; "+strings.Join(c.cookies, "; ")))
		// A code that is wrong tells whether the request came as far as that.
		want := refused
		if c.status == accepted {
			want = http.StatusBadRequest
		}
		assert.Equal(t, want, w.Code, name)
	}
	f.nothingAccepted(t)

	// A page that is asked for under such cookies gives a proof of the visitor's own, and sets it anew.
	w, fresh := f.open("shared-with", "code="+code, header("Cookie", "_xsrf="+attackers))
	require.Equal(t, http.StatusOK, w.Code)
	require.NotEmpty(t, fresh)
	assert.NotEqual(t, attackers, fresh)
	assert.NotContains(t, w.Body.String(), attackers)

	// What a visitor got before they logged in is no proof afterwards.
	w = f.do(http.MethodPost, "/hub/accept-share", "code="+code, header("Content-Type", form), cookie("shared-with"), proof(strings.ToUpper(victims)))
	assert.Equal(t, http.StatusForbidden, w.Code)
	f.nothingAccepted(t)
}

// TestSeveralLogins: when two login cookies come, one of them is the visitor, and the proof has to be that one's (SH-148).
func TestSeveralLogins(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	code, _ := f.code("sharer", "sharer/", "")
	_, attackers := f.open("stranger", "code="+code)
	for _, cookies := range []string{
		"login=shared-with; login=stranger; session=session of stranger; _xsrf=" + attackers,
		"login=shared-with; session=session of stranger; session=session of shared-with; _xsrf=" + attackers,
	} {
		w := f.do(http.MethodPost, "/hub/accept-share", "code="+code+"&_xsrf="+url.QueryEscape(attackers), header("Content-Type", form), header("Cookie", cookies))
		assert.Equal(t, http.StatusForbidden, w.Code)
	}
	f.nothingAccepted(t)
}

// TestNoWayOut is CVE-2026-33709 and what is like it (SH-151, SH-211): next leads off this host in none of the ways in which browsers read an address.
func TestNoWayOut(t *testing.T) {
	t.Parallel()
	for base, adjust := range map[string]func(*httpapi.Config){
		"own address of the request": func(*httpapi.Config) {},
		"own address by its public URL": func(c *httpapi.Config) {
			c.PublicURL = "https://hub.example.org/"
		},
	} {
		f := newFixture(t, adjust)
		code, _ := f.code("sharer", "sharer/", "")
		_, token := f.open("shared-with", "code="+code)
		for _, next := range []string{
			"//evil.example", "///evil.example", "////evil.example", `/\evil.example`, `\/evil.example`, `\\evil.example`, `/\/evil.example`, `//\evil.example`,
			"/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "\t//evil.example", " //evil.example", "\x00//evil.example", "\x1f//evil.example", "\u00a0//evil.example",
			"/\x00/evil.example", "\u2028//evil.example", "https://evil.example", "https:/evil.example", "https:evil.example", "https:///evil.example", "HTTPS://evil.example",
			"http://example.com@evil.example/", "http://example.com:80@evil.example/", "//example.com@evil.example", "//example.com.evil.example", "//example.com\\@evil.example",
			"http://example.com:evil.example/", "http://example.com/\\/evil.example", "//example.com//evil.example", "http://example.com//evil.example", "http://example.com/\t/evil.example",
			"//hub.example.org@evil.example/", "//hub.example.org//evil.example", "https://hub.example.org.evil.example/", "https://hub.example.org\\evil.example", "https://hub.example.org",
			"https://hub.example.org///evil.example", "https://hub.example.org/\\\\evil.example", "javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "//evil%2Eexample",
			"evil.example", "./evil.example", "../evil.example", "?//evil.example", "#//evil.example", "//[::1]/", "//evil.example:443", "//evil。example", "/%5c/evil.example", "/%2f/evil.example", "/%09/evil.example",
			"/..//evil.example", "/.//evil.example", "/;//evil.example",
		} {
			query := "code=" + code + "&next=" + url.QueryEscape(next)
			w, _ := f.open("shared-with", query)
			require.Equal(t, http.StatusOK, w.Code)
			staysHere(t, sound(t, w))
			for _, sent := range [][2]string{{query, "code=" + code}, {"", query}, {query, query}} {
				w = f.submit("shared-with", token, sent[0], sent[1])
				require.Equal(t, http.StatusFound, w.Code)
				staysHere(t, w.Header().Get("Location"))
				assert.Len(t, w.Header().Values("Location"), 1)
			}
		}
		// The last of several counts, and a good one does not excuse a bad one.
		w := f.submit("shared-with", token, "code="+code+"&next=/hub/home", "code="+code+"&next="+url.QueryEscape("//evil.example"))
		assert.Equal(t, "/user/sharer/", w.Header().Get("Location"), base)
	}
}

// TestLoginComesBackHere: what a visitor is sent to log in with leads back to this page and nowhere else, whatever the request said (SH-141).
func TestLoginComesBackHere(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, path := range []string{"/hub/accept-share?code=x&next=//evil.example", "/hub/accept-share?next=%2F%2Fevil.example&code=a%0d%0ab", "/hub/accept-share?//evil.example"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host = "evil.example"
		r.Header.Set("X-Forwarded-Host", "evil.example")
		r.Header.Set("X-Forwarded-Proto", "javascript")
		w := httptest.NewRecorder()
		f.handler.ServeHTTP(w, r)
		require.Equal(t, http.StatusFound, w.Code)
		u, err := url.Parse(w.Header().Get("Location"))
		require.NoError(t, err)
		assert.Empty(t, u.Host)
		assert.Equal(t, path, u.Query().Get("next"))
	}
}

// TestAdvisoriesAreCovered reads the table in the package's documentation: each advisory of SH-211 is in it, and each test that it names exists.
func TestAdvisoriesAreCovered(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, table, found := strings.Cut(string(doc), "# Advisories")
	require.True(t, found)
	for _, advisory := range []string{"CVE-2026-40864", "GHSA-c4gm-pwx9-9w8j", "CVE-2026-33709", "CVE-2024-28233"} {
		assert.Contains(t, table, advisory)
	}
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	var tests strings.Builder
	for _, name := range files {
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		tests.Write(source)
	}
	rows := 0
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "//\t") || strings.Contains(line, "covered by") {
			continue
		}
		rows++
		named := regexp.MustCompile(`\b(?:Test|Fuzz)\w+`).FindAllString(line, -1)
		assert.NotEmpty(t, named, line)
		for _, name := range named {
			assert.Contains(t, tests.String(), "func "+name+"(", line)
		}
	}
	assert.GreaterOrEqual(t, rows, 8)
}
