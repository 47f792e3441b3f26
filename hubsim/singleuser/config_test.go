package singleuser_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim/singleuser"
)

func TestEnvironmentMustBeWhole(t *testing.T) { // HB-103
	t.Parallel()
	whole := map[string]string{
		"JUPYTERHUB_API_TOKEN": serverToken, "JUPYTERHUB_API_URL": "http://127.0.0.1:8081/hub/api",
		"JUPYTERHUB_CLIENT_ID": "jupyterhub-user-ann", "JUPYTERHUB_SERVICE_PREFIX": "/user/ann/",
		"JUPYTERHUB_OAUTH_ACCESS_SCOPES": `["access:servers!server=ann/"]`,
	}
	s, err := singleuser.New(singleuser.Config{Env: whole})
	require.NoError(t, err)
	require.NoError(t, s.Close())
	for name, bad := range map[string]string{
		"JUPYTERHUB_API_TOKEN": "", "JUPYTERHUB_API_URL": "", "JUPYTERHUB_CLIENT_ID": "", "JUPYTERHUB_SERVICE_PREFIX": "",
		"JUPYTERHUB_OAUTH_ACCESS_SCOPES": "[]", // would let everybody in (HB-117)
		"JUPYTERHUB_BASE_URL":            "hub", "JUPYTERHUB_DEFAULT_URL": "lab",
	} {
		env := map[string]string{}
		for k, v := range whole {
			env[k] = v
		}
		env[name] = bad
		_, err := singleuser.New(singleuser.Config{Env: env})
		require.ErrorContains(t, err, name)
		assert.NotContains(t, fmt.Sprint(err), serverToken)
	}
	for _, prefix := range []string{"user/ann/", "/user/ann", "/user/{ann}/", "/user/%zz/", "/user/ann/?x=/"} {
		env := map[string]string{}
		for k, v := range whole {
			env[k] = v
		}
		env["JUPYTERHUB_SERVICE_PREFIX"] = prefix
		_, err := singleuser.New(singleuser.Config{Env: env})
		assert.ErrorContains(t, err, "JUPYTERHUB_SERVICE_PREFIX", prefix)
	}
	_, err = singleuser.New(singleuser.Config{})
	assert.ErrorContains(t, err, "JUPYTERHUB_API_TOKEN")
	assert.ErrorContains(t, err, "JUPYTERHUB_CLIENT_ID")
	delete(whole, "JUPYTERHUB_OAUTH_ACCESS_SCOPES")
	_, err = singleuser.New(singleuser.Config{Env: whole})
	assert.ErrorContains(t, err, "JUPYTERHUB_OAUTH_ACCESS_SCOPES")
}
