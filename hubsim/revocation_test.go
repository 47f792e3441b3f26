package hubsim_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// asked is what a request with a token meets at sharer's server.
func (o *office) asked(token string) int {
	o.t.Helper()
	req, err := http.NewRequestWithContext(o.t.Context(), http.MethodGet, o.UserURL("sharer", "")+"lab", nil)
	require.NoError(o.t, err)
	req.Header.Set("Authorization", "token "+token)
	res, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
	require.NoError(o.t, err)
	require.NoError(o.t, res.Body.Close())
	return res.StatusCode
}

// knows is whether the hub knows the token, and whether it opens sharer's server.
func (o *office) knows(token string) (known, enters bool) {
	o.t.Helper()
	status, who := call(o.t, o.Hub, token, http.MethodGet, "/user", "")
	if status == http.StatusForbidden {
		return false, false
	}
	require.Equal(o.t, http.StatusOK, status)
	for _, s := range who["scopes"].([]any) {
		enters = enters || s == "access:servers!server=sharer/"
	}
	return true, enters
}

// OA-113, OA-65: whatever takes access away, the very next request meets it, though the hub and the server have just answered the same one
// from what they remember. No time passes but where a grant ends by it.
func TestTheNextRequestMeetsARevocation(t *testing.T) {
	t.Parallel()
	one := func(o *office) { o.share(`{"user":"guest"}`) }
	for name, c := range map[string]struct {
		gain func(o *office)
		lose func(o *office, p *person, clock *hubsim.FakeClock, tokenID string)
		dead bool // the token is, not only its access
	}{
		"a share is deleted": {one, func(o *office, _ *person, _ *hubsim.FakeClock, _ string) {
			o.api(o.key, http.MethodPatch, "/shares/sharer/", `{"user":"guest"}`)
		}, false},
		"a token is deleted": {one, func(o *office, _ *person, _ *hubsim.FakeClock, id string) {
			o.api(o.token("guest"), http.MethodDelete, "/users/guest/tokens/"+id, "")
		}, true},
		"a client is removed": {one, func(o *office, _ *person, _ *hubsim.FakeClock, _ string) {
			require.NoError(o.t, o.StopServer(o.t.Context(), "sharer", ""))
			require.NoError(o.t, o.StartServer(o.t.Context(), "sharer", ""))
		}, true},
		"its browser logs out": {one, func(_ *office, p *person, _ *hubsim.FakeClock, _ string) { p.get("logout") }, true},
		"a group is left": {
			func(o *office) { o.share(`{"group":"team"}`) },
			func(o *office, _ *person, _ *hubsim.FakeClock, _ string) {
				require.NoError(o.t, o.RemoveFromGroup(o.t.Context(), "guest", "team"))
			}, false,
		},
		"a grant ends": {
			func(o *office) { o.share(`{"user":"guest","expires_in":3600}`) },
			func(o *office, _ *person, clock *hubsim.FakeClock, _ string) { clock.Advance(time.Second) }, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var clock *hubsim.FakeClock
			o := newOffice(t, standing(&clock))
			c.gain(o)
			clock.Advance(time.Hour - time.Second)
			p := o.browser("guest")
			token := p.get(o.UserURL("sharer", "") + "lab").labConfig(t)["token"].(string)
			for range 2 { // the second time from what is remembered
				require.Equal(t, http.StatusOK, o.asked(token))
				known, enters := o.knows(token)
				require.True(t, known && enters)
			}
			id := o.api(token, http.MethodGet, "/user", "")["token_id"].(string)

			c.lose(o, p, clock, id)
			known, enters := o.knows(token)
			require.False(t, enters)
			require.Equal(t, !c.dead, known)
			if c.dead {
				require.Equal(t, http.StatusFound, o.asked(token), "sent to log in, as nobody is known by it")
			} else {
				require.Equal(t, http.StatusForbidden, o.asked(token))
			}
		})
	}
}
