package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing/client"
)

// recorded is one exchange with a JupyterHub 5.5.1, by the number of its transcript. Tokens have the names of their owners instead.
type recorded struct {
	Case    int
	Method  string
	Path    string
	Token   string
	Request json.RawMessage
	Status  int
	Answer  json.RawMessage
}

func recordings(t testing.TB) map[int]recorded {
	t.Helper()
	text, err := os.ReadFile("testdata/jupyterhub-5.5.1.json")
	require.NoError(t, err)
	var list []recorded
	require.NoError(t, json.Unmarshal(text, &list))
	out := map[int]recorded{}
	for _, r := range list {
		out[r.Case] = r
	}
	return out
}

// replay is a hub that expects these exchanges, one after the other, and answers as recorded.
func replay(t testing.TB, list ...recorded) *client.Client {
	t.Helper()
	left := list
	hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !assert.NotEmpty(t, left, "%s %s is one request too many", r.Method, r.RequestURI) {
			return
		}
		var next recorded
		next, left = left[0], left[1:]
		assert.Equal(t, next.Method, r.Method)
		assert.Equal(t, next.Path, r.RequestURI)
		assert.Equal(t, "token "+next.Token, r.Header.Get("Authorization"))
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		if len(next.Request) == 0 {
			assert.Empty(t, body)
		} else {
			assert.JSONEq(t, string(next.Request), string(body))
			assert.Equal(t, "application/json", r.Header.Get("Content-Type"))
		}
		if len(next.Answer) > 0 {
			w.Header().Set("Content-Type", "application/json")
		}
		w.WriteHeader(next.Status)
		_, _ = w.Write(next.Answer)
	}))
	t.Cleanup(func() {
		hub.Close()
		assert.Empty(t, left, "requests that were not made")
	})
	c, err := client.New(client.Config{APIURL: hub.URL + "/hub/api/", Token: client.Secret(list[0].Token), HTTPClient: hub.Client()})
	require.NoError(t, err)
	return c
}

var (
	home     = client.ServerName{Owner: "sharer"}
	nope     = client.ServerName{Owner: "sharer", Name: "nope"}
	stranger = client.User("stranger")
	team     = client.Group("team")
)

func at(t testing.TB, s string) time.Time {
	t.Helper()
	out, err := time.Parse(time.RFC3339Nano, s)
	require.NoError(t, err)
	return out
}

// What a JupyterHub was sent is what this client sends, and its answers are understood (SH-70 … SH-75, SH-80 … SH-132).
func TestRecordedAnswersOfAJupyterHub(t *testing.T) {
	t.Parallel()
	tape := recordings(t)
	running := client.Server{ServerName: home, URL: "/user/sharer/", Ready: true}
	access := []string{"access:servers!server=sharer/"}
	withRead := []string{"access:servers!server=sharer/", "read:servers!server=sharer/"}
	accepted := client.Share{Server: running, Grantee: client.User("shared-with"), Scopes: access, CreatedAt: at(t, "2026-11-21T18:29:00.161351Z")}
	strangers := client.Share{Server: running, Grantee: stranger, Scopes: withRead, CreatedAt: at(t, "2026-11-21T18:29:01.086599Z")}
	teams := client.Share{Server: running, Grantee: team, Scopes: access, CreatedAt: at(t, "2026-11-21T18:29:01.205013Z")}
	owners := client.Share{Server: running, Grantee: client.User("sharer"), Scopes: access, CreatedAt: at(t, "2026-11-21T18:29:01.292382Z")}
	code := func(id, created, expires string) client.Code {
		return client.Code{ID: id, Server: running, Scopes: access, CreatedAt: at(t, created), ExpiresAt: at(t, expires)}
	}
	first := code("sc_1", "2026-11-21T18:28:56.779201Z", "2026-11-22T18:28:56.769499Z")
	second := code("sc_2", "2026-11-21T18:28:59.677886Z", "2026-11-22T18:28:59.673968Z")
	third := code("sc_3", "2026-11-21T18:28:59.709014Z", "2026-11-22T18:28:59.707910Z")
	fourth := code("sc_4", "2026-11-21T18:28:59.737424Z", "2026-11-21T18:29:59.736324Z")
	used := second
	used.Exchanges, used.LastExchangedAt = 2, at(t, "2026-11-21T18:29:00.523210Z")
	const secret = "V2fCgBwgGjX6e0GAkL9F-Ms_Ep379G1IiHHi_FQV6oI"
	made := client.NewCode{Code: second, Secret: secret, AcceptURL: "/hub/accept-share?code=" + secret}
	const short = "7jC2Dqj5WfNyFwfBf9dVyGySfjWn3Q1Xj_WvIM4SAdA"
	odd := client.ServerName{Owner: "we ird@x.org"}
	left := strangers
	left.Scopes = access

	for name, c := range map[string]struct {
		number int
		call   func(context.Context, *client.Client) (any, error)
		want   any
	}{
		"SH-102 a code": {22, func(ctx context.Context, c *client.Client) (any, error) {
			return c.CreateCode(ctx, home, client.CodeRequest{})
		}, made},
		"SH-102 a code for a minute": {24, func(ctx context.Context, c *client.Client) (any, error) {
			return c.CreateCode(ctx, home, client.CodeRequest{Lifetime: time.Minute})
		}, client.NewCode{Code: fourth, Secret: short, AcceptURL: "/hub/accept-share?code=" + short}},
		"SH-101 codes of a server": {25, func(ctx context.Context, c *client.Client) (any, error) {
			return client.Collect(c.Codes(ctx, home))
		}, []client.Code{first, second, third, fourth}},
		"SH-100 codes of an owner": {26, func(ctx context.Context, c *client.Client) (any, error) {
			return client.Collect(c.OwnerCodes(ctx, "sharer"))
		}, []client.Code{first, second, third, fourth}},
		"SH-73 an exchanged code": {52, func(ctx context.Context, c *client.Client) (any, error) {
			return client.Collect(c.Codes(ctx, home))
		}, []client.Code{first, used, third, fourth}},
		"SH-81 shares of a server": {53, func(ctx context.Context, c *client.Client) (any, error) {
			return client.Collect(c.Shares(ctx, home))
		}, []client.Share{accepted}},
		"SH-80 shares of an owner": {54, func(ctx context.Context, c *client.Client) (any, error) {
			return client.Collect(c.OwnerShares(ctx, "sharer"))
		}, []client.Share{accepted}},
		"SH-81 shares with users and groups": {82, func(ctx context.Context, c *client.Client) (any, error) {
			return client.Collect(c.Shares(ctx, home))
		}, []client.Share{accepted, strangers, teams, owners}},
		"SH-120 shared with a user": {83, func(ctx context.Context, c *client.Client) (any, error) {
			return client.Collect(c.SharedWith(ctx, stranger))
		}, []client.Share{strangers, teams}},
		"SH-130 shared with a group": {85, func(ctx context.Context, c *client.Client) (any, error) {
			return client.Collect(c.SharedWith(ctx, team))
		}, []client.Share{teams}},
		"SH-121 one share of a user": {64, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Get(ctx, client.User("shared-with"), home)
		}, accepted},
		"SH-131 one share of a group": {86, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Get(ctx, team, home)
		}, teams},
		"SH-82 a grant": {71, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Grant(ctx, home, stranger)
		}, left},
		"SH-82 a grant of more": {73, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Grant(ctx, home, stranger, home.Scope("read:servers"))
		}, strangers},
		"SH-82 a grant to a group": {74, func(ctx context.Context, c *client.Client) (any, error) {
			return c.Grant(ctx, home, team)
		}, teams},
		"SH-90 revoking a scope": {90, func(ctx context.Context, c *client.Client) (any, error) {
			share, err := c.RevokeScopes(ctx, home, stranger, "read:servers!server=sharer/")
			return *share, err
		}, left},
		"SH-42 revoking a scope without its filter": {90, func(ctx context.Context, c *client.Client) (any, error) {
			share, err := c.RevokeScopes(ctx, home, stranger, "read:servers")
			return *share, err
		}, left},
		"SH-90 revoking all from one": {93, func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.Revoke(ctx, home, stranger)
		}, nil},
		"SH-91 revoking from nobody": {95, func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.Revoke(ctx, home, client.User("ghost"))
		}, nil},
		"SH-132 a group leaves": {99, func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.Leave(ctx, team, home)
		}, nil},
		"SH-122 a user leaves": {101, func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.Leave(ctx, client.User("shared-with"), home)
		}, nil},
		"SH-95 revoking all": {105, func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.RevokeAll(ctx, home)
		}, nil},
		"SH-110 deleting by id": {116, func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.DeleteCode(ctx, home, "sc_3")
		}, nil},
		"SH-110 deleting by secret": {117, func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.DeleteCodeBySecret(ctx, home, secret)
		}, nil},
		"SH-22 deleting an expired one": {243, func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.DeleteCode(ctx, home, "sc_4")
		}, nil},
		"SH-110 deleting all": {244, func(ctx context.Context, c *client.Client) (any, error) {
			return nil, c.DeleteCodes(ctx, home)
		}, nil},
		"SH-171 names that need escaping": {275, func(ctx context.Context, c *client.Client) (any, error) {
			code, err := c.CreateCode(ctx, odd, client.CodeRequest{})
			return code.Server, err
		}, client.Server{ServerName: odd, URL: "/user/we%20ird@x.org/"}},
		"SH-171 such a name in a body": {276, func(ctx context.Context, c *client.Client) (any, error) {
			share, err := c.Grant(ctx, home, client.User(odd.Owner))
			return share.Grantee, err
		}, client.User(odd.Owner)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, tape, c.number)
			got, err := c.call(t.Context(), replay(t, tape[c.number]))
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

// A JupyterHub's refusals can be told apart without their texts (SH-53 … SH-55).
func TestRecordedRefusalsOfAJupyterHub(t *testing.T) {
	t.Parallel()
	tape := recordings(t)
	grant := func(g client.Grantee) func(context.Context, *client.Client) error {
		return func(ctx context.Context, c *client.Client) error { _, err := c.Grant(ctx, home, g); return err }
	}
	create := func(n client.ServerName, r client.CodeRequest) func(context.Context, *client.Client) error {
		return func(ctx context.Context, c *client.Client) error { _, err := c.CreateCode(ctx, n, r); return err }
	}
	for name, c := range map[string]struct {
		number  int
		call    func(context.Context, *client.Client) error
		is      error
		message string
	}{
		"SH-54 a token that is none": {121, create(home, client.CodeRequest{}), client.ErrForbidden, "Missing or invalid credentials."},
		"SH-54 a token that may little": {139, create(home, client.CodeRequest{}), client.ErrForbidden,
			"Action is not authorized with current scopes; requires any of [shares]"},
		"SH-54 somebody else's server": {134, create(home, client.CodeRequest{}), client.ErrNotFound, "No access to resources or resources not found"},
		"SH-55 somebody else's shares": {68, func(ctx context.Context, c *client.Client) error {
			_, err := client.Collect(c.Shares(ctx, home))
			return err
		}, client.ErrNotFound, "No access to resources or resources not found"},
		"SH-56 an owner's list with one server's scope": {145, func(ctx context.Context, c *client.Client) error {
			_, err := client.Collect(c.OwnerCodes(ctx, "sharer"))
			return err
		}, client.ErrNotFound, "No access to resources or resources not found"},
		"SH-80 no such owner": {152, func(ctx context.Context, c *client.Client) error {
			_, err := client.Collect(c.OwnerShares(ctx, "ghost"))
			return err
		}, client.ErrNotFound, "Not Found"},
		"SH-102 no such server": {148, create(nope, client.CodeRequest{}), client.ErrNotFound, "No such server: sharer/nope"},
		"SH-101 codes of no server": {149, func(ctx context.Context, c *client.Client) error {
			_, err := client.Collect(c.Codes(ctx, nope))
			return err
		}, client.ErrNotFound, "No such server: sharer/nope"},
		"SH-95 shares of no server": {107, func(ctx context.Context, c *client.Client) error { return c.RevokeAll(ctx, nope) },
			client.ErrNotFound, "No such server: sharer/nope"},
		"SH-86 a user's name":   {69, grant(stranger), client.ErrForbidden, "Need scope 'read:users:name' to share with users by name"},
		"SH-86 a group's name":  {70, grant(team), client.ErrForbidden, "Need scope 'read:groups:name' to share with groups by name"},
		"SH-87 no such user":    {75, grant(client.User("ghost")), client.ErrBadRequest, "No such user: ghost"},
		"SH-87 no such group":   {76, grant(client.Group("ghosts")), client.ErrBadRequest, "No such group: ghosts"},
		"SH-20 too short":       {154, create(home, client.CodeRequest{Lifetime: 59 * time.Second}), client.ErrBadRequest, "greater than or equal to 60"},
		"SH-20 too long":        {157, create(home, client.CodeRequest{Lifetime: 31536001 * time.Second}), client.ErrBadRequest, "less than or equal to"},
		"SH-35 a wrong filter":  {179, create(home, client.CodeRequest{Scopes: []string{"access:servers!server"}}), client.ErrBadRequest, "!server not allowed"},
		"SH-85 a scope not had": {186, create(home, client.CodeRequest{Scopes: []string{home.Scope("admin:servers")}}), client.ErrForbidden, "Do not have permission"},
		"SH-121 no such share": {65, func(ctx context.Context, c *client.Client) error {
			_, err := c.Get(ctx, client.User("shared-with"), nope)
			return err
		}, client.ErrNotFound, "No such share for user shared-with on sharer/nope"},
		"SH-122 left already": {102, func(ctx context.Context, c *client.Client) error {
			return c.Leave(ctx, client.User("shared-with"), home)
		},
			client.ErrNotFound, "No such share for user shared-with on sharer/"},
		"SH-132 left already": {100, func(ctx context.Context, c *client.Client) error { return c.Leave(ctx, team, home) },
			client.ErrNotFound, "No such share for group team on sharer/"},
		"SH-130 no such group": {87, func(ctx context.Context, c *client.Client) error {
			_, err := client.Collect(c.SharedWith(ctx, client.Group("nogroup")))
			return err
		}, client.ErrNotFound, "No such group: nogroup"},
		"SH-120 no such user": {88, func(ctx context.Context, c *client.Client) error {
			_, err := client.Collect(c.SharedWith(ctx, client.User("nouser")))
			return err
		}, client.ErrNotFound, "No such user: nouser"},
		"SH-110 no such id": {112, func(ctx context.Context, c *client.Client) error { return c.DeleteCode(ctx, home, "sc_99999") },
			client.ErrNotFound, "No code found matching id=sc_99999"},
		"SH-110 no such code": {115, func(ctx context.Context, c *client.Client) error { return c.DeleteCodeBySecret(ctx, home, "wrong") },
			client.ErrNotFound, "No matching code found"},
		"SH-37 an unknown scope there": {183, create(home, client.CodeRequest{Scopes: []string{"nope"}}), nil, "Internal Server Error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, tape, c.number)
			err := c.call(t.Context(), replay(t, tape[c.number]))
			var refused *client.Error
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, tape[c.number].Status, refused.Status)
			assert.Contains(t, refused.Message, c.message)
			for _, kind := range []error{client.ErrBadRequest, client.ErrForbidden, client.ErrNotFound, client.ErrTooManyRequests, client.ErrAnswer, client.ErrInvalid} {
				assert.Equal(t, errors.Is(c.is, kind), errors.Is(err, kind), "%v", kind)
			}
		})
	}
}

// A JupyterHub names the next page by its own address; what counts is the offset (SH-68). Its last page may be without items, since
// expired codes are left out of the page that they are on (SH-69).
func TestRecordedPages(t *testing.T) {
	t.Parallel()
	tape := recordings(t)
	first, last := tape[61], tape[25]
	first.Path, last.Path = "/hub/api/share-codes/sharer/", "/hub/api/share-codes/sharer/?offset=1&limit=1"
	empty := first
	empty.Answer = json.RawMessage(`{"items": [], "_pagination": {"offset": 0, "limit": 1, "total": 4, "next": {"offset": 1, "limit": 1, "url": "x"}}}`)
	for name, c := range map[string]struct {
		pages []recorded
		ids   []string
	}{
		"two pages":                 {[]recorded{first, last}, []string{"sc_1", "sc_1", "sc_2", "sc_3", "sc_4"}},
		"an empty page before more": {[]recorded{empty, last}, []string{"sc_1", "sc_2", "sc_3", "sc_4"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ids []string
			for code, err := range replay(t, c.pages...).Codes(t.Context(), home) {
				require.NoError(t, err)
				ids = append(ids, code.ID)
			}
			assert.Equal(t, c.ids, ids)
		})
	}
}
