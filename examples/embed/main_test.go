package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"go/parser"
	"go/token"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

// program is one that runs, with what it said.
type program struct {
	origin    string
	passwords map[string]string
	end       func()
}

func start(t *testing.T, args ...string) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	said, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- run(ctx, append([]string{"--addr", "127.0.0.1:0"}, args...), tell(said)) }()
	p := &program{end: func() {
		cancel()
		require.ErrorIs(t, <-done, http.ErrServerClosed)
		done <- http.ErrServerClosed // for who ends it once more
	}}
	select {
	case text := <-said:
		parts := regexp.MustCompile(`(?s)(http://[^/]+)/user/alice/.*alice with password (\w+).*bob with password (\w+)`).FindStringSubmatch(text)
		require.Len(t, parts, 4, text)
		require.Equal(t, 3, strings.Count(text, "\n"), text)
		p.origin, p.passwords = parts[1], map[string]string{"alice": parts[2], "bob": parts[3]}
	case err := <-done:
		require.NoError(t, err)
	}
	t.Cleanup(p.end)
	return p
}

type tell chan<- string

func (c tell) Write(b []byte) (int, error) { c <- string(b); return len(b), nil }

// browser keeps cookies and follows no redirects.
type browser struct {
	t      *testing.T
	origin string
	client *http.Client
}

func (p *program) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &browser{t, p.origin, &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// as is a browser in which somebody has logged in.
func (p *program) as(t *testing.T, name string) *browser {
	t.Helper()
	b := p.browser(t)
	status, location, _ := b.post("/login", url.Values{"user": {name}, "password": {p.passwords[name]}})
	require.Equal(t, http.StatusSeeOther, status)
	require.Equal(t, "/user/"+name+"/", location)
	return b
}

func (b *browser) do(method, path string, form url.Values, headers ...string) (status int, location, page string, header http.Header) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.origin+path, strings.NewReader(form.Encode()))
	require.NoError(b.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := b.client.Do(r)
	require.NoError(b.t, err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	require.NoError(b.t, err)
	return res.StatusCode, res.Header.Get("Location"), string(body), res.Header
}

func (b *browser) get(path string) (status int, location, page string) {
	b.t.Helper()
	status, location, page, _ = b.do(http.MethodGet, path, nil)
	return status, location, page
}

func (b *browser) post(path string, form url.Values) (status int, location, page string) {
	b.t.Helper()
	status, location, page, _ = b.do(http.MethodPost, path, form, "Sec-Fetch-Site", "same-origin")
	return status, location, page
}

func (b *browser) wants(path string, status int) {
	b.t.Helper()
	got, _, page := b.get(path)
	require.Equal(b.t, status, got, page)
}

// invite presses alice's button and gives the path of the link.
func (b *browser) invite() string {
	b.t.Helper()
	status, _, page := b.post("/user/alice/", url.Values{"do": {"invite"}})
	require.Equal(b.t, http.StatusOK, status, page)
	link := regexp.MustCompile(`http://[^ ]*/hub/accept-share\?code=[\w-]{43}`).FindString(page)
	require.NotEmpty(b.t, link, page)
	return strings.TrimPrefix(link, b.origin)
}

// accept submits the form of the invitation.
func (b *browser) accept(link string) {
	b.t.Helper()
	status, _, page := b.get(link)
	require.Equal(b.t, http.StatusOK, status, page)
	form := url.Values{}
	for _, field := range regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	require.Contains(b.t, form, "_xsrf")
	status, location, page := b.post(link, form)
	require.Equal(b.t, http.StatusFound, status, page)
	require.Equal(b.t, "/user/alice/", location)
}

// The whole story: bob follows alice's link, gets in, and is out again when she ends it.
func TestTheWholeStory(t *testing.T) {
	t.Parallel()
	p := start(t)
	alice, bob := p.as(t, "alice"), p.browser(t)
	alice.wants("/user/alice/", http.StatusOK)
	link := alice.invite()

	status, location, _ := bob.get(link)
	require.Equal(t, http.StatusFound, status)
	require.Equal(t, "/login?next="+url.QueryEscape(link), location)
	status, location, _ = bob.post(location, url.Values{"user": {"bob"}, "password": {p.passwords["bob"]}})
	require.Equal(t, http.StatusSeeOther, status)
	require.Equal(t, link, location)
	bob.wants("/user/alice/", http.StatusNotFound)
	bob.accept(link)
	_, _, page := bob.get("/user/alice/")
	require.Contains(t, page, "<h1>alice's server</h1>")
	require.Contains(t, page, "You are bob.")
	require.NotContains(t, page, "<button", "what is not bob's to share has no buttons for him")

	status, _, _ = alice.post("/user/alice/", url.Values{"do": {"end"}})
	require.Equal(t, http.StatusOK, status)
	bob.wants("/user/alice/", http.StatusNotFound)
	bob.wants(link, http.StatusNotFound)
	bob.wants("/user/bob/", http.StatusOK)
}

// With a file, sharing outlives the program; who is logged in does not.
func TestAFileKeepsWhatIsShared(t *testing.T) {
	t.Parallel()
	db := filepath.Join(t.TempDir(), "hub.db")
	p := start(t, "--db", db)
	bob := p.as(t, "bob")
	link := p.as(t, "alice").invite()
	bob.accept(link)
	p.end()

	p = start(t, "--db", db)
	bob.origin = p.origin
	bob.wants("/user/alice/", http.StatusFound)
	p.as(t, "bob").wants("/user/alice/", http.StatusOK)
	p.as(t, "bob").wants(link, http.StatusOK)
}

// A session ends by itself, whatever the browser does with the cookie.
func TestASessionEnds(t *testing.T) {
	t.Parallel()
	store, err := sqlstore.Open(t.Context(), "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	h := &hub{users: map[string]sharing.Ref{"user:bob": {Kind: sharing.KindUser, ID: "user:bob", Name: "bob"}}, key: key}
	h.sharing = &sharing.Service{Store: store, Directory: h, Registry: scopes.New(scopes.P55)}
	for end, want := range map[time.Duration]bool{time.Hour: true, -time.Hour: false} {
		r := httptest.NewRequest(http.MethodGet, "/user/bob/", nil)
		r.AddCookie(&http.Cookie{Name: "embed-session", Value: h.sign("bob.x." + time.Now().Add(end).UTC().Format(time.RFC3339))})
		v, ok, err := h.IdentifyCookie(r)
		require.NoError(t, err)
		require.Equal(t, want, ok)
		require.Equal(t, want, v.Name == "bob")
	}
}

// What strangers and other sites try.
func TestItIsSafeOnItsOwn(t *testing.T) {
	t.Parallel()
	p := start(t)
	alice, bob, nobody := p.as(t, "alice"), p.as(t, "bob"), p.browser(t)
	link := alice.invite()

	t.Run("others' servers look as if they were not there", func(t *testing.T) {
		_, _, forbidden := bob.get("/user/alice/")
		_, _, absent := bob.get("/user/carol/")
		require.Equal(t, absent, forbidden)
		for _, do := range []string{"invite", "end"} {
			status, _, page := bob.post("/user/alice/", url.Values{"do": {do}})
			require.Equal(t, http.StatusNotFound, status, page)
			require.NotContains(t, page, "accept-share")
		}
		bob.wants(link, http.StatusOK)
	})
	t.Run("other sites' forms do nothing", func(t *testing.T) {
		for path, form := range map[string]url.Values{
			"/user/alice/": {"do": {"invite"}},
			"/login":       {"user": {"bob"}, "password": {p.passwords["bob"]}},
			link:           {"code": {"x"}},
		} {
			for _, h := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example.org"}} {
				status, _, page, header := alice.do(http.MethodPost, path, form, h...)
				assert.Equal(t, http.StatusForbidden, status, path)
				assert.NotContains(t, page, "accept-share?code=", path)
				assert.Empty(t, header.Values("Set-Cookie"), path)
			}
		}
	})
	t.Run("only a password lets in", func(t *testing.T) {
		for _, form := range []url.Values{{}, {"user": {"alice"}}, {"user": {"alice"}, "password": {p.passwords["bob"]}}, {"user": {"carol"}}, {"user": {"carol"}, "password": {""}}} {
			status, _, page, header := nobody.do(http.MethodPost, "/login", form)
			require.Equal(t, http.StatusOK, status)
			require.Contains(t, page, `type="password"`)
			require.Empty(t, header.Values("Set-Cookie"))
		}
	})
	t.Run("a cookie that was touched is nobody's", func(t *testing.T) {
		status, _, _, header := nobody.do(http.MethodPost, "/login", url.Values{"user": {"bob"}, "password": {p.passwords["bob"]}})
		require.Equal(t, http.StatusSeeOther, status)
		line := header.Get("Set-Cookie")
		require.Contains(t, line, "HttpOnly")
		require.Contains(t, line, "SameSite=Lax")
		good, err := http.ParseSetCookie(line)
		require.NoError(t, err)
		part := strings.Split(good.Value, ".")
		require.Len(t, part, 4)
		fresh := p.browser(t)
		for _, value := range []string{
			"", "alice", "...", "alice." + strings.Join(part[1:], "."), strings.Join(part[:3], "."), strings.Join(part[:3], ".") + ".",
			part[0] + "." + part[1] + ".9999-01-01T00:00:00Z." + part[3], part[0] + ".." + part[2] + "." + part[3], strings.ToUpper(good.Value), "!" + good.Value,
		} {
			status, location, _, _ := fresh.do(http.MethodGet, "/user/bob/", nil, "Cookie", "embed-session="+value)
			require.Equal(t, http.StatusFound, status, value)
			require.Equal(t, "/login?next=%2Fuser%2Fbob%2F", location)
		}
		status, _, _, _ = fresh.do(http.MethodGet, "/user/bob/", nil, "Cookie", "embed-session="+good.Value)
		require.Equal(t, http.StatusOK, status)
	})
	t.Run("logging in leads nowhere else", func(t *testing.T) {
		for next, want := range map[string]string{
			"": "/user/bob/", "/": "/user/bob/", "/user/alice/?x=1": "/user/alice/?x=1",
			"//evil.example.org/": "/evil.example.org/", `/\evil.example.org`: "/evil.example.org", "/\t/evil.example.org": "/evil.example.org",
			" //evil.example.org": "/evil.example.org", "\r\n//evil.example.org": "/evil.example.org",
		} {
			_, location, _ := p.browser(t).post("/login?next="+url.QueryEscape(next), url.Values{"user": {"bob"}, "password": {p.passwords["bob"]}})
			require.Equal(t, want, location, "%q", next)
		}
		for _, next := range []string{"https://evil.example.org/", "javascript:alert(1)", "evil\r\nSet-Cookie: x=y"} {
			_, location, _, header := p.browser(t).do(http.MethodPost, "/login?next="+url.QueryEscape(next), url.Values{"user": {"bob"}, "password": {p.passwords["bob"]}})
			require.Regexp(t, `^/[^/\\]`, location, "%q", next)
			require.Len(t, header.Values("Set-Cookie"), 1)
		}
	})
	t.Run("what is shown is escaped", func(t *testing.T) {
		_, _, page, _ := alice.do(http.MethodPost, "/user/alice/", url.Values{"do": {"<img>"}}, "Sec-Fetch-Site", "same-origin")
		require.NotContains(t, page, "<img>")
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.origin+"/user/alice/", strings.NewReader("do=invite"))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Host = "a'b"
		res, err := alice.client.Do(r)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.NotContains(t, string(body), "a'b")
	})
	t.Run("a form that is too long is not read", func(t *testing.T) {
		status, _, page := nobody.post("/login", url.Values{"x": {strings.Repeat("x", 1<<17)}, "user": {"bob"}, "password": {p.passwords["bob"]}})
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, page, `type="password"`)
	})
}

// A mistake is answered with one line.
func TestMistakesAreOneLine(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, taken.Close()) })
	dir := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"an unknown flag":             {[]string{"--port", "1"}, "usage: embed"},
		"an argument":                 {[]string{"now"}, "usage: embed"},
		"a flag without its value":    {[]string{"--db"}, "usage: embed"},
		"help":                        {[]string{"--help"}, "[--db FILE]"},
		"a port that is taken":        {[]string{"--addr", taken.Addr().String()}, "address already in use"},
		"an address without a port":   {[]string{"--addr", "localhost"}, "missing port"},
		"a database that is a folder": {[]string{"--db", dir}, dir},
		"a database in no folder":     {[]string{"--db", filepath.Join(dir, "none", "x.db")}, "none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout bytes.Buffer
			err := run(t.Context(), c.args, &stdout)
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "\n")
			require.Empty(t, stdout.String())
		})
	}
}

// The promise of the first line: short, and on public packages alone, none of which is oauth or the simulator.
func TestItIsShortAndEmbedsSharingAlone(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("main.go")
	require.NoError(t, err)
	assert.Less(t, bytes.Count(source, []byte("\n")), 150)
	file, err := parser.ParseFile(token.NewFileSet(), "main.go", source, parser.ImportsOnly)
	require.NoError(t, err)
	var ours []string
	for _, i := range file.Imports {
		if path := strings.Trim(i.Path.Value, `"`); strings.Contains(path, ".") {
			ours = append(ours, strings.TrimPrefix(path, "github.com/hubshare/hubshare/"))
		}
	}
	assert.Equal(t, []string{"scopes", "sharing", "sharing/httpapi", "sharing/sqlstore"}, ours)
}
