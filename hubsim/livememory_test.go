package hubsim

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim/proxy"
	"github.com/hubshare/hubshare/oauth"
)

// These look inside: that nothing is remembered for ever cannot be seen from outside.

func TestWhomTokensSpokeForIsForgottenInTime(t *testing.T) {
	t.Parallel()
	clock := NewFakeClock(time.Unix(1_000_000, 0))
	h := New(t, Config{Clock: clock})
	require.NoError(t, h.StartServer(t.Context(), "sharer", ""))
	token, err := h.Token("sharer")
	require.NoError(t, err)
	conn, _, err := websocket.Dial(t.Context(), h.UserURL("sharer", "")+"api/kernels/k/channels",
		&websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"token " + token}}})
	require.NoError(t, err)
	defer func() { _ = conn.CloseNow() }()

	gone := oauth.OwnerRef{Kind: oauth.KindUser, ID: "u99"}
	h.live.note(proxy.TokenKey("unused"), gone, "", clock.Now())
	h.live.note(proxy.SessionKey("unused"), gone, "client", clock.Now())
	h.live.forgetOld(clock.Now().Add(time.Hour))
	require.Len(t, h.live.keys([]oauth.OwnerRef{gone}), 2, "a server may remember for an hour what it was told")
	h.live.forgetOld(clock.Now().Add(2 * time.Hour))
	require.Empty(t, h.live.keys([]oauth.OwnerRef{gone}))
	require.NotContains(t, h.live.keysOf, gone)
	require.Contains(t, h.live.keys(nil), proxy.TokenKey(token), "it is in use")
	require.NoError(t, h.StopServer(t.Context(), "sharer", ""))
}

// A browser may say any session; its user gets only so many remembered.
func TestSessionsOfOneUserAreBounded(t *testing.T) {
	t.Parallel()
	h := New(t, Config{})
	for i := range 2 * maxSessions {
		h.live.noteSession(strconv.Itoa(i), "u1", time.Unix(0, 0))
	}
	require.Equal(t, maxSessions, h.live.count(oauth.OwnerRef{Kind: oauth.KindUser, ID: "u1"}))
}

// The routes of the proxy, as the hub reads them back.
func TestWhatARouteLeadsTo(t *testing.T) {
	t.Parallel()
	h := &Hub{plainBase: "/@/a b/", services: services{byName: map[string]*service{"whoami": {Service: Service{Name: "whoami"}}}}}
	for prefix, want := range map[string]string{
		"/@/a b/user/ann/":         "access:servers!server=ann/ jupyterhub-user-ann",
		"/@/a b/user/ann o/lab x/": "access:servers!server=ann o/lab x jupyterhub-user-ann%20o-lab%20x",
		"/@/a b/services/whoami/":  "access:services!service=whoami service-whoami",
		"/@/a b/other/ann/":        "",
		"/@/a b/user/":             "",
		"/user/ann/":               "",
		"/@/a b/services/unknown/": "",
	} {
		to, ok := h.reachedBy(prefix)
		require.Equal(t, want != "", ok, prefix)
		if ok {
			require.Equal(t, want, to.on.Scope(to.base).String()+" "+to.client, prefix)
		}
	}
}
