package hubsim_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/oauth/hubauth"
)

// withService adds a service that echoes, believes the hub for five minutes as services do, and asks for access scopes or not.
func withService(t *testing.T, demands bool) *office {
	t.Helper()
	var inside http.Handler
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { inside.ServeHTTP(w, r) }))
	t.Cleanup(s.Close)
	o := newOffice(t, func(c *hubsim.Config) {
		c.Services = []hubsim.Service{{Name: "echo", URL: s.URL, OAuthClientID: "service-of-echoes"}}
		c.Roles = append(c.Roles, hubsim.Role{Name: "callers", Scopes: []string{"access:services!service=echo"}, Groups: []string{"team"}, Users: []string{"friend"}})
	})
	cfg, err := hubauth.FromEnv(getenv(t, o.Hub, "echo"))
	require.NoError(t, err)
	if !demands {
		cfg.AccessScopes = nil
	}
	auth, err := hubauth.New(cfg)
	require.NoError(t, err)
	inside = auth.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = conn.CloseNow() }()
		for {
			kind, message, err := conn.Read(r.Context())
			if err != nil || conn.Write(r.Context(), kind, message) != nil {
				return
			}
		}
	}))
	return o
}

func (o *office) call(c *http.Client, token string) (*socket, error) {
	o.t.Helper()
	header := http.Header{}
	if token != "" {
		header.Set("Authorization", "token "+token)
	}
	s, _, err := o.dial(o.URL+"services/echo/", c, header)
	return s, err
}

// SH-166, HB-161: connections to services end alike, and no web socket opens by what a service still believes.
func TestConnectionsToServicesEnd(t *testing.T) {
	t.Parallel()
	o := withService(t, true)
	p := known(t, o.Hub, "guest")
	if at := p.get(o.URL + "services/echo/"); len(at.all("form", "")) > 0 {
		p.submit(at, nil) // consent; what comes back is no web socket, and refused as such
	}
	token, friends := o.token("guest"), o.token("friend")
	byCookie, err := o.call(p.c, "")
	require.NoError(t, err)
	byToken, err := o.call(nil, token)
	require.NoError(t, err)
	other, err := o.call(nil, friends)
	require.NoError(t, err)

	require.NoError(t, o.RemoveFromGroup(t.Context(), "guest", "team"))
	assert.Equal(t, 2, o.closed())
	byCookie.ended()
	byToken.ended()
	other.works()
	for range 3 {
		_, err = o.call(nil, token)
		require.Error(t, err)
		_, err = o.call(p.c, "")
		require.Error(t, err)
	}
	assert.Contains(t, o.log.String(), "web socket refused", "it was the proxy that refused")
	again, err := o.call(nil, friends)
	require.NoError(t, err)
	again.works()
}

// HB-161: a service that lets in whom it likes keeps them for as long as the hub knows who they are.
func TestConnectionsToAServiceThatDemandsNothing(t *testing.T) {
	t.Parallel()
	o := withService(t, false)
	token, manage := o.token("boss"), o.token("boss") // who has no scope for it
	require.NoError(t, o.SetAdmin(t.Context(), "boss", false))
	s, err := o.call(nil, token)
	require.NoError(t, err)
	require.NoError(t, o.SetAdmin(t.Context(), "boss", true))
	require.NoError(t, o.SetAdmin(t.Context(), "boss", false))
	s.works()
	who := o.api(token, http.MethodGet, "/user", "")
	o.api(manage, http.MethodDelete, "/users/boss/tokens/"+who["token_id"].(string), "")
	s.ended()
}

// OA-110: by whatever id a service is registered, its visitors' logout ends what they opened.
func TestLoggingOutEndsConnectionsToServices(t *testing.T) {
	t.Parallel()
	o := withService(t, true)
	p := known(t, o.Hub, "guest")
	if at := p.get(o.URL + "services/echo/"); len(at.all("form", "")) > 0 {
		p.submit(at, nil)
	}
	s, err := o.call(p.c, "")
	require.NoError(t, err)
	p.get("logout")
	s.ended()
	assert.Equal(t, 1, o.closed())
}
