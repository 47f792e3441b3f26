package hubauth_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/oauth/hubauth"
)

func env(pairs ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return m[name] }
}

func TestTheEnvironmentOfAServer(t *testing.T) { // OA-E1 … OA-E23, HB-103, OA-E3, OA-E4, OA-E5, OA-E8, OA-E9, OA-E11, OA-E12, OA-E18
	t.Parallel()
	c, err := hubauth.FromEnv(env(
		"JUPYTERHUB_API_TOKEN", secret, "JUPYTERHUB_API_URL", "http://10.0.0.1:8081/hub/api", "JUPYTERHUB_CLIENT_ID", clientID,
		"JUPYTERHUB_SERVICE_PREFIX", "/user/alice/", "JUPYTERHUB_OAUTH_CALLBACK_URL", "/user/alice/oauth_callback",
		"JUPYTERHUB_BASE_URL", "/base/", "JUPYTERHUB_HOST", "https://hub.example", "JUPYTERHUB_PUBLIC_URL", "https://alice.hub.example/user/alice/",
		"JUPYTERHUB_OAUTH_ACCESS_SCOPES", `["access:servers!server=alice/","access:servers!user=alice"]`,
		"JUPYTERHUB_COOKIE_OPTIONS", `{"SameSite": "Strict", "secure": true, "expires_days": 7, "domain": "ignored"}`,
		"JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED", "1", "JUPYTERHUB_ALLOW_TOKEN_IN_URL", "true", "JUPYTERHUB_ALLOW_WEBSOCKET_COOKIE_AUTH", "0",
		"JUPYTERHUB_SSL_KEYFILE", "/certs/key.pem", "JUPYTERHUB_SSL_CERTFILE", "/certs/cert.pem", "JUPYTERHUB_SSL_CLIENT_CA", "/certs/ca.pem",
	))
	require.NoError(t, err)
	assert.Equal(t, hubauth.Config{
		APIURL: "http://10.0.0.1:8081/hub/api", APIToken: secret, ClientID: clientID, Prefix: "/user/alice/",
		CallbackURL: "/user/alice/oauth_callback", BaseURL: "/base/", HubHost: "https://hub.example",
		PublicURL:    "https://alice.hub.example/user/alice/",
		AccessScopes: []string{"access:servers!server=alice/", "access:servers!user=alice"},
		Cookies:      hubauth.CookieOptions{SameSite: http.SameSiteStrictMode, Secure: true, MaxAge: 7 * 24 * time.Hour},

		CookieHostPrefix: true, AllowTokenInURL: true, DenyWebSocketCookie: true,
		TLS: hubauth.TLSFiles{Key: "/certs/key.pem", Cert: "/certs/cert.pem", CA: "/certs/ca.pem"},
	}, c)
}

func TestOlderAndSparserEnvironments(t *testing.T) { // OA-E2, OA-E6, OA-E15
	t.Parallel()
	c, err := hubauth.FromEnv(env("JPY_API_TOKEN", secret, "JUPYTERHUB_OAUTH_SCOPES", `["access:servers!user=alice"]`))
	require.NoError(t, err)
	assert.Equal(t, hubauth.Config{APIToken: secret, AccessScopes: []string{"access:servers!user=alice"}}, c)
	c, err = hubauth.FromEnv(env("JUPYTERHUB_SERVICE_NAME", "whoami"))
	require.NoError(t, err)
	assert.Equal(t, []string{"access:services", "access:services!service=whoami"}, c.AccessScopes)
	for name, value := range map[string]string{
		"JUPYTERHUB_OAUTH_ACCESS_SCOPES": "access:servers", "JUPYTERHUB_OAUTH_SCOPES": `{"a":1}`, "JUPYTERHUB_COOKIE_OPTIONS": `{"samesite":"maybe"}`,
	} {
		_, err := hubauth.FromEnv(env(name, value))
		require.ErrorContains(t, err, name)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	good := hubauth.Config{APIToken: secret, ClientID: clientID, Prefix: prefix}
	_, err := hubauth.New(good)
	require.NoError(t, err)
	for name, change := range map[string]func(*hubauth.Config){
		"no token":           func(c *hubauth.Config) { c.APIToken = "" },
		"no client":          func(c *hubauth.Config) { c.ClientID = "" },
		"no prefix":          func(c *hubauth.Config) { c.Prefix = "" },
		"half a prefix":      func(c *hubauth.Config) { c.Prefix = "/user/alice" },
		"a bad base":         func(c *hubauth.Config) { c.BaseURL = "base" },
		"a relative api url": func(c *hubauth.Config) { c.APIURL = "/hub/api" },
		"a short key":        func(c *hubauth.Config) { c.Keys = [][]byte{[]byte(secret), []byte("short")} },
		"a bad callback":     func(c *hubauth.Config) { c.CallbackURL = "%zz" },
	} {
		c := good
		change(&c)
		_, err := hubauth.New(c)
		require.Error(t, err, name)
		assert.NotContains(t, err.Error(), secret)
	}
}

func TestSecretsPrintRedacted(t *testing.T) { // OA-192
	t.Parallel()
	c := hubauth.Config{APIToken: secret, Keys: [][]byte{[]byte(secret)}}
	u := hubauth.User{Name: "alice", Token: secret}
	var text bytes.Buffer
	fmt.Fprintf(&text, "%v %+v %#v %#v %s %q %x %v %+v %#v", c, c, c, c.APIToken, c.APIToken, c.APIToken, c.APIToken, u, u, u)
	require.NoError(t, json.NewEncoder(&text).Encode(u))
	slog.New(slog.NewJSONHandler(&text, nil)).Info("x", "token", u.Token, "user", u, "config", c)
	assert.NotContains(t, text.String(), secret)
	assert.NotContains(t, text.String(), fmt.Sprintf("%x", secret))
	assert.NotContains(t, text.String(), fmt.Sprint([]byte(secret)))
	assert.Equal(t, secret, u.Token.Reveal())
}
