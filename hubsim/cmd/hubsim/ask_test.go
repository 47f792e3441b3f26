package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// HB-180: health tells by its exit code, with and without an admin token.
func TestHealthFindsTheHub(t *testing.T) {
	t.Parallel()
	r := start(t, map[string]string{"HUBSIM_ADMIN_TOKEN": "secret-of-tests"})
	var stdout, stderr bytes.Buffer
	w := world{args: []string{"health", "--url", r.URL}, env: variables(nil), stdout: &stdout, stderr: &stderr}
	require.Equal(t, exitOK, w.run(t.Context()), stderr.String())
	require.Empty(t, stdout.String())
}

// HB-181: the environment of a service, for a shell and for a container; it takes the admin token, since it holds the service's.
func TestEnvPrintsWhatAServiceFinds(t *testing.T) {
	t.Parallel()
	r := start(t, map[string]string{"HUBSIM_ADMIN_TOKEN": "secret-of-tests",
		"HUBSIM_CONFIG_JSON": `{"services": [{"name": "grader", "url": "http://127.0.0.1:9", "api_token": "secret'of'grader", "environment": {"MORE": "a b"}}]}`})
	env := variables(map[string]string{"HUBSIM_URL": r.URL, "HUBSIM_ADMIN_TOKEN": "secret-of-tests"})
	for arg, want := range map[string]string{"--plain=false": "export JUPYTERHUB_API_TOKEN='secret'\\''of'\\''grader'\n", "--plain": "MORE=a b\n"} {
		var stdout, stderr bytes.Buffer
		w := world{args: []string{"env", "--service", "grader", arg}, env: env, stdout: &stdout, stderr: &stderr}
		require.Equal(t, exitOK, w.run(t.Context()), stderr.String())
		require.Contains(t, stdout.String(), want)
	}
	fails(t, []string{"env", "--service", "none"}, map[string]string{"HUBSIM_URL": r.URL, "HUBSIM_ADMIN_TOKEN": "secret-of-tests"}, exitFailed, "no such service")
	fails(t, []string{"env", "--service", "grader"}, map[string]string{"HUBSIM_URL": r.URL}, exitFailed, "401")
}

// HB-181, HB-201: over https, env trusts the authority that the ready line names, and says so where it was not told of it. No secret went out before that.
func TestEnvTrustsTheAuthorityThatItIsTold(t *testing.T) {
	t.Parallel()
	r := start(t, map[string]string{"HUBSIM_CONFIG_JSON": `{"services": [{"name": "grader", "url": "http://127.0.0.1:9", "api_token": "secret-of-grader"}]}`},
		"--tls", "self-signed")
	for name, w := range map[string]world{
		"by a flag":   {args: []string{"env", "--service", "grader", "--ca", r.CA}, env: variables(map[string]string{"HUBSIM_URL": r.URL})},
		"by variable": {args: []string{"env", "--service", "grader"}, env: variables(map[string]string{"HUBSIM_URL": r.URL, "HUBSIM_CA": r.CA})},
		"for health":  {args: []string{"health", "--ca", r.CA}, env: variables(map[string]string{"HUBSIM_URL": r.URL})},
	} {
		var stdout, stderr bytes.Buffer
		w.stdout, w.stderr = &stdout, &stderr
		require.Equal(t, exitOK, w.run(t.Context()), "%s: %s", name, stderr.String())
	}
	fails(t, []string{"env", "--service", "grader", "--url", r.URL}, nil, exitFailed, "--ca names the file")
	fails(t, []string{"env", "--service", "grader", "--url", r.URL, "--ca", "none.pem"}, nil, exitUsage, "none.pem")
	empty := filepath.Join(t.TempDir(), "empty.pem")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	fails(t, []string{"env", "--service", "grader", "--url", r.URL, "--ca", empty}, nil, exitUsage, "no certificate")
}
