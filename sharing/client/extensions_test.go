package client_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing/client"
)

// What a hub with extensions says, in pieces.
const (
	serverJSON  = `"server": {"user": {"name": "sharer"}, "name": "", "url": "/user/sharer/", "full_url": null, "ready": true}`
	accessJSON  = `"scopes": ["access:servers!server=sharer/"]`
	createdJSON = `"created_at": "2026-11-21T18:00:00Z"`
	noLimits    = `"max_uses": null, "users": [], "groups": [], "domain": null, "note": null, "share_expires_in": null, "share_session": false`
	anHour      = `{` + accessJSON + `, "code_id": null, "granted_at": "2026-11-21T18:00:00Z", "expires_at": "2026-11-21T19:00:00Z", "session": true}`
	byCode      = `{` + accessJSON + `, "code_id": "sc_1", "granted_at": "2026-11-21T18:00:00Z", "expires_at": null, "session": false}`
	codeID400   = `{"status": 400, "message": "code_id: must be like sc_1"}`
)

// shareWith is a share as such a hub shows it, without grants = as a JupyterHub does.
func shareWith(name, grants string) string {
	text := `{` + serverJSON + `, ` + accessJSON + `, "user": {"name": "` + name + `"}, "group": null, "kind": "user", ` + createdJSON
	if grants != "" {
		text += `, "expires_at": null, "grants": [` + grants + `]`
	}
	return text + `}`
}

// listOf is a page of a list, and the last.
func listOf(items ...string) string {
	return `{"items": [` + strings.Join(items, ", ") + `], "_pagination": {"next": null}}`
}

// newCode is the answer to creating a code.
func newCode(limits string) string {
	return `{` + serverJSON + `, ` + accessJSON + `, "id": "sc_1", ` + createdJSON + `, "expires_at": "2026-11-22T18:00:00Z", ` +
		`"exchange_count": 0, "last_exchanged_at": null, ` + limits +
		`"code": "the-secret-of-a-code", "accept_url": "/hub/accept-share?code=the-secret-of-a-code", "full_accept_url": null}`
}

// exchange is one to expect, with sharer's token.
func exchange(method, path, request string, status int, answer string) recorded {
	return recorded{
		Method: method, Path: "/hub/api/" + path, Token: "sharer-token",
		Request: json.RawMessage(request), Status: status, Answer: json.RawMessage(answer),
	}
}

// probe asks whether the hub knows extensions; these are the two answers.
var (
	probeKnown   = exchange("GET", "shares/sharer/?code_id=none&limit=1", "", 400, codeID400)
	probeUnknown = exchange("GET", "shares/sharer/?code_id=none&limit=1", "", 200, listOf(shareWith("stranger", "")))
)

// Each extension is said as the hub wants to hear it, and its answer is understood.
func TestExtensionsOnTheWire(t *testing.T) {
	t.Parallel()
	running := client.Server{ServerName: home, URL: "/user/sharer/", Ready: true}
	access := []string{"access:servers!server=sharer/"}
	share := func(name string, grants ...client.Grant) client.Share {
		return client.Share{Server: running, Grantee: client.User(name), Scopes: access, CreatedAt: now, Grants: grants}
	}
	hour := client.Grant{Scopes: access, GrantedAt: now, ExpiresAt: now.Add(time.Hour), Session: true}
	accepted := client.Grant{Scopes: access, CodeID: "sc_1", GrantedAt: now}
	plain := client.Code{ID: "sc_1", Server: running, Scopes: access, CreatedAt: now, ExpiresAt: now.Add(24 * time.Hour)}
	made := func(l client.CodeLimits) client.NewCode {
		code := plain
		code.Limits = l
		return client.NewCode{Code: code, Secret: "the-secret-of-a-code", AcceptURL: "/hub/accept-share?code=the-secret-of-a-code"}
	}
	every := client.CodeLimits{
		MaxUses: 3, For: []client.Grantee{stranger, client.User("a b"), team}, Domain: "example.org", Note: "for \"you\" <b>",
		Terms: client.Terms{Lifetime: 90 * time.Second, Session: true},
	}
	const allJSON = `"max_uses": 3, "users": ["stranger", "a b"], "groups": ["team"], "domain": "example.org", ` +
		`"note": "for \"you\" <b>", "share_expires_in": 90, "share_session": true`
	create := func(l client.CodeLimits) func(context.Context, *client.Client) (any, error) {
		return func(ctx context.Context, c *client.Client) (any, error) {
			return c.CreateCode(ctx, home, client.CodeRequest{Limits: l})
		}
	}
	upper := every
	upper.For = append(upper.For, stranger)
	upper.Domain = "@Example.ORG"

	for name, c := range map[string]struct {
		call      func(context.Context, *client.Client) (any, error)
		want      any
		exchanges []recorded
	}{
		"a grant that ends": {func(ctx context.Context, c *client.Client) (any, error) {
			return c.GrantFor(ctx, home, stranger, client.Terms{Lifetime: time.Hour, Session: true}, "read:servers")
		}, share("stranger", hour), []recorded{
			exchange("POST", "shares/sharer/", `{"user": "stranger", "scopes": ["read:servers"], "expires_in": 3600, "session": true}`,
				200, shareWith("stranger", anHour)),
		}},
		"a grant that ends with the server only": {func(ctx context.Context, c *client.Client) (any, error) {
			return c.GrantFor(ctx, home, stranger, client.Terms{Session: true})
		}, share("stranger", hour, accepted), []recorded{
			exchange("POST", "shares/sharer/", `{"user": "stranger", "session": true}`, 200, shareWith("stranger", anHour+", "+byCode)),
		}},
		"a grant to several, one of them named twice": {func(ctx context.Context, c *client.Client) (any, error) {
			return c.GrantMany(ctx, home, client.BulkRequest{
				Grantees: []client.Grantee{client.User("b"), stranger, client.User("b")}, Scopes: []string{"x"}, Terms: client.Terms{Lifetime: time.Minute},
			})
		}, []client.Share{share("b", accepted), share("stranger", hour)}, []recorded{
			exchange("POST", "shares/sharer/", `{"users": ["b", "stranger", "b"], "scopes": ["x"], "expires_in": 60}`,
				200, `{"items": [`+shareWith("b", byCode)+`, `+shareWith("stranger", anHour)+`]}`),
		}},
		"a code with everything": {create(every), made(every), []recorded{
			exchange("POST", "share-codes/sharer/", `{`+allJSON+`}`, 200, newCode(allJSON+`, `)),
		}},
		"a code whose limits the hub writes in another way": {create(upper), made(every), []recorded{
			exchange("POST", "share-codes/sharer/", `{"max_uses": 3, "users": ["stranger", "a b", "stranger"], "groups": ["team"], `+
				`"domain": "@Example.ORG", "note": "for \"you\" <b>", "share_expires_in": 90, "share_session": true}`, 200, newCode(allJSON+`, `)),
		}},
		"a code without limits asks for none": {create(client.CodeLimits{}), made(client.CodeLimits{}), []recorded{
			exchange("POST", "share-codes/sharer/", `{}`, 200, newCode(noLimits+`, `)),
		}},
		"shares by code, on two pages": {func(ctx context.Context, c *client.Client) (any, error) {
			return client.Collect(c.SharesByCode(ctx, home, "sc_1"))
		}, []client.Share{share("a", accepted), share("b", hour, accepted)}, []recorded{
			exchange("GET", "shares/sharer/?code_id=sc_1", "", 200,
				`{"items": [`+shareWith("a", byCode)+`], "_pagination": {"next": {"offset": 1, "limit": 1, "url": "x"}}}`),
			exchange("GET", "shares/sharer/?code_id=sc_1&offset=1&limit=1", "", 200, listOf(shareWith("b", anHour+", "+byCode))),
		}},
		"all my shares": {func(ctx context.Context, c *client.Client) (any, error) {
			return client.Collect(c.MyShares(ctx))
		}, []client.Share{share("a", accepted)}, []recorded{
			exchange("GET", "shares", "", 200, listOf(shareWith("a", byCode))),
		}},
		"all my codes": {func(ctx context.Context, c *client.Client) (any, error) {
			return client.Collect(c.MyCodes(ctx))
		}, []client.Code{made(every).Code}, []recorded{
			exchange("GET", "share-codes", "", 200, listOf(newCode(allJSON+`, `))),
		}},
		"a code and its access": {func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.RevokeCode(ctx, home, "sc_1")
		}, nil, []recorded{probeKnown, exchange("DELETE", "share-codes/sharer/?id=sc_1&cascade=true", "", 204, "")}},
		"a code by its secret and its access": {func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.RevokeCodeBySecret(ctx, home, "the-secret-of-a-code")
		}, nil, []recorded{probeKnown, exchange("DELETE", "share-codes/sharer/?code=the-secret-of-a-code&cascade=true", "", 204, "")}},
		"all codes and their access": {func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.RevokeCodes(ctx, home)
		}, nil, []recorded{probeKnown, exchange("DELETE", "share-codes/sharer/?cascade=true", "", 204, "")}},
		"whether the hub knows extensions": {func(ctx context.Context, c *client.Client) (any, error) {
			return c.Extended(ctx, home)
		}, true, []recorded{probeKnown}},
		"whether it does not": {func(ctx context.Context, c *client.Client) (any, error) {
			return c.Extended(ctx, home)
		}, false, []recorded{probeUnknown}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.call(t.Context(), replay(t, c.exchanges...))
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

// A JupyterHub refuses fields that it does not know (recorded), ignores arguments, and has no list without an owner (recorded). Each is
// found out, and nothing is deleted that would leave access behind.
func TestAJupyterHubIsFoundOut(t *testing.T) {
	t.Parallel()
	tape := recordings(t)
	refusal := string(tape[167].Answer)
	asAdmin := probeUnknown
	asAdmin.Token = "admin-token"
	options := tape[201]
	options.Method = http.MethodOptions
	codes := tape[201]
	codes.Path = "/hub/api/share-codes"
	codeOptions := codes
	codeOptions.Method = http.MethodOptions
	bulk := exchange("POST", "shares/sharer/", `{"groups": ["team"]}`, 400, refusal)
	oneUse := exchange("POST", "share-codes/sharer/", `{"max_uses": 1}`, 400, refusal)
	listed := tape[53]
	listed.Path += "?code_id=sc_1"

	for name, c := range map[string]struct {
		call      func(context.Context, *client.Client) error
		status    int // 0 = no refusal of the hub's
		exchanges []recorded
	}{
		"a grant that ends": {func(ctx context.Context, c *client.Client) error {
			_, err := c.GrantFor(ctx, home, stranger, client.Terms{Lifetime: time.Hour})
			return err
		}, 400, []recorded{tape[167], asAdmin}},
		"a grant to several":    {calls["GrantMany"], 400, []recorded{bulk, probeUnknown}},
		"a code for one use":    {calls["CreateCode with limits"], 400, []recorded{oneUse, probeUnknown}},
		"my shares":             {calls["MyShares"], 404, []recorded{tape[201], options}},
		"my codes":              {calls["MyCodes"], 404, []recorded{codes, codeOptions}},
		"shares by code":        {calls["SharesByCode"], 0, []recorded{listed}},
		"a code and its access": {calls["RevokeCode"], 0, []recorded{probeUnknown}},
		"the same by secret":    {calls["RevokeCodeBySecret"], 0, []recorded{probeUnknown}},
		"the same for all":      {calls["RevokeCodes"], 0, []recorded{probeUnknown}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := c.call(t.Context(), replay(t, c.exchanges...))
			require.ErrorIs(t, err, client.ErrNoExtensions)
			var refused *client.Error
			if c.status == 0 {
				assert.NotErrorAs(t, err, &refused)
			} else if assert.ErrorAs(t, err, &refused) {
				assert.Equal(t, c.status, refused.Status)
			}
		})
	}
}

// A refusal for any other reason is not taken for a hub without extensions, and one that cannot be told apart is left as it is.
func TestOtherRefusalsStayThemselves(t *testing.T) {
	t.Parallel()
	const no = `{"status": 400, "message": "No such user: stranger"}`
	const hidden = `{"status": 404, "message": "No access to resources or resources not found"}`
	grant := func(status int, answer string) recorded {
		return exchange("POST", "shares/sharer/", `{"group": "team", "session": true}`, status, answer)
	}
	probe := func(status int, answer string) recorded {
		return exchange("GET", "shares/sharer/?code_id=none&limit=1", "", status, answer)
	}
	gone := exchange("DELETE", "share-codes/sharer/?id=sc_1&cascade=true", "", 404, `{"message": "No code found matching id=sc_1"}`)
	list := exchange("GET", "shares", "", 404, hidden)
	for name, c := range map[string]struct {
		call      string
		is        error
		exchanges []recorded
	}{
		"a hub with extensions":               {"GrantFor", client.ErrBadRequest, []recorded{grant(400, no), probeKnown}},
		"a token that may not list":           {"GrantFor", client.ErrBadRequest, []recorded{grant(400, no), probe(404, hidden)}},
		"a 400 for another reason":            {"GrantFor", client.ErrBadRequest, []recorded{grant(400, no), probe(400, `{"message": "no"}`)}},
		"an answer that is none":              {"GrantFor", client.ErrBadRequest, []recorded{grant(400, no), probe(200, `<title>Log in</title>`)}},
		"another status needs no question":    {"GrantFor", client.ErrNotFound, []recorded{grant(404, hidden)}},
		"my shares, hidden":                   {"MyShares", client.ErrNotFound, []recorded{list, exchange("OPTIONS", "shares", "", 200, "")}},
		"my shares, forbidden":                {"MyShares", client.ErrForbidden, []recorded{exchange("GET", "shares", "", 403, `{}`)}},
		"cascade, hidden":                     {"RevokeCode", client.ErrNotFound, []recorded{probe(404, hidden)}},
		"cascade, a page that refuses it all": {"RevokeCode", client.ErrBadRequest, []recorded{probe(400, `<title>400</title>`)}},
		"cascade, a list that is none":        {"RevokeCodes", client.ErrAnswer, []recorded{probe(200, `{}`)}},
		"cascade, gone":                       {"RevokeCode", client.ErrNotFound, []recorded{probeKnown, gone}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := calls[c.call](t.Context(), replay(t, c.exchanges...))
			require.ErrorIs(t, err, c.is)
			assert.NotErrorIs(t, err, client.ErrNoExtensions)
		})
	}
}

// A hub that accepts what it does not understand is no hub that this client knows, but if there is one, nobody is told that access ends
// which does not.
func TestLimitsAreNotLostInSilence(t *testing.T) {
	t.Parallel()
	limits := client.CodeLimits{
		MaxUses: 3, For: []client.Grantee{stranger, team}, Domain: "example.org", Terms: client.Terms{Lifetime: time.Minute, Session: true},
	}
	const asked = `"max_uses": 3, "users": ["stranger"], "groups": ["team"], "domain": "example.org", "note": null, ` +
		`"share_expires_in": 60, "share_session": true, `
	for name, shown := range map[string]string{
		"none":          ``,
		"only one":      `"max_uses": 3, `,
		"no list":       strings.Replace(asked, `["stranger"]`, `null`, 1),
		"more uses":     strings.Replace(asked, `3`, `4`, 1),
		"any uses":      strings.Replace(asked, `3`, `null`, 1),
		"no uses":       strings.Replace(asked, `3`, `0`, 1),
		"more guests":   strings.Replace(asked, `["stranger"]`, `["stranger", "x"]`, 1),
		"less groups":   strings.Replace(asked, `["team"]`, `[]`, 1),
		"no domain":     strings.Replace(asked, `"example.org"`, `null`, 1),
		"access longer": strings.Replace(asked, `60`, `61`, 1),
		"no end":        strings.Replace(asked, `60`, `null`, 1),
		"an end at 0":   strings.Replace(asked, `60`, `0`, 1),
		"a far end":     strings.Replace(asked, `60`, `99999999999999`, 1),
		"no session":    strings.Replace(asked, `true`, `false`, 1),
	} {
		code, err := over(t, answer(200, newCode(shown))).CreateCode(t.Context(), home, client.CodeRequest{Limits: limits})
		require.ErrorIs(t, err, client.ErrAnswer, name)
		assert.Empty(t, code.Secret.Reveal(), name)
		assert.NotContains(t, err.Error(), "the-secret-of-a-code", name)
	}
	_, err := over(t, answer(200, newCode(``))).CreateCode(t.Context(), home, client.CodeRequest{Limits: client.CodeLimits{Note: "x"}})
	require.ErrorIs(t, err, client.ErrAnswer, "a note asks for a hub with extensions too")
	_, err = over(t, answer(200, newCode(asked))).CreateCode(t.Context(), home, client.CodeRequest{Limits: limits})
	require.NoError(t, err)
	_, err = over(t, answer(200, newCode(``))).CreateCode(t.Context(), home, client.CodeRequest{Limits: client.CodeLimits{MaxUses: 1}})
	require.ErrorContains(t, err, "sc_1", "so that it can be deleted")

	_, err = over(t, answer(200, shareWith("stranger", ""))).GrantFor(t.Context(), home, stranger, client.Terms{Session: true})
	require.ErrorIs(t, err, client.ErrAnswer)
	assert.NotErrorIs(t, err, client.ErrNoExtensions, "something was granted")
	both := client.BulkRequest{Grantees: []client.Grantee{client.User("a"), client.User("b")}}
	for name, items := range map[string]string{
		"without grants": shareWith("a", "") + `, ` + shareWith("b", ""),
		"with one":       shareWith("a", byCode),
		"with another":   shareWith("a", byCode) + `, ` + shareWith("c", byCode),
		"with one more":  shareWith("a", byCode) + `, ` + shareWith("b", byCode) + `, ` + shareWith("c", byCode),
		"with one twice": shareWith("a", byCode) + `, ` + shareWith("b", byCode) + `, ` + shareWith("b", byCode),
		"with nobody":    ``,
	} {
		_, err = over(t, answer(200, `{"items": [`+items+`]}`)).GrantMany(t.Context(), home, both)
		require.ErrorIs(t, err, client.ErrAnswer, name)
	}
}

// A list that only a hub with extensions gives is not believed if its entries do not show them: a later hub might list something else there.
func TestListsOfExtensionsShowThem(t *testing.T) {
	t.Parallel()
	but := func(old, changed string) string { return newCode(strings.Replace(noLimits, old, changed, 1) + `, `) }
	for name, c := range map[string]struct {
		call, items string
		is          error
	}{
		"my shares":                        {"MyShares", shareWith("a", ""), client.ErrNoExtensions},
		"my codes":                         {"MyCodes", newCode(``), client.ErrNoExtensions},
		"shares by code":                   {"SharesByCode", shareWith("a", ""), client.ErrNoExtensions},
		"shares by code, not by that code": {"SharesByCode", shareWith("a", anHour), client.ErrAnswer},
		"no uses, which are not any":       {"Codes", but(`"max_uses": null`, `"max_uses": 0`), client.ErrAnswer},
		"an end at once, which is one":     {"Codes", but(`"share_expires_in": null`, `"share_expires_in": 0`), client.ErrAnswer},
		"an end too far to be said":        {"Codes", but(`"share_expires_in": null`, `"share_expires_in": 99999999999`), client.ErrAnswer},
	} {
		err := calls[c.call](t.Context(), over(t, answer(200, `{"items": [`+c.items+`]}`)))
		require.ErrorIs(t, err, c.is, name)
	}
	for _, call := range []string{"MyShares", "MyCodes", "SharesByCode"} {
		require.NoError(t, calls[call](t.Context(), over(t, answer(200, listOf()))), "nothing is nothing on every hub")
	}
}

// A quota is a typed error that says when to come back, and no call tries again by itself.
func TestQuotasAreNotTriedAgain(t *testing.T) {
	t.Parallel()
	for name, call := range calls {
		requests := 0
		err := call(t.Context(), over(t, func(r *http.Request) (*http.Response, error) {
			requests++
			return answer(429, `{"status": 429, "message": "Too many requests; try again in 30s"}`, "Retry-After", "30")(r)
		}))
		require.ErrorIs(t, err, client.ErrTooManyRequests, name)
		var refused *client.Error
		require.ErrorAs(t, err, &refused, name)
		assert.Equal(t, 30*time.Second, refused.RetryAfter, name)
		assert.Equal(t, 1, requests, name)
	}
}

// Ends may be shown by the clock, by the server's stop, by both or not at all, and in any zone.
func TestEndsAreUTC(t *testing.T) {
	t.Parallel()
	text := `{` + serverJSON + `, "user": {"name": "a"}, "kind": "user", ` + createdJSON + `, "expires_at": "2026-11-21T20:00:00+01:00", ` +
		`"grants": [{"granted_at": "2026-11-21T19:00:00+01:00", "expires_at": null, "code_id": null}]}`
	share, err := over(t, answer(200, text)).Get(t.Context(), stranger, home)
	require.NoError(t, err)
	assert.Equal(t, now.Add(time.Hour), share.ExpiresAt)
	assert.Equal(t, []client.Grant{{GrantedAt: now}}, share.Grants)
	assert.True(t, share.Grants[0].ExpiresAt.IsZero())
}
