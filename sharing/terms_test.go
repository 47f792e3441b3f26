package sharing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

func (f *fixture) grantOn(t *testing.T, g sharing.GranteeName, terms sharing.Terms, list ...string) sharing.Share {
	t.Helper()
	share, err := f.Grant(t.Context(), f.as(t, "admin"), sharing.GrantRequest{Server: home, Grantee: g, Scopes: list, Terms: terms})
	require.NoError(t, err)
	return share
}

func (f *fixture) held(t *testing.T, user string) (list []string, until time.Time) {
	t.Helper()
	held, until, err := f.SharedScopes(t.Context(), f.as(t, user).ID)
	require.NoError(t, err)
	return scopes.Strings(held), until
}

// TestAccessEndsByItself: a share may be granted with an end, which SH-201 finds missing. It is over at that very instant (SH-21).
func TestAccessEndsByItself(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	admin := f.as(t, "admin")
	end := start.Add(time.Hour)
	share := f.grantOn(t, toUser("carol"), sharing.Terms{Lifetime: time.Hour})
	assert.Equal(t, end, share.ExpiresAt)
	assert.Equal(t, []sharing.Grant{{
		Scopes: share.Scopes, ActorID: admin.ID, GrantedAt: start, Ends: sharing.Ends{ExpiresAt: end},
	}}, share.Grants)
	list, until := f.held(t, "carol")
	assert.Equal(t, []string{"access:servers!server=alice/"}, list)
	assert.Equal(t, end, until, "whoever remembers that has to ask again then")

	f.advance(time.Hour - time.Microsecond)
	again, err := f.Get(t.Context(), f.as(t, "carol"), toUser("carol"), home)
	require.NoError(t, err)
	assert.Equal(t, share, again)
	f.advance(time.Microsecond)
	_, err = f.Get(t.Context(), f.as(t, "carol"), toUser("carol"), home)
	require.ErrorIs(t, err, sharing.ErrNoSuchShare)
	list, until = f.held(t, "carol")
	assert.Empty(t, list)
	assert.Zero(t, until)
	require.ErrorIs(t, f.Leave(t.Context(), f.as(t, "carol"), toUser("carol"), home), sharing.ErrNoSuchShare)
	p, err := f.PurgeExpired(t.Context())
	require.NoError(t, err)
	assert.Equal(t, sharing.Purged{Shares: 1}, p)
}

// TestWhenAShareEnds: with the last of its grants, and only if each has an end.
func TestWhenAShareEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	hour := sharing.Terms{Lifetime: time.Hour}
	assert.Equal(t, start.Add(time.Hour), f.grantOn(t, toUser("carol"), hour).ExpiresAt)
	assert.Equal(t, start.Add(2*time.Hour), f.grantOn(t, toUser("carol"), sharing.Terms{Lifetime: 2 * time.Hour}, "read:servers").ExpiresAt)
	assert.Equal(t, start.Add(2*time.Hour), f.grantOn(t, toUser("carol"), sharing.Terms{Lifetime: time.Minute}, "servers").ExpiresAt)
	share := f.grantOn(t, toUser("carol"), sharing.Terms{Session: true}, "read:servers")
	assert.Zero(t, share.ExpiresAt, "a session has no end by the clock")
	assert.Len(t, share.Grants, 4)
	share = f.grantOn(t, toUser("carol"), hour)
	assert.Len(t, share.Grants, 4, "the same again is nothing new")
	assert.Equal(t, 2*time.Hour, f.grantOn(t, toGroup("team"), sharing.Terms{Lifetime: 2 * time.Hour, Session: true}).ExpiresAt.Sub(start))
}

// TestGrantsDoNotShorten is SH-40: what is granted never takes away.
func TestGrantsDoNotShorten(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.grantOn(t, toUser("carol"), sharing.Terms{})
	f.told()
	share := f.grantOn(t, toUser("carol"), sharing.Terms{Lifetime: time.Hour})
	assert.Zero(t, share.ExpiresAt)
	assert.Empty(t, f.told())
	f.grantOn(t, toUser("bob"), sharing.Terms{Lifetime: time.Hour})
	f.advance(time.Minute)
	assert.Equal(t, start.Add(61*time.Minute), f.grantOn(t, toUser("bob"), sharing.Terms{Lifetime: time.Hour}).ExpiresAt, "anew from now")
	assert.Len(t, f.told(), 2)
}

// TestForHowLong: the lengths that are allowed are those of codes (SH-20), and every request that can have one is checked.
func TestForHowLong(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	admin := f.as(t, "admin")
	for _, ok := range []time.Duration{0, time.Minute, sharing.MaxCodeLifetime} {
		terms := sharing.Terms{Lifetime: ok}
		f.grantOn(t, toUser("carol"), terms)
		_, _, err := f.CreateCode(t.Context(), admin, sharing.CodeRequest{Server: home, Terms: terms})
		require.NoError(t, err)
	}
	for _, wrong := range []time.Duration{-1, 1, time.Minute - 1, sharing.MaxCodeLifetime + 1, -time.Hour} {
		terms := sharing.Terms{Lifetime: wrong}
		_, err := f.Grant(t.Context(), admin, sharing.GrantRequest{Server: home, Grantee: toUser("carol"), Terms: terms})
		require.ErrorIs(t, err, sharing.ErrLifetime)
		require.EqualError(t, err, "expires_in: must be from 60 to 31536000 seconds")
		_, _, err = f.CreateCode(t.Context(), admin, sharing.CodeRequest{Server: home, Terms: terms})
		require.ErrorIs(t, err, sharing.ErrLifetime)
		require.EqualError(t, err, "share_expires_in: must be from 60 to 31536000 seconds")
	}
}

// TestTermsOfACode: what a code gives lasts from when it is accepted, whatever becomes of the code (SH-24, SH-44).
func TestTermsOfACode(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	terms := sharing.Terms{Lifetime: 2 * time.Hour, Session: true}
	code, secret, err := f.CreateCode(t.Context(), f.as(t, "alice"), sharing.CodeRequest{Server: home, Lifetime: time.Hour, Terms: terms})
	require.NoError(t, err)
	assert.Equal(t, terms, code.Terms)
	found, err := f.FindCode(t.Context(), f.as(t, "bob"), secret)
	require.NoError(t, err)
	assert.Equal(t, terms, found.Terms, "whoever is asked to accept is told")
	f.advance(50 * time.Minute)
	share, err := f.Exchange(t.Context(), f.as(t, "bob"), secret)
	require.NoError(t, err)
	assert.Equal(t, []sharing.Grant{{
		Scopes: share.Scopes, CodeID: code.ID, ActorID: f.as(t, "bob").ID, GrantedAt: f.clock(),
		Ends: sharing.Ends{ExpiresAt: f.clock().Add(2 * time.Hour), Session: true},
	}}, share.Grants)
	f.advance(5 * time.Minute)
	share, err = f.Exchange(t.Context(), f.as(t, "bob"), secret)
	require.NoError(t, err)
	assert.Equal(t, f.clock().Add(2*time.Hour), share.ExpiresAt, "again is from now again")
	f.advance(time.Hour)
	_, err = f.Get(t.Context(), f.as(t, "bob"), toUser("bob"), home)
	require.NoError(t, err, "the code has expired and the share has not")
	f.advance(time.Hour)
	_, err = f.Get(t.Context(), f.as(t, "bob"), toUser("bob"), home)
	require.ErrorIs(t, err, sharing.ErrNoSuchShare)
}

// TestServerStopped: what was shared for as long as the server runs ends with it, and nothing else does (SH-7).
func TestServerStopped(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	session := sharing.Terms{Session: true}
	f.grantOn(t, toUser("bob"), session, "read:servers")
	f.grantOn(t, toUser("bob"), sharing.Terms{})
	f.grantOn(t, toGroup("team"), session)
	_, secret, err := f.CreateCode(t.Context(), f.as(t, "alice"), sharing.CodeRequest{Server: home, Terms: session})
	require.NoError(t, err)
	_, err = f.Exchange(t.Context(), f.as(t, "carol"), secret)
	require.NoError(t, err)
	_, err = f.Grant(t.Context(), f.as(t, "admin"), sharing.GrantRequest{
		Server: sharing.ServerName{Owner: "alice", Name: "lab"}, Grantee: toUser("carol"), Terms: session,
	})
	require.NoError(t, err)
	f.told()

	srv := f.hub.Server("alice", "")
	require.NoError(t, f.ServerStopped(t.Context(), srv))
	told := f.told()
	require.Len(t, told, 1)
	assert.Equal(t, sharing.ActionEndSession, told[0].Action)
	assert.Equal(t, srv.ID, told[0].ServerID)
	assert.Equal(t, sharing.Record{Server: "alice/"}, told[0].Record, "the host did it")
	assert.ElementsMatch(t, []string{f.as(t, "bob").ID, f.as(t, "carol").ID}, told[0].UserIDs)
	assert.Len(t, told[0].GroupIDs, 1)
	list, _ := f.held(t, "bob")
	assert.Equal(t, []string{"access:servers!server=alice/"}, list)
	list, _ = f.held(t, "carol")
	assert.Equal(t, []string{"access:servers!server=alice/lab"}, list, "the other server runs on")

	require.NoError(t, f.ServerStopped(t.Context(), srv), "again")
	require.NoError(t, f.ServerStopped(t.Context(), f.hub.Server("bob", "")), "and for a server that was never shared")
	assert.Empty(t, f.told())
	_, err = f.Exchange(t.Context(), f.as(t, "carol"), secret)
	require.NoError(t, err, "the code works on, for the next time that the server runs")
	list, _ = f.held(t, "carol")
	assert.Len(t, list, 2)
	assert.Contains(t, f.log.String(), "action=share.end_session server=alice/ count=3")
}
