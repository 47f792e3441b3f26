package oauth_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
	"github.com/hubshare/hubshare/scopes"
)

func TestOtherParametersMeanNothing(t *testing.T) { // OA-21, OA-25
	t.Parallel()
	h := newHub(t)
	d, err := h.ask(t, h.alice, query("response_mode", "fragment", "scopes", "admin:users", "nonce", "x", "prompt", "none", "resource", "y"))
	require.NoError(t, err)
	assert.Regexp(t, `^/user/alice/oauth_callback\?code=[A-Za-z0-9]{30}&state=st4te$`, d.Redirect)
}

// What a client meets does not depend on the release that the hub behaves as.
func TestTheProfilesDifferInNothingButScopes(t *testing.T) { // OA-170
	t.Parallel()
	meets := map[scopes.Profile][]string{}
	for _, profile := range []scopes.Profile{scopes.P55, scopes.P60} {
		h := newHub(t, func(c *oauth.Config) { c.Registry = scopes.New(profile) })
		said := func(d oauth.Decision, err error) {
			at, parameters, _ := strings.Cut(d.Redirect, "code=")
			meets[profile] = append(meets[profile], fmt.Sprintf("%s %t %v %v", at, parameters != "", d.Consent, err))
		}
		pkce := []string{"code_challenge", challenge(verifier), "code_challenge_method", "S256"}
		for _, who := range []oauth.OwnerRef{h.alice, h.bob, h.carol} {
			for _, q := range []string{
				query(), query(pkce...), query("scope", "identify"), query("scope", "admin:users"), query("scope", "shares!server"), query("response_type", "token"),
				query("client_id", "service-none"), query("redirect_uri", "/user/alice/other"), query("code_challenge", "short"),
			} {
				said(h.ask(t, who, q))
			}
		}
		for _, proof := range []string{verifier, strings.Repeat("w", 43), ""} {
			g, err := h.Exchange(t.Context(), form(h.code(t, h.bob, query(pkce...)), "code_verifier", proof))
			meets[profile] = append(meets[profile], fmt.Sprint(len(g.AccessToken), g.ExpiresIn, scopes.Strings(g.Scopes), err))
		}
	}
	assert.Equal(t, meets[scopes.P55], meets[scopes.P60])
	assert.Contains(t, meets[scopes.P55], "/user/alice/oauth_callback? true <nil> <nil>", "or the test compares nothing")
}

func TestTheOwnerOfAServerIsNotAsked(t *testing.T) { // OA-34 a, OA-39, OA-175, OA-35
	t.Parallel()
	h := newHub(t)
	d, err := h.ask(t, h.alice, query("redirect_uri", "/user/alice/oauth_callback"))
	require.NoError(t, err)
	require.Nil(t, d.Consent)
	assert.Regexp(t, `^/user/alice/oauth_callback\?code=[A-Za-z0-9]{30}&state=st4te$`, d.Redirect)
}

func TestAVisitorIsAskedOnce(t *testing.T) { // OA-34 c, OA-36, HB-67
	t.Parallel()
	h := newHub(t)
	d, err := h.ask(t, h.bob, query())
	require.NoError(t, err)
	assert.Empty(t, d.Redirect)
	require.NotNil(t, d.Consent)
	assert.Equal(t, "Server at /user/alice/", d.Consent.Client)
	assert.Equal(t, "/user/alice/oauth_callback", d.Consent.RedirectURI)
	assert.Equal(t, []string{"access:servers!server", "access:servers!server=alice/", "read:users:groups!user", "read:users:name!user"},
		scopes.Strings(d.Consent.Scopes), "bob may not share, so shares!server is left out (OA-31)")
	require.Len(t, d.Consent.Descriptions, 1)
	assert.Equal(t, "this server", d.Consent.Descriptions[0].Filter)
	assert.False(t, d.Consent.IdentifyOnly)

	h.token(t, h.bob)
	d, err = h.ask(t, h.bob, query())
	require.NoError(t, err)
	assert.NotEmpty(t, d.Redirect, "agreed before")

	h.pass(15 * 24 * time.Hour)
	d, err = h.ask(t, h.bob, query())
	require.NoError(t, err)
	assert.NotNil(t, d.Consent, "an expired token is no consent (OA-S15)")
}

func TestConsentIsAskedAgainForMoreScopes(t *testing.T) { // OA-34 c, OA-S15
	t.Parallel()
	h := newHub(t)
	q := query("scope", "access:servers!server=alice/")
	_, err := h.Exchange(t.Context(), form(h.code(t, h.bob, q)))
	require.NoError(t, err)
	d, err := h.ask(t, h.bob, query())
	require.NoError(t, err)
	assert.NotNil(t, d.Consent, "access:servers!server was not agreed to, as a text")
	d, err = h.ask(t, h.bob, q)
	require.NoError(t, err)
	assert.Nil(t, d.Consent)
}

func TestAServiceWithoutConfirmationIsNotAsked(t *testing.T) { // OA-34 b
	t.Parallel()
	h := newHub(t)
	r := service("whoami", "/services/whoami/oauth_callback")
	r.NoConfirm = true
	require.NoError(t, h.PutClient(t.Context(), r))
	dave := h.host.User("dave", "self", "access:services")
	d, err := h.ask(t, dave, query("client_id", r.ID))
	require.NoError(t, err)
	assert.Contains(t, d.Redirect, "/services/whoami/oauth_callback?code=")
}

func TestWhoMayNotEnterGetsAPage(t *testing.T) { // OA-30, HB-71
	t.Parallel()
	h := newHub(t)
	_, err := h.ask(t, h.carol, query())
	refused(t, err, oauth.AccessDenied, "You do not have permission to access Server at /user/alice/")
	_, err = h.Approve(t.Context(), oauth.AuthorizeRequest{User: h.carol, Query: query()}, nil)
	refused(t, err, oauth.AccessDenied, "You do not have permission to access Server at /user/alice/")
	h.host.Delete(h.bob)
	_, err = h.ask(t, h.bob, query())
	refused(t, err, oauth.AccessDenied, "")
}

func TestAGroupsRoleOpensTheServer(t *testing.T) { // OA-30, SC-432
	t.Parallel()
	h := newHub(t)
	h.host.Put(testhost.Person{Kind: oauth.KindUser, Name: "alice", Roles: []string{"self"}, Groups: []string{"lab"}})
	erin := h.host.User("erin", "self", "access:servers!group=lab")
	id, err := h.Authenticate(t.Context(), h.token(t, erin))
	require.NoError(t, err)
	assert.Contains(t, id.Effective.Strings(), "access:servers!server=alice/", "the hub resolves the group for the server")
}

func TestFatalErrorsAreNotRedirected(t *testing.T) { // OA-22, OA-23, OA-S3, OA-44, OA-F17
	t.Parallel()
	h := newHub(t)
	none := service("nosecret", "/services/nosecret/oauth_callback")
	none.Secret = ""
	require.NoError(t, h.PutClient(t.Context(), none))
	require.NoError(t, h.PutClient(t.Context(), service("loop", "http://127.0.0.1:5555/oauth_callback")))
	redirect := func(uri string) string { return query("redirect_uri", uri) }
	const invalid, mismatch = "Invalid redirect URI.", "Mismatching redirect URI."
	for name, c := range map[string]struct{ query, message string }{
		"broken escape":                  {"client_id=%ZZ", "Malformed query."},
		"semicolons":                     {query() + ";state=x", "Malformed query."},
		"no client":                      {query("client_id", ""), "Missing client_id parameter."},
		"unknown client":                 {query("client_id", "nope"), "Invalid client_id parameter value."},
		"the hub's own client":           {query("client_id", "jupyterhub"), "Invalid client_id parameter value."},
		"a client without a secret":      {query("client_id", none.ID), "Invalid client_id parameter value."},
		"twice the client":               {query() + "&client_id=x", "Duplicate client_id parameter."},
		"twice the response type":        {query() + "&response_type=code", "Duplicate response_type parameter."},
		"twice the state":                {query() + "&state=x", "Duplicate state parameter."},
		"twice the scope":                {query("scope", "self") + "&scope=self", "Duplicate scope parameter."},
		"twice the redirect":             {redirect("/user/alice/oauth_callback") + "&redirect_uri=/x", "Duplicate redirect_uri parameter."},
		"twice the challenge":            {query("code_challenge", "a") + "&code_challenge=b", "Duplicate code_challenge parameter."},
		"empty redirect":                 {query() + "&redirect_uri=", invalid},
		"relative redirect":              {redirect("oauth_callback"), invalid},
		"other path":                     {redirect("/user/alice/other"), mismatch},
		"suffix":                         {redirect("/user/alice/oauth_callback/x"), mismatch},
		"trailing slash":                 {redirect("/user/alice/oauth_callback/"), mismatch},
		"encoded slash":                  {redirect("/user%2Falice/oauth_callback"), mismatch},
		"dots":                           {redirect("/user/bob/../alice/oauth_callback"), mismatch},
		"upper case":                     {redirect("/user/Alice/oauth_callback"), mismatch},
		"fragment":                       {redirect("/user/alice/oauth_callback#x"), mismatch},
		"query":                          {redirect("/user/alice/oauth_callback?x=1"), mismatch},
		"scheme-relative":                {redirect("//evil.example/user/alice/oauth_callback"), mismatch},
		"absolute":                       {redirect("https://evil.example/user/alice/oauth_callback"), mismatch},
		"the stand-in host":              {redirect("https://path-only.invalid/user/alice/oauth_callback"), mismatch},
		"other loopback port":            {query("client_id", "service-loop", "redirect_uri", "http://127.0.0.1:6666/oauth_callback"), mismatch},
		"user info":                      {query("client_id", "service-loop", "redirect_uri", "http://x@127.0.0.1:5555/oauth_callback"), mismatch},
		"a parameter of more than 2 KiB": {query("state", strings.Repeat("x", 2049)), "Parameter state too long."},
		"a query of more than 8 KiB":     {query() + "&x=" + strings.Repeat("x", 8192), "Request too long."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := h.ask(t, h.alice, c.query)
			refused(t, err, oauth.InvalidRequest, c.message)
			assert.Zero(t, d)
		})
	}
}

func TestErrorsForTheClientAreRedirected(t *testing.T) { // OA-24, OA-25, OA-57, OA-176, OA-S4, OA-45
	t.Parallel()
	optional := newHub(t)
	required := newHub(t, func(c *oauth.Config) { c.PKCE = oauth.PKCERequired })
	good := challenge(strings.Repeat("v", 43))
	for name, c := range map[string]struct {
		hub         *hub
		query, want string
	}{
		"no response type":          {optional, query("response_type", ""), "error=invalid_request&error_description=Missing+response_type+parameter."},
		"empty response type":       {optional, query("response_type", "") + "&response_type=", "error=unsupported_response_type"},
		"token":                     {optional, query("response_type", "token"), "error=unsupported_response_type"},
		"code and more":             {optional, query("response_type", "code token"), "error=unsupported_response_type"},
		"codex":                     {optional, query("response_type", "codex"), "error=unsupported_response_type"},
		"none":                      {optional, query("response_type", "none"), "error=unsupported_response_type"},
		"plain challenge":           {optional, query("code_challenge", good, "code_challenge_method", "plain"), "error=invalid_request&error_description=Transform+algorithm+not+supported."},
		"challenge without method":  {optional, query("code_challenge", good), "error=invalid_request&error_description=Transform+algorithm+not+supported."},
		"method without challenge":  {optional, query("code_challenge_method", "S256"), "error=invalid_request&error_description=Code+challenge+required."},
		"empty challenge":           {optional, query() + "&code_challenge=", "error=invalid_request&error_description=Code+challenge+required."},
		"malformed challenge":       {optional, query("code_challenge", "short", "code_challenge_method", "S256"), "error=invalid_request&error_description=Code+challenge+malformed."},
		"challenge required":        {required, query(), "error=invalid_request&error_description=Code+challenge+required."},
		"unknown scope":             {optional, query("scope", "nope"), "error=invalid_scope"},
		"scope beyond the client's": {optional, query("scope", "admin:users"), "error=invalid_scope"},
		"inherit":                   {optional, query("scope", "inherit"), "error=invalid_scope"},
		"blank scope":               {optional, query("scope", " "), "error=invalid_scope"},
		"empty scope":               {optional, query() + "&scope=", "error=invalid_scope"},
		"scope mixed with role":     {optional, query("scope", "access:servers!server user"), "error=invalid_scope"},
		"scope with an empty name":  {optional, query("scope", "shares!server="), "error=invalid_scope"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := c.hub.ask(t, c.hub.alice, c.query)
			require.NoError(t, err)
			assert.Equal(t, "/user/alice/oauth_callback?"+c.want+"&state=st4te", d.Redirect)
		})
	}
}

func TestTheStateComesBackUnchanged(t *testing.T) { // OA-39, OA-F9
	t.Parallel()
	h := newHub(t)
	for _, state := range []string{"x", "a b&c=d%/#é", strings.Repeat("s", 2048)} {
		d, err := h.ask(t, h.alice, query("state", state))
		require.NoError(t, err)
		assert.Equal(t, state, param(t, d.Redirect, "state"))
	}
	for _, q := range []string{query("state", ""), query("state", "") + "&state="} {
		d, err := h.ask(t, h.alice, q)
		require.NoError(t, err)
		assert.Regexp(t, `^/user/alice/oauth_callback\?code=[A-Za-z0-9]{30}$`, d.Redirect)
	}
}

func TestAnAbsoluteRedirectKeepsItsQuery(t *testing.T) { // OA-39, OA-F7, OA-F6
	t.Parallel()
	h := newHub(t)
	uri := "http://127.0.0.1:5555/oauth_callback?tenant=1"
	require.NoError(t, h.PutClient(t.Context(), service("ext", uri)))
	dave := h.host.User("dave", "self", "access:services!service=ext")
	q := query("client_id", "service-ext", "redirect_uri", uri)
	code := h.code(t, dave, q)
	d, err := h.ask(t, dave, q)
	require.NoError(t, err)
	require.NotNil(t, d.Consent, "no token yet")
	g, err := h.Exchange(t.Context(), form(code, "client_id", "service-ext", "redirect_uri", uri))
	require.NoError(t, err)
	assert.Equal(t, "access:services!service=ext read:users:groups!user read:users:name!user", strings.Join(scopes.Strings(g.Scopes), " "))
	d, err = h.ask(t, dave, q)
	require.NoError(t, err)
	assert.Regexp(t, `^http://127\.0\.0\.1:5555/oauth_callback\?tenant=1&code=[A-Za-z0-9]{30}&state=st4te$`, d.Redirect)
}

func TestTheConsentFormNarrowsAndNeverWidens(t *testing.T) { // OA-38, OA-200, OA-S5, OA-S10, HB-194, OA-46
	t.Parallel()
	const minimum = "access:servers!server=alice/ read:users:groups!user read:users:name!user"
	for name, c := range map[string]struct {
		query  string
		posted []string
		want   string // scopes of the token; "" = invalid_scope
	}{
		"all that was offered":         {query(), []string{"access:servers!server", "access:servers!server=alice/", "read:users:groups!user", "read:users:name!user"}, "access:servers!server " + minimum},
		"fewer":                        {query(), []string{"read:users:name!user"}, minimum},
		"none":                         {query(), nil, minimum},
		"identify":                     {query(), []string{"identify"}, minimum},
		"one that the client may not":  {query(), []string{"admin:users"}, ""},
		"one that does not exist":      {query(), []string{"nope"}, ""},
		"inherit":                      {query(), []string{"inherit"}, ""},
		"one that the visitor lacks":   {query(), []string{"shares!server", "access:servers!server"}, "access:servers!server " + minimum},
		"one that the page left out":   {query("scope", "access:servers!server=alice/"), []string{"access:servers!server"}, "access:servers!server " + minimum},
		"a shared scope under another": {query(), []string{"access:servers!user=alice"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHub(t)
			d, err := h.Approve(t.Context(), oauth.AuthorizeRequest{User: h.bob, SessionID: "s", Query: c.query}, c.posted)
			require.NoError(t, err)
			if c.want == "" {
				assert.Equal(t, "/user/alice/oauth_callback?error=invalid_scope&state=st4te", d.Redirect)
				return
			}
			g, err := h.Exchange(t.Context(), form(param(t, d.Redirect, "code")))
			require.NoError(t, err)
			assert.Equal(t, c.want, strings.Join(scopes.Strings(g.Scopes), " "))
		})
	}
}

func TestAnExpandedOverlapThatThePageOffersIsAccepted(t *testing.T) { // OA-31, OA-38
	t.Parallel()
	h := newHub(t)
	r := server()
	r.Allowed = append(r.Allowed, parse("read:users:name")...)
	require.NoError(t, h.PutClient(t.Context(), r))
	frank := h.host.User("frank", "self", "access:servers", "read:users:name!group=lab")
	d, err := h.ask(t, frank, query())
	require.NoError(t, err)
	require.NotNil(t, d.Consent)
	offered := scopes.Strings(d.Consent.Scopes)
	assert.Contains(t, offered, "read:users:name!group=lab")
	assert.NotContains(t, offered, "read:users:name")
	g, err := h.Exchange(t.Context(), form(h.code(t, frank, query())))
	require.NoError(t, err)
	assert.Equal(t, offered, scopes.Strings(g.Scopes))
}

func TestInheritIsShownAlone(t *testing.T) { // OA-36, SC-431, OA-204
	t.Parallel()
	h := newHub(t)
	r := server()
	r.Allowed = parse("inherit", "self")
	require.NoError(t, h.PutClient(t.Context(), r))
	d, err := h.ask(t, h.bob, query())
	require.NoError(t, err)
	require.NotNil(t, d.Consent)
	assert.Equal(t, []scopes.Scope{scopes.Inherit}, d.Consent.Scopes)
	require.Len(t, d.Consent.Descriptions, 1)
	assert.Equal(t, "Anything you have access to", d.Consent.Descriptions[0].Text)
	id, err := h.Authenticate(t.Context(), h.token(t, h.bob))
	require.NoError(t, err)
	owner, err := h.host.Owner(t.Context(), h.bob)
	require.NoError(t, err)
	assert.True(t, owner.Held.Equal(id.Effective))
}

func TestAClientThatAsksForNothingSaysSo(t *testing.T) { // OA-36, SC-431
	t.Parallel()
	h := newHub(t)
	r := server()
	r.Allowed = nil
	require.NoError(t, h.PutClient(t.Context(), r))
	d, err := h.ask(t, h.bob, query())
	require.NoError(t, err)
	require.NotNil(t, d.Consent)
	assert.True(t, d.Consent.IdentifyOnly)
	require.Len(t, d.Consent.Descriptions, 1)
	assert.Equal(t, "Identify the owner of the requesting entity.", d.Consent.Descriptions[0].Text)
}

func TestAHundredLiveCodesAreEnough(t *testing.T) { // OA-S19
	t.Parallel()
	h := newHub(t)
	for range 100 {
		h.code(t, h.alice, query())
	}
	d, err := h.ask(t, h.alice, query())
	require.NoError(t, err)
	assert.Equal(t, "/user/alice/oauth_callback?error=temporarily_unavailable&state=st4te", d.Redirect)
}

func FuzzAuthorizeQueriesNeverRedirectElsewhere(f *testing.F) {
	h := newHub(f)
	for _, q := range []string{query(), query("redirect_uri", "//evil"), "client_id=" + serverID + "&redirect_uri=/user/alice/oauth_callback%00", "%", "state=\r\n"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		d, err := h.ask(t, h.carol, q) // who may not enter: no code is ever issued
		if err == nil {
			u, parseErr := url.Parse(d.Redirect)
			require.NoError(t, parseErr)
			assert.Equal(t, "/user/alice/oauth_callback", u.Path)
			assert.Empty(t, u.Host)
			assert.NotContains(t, d.Redirect, "\n")
			assert.Empty(t, u.Query().Get("code"))
		}
	})
}
