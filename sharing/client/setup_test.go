package client_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/client"
	"github.com/hubshare/hubshare/sharing/httpapi"
	"github.com/hubshare/hubshare/sharing/internal/testhub"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

// world is a hub that listens: sharer, shared-with and stranger may share what is theirs, stranger is in the group team, and admin may do
// nearly everything. Pages have two entries.
type world struct {
	*httptest.Server
	hub     *testhub.Hub
	service *sharing.Service
}

func newWorld(t testing.TB, base string) *world {
	t.Helper()
	return newWorldOf(t, httpapi.Config{BaseURL: base})
}

// now is the time in every world.
var now = time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC)

// newWorldOf is newWorld with more to say about its hub.
func newWorldOf(t testing.TB, cfg httpapi.Config) *world {
	t.Helper()
	store, err := sqlstore.Open(t.Context(), "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, store.Close()) })
	x := &world{hub: testhub.New()}
	x.hub.BaseURL = cfg.BaseURL
	x.service = &sharing.Service{Store: store, Directory: x.hub, Registry: scopes.New(scopes.P55), Now: func() time.Time { return now }}
	x.hub.Service = x.service
	for _, name := range []string{"sharer", "shared-with", "stranger"} {
		x.hub.AddUser(name, "self", "shares!user")
	}
	x.hub.AddUser("admin", "self", "admin:users", "admin:servers", "admin:groups", "shares")
	x.hub.AddGroup("team", "stranger")
	cfg.Service, cfg.Host, cfg.Keys = x.service, x.hub, [][]byte{[]byte("a key that is used in tests only")}
	cfg.PublicURL, cfg.PageLimits = "https://hub.example.org", httpapi.PageLimits{Max: 2}
	handler, err := httpapi.New(cfg)
	require.NoError(t, err)
	x.Server = httptest.NewServer(handler)
	t.Cleanup(x.Close)
	return x
}

// as is a client with the token of a user.
func (x *world) as(t testing.TB, user string) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{
		APIURL: x.URL + x.hub.BaseURL + "hub/api", Token: client.Secret(user + "-token"), HTTPClient: x.Server.Client(),
	})
	require.NoError(t, err)
	return c
}

// accept takes a code up as a user would on the page, which is not part of the API.
func (x *world) accept(t testing.TB, user string, secret client.Secret) {
	t.Helper()
	_, err := x.service.Exchange(t.Context(), x.hub.Caller(t.Context(), user), sharing.Presented(secret.Reveal()))
	require.NoError(t, err)
}

// transport answers requests without a network.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

const token = "a-token-that-nobody-may-see"

// over is a client whose requests go to f.
func over(t testing.TB, f transport) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{
		APIURL: "https://hub.example.org/hub/api", Token: token, HTTPClient: &http.Client{Transport: f, Timeout: time.Minute},
	})
	require.NoError(t, err)
	return c
}
