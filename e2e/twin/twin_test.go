package twin_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/realhub"
	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/scopes"
)

var update = flag.Bool("update", false, "store what the real hubs answer")

// The secrets that the configuration of both hubs gives to services.
const (
	clientSecret = "secret-of-the-client"
	closedSecret = "secret-of-the-closed-one"
	readerSecret = "secret-of-the-reader"
)

// What both hubs are configured with.
var (
	users   = []string{"stranger", "sharer", "shared-with", "o'neil@example.org", "zoë b+c"}
	allowed = append( // the real hub forgets in which order such were listed, so it is told who may not log in
		slices.Clone(users), "admin")
	groups        = map[string][]string{"team": {"stranger"}, "grp é": {}}
	clientScopes  = []string{"access:servers!server", "shares!server"}
	serverScopes  = []string{"shares!server", "servers!server", "users:activity!server"}
	userScopes    = []string{"self", "shares!user", "access:services!service=client"}
	readerScopes  = []string{"read:users:name", "list:users"}
	serviceScopes = []string{"read:users:groups!user"}
)

// pair is a release of JupyterHub, and the profile of the simulator that stands for it.
type pair struct {
	release realhub.Release
	profile scopes.Profile
	named   string // a server's name as it stands in a path
}

var pairs = []pair{{realhub.V55, scopes.P55, spaced}, {realhub.V61, scopes.P60, "my-lab"}}

func stored(r realhub.Release) string { return filepath.Join("testdata", "real-"+string(r)+".json") }

// walkHubsim walks the simulator.
func walkHubsim(t *testing.T, p pair) []exchange {
	t.Helper()
	cfg := hubsim.Config{BaseURL: "/base/", Profile: p.profile, Version: p.release.Version(), AllowNamedServers: true, AllowedUsers: allowed,
		Users: []hubsim.User{{Name: "admin", Admin: true}},
		Roles: []hubsim.Role{{Name: "user", Scopes: userScopes}, {Name: "reading", Scopes: readerScopes, Services: []string{"reader"}}},
		Services: []hubsim.Service{
			{Name: "client", APIToken: clientSecret, OAuthRedirectURI: redirect, OAuthClientAllowedScopes: serviceScopes},
			{Name: "closed", APIToken: closedSecret, OAuthRedirectURI: redirect + "-closed"},
			{Name: "reader", APIToken: readerSecret},
		},
		SingleUser: hubsim.SingleUser{OAuthClientAllowedScopes: clientScopes, ServerTokenScopes: serverScopes,
			Kind: hubsim.KindCommand, Command: []string{os.Args[0]}, Env: map[string]string{standIn: "1"}}}
	for _, name := range users {
		cfg.Users = append(cfg.Users, hubsim.User{Name: name})
	}
	for _, name := range []string{"grp é", "team"} { // as the real hub reads them from an object
		cfg.Groups = append(cfg.Groups, hubsim.Group{Name: name, Users: groups[name]})
	}
	hub := hubsim.New(t, cfg)
	return newWalker(t, hub.URL, p.named).walk()
}

// walkReal walks a real hub.
func walkReal(t *testing.T, p pair) []exchange {
	t.Helper()
	hub, err := realhub.Start(t.Context(), realhub.Options{Env: realhub.ForTest(t, p.release), BaseURL: "/base/", AllowNamedServers: true,
		Config: "\nc.Authenticator.blocked_users = {'mallory'}\n", Admins: []string{"admin"}, Users: users, Groups: groups,
		Roles: []realhub.Role{{Name: "user", Scopes: userScopes}, {Name: "reading", Scopes: readerScopes, Services: []string{"reader"}}},
		Services: []realhub.Service{
			{Name: "client", APIToken: clientSecret, OAuthClientID: "service-client", OAuthRedirectURI: redirect, OAuthClientAllowedScopes: serviceScopes},
			{Name: "closed", APIToken: closedSecret, OAuthClientID: "service-closed", OAuthRedirectURI: redirect + "-closed"},
			{Name: "reader", APIToken: readerSecret},
		},
		OAuthClientAllowedScopes: clientScopes, ServerTokenScopes: serverScopes,
		Command: []string{os.Args[0]}, ServerEnv: map[string]string{standIn: "1"}})
	require.NoError(t, err)
	defer func() {
		assert.NoError(t, hub.Close())
		if t.Failed() {
			t.Log(hub.Output())
		}
	}()
	return newWalker(t, hub.URL, p.named).walk()
}

// reason lists differences that stay, with the rule that they rest on.
type reason struct {
	Rule   string   `json:"rule"`
	Reason string   `json:"reason"`
	Fields []string `json:"fields"` // patterns, in which a star stands for anything: "status", "body.*"
	Steps  []string `json:"steps"`  // patterns too
	// Releases that it is met with; empty = all.
	Releases []realhub.Release `json:"releases,omitempty"`
}

func (r reason) of(release realhub.Release) bool {
	return len(r.Releases) == 0 || slices.Contains(r.Releases, release)
}

// explains says whether r is about d, and by which of its step patterns.
func (r reason) explains(d difference) (step int, ok bool) {
	if !slices.ContainsFunc(r.Fields, func(p string) bool { return matches(p, d.Field) }) {
		return 0, false
	}
	i := slices.IndexFunc(r.Steps, func(p string) bool { return matches(p, d.Step) })
	return i, i >= 0
}

// matches says whether a name is of a pattern, in which a star stands for anything.
func matches(pattern, name string) bool {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$").MatchString(name)
}

func TestTheSimulatorAnswersAsARealHub(t *testing.T) {
	t.Parallel()
	for _, p := range pairs {
		t.Run(string(p.release), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(stored(p.release))
			require.NoError(t, err, "go test ./e2e/twin -update stores what a real hub answers")
			var real []exchange
			require.NoError(t, json.Unmarshal(text, &real))
			assert.GreaterOrEqual(t, len(real), 150)
			explain(t, p.release, compare(real, walkHubsim(t, p)))
		})
	}
}

// explain fails for each difference that is not listed, and for each listed one that is not there.
func explain(t *testing.T, release realhub.Release, differences []difference) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "differences.json"))
	require.NoError(t, err)
	var reasons []reason
	require.NoError(t, json.Unmarshal(text, &reasons))
	used := map[[2]int]bool{}
	for _, d := range differences {
		explained := false
		for i, r := range reasons {
			if step, ok := r.explains(d); ok && r.of(release) {
				used[[2]int{i, step}] = true
				explained = true
			}
		}
		if !explained {
			t.Errorf("%s: %s\n\treal   %s\n\thubsim %s", d.Step, d.Field, d.Real, d.Hubsim)
		}
	}
	for i, r := range reasons {
		for step, name := range r.Steps {
			if r.of(release) && !used[[2]int{i, step}] {
				t.Errorf("listed with rule %s, but there is no such difference any more: %s, %v", r.Rule, name, r.Fields)
			}
		}
	}
}

func TestTheStoredAnswersAreStillThoseOfARealHub(t *testing.T) {
	t.Parallel()
	for _, p := range pairs {
		t.Run(string(p.release), func(t *testing.T) {
			t.Parallel()
			recorded := walkReal(t, p)
			var buf bytes.Buffer
			enc := json.NewEncoder(&buf)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", " ")
			require.NoError(t, enc.Encode(recorded))
			if *update {
				require.NoError(t, os.WriteFile(stored(p.release), buf.Bytes(), 0o644))
				return
			}
			text, err := os.ReadFile(stored(p.release))
			require.NoError(t, err)
			var real []exchange
			require.NoError(t, json.Unmarshal(text, &real))
			fresh := filepath.Join(t.TempDir(), "recorded.json")
			require.NoError(t, os.WriteFile(fresh, buf.Bytes(), 0o644))
			for _, d := range compare(real, recorded) {
				t.Errorf("%s is out of date; go test ./e2e/twin -update stores the new answers. %s: %s\n\tstored %s\n\tnow    %s", stored(p.release), d.Step, d.Field, d.Real, d.Hubsim)
			}
		})
	}
}
