package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/hubshare/hubshare/internal/testlog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func variables(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := env[name]
		return v, ok
	}
}

// readyLine is what the program says on standard output.
type readyLine struct {
	Event, URL, Hub, API, Admin string
	PID                         int
	CA                          string
}

// running is a program under test.
type running struct {
	readyLine
	log  *testlog.Log
	end  func() (code int, rest string) // asks it to end, and gives its exit code and what else it wrote to standard output
	done chan int
}

// start runs the program until the test ends, on a free port.
func start(t *testing.T, env map[string]string, args ...string) *running {
	t.Helper()
	if env["HUBSIM_PORT"] == "" {
		if env == nil {
			env = map[string]string{}
		}
		env["HUBSIM_PORT"] = "0"
	}
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	r := &running{log: &testlog.Log{}, done: make(chan int, 1)}
	w := world{args: args, env: variables(env), stdin: strings.NewReader(""), stdout: in, stderr: r.log}
	go func() {
		code := w.run(ctx)
		_ = in.Close()
		r.done <- code
	}()
	var once sync.Once
	code, text := -1, ""
	rest := make(chan string, 1)
	r.end = func() (int, string) {
		once.Do(func() {
			cancel()
			code, text = <-r.done, <-rest
		})
		return code, text
	}
	t.Cleanup(func() { r.end() })
	lines := bufio.NewReader(out)
	line, err := lines.ReadBytes('\n')
	go func() {
		b, _ := io.ReadAll(lines)
		rest <- string(b)
	}()
	require.NoError(t, err, r.log.String())
	require.NoError(t, json.Unmarshal(line, &r.readyLine))
	return r
}

// get asks the program; into may be nil.
func (r *running) ask(t *testing.T, method, path, body string, into any) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	if into != nil {
		require.NoError(t, json.Unmarshal(text, into), string(text))
	}
	return res.StatusCode
}

// HB-177: one line says where everything is, and nothing follows it; the program ends well when it is asked to.
func TestTheProgramSaysWhereItIsAndEndsWhenAsked(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	require.Equal(t, "ready", r.Event)
	require.Equal(t, os.Getpid(), r.PID)
	require.Equal(t, r.URL+"hub/", r.Hub)
	require.Equal(t, r.URL+"hub/api", r.API)
	require.Equal(t, r.URL+"_hubsim/", r.Admin)
	require.Equal(t, 200, r.ask(t, "GET", r.API, "", nil))
	code, rest := r.end()
	require.Equal(t, exitOK, code)
	require.Empty(t, rest)
}

// HB-176: without any configuration, or with one that says nothing of people, the sharing walk works.
func TestWithoutPeopleInTheConfigurationSharingWorks(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"nothing": `{}`, "a profile and a limit": `{"profile": "6.0", "singleuser": {"start_timeout": 5}}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := start(t, map[string]string{"HUBSIM_CONFIG_JSON": text})
			var made struct {
				ShareCodes []struct{ Code string } `json:"share_codes"`
			}
			require.Equal(t, 200, r.ask(t, "POST", r.Admin+"share-codes", `{"owner": "sharer"}`, &made))
			require.Len(t, made.ShareCodes[0].Code, 43)
		})
	}
}

// HB-178: what the file says is there.
func TestAConfigurationIsFollowed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "hub.json")
	require.NoError(t, os.WriteFile(file, []byte(`// people
{
	"port": 0, "base_url": "/x/", "version": "5.9.1", "clock": "2026-01-02T03:04:05Z", "allow_named_servers": true,
	"users": [{"name": "ann", "admin": true, "tokens": [{"token": "secret-of-ann", "note": "n", "expires_in": "1h"}]}, {"name": "bob"}],
	"groups": [{"name": "class", "users": ["bob"]}], /* and
	what they may */
	"roles": [{"name": "user", "scopes": ["self", "shares!user"]}, {"name": "teacher", "scopes": ["list:users"], "users": ["ann"], "groups": ["class"]}],
	"services": [{"name": "grader", "url": "http://127.0.0.1:9", "api_token": "secret-of-grader", "info": {"a": [1, null]}}],
	"servers": [{"user": "ann", "state": "running"}, {"user": "ann", "name": "lab"}],
	"shares": [{"owner": "ann", "user": "bob"}, {"owner": "ann", "server": "lab", "group": "class"}],
	"share_codes": [{"owner": "ann", "expires_in": 120}]
}`), 0o600))
	r := start(t, map[string]string{}, "--config", file)
	require.Contains(t, r.URL, "/x/")
	var state struct {
		Now   string
		Users []struct {
			Name   string
			Admin  bool
			Tokens []struct{ Note string }
		}
		Servers    []struct{ User, Name, State string }
		Shares     []struct{ Owner, Server, User, Group string }
		ShareCodes []struct {
			Owner     string
			ExpiresAt string `json:"expires_at"`
		} `json:"share_codes"`
		Services []string
	}
	require.Equal(t, 200, r.ask(t, "GET", r.Admin+"state", "", &state))
	assert.Equal(t, "2026-01-02T03:04:05Z", state.Now)
	require.Len(t, state.Users, 2)
	assert.True(t, state.Users[0].Admin)
	assert.Equal(t, "n", state.Users[0].Tokens[0].Note)
	assert.Equal(t, "ready", state.Servers[0].State)
	assert.Equal(t, "stopped", state.Servers[1].State)
	assert.Equal(t, "bob", state.Shares[0].User)
	assert.Equal(t, "class", state.Shares[1].Group)
	assert.Equal(t, "2026-01-02T03:06:05Z", state.ShareCodes[0].ExpiresAt)
	assert.Equal(t, []string{"grader"}, state.Services)
}

// HB-201: over TLS the ready line names the certificate to trust, which goes with the program.
func TestTheReadyLineNamesTheAuthority(t *testing.T) {
	t.Parallel()
	r := start(t, nil, "--tls", "self-signed")
	require.True(t, strings.HasPrefix(r.URL, "https://127.0.0.1:"), r.URL)
	pem, err := os.ReadFile(r.CA)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(pem))
	var said bytes.Buffer
	health := world{args: []string{"health", "--url", r.URL}, env: variables(nil), stdout: &said, stderr: &said}
	require.Equal(t, exitOK, health.run(t.Context()), said.String())
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: pool}}}
	res, err := client.Get(r.API + "/")
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	code, _ := r.end()
	require.Equal(t, exitOK, code)
	require.NoFileExists(t, r.CA)
}

// HB-169: with a seed, two runs have the same secrets.
func TestASeedMakesTheSameSecrets(t *testing.T) {
	t.Parallel()
	token := func() (secret string) {
		var made struct{ Token string }
		r := start(t, nil, "--seed", "7")
		require.Equal(t, 200, r.ask(t, "POST", r.Admin+"tokens", `{"user": "sharer"}`, &made))
		return made.Token
	}
	require.Equal(t, token(), token())
}

// HB-176, HB-180: help is the documentation, and --help the flags.
func TestHelpIsTheDocumentation(t *testing.T) {
	t.Parallel()
	for args, says := range map[string]string{"help": "POST shutdown", "--help": "--list-presets has them", "--version": runtime.Version()} {
		var out, log bytes.Buffer
		w := world{args: []string{args}, env: variables(nil), stdout: &out, stderr: &log}
		require.Equal(t, exitOK, w.run(t.Context()))
		require.Contains(t, out.String(), says)
		require.NotContains(t, out.String(), "package main")
		require.Empty(t, log.String())
	}
}

// A parallel suite shares one program: each worker names its own hub.
func TestOneProgramHasManyHubs(t *testing.T) {
	t.Parallel()
	r := start(t, nil, "--keys", "2")
	for i, key := range []string{"w1", "w2", "w3"} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", r.Admin+"users", strings.NewReader(`{"name": "only-in-`+key+`"}`))
		require.NoError(t, err)
		req.Header.Set("X-Hubsim-Key", key)
		req.Header.Set("Content-Type", "application/json")
		res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, []int{200, 200, 429}[i], res.StatusCode)
	}
	require.NotContains(t, r.stateOf(t), "only-in")
}

// HB-176: a flag wins over its variable, that over the file.
func TestFlagsWinOverVariablesOverTheFile(t *testing.T) {
	t.Parallel()
	env := map[string]string{"HUBSIM_CONFIG_JSON": `{"base_url": "/file/", "version": "5.0.1"}`, "HUBSIM_BASE_URL": "/variable/", "HUBSIM_EXTENSIONS": "true"}
	require.Contains(t, start(t, env, "--base-url", "/flag/").URL, "/flag/")
	require.Contains(t, start(t, env).URL, "/variable/")
	delete(env, "HUBSIM_BASE_URL")
	require.Contains(t, start(t, env).URL, "/file/")
}

// HB-176: the configuration may come on standard input.
func TestTheConfigurationMayComeOnStandardInput(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	w := world{args: []string{"--config", "-"}, env: variables(nil), stdin: strings.NewReader(`{"port": -1}`), stdout: io.Discard, stderr: &log}
	require.Equal(t, exitUsage, w.run(t.Context()))
	require.Contains(t, log.String(), "standard input: port (line 1)")
}

// HB-177: whatever is wrong is one line, which names the place.
func TestMistakesAreOneLine(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, taken.Close()) })
	_, port, err := net.SplitHostPort(taken.Addr().String())
	require.NoError(t, err)
	dir := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		env  map[string]string
		code int
		says string
	}{
		"an unknown flag":               {args: []string{"--prot", "1"}, code: exitUsage, says: "-prot"},
		"an argument":                   {args: []string{"now"}, code: exitUsage, says: `unexpected argument "now"`},
		"a port that is none":           {args: []string{"--port", "http"}, code: exitUsage, says: "-port"},
		"a port too high":               {env: map[string]string{"HUBSIM_PORT": "65536"}, code: exitUsage, says: "HUBSIM_PORT"},
		"a variable that is no switch":  {env: map[string]string{"HUBSIM_EXTENSIONS": "maybe"}, code: exitUsage, says: "HUBSIM_EXTENSIONS"},
		"a profile that is none":        {args: []string{"--profile", "4.0"}, code: exitUsage, says: "--profile: must be one of 5.5, 6.0"},
		"a log that is none":            {args: []string{"--log", "loud"}, code: exitUsage, says: "--log"},
		"a file that is not there":      {args: []string{"--config", filepath.Join(dir, "none.json")}, code: exitUsage, says: "none.json"},
		"a folder for a file":           {args: []string{"--config", dir}, code: exitUsage, says: "directory"},
		"a port that is taken":          {args: []string{"--port", port}, code: exitFailed, says: "address already in use"},
		"an address of another machine": {args: []string{"--host", "203.0.113.1", "--port", "0"}, code: exitFailed, says: "203.0.113.1"},
		"a token too short":             {args: []string{"--admin-token", "short", "--port", "0"}, code: exitUsage, says: "admin_token: must have 8"},
		"a database that is a folder":   {args: []string{"--db", dir, "--port", "0"}, code: exitUsage, says: "db: "},
		"a preset that is none":         {args: []string{"--preset", "wolk"}, code: exitUsage, says: `"wolk" must be one of walk, shared`},
		"a preset and a file":           {args: []string{"--preset", "walk", "--config", "-"}, code: exitUsage, says: "--preset"},
		"half a certificate":            {args: []string{"--tls", "cert.pem"}, code: exitUsage, says: "-tls: must be self-signed"},
		"a certificate not there":       {args: []string{"--tls", "none.pem,none.key", "--port", "0"}, code: exitUsage, says: "tls: open none.pem"},
		"more keys than there may be":   {args: []string{"--keys", "60000"}, code: exitUsage, says: "--keys"},
		"a seed below zero":             {args: []string{"--seed", "-1"}, code: exitUsage, says: "-seed"},
		"people's log, perhaps":         {env: map[string]string{"HUBSIM_HUMAN": "perhaps"}, code: exitUsage, says: "HUBSIM_HUMAN"},
		"help with an argument":         {args: []string{"help", "me"}, code: exitUsage, says: `"me"`},
		"env without a name":            {args: []string{"env"}, code: exitUsage, says: "--service or --user"},
		"env of nowhere":                {args: []string{"env", "--user", "a", "--url", "nowhere"}, code: exitUsage, says: "no address"},
		"health of nobody":              {args: []string{"health", "--url", "http://127.0.0.1:1/"}, code: exitFailed, says: "connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fails(t, c.args, c.env, c.code, c.says)
		})
	}
}

func fails(t *testing.T, args []string, env map[string]string, code int, says string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // were it no mistake, the program would run on
	defer cancel()
	var stdout, stderr bytes.Buffer
	w := world{args: args, env: variables(env), stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr}
	require.Equal(t, code, w.run(ctx), stderr.String())
	require.Empty(t, stdout.String())
	require.Contains(t, stderr.String(), says)
	require.Equal(t, 1, strings.Count(stderr.String(), "\n"), stderr.String())
	require.True(t, strings.HasPrefix(stderr.String(), "hubsim: "))
}

// HB-177, HB-178: forty and more kinds of bad configuration, each answered with its place in the file.
func TestBadConfigurationsNameThePlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][2]string{
		"nothing":                            {` `, "line 1: not JSON"},
		"no JSON":                            {`{"port": 80,}`, "line 1: not JSON"},
		"a bracket that stays open":          {"{\n\"users\": [", "line 2: not JSON: ends too early"},
		"something behind the end":           {"{}\n{}", "line 2: something follows"},
		"a list":                             {`[]`, "line 1: must be an object, is a list"},
		"not UTF-8":                          {"{\"host\": \"\xff\"}", "not UTF-8"},
		"a comment that stays open":          {"{}\n/* ", "line 2: a comment"},
		"too deep":                           {`{"services": ` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, "nests too deep"},
		"an unknown key":                     {"{\n\"usres\": []}", "usres (line 2): unknown key; did you mean users?"},
		"a key in another word":              {`{"servres": []}`, "servres (line 1): unknown key; did you mean servers?"},
		"a key of nothing like it":           {`{"zzzzzzzz": 1}`, "zzzzzzzz (line 1): unknown key; known are host, port"},
		"https by a certificate alone":       {`{"tls": {"cert": "a"}}`, "tls (line 1): needs cert and key"},
		"https in another word":              {`{"tls": "on"}`, "tls (line 1): must be one of self-signed"},
		"too many keys":                      {`{"keys": 100000}`, "keys (line 1): must be a whole number from 0 to 10000"},
		"an unknown key of a user":           {`{"users": [{"name": "a"}, {"nickname": "b"}]}`, "users[1].nickname (line 1): unknown key; known are name"},
		"an unknown key of a token":          {`{"users": [{"name": "a", "tokens": [{"scope": []}]}]}`, "users[0].tokens[0].scope"},
		"an unknown key of singleuser":       {`{"singleuser": {"cmd": []}}`, "singleuser.cmd"},
		"an unknown key of a service":        {`{"services": [{"name": "s", "uri": ""}]}`, "services[0].uri"},
		"a key twice":                        {`{"port": 1, "port": 2}`, "port (line 1): is there twice"},
		"a port in quotes":                   {`{"port": "80"}`, "port (line 1): must be a number, is a string"},
		"a port too high":                    {`{"port": 70000}`, "port (line 1): must be a whole number from 0 to 65535"},
		"a port in parts":                    {`{"port": 80.5}`, "port (line 1): must be a whole number"},
		"an empty host":                      {`{"host": ""}`, "host (line 1)"},
		"a base without slashes":             {`{"base_url": "hub"}`, "base_url: "},
		"a base with a bad escape":           {`{"base_url": "/%zz/"}`, "base_url: "},
		"a public address with a path":       {`{"public_url": "https://x/y"}`, "public_url: "},
		"a profile that is none":             {`{"profile": 5.5}`, "profile (line 1): must be one of 5.5, 6.0"},
		"a clock that is none":               {`{"clock": "now"}`, "clock (line 1): must be an instant"},
		"an authenticator that is none":      {`{"auth": {"kind": "ldap"}}`, "auth.kind (line 1): must be one of dummy"},
		"a password too short":               {`{"auth": {"password": "short"}}`, "auth.password: must have 8"},
		"people in one string":               {`{"auth": {"allowed_users": "ann"}}`, "auth.allowed_users (line 1): must be a list, is a string"},
		"a number among people":              {`{"auth": {"allowed_users": ["ann", 1]}}`, "auth.allowed_users[1] (line 1): must be a string, is a number"},
		"a user that is a string":            {`{"users": ["ann"]}`, "users[0] (line 1): must be an object, is a string"},
		"a user without a name":              {`{"users": [{}]}`, "users[0]: a user needs a name"},
		"a user in capitals":                 {`{"users": [{"name": "a"}, {"name": "Ann"}]}`, "users[1]: "},
		"admin in words":                     {`{"users": [{"name": "a", "admin": "yes"}]}`, "users[0].admin (line 1): must be true or false"},
		"a token too short":                  {`{"users": [{"name": "a", "tokens": [{"token": "short"}]}]}`, "users[0].tokens[0].token: must have 8"},
		"a token of scopes that are none":    {`{"users": [{"name": "a", "tokens": [{"scopes": ["uses"]}]}]}`, "users[0].tokens[0]: "},
		"a token that never was":             {`{"users": [{"name": "a", "tokens": [{"expires_in": -1}]}]}`, "users[0].tokens[0].expires_in (line 1): must not be negative"},
		"a token of half a second":           {`{"users": [{"name": "a", "tokens": [{"expires_in": 0.5}]}]}`, "users[0].tokens[0].expires_in: must be whole seconds"},
		"a duration that is none":            {`{"singleuser": {"start_timeout": "soon"}}`, "singleuser.start_timeout (line 1): must be seconds"},
		"a duration of ages":                 {`{"singleuser": {"start_timeout": 1e300}}`, "singleuser.start_timeout (line 1): is too long"},
		"a group without a name":             {`{"groups": [{"users": ["a"]}]}`, "groups[0]: "},
		"a role of a missing group":          {`{"roles": [{"name": "r-1", "groups": ["g"]}]}`, "roles[0]: no such group: g"},
		"a role of a missing service":        {`{"roles": [{"name": "r-1", "services": ["g"]}]}`, "roles[0]: no such service: g"},
		"a role of scopes that are none":     {`{"roles": [{"name": "r-1", "scopes": ["uses"]}]}`, "roles: Scope 'uses'"},
		"a service without a name":           {`{"services": [{"url": "http://x"}]}`, "services[0].name: "},
		"a service of another scheme":        {`{"services": [{"name": "s", "url": "ftp://x"}]}`, "services[0].url: "},
		"a service of a token too short":     {`{"services": [{"name": "s", "api_token": "1234567"}]}`, "services[0].api_token: "},
		"a service of a server's client":     {`{"services": [{"name": "s", "oauth_client_id": "jupyterhub-user-a"}]}`, "services[0].oauth_client_id: "},
		"a service of a bad variable":        {`{"services": [{"name": "s", "environment": {"A=B": ""}}]}`, "services[0].environment: "},
		"a service of info that is none":     {`{"services": [{"name": "s", "info": []}]}`, "services[0].info (line 1): must be an object"},
		"a server in a state that is none":   {`{"servers": [{"user": "a", "state": "up"}]}`, "servers[0].state (line 1): must be one of running, stopped"},
		"a named server where there is none": {`{"servers": [{"user": "a", "name": "x"}]}`, `servers[0].name: "x": a server with a name needs allow_named_servers`},
		"a server twice":                     {`{"servers": [{"user": "a"}, {"user": "a"}]}`, "servers[1]: there is one"},
		"a kind that is none":                {`{"singleuser": {"kind": "docker"}}`, "singleuser.kind (line 1): must be one of command, in-process"},
		"a command without its kind":         {`{"singleuser": {"command": ["x"]}}`, "singleuser.command: "},
		"a kind without its command":         {`{"singleuser": {"kind": "command"}}`, "singleuser.command: "},
		"a server at no address":             {`{"servers": [{"user": "a", "kind": "url"}]}`, "servers[0].url: "},
		"a page scope that is none":          {`{"singleuser": {"oauth_client_allowed_scopes": ["x"]}}`, "singleuser.oauth_client_allowed_scopes: "},
		"a server scope that is none":        {`{"singleuser": {"server_token_scopes": ["x"]}}`, "singleuser.server_token_scopes: "},
		"a share with nobody":                {`{"shares": [{"owner": "sharer"}]}`, "shares[0]: needs a user or a group"},
		"a share of nobody":                  {`{"users": [{"name": "a"}], "shares": [{"owner": "none", "user": "a"}]}`, "shares[0]: "},
		"a share of a scope that is none":    {`{"shares": [{"owner": "sharer", "user": "shared-with", "scopes": ["x"]}]}`, "shares[0]: "},
		"a code for a second":                {`{"share_codes": [{"owner": "sharer", "expires_in": 1}]}`, "share_codes[0].expires_in: "},
		"a token of the tests too short":     {`{"admin_token": "short"}`, "admin_token: must have 8"},
		"a database in no folder":            {`{"db": "/no/such/folder/hub.db"}`, "db: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fails(t, nil, map[string]string{"HUBSIM_CONFIG_JSON": c[0], "HUBSIM_PORT": "0", "HUBSIM_LOG": "none"}, exitUsage, c[1])
		})
	}
}

func TestTheProgramTellsItsVersionAndItsFlags(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		arg, says string
	}{{"--version", "hubsim "}, {"--help", "-base-url PATH"}} {
		var stdout, stderr bytes.Buffer
		w := world{args: []string{c.arg}, env: variables(nil), stdout: &stdout, stderr: &stderr}
		require.Equal(t, exitOK, w.run(t.Context()))
		require.Contains(t, stdout.String(), c.says)
		require.Empty(t, stderr.String())
	}
}

// HB-200: with a file, what was there is there again, and tokens of the configuration do not get in their own way.
func TestAHubOnAFileStartsAgain(t *testing.T) {
	t.Parallel()
	env := map[string]string{"HUBSIM_DB": filepath.Join(t.TempDir(), "hub.db"), "HUBSIM_CONFIG_JSON": `{"users": [{"name": "ann", "tokens": [{"token": "secret-of-ann"}]}]}`}
	first := start(t, env)
	require.Equal(t, 200, first.ask(t, "POST", first.Admin+"users", `{"name": "bob"}`, nil))
	code, _ := first.end()
	require.Equal(t, exitOK, code)
	second := start(t, env)
	var state struct{ Users []struct{ Name string } }
	require.Equal(t, 200, second.ask(t, "GET", second.Admin+"state", "", &state))
	require.Len(t, state.Users, 2)
}

// A control request may end the program, which answers it first.
func TestShutdownEndsTheProgram(t *testing.T) {
	t.Parallel()
	r := start(t, nil)
	require.Equal(t, 200, r.ask(t, "POST", r.Admin+"shutdown", "", nil))
	code := <-r.done
	r.done <- code
	require.Equal(t, exitOK, code)
}

// HB-182: the log for people says who was refused and why, and hides secrets.
func TestTheLogExplainsRefusals(t *testing.T) {
	t.Parallel()
	r := start(t, map[string]string{"HUBSIM_CONFIG_JSON": `{"users": [{"name": "ann", "tokens": [{"token": "secret-of-ann", "scopes": ["read:users:name!user"]}]}]}`}, "--log", "human")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.API+"/share-codes/ann/?token=secret-of-ann", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "token secret-of-ann")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, 403, res.StatusCode)
	code, _ := r.end()
	require.Equal(t, exitOK, code)
	log := r.log.String()
	require.Contains(t, log, "403 POST   /hub/api/share-codes/ann/")
	require.Contains(t, log, "requires any of [shares]; token a1 of ann has read:users:groups!user=ann, read:users:name!user=ann")
	require.NotContains(t, log, "secret-of-ann")
	require.NotContains(t, log, "\x1b", "no colours where there is no terminal")
}

func TestTheLogIsColouredOnATerminalAndNeverMovesItsCursor(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := world{env: variables(nil), stderr: &out, terminal: true}
	log, err := w.logger("auto")
	require.NoError(t, err)
	log.Info("request", "status", 403, "method", "GET", "path", "/x", "user", "a\x1b[2Jb", "why", "because\nof that", "fault", "slow")
	log.With("server", "ann").Error("it broke", "error", io.ErrUnexpectedEOF, "list", []string{"a"})
	log.Debug("nobody sees this")
	text := out.String()
	require.Contains(t, text, "\x1b[33m403\x1b[0m")
	require.Contains(t, text, `a\x1b[2Jb`)
	require.Contains(t, text, `because\nof that`)
	require.Contains(t, text, "fault: slow")
	require.Contains(t, text, "unexpected EOF")
	require.Contains(t, text, `["a"]`)
	require.NotContains(t, text, "nobody")

	out.Reset()
	w.env = variables(map[string]string{"NO_COLOR": "1"})
	log, err = w.logger("auto")
	require.NoError(t, err)
	log.Info("request", "status", 200)
	require.NotContains(t, out.String(), "\x1b")
}
