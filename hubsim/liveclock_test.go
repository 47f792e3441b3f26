package hubsim_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// standing gives an office a clock that only the test moves.
func standing(clock **hubsim.FakeClock) func(*hubsim.Config) {
	*clock = hubsim.NewFakeClock(time0)
	return func(c *hubsim.Config) { c.Clock = *clock }
}

// SH-164: access that ends by itself takes its connections along at that moment of the hub's clock, one person's after the other's.
func TestConnectionsEndWithAShareThatExpires(t *testing.T) {
	t.Parallel()
	var clock *hubsim.FakeClock
	o := newOffice(t, standing(&clock))
	o.share(`{"user":"guest","expires_in":3600}`)
	o.share(`{"user":"friend","expires_in":7200}`)
	guest, friend, owner := o.open("guest"), o.open("friend"), o.open("sharer")

	clock.Advance(time.Hour - time.Second)
	assert.Zero(t, o.closed())
	for _, s := range guest {
		s.works()
	}
	clock.Advance(time.Second)
	assert.Equal(t, len(guest), o.closed())
	for _, s := range guest {
		s.ended()
	}
	for _, s := range friend {
		s.works()
	}
	clock.Advance(time.Hour)
	for _, s := range friend {
		s.ended()
	}
	for _, s := range owner {
		s.works()
	}
	assert.Equal(t, len(guest)+len(friend), o.closed())
}

// SH-167: the end of one of several shares is not the end, and the next one's is.
func TestTheLastShareThatEndsCounts(t *testing.T) {
	t.Parallel()
	var clock *hubsim.FakeClock
	o := newOffice(t, standing(&clock))
	o.share(`{"user":"guest","expires_in":3600}`)
	o.share(`{"group":"team","expires_in":7200}`)
	s := o.byHeader(o.token("guest"))
	clock.Advance(90 * time.Minute)
	s.works()
	clock.Advance(30 * time.Minute)
	s.ended()
	assert.Equal(t, 1, o.closed())
}

// A clock that jumps past several ends at once misses none.
func TestAClockThatJumpsEndsAll(t *testing.T) {
	t.Parallel()
	var clock *hubsim.FakeClock
	o := newOffice(t, standing(&clock))
	o.share(`{"user":"guest","expires_in":3600}`)
	o.share(`{"group":"team","expires_in":7200}`)
	o.share(`{"user":"friend","expires_in":600}`)
	one, other := o.byHeader(o.token("guest")), o.byHeader(o.token("friend"))
	clock.Advance(24 * time.Hour)
	one.ended()
	other.ended()
}

// Access that was made longer while it was in use lasts longer.
func TestAShareThatIsExtendedKeepsConnectionsOpen(t *testing.T) {
	t.Parallel()
	var clock *hubsim.FakeClock
	o := newOffice(t, standing(&clock))
	o.share(`{"user":"guest","expires_in":3600}`)
	s := o.byHeader(o.token("guest"))
	o.share(`{"user":"guest","expires_in":7200}`)
	clock.Advance(time.Hour)
	s.works()
	clock.Advance(time.Hour)
	s.ended()
}

// The page of a server that is open outlives neither the token behind its cookie nor an API token with an end (OA-59, OA-190).
func TestConnectionsEndWithATokenThatExpires(t *testing.T) {
	t.Parallel()
	var clock *hubsim.FakeClock
	o := newOffice(t, standing(&clock))
	o.share(`{"user":"guest"}`)
	lasting := o.token("guest")
	made := o.api(lasting, http.MethodPost, "/users/guest/tokens", `{"expires_in":3600}`)
	byToken, byCookie, other := o.byHeader(made["token"].(string)), o.byCookie(o.browser("guest")), o.byHeader(lasting)
	clock.Advance(time.Hour)
	byToken.works()
	clock.Advance(time.Second)
	byToken.ended()
	byCookie.works()
	clock.Advance(14 * 24 * time.Hour)
	byCookie.ended()
	other.works()
	assert.Equal(t, 2, o.closed())
}

// ownTime calls in goroutines of its own, as the machine's clock does.
type ownTime struct{ *hubsim.FakeClock }

func (c ownTime) AfterFunc(d time.Duration, f func()) func() bool {
	return c.FakeClock.AfterFunc(d, func() { go f() })
}

// SH-164: whichever goroutine the clock calls in.
func TestConnectionsEndOnAClockWithGoroutinesOfItsOwn(t *testing.T) {
	t.Parallel()
	clock := ownTime{hubsim.NewFakeClock(time0)}
	o := newOffice(t, func(c *hubsim.Config) { c.Clock = clock })
	o.share(`{"user":"guest","expires_in":3600}`)
	o.share(`{"user":"friend","expires_in":7200}`)
	guest, friend := o.byHeader(o.token("guest")), o.byHeader(o.token("friend"))
	clock.Advance(time.Hour)
	guest.ended()
	friend.works()
	clock.Advance(24 * time.Hour)
	friend.ended()
}

// SH-166: however long a server may remember, a change is believed at once.
func TestAServerForgetsWhomAChangeConcerns(t *testing.T) {
	t.Parallel()
	var clock *hubsim.FakeClock
	o := newOffice(t, standing(&clock), func(c *hubsim.Config) { c.SingleUser.CacheMaxAge = time.Hour })
	visit := func(token string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, o.UserURL("sharer", "")+"api/contents", nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "token "+token)
		res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		return res.StatusCode
	}
	guest, friend := o.token("guest"), o.token("friend")
	require.Equal(t, 403, visit(guest))
	o.share(`{"user":"guest"}`)
	require.Equal(t, 200, visit(guest), "SH-165: a denial is forgotten, too")
	o.api(o.key, http.MethodPatch, "/shares/sharer/", `{"user":"guest"}`)
	require.Equal(t, 403, visit(guest))
	o.share(`{"user":"guest","expires_in":600}`)
	require.Equal(t, 200, visit(guest))
	clock.Advance(10 * time.Minute)
	require.Equal(t, 403, visit(guest))
	require.Equal(t, 403, visit(friend))
}

// SH-164, HB-118: as a stock hub does, on request.
func TestConnectionsAreKeptOnRequest(t *testing.T) {
	t.Parallel()
	var clock *hubsim.FakeClock
	o := newOffice(t, standing(&clock), func(c *hubsim.Config) { c.KeepConnections = true })
	o.share(`{"user":"guest","expires_in":60}`)
	token := o.token("guest")
	s := o.byHeader(token)
	o.api(o.key, http.MethodPatch, "/shares/sharer/", `{"user":"guest"}`)
	clock.Advance(299 * time.Second)
	s.works()
	o.byHeader(token).works() // the server still believes what it was told
	clock.Advance(time.Second)
	s.works()
	_, res, err := o.dial(o.UserURL("sharer", "")+channels, nil, http.Header{"Authorization": {"token " + token}})
	require.Error(t, err)
	assert.Equal(t, 403, res.StatusCode)
	assert.Zero(t, o.closed())
}
