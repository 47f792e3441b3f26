package client_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing/client"
)

// answer is a transport that always says the same.
func answer(status int, body string, headers ...string) transport {
	return func(r *http.Request) (*http.Response, error) {
		h := http.Header{}
		for i := 0; i < len(headers); i += 2 {
			h.Set(headers[i], headers[i+1])
		}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r, ProtoMajor: 1, ProtoMinor: 1}, nil
	}
}

// calls are all calls, with arguments that can be sent.
var calls = map[string]func(context.Context, *client.Client) error{
	"Shares": func(ctx context.Context, c *client.Client) error {
		_, err := client.Collect(c.Shares(ctx, home))
		return err
	},
	"OwnerShares": func(ctx context.Context, c *client.Client) error {
		_, err := client.Collect(c.OwnerShares(ctx, "a"))
		return err
	},
	"SharedWith": func(ctx context.Context, c *client.Client) error {
		_, err := client.Collect(c.SharedWith(ctx, team))
		return err
	},
	"Codes": func(ctx context.Context, c *client.Client) error {
		_, err := client.Collect(c.Codes(ctx, home))
		return err
	},
	"OwnerCodes": func(ctx context.Context, c *client.Client) error {
		_, err := client.Collect(c.OwnerCodes(ctx, "a"))
		return err
	},
	"Grant": func(ctx context.Context, c *client.Client) error { _, err := c.Grant(ctx, home, team); return err },
	"RevokeScopes": func(ctx context.Context, c *client.Client) error {
		_, err := c.RevokeScopes(ctx, home, team, "x")
		return err
	},
	"Revoke":    func(ctx context.Context, c *client.Client) error { return c.Revoke(ctx, home, team) },
	"RevokeAll": func(ctx context.Context, c *client.Client) error { return c.RevokeAll(ctx, home) },
	"Get":       func(ctx context.Context, c *client.Client) error { _, err := c.Get(ctx, team, home); return err },
	"Leave":     func(ctx context.Context, c *client.Client) error { return c.Leave(ctx, team, home) },
	"CreateCode": func(ctx context.Context, c *client.Client) error {
		_, err := c.CreateCode(ctx, home, client.CodeRequest{})
		return err
	},
	"DeleteCode": func(ctx context.Context, c *client.Client) error { return c.DeleteCode(ctx, home, "sc_1") },
	"DeleteCodeBySecret": func(ctx context.Context, c *client.Client) error {
		return c.DeleteCodeBySecret(ctx, home, "the-secret-of-a-code")
	},
	"DeleteCodes": func(ctx context.Context, c *client.Client) error { return c.DeleteCodes(ctx, home) },
	"GrantFor": func(ctx context.Context, c *client.Client) error {
		_, err := c.GrantFor(ctx, home, team, client.Terms{Session: true})
		return err
	},
	"GrantMany": func(ctx context.Context, c *client.Client) error {
		_, err := c.GrantMany(ctx, home, client.BulkRequest{Grantees: []client.Grantee{team}})
		return err
	},
	"CreateCode with limits": func(ctx context.Context, c *client.Client) error {
		_, err := c.CreateCode(ctx, home, client.CodeRequest{Limits: client.CodeLimits{MaxUses: 1}})
		return err
	},
	"Extended": func(ctx context.Context, c *client.Client) error { _, err := c.Extended(ctx, home); return err },
	"MyShares": func(ctx context.Context, c *client.Client) error {
		_, err := client.Collect(c.MyShares(ctx))
		return err
	},
	"MyCodes": func(ctx context.Context, c *client.Client) error {
		_, err := client.Collect(c.MyCodes(ctx))
		return err
	},
	"SharesByCode": func(ctx context.Context, c *client.Client) error {
		_, err := client.Collect(c.SharesByCode(ctx, home, "sc_1"))
		return err
	},
	"RevokeCode": func(ctx context.Context, c *client.Client) error { return c.RevokeCode(ctx, home, "sc_1") },
	"RevokeCodeBySecret": func(ctx context.Context, c *client.Client) error {
		return c.RevokeCodeBySecret(ctx, home, "the-secret-of-a-code")
	},
	"RevokeCodes": func(ctx context.Context, c *client.Client) error { return c.RevokeCodes(ctx, home) },
}

// Whatever comes back that no hub would say is an error, for every call; an internet login page's 200 revokes nothing.
func TestWhatNoHubAnswersIsAnError(t *testing.T) {
	t.Parallel()
	long := strings.Repeat(" ", 9<<20)
	for name, reply := range map[string]transport{
		"a page":          answer(200, "<!DOCTYPE html><title>Log in to the network</title>"),
		"nothing":         answer(200, ""),
		"null":            answer(200, "null"),
		"a bare list":     answer(200, "[]"),
		"a number":        answer(200, "7"),
		"other types":     answer(200, `{"items": {}, "server": "x", "id": 1}`),
		"half an object":  answer(200, `{"items": [`),
		"strange entries": answer(200, `{"items": [{"server": {"user": {"name": "a"}}, "kind": "service"}], "server": {"user": {"name": ""}}}`),
		"too long":        answer(200, long+`{"items": []}`),
		"a body for 204":  answer(200, `{"status": 200}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for call, f := range calls {
				err := f(t.Context(), over(t, reply))
				if isEmptyRevocation(call, name) {
					// The two whose success may have nothing in it.
					require.NoError(t, err, call)
					continue
				}
				require.ErrorIs(t, err, client.ErrAnswer, call)
				assert.NotContains(t, err.Error(), token, call)
			}
		})
	}
}

func isEmptyRevocation(call, reply string) bool {
	return (call == "Revoke" || call == "RevokeScopes") && (reply == "null" || reply == "a body for 204")
}

// An answer without end is not read to its end.
func TestAnEndlessAnswerIsCutOff(t *testing.T) {
	t.Parallel()
	for status, is := range map[int]error{200: client.ErrAnswer, 404: client.ErrNotFound} {
		var sent endless
		_, err := over(t, func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Body: io.NopCloser(&sent), Request: r}, nil
		}).Get(t.Context(), team, home)
		require.ErrorIs(t, err, is)
		assert.Less(t, int(sent), 32<<20)
		if status == 200 {
			assert.ErrorContains(t, err, "longer than")
		}
	}
}

// endless is a body of spaces, and counts what was read of it.
type endless int

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	*e += endless(len(b))
	return len(b), nil
}

// An answer that lacks what its reader relies on is an error; what it has in addition is none, since later hubs may say more.
func TestModelsAreReadLeniently(t *testing.T) {
	t.Parallel()
	const server = `"server": {"user": {"name": "a", "x": 1}, "name": "", "url": "/user/a/", "full_url": null, "ready": true, "x": []}`
	const share = `{` + server + `, "scopes": [], "user": {"name": "b"}, "group": null, "kind": "user", "created_at": "2026-01-02T03:04:05Z", "x": {}}`
	const code = `"id": "sc_1", "created_at": "2026-01-02T03:04:05+02:00", "expires_at": null, "last_exchanged_at": null, "exchange_count": 0, "uses": 7`
	get := func(body string) (client.Share, error) {
		return over(t, answer(200, body)).Get(t.Context(), team, home)
	}
	create := func(body string) (client.NewCode, error) {
		return over(t, answer(200, body)).CreateCode(t.Context(), home, client.CodeRequest{})
	}

	got, err := get(share)
	require.NoError(t, err)
	assert.Equal(t, client.User("b"), got.Grantee)
	assert.Equal(t, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), got.CreatedAt, "SH-71: without a fraction")
	made, err := create(`{` + server + `, ` + code + `, "code": "abc", "accept_url": "/hub/accept-share?code=abc", "full_accept_url": null, "y": 0}`)
	require.NoError(t, err)
	assert.Equal(t, time.Date(2026, 1, 2, 1, 4, 5, 0, time.UTC), made.CreatedAt)
	assert.True(t, made.ExpiresAt.IsZero())

	for name, body := range map[string]string{
		"no kind":             strings.Replace(share, `"kind": "user"`, `"kind": null`, 1),
		"a kind with nobody":  strings.Replace(share, `"kind": "user"`, `"kind": "group"`, 1),
		"a user without name": strings.Replace(share, `"name": "b"`, `"name": ""`, 1),
		"no owner":            strings.Replace(share, `"name": "a"`, `"name": ""`, 1),
		"no server":           strings.Replace(share, `"server"`, `"servant"`, 1),
		"a time that is none": strings.Replace(share, "2026-01-02T", "yesterday ", 1),
	} {
		_, err := get(body)
		require.ErrorIs(t, err, client.ErrAnswer, name)
	}
	for name, body := range map[string]string{
		"no id":      `{` + server + `, "code": "abc", "accept_url": "/x"}`,
		"no secret":  `{` + server + `, ` + code + `, "accept_url": "/x"}`,
		"no address": `{` + server + `, ` + code + `, "code": "abc"}`,
	} {
		_, err := create(body)
		require.ErrorIs(t, err, client.ErrAnswer, name)
	}
	left, err := over(t, answer(200, share)).RevokeScopes(t.Context(), home, team, "x")
	require.NoError(t, err)
	assert.Equal(t, client.User("b"), left.Grantee)
	require.ErrorIs(t, over(t, answer(200, share)).Revoke(t.Context(), home, team), client.ErrAnswer, "all was to go, and something is left")
}

// A list whose pages do not get on would never end.
func TestAListThatDoesNotGetOnEnds(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]string{
		"the same page again": `{"offset": 0, "limit": 1}`,
		"backwards":           `{"offset": -1, "limit": 1}`,
		"no limit":            `{"offset": 1}`,
		"other types":         `{"offset": "1", "limit": 1}`,
		"too far":             `{"offset": 1e30, "limit": 1}`,
	} {
		body := fmt.Sprintf(`{"items": [], "_pagination": {"next": %s}}`, next)
		_, err := client.Collect(over(t, answer(200, body)).Shares(t.Context(), home))
		require.ErrorIs(t, err, client.ErrAnswer, name)
	}
}

// What was read before an error is there, and the error is the last thing that a list gives.
func TestAnErrorEndsAList(t *testing.T) {
	t.Parallel()
	pages := []transport{
		answer(200, `{"items": [{"server": {"user": {"name": "a"}}, "id": "sc_1"}], "_pagination": {"next": {"offset": 1, "limit": 1}}}`),
		answer(404, `{"status": 404, "message": "No such server: a/"}`),
	}
	c := over(t, func(r *http.Request) (*http.Response, error) {
		next := pages[0]
		pages = pages[1:]
		return next(r)
	})
	codes, err := client.Collect(c.Codes(t.Context(), home))
	require.ErrorIs(t, err, client.ErrNotFound)
	require.Len(t, codes, 1)
	assert.Equal(t, "sc_1", codes[0].ID)
	assert.Empty(t, pages)
}

// Refusals of every kind, with the hub's words if it has any (SH-53).
func TestRefusals(t *testing.T) {
	t.Parallel()
	now := "Sat, 21 Nov 2026 18:00:00 GMT"
	for name, c := range map[string]struct {
		reply transport
		is    error
		want  client.Error
	}{
		"400":                         {answer(400, `{"status": 400, "message": "no"}`), client.ErrBadRequest, client.Error{Status: 400, Message: "no"}},
		"401 of a proxy":              {answer(401, "who?"), client.ErrForbidden, client.Error{Status: 401, Message: "Unauthorized"}},
		"403":                         {answer(403, `{"status": 403, "message": "no"}`), client.ErrForbidden, client.Error{Status: 403, Message: "no"}},
		"404 with null":               {answer(404, `{"status": 404, "message": null}`), client.ErrNotFound, client.Error{Status: 404, Message: "Not Found"}},
		"404 with another type":       {answer(404, `{"status": 404, "message": ["x"]}`), client.ErrNotFound, client.Error{Status: 404, Message: "Not Found"}},
		"405":                         {answer(405, ``), nil, client.Error{Status: 405, Message: "Method Not Allowed"}},
		"429 in seconds":              {answer(429, `{}`, "Retry-After", "30"), client.ErrTooManyRequests, client.Error{Status: 429, Message: "Too Many Requests", RetryAfter: 30 * time.Second}},
		"429 until a time":            {answer(429, `{}`, "Retry-After", "Sat, 21 Nov 2026 18:01:00 GMT", "Date", now), client.ErrTooManyRequests, client.Error{Status: 429, Message: "Too Many Requests", RetryAfter: time.Minute}},
		"429 until a time gone by":    {answer(429, `{}`, "Retry-After", "Sat, 21 Nov 2026 17:01:00 GMT", "Date", now), client.ErrTooManyRequests, client.Error{Status: 429, Message: "Too Many Requests"}},
		"429 until a time, undated":   {answer(429, `{}`, "Retry-After", "Sat, 21 Nov 2026 18:01:00 GMT"), client.ErrTooManyRequests, client.Error{Status: 429, Message: "Too Many Requests"}},
		"429 with nonsense":           {answer(429, `{}`, "Retry-After", "-5"), client.ErrTooManyRequests, client.Error{Status: 429, Message: "Too Many Requests"}},
		"429 for a hundred days":      {answer(429, `{}`, "Retry-After", "8640000"), client.ErrTooManyRequests, client.Error{Status: 429, Message: "Too Many Requests", RetryAfter: 24 * time.Hour}},
		"429 with too many seconds":   {answer(429, `{}`, "Retry-After", "99999999999999999999"), client.ErrTooManyRequests, client.Error{Status: 429, Message: "Too Many Requests", RetryAfter: 24 * time.Hour}},
		"429 until a far time":        {answer(429, `{}`, "Retry-After", "Sat, 21 Nov 9999 18:01:00 GMT", "Date", now), client.ErrTooManyRequests, client.Error{Status: 429, Message: "Too Many Requests", RetryAfter: 24 * time.Hour}},
		"502 of a proxy":              {answer(502, "<html>"), nil, client.Error{Status: 502, Message: "Bad Gateway"}},
		"503 that says when":          {answer(503, "", "Retry-After", "5"), nil, client.Error{Status: 503, Message: "Service Unavailable", RetryAfter: 5 * time.Second}},
		"a redirect is not followed":  {answer(302, "", "Location", "https://evil.example.org/"), nil, client.Error{Status: 302, Message: "Found"}},
		"a status that nobody knows":  {answer(599, ""), nil, client.Error{Status: 599}},
		"a message that is very long": {answer(400, `{"message": "`+strings.Repeat("é", 5000)+`"}`), client.ErrBadRequest, client.Error{Status: 400, Message: strings.Repeat("é", 2048)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for call, f := range calls {
				err := f(t.Context(), over(t, c.reply))
				var refused *client.Error
				require.ErrorAs(t, err, &refused, call)
				assert.Equal(t, c.want, *refused, call)
				if c.is != nil {
					require.ErrorIs(t, err, c.is, call)
				}
			}
		})
	}
}
