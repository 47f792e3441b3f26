package web_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/web"
)

// browser is what an XSRF test sends with: cookies, headers, an address.
type browser struct {
	cookies []string // _xsrf values, in the order sent
	headers map[string]string
	ip      string
}

func (b browser) request(method, target, form string) *http.Request {
	r := httptest.NewRequest(method, target, strings.NewReader(form))
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range b.cookies {
		r.AddCookie(&http.Cookie{Name: "_xsrf", Value: c})
	}
	for name, value := range b.headers {
		r.Header.Set(name, value)
	}
	if b.ip != "" {
		r.RemoteAddr = b.ip + ":1"
	}
	return r
}

var (
	ann       = web.Bind{Session: "s1", User: "ann"}
	anonymous = web.Bind{}
)

func newXSRF(t testing.TB) (*web.XSRF, *time.Time) {
	clock := noon
	return &web.XSRF{Keys: newKeys(t, 'a'), Path: "/hub/", Now: func() time.Time { return clock }}, &clock
}

// tokenFor is what a page shown to b carries.
func tokenFor(x *web.XSRF, b web.Bind) string {
	return x.Fresh(httptest.NewRecorder(), browser{}.request("GET", "/hub/home", ""), b)
}

func refused(t *testing.T, err error, message string) {
	t.Helper()
	var e *web.Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, http.StatusForbidden, e.Status)
	assert.Equal(t, message, e.Text())
}

// SH-52, OA-96, HB-41
func TestWhichRequestsNeedTheProof(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method, mode, site string
		page, api          bool
	}{
		"GET from a script's fetch":              {"GET", "cors", "same-origin", false, true},
		"GET from a same-origin fetch":           {"GET", "same-origin", "same-origin", false, true},
		"GET by a client that says nothing":      {"GET", "", "", false, false},
		"GET navigation":                         {"GET", "navigate", "cross-site", false, false},
		"GET of an image on our own page":        {"GET", "no-cors", "same-origin", false, false},
		"GET of an image on a foreign page":      {"GET", "no-cors", "cross-site", false, true},
		"GET of an image on a sibling's page":    {"GET", "no-cors", "same-site", false, true},
		"GET no-cors that says no site":          {"GET", "no-cors", "", false, true},
		"GET of a web socket":                    {"GET", "websocket", "cross-site", false, false},
		"GET with an invented mode":              {"GET", "wild", "", false, true},
		"HEAD from a script":                     {"HEAD", "cors", "cross-site", false, false},
		"OPTIONS from a script":                  {"OPTIONS", "cors", "cross-site", false, false},
		"POST navigation":                        {"POST", "navigate", "same-origin", true, true},
		"POST by a client that says nothing":     {"POST", "", "", true, true},
		"POST no-cors, foreign (CVE-2026-40864)": {"POST", "no-cors", "cross-site", true, true},
		"POST no-cors, own":                      {"POST", "no-cors", "same-origin", true, true},
		"POST that claims to be a web socket":    {"POST", "websocket", "same-origin", true, true},
		"PUT":                                    {"PUT", "", "", true, true},
		"PATCH":                                  {"PATCH", "", "", true, true},
		"DELETE":                                 {"DELETE", "", "", true, true},
		"a method nobody knows":                  {"BREW", "", "", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := browser{headers: map[string]string{"Sec-Fetch-Mode": c.mode, "Sec-Fetch-Site": c.site}}.request(c.method, "/hub/x", "")
			assert.Equal(t, c.page, web.NeedsXSRF(r, false), "page")
			assert.Equal(t, c.api, web.NeedsXSRF(r, true), "api")
		})
	}
}

// OA-S11: what one asks for without cors is not read by who asks, unless it is a script of this origin, and that may be another server's.
func TestAFetchWithoutCorsIsNoImage(t *testing.T) {
	t.Parallel()
	for dest, want := range map[string]bool{"image": false, "script": false, "": false, "empty": true} {
		r := browser{headers: map[string]string{"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": dest}}.request("GET", "/hub/api/user", "")
		assert.Equal(t, want, web.NeedsXSRF(r, true), dest)
		assert.False(t, web.NeedsXSRF(r, false), dest)
	}
}

// SH-52, HB-40
func TestTheProofAndItsMessages(t *testing.T) {
	t.Parallel()
	x, _ := newXSRF(t)
	token, other := tokenFor(x, ann), tokenFor(x, web.Bind{Session: "s2", User: "ann"})
	foreign := newKeys(t, 'z').Sign("xsrf", "x", noon)
	const (
		missing  = "'_xsrf' argument missing from POST"
		mismatch = "XSRF cookie does not match POST argument"
	)
	for name, c := range map[string]struct {
		cookies []string
		target  string
		form    string
		headers map[string]string
		want    string // "" = let through
	}{
		"in the form":                               {[]string{token}, "/", "_xsrf=" + token, nil, ""},
		"in the query":                              {[]string{token}, "/?_xsrf=" + token, "", nil, ""},
		"in X-XSRFToken":                            {[]string{token}, "/", "", map[string]string{"X-XSRFToken": token}, ""},
		"in X-CSRFToken":                            {[]string{token}, "/", "", map[string]string{"X-CSRFToken": token}, ""},
		"the form goes before the query":            {[]string{token}, "/?_xsrf=wrong", "_xsrf=" + token, nil, ""},
		"an argument before a header":               {[]string{token}, "/?_xsrf=" + token, "", map[string]string{"X-XSRFToken": "x"}, ""},
		"an empty argument, then a header":          {[]string{token}, "/?_xsrf=", "", map[string]string{"X-XSRFToken": token}, ""},
		"a foreign cookie in front (HB-39, OA-202)": {[]string{"junk", foreign, token}, "/", "_xsrf=" + token, nil, ""},

		"nothing submitted":                      {[]string{token}, "/", "", nil, missing},
		"an empty value is missing":              {[]string{token}, "/?_xsrf=", "_xsrf=", nil, missing},
		"nothing at all":                         {nil, "/", "", nil, missing},
		"a token of its own does not count":      {nil, "/", "", map[string]string{"Authorization": "token x"}, missing},
		"a wrong value":                          {[]string{token}, "/", "_xsrf=x", nil, mismatch},
		"not characters":                         {[]string{token}, "/", "_xsrf=%ff", nil, "'_xsrf' argument invalid"},
		"another session's value":                {[]string{token}, "/", "_xsrf=" + other, nil, mismatch},
		"another session's value and cookie":     {[]string{other}, "/", "_xsrf=" + other, nil, mismatch},
		"the right value without the cookie":     {nil, "/", "_xsrf=" + token, nil, mismatch},
		"a value and cookie signed elsewhere":    {[]string{foreign}, "/", "_xsrf=" + foreign, nil, mismatch},
		"unsigned but equal":                     {[]string{"x"}, "/", "_xsrf=x", nil, mismatch},
		"the first of our own cookies counts":    {[]string{other, token}, "/", "_xsrf=" + token, nil, mismatch},
		"a foreign page's no-cors form":          {[]string{token}, "/", "", map[string]string{"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": "cross-site"}, missing},
		"a prefix of the value":                  {[]string{token}, "/", "_xsrf=" + token[:len(token)-1], nil, mismatch},
		"last of repeated fields":                {[]string{token}, "/", "_xsrf=" + token + "&_xsrf=x", nil, mismatch},
		"a form too odd to be read has no field": {[]string{token}, "/", "%zz", nil, missing},
	} {
		for _, api := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				err := x.Check(browser{cookies: c.cookies, headers: c.headers}.request("POST", c.target, c.form), ann, api)
				if c.want == "" {
					assert.NoError(t, err)
				} else {
					refused(t, err, c.want)
				}
			})
		}
	}
}

func TestTheProofMayComeInAMultipartForm(t *testing.T) {
	t.Parallel()
	x, _ := newXSRF(t)
	token := tokenFor(x, ann)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	require.NoError(t, form.WriteField("_xsrf", token))
	require.NoError(t, form.Close())
	r := browser{cookies: []string{token}}.request("POST", "/hub/spawn", body.String())
	r.Header.Set("Content-Type", form.FormDataContentType())
	assert.NoError(t, x.Check(r, ann, false))
}

func TestCheckCapsFormsAndLeavesOtherBodiesAlone(t *testing.T) {
	t.Parallel()
	x, _ := newXSRF(t)
	token := tokenFor(x, ann)
	huge := "x=" + strings.Repeat("a", 2<<20)
	var e *web.Error
	require.ErrorAs(t, x.Check(browser{cookies: []string{token}}.request("POST", "/?_xsrf="+token, huge), ann, false), &e)
	assert.Equal(t, http.StatusRequestEntityTooLarge, e.Status)

	r := browser{cookies: []string{token}, headers: map[string]string{"Content-Type": "application/json"}}.
		request("POST", "/?_xsrf="+token, `{"_xsrf": "`+strings.Repeat("a", 2<<20)+`"}`)
	require.NoError(t, x.Check(r, ann, true))
	object, err := web.DecodeObject(r, 4<<20)
	require.NoError(t, err)
	assert.Contains(t, object, "_xsrf")
}

// OA-97, HB-41, SH-52
func TestAnonymousAPIRequests(t *testing.T) {
	t.Parallel()
	x, _ := newXSRF(t)
	assert.NoError(t, x.Check(browser{}.request("POST", "/", ""), anonymous, true))
	withOrigin := browser{headers: map[string]string{"Origin": "https://evil.example"}}
	refused(t, x.Check(withOrigin.request("POST", "/", ""), anonymous, true), "'_xsrf' argument missing from POST")
	refused(t, x.Check(withOrigin.request("DELETE", "/?_xsrf=x", ""), anonymous, true), "XSRF cookie does not match DELETE argument")
	refused(t, x.Check(browser{}.request("POST", "/", ""), anonymous, false), "'_xsrf' argument missing from POST")
	refused(t, x.Check(browser{}.request("POST", "/", ""), ann, true), "'_xsrf' argument missing from POST")
}

// HB-38, OA-95, SH-148
func TestWhatATokenIsBoundTo(t *testing.T) {
	t.Parallel()
	x, _ := newXSRF(t)
	home := browser{ip: "1.1.1.1", headers: map[string]string{"User-Agent": "fox"}}
	issue := func(b web.Bind) string {
		return x.Fresh(httptest.NewRecorder(), home.request("GET", "/", ""), b)
	}
	for name, c := range map[string]struct {
		issued, used web.Bind
		ip, agent    string
		ok           bool
	}{
		"the same user and session":               {ann, ann, "1.1.1.1", "fox", true},
		"a user may move":                         {ann, ann, "2.2.2.2", "cat", true},
		"another user, same session":              {ann, web.Bind{Session: "s1", User: "bob"}, "1.1.1.1", "fox", false},
		"same user, another session":              {ann, web.Bind{Session: "s2", User: "ann"}, "1.1.1.1", "fox", false},
		"logged out":                              {ann, web.Bind{Session: "s1"}, "1.1.1.1", "fox", false},
		"a stranger":                              {anonymous, anonymous, "1.1.1.1", "fox", true},
		"a stranger elsewhere":                    {anonymous, anonymous, "2.2.2.2", "fox", false},
		"a stranger with another browser":         {anonymous, anonymous, "1.1.1.1", "cat", false},
		"a stranger who got a session":            {anonymous, web.Bind{Session: "s1"}, "1.1.1.1", "fox", false},
		"a stranger who logged in":                {anonymous, ann, "1.1.1.1", "fox", false},
		"parts that would read alike if joined":   {web.Bind{Session: "s1", User: "ann"}, web.Bind{Session: "s1a", User: "nn"}, "1.1.1.1", "fox", false},
		"a session named like a user and reverse": {web.Bind{Session: "ann", User: "s1"}, ann, "1.1.1.1", "fox", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token := issue(c.issued)
			b := browser{cookies: []string{token}, ip: c.ip, headers: map[string]string{"User-Agent": c.agent}}
			err := x.Check(b.request("POST", "/", "_xsrf="+token), c.used, false)
			assert.Equal(t, c.ok, err == nil, "%v", err)
		})
	}
	t.Run("the address is the configured one", func(t *testing.T) {
		t.Parallel()
		x := *x
		x.ClientIP = func(*http.Request) string { return "9.9.9.9" }
		token := x.Fresh(httptest.NewRecorder(), home.request("GET", "/", ""), anonymous)
		b := browser{cookies: []string{token}, ip: "5.5.5.5", headers: map[string]string{"User-Agent": "fox"}}
		assert.NoError(t, x.Check(b.request("POST", "/", "_xsrf="+token), anonymous, false))
	})
}

// HB-32, HB-189
func TestTokensAge(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bind  web.Bind
		after time.Duration
		ok    bool
	}{
		"a login form within the hour":  {anonymous, time.Hour, true},
		"a login form after the hour":   {anonymous, time.Hour + time.Second, false},
		"a page within 31 days":         {ann, 31 * 24 * time.Hour, true},
		"a page after more than 31":     {ann, 31*24*time.Hour + time.Second, false},
		"a page after a day is as good": {ann, 24 * time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x, clock := newXSRF(t)
			token := tokenFor(x, c.bind)
			*clock = clock.Add(c.after)
			b := browser{cookies: []string{token}}
			err := x.Check(b.request("POST", "/", "_xsrf="+token), c.bind, false)
			assert.Equal(t, c.ok, err == nil, "%v", err)
			again := x.Token(httptest.NewRecorder(), b.request("GET", "/", ""), c.bind)
			assert.Equal(t, c.ok, again == token, "a page shows the old token while it is good, then a new one")
		})
	}
}

// SH-148, HB-38, OA-96
func TestWhenTheCookieIsSet(t *testing.T) {
	t.Parallel()
	x, clock := newXSRF(t)
	token, other := tokenFor(x, ann), tokenFor(x, anonymous)
	*clock = clock.Add(time.Minute)
	for name, c := range map[string]struct {
		cookies []string
		mode    string
		set     bool
	}{
		"no cookie, a navigation":                {nil, "navigate", true},
		"no cookie, a client that says nothing":  {nil, "", true},
		"no cookie, a script":                    {nil, "cors", false},
		"no cookie, an image":                    {nil, "no-cors", false},
		"its own cookie":                         {[]string{token}, "navigate", false},
		"a cookie from before the login":         {[]string{other}, "navigate", true},
		"such a cookie, a script":                {[]string{other}, "same-origin", false},
		"a foreign cookie":                       {[]string{"2|abc"}, "", true},
		"a foreign cookie in front of the right": {[]string{"2|abc", token}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := httptest.NewRecorder()
			r := browser{cookies: c.cookies, headers: map[string]string{"Sec-Fetch-Mode": c.mode}}.request("GET", "/hub/home", "")
			got := x.Token(w, r, ann)
			require.NotEmpty(t, got)
			assert.Equal(t, url.QueryEscape(got), got, "fits into a query and a form as it is")
			set := w.Result().Cookies()
			if !c.set {
				assert.Empty(t, set)
				return
			}
			require.Len(t, set, 1)
			assert.Equal(t, got, set[0].Value)
			assert.NoError(t, x.Check(browser{cookies: []string{got}}.request("POST", "/", "_xsrf="+got), ann, false))
		})
	}
}

// HB-30, HB-33; transcripts 1, 3
func TestAttributesOfTheCookie(t *testing.T) {
	t.Parallel()
	x, _ := newXSRF(t)
	w := httptest.NewRecorder()
	r := browser{}.request("GET", "/hub/login", "")
	token := x.Fresh(w, r, anonymous)
	assert.Equal(t, []string{"_xsrf=" + token + "; Path=/hub/; Max-Age=3600"}, w.Header()["Set-Cookie"])

	token = x.Fresh(w, r, ann)
	assert.Equal(t, []string{"_xsrf=" + token + "; Path=/hub/"}, w.Header()["Set-Cookie"], "the newest replaces the one before")

	x.Secure = func(*http.Request) bool { return true }
	token = x.Fresh(w, r, ann)
	assert.Equal(t, []string{"_xsrf=" + token + "; Path=/hub/; Secure"}, w.Header()["Set-Cookie"])
}

func TestAFormAndTheCookieOfOneResponseAgree(t *testing.T) {
	t.Parallel()
	x, clock := newXSRF(t)
	x.Now = func() time.Time { *clock = clock.Add(time.Microsecond); return *clock }
	for name, first := range map[string]func(http.ResponseWriter, *http.Request, web.Bind) string{"Token": x.Token, "Fresh": x.Fresh} {
		w := httptest.NewRecorder()
		r := browser{}.request("GET", "/hub/login", "")
		a, b := first(w, r, anonymous), x.Token(w, r, anonymous)
		assert.Equal(t, a, b, name)
		assert.Len(t, w.Header()["Set-Cookie"], 1, name)
	}
}

// HB-30: every rendering of the login form has a token of its own.
func TestFreshIgnoresTheRequestsOwnToken(t *testing.T) {
	t.Parallel()
	x, clock := newXSRF(t)
	token := tokenFor(x, anonymous)
	*clock = clock.Add(time.Second)
	assert.NotEqual(t, token, x.Fresh(httptest.NewRecorder(), browser{cookies: []string{token}}.request("GET", "/", ""), anonymous))
}

func TestTokensDoNotTellWhoseTheyAre(t *testing.T) {
	t.Parallel()
	x, _ := newXSRF(t)
	k := newKeys(t, 'a')
	id, ok := k.Verify("xsrf", tokenFor(x, web.Bind{Session: "session-of-ann", User: "ann"}), noon, 0)
	require.True(t, ok)
	assert.NotContains(t, id, "ann")
}
