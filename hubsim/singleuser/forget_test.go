package singleuser_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim/singleuser"
)

func (h *fakeHub) say(token, model string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.users[token] = model
}

func (h *fakeHub) questions() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.asked
}

const barred = `{"kind":"user","name":"bob","admin":false,"groups":[],"session_id":null,"scopes":[]}`

func TestForgetMakesTheServerAskAgain(t *testing.T) { // SH-166
	t.Parallel()
	for name, c := range map[string]struct {
		forget []string
		status int
	}{
		"whom it concerns":  {[]string{"eve", "bob"}, http.StatusForbidden},
		"everybody":         {nil, http.StatusForbidden},
		"whom else it does": {[]string{"ann"}, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := newFakeHub(t)
			s := hub.serve(t, singleuser.Config{CacheMaxAge: time.Hour})
			v := hub.visitor(t, "")
			visit := func() int {
				status, _ := v.get("/user/ann/api/contents", "Authorization", "token token-of-bob")
				return status
			}
			require.Equal(t, http.StatusOK, visit())
			hub.say("token-of-bob", barred)
			require.Equal(t, http.StatusOK, visit(), "believed")
			s.Forget(c.forget...)
			require.Equal(t, c.status, visit())
		})
	}
}

func TestReviewClosesSocketsOfWhomTheHubRefuses(t *testing.T) { // SH-166
	t.Parallel()
	hub := newFakeHub(t)
	s := hub.serve(t, singleuser.Config{})
	open := func(token string) *websocket.Conn {
		conn, _, err := websocket.Dial(t.Context(), hub.URL+channels, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"token " + token}}})
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.CloseNow() })
		return conn
	}
	works := func(conn *websocket.Conn) {
		t.Helper()
		require.NoError(t, conn.Write(t.Context(), websocket.MessageText, []byte("x")))
		_, _, err := conn.Read(t.Context())
		require.NoError(t, err)
	}
	ends := func(conn *websocket.Conn) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_, _, err := conn.Read(ctx)
		require.Error(t, err)
		require.NoError(t, ctx.Err(), "still open")
	}
	hub.say("another-of-bob", guest)
	ann, bob, bobToo := open("token-of-ann"), open("token-of-bob"), open("another-of-bob")
	asked := hub.questions()

	s.Review("eve")
	require.Equal(t, asked, hub.questions(), "nobody of that name is here")
	hub.say("token-of-bob", barred)
	s.Review("bob")
	ends(bob)
	works(bobToo)
	works(ann)

	hub.say("another-of-bob", owner) // whose token it never was
	s.Review()
	ends(bobToo)
	works(ann)

	require.NoError(t, s.Close())
	asked = hub.questions()
	s.Review()
	assert.Equal(t, asked, hub.questions(), "a closed server asks nobody")
}
