package hubsim_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/sharing"
)

var seeded = hubsim.Config{
	Users:      []hubsim.User{{Name: "ann", Admin: true, Tokens: []hubsim.Token{{Token: "secret-of-ann", Note: "n"}}}, {Name: "bob"}},
	Groups:     []hubsim.Group{{Name: "class", Users: []string{"bob"}}},
	Roles:      []hubsim.Role{{Name: "user", Scopes: []string{"self", "shares!user"}}},
	Services:   []hubsim.Service{{Name: "grader", APIToken: "secret-of-grader", Admin: true}},
	Servers:    []hubsim.Server{{User: "ann", Running: true}, {User: "cid"}},
	Shares:     []hubsim.Share{{Owner: "ann", User: "bob"}, {Owner: "cid", Group: "class", Scopes: []string{"read:servers"}}},
	ShareCodes: []hubsim.ShareCode{{Owner: "ann", ExpiresIn: time.Hour}},
}

// HB-166: a snapshot has everything, sorted, and no secret.
func TestASnapshotHasWhatTheConfigurationSays(t *testing.T) {
	t.Parallel()
	cfg := seeded
	cfg.Clock = hubsim.NewFakeClock(time0)
	hub := hubsim.New(t, cfg)
	s, err := hub.Snapshot(t.Context())
	require.NoError(t, err)
	require.Len(t, s.Users, 3)
	assert.Equal(t, time0, s.Now)
	assert.Equal(t, []string{"admin", "user"}, s.Users[0].Roles)
	assert.Equal(t, "n", s.Users[0].Tokens[0].Note)
	assert.Equal(t, []string{"class"}, s.Users[1].Groups)
	assert.Equal(t, []hubsim.GroupState{{Name: "class", Users: []string{"bob"}}}, s.Groups)
	assert.Equal(t, []string{"grader"}, s.Services)
	require.Len(t, s.Servers, 3)
	assert.Equal(t, hubsim.ServerState{User: "ann", State: hubsim.Ready, URL: hub.UserURL("ann", "")}, s.Servers[0])
	assert.Equal(t, hubsim.Stopped, s.Servers[2].State)
	require.Len(t, s.Shares, 2)
	assert.Equal(t, hubsim.ShareState{Owner: "ann", User: "bob", Scopes: []string{"access:servers!server=ann/"}, Created: time0}, s.Shares[0])
	assert.Equal(t, "class", s.Shares[1].Group)
	assert.Equal(t, []hubsim.CodeState{{ID: "sc_1", Owner: "ann", Scopes: []string{"access:servers!server=ann/"}, ExpiresAt: time0.Add(time.Hour)}}, s.ShareCodes)
}

// HB-166: after a reset all is as it was configured, with ids from 1 again, and nobody is logged in; services go on.
func TestAResetPutsTheHubBack(t *testing.T) {
	t.Parallel()
	cfg := seeded
	cfg.Clock = hubsim.NewFakeClock(time0)
	hub := hubsim.New(t, cfg)
	before, err := hub.Snapshot(t.Context())
	require.NoError(t, err)

	bob := known(t, hub, "bob")
	require.Contains(t, bob.get("home").text(), "bob")
	old, err := hub.Token("bob")
	require.NoError(t, err)
	code, err := hub.NewShareCode("cid", "")
	require.NoError(t, err)
	_, err = hub.Seed(t.Context(), hubsim.Seed{Users: []hubsim.User{{Name: "dan"}}, Roles: []hubsim.Role{{Name: "user", Scopes: []string{"self"}}},
		Groups: []hubsim.Group{{Name: "more", Users: []string{"ann"}}}})
	require.NoError(t, err)
	require.NoError(t, hub.RevokeShare(t.Context(), hubsim.Share{Owner: "ann", User: "bob"}))
	require.NoError(t, hub.DeleteUser(t.Context(), "cid"))
	require.NoError(t, hub.StopServer(t.Context(), "ann", ""))

	require.NoError(t, hub.Reset(t.Context()))
	after, err := hub.Snapshot(t.Context())
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.Equal(t, "Sign in", bob.get("home").heading())
	status, _ := call(t, hub, old, http.MethodGet, "/user", "")
	require.Equal(t, 403, status)
	require.Equal(t, 404, known(t, hub, "bob").get(hub.AcceptURL(code)).status)
	for _, token := range []string{"secret-of-ann", "secret-of-grader"} {
		status, _ = call(t, hub, token, http.MethodGet, "/user", "")
		require.Equal(t, 200, status, token)
	}
	require.NoError(t, hub.Reset(t.Context()), "as often as one likes")
}

// HB-166: what is seeded counts at once, and gives its secrets once.
func TestSeedingARunningHub(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	made, err := hub.Seed(t.Context(), hubsim.Seed{
		Users:      []hubsim.User{{Name: "eve", Tokens: []hubsim.Token{{Scopes: []string{"shares!user"}}}}},
		Groups:     []hubsim.Group{{Name: "class", Users: []string{"shared-with"}}},
		Roles:      []hubsim.Role{{Name: "listing", Scopes: []string{"list:services"}, Groups: []string{"class"}}},
		Servers:    []hubsim.Server{{User: "eve", Running: true}},
		Shares:     []hubsim.Share{{Owner: "eve", Group: "class"}},
		ShareCodes: []hubsim.ShareCode{{Owner: "eve"}},
	})
	require.NoError(t, err)
	require.Len(t, made.Tokens, 1)
	require.Len(t, made.ShareCodes, 1)
	status, _ := call(t, hub, made.Tokens[0].Token.Reveal(), http.MethodGet, "/shares/eve/", "")
	require.Equal(t, 200, status)
	token, err := hub.Token("shared-with")
	require.NoError(t, err)
	status, _ = call(t, hub, token, http.MethodGet, "/services", "")
	require.Equal(t, 200, status, "the role of the group")
	_, err = hub.PageToken(t.Context(), "shared-with", "eve", "")
	require.NoError(t, err, "the share of the group")
}

func TestASeedIsCheckedFirst(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	for want, s := range map[string]hubsim.Seed{
		"Users[0]":                {Users: []hubsim.User{{Name: "A"}}},
		"Groups[0]":               {Groups: []hubsim.Group{{}}},
		"Roles[0].Users":          {Roles: []hubsim.Role{{Name: "r-1", Users: []string{"A"}}}},
		"Roles[0].Services":       {Roles: []hubsim.Role{{Name: "r-1", Services: []string{"s"}}}},
		"Roles[0]: ":              {Roles: []hubsim.Role{{Name: "r-1", Scopes: []string{"uses"}}}},
		"Servers[0].Kind":         {Servers: []hubsim.Server{{User: "a", Kind: hubsim.KindCommand, Command: []string{"true"}}}},
		"Servers[0].Name":         {Servers: []hubsim.Server{{User: "a", Name: "x"}}},
		"Shares[0]: No such":      {Shares: []hubsim.Share{{Owner: "sharer", User: "nobody"}}},
		"ShareCodes[0].ExpiresIn": {ShareCodes: []hubsim.ShareCode{{Owner: "sharer", ExpiresIn: 1}}},
	} {
		_, err := hub.Seed(t.Context(), s)
		require.ErrorContains(t, err, want)
	}
	s, err := hub.Snapshot(t.Context())
	require.NoError(t, err)
	require.Len(t, s.Users, 2, "nobody was added")
}

// HB-167, HB-90: waiting ends when the state is there, also after a crash.
func TestWaitingForAServer(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	ctx := t.Context()
	require.NoError(t, hub.WaitServer(ctx, "sharer", "", hubsim.Stopped))
	require.ErrorIs(t, hub.WaitServer(ctx, "nobody", "", hubsim.Ready), sharing.ErrNoSuchServer)
	waited := make(chan error, 1)
	go func() { waited <- hub.WaitServer(ctx, "sharer", "", hubsim.Ready) }()
	require.NoError(t, hub.StartServer(ctx, "sharer", ""))
	require.NoError(t, <-waited)
	require.NoError(t, hub.KillServer("sharer", ""))
	require.NoError(t, hub.WaitServer(ctx, "sharer", "", hubsim.Stopped))
	require.Error(t, hub.KillServer("sharer", ""))
}

// HB-171: what is taken away is refused with the next request.
func TestTakingAwayByID(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, seeded)
	ctx := t.Context()
	for id, secret := range map[string]string{"a1": "secret-of-grader", "a2": "secret-of-ann"} {
		require.NoError(t, hub.RevokeToken(ctx, id))
		status, _ := call(t, hub, secret, http.MethodGet, "/user", "")
		require.Equal(t, 403, status, id)
	}
	require.ErrorIs(t, hub.RevokeToken(ctx, "a999"), oauth.ErrNoToken)

	require.NoError(t, hub.ExpireCode(ctx, "sc_1"))
	require.ErrorIs(t, hub.ExpireCode(ctx, "sc_1"), sharing.ErrCodeNotFound)

	bob := known(t, hub, "bob")
	require.Contains(t, bob.get("home").text(), "bob")
	require.NoError(t, hub.ExpireLogin(ctx, "bob"))
	require.Equal(t, "Sign in", bob.get("home").heading())
	require.ErrorIs(t, hub.ExpireLogin(ctx, "nobody"), sharing.ErrNoSuchUser)
}

// HB-166: a reset while others ask harms nobody: they are served, or refused.
func TestAResetAmongRequests(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, seeded)
	var asking sync.WaitGroup
	over := make(chan struct{})
	for range 4 {
		asking.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				req, err := http.NewRequest(http.MethodGet, hub.APIURL()+"/user", nil)
				if !assert.NoError(t, err) {
					return
				}
				req.Header.Set("Authorization", "token secret-of-ann")
				res, err := http.DefaultClient.Do(req)
				if !assert.NoError(t, err) {
					return
				}
				assert.NoError(t, res.Body.Close())
				assert.Less(t, res.StatusCode, 500)
			}
		})
	}
	for range 5 {
		require.NoError(t, hub.Reset(t.Context()))
	}
	close(over)
	asking.Wait()
	http.DefaultClient.CloseIdleConnections()
}
