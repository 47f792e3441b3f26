package singleuser_test

import (
	"net/http"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim/singleuser"
)

const channels = "/user/ann/api/kernels/k1/channels"

func TestChannelsEcho(t *testing.T) { // HB-128
	t.Parallel()
	hub := newFakeHub(t)
	s := hub.serve(t, singleuser.Config{})
	for name, o := range map[string]struct {
		query  string
		header http.Header
	}{
		"token in the header":  {"", http.Header{"Authorization": {"token token-of-bob"}}},
		"token in the address": {"?token=token-of-bob", http.Header{"Sec-Fetch-Mode": {"websocket"}}}, // HB-116
	} {
		conn, res, err := websocket.Dial(t.Context(), hub.URL+channels+o.query, &websocket.DialOptions{HTTPHeader: o.header})
		require.NoError(t, err, name)
		assert.Equal(t, http.StatusSwitchingProtocols, res.StatusCode)
		for _, kind := range []websocket.MessageType{websocket.MessageText, websocket.MessageBinary} {
			require.NoError(t, conn.Write(t.Context(), kind, []byte("hello")))
			got, message, err := conn.Read(t.Context())
			require.NoError(t, err)
			assert.Equal(t, kind, got)
			assert.Equal(t, "hello", string(message))
		}
		require.NoError(t, conn.Close(websocket.StatusNormalClosure, ""))
	}
	conn, _, err := websocket.Dial(t.Context(), hub.URL+channels, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"token token-of-ann"}}})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	_, _, err = conn.Read(t.Context())
	require.Error(t, err, "closing the server closes its sockets")
	_ = conn.CloseNow()

	_, res, err := websocket.Dial(t.Context(), hub.URL+channels, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"token token-of-ann"}}})
	require.Error(t, err)
	assert.Equal(t, http.StatusServiceUnavailable, res.StatusCode, "a closed server opens none")
}

func TestChannelsAreNotForEverybody(t *testing.T) { // HB-117
	t.Parallel()
	hub := newFakeHub(t)
	hub.serve(t, singleuser.Config{})
	for name, header := range map[string]http.Header{
		"nobody":         {},
		"a stranger":     {"Authorization": {"token token-of-eve"}},
		"another origin": {"Authorization": {"token token-of-ann"}, "Origin": {"http://elsewhere.example"}},
	} {
		_, res, err := websocket.Dial(t.Context(), hub.URL+channels, &websocket.DialOptions{HTTPHeader: header})
		require.Error(t, err, name)
		assert.Equal(t, http.StatusForbidden, res.StatusCode, name)
	}
}
