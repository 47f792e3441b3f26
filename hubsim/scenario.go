package hubsim

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hubshare/hubshare/internal/web"
)

// Scenario is something that goes wrong in a hub, by its name, with what it takes (HB-171). The functions of those names, such as [SlowSpawn], make faults of them;
// [Scenarios] lists them. Fields that a scenario does not take stay empty.
type Scenario struct {
	Name string // one of [Scenarios]; "" = none

	Duration      time.Duration // what it is of, the scenario says; on the hub's clock
	Status        int           // HTTP status of a failure
	Message       string        // of a failure
	Owner, Server string        // whose server; Owner "" = every server, Server "" = the default one
	User, Group   string        // whom it takes something from
	Scopes        []string      // of a share; none = all of it
	ID            string        // of a token, "a1", or of a share code, "sc_1"
	Error         string        // an error code of OAuth
	Version       string        // of a JupyterHub
}

// ScenarioInfo is one line about a scenario.
type ScenarioInfo struct {
	Name  string   `json:"name"`
	About string   `json:"about"`
	Takes []string `json:"takes"` // keys in a file or a request, those that it needs first
	Needs []string `json:"needs"`
	// State: it changes what is stored, once: at the first request that matches, or at once if the fault says nothing of requests. Removing it brings nothing back.
	State bool `json:"state,omitempty"`
}

// Scenarios are all that there are, in the order of the documentation.
func Scenarios() []ScenarioInfo {
	table := scenarios()
	out := make([]ScenarioInfo, len(table))
	for i, s := range table {
		out[i] = ScenarioInfo{Name: s.name, About: s.about, Needs: orEmpty(s.needs), Takes: slices.Concat(orEmpty(s.needs), s.takes), State: s.act != nil}
	}
	return out
}

// scenario is one line of the table that files, requests, Go and the documentation share. Of its functions it has those of the places where it acts.
type scenario struct {
	name, about  string
	needs, takes []string

	// meets narrows down the requests that it is about; serve answers them, in part or whole.
	meets func(h *Hub, r *http.Request, e *entry, s Scenario) bool
	serve func(h *Hub, w http.ResponseWriter, r *http.Request, f hit, next http.Handler)
	// start disturbs the start of a server before its spawner is asked, probe takes the place of waiting until it answers, stop comes before it is ended.
	start, probe func(ctx context.Context, h *Hub, f hit) error
	stop         func(ctx context.Context, h *Hub, f hit)
	// asked: the hub asks by name whether it is in force, at the one place that it is about.
	asked bool
	// begin puts it in force until end is called.
	begin func(h *Hub, id int64, s Scenario) (end func())
	// act changes the state of the hub, once.
	act func(ctx context.Context, h *Hub, s Scenario) error
	// check says what a scenario may not be, beside what it lacks.
	check func(s Scenario) error
}

// scenarios is the table (HB-171). It is no variable, since what it lists looks into it.
func scenarios() []scenario {
	ofServer := []string{"owner", "server"}
	return []scenario{
		{name: "SlowSpawn", needs: []string{"duration"}, takes: ofServer, start: slowSpawn,
			about: "a start takes duration longer: the API answers 202, the spawn page leads to spawn-pending, progress goes on"},
		{name: "SpawnHang", takes: ofServer, start: spawnHang,
			about: "a start hangs until it is released, or until start_timeout makes it a failure"},
		{name: "SpawnFail", takes: append([]string{"message", "status", "duration"}, ofServer...), start: spawnFail, check: checkFailure,
			about: "a start fails with message and status (500): at once on the page that asked for it, or after duration on the pending page"},
		{name: "SpawnNeverReady", takes: ofServer, probe: neverReady,
			about: "a server is started and never answers: after http_timeout the start has failed, with \"timeout\""},
		{name: "ServerCrash", needs: []string{"owner"}, takes: []string{"server"}, act: serverCrash,
			about: "a server's process is gone and its route is still there: 503 until the hub looks"},
		{name: "ServerSlow", needs: []string{"duration"}, takes: ofServer, meets: meetsServer, serve: serverSlow,
			about: "every answer of a server comes duration later"},
		{name: "SlowStop", needs: []string{"duration"}, takes: ofServer, stop: slowStop,
			about: "a stop takes duration longer: the API answers 202, the server is pending \"stop\""},
		{name: "HubDown", takes: []string{"duration"}, meets: meetsHub, serve: hubDown, begin: endsAfter,
			about: "the hub does not answer for duration, or until it is released: its paths are 503, servers that run are still served, and cannot reach the hub"},
		{name: "API5xx", takes: []string{"status"}, meets: meetsAPI, serve: apiFails, check: checkServerError,
			about: "the REST API answers status (500)"},
		{name: "RateLimit", takes: []string{"duration"}, meets: meetsAPI, serve: rateLimit,
			about: "the REST API answers 429, with a Retry-After of duration (30 s)"},
		{name: "ExpireToken", needs: []string{"id"}, act: func(ctx context.Context, h *Hub, s Scenario) error { return h.ExpireToken(ctx, s.ID) },
			about: "a token has expired; others that were issued with it live on"},
		{name: "RevokeToken", needs: []string{"id"}, act: func(ctx context.Context, h *Hub, s Scenario) error { return h.RevokeToken(ctx, s.ID) },
			about: "a token is deleted; one of a server's page takes along its owner's others of that server"},
		{name: "ExpireLogin", needs: []string{"user"}, act: func(ctx context.Context, h *Hub, s Scenario) error { return h.ExpireLogin(ctx, s.User) },
			about: "a user is logged in nowhere any more; tokens stay"},
		{name: "DeleteUser", needs: []string{"user"}, act: func(ctx context.Context, h *Hub, s Scenario) error { return h.DeleteUser(ctx, s.User) },
			about: "a user is deleted, with servers and tokens, and with what they shared and what was shared with them"},
		{name: "ExpireCode", needs: []string{"id"}, act: func(ctx context.Context, h *Hub, s Scenario) error { return h.ExpireCode(ctx, s.ID) },
			about: "a share code has expired; access that it gave stays"},
		{name: "RevokeShare", needs: []string{"owner"}, takes: []string{"server", "user", "group", "scopes"}, act: revokeShare, check: checkGrantee,
			about: "a user or a group loses access to a server, or the scopes of it that are named"},
		{name: "DropOAuthCode", asked: true,
			about: "the codes of OAuth are lost: a server that redeems one is told invalid_grant"},
		{name: "OAuthDeny", takes: []string{"error"}, meets: meetsAuthorize, serve: oauthDeny, check: checkOAuthError,
			about: "authorization is denied: the visitor comes back to the server with error (access_denied) instead of a code"},
		{name: "StaleRoute", takes: ofServer, meets: meetsServer, serve: staleRoute,
			about: "the hub says that a server is ready, and its route is missing: a redirect loop that ends in 500"},
		{name: "VersionMismatch", needs: []string{"version"}, meets: meetsHub, serve: versionMismatch,
			about: "the hub says that it is of version, which its servers are not"},
		{name: "XSRFReject", meets: meetsProof, serve: rejectProof,
			about: "the proof of a request by cookie is not accepted: 403, and the login form once more"},
		{name: "NoNamedServers", asked: true,
			about: "named servers are switched off: 400; those that run go on"},
		{name: "ClockSkew", needs: []string{"duration"}, begin: clockSkew,
			about: "the hub's clock is ahead of everybody's by duration, or behind if it is negative"},
	}
}

// scenarioNamed finds a line of the table; nil if there is none.
func scenarioNamed(name string) *scenario {
	table := scenarios()
	i := slices.IndexFunc(table, func(s scenario) bool { return s.name == name })
	if i < 0 {
		return nil
	}
	return &table[i]
}

// parameters are those that a scenario was given, by their keys.
func (s Scenario) parameters() map[string]any {
	all := map[string]any{}
	add := func(key string, given bool, value any) {
		if given {
			all[key] = value
		}
	}
	add("duration", s.Duration != 0, s.Duration.String())
	add("status", s.Status != 0, s.Status)
	add("scopes", len(s.Scopes) > 0, s.Scopes)
	for key, text := range map[string]string{"message": s.Message, "owner": s.Owner, "server": s.Server, "user": s.User, "group": s.Group, "id": s.ID, "error": s.Error,
		"version": s.Version} {
		add(key, text != "", text)
	}
	return all
}

// given are their keys.
func (s Scenario) given() []string { return slices.Sorted(maps.Keys(s.parameters())) }

// fieldOf is a parameter's field in Go.
func fieldOf(key string) string {
	if key == "id" {
		return "ID"
	}
	return strings.ToUpper(key[:1]) + key[1:]
}

func (s Scenario) validate() error {
	line := scenarioNamed(s.Name)
	if line == nil {
		var names []string
		for _, known := range scenarios() {
			names = append(names, known.name)
		}
		return wrongFieldf("Scenario", "%q is none; there are %s", s.Name, strings.Join(names, ", "))
	}
	given := s.given()
	for _, key := range line.needs {
		if !slices.Contains(given, key) {
			return wrongFieldf(fieldOf(key), "is needed by %s", s.Name)
		}
	}
	for _, key := range given {
		if !slices.Contains(line.needs, key) && !slices.Contains(line.takes, key) {
			return wrongFieldf(fieldOf(key), "is of no use to %s", s.Name)
		}
	}
	if s.Duration < 0 && s.Name != "ClockSkew" {
		return wrongFieldf("Duration", "must not be negative")
	}
	if s.Server != "" && s.Owner == "" {
		return wrongFieldf("Owner", "is needed beside a server")
	}
	if line.check != nil {
		return line.check(s)
	}
	return nil
}

func checkFailure(s Scenario) error {
	if s.Status != 0 && (s.Status < 400 || s.Status > 599) {
		return wrongFieldf("Status", "must be from 400 to 599")
	}
	return nil
}

func checkServerError(s Scenario) error {
	if s.Status != 0 && (s.Status < 500 || s.Status > 599) {
		return wrongFieldf("Status", "must be from 500 to 599")
	}
	return nil
}

func checkGrantee(s Scenario) error {
	if (s.User == "") == (s.Group == "") {
		return wrongFieldf("User", "or Group is needed, and not both")
	}
	return nil
}

func checkOAuthError(s Scenario) error {
	if strings.ContainsFunc(s.Error, func(c rune) bool { return c != '_' && (c < 'a' || c > 'z') }) {
		return wrongFieldf("Error", "must be an error code such as access_denied")
	}
	return nil
}

// concerns says whether a scenario is about a server.
func (s Scenario) concerns(owner, name string) bool {
	return s.Owner == "" || s.Owner == owner && s.Server == name
}

// Which requests a scenario is about.

func meetsServer(h *Hub, r *http.Request, _ *entry, s Scenario) bool {
	prefix, routed := h.proxy.Lookup(r)
	if !routed {
		return false
	}
	at := h.serverAt(prefix)
	return at != nil && s.concerns(at.owner.name, at.name)
}

func meetsHub(h *Hub, r *http.Request, _ *entry, _ Scenario) bool {
	_, routed := h.proxy.Lookup(r)
	return !routed
}

// meetsAPI: of what lies below api/, authorize is a page, and health is for those who look after the hub.
func meetsAPI(h *Hub, _ *http.Request, e *entry, _ Scenario) bool {
	rest, api := strings.CutPrefix(e.Path, h.site.HubPrefix()+"api/")
	return api && rest != "oauth2/authorize" && rest != "health"
}

// meetsAuthorize: who is not logged in has to do that first.
func meetsAuthorize(h *Hub, r *http.Request, e *entry, _ Scenario) bool {
	return e.Path == h.site.HubPrefix()+"api/oauth2/authorize" && e.visitor.cookie && (r.Method == http.MethodGet || r.Method == http.MethodPost)
}

func meetsProof(h *Hub, r *http.Request, e *entry, s Scenario) bool {
	api := strings.HasPrefix(e.Path, h.site.HubPrefix()+"api/")
	return meetsHub(h, r, e, s) && e.Credential != "token" && web.NeedsXSRF(r, api)
}

func revokeShare(ctx context.Context, h *Hub, s Scenario) error {
	return h.RevokeShare(ctx, Share{Owner: s.Owner, Server: s.Server, User: s.User, Group: s.Group, Scopes: s.Scopes})
}

func serverCrash(_ context.Context, h *Hub, s Scenario) error { return h.KillServer(s.Owner, s.Server) }

// returnAddress is where an authorize request of a client that the hub knows wants its visitor back, with an error in place of a code. It is the address that was
// registered, whatever the request says (OA-22).
func (h *Hub) returnAddress(r *http.Request, problem string) (string, bool) {
	q := r.URL.Query()
	if r.Method == http.MethodPost {
		_ = r.ParseForm() // a form that cannot be read names no client
		for key, values := range r.PostForm {
			q[key] = values
		}
	}
	c, err := h.tokens.Client(r.Context(), lastOf(q, "client_id"))
	if err != nil {
		return "", false
	}
	to, err := url.Parse(c.RedirectURI)
	if err != nil {
		return "", false
	}
	query := to.Query()
	query.Set("error", problem)
	if state := lastOf(q, "state"); state != "" {
		query.Set("state", state)
	}
	to.RawQuery = query.Encode()
	return to.String(), true
}
