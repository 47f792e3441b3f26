package client_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing/client"
)

// From the link to its end, on a hub that listens below a base path.
func TestSharingFromLinkToRevocation(t *testing.T) {
	t.Parallel()
	ctx, x := t.Context(), newWorld(t, "/base/")
	sharer, guest := x.as(t, "sharer"), x.as(t, "shared-with")

	code, err := sharer.CreateCode(ctx, home, client.CodeRequest{Lifetime: time.Hour, Scopes: []string{"access:servers", "read:servers"}})
	require.NoError(t, err)
	assert.Len(t, code.Secret.Reveal(), 43, "SH-10")
	assert.Equal(t, "/base/hub/accept-share?code="+code.Secret.Reveal(), code.AcceptURL.Reveal(), "SH-74")
	assert.Equal(t, "https://hub.example.org"+code.AcceptURL.Reveal(), code.FullAcceptURL.Reveal(), "SH-74")
	assert.Equal(t, time.Hour, code.ExpiresAt.Sub(code.CreatedAt), "SH-20")
	assert.Equal(t, []string{"access:servers!server=sharer/", "read:servers!server=sharer/"}, code.Scopes)
	assert.True(t, code.LastExchangedAt.IsZero())

	x.accept(t, "shared-with", code.Secret)
	codes, err := client.Collect(sharer.Codes(ctx, home))
	require.NoError(t, err)
	require.Len(t, codes, 1)
	assert.Equal(t, 1, codes[0].Exchanges, "SH-44")
	assert.Equal(t, time.UTC, codes[0].LastExchangedAt.Location())

	mine, err := client.Collect(guest.SharedWith(ctx, client.User("shared-with")))
	require.NoError(t, err)
	listed, err := client.Collect(sharer.Shares(ctx, home))
	require.NoError(t, err)
	assert.Equal(t, listed, mine)
	require.Len(t, mine, 1)
	got, err := guest.Get(ctx, client.User("shared-with"), mine[0].Server.ServerName)
	require.NoError(t, err)
	assert.Equal(t, mine[0], got)

	left, err := sharer.RevokeScopes(ctx, home, client.User("shared-with"), "read:servers")
	require.NoError(t, err)
	require.NotNil(t, left)
	assert.Equal(t, []string{"access:servers!server=sharer/"}, left.Scopes)
	left, err = sharer.RevokeScopes(ctx, home, client.User("shared-with"), "access:servers")
	require.NoError(t, err)
	assert.Nil(t, left, "SH-91")

	x.accept(t, "shared-with", code.Secret)
	require.NoError(t, guest.Leave(ctx, client.User("shared-with"), home))
	require.ErrorIs(t, guest.Leave(ctx, client.User("shared-with"), home), client.ErrNotFound, "SH-122")

	require.NoError(t, sharer.DeleteCodeBySecret(ctx, home, code.Secret))
	require.ErrorIs(t, sharer.DeleteCode(ctx, home, code.ID), client.ErrNotFound)
	require.NoError(t, sharer.DeleteCodes(ctx, home), "SH-110: none is no mistake")
}

// Naming whom to share with, which needs more rights (SH-82 … SH-95, SH-130 … SH-132).
func TestGrantsByName(t *testing.T) {
	t.Parallel()
	ctx, x := t.Context(), newWorld(t, "/")
	admin := x.as(t, "admin")
	_, err := x.as(t, "sharer").Grant(ctx, home, stranger)
	require.ErrorIs(t, err, client.ErrForbidden, "SH-86")

	_, err = admin.Grant(ctx, home, stranger)
	require.NoError(t, err)
	share, err := admin.Grant(ctx, home, stranger, "read:servers")
	require.NoError(t, err)
	assert.Equal(t, []string{"access:servers!server=sharer/", "read:servers!server=sharer/"}, share.Scopes, "SH-40")
	share, err = admin.Grant(ctx, home, team)
	require.NoError(t, err)
	assert.Equal(t, team, share.Grantee)

	all, err := client.Collect(x.as(t, "stranger").SharedWith(ctx, stranger))
	require.NoError(t, err)
	assert.Len(t, all, 2, "SH-120: what the group has counts")
	require.NoError(t, admin.Leave(ctx, team, home), "SH-132")
	require.NoError(t, admin.Revoke(ctx, home, stranger))
	require.NoError(t, admin.Revoke(ctx, home, stranger), "SH-91: again is no mistake")
	_, err = admin.Get(ctx, stranger, home)
	require.ErrorIs(t, err, client.ErrNotFound)

	_, err = admin.Grant(ctx, home, stranger)
	require.NoError(t, err)
	require.NoError(t, admin.RevokeAll(ctx, home), "SH-95")
	all, err = client.Collect(admin.Shares(ctx, home))
	require.NoError(t, err)
	assert.Empty(t, all, "SH-75")
}

// Pages add up to the list, also for a reader who stops early, and each page is asked for only when it is needed (SH-68).
func TestListsAreReadPageByPage(t *testing.T) {
	t.Parallel()
	x := newWorld(t, "/")
	sharer := x.as(t, "sharer")
	for range 5 {
		_, err := sharer.CreateCode(t.Context(), home, client.CodeRequest{})
		require.NoError(t, err)
	}
	asked := 0
	counting, err := client.New(client.Config{APIURL: x.URL + "/hub/api", Token: "sharer-token", HTTPClient: &http.Client{
		Transport: transport(func(r *http.Request) (*http.Response, error) {
			asked++
			return x.Server.Client().Transport.RoundTrip(r)
		}),
	}})
	require.NoError(t, err)
	for read, requests := range map[int]int{1: 1, 2: 1, 3: 2, 5: 3, 99: 3} {
		asked = 0
		var ids []string
		for code, err := range counting.OwnerCodes(t.Context(), "sharer") {
			require.NoError(t, err)
			ids = append(ids, code.ID)
			if len(ids) == read {
				break
			}
		}
		assert.Equal(t, []string{"sc_1", "sc_2", "sc_3", "sc_4", "sc_5"}[:min(read, 5)], ids)
		assert.Equal(t, requests, asked, "to read %d", read)
	}
}

// A list that is asked for again starts from its beginning.
func TestAListCanBeReadTwice(t *testing.T) {
	t.Parallel()
	x := newWorld(t, "/")
	sharer := x.as(t, "sharer")
	list := sharer.Codes(t.Context(), home)
	for n := range 3 {
		codes, err := client.Collect(list)
		require.NoError(t, err)
		assert.Len(t, codes, n)
		_, err = sharer.CreateCode(t.Context(), home, client.CodeRequest{})
		require.NoError(t, err)
	}
}

// Names arrive as they are, whatever is in them, and the default server is not its owner (SH-80, SH-170 … SH-174).
func TestNamesSurviveTheWay(t *testing.T) {
	t.Parallel()
	x := newWorld(t, "/")
	for i, name := range []string{
		"alice", "jané doe@x.org", "a/b", "a%2Fb", "100%", "a+b c", "a?b#c", "a&b=c;d", "...", "~me", "a:b", `a\b`, "名前", "<b>\"", "a\nb",
	} {
		t.Run("name "+strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			x.hub.AddUser(name, "self", "shares!user")
			x.hub.AddServer(name, name)
			x.hub.AddGroup(name)
			admin := x.as(t, "admin")
			for _, n := range []client.ServerName{{Owner: name}, {Owner: name, Name: name}} {
				code, err := admin.CreateCode(t.Context(), n, client.CodeRequest{})
				require.NoError(t, err)
				assert.Equal(t, n, code.Server.ServerName)
				assert.Equal(t, []string{n.Scope("access:servers")}, code.Scopes)
				for _, g := range []client.Grantee{client.User(name), client.Group(name)} {
					_, err = admin.Grant(t.Context(), n, g)
					require.NoError(t, err)
					share, err := admin.Get(t.Context(), g, n)
					require.NoError(t, err)
					assert.Equal(t, g, share.Grantee)
					assert.Equal(t, n, share.Server.ServerName)
				}
			}
			shares, err := client.Collect(admin.Shares(t.Context(), client.ServerName{Owner: name}))
			require.NoError(t, err)
			assert.Len(t, shares, 2)
			shares, err = client.Collect(admin.OwnerShares(t.Context(), name))
			require.NoError(t, err)
			assert.Len(t, shares, 4)
		})
	}
}

// A call ends with its context, and says so.
func TestACallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	arrived := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}))
	t.Cleanup(slow.Close)
	c, err := client.New(client.Config{APIURL: slow.URL, Token: "t", HTTPClient: slow.Client()})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- c.RevokeAll(ctx, home) }()
	<-arrived
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)
}
