package hubsim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// signIn fills the login form; it is 302 when it worked.
func signIn(t *testing.T, hub *hubsim.Hub, name, password string) page {
	t.Helper()
	p := stranger(t, hub).staysPut()
	return p.submit(p.get("login"), url.Values{"username": {name}, "password": {password}})
}

// HB-23, HB-24, HB-25: who gets in by which name and password.
func TestWhoMayLogIn(t *testing.T) {
	t.Parallel()
	const adminPassword = "a password of thirty-two bytes or more"
	shared := hubsim.Auth{Kind: hubsim.AuthSharedPassword, UserPassword: "eight-or-more", AdminPassword: adminPassword, AdminUsers: []string{"root"}}
	for name, c := range map[string]struct {
		cfg            hubsim.Config
		user, password string
		want           int
	}{
		"anybody":                            {hubsim.Config{}, "Eve ", "", 302},
		"the one password":                   {hubsim.Config{Password: "just-this-one"}, "eve", "just-this-one", 302},
		"not another one":                    {hubsim.Config{Password: "just-this-one"}, "eve", "just-this-one ", 403},
		"who is listed":                      {hubsim.Config{AllowedUsers: []string{"ann"}}, "ann", "", 302},
		"nobody else":                        {hubsim.Config{AllowedUsers: []string{"ann"}}, "eve", "", 403},
		"administrators beside the list":     {hubsim.Config{AllowedUsers: []string{"ann"}, Auth: hubsim.Auth{AdminUsers: []string{"root"}}}, "root", "", 302},
		"a user by the shared password":      {hubsim.Config{Auth: shared}, "eve", "eight-or-more", 302},
		"no user by the administrators' one": {hubsim.Config{Auth: shared}, "eve", adminPassword, 403},
		"an administrator by theirs":         {hubsim.Config{Auth: shared}, "Root", adminPassword, 302},
		"no administrator by the users' one": {hubsim.Config{Auth: shared}, "root", "eight-or-more", 403},
		"nobody by none":                     {hubsim.Config{Auth: shared}, "eve", "", 403},
		"no user where only admins have one": {hubsim.Config{Auth: hubsim.Auth{Kind: shared.Kind, AdminPassword: adminPassword, AdminUsers: []string{"root"}}}, "eve", "", 403},
		"an alias, whatever its case":        {hubsim.Config{Auth: hubsim.Auth{UsernameMap: map[string]string{"ann.smith": "ann"}}, AllowedUsers: []string{"ann"}}, " Ann.Smith", "", 302},
		"a name of the pattern":              {hubsim.Config{Auth: hubsim.Auth{UsernamePattern: "[a-z]+"}}, "eve", "", 302},
		"no name that only begins with it":   {hubsim.Config{Auth: hubsim.Auth{UsernamePattern: "[a-z]+"}}, "eve1", "", 403},
		"no name that has one of several":    {hubsim.Config{Auth: hubsim.Auth{UsernamePattern: "a|b"}}, "ax", "", 403},
		"nobody without a name":              {hubsim.Config{}, "  ", "x", 403},
		"nobody with a slash in it":          {hubsim.Config{}, "a/b", "x", 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			hub := hubsim.New(t, c.cfg)
			got := signIn(t, hub, c.user, c.password)
			require.Equal(t, c.want, got.status)
			if c.want == 403 {
				require.Contains(t, got.text(), "Invalid username or password")
				require.Empty(t, got.header.Values("Location"))
			}
		})
	}
}

func TestAdministratorsOfTheConfigurationHoldTheRole(t *testing.T) { // HB-23
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Auth: hubsim.Auth{AdminUsers: []string{"root"}}})
	require.Equal(t, 302, signIn(t, hub, "root", "").status)
	require.NoError(t, hub.Reset(t.Context()))
	require.True(t, holds(t, hub, "root", "admin:users"))
	require.False(t, holds(t, hub, "sharer", "admin:users"))
}

// HB-27: no form, and a page that says so after logging out.
func TestALoginWithoutAForm(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Auth: hubsim.Auth{AutoLogin: "sharer"}})
	p := stranger(t, hub).staysPut()
	in := p.get("login?next=%2Fhub%2Ftoken")
	require.Equal(t, 302, in.status)
	require.Equal(t, "/hub/token", in.header.Get("Location"))
	require.Contains(t, p.get("home").text(), "sharer")
	out := p.get("logout")
	require.Equal(t, 200, out.status)
	require.Len(t, out.all("div", "container"), 1)
	require.Equal(t, "logout-main", attr(out.all("div", "container")[0], "id"))
	require.Contains(t, out.text(), "Successfully logged out.")
	require.Equal(t, 302, p.get("home").status)
	refusing := hubsim.New(t, hubsim.Config{Auth: hubsim.Auth{AutoLogin: "eve"}, AllowedUsers: []string{"ann"}})
	require.Equal(t, 403, stranger(t, refusing).get("login").status)
}

// HB-177: a way to log in that cannot work is refused with its place.
func TestAWayToLogInThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 32)
	for name, c := range map[string]struct {
		text, want string
	}{
		"an unknown kind":           {`{"auth": {"kind": "pam"}}`, "auth.kind"},
		"no password":               {`{"auth": {"kind": "shared-password"}}`, "auth.user_password"},
		"a short one":               {`{"auth": {"kind": "shared-password", "user_password": "short"}}`, "auth.user_password"},
		"a short one of admins":     {`{"auth": {"kind": "shared-password", "admin_password": "only-twelve-", "admin_users": ["a"]}}`, "auth.admin_password"},
		"one for both":              {`{"auth": {"kind": "shared-password", "user_password": "` + long + `", "admin_password": "` + long + `", "admin_users": ["a"]}}`, "auth.admin_password"},
		"nobody for one":            {`{"auth": {"kind": "shared-password", "admin_password": "` + long + `"}}`, "auth.admin_users"},
		"the other kind's":          {`{"auth": {"user_password": "eight-or-more"}}`, "auth.user_password"},
		"the dummy's":               {`{"auth": {"kind": "shared-password", "password": "eight-or-more"}}`, "auth.kind"},
		"a broken pattern":          {`{"auth": {"username_pattern": "("}}`, "auth.username_pattern"},
		"an alias that is no name":  {`{"auth": {"username_map": {"a": "A"}}}`, "auth.username_map"},
		"an admin in capitals":      {`{"auth": {"admin_users": ["a", "B"]}}`, "auth.admin_users[1]"},
		"a slash that logs in":      {`{"auth": {"auto_login": "a/b"}}`, "auth.auto_login"},
		"a key of no authenticator": {`{"auth": {"pasword": "x"}}`, "auth.pasword"},
	} {
		cfg, err := hubsim.ParseConfig([]byte(c.text))
		if err == nil {
			cfg.Addr = ""
			var wrong *hubsim.ConfigError
			_, err = hubsim.Start(t.Context(), cfg)
			require.ErrorAs(t, err, &wrong, name)
			require.Equal(t, c.want, wrong.Path(), name)
			require.NotContains(t, err.Error(), long)
			continue
		}
		require.ErrorContains(t, err, c.want, name)
	}
}

// HB-169: with a seed all secrets follow from it, from their kind and number; another seed makes others, and so do none.
func TestSecretsFollowFromTheSeed(t *testing.T) {
	t.Parallel()
	draw := func(seed uint64) (all []string) {
		hub := hubsim.New(t, hubsim.Config{Seed: seed, Clock: hubsim.NewFakeClock(time0), Services: []hubsim.Service{{Name: "svc", URL: "http://127.0.0.1:9"}},
			Users: []hubsim.User{{Name: "sharer", Tokens: []hubsim.Token{{}}}}, Roles: []hubsim.Role{{Name: "user", Scopes: []string{"self", "shares!user"}}}})
		for range 2 {
			all = append(all, tokenFor(t, hub, "sharer"))
			code, err := hub.NewShareCode("sharer", "")
			require.NoError(t, err)
			all = append(all, code)
			cookies, err := hub.LoginCookies("sharer")
			require.NoError(t, err)
			for _, c := range cookies {
				all = append(all, c.Name+"="+c.Value)
			}
		}
		require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
		page, err := hub.PageToken(t.Context(), "sharer", "sharer", "")
		require.NoError(t, err)
		env, err := hub.ServerEnv("sharer", "")
		require.NoError(t, err)
		for _, v := range env {
			if strings.HasPrefix(v, "JUPYTERHUB_API_TOKEN=") {
				all = append(all, v)
			}
		}
		return append(all, page, tokenOf(t, hub, "svc"))
	}
	first, again, other, none := draw(7), draw(7), draw(8), draw(0)
	require.Equal(t, first, again)
	seen := map[string]bool{}
	for _, list := range [][]string{first, other, none} {
		for _, secret := range list {
			require.False(t, seen[secret] && !strings.HasPrefix(secret, "jupyterhub-hub-login="), "drawn twice: %s", secret)
			seen[secret] = true
		}
	}
	require.Len(t, first[0], 32, "HB-8")
}

// HB-166, HB-169: a hub that was reset draws the same again.
func TestAResetBeginsTheSecretsAgain(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Seed: 7})
	first := tokenFor(t, hub, "sharer")
	require.NotEqual(t, first, tokenFor(t, hub, "sharer"))
	require.NoError(t, hub.Reset(t.Context()))
	require.Equal(t, first, tokenFor(t, hub, "sharer"))
	status, who := call(t, hub, first, http.MethodGet, "/user", "")
	require.Equal(t, 200, status)
	require.Equal(t, "sharer", who["name"])
}
