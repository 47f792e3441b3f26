package hubsim_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// HB-173: every request is recorded with who asked by what, and without a secret.
func TestRequestsAreRecorded(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	token, err := hub.PageToken(t.Context(), "sharer", "sharer", "")
	require.NoError(t, err)
	hub.ForgetRequests()
	sharer := known(t, hub, "sharer")
	sharer.get("home?token=abcdefgh")
	sharer.get(hub.UserURL("sharer", "") + "api/status")
	call(t, hub, token, http.MethodGet, "/shares/sharer/", "")
	call(t, hub, "no-such-token", http.MethodGet, "/user", "")

	list := hub.Requests(func(r hubsim.Request) bool {
		return r.Path != "/hub/api/user" || r.Credential == "token" && r.Actor == ""
	})
	byPath := map[string]hubsim.Request{}
	for _, r := range list {
		byPath[r.Path] = r
		assert.NotContains(t, r.URL, "abcdefgh")
		assert.NotContains(t, r.Why, token)
	}
	home := byPath["/hub/home"]
	assert.Equal(t, "cookie", home.Credential)
	assert.Equal(t, "sharer", home.Actor)
	assert.Equal(t, "hub", home.Target)
	assert.Equal(t, 200, home.Status)
	assert.Equal(t, "/user/sharer/", byPath["/user/sharer/api/status"].Target)
	shares := byPath["/hub/api/shares/sharer/"]
	assert.Equal(t, "token", shares.Credential)
	assert.NotEmpty(t, shares.TokenID)
	unknown := byPath["/hub/api/user"]
	assert.Equal(t, 403, unknown.Status)
	assert.Contains(t, unknown.Why, "the token is not known")
}

// HB-173: a limit keeps the last ones; none keeps none.
func TestTheRecordIsBounded(t *testing.T) {
	t.Parallel()
	hub, none := hubsim.New(t, hubsim.Config{Record: 3}), hubsim.New(t, hubsim.Config{Record: -1})
	for range 10 {
		stranger(t, hub).get("health")
		stranger(t, none).get("health")
	}
	list := hub.Requests(nil)
	require.Len(t, list, 3)
	require.EqualValues(t, 10, list[2].ID)
	require.Empty(t, none.Requests(nil))
}

// HB-182: a refusal says which scope it took, what there was, and what was lost lately; the client learns no more than before.
func TestRefusalsAreExplained(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	made, err := hub.Seed(t.Context(), hubsim.Seed{Users: []hubsim.User{{Name: "sharer", Tokens: []hubsim.Token{{Scopes: []string{"read:users:name!user"}}}}},
		Shares: []hubsim.Share{{Owner: "sharer", User: "shared-with"}}})
	require.NoError(t, err)
	why := func() string {
		list := hub.Requests(nil)
		return list[len(list)-1].Why
	}
	_, body := call(t, hub, made.Tokens[0].Token.Reveal(), http.MethodGet, "/shares/sharer/", "")
	require.Contains(t, why(), "requires any of [read:shares]; token a1 of sharer has read:users:groups!user=sharer, read:users:name!user=sharer")
	require.NotContains(t, body["message"], "sharer has")

	token, err := hub.Token("sharer")
	require.NoError(t, err)
	status, _ := call(t, hub, token, http.MethodGet, "/shares/shared-with/", "")
	require.Equal(t, 404, status)
	require.Contains(t, why(), "has it for other things: read:shares!user=sharer")

	require.NoError(t, hub.RevokeShare(t.Context(), hubsim.Share{Owner: "sharer", User: "shared-with"}))
	guest := known(t, hub, "shared-with")
	require.Equal(t, 404, guest.get("user/sharer/").status)
	require.Contains(t, why(), "share.revoke by sharer on sharer/")
}

// HB-167: waiting for a request finds one that was there and one that comes.
func TestWaitingForARequest(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	login := func(r hubsim.Request) bool { return strings.HasSuffix(r.Path, "/login") }
	got := make(chan hubsim.Request, 1)
	go func() {
		r, _ := hub.WaitRequest(t.Context(), login)
		got <- r
	}()
	stranger(t, hub).get("login")
	require.Equal(t, 200, (<-got).Status)
	r, err := hub.WaitRequest(t.Context(), login)
	require.NoError(t, err)
	require.Equal(t, http.MethodGet, r.Method)
}

// HB-182: of a token that was known the log says whose it was, and who ended it when; of one that never was, no more than that.
func TestDeadTokensAreExplained(t *testing.T) {
	t.Parallel()
	clock := hubsim.NewFakeClock(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	hub := hubsim.New(t, hubsim.Config{Clock: clock, Users: []hubsim.User{{Name: "ann"}, {Name: "root", Admin: true}}})
	token := func(user string) string {
		secret, err := hub.Token(user)
		require.NoError(t, err)
		status, _ := call(t, hub, secret, http.MethodGet, "/user", "")
		require.Equal(t, 200, status)
		return secret
	}
	why := func(secret string) string {
		status, body := call(t, hub, secret, http.MethodGet, "/user", "")
		require.Equal(t, 403, status)
		require.Equal(t, "Forbidden", body["message"], "the client learns nothing of it")
		list := hub.Requests(nil)
		return list[len(list)-1].Why
	}
	root, deleted, revoked := token("root"), token("ann"), token("ann")
	status, _ := call(t, hub, root, http.MethodDelete, "/users/ann/tokens/a2", "")
	require.Equal(t, 204, status)
	require.Equal(t, "Forbidden; it was token a2 of ann, revoked by root at 2026-01-02T03:04:05Z", why(deleted))
	clock.Advance(time.Minute)
	require.NoError(t, hub.RevokeToken(t.Context(), "a3"))
	require.Equal(t, "Forbidden; it was token a3 of ann, revoked by a test at 2026-01-02T03:05:05Z", why(revoked))
	made, err := hub.Seed(t.Context(), hubsim.Seed{Users: []hubsim.User{{Name: "ann", Tokens: []hubsim.Token{{ExpiresIn: time.Hour}}}}})
	require.NoError(t, err)
	short := made.Tokens[0].Token.Reveal()
	status, _ = call(t, hub, short, http.MethodGet, "/user", "")
	require.Equal(t, 200, status)
	clock.Advance(2 * time.Hour)
	require.Equal(t, "Forbidden; it was token a4 of ann, used last at 2026-01-02T03:05:05Z: it has expired since, or ended with what it was issued for", why(short))
	require.Equal(t, "Forbidden; the token is not known: it never was, has expired, or was revoked", why("no-such-token"))
}
