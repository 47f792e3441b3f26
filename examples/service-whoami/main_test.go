package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// The program under test is this one, as are the services that it starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-test.") {
		main()
	}
	os.Exit(m.Run())
}

// sees compares what a service said with JSON in which "*" is any string, and drops what holds a time.
func sees(t *testing.T, p page, want string) {
	t.Helper()
	require.Equal(t, http.StatusOK, p.status, p.body)
	var got, expected map[string]any
	require.NoError(t, json.Unmarshal([]byte(p.body), &got))
	require.NoError(t, json.Unmarshal([]byte(want), &expected))
	for k, v := range expected {
		if v == "*" {
			require.NotEmpty(t, got[k], k)
			got[k] = "*"
		}
	}
	require.Equal(t, expected, got)
}

// The two answers that JupyterHub's documentation of this example shows.
const (
	seedOAuth = `{
 "admin": false,
 "groups": [],
 "kind": "user",
 "name": "queequeg",
 "scopes": ["access:services!service=whoami-oauth"],
 "session_id": "*"
}`
	seedAPI = `{
 "admin": false,
 "created": "*",
 "groups": [],
 "kind": "user",
 "last_activity": "*",
 "name": "queequeg",
 "pending": null,
 "roles": ["user"],
 "scopes": [
  "access:servers!user=queequeg",
  "access:services",
  "delete:servers!user=queequeg",
  "read:servers!user=queequeg",
  "read:tokens!user=queequeg",
  "read:users!user=queequeg",
  "read:users:activity!user=queequeg",
  "read:users:groups!user=queequeg",
  "read:users:name!user=queequeg",
  "servers!user=queequeg",
  "tokens!user=queequeg",
  "users:activity!user=queequeg"
 ],
 "server": null,
 "servers": {},
 "session_id": null
}`
	oauth55 = `{
 "admin": false,
 "groups": [],
 "kind": "user",
 "name": "queequeg",
 "scopes": ["access:services!service=whoami-oauth", "read:users:groups!user=queequeg", "read:users:name!user=queequeg"],
 "session_id": "*",
 "token_id": "*"
}`
	oauth60 = `{
 "admin": false,
 "groups": [],
 "kind": "user",
 "name": "queequeg",
 "scopes": ["access:services!service=whoami-oauth", "read:users:groups!user=queequeg", "read:users:name!user=queequeg"],
 "session_id": "*",
 "token_id": "*",
 "user_info": null
}`
)

// The walk of the documentation, in its old shape and in those of the releases since (OA-121, OA-122).
func TestAVisitorSeesWhatTheDocumentationShows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args  []string
		oauth string
		api   int // scopes
	}{
		"as documented": {[]string{"--docs2"}, seedOAuth, 12},
		"in 5.5":        {nil, oauth55, 15},
		"in 6.0":        {[]string{"--profile", "6.0"}, oauth60, 16},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, c.args...)
			v := p.visitor()
			consent := v.logIn(v.get("services/whoami-oauth"), "queequeg")
			require.Contains(t, consent.body, "JupyterHub service whoami-oauth")
			there := v.submit(consent, nil)
			require.Equal(t, "/services/whoami-oauth/", there.at.Path)
			sees(t, there, c.oauth)
			sees(t, v.get("services/whoami-oauth/any/path"), c.oauth)

			token := v.token("queequeg", "")
			api := p.visitor().call(token, "services/whoami-api/")
			if c.oauth == seedOAuth {
				sees(t, api, seedAPI)
			}
			var model struct{ Scopes []string }
			require.NoError(t, json.Unmarshal([]byte(api.body), &model))
			require.Len(t, model.Scopes, c.api)
			// The same token opens the other one.
			require.Equal(t, http.StatusOK, p.visitor().call(token, "services/whoami-oauth/").status)
			require.NotContains(t, p.logged(), token)

			// Logging out of the hub, or of the service, which leads there.
			require.Contains(t, v.get("services/whoami-oauth/logout").body, "Sign in")
			require.Contains(t, v.get("services/whoami-oauth/").body, "Sign in")
			again := v.logIn(v.get("services/whoami-oauth/"), "queequeg")
			sees(t, v.submit(again, nil), c.oauth)
			v.get("hub/logout")
			require.Contains(t, v.get("services/whoami-oauth/").body, "Sign in", "the service does not remember somebody of another session")
		})
	}
}

func TestWhoMayNotEnterIsRefused(t *testing.T) {
	t.Parallel()
	p := start(t, "--only", "queequeg,ahab")
	ishmael, ahab := p.visitor(), p.visitor()
	refused := ishmael.logIn(ishmael.get("services/whoami-oauth"), "ishmael")
	require.Equal(t, http.StatusForbidden, refused.status)
	require.Contains(t, refused.body, "You do not have permission to access JupyterHub service whoami-oauth")
	stranger, mate, sailor := p.visitor(), ahab.token("ahab", ""), ahab.token("ahab", "read:users!user")
	require.Equal(t, http.StatusOK, stranger.call(mate, "services/whoami-api/").status)
	for name, c := range map[string]struct{ token, path string }{
		"a user without the role":                {ishmael.token("ishmael", ""), "services/whoami-api/"},
		"the same at the other service":          {ishmael.token("ishmael", ""), "services/whoami-oauth/"},
		"a token for other things":               {sailor, "services/whoami-api/"},
		"no token":                               {"", "services/whoami-api/"},
		"a token that is none":                   {"0123456789abcdef0123456789abcdef", "services/whoami-api/"},
		"a token in the address":                 {"", "services/whoami-api/?token=" + mate},
		"a browser, since that one has no login": {"", "services/whoami-api/oauth_callback?code=x&state=y"},
	} {
		got := stranger.call(c.token, c.path)
		require.Equal(t, http.StatusForbidden, got.status, name)
		require.NotContains(t, got.body, "queequeg", name)
	}
	require.Equal(t, http.StatusForbidden, ahab.get("services/whoami-api/").status, "a login is no token")
}

// The external service: down until somebody starts it, by hand or by flag.
func TestTheExternalServiceIsStartedByOthers(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "external.env")
	p := start(t, "--env", file)
	v := p.visitor()
	require.Equal(t, http.StatusServiceUnavailable, v.get("services/whoami-external/").status)
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	env, err := os.ReadFile(file)
	require.NoError(t, err)
	byHand := exec.Command(os.Args[0], "serve")
	byHand.Env = strings.Fields(string(env)) // as the shell does it
	out, err := byHand.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, byHand.Start())
	says(t, bufio.NewReader(out), "^whoami-external (listens on) 127")
	v.token("queequeg", "") // logs them in
	there := v.submit(v.get("services/whoami-external"), nil)
	sees(t, there, strings.ReplaceAll(oauth55, "whoami-oauth", "whoami-external"))
	require.NoError(t, byHand.Process.Signal(syscall.SIGTERM))
	require.NoError(t, byHand.Wait())
	require.Equal(t, http.StatusServiceUnavailable, v.get("services/whoami-external/").status)

	p = start(t, "--external")
	says(t, p.out, "^whoami-external (listens on) 127")
	v = p.visitor()
	require.Equal(t, http.StatusOK, p.visitor().call(v.token("queequeg", ""), "services/whoami-external/").status)
}

// Whichever way the hub ends, its services end as well.
func TestNothingIsLeftRunning(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		signal syscall.Signal
		args   []string
		clean  bool
	}{
		"it is interrupted": {syscall.SIGINT, []string{"--external"}, true},
		"it is terminated":  {syscall.SIGTERM, nil, true},
		"it is killed":      {syscall.SIGKILL, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, c.args...)
			conns := p.services()
			require.NoError(t, p.cmd.Process.Signal(c.signal))
			err := p.cmd.Wait()
			if c.clean {
				require.NoError(t, err)
			}
			for _, conn := range conns {
				_, err := conn.ReadByte()
				require.Error(t, err)
				require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "it still runs")
			}
		})
	}
}

// A mistake is answered with one line and an exit code that says whose it is.
func TestMistakesAreOneLine(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, taken.Close()) })
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"an unknown flag":                {[]string{"--port", "1"}, exitUsage, "-port"},
		"a release there is not":         {[]string{"--profile", "4.1"}, exitUsage, "use 5.5 or 6.0"},
		"the old shape of a new release": {[]string{"--addr", "127.0.0.1:0", "--docs2", "--profile", "6.0"}, exitFailed, "5.5 alone"},
		"an argument":                    {[]string{"now"}, exitUsage, `unexpected argument "now"`},
		"a flag of the other":            {[]string{"serve", "--addr", "x"}, exitUsage, "-addr"},
		"a port that is taken":           {[]string{"--addr", taken.Addr().String()}, exitFailed, "address already in use"},
		"a name that cannot log in":      {[]string{"--addr", "127.0.0.1:0", "--only", "A"}, exitFailed, "lower case"},
		"a file in no folder":            {[]string{"--addr", "127.0.0.1:0", "--env", filepath.Join(t.TempDir(), "none", "x")}, exitFailed, "none"},
		"a service without environment":  {[]string{"serve"}, exitFailed, "no api token"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			require.Equal(t, c.code, run(t.Context(), c.args, &stdout, &stderr))
			require.Empty(t, stdout.String())
			require.Contains(t, stderr.String(), c.says)
			require.Equal(t, 1, strings.Count(stderr.String(), "\n"), stderr.String())
		})
	}
}

func TestHelpListsTheFlags(t *testing.T) {
	t.Parallel()
	for _, c := range [][]string{{"--help", "-only"}, {"--help", "-profile"}, {"serve", "--help", "-no-login"}} {
		var stdout, stderr bytes.Buffer
		require.Equal(t, exitOK, run(t.Context(), c[:len(c)-1], &stdout, &stderr))
		require.Contains(t, stdout.String(), c[len(c)-1])
		require.Empty(t, stderr.String())
	}
}
