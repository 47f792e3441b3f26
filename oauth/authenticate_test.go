package oauth_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
	"github.com/hubshare/hubshare/scopes"
)

func TestUnknownSecretsAreAllTheSame(t *testing.T) { // OA-61, OA-S9
	t.Parallel()
	h := newHub(t)
	tok := h.token(t, h.alice)
	for _, s := range []string{"", "abc", "nope", tok[:29], tok + "x", strings.ToUpper(tok), strings.ToLower(tok), strings.Repeat("x", 1<<20), "\x00\xff\x00\xff"} {
		if s == tok {
			continue
		}
		id, err := h.Authenticate(t.Context(), s)
		require.ErrorIs(t, err, oauth.ErrNoToken)
		assert.Zero(t, id)
	}
}

func TestAWarmAnswerAsksNobody(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	tok := h.token(t, h.bob)
	first, err := h.Authenticate(t.Context(), tok)
	require.NoError(t, err)
	asked := h.host.Asked()
	second, err := h.Authenticate(t.Context(), tok)
	require.NoError(t, err)
	assert.Equal(t, asked, h.host.Asked())
	assert.Equal(t, first, second)
	h.pass(5 * time.Second)
	_, err = h.Authenticate(t.Context(), tok)
	require.NoError(t, err)
	assert.Equal(t, asked+1, h.host.Asked(), "the age limit")
}

func TestANegativeCacheAgeRemembersNothing(t *testing.T) {
	t.Parallel()
	h := newHub(t, func(c *oauth.Config) { c.CacheAge = -1 })
	tok := h.token(t, h.bob)
	asked := h.host.Asked()
	for range 2 {
		_, err := h.Authenticate(t.Context(), tok)
		require.NoError(t, err)
	}
	assert.Equal(t, asked+2, h.host.Asked())
}

func TestRightsShrinkWithTheNextRequestAfterADrop(t *testing.T) { // OA-65, SC-356
	t.Parallel()
	h := newHub(t)
	tok := h.token(t, h.bob)
	scopesNow := func() []string {
		id, err := h.Authenticate(t.Context(), tok)
		require.NoError(t, err)
		return id.Effective.Strings()
	}
	assert.Contains(t, scopesNow(), "access:servers!server=alice/")
	h.host.User("bob", "self")
	h.Drop(h.carol)
	assert.Contains(t, scopesNow(), "access:servers!server=alice/", "another's change")
	h.Drop(h.bob)
	assert.Equal(t, []string{"read:users:groups!user=bob", "read:users:name!user=bob"}, scopesNow())
	h.host.User("bob", "self", "access:servers")
	h.Drop()
	assert.Contains(t, scopesNow(), "access:servers!server=alice/", "rights that return are there again")
	h.host.Delete(h.bob)
	h.Drop(h.bob)
	_, err := h.Authenticate(t.Context(), tok)
	require.ErrorIs(t, err, oauth.ErrNoToken)
}

func TestAnAnswerEndsWhenTheHostSaysSo(t *testing.T) {
	t.Parallel()
	h := newHub(t, func(c *oauth.Config) { c.CacheAge = time.Hour })
	until := h.clock().Add(time.Minute)
	share := testhost.Person{Kind: oauth.KindUser, Name: "bob", Roles: []string{"self"}, Shares: []string{"access:servers!server=alice/"}, Until: until}
	h.host.Put(share)
	tok := h.token(t, h.bob)
	_, err := h.Authenticate(t.Context(), tok)
	require.NoError(t, err)
	h.host.User("bob", "self") // the share ends by itself: nobody calls Drop
	h.pass(time.Minute - time.Nanosecond)
	id, err := h.Authenticate(t.Context(), tok)
	require.NoError(t, err)
	assert.Contains(t, id.Effective.Strings(), "access:servers!server=alice/")
	h.pass(time.Nanosecond)
	id, err = h.Authenticate(t.Context(), tok)
	require.NoError(t, err)
	assert.NotContains(t, id.Effective.Strings(), "access:servers!server=alice/")
}

// slowHost holds a look-up between reading the rights and giving them back.
type slowHost struct {
	*testhost.Host
	mu      sync.Mutex
	reading chan struct{} // closed when a look-up has read
	release chan struct{}
}

func (s *slowHost) Owner(ctx context.Context, ref oauth.OwnerRef) (oauth.Owner, error) {
	o, err := s.Host.Owner(ctx, ref)
	s.mu.Lock()
	reading, release := s.reading, s.release
	s.reading, s.release = nil, nil
	s.mu.Unlock()
	if reading != nil {
		close(reading)
		<-release
	}
	return o, err
}

func TestASlowReaderDoesNotPutRevokedRightsBack(t *testing.T) { // OA-191
	t.Parallel()
	slow := &slowHost{Host: testhost.New(scopes.New(scopes.P55))}
	h := newHub(t, func(c *oauth.Config) { c.Host = slow })
	slow.User("alice", "self")
	put := func(shares ...string) {
		slow.Put(testhost.Person{Kind: oauth.KindUser, Name: "bob", Roles: []string{"self"}, Shares: shares})
	}
	put("access:servers!server=alice/")
	tok := h.token(t, h.bob)

	reading, release := make(chan struct{}), make(chan struct{})
	slow.mu.Lock()
	slow.reading, slow.release = reading, release
	slow.mu.Unlock()
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := h.Authenticate(t.Context(), tok)
		assert.NoError(t, err)
	})
	<-reading
	put() // revoked, and told
	h.Drop(h.bob)
	close(release)
	wg.Wait()
	id, err := h.Authenticate(t.Context(), tok)
	require.NoError(t, err)
	assert.NotContains(t, id.Effective.Strings(), "access:servers!server=alice/")
}

func TestATokenOfOneServerOpensNoOther(t *testing.T) { // OA-S12
	t.Parallel()
	h := newHub(t)
	h.host.User("bob", "self", "access:servers")
	id, err := h.Authenticate(t.Context(), h.token(t, h.bob))
	require.NoError(t, err)
	assert.True(t, id.Effective.Allows("access:servers", scopes.Server("alice", ""), nil))
	assert.False(t, id.Effective.Allows("access:servers", scopes.Server("alice", "lab"), nil))
	assert.False(t, id.Effective.Allows("access:servers", scopes.Server("bob", ""), nil))
}

func TestActivityIsShownAtOnceAndWrittenInBatches(t *testing.T) { // OA-78
	t.Parallel()
	h := newHub(t)
	tok := h.token(t, h.alice)
	last := func() time.Time {
		list, err := h.Tokens(t.Context(), h.alice)
		require.NoError(t, err)
		require.Len(t, list, 1)
		return list[0].LastActivity
	}
	use := func() {
		_, err := h.Authenticate(t.Context(), tok)
		require.NoError(t, err)
	}
	assert.Zero(t, last())
	use()
	first := h.clock()
	assert.Equal(t, first, last())
	stored, err := h.store.Tokens(t.Context(), first, h.alice)
	require.NoError(t, err)
	assert.Zero(t, stored[0].LastActivity, "not written yet")

	h.pass(29 * time.Second)
	use()
	assert.Equal(t, first, last(), "finer than the resolution")
	h.pass(time.Second)
	use()
	assert.Equal(t, h.clock(), last())
	require.NoError(t, h.Flush(t.Context()))
	stored, err = h.store.Tokens(t.Context(), first, h.alice)
	require.NoError(t, err)
	assert.Equal(t, h.clock(), stored[0].LastActivity)
	require.NoError(t, h.Flush(t.Context()), "nothing to do")
}

func TestAuthenticateDropAndRevokeTogether(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	tok := h.token(t, h.bob)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if _, err := h.Authenticate(t.Context(), tok); err != nil {
					assert.ErrorIs(t, err, oauth.ErrNoToken)
				}
			}
		})
		wg.Go(func() {
			for range 50 {
				h.Drop(h.bob)
			}
		})
	}
	wg.Go(func() { assert.NoError(t, h.Logout(t.Context(), h.bob, "session-id-bob")) })
	wg.Wait()
	_, err := h.Authenticate(t.Context(), tok)
	require.ErrorIs(t, err, oauth.ErrNoToken)
}
