package hubsim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// HB-173: what was sent is kept as far as the limit, as JSON or as a form, with secrets removed unless they are asked for.
func TestBodiesAreRecorded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change           func(*hubsim.Config)
		kind, body, want string
	}{
		"a plain one":                {nil, "application/json", `{"note": "x", "expires_in": 60}`, `{"note": "x", "expires_in": 60}`},
		"without a kind":             {nil, "", `{"note": "x"}`, `{"note": "x"}`},
		"with a secret":              {nil, "application/json", `{"token": "abcdefgh", "n": [{"client_secret": "s"}]}`, `{"n":[{"client_secret":"REDACTED"}],"token":"REDACTED"}`},
		"with a secret in a link":    {nil, "application/json", `{"next": "/hub/accept-share?code=abc"}`, `{"next":"/hub/accept-share?code=REDACTED"}`},
		"a form":                     {nil, "application/x-www-form-urlencoded", "username=ann&password=hush&next=%2Fhub%2Faccept-share%3Fcode%3Dabc", "username=ann&password=REDACTED&next=%2Fhub%2Faccept-share%3Fcode%3DREDACTED"},
		"one that is cut off":        {func(c *hubsim.Config) { c.RecordBody = 8 }, "application/json", `{"token": "abcdefgh"}`, "REDACTED: it is cut off, or is not of the kind that it says"},
		"a form that is cut off":     {func(c *hubsim.Config) { c.RecordBody = 14 }, "application/x-www-form-urlencoded", "username=ann&passwor", "username=ann"},
		"what is no JSON":            {nil, "application/json", `token=abcdefgh`, "REDACTED: it is cut off, or is not of the kind that it says"},
		"something else":             {nil, "text/plain", "abcdefgh", ""},
		"none":                       {func(c *hubsim.Config) { c.RecordBody = -1 }, "application/json", `{"note": "x"}`, ""},
		"secrets that are asked for": {func(c *hubsim.Config) { c.RecordSecrets = true }, "application/json", `{"token": "abcdefgh"}`, `{"token": "abcdefgh"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := hubsim.Config{}
			if c.change != nil {
				c.change(&cfg)
			}
			hub := hubsim.New(t, cfg)
			token := tokenFor(t, hub, "sharer")
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, hub.APIURL()+"/users/sharer/tokens?token=abcdefgh", strings.NewReader(c.body))
			require.NoError(t, err)
			req.Header.Set("Authorization", "token "+token)
			if c.kind != "" {
				req.Header.Set("Content-Type", c.kind)
			}
			res, err := hub.Client("").Do(req)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			r := hub.AssertCalled(t, hubsim.Match{Method: http.MethodPost, Path: "*/tokens"})[0]
			if c.body != "" && c.kind != "text/plain" && !cfg.RecordSecrets && cfg.RecordBody >= 0 {
				require.NotContains(t, r.Body, "hush")
			}
			require.Equal(t, c.want, r.Body)
			require.Equal(t, "/hub/api/users/{user}/tokens", strings.ReplaceAll(r.Handler, "{name}", "{user}"))
			require.Equal(t, hubsim.ActorToken, r.By)
			if cfg.RecordSecrets {
				require.Equal(t, token, r.Secret)
				require.Equal(t, "token=abcdefgh", r.Query)
			} else {
				require.Empty(t, r.Secret)
				require.Equal(t, "token=REDACTED", r.Query)
			}
		})
	}
}

// HB-173: the record as lines of JSON, by a filter, and as it comes.
func TestTheRecordIsExportedAndFollowed(t *testing.T) {
	t.Parallel()
	hub := controlled(t, hubsim.Config{})
	token := tokenFor(t, hub, "sharer")
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	live := hub.Watch(ctx, hubsim.Match{Path: "/hub/api/*"}.Matches)
	stranger(t, hub).get("login")
	call(t, hub, token, http.MethodGet, "/user", "")
	call(t, hub, token, http.MethodGet, "/users/nobody", "")
	var seen []string
	for r := range live {
		seen = append(seen, fmt.Sprint(r.Path, " ", r.Status))
		if len(seen) == 2 {
			leave()
		}
	}
	require.Equal(t, []string{"/hub/api/user 200", "/hub/api/users/nobody 404"}, seen)

	var lines bytes.Buffer
	require.NoError(t, hub.WriteRequests(&lines, hubsim.Match{Actor: "sharer", Status: 200}.Matches))
	var one hubsim.Request
	require.NoError(t, json.Unmarshal(lines.Bytes(), &one))
	require.Equal(t, "/hub/api/user", one.Path)
	require.Equal(t, 1, bytes.Count(lines.Bytes(), []byte("\n")))

	res, err := http.Get(hub.ControlURL() + "requests?format=lines&path=/hub/api/*")
	require.NoError(t, err)
	var got hubsim.Request
	dec := json.NewDecoder(res.Body)
	require.NoError(t, dec.Decode(&got))
	require.Equal(t, one.ID, got.ID)
	require.NoError(t, res.Body.Close())

	for format, prefix := range map[string]string{"": "", "events": "data: "} {
		res, err = http.Get(hub.ControlURL() + "watch?after=0&path=/hub/*&format=" + format)
		require.NoError(t, err)
		go call(t, hub, token, http.MethodGet, "/", "")
		buf, text := make([]byte, 1), ""
		for strings.Count(text, "\n"+prefix+"{") < 3 {
			_, err := res.Body.Read(buf)
			require.NoError(t, err)
			text += string(buf)
		}
		require.NoError(t, res.Body.Close())
		require.True(t, strings.HasPrefix(text, prefix+"{"))
		require.NotContains(t, text, token)
	}
	status, said, _ := control(t, hub, http.MethodGet, "requests?colour=red", "")
	require.Equal(t, 400, status)
	require.Contains(t, said["message"], "colour")
	status, _, _ = control(t, hub, http.MethodGet, "watch?format=xml", "")
	require.Equal(t, 400, status)
}

// HB-173: a watch ends with its hub.
func TestAWatchEndsWithItsHub(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	over := make(chan struct{})
	live := hub.Watch(context.Background(), nil)
	go func() {
		defer close(over)
		for range live {
		}
	}()
	require.NoError(t, hub.Close())
	<-over
}

// witnessTB is a test whose failures are looked at.
type witnessTB struct {
	failed []string
}

func (w *witnessTB) Helper() {}
func (w *witnessTB) Errorf(format string, args ...any) {
	w.failed = append(w.failed, fmt.Sprintf(format, args...))
}

// HB-174: each assertion holds when it should, and says what is wrong when it does not.
func TestAssertions(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	require.NoError(t, hub.Share(t.Context(), hubsim.Share{Owner: "sharer", User: "shared-with"}))
	page, err := hub.PageToken(t.Context(), "shared-with", "sharer", "")
	require.NoError(t, err)
	own, err := hub.PageToken(t.Context(), "sharer", "sharer", "")
	require.NoError(t, err)
	narrow := tokenFor(t, hub, "sharer", "read:shares!user")
	status, _ := call(t, hub, narrow, http.MethodGet, "/shares/sharer/", "")
	require.Equal(t, 200, status)
	ctx := t.Context()
	for name, c := range map[string]struct {
		holds func(hubsim.TestReporter)
		says  string // "" = it holds
	}{
		"a call that was made": {func(tb hubsim.TestReporter) {
			hub.AssertCalled(tb, hubsim.Match{Path: "/hub/api/shares/*", Actor: "sharer"})
		}, ""},
		"a call that was not":          {func(tb hubsim.TestReporter) { hub.AssertCalled(tb, hubsim.Match{Path: "/hub/nothing", Status: 3}) }, "no request was made like path /hub/nothing, status 3; the last were:"},
		"no call where there was none": {func(tb hubsim.TestReporter) { hub.AssertNotCalled(tb, hubsim.Match{Method: "DELETE"}) }, ""},
		"no call where there was one":  {func(tb hubsim.TestReporter) { hub.AssertNotCalled(tb, hubsim.Match{Path: "/hub/api/shares/*"}) }, "a request was made like path /hub/api/shares/*: GET /hub/api/shares/sharer/ by sharer"},
		"a share": {func(tb hubsim.TestReporter) {
			hub.AssertShared(ctx, tb, hubsim.Share{Owner: "sharer", User: "shared-with", Scopes: []string{"access:servers"}})
		}, ""},
		"a share that is not": {func(tb hubsim.TestReporter) {
			hub.AssertShared(ctx, tb, hubsim.Share{Owner: "shared-with", User: "sharer"})
		}, "shared-with/ is not shared with sharer"},
		"a share of less": {func(tb hubsim.TestReporter) {
			hub.AssertShared(ctx, tb, hubsim.Share{Owner: "sharer", User: "shared-with", Scopes: []string{"servers"}})
		}, "but without servers"},
		"a share of nobody": {func(tb hubsim.TestReporter) { hub.AssertShared(ctx, tb, hubsim.Share{Owner: "nobody", User: "sharer"}) }, "no such user"},
		"no share": {func(tb hubsim.TestReporter) {
			hub.AssertNotShared(ctx, tb, hubsim.Share{Owner: "shared-with", User: "sharer"})
		}, ""},
		"no share where there is one": {func(tb hubsim.TestReporter) {
			hub.AssertNotShared(ctx, tb, hubsim.Share{Owner: "sharer", User: "shared-with"})
		}, "sharer/ is shared with shared-with"},
		"a token with no more":          {func(tb hubsim.TestReporter) { hub.AssertScopesAtMost(ctx, tb, narrow, "shares!user") }, ""},
		"a token with more":             {func(tb hubsim.TestReporter) { hub.AssertScopesAtMost(ctx, tb, narrow) }, "may do more than : read:shares!user=sharer"},
		"a page's token, of its server": {func(tb hubsim.TestReporter) { hub.AssertScopesAtMost(ctx, tb, page, "access:servers!server") }, ""},
		"a page's token with more":      {func(tb hubsim.TestReporter) { hub.AssertScopesAtMost(ctx, tb, own, "access:servers!server") }, "shares!server=sharer/"},
		"a token that is none":          {func(tb hubsim.TestReporter) { hub.AssertScopesAtMost(ctx, tb, "nothing at all") }, ""},
		"a scope that is none":          {func(tb hubsim.TestReporter) { hub.AssertScopesAtMost(ctx, tb, narrow, "everything") }, "everything"},
	} {
		tb := &witnessTB{}
		c.holds(tb)
		if c.says == "" {
			assert.Empty(t, tb.failed, name)
			continue
		}
		if assert.NotEmpty(t, tb.failed, name) {
			assert.Contains(t, tb.failed[0], c.says, name)
			assert.NotContains(t, tb.failed[0], narrow)
		}
	}
}

// HB-174: secrets in addresses are found, by their names and by what the hub knows, at any depth; what has to stand there is no leak.
func TestLeaksAreFound(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	code, err := hub.NewShareCode("sharer", "")
	require.NoError(t, err)
	guest := stranger(t, hub) // the whole walk, login included
	there := guest.submit(guest.submit(guest.logIn(guest.get(hub.AcceptURL(code)), "shared-with"), nil), nil)
	require.Equal(t, "sharer", there.labConfig(t)["hubServerUser"])
	require.True(t, hub.AssertNoLeak(t.Context(), t), "the walk leaks nothing")

	dead := tokenFor(t, hub, "sharer")
	call(t, hub, dead, http.MethodGet, "/user", "")
	s, err := hub.Snapshot(t.Context())
	require.NoError(t, err)
	token := tokenFor(t, hub, "sharer")
	for path, want := range map[string]string{
		"/hub/home?token=abc":       "the value of token",
		"/hub/home?x=" + token:      "a token in x",
		"/user/sharer/api/" + token: "a token stands",
		"/hub/login?next=" + url.QueryEscape("/hub/home?q="+token): "a token in q",
		"/hub/home?x=" + dead:    "a token in x",
		"/hub/home?code=" + code: "the value of code",
		"/hub/login?next=" + url.QueryEscape("/elsewhere?code="+code):        "the value of code",
		"/hub/login?next=" + url.QueryEscape("/hub/accept-share?code="+code): "",
		"/hub/home?_xsrf=whatever&state=abc&note=harmless":                   "",
	} {
		if want != "" && strings.Contains(path, dead) {
			for _, u := range s.Users {
				if u.Name == "sharer" {
					require.NoError(t, hub.RevokeToken(t.Context(), u.Tokens[len(u.Tokens)-1].ID))
				}
			}
			call(t, hub, dead, http.MethodGet, "/user", "") // somebody still uses it
		} else {
			hub.ForgetRequests()
		}
		res, err := hub.Client("").Get(strings.TrimSuffix(hub.URL, "/") + path)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		tb := &witnessTB{}
		clean := hub.AssertNoLeak(t.Context(), tb)
		require.Equal(t, want == "", clean, path)
		if want != "" {
			require.Contains(t, strings.Join(tb.failed, "\n"), want)
			require.NotContains(t, strings.Join(tb.failed, "\n"), "="+token)
		}
	}
}

// HB-175: what no hub would take is found; what the hub's own servers ask, or a fault has spoilt, is not.
func TestFindings(t *testing.T) {
	t.Parallel()
	hub := controlled(t, hubsim.Config{})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	token := tokenFor(t, hub, "sharer")
	for name, c := range map[string]struct {
		token, method, path, body string
		what, detail              string // "" = nothing is wrong
	}{
		"a path that is none":           {token, "GET", "/servers", "", hubsim.UnknownPath, "no such path"},
		"a field that is none":          {token, "POST", "/share-codes/sharer/", `{"expiresIn": 60}`, hubsim.UnknownField, `"expiresIn"`},
		"one that is taken notice of":   {token, "POST", "/share-codes/sharer/", `{"expires_in": 60}`, "", ""},
		"options of a server":           {token, "POST", "/users/sharer/server", `{"anything": "goes"}`, "", ""},
		"without a scope":               {token, "GET", "/proxy", "", hubsim.Unauthorised, "requires any of [proxy]"},
		"what is somebody else's":       {token, "GET", "/shares/shared-with/", "", hubsim.Unauthorised, "has it for other things"},
		"by nobody":                     {"", "GET", "/users", "", hubsim.Unauthorised, "nobody is logged in"},
		"whose is that":                 {"0123456789abcdef0123456789abcdef", "GET", "/user", "", "", ""},
		"an object that does not exist": {token, "GET", "/users/sharer/tokens/a99", "", "", ""},
	} {
		hub.ForgetFindings()
		call(t, hub, c.token, c.method, c.path, c.body)
		found := hub.Findings()
		if c.what == "" {
			assert.Empty(t, found, name)
			continue
		}
		if assert.Len(t, found, 1, name) {
			assert.Equal(t, c.what, found[0].What, name)
			assert.Contains(t, found[0].Detail, c.detail, name)
		}
	}
	_, list, _ := control(t, hub, http.MethodGet, "findings", "")
	status, _, _ := control(t, hub, http.MethodDelete, "findings", "")
	require.Equal(t, 200, status)
	require.NotNil(t, list["findings"])
	_, err := hub.AddFault(hubsim.Fault{Status: 403})
	require.NoError(t, err)
	call(t, hub, token, http.MethodGet, "/users/sharer", "")
	require.Empty(t, hub.Findings(), "a fault spoilt it")
}

// strictTB is a test that hubsim.New works for.
type strictTB struct {
	witnessTB
	cleanups    []func()
	fatal, said string
	failing     bool
}

func (s *strictTB) Cleanup(f func())                  { s.cleanups = append(s.cleanups, f) }
func (s *strictTB) Failed() bool                      { return s.failing }
func (s *strictTB) Logf(format string, args ...any)   { s.said += fmt.Sprintf(format, args...) }
func (s *strictTB) Fatalf(format string, args ...any) { s.fatal += fmt.Sprintf(format, args...) }

// HB-174, HB-175: a strict test fails by its findings, and the output of a failed test has log, requests and state.
func TestAFailedTestIsToldWhatHappened(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		strict, failing bool
		wrong           bool // the test makes a call that no hub takes
	}{
		"fine": {}, "fine and strict": {strict: true}, "failed": {failing: true}, "wrong": {wrong: true}, "wrong and strict": {strict: true, wrong: true},
	} {
		tb := &strictTB{failing: c.failing}
		hub := hubsim.New(tb, hubsim.Config{Strict: c.strict, ShareCodes: nil})
		require.NoError(t, hub.Share(t.Context(), hubsim.Share{Owner: "sharer", User: "shared-with"}))
		token := tokenFor(t, hub, "sharer")
		call(t, hub, token, http.MethodGet, "/user", "")
		if c.wrong {
			call(t, hub, token, http.MethodGet, "/nothing", "")
		}
		_, err := hub.AddFault(hubsim.SpawnHang())
		require.NoError(t, err)
		tb.cleanups[0]()
		if c.strict && c.wrong {
			require.Contains(t, tb.fatal, "strict:\n  unknown path: GET /hub/api/nothing", name)
		} else {
			require.Empty(t, tb.fatal, name)
		}
		if !c.failing && (!c.strict || !c.wrong) {
			require.Empty(t, tb.said, name)
			continue
		}
		for _, want := range []string{"msg=request", "GET /hub/api/user by sharer (a1): 200 OK", "share of sharer/ with shared-with: access:servers!server=sharer/", "server sharer/ is stopped",
			"user sharer, roles user", "fault 1 SpawnHang"} {
			require.Contains(t, tb.said, want, name)
		}
		require.NotContains(t, tb.said, token)
	}
}
