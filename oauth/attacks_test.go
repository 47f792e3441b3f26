package oauth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
	"github.com/hubshare/hubshare/scopes"
)

// Attacks that need no HTTP; the others are in httpapi and hubauth.

// What a thief of the database has is good for nothing: no code, token or secret is in it, nor anything that they could be computed from.
func TestAttackReadingTheDatabase(t *testing.T) { // OA-S20, OA-55, OA-61, OA-7
	t.Parallel()
	f := newFaultyHub(t)
	_, api, err := f.IssueToken(t.Context(), oauth.TokenOrder{Owner: f.alice, Secret: "chosen-by-an-operator"})
	require.NoError(t, err)
	dump := f.faults.Dump(t)
	for _, s := range []string{secret, f.code, f.spent, f.token, api.Reveal(), verifier} {
		assert.NotContains(t, dump, s)
		assert.NotContains(t, dump, s[4:], "four characters are the index")
	}
	assert.Contains(t, dump, "sha512:16384:", "a chosen secret is hashed slowly")
	for _, stored := range strings.Fields(dump) {
		stored = strings.Trim(stored, "{}[]")
		if len(stored) < 20 {
			continue
		}
		_, err := f.Exchange(t.Context(), form(stored))
		require.Error(t, err, "a stored hash is no code")
		_, err = f.Authenticate(t.Context(), stored)
		require.ErrorIs(t, err, oauth.ErrNoToken, "nor a token")
		_, err = f.Exchange(t.Context(), form(f.code, "client_secret", stored, "code_verifier", verifier))
		require.Error(t, err, "nor a secret")
	}
}

// Consent that was given by somebody else, to something else, for less, or too long ago, is none.
func TestAttackPassingForAgreed(t *testing.T) { // OA-S15, OA-34
	t.Parallel()
	asked := func(h *hub, who oauth.OwnerRef, q string) bool {
		d, err := h.ask(t, who, q)
		require.NoError(t, err)
		return d.Consent != nil
	}
	h := newHub(t)
	h.host.Put(testhost.Person{Kind: oauth.KindUser, Name: "carol", Roles: []string{"self"}, Shares: []string{"access:servers!server=alice/", "access:servers!server=bob/"}})
	other := server()
	other.ID, other.For.Server, other.LinkID = oauth.ServerClientID("bob", ""), "bob/", "s2"
	require.NoError(t, h.PutClient(t.Context(), other))
	h.token(t, h.bob)
	assert.True(t, asked(h, h.carol, query()), "another user's")
	h.token(t, h.carol)
	assert.False(t, asked(h, h.carol, query()))
	assert.True(t, asked(h, h.carol, query("client_id", other.ID)), "another client's")
	d, err := h.ask(t, h.carol, query("client_id", other.ID))
	require.NoError(t, err)
	for _, raw := range [][]string{nil, scopes.Strings(d.Consent.Scopes)} {
		_, _, err = h.IssueToken(t.Context(), oauth.TokenOrder{Owner: h.carol, Scopes: raw})
		require.NoError(t, err)
		assert.True(t, asked(h, h.carol, query("client_id", other.ID)), "an API token, whatever it can do, agrees to nothing")
	}
	h.pass(15 * 24 * time.Hour)
	assert.True(t, asked(h, h.carol, query()), "an expired one, purged or not")
	assert.False(t, asked(h, h.alice, query()), "the owner is not asked")
}

// Whose server it is is asked of the host by the server that the client was registered for, never read from its id (OA-13).
func TestAttackWithIDsThatCoincide(t *testing.T) { // OA-S16, OA-S13, OA-13
	t.Parallel()
	h := newHub(t)
	h.host.User("a", "self")
	h.host.User("a-b", "self")
	first := oauth.Registration{
		ID: oauth.ServerClientID("a", "b"), Secret: "the secret of the first", RedirectURI: "/user/a/b/oauth_callback", For: scopes.Client{Server: "a/b"}, LinkID: "1",
	}
	second := oauth.Registration{
		ID: oauth.ServerClientID("a-b", ""), Secret: "the secret of the second", RedirectURI: "/user/a-b/oauth_callback", For: scopes.Client{Server: "a-b/"}, LinkID: "2",
	}
	require.Equal(t, first.ID, second.ID)
	require.NoError(t, h.PutClient(t.Context(), first))
	require.ErrorIs(t, h.PutClient(t.Context(), second), oauth.ErrClientTaken)
	c, err := h.store.Client(t.Context(), first.ID)
	require.NoError(t, err)
	assert.Equal(t, first.RedirectURI, c.RedirectURI)
	assert.Equal(t, first.For, c.For)
	_, err = h.Exchange(t.Context(), form("x", "client_id", first.ID, "client_secret", second.Secret.Reveal()))
	refused(t, err, oauth.InvalidClient, "")
	taken := service("a", "/services/a/oauth_callback")
	taken.ID, taken.LinkID = "service-taken", "3"
	require.NoError(t, h.PutClient(t.Context(), taken))
	taken.LinkID = "a service made while the hub runs"
	require.ErrorIs(t, h.PutClient(t.Context(), taken), oauth.ErrClientTaken)
	require.NoError(t, h.RemoveClient(t.Context(), first.ID))
	require.NoError(t, h.PutClient(t.Context(), second), "once the first is gone the id is free")
}

// A user without a name, a token without an owner, a code for a service: what no honest caller asks for.
func TestAttackWithTheWrongKindOfOwner(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	cron := h.host.Put(testhost.Person{Kind: oauth.KindService, Name: "cron", Roles: []string{"access:servers"}})
	for _, who := range []oauth.OwnerRef{cron, {}, {Kind: "group", ID: "g"}, {Kind: oauth.KindUser, ID: "id-ghost"}} {
		d, err := h.ask(t, who, query())
		refused(t, err, oauth.AccessDenied, "")
		assert.Zero(t, d)
		_, err = h.Approve(t.Context(), oauth.AuthorizeRequest{User: who, SessionID: "s", Query: query()}, nil)
		refused(t, err, oauth.AccessDenied, "")
	}
}

func FuzzTokenExchange(f *testing.F) { // OA-62
	h := newHub(f)
	for _, seed := range []string{"", "a", secret, strings.Repeat("é", 300), "\x00", "%", "🔑"} {
		f.Add(seed, seed, seed, seed, seed)
	}
	f.Add("authorization_code", serverID, secret, "x", verifier)
	f.Fuzz(func(t *testing.T, grant, client, password, code, verifier string) {
		g, err := h.Exchange(t.Context(), map[string][]string{
			"grant_type": {grant}, "client_id": {client}, "client_secret": {password}, "code": {code}, "code_verifier": {verifier},
		})
		var refusal *oauth.Error
		require.ErrorAs(t, err, &refusal)
		assert.Zero(t, g)
	})
}
