package client_test

import (
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/client"
	"github.com/hubshare/hubshare/sharing/httpapi"
)

// read reads a list to its end, which there has to be.
func read[T any](t testing.TB, list iter.Seq2[T, error]) []T {
	t.Helper()
	items, err := client.Collect(list)
	require.NoError(t, err)
	return items
}

// names are those of the users and groups of shares, in order.
func names(shares []client.Share) (out []string) {
	for _, s := range shares {
		out = append(out, s.Grantee.String())
	}
	return out
}

// Access that ends by itself, to one and to several.
func TestGrantsThatEnd(t *testing.T) {
	t.Parallel()
	ctx, x := t.Context(), newWorld(t, "/base/")
	admin := x.as(t, "admin")

	share, err := admin.GrantFor(ctx, home, stranger, client.Terms{Lifetime: time.Hour})
	require.NoError(t, err)
	access := []string{"access:servers!server=sharer/"}
	assert.Equal(t, now.Add(time.Hour), share.ExpiresAt)
	assert.Equal(t, []client.Grant{{Scopes: access, GrantedAt: now, ExpiresAt: now.Add(time.Hour)}}, share.Grants)

	guests := []client.Grantee{client.User("shared-with"), team}
	shares, err := admin.GrantMany(ctx, home, client.BulkRequest{
		Grantees: []client.Grantee{team, guests[0], team}, Scopes: []string{"read:servers"}, Terms: client.Terms{Session: true},
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"user:shared-with", "group:team"}, names(shares))
	assert.True(t, shares[1].Grants[0].Session)
	assert.Equal(t, []string{"read:servers!server=sharer/"}, shares[1].Scopes)
	assert.True(t, shares[1].ExpiresAt.IsZero(), "it does not end by the clock")

	// What is for longer stays.
	share, err = admin.Grant(ctx, home, stranger)
	require.NoError(t, err)
	assert.True(t, share.ExpiresAt.IsZero())
	share, err = admin.GrantFor(ctx, home, stranger, client.Terms{Lifetime: time.Minute})
	require.NoError(t, err)
	assert.True(t, share.ExpiresAt.IsZero())

	before := read(t, admin.Shares(ctx, home))
	_, err = admin.GrantMany(ctx, home, client.BulkRequest{Grantees: []client.Grantee{client.User("sharer"), client.User("ghost")}})
	require.ErrorIs(t, err, client.ErrBadRequest)
	assert.NotErrorIs(t, err, client.ErrNoExtensions)
	_, err = admin.GrantFor(ctx, home, stranger, client.Terms{Lifetime: 59 * time.Second})
	require.ErrorIs(t, err, client.ErrBadRequest)
	assert.NotErrorIs(t, err, client.ErrNoExtensions)
	assert.Equal(t, before, read(t, admin.Shares(ctx, home)), "all or none")

	require.NoError(t, x.hub.Stop(ctx, x.hub.Server("sharer", "")))
	assert.Equal(t, []string{"user:stranger"}, names(read(t, admin.Shares(ctx, home))))
}

// A code with everything that one can have, from its making to the end of what it gave.
func TestACodeWithLimitsAndItsAccess(t *testing.T) {
	t.Parallel()
	ctx, x := t.Context(), newWorld(t, "/")
	admin, sharer := x.as(t, "admin"), x.as(t, "sharer")
	x.hub.AddUser("ann@example.org", "self")
	limits := client.CodeLimits{
		MaxUses: 2, For: []client.Grantee{stranger, team}, Domain: "example.org", Note: "for <b>the</b> \"team\", &c.",
		Terms: client.Terms{Lifetime: 8 * time.Hour, Session: true},
	}
	code, err := admin.CreateCode(ctx, home, client.CodeRequest{Lifetime: time.Hour, Limits: limits})
	require.NoError(t, err)
	assert.Equal(t, limits, code.Limits)
	for _, list := range [][]client.Code{
		read(t, sharer.Codes(ctx, home)), read(t, sharer.MyCodes(ctx)),
	} {
		assert.Equal(t, []client.Code{code.Code}, list)
	}

	presented := sharing.Presented(code.Secret.Reveal())
	_, err = x.service.Exchange(ctx, x.hub.Caller(ctx, "shared-with"), presented)
	require.ErrorIs(t, err, sharing.ErrNotForVisitor)
	x.accept(t, "ann@example.org", code.Secret)
	x.accept(t, "stranger", code.Secret)
	_, err = admin.Grant(ctx, home, stranger)
	require.NoError(t, err)
	_, err = admin.Grant(ctx, home, client.User("shared-with"))
	require.NoError(t, err)

	came := read(t, sharer.SharesByCode(ctx, home, code.ID))
	assert.Equal(t, []string{"user:ann@example.org", "user:stranger"}, names(came))
	anns := client.Grant{Scopes: code.Scopes, CodeID: code.ID, GrantedAt: now, ExpiresAt: now.Add(8 * time.Hour), Session: true}
	assert.Equal(t, []client.Grant{anns}, came[0].Grants)
	assert.Len(t, came[1].Grants, 2)
	assert.Empty(t, read(t, sharer.SharesByCode(ctx, home, "sc_99")))

	require.NoError(t, sharer.RevokeCode(ctx, home, code.ID))
	left := read(t, sharer.Shares(ctx, home))
	assert.Equal(t, []string{"user:stranger", "user:shared-with"}, names(left), "what was granted besides stays")
	assert.Empty(t, read(t, sharer.Codes(ctx, home)))
	err = sharer.RevokeCode(ctx, home, "sc_99")
	require.ErrorIs(t, err, client.ErrNotFound)
	assert.NotErrorIs(t, err, client.ErrNoExtensions)
}

// All ways to delete a code take its access along when asked to, and leave it otherwise (SH-113).
func TestDeletingWithAndWithoutTheAccess(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  func(*client.Client, client.NewCode) error
		left int
	}{
		"revoked by id": {func(c *client.Client, code client.NewCode) error { return c.RevokeCode(t.Context(), home, code.ID) }, 1},
		"revoked by secret": {func(c *client.Client, code client.NewCode) error {
			return c.RevokeCodeBySecret(t.Context(), home, code.Secret)
		}, 1},
		"all revoked":   {func(c *client.Client, _ client.NewCode) error { return c.RevokeCodes(t.Context(), home) }, 0},
		"deleted by id": {func(c *client.Client, code client.NewCode) error { return c.DeleteCode(t.Context(), home, code.ID) }, 2},
		"deleted by secret": {func(c *client.Client, code client.NewCode) error {
			return c.DeleteCodeBySecret(t.Context(), home, code.Secret)
		}, 2},
		"all deleted": {func(c *client.Client, _ client.NewCode) error { return c.DeleteCodes(t.Context(), home) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newWorld(t, "/")
			sharer := x.as(t, "sharer")
			var last client.NewCode
			for _, guest := range []string{"stranger", "shared-with"} {
				code, err := sharer.CreateCode(t.Context(), home, client.CodeRequest{})
				require.NoError(t, err)
				x.accept(t, guest, code.Secret)
				last = code
			}
			require.NoError(t, c.end(sharer, last))
			assert.Len(t, read(t, sharer.Shares(t.Context(), home)), c.left)
		})
	}
}

// What somebody shares of all servers is read page by page; who owns no servers is refused, and a token for one server may not have the
// list, which is no reason to think that the hub has none.
func TestEverythingThatIShare(t *testing.T) {
	t.Parallel()
	ctx, x := t.Context(), newWorld(t, "/")
	x.hub.AddServer("sharer", "lab")
	lab := client.ServerName{Owner: "sharer", Name: "lab"}
	admin, sharer := x.as(t, "admin"), x.as(t, "sharer")
	for _, n := range []client.ServerName{home, lab} {
		_, err := admin.GrantMany(ctx, n, client.BulkRequest{Grantees: []client.Grantee{stranger, client.User("shared-with"), team}})
		require.NoError(t, err)
		for range 2 {
			_, err := sharer.CreateCode(ctx, n, client.CodeRequest{})
			require.NoError(t, err)
		}
	}
	shares := read(t, sharer.MyShares(ctx))
	assert.Len(t, shares, 6)
	assert.Equal(t, read(t, sharer.OwnerShares(ctx, "sharer")), shares)
	assert.Len(t, read(t, sharer.MyCodes(ctx)), 4)
	assert.Empty(t, read(t, admin.MyShares(ctx)))

	x.hub.AddToken("narrow-token", "sharer", "shares!server=sharer/")
	x.hub.AddToken("weak-token", "sharer", "users:shares!user")
	x.hub.AddService("bot", "shares")
	for user, is := range map[string]error{
		"narrow": client.ErrNotFound, "weak": client.ErrForbidden, "bot": client.ErrForbidden, "nobody": client.ErrForbidden,
	} {
		_, shares := client.Collect(x.as(t, user).MyShares(ctx))
		_, codes := client.Collect(x.as(t, user).MyCodes(ctx))
		for _, err := range []error{shares, codes} {
			require.ErrorIs(t, err, is, user)
			assert.NotErrorIs(t, err, client.ErrNoExtensions, user)
		}
	}
	require.NoError(t, x.as(t, "narrow").RevokeCodes(ctx, home), "what is about this server needs no more")
	require.ErrorIs(t, x.as(t, "narrow").RevokeCodes(ctx, lab), client.ErrNotFound)
}

// A hub whose extensions are off is found out as a JupyterHub is, and nothing is different afterwards.
func TestAHubWithExtensionsOffIsFoundOut(t *testing.T) {
	t.Parallel()
	ctx, x := t.Context(), newWorldOf(t, httpapi.Config{BaseURL: "/", StockOnly: true})
	admin := x.as(t, "admin")
	code, err := admin.CreateCode(ctx, home, client.CodeRequest{})
	require.NoError(t, err)
	x.accept(t, "stranger", code.Secret)
	share, err := admin.Grant(ctx, home, team)
	require.NoError(t, err)
	assert.Nil(t, share.Grants)
	known, err := admin.Extended(ctx, home)
	require.NoError(t, err)
	assert.False(t, known)
	state := func() ([]client.Share, []client.Code) {
		return read(t, admin.Shares(ctx, home)), read(t, admin.Codes(ctx, home))
	}
	shares, codes := state()
	require.Len(t, shares, 2)
	require.Equal(t, []client.Code{{
		ID: "sc_1", Server: code.Server, Scopes: code.Scopes, CreatedAt: now, ExpiresAt: now.Add(24 * time.Hour), Exchanges: 1, LastExchangedAt: now,
	}}, codes)

	_, many := admin.GrantMany(ctx, home, client.BulkRequest{Grantees: []client.Grantee{client.User("shared-with")}})
	_, ends := admin.GrantFor(ctx, home, client.User("shared-with"), client.Terms{Lifetime: time.Hour})
	_, byCode := client.Collect(admin.SharesByCode(ctx, home, code.ID))
	_, myShares := client.Collect(admin.MyShares(ctx))
	_, myCodes := client.Collect(admin.MyCodes(ctx))
	refused := map[string]error{
		"GrantMany": many, "GrantFor": ends, "SharesByCode": byCode, "MyShares": myShares, "MyCodes": myCodes,
		"RevokeCode": admin.RevokeCode(ctx, home, code.ID), "RevokeCodeBySecret": admin.RevokeCodeBySecret(ctx, home, code.Secret),
		"RevokeCodes": admin.RevokeCodes(ctx, home),
	}
	for name, limits := range map[string]client.CodeLimits{
		"uses": {MaxUses: 1}, "guests": {For: []client.Grantee{team}}, "domain": {Domain: "example.org"}, "note": {Note: "x"},
		"end": {Terms: client.Terms{Lifetime: time.Hour}}, "session": {Terms: client.Terms{Session: true}},
	} {
		_, refused["CreateCode with "+name] = admin.CreateCode(ctx, home, client.CodeRequest{Limits: limits})
	}
	for name, err := range refused {
		require.ErrorIs(t, err, client.ErrNoExtensions, name)
	}
	after, codesAfter := state()
	assert.Equal(t, shares, after)
	assert.Equal(t, codes, codesAfter)
}

// Who may not look is told so, which says nothing about the hub.
func TestRefusedQuestionsAboutExtensions(t *testing.T) {
	t.Parallel()
	x := newWorld(t, "/")
	_, err := x.as(t, "sharer").Extended(t.Context(), client.ServerName{Owner: "stranger"})
	require.ErrorIs(t, err, client.ErrNotFound)
	_, err = x.as(t, "nobody").Extended(t.Context(), home)
	require.ErrorIs(t, err, client.ErrForbidden)
	known, err := x.as(t, "sharer").Extended(t.Context(), home)
	require.NoError(t, err)
	assert.True(t, known)
}

// A quota of the hub's comes as one error that says when it ends.
func TestAQuotaSaysWhenItEnds(t *testing.T) {
	t.Parallel()
	ctx, x := t.Context(), newWorld(t, "/")
	x.service.Quotas = sharing.Quotas{Creations: sharing.Quota{N: 2, Per: time.Minute}}
	sharer := x.as(t, "sharer")
	for range 2 {
		_, err := sharer.CreateCode(ctx, home, client.CodeRequest{})
		require.NoError(t, err)
	}
	_, err := sharer.CreateCode(ctx, home, client.CodeRequest{})
	require.ErrorIs(t, err, client.ErrTooManyRequests)
	var refused *client.Error
	require.ErrorAs(t, err, &refused)
	assert.Positive(t, refused.RetryAfter)
	assert.LessOrEqual(t, refused.RetryAfter, time.Minute)
	assert.Len(t, read(t, sharer.MyCodes(ctx)), 2)
}
