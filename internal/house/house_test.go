package house_test

import (
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/hubshare/hubshare"

// The modules that some package may use. What is not named in a row is not
// allowed there.
const (
	fosite     = "github.com/ory/fosite"
	playwright = "github.com/playwright-community/playwright-go"
	sqlite     = "modernc.org/sqlite"
	pgx        = "github.com/jackc/pgx/v5"
	websocket  = "github.com/coder/websocket"
	goldmark   = "github.com/yuin/goldmark"
	xnet       = "golang.org/x/net"
	xsync      = "golang.org/x/sync"
	xtime      = "golang.org/x/time"
	xoauth2    = "golang.org/x/oauth2"
	testify    = "github.com/stretchr/testify"
	goleak     = "go.uber.org/goleak"
	jsonschema = "github.com/santhosh-tekuri/jsonschema/v6"
	rapid      = "pgregory.net/rapid"
)

// room is one row: what the code of a folder, and of those below it that have no
// row of their own, may import beside the standard library and its own folder.
type room struct {
	folder string
	// ours are folders of this repository, with what is below them.
	ours []string
	// not are exceptions to ours.
	not []string
	// theirs are other modules.
	theirs []string
}

func list(s ...string) []string { return s }

// Test files may import, beyond their room: the modules for testing, whatever lies
// in the same top-level folder or is allowed to it, and what testsToo adds. The
// conformance suites and the hosts that tests of several packages share are test
// code in plain files.
var rooms = []room{
	{folder: "scopes"},

	{folder: "sharing", ours: list("scopes", "internal"), theirs: list(xsync, xtime)},
	{folder: "sharing/httpapi", ours: list("scopes", "sharing", "internal"), not: list("sharing/sqlstore"), theirs: list(xsync)},
	{folder: "sharing/sqlstore", ours: list("scopes", "sharing", "internal"), not: list("sharing/httpapi")},
	{folder: "sharing/storetest", ours: list("scopes", "sharing"), not: list("sharing/sqlstore"), theirs: list(testify)},
	{folder: "sharing/internal", ours: list("scopes", "sharing", "internal"), theirs: list(testify)},
	{folder: "sharing/client"},

	{folder: "oauth", ours: list("scopes", "internal"), theirs: list(fosite, xsync)},
	{folder: "oauth/httpapi", ours: list("scopes", "oauth", "internal"), not: list("oauth/sqlstore"), theirs: list(xsync)},
	{folder: "oauth/sqlstore", ours: list("scopes", "oauth", "internal"), not: list("oauth/httpapi")},
	{folder: "oauth/storetest", ours: list("scopes", "oauth"), not: list("oauth/sqlstore"), theirs: list(testify)},
	{folder: "oauth/internal", ours: list("scopes", "oauth", "internal"), theirs: list(testify)},
	{folder: "oauth/hubauth", theirs: list(xoauth2, xsync)},

	// The row of the leaves below hubsim is made by leafRoom.
	{folder: "hubsim", ours: list("scopes", "sharing", "oauth", "hubsim", "internal"), theirs: list(xnet, xsync, websocket, goldmark)},
	{folder: "hubsim/cmd", ours: list("hubsim")},

	{folder: "e2e", ours: list("hubsim", "oauth/hubauth", "e2e"), theirs: list(playwright)},
	{folder: "e2e/browser", ours: list("internal/supply"), theirs: list(playwright)},
	{folder: "e2e/scenario", ours: list("e2e/browser")},
	{folder: "e2e/realhub", ours: list("internal/supply")},
	{folder: "e2e/services", ours: list("e2e/realhub", "oauth/hubauth")},
	{folder: "e2e/twin", ours: list("scopes", "hubsim", "e2e/realhub")},

	{folder: "examples", ours: list("scopes", "sharing", "oauth", "hubsim", "e2e/browser", "e2e/scenario", "e2e/realhub"), theirs: list(websocket)},

	{folder: "internal", ours: list("scopes", "internal"), theirs: list(xnet, xsync)},
	{folder: "internal/apidoc/apicheck", ours: list("internal"), theirs: list(jsonschema)},
	{folder: "internal/sqldb", theirs: list(sqlite, pgx)},
	{folder: "internal/pgtest", theirs: list(pgx)},
}

// testsToo is what the tests of a top-level folder may import in addition.
var testsToo = map[string][]string{
	"sharing":  {xnet},
	"oauth":    {xnet, xoauth2},
	"e2e":      {xnet, module + "/internal/testlog"},
	"hubsim":   {xnet, websocket, module + "/internal/testlog"},
	"examples": {module + "/internal/pgtest"},
}

// roomOf finds the row for a folder: the longest that it lies in.
func roomOf(folder string) (room, bool) {
	if leaf, ok := strings.CutPrefix(folder, "hubsim/"); ok && !strings.HasPrefix(leaf, "cmd") {
		return leafRoom(folder), true
	}
	var best room
	for _, r := range rooms {
		if within(folder, r.folder) && len(r.folder) > len(best.folder) {
			best = r
		}
	}
	return best, best.folder != ""
}

// oursOf is what the row of a top-level folder allows.
func oursOf(top string) []string {
	r, _ := roomOf(top)
	return r.ours
}

// leafRoom is the row of a folder below hubsim: it wires nothing, so it imports
// neither hubsim nor another leaf.
func leafRoom(folder string) room {
	_, rest, _ := strings.Cut(folder, "/")
	name, _, _ := strings.Cut(rest, "/")
	return room{folder: "hubsim/" + name, ours: list("scopes", "sharing", "oauth", "internal"),
		theirs: list(xnet, xsync, websocket, goldmark)}
}

// within says whether a path is a folder or lies below it.
func within(p, folder string) bool { return p == folder || strings.HasPrefix(p, folder+"/") }

func withinAny(p string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return within(p, f) })
}

// verdict says why a file must not import something; empty when it may.
func verdict(file, imported string) string {
	first, _, _ := strings.Cut(imported, "/")
	if !strings.Contains(first, ".") {
		return "" // the standard library
	}
	folder := path.Dir(file)
	r, ok := roomOf(folder)
	if !ok {
		return "the folder has no row in the table of internal/house"
	}
	top, _, _ := strings.Cut(folder, "/")
	test := strings.HasSuffix(file, "_test.go")
	if mine, ok := strings.CutPrefix(imported, module+"/"); ok {
		switch {
		case within(mine, r.folder):
			return ""
		case withinAny(mine, r.ours) && !withinAny(mine, r.not):
			return ""
		case test && top != "e2e" && top != "hubsim" && (within(mine, top) || withinAny(mine, oursOf(top))):
			return "" // a store's conformance suite, a test's host
		case test && withinAny(imported, testsToo[top]):
			return ""
		default:
			return "the code of " + r.folder + " must not import it"
		}
	}
	switch {
	case withinAny(imported, r.theirs):
		return ""
	case test && withinAny(imported, append(list(testify, goleak, rapid), testsToo[top]...)):
		return ""
	default:
		return "the code of " + r.folder + " must not use that module"
	}
}

func TestEveryImportPointsDown(t *testing.T) {
	t.Parallel()
	files := goFiles(t)
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(repository(t), file), nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			if why := verdict(file, imported); why != "" {
				t.Errorf("%s imports %s: %s", file, imported, why)
			}
		}
	}
	assert.Greater(t, len(files), 10, "the walk must have found the repository")
}

// repository is the folder that holds go.mod.
func repository(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		require.NotEqual(t, dir, filepath.Dir(dir), "no go.mod above the test")
		dir = filepath.Dir(dir)
	}
}

func TestTheTableRefusesWhatPointsUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, imported string }{
		{"scopes/set.go", module + "/internal/web"},
		{"scopes/set.go", module + "/sharing"},
		{"scopes/set.go", "golang.org/x/sync/errgroup"},
		{"scopes/set_test.go", module + "/sharing"},
		{"oauth/hubauth/auth_test.go", module + "/sharing"},
		{"sharing/service.go", module + "/oauth"},
		{"sharing/service.go", module + "/sharing2"},
		{"sharing/service.go", fosite},
		{"sharing/service.go", testify + "/require"},
		{"sharing/client/client.go", module + "/sharing"},
		{"sharing/httpapi/page.go", module + "/sharing/sqlstore"},
		{"oauth/provider.go", module + "/sharing"},
		{"oauth/httpapi/token.go", fosite + "/handler/oauth2"},
		{"oauth/hubauth/middleware.go", module + "/oauth"},
		{"hubsim/proxy/proxy.go", module + "/hubsim"},
		{"hubsim/proxy/proxy.go", module + "/hubsim/pages"},
		{"hubsim/proxy/proxy_test.go", module + "/hubsim"},
		{"hubsim/hub.go", module + "/e2e/browser"},
		{"hubsim/hub.go", fosite},
		{"hubsim/hub_test.go", playwright},
		{"hubsim/cmd/hubsim/main.go", module + "/sharing"},
		{"hubsim/cmd/hubsim/main.go", module + "/internal/testlog"},
		{"e2e/browser/session.go", module + "/internal/testlog"},
		{"e2e/browser/session.go", module + "/hubsim"},
		{"e2e/browser/session.go", module + "/e2e/scenario"},
		{"e2e/scenario/walk.go", module + "/hubsim"},
		{"e2e/scenario/walk.go", playwright},
		{"e2e/scenario/walk_test.go", module + "/hubsim"},
		{"examples/embed/main.go", module + "/internal/web"},
		{"examples/embed/main.go", playwright},
		{"internal/web/page.go", module + "/sharing"},
		{"internal/web/page.go", module + "/hubsim"},
		{"internal/changelog/follow.go", pgx},
		{"sharing/sqlstore/store.go", pgx},
		{"oauth/sqlstore/store.go", sqlite},
		{"elsewhere/main.go", module + "/scopes"},
		{"main.go", module + "/scopes"},
	} {
		assert.NotEmpty(t, verdict(c.file, c.imported), "%s must not import %s", c.file, c.imported)
	}
}

func TestTheTableAllowsWhatPointsDown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ file, imported string }{
		{"scopes/set.go", "slices"},
		{"scopes/set_test.go", testify + "/require"},
		{"sharing/service.go", module + "/scopes"},
		{"sharing/service_test.go", module + "/sharing/sqlstore"},
		{"sharing/sqlstore/store.go", module + "/internal/sqldb"},
		{"sharing/storetest/suite.go", testify + "/assert"},
		{"sharing/httpapi/page_test.go", xnet + "/html"},
		{"oauth/hubauth/auth_test.go", module + "/scopes"},
		{"oauth/provider.go", fosite + "/handler/pkce"},
		{"oauth/internal/testhost/host.go", module + "/oauth/sqlstore"},
		{"hubsim/hub.go", module + "/hubsim/proxy"},
		{"hubsim/hub.go", module + "/sharing/httpapi"},
		{"hubsim/singleuser/page.go", module + "/oauth/hubauth"},
		{"hubsim/proxy/inner/x.go", module + "/hubsim/proxy"},
		{"hubsim/cmd/hubsim/main_test.go", module + "/internal/testlog"},
		{"e2e/walk_test.go", module + "/hubsim"},
		{"e2e/walk_test.go", module + "/internal/testlog"},
		{"e2e/scenario/walk.go", module + "/e2e/browser"},
		{"examples/user-sharing/main.go", module + "/e2e/scenario"},
		{"internal/changelog/table.go", module + "/internal/sqldb"},
		{"internal/sqldb/sqldb_test.go", module + "/internal/pgtest"},
		{"internal/sqldb/postgres.go", pgx},
		{"sharing/sqlstore/store_test.go", module + "/internal/pgtest"},
	} {
		assert.Empty(t, verdict(c.file, c.imported), "%s may import %s", c.file, c.imported)
	}
}
