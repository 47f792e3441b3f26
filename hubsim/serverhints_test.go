package hubsim_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/oauth/hubauth"
)

// What is configured is told, servers all of it and services where the certificates are; what servers are given by hand wins.
func TestHintsAndCertificatesAreHandedOn(t *testing.T) { // OA-E19, OA-E20, OA-E21, OA-E22, OA-120
	t.Parallel()
	cfg, err := hubsim.ParseConfig([]byte(`{
		"users": [{"name": "ann"}],
		"internal_tls": {"key": "/certs/key.pem", "cert": "/certs/cert.pem", "ca": "/certs/ca.pem"},
		"services": [{"name": "who", "url": "http://127.0.0.1:9", "environment": {"JUPYTERHUB_SSL_CERTFILE": "/own/cert.pem"}}],
		"singleuser": {"default_url": "/lab", "hints": {
			"root_dir": "/home/ann", "debug": true, "disable_user_config": true, "admin_access": true,
			"mem_limit": 2147483648, "mem_guarantee": 1024, "cpu_limit": 2.5, "cpu_guarantee": 0.25
		}}
	}`))
	require.NoError(t, err)
	hub := hubsim.New(t, cfg)
	require.NoError(t, hub.StartServer(t.Context(), "ann", ""))
	env, err := hub.ServerEnv("ann", "")
	require.NoError(t, err)
	assert.Subset(t, env, []string{
		"CPU_GUARANTEE=0.25", "CPU_LIMIT=2.5", "JUPYTERHUB_ADMIN_ACCESS=1", "JUPYTERHUB_DEBUG=1", "JUPYTERHUB_DEFAULT_URL=/lab",
		"JUPYTERHUB_DISABLE_USER_CONFIG=1", "JUPYTERHUB_ROOT_DIR=/home/ann", "JUPYTERHUB_SSL_CERTFILE=/certs/cert.pem",
		"JUPYTERHUB_SSL_CLIENT_CA=/certs/ca.pem", "JUPYTERHUB_SSL_KEYFILE=/certs/key.pem", "MEM_GUARANTEE=1024", "MEM_LIMIT=2147483648",
	})
	env, err = hub.ServiceEnv("who")
	require.NoError(t, err)
	assert.Subset(t, env, []string{
		"JUPYTERHUB_SSL_CERTFILE=/own/cert.pem", "JUPYTERHUB_SSL_CLIENT_CA=/certs/ca.pem", "JUPYTERHUB_SSL_KEYFILE=/certs/key.pem",
	})
	for _, pair := range env {
		assert.False(t, strings.HasPrefix(pair, "MEM_") || strings.HasPrefix(pair, "JUPYTERHUB_DEBUG"), pair)
	}
	c, err := hubauth.FromEnv(func(name string) string {
		for _, pair := range env {
			if k, v, _ := strings.Cut(pair, "="); k == name {
				return v
			}
		}
		return ""
	})
	require.NoError(t, err)
	assert.Equal(t, hubauth.TLSFiles{Key: "/certs/key.pem", Cert: "/own/cert.pem", CA: "/certs/ca.pem"}, c.TLS)
}

func TestHintsThatMakeNoSenseAreRefused(t *testing.T) { // OA-E22
	t.Parallel()
	for _, text := range []string{`{"cpu_limit": -1}`, `{"cpu_limit": "2"}`, `{"mem_limit": 1.5}`, `{"mem_limit": -1}`, `{"unknown": 1}`} {
		_, err := hubsim.ParseConfig([]byte(`{"singleuser": {"hints": ` + text + `}}`))
		assert.ErrorContains(t, err, "singleuser.hints", text)
	}
	_, err := hubsim.Start(t.Context(), hubsim.Config{SingleUser: hubsim.SingleUser{Hints: hubsim.ServerHints{MemLimit: -1}}})
	assert.ErrorContains(t, err, "SingleUser.Hints")
}
