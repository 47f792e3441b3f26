package hubsim_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// A wrong configuration is refused with the field's name, before anything is started.
func TestConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	require.NoError(t, os.WriteFile(text, []byte("this is no database, however long it may be ..........................................................."), 0o600))
	for name, c := range map[string]struct {
		cfg  hubsim.Config
		want string
	}{
		"a base path without slashes":    {hubsim.Config{BaseURL: "hub"}, "BaseURL"},
		"a base path with empty parts":   {hubsim.Config{BaseURL: "/a//b/"}, "BaseURL"},
		"a base path with a bad escape":  {hubsim.Config{BaseURL: "/%zz/"}, "BaseURL"},
		"a public address with a path":   {hubsim.Config{PublicURL: "https://x.example/hub"}, "PublicURL"},
		"a subdomain host without a dot": {hubsim.Config{SubdomainHost: "localhost"}, "SubdomainHost"},
		"a subdomain host with a path":   {hubsim.Config{SubdomainHost: "https://hub.example/x"}, "SubdomainHost"},
		"subdomains beside keys":         {hubsim.Config{SubdomainHost: "hub.localhost", Keys: 2}, "SubdomainHost"},
		"a policy that is none":          {hubsim.Config{PKCE: 7}, "PKCE"},
		"a profile that is none":         {hubsim.Config{Profile: 7}, "Profile"},
		"an address that is taken":       {hubsim.Config{Addr: taken.Addr().String()}, "address already in use"},
		"an address that is none":        {hubsim.Config{Addr: "nowhere"}, "missing port"},
		"a user without a name":          {hubsim.Config{Users: []hubsim.User{{}}}, "Users[0]: a user needs a name"},
		"a user in capitals":             {hubsim.Config{Users: []hubsim.User{{Name: "a"}, {Name: "Bob"}}}, "Users[1]"},
		"a user with a slash":            {hubsim.Config{Users: []hubsim.User{{Name: "a/b"}}}, "slash"},
		"a group without a name":         {hubsim.Config{Groups: []hubsim.Group{{}}}, "Groups[0]"},
		"a group with a bad member":      {hubsim.Config{Groups: []hubsim.Group{{Name: "g", Users: []string{""}}}}, "Groups[0]"},
		"a role for a missing group":     {hubsim.Config{Roles: []hubsim.Role{{Name: "r-1", Groups: []string{"g"}}}}, "Roles[0]: no such group: g"},
		"a role with a bad user":         {hubsim.Config{Roles: []hubsim.Role{{Name: "r-1", Users: []string{"A"}}}}, "Roles[0]"},
		"a role with a bad scope":        {hubsim.Config{Roles: []hubsim.Role{{Name: "r-1", Scopes: []string{"uses"}}}}, "Roles: Scope 'uses' for role r-1 does not exist"},
		"a role with a bad name":         {hubsim.Config{Roles: []hubsim.Role{{Name: "R"}}}, "Invalid role name"},
		"a page scope that is none":      {hubsim.Config{SingleUser: hubsim.SingleUser{OAuthClientAllowedScopes: []string{"x"}}}, "SingleUser.OAuthClientAllowedScopes"},
		"a server scope that is none":    {hubsim.Config{SingleUser: hubsim.SingleUser{ServerTokenScopes: []string{"x"}}}, "SingleUser.ServerTokenScopes"},
		"a password that is too short":   {hubsim.Config{Password: "short"}, "Password"},
		"a database that is a folder":    {hubsim.Config{DB: dir}, "DB"},
		"a database that is a text":      {hubsim.Config{DB: text}, "DB"},
		"a database in no folder":        {hubsim.Config{DB: filepath.Join(dir, "none", "hub.db")}, "DB"},
	} {
		t.Run(name, func(t *testing.T) {
			hub, err := hubsim.Start(t.Context(), c.cfg)
			if err == nil {
				require.NoError(t, hub.Close())
			}
			require.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "\n", "one line")
		})
	}
}

// HB-200: logins, shares and codes survive a hub that ends and starts on the same file; what ran does not.
func TestAHubOnAFileRemembers(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "hub.db")
	hub := hubsim.New(t, hubsim.Config{DB: file})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	code, err := hub.NewShareCode("sharer", "")
	require.NoError(t, err)
	token, err := hub.Token("sharer")
	require.NoError(t, err)
	cookies, err := hub.LoginCookies("shared-with")
	require.NoError(t, err)
	guest := known(t, hub, "shared-with")
	there := guest.submit(guest.submit(guest.get(hub.AcceptURL(code)), nil), nil)
	pageToken := there.labConfig(t)["token"].(string)
	require.NoError(t, hub.Close())
	require.NoError(t, hub.Close(), "twice does nothing")

	again := hubsim.New(t, hubsim.Config{DB: file})
	status, list := call(t, again, token, http.MethodGet, "/shares/sharer/", "")
	require.Equal(t, 200, status)
	require.Len(t, list["items"], 1)
	_, list = call(t, again, token, http.MethodGet, "/share-codes/sharer/", "")
	require.Len(t, list["items"], 1)
	status, _ = call(t, again, pageToken, http.MethodGet, "/user", "")
	require.Equal(t, 403, status, "HB-98: the server stopped, and what it gave is gone")

	p := stranger(t, again)
	u, err := http.NewRequest(http.MethodGet, again.HubURL(), nil)
	require.NoError(t, err)
	p.c.Jar.SetCookies(u.URL, cookies)
	require.Contains(t, p.get("home").text(), "shared-with")

	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, secret := range []string{code, token, pageToken} {
		require.NotContains(t, string(raw), secret, "secrets are stored hashed")
	}
}

// HB-164: hubs are independent of one another, and end though somebody still listens.
func TestCloseEndsOpenStreams(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	require.NoError(t, hub.StartServer(ctx, "sharer", ""))
	conn, err := net.Dial("tcp", hub.URL[len("http://"):len(hub.URL)-1])
	require.NoError(t, err)
	_, err = conn.Write([]byte("GET /hub/login HTTP/1.1\r\n"))
	require.NoError(t, err)
	require.NoError(t, hub.Close())
	one := make([]byte, 1)
	_, err = conn.Read(one)
	require.Error(t, err, "the connection is closed")
	require.NoError(t, conn.Close())
}

func TestTheFakeClockRunsTimersInOrder(t *testing.T) {
	t.Parallel()
	clock := hubsim.NewFakeClock(time0)
	var ran []string
	clock.AfterFunc(2, func() { ran = append(ran, "b") })
	clock.AfterFunc(1, func() {
		ran = append(ran, "a")
		clock.AfterFunc(3, func() { ran = append(ran, "c") })
	})
	stop := clock.AfterFunc(2, func() { ran = append(ran, "never") })
	require.True(t, stop())
	require.False(t, stop())
	clock.Advance(3)
	require.Equal(t, []string{"a", "b"}, ran)
	clock.Advance(1)
	require.Equal(t, []string{"a", "b", "c"}, ran)
	require.Equal(t, time0.Add(4), clock.Now())
}
