package hubsim_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/internal/apidoc"
	"github.com/hubshare/hubshare/internal/apidoc/apicheck"
)

// judged is the tests of this package, with a verdict on every answer that a hub gave its clients below api/ in any of them: it has to be one that the description of the
// API has.
type judged struct {
	m *testing.M

	mu    sync.Mutex
	wrong []string
}

// Run runs the tests, and fails if an answer was not as described.
func (j *judged) Run() int {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() != "" {
		return j.m.Run() // what a hub costs, and not its judge
	}
	var checkers sync.Map // by variant
	hubsim.Witness(func(v apidoc.Variant, hub http.Handler) http.Handler {
		known, ok := checkers.Load(v)
		if !ok {
			check, err := apicheck.New(v)
			if err != nil {
				j.complain(err)
				return hub
			}
			known, _ = checkers.LoadOrStore(v, check)
		}
		return known.(*apicheck.Checker).Watch(hub, j.complain)
	})
	code := j.m.Run()
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, text := range j.wrong {
		fmt.Fprintln(os.Stderr, "api description:", text)
	}
	if len(j.wrong) > 0 && code == 0 {
		fmt.Fprintln(os.Stderr, "FAIL: every test passed, but these answers are not as internal/apidoc/openapi.json describes them")
		code = 1
	}
	return code
}

func (j *judged) complain(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if text := err.Error(); !slices.Contains(j.wrong, text) && len(j.wrong) < 50 {
		j.wrong = append(j.wrong, text)
	}
}

// HB-7: the description that a hub serves is its own, to everybody, and is asked for again with its tag.
func TestAHubDescribesItsAPI(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{BaseURL: "/@/space%20word/", Profile: 1})
	status, text, header := ask(t, hub, "", "GET", "/openapi.json", "")
	require.Equal(t, 200, status)
	var doc struct {
		OpenAPI string
		Info    struct{ Version string }
		Servers []struct{ URL string }
		Paths   map[string]map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(text), &doc))
	assert.Equal(t, "3.1.0", doc.OpenAPI)
	assert.Equal(t, "6.0.0b2", doc.Info.Version)
	assert.Equal(t, "/@/space%20word/hub", doc.Servers[0].URL)
	assert.Contains(t, doc.Paths["/api/users/{user}/server"], "put")
	assert.NotContains(t, doc.Paths, "/api/shares")
	status, text, _ = ask(t, hub, "", "GET", "/openapi.json", "", "If-None-Match", header.Get("ETag"))
	assert.Equal(t, 304, status)
	assert.Empty(t, text)
	status, _, _ = ask(t, hub, "", "POST", "/openapi.json", "")
	assert.Equal(t, 405, status)
	status, _, _ = ask(t, hub, "", "OPTIONS", "/openapi.json", "")
	assert.Equal(t, 200, status)
}

// Every path and method that a hub has is in its description, and the reverse.
func TestTheDescriptionHasWhatTheHubHas(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]hubsim.Config{
		"5.5": {}, "6.0": {Profile: 1}, "5.5 with extensions": {Extensions: true}, "6.0 with extensions": {Profile: 1, Extensions: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg.Users = []hubsim.User{{Name: "boss", Admin: true}, {Name: "ann"}}
			hub := hubsim.New(t, cfg)
			boss := tokenFor(t, hub, "boss")
			check, err := apicheck.New(apidoc.Variant{Profile60: cfg.Profile == 1, Extensions: cfg.Extensions})
			require.NoError(t, err)
			methods := map[string][]string{} // by path of the description
			for _, op := range check.Operations() {
				methods[op.Path] = append(methods[op.Path], op.Method)
			}
			for _, pattern := range hub.Routes() {
				path := strings.ReplaceAll(strings.TrimPrefix(pattern, "/hub"), "?}", "}")
				if path == "/api" || strings.HasPrefix(path, "/api/") {
					assert.Contains(t, methods, path, "the hub has it")
				}
			}
			// What is named does not exist, so that nothing changes.
			fill := strings.NewReplacer("{user}", "nobody", "{group}", "none", "{service}", "none", "{server}", "none", "{owner}", "nobody", "{id}", "a0", "{token}", "none")
			for path, known := range methods {
				for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
					status, text, _ := ask(t, hub, boss, method, fill.Replace(strings.TrimPrefix(path, "/api")), "")
					if slices.Contains(known, method) {
						assert.NotEqual(t, 405, status, "%s %s is in the description: %s", method, path, text)
					} else {
						assert.Contains(t, []int{403, 405}, status, "%s %s is not in the description: %s", method, path, text)
					}
				}
			}
		})
	}
}
