package oauth_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/testlog"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

func TestOneSecretIsTokenAndClientSecret(t *testing.T) { // OA-6, OA-196
	t.Parallel()
	h := newHub(t)
	list, err := h.ServerTokenScopes(t.Context(), h.alice, "", nil)
	require.NoError(t, err)
	_, own, err := h.IssueToken(t.Context(), oauth.TokenOrder{Owner: h.alice, Scopes: list, Note: "Server at /user/alice/", Internal: true})
	require.NoError(t, err)
	r := server()
	r.Secret = own
	require.NoError(t, h.PutClient(t.Context(), r))
	_, err = h.Exchange(t.Context(), form(h.code(t, h.alice, query()), "client_secret", own.Reveal()))
	require.NoError(t, err)
	id, err := h.Authenticate(t.Context(), own.Reveal())
	require.NoError(t, err)
	assert.Equal(t, "Server at /user/alice/", id.Note)
	assert.Equal(t, []string{ // OA-180
		"access:servers!server=alice/", "read:users:activity!user=alice", "read:users:groups!user=alice", "read:users:name!user=alice", "users:activity!user=alice",
	}, id.Effective.Strings())
}

func TestWhatAClientMayAskForIsStoredSortedWithItsAccess(t *testing.T) { // OA-8, OA-9, OA-10
	t.Parallel()
	h := newHub(t)
	c, err := h.store.Client(t.Context(), serverID)
	require.NoError(t, err)
	assert.Equal(t, []string{"access:servers!server", "access:servers!server=alice/", "shares!server"}, scopes.Strings(c.Allowed))
	r := service("x", "/services/x/oauth_callback")
	r.Description, r.Allowed = "", parse("self", "access:services!service=x", "read:users")
	require.NoError(t, h.PutClient(t.Context(), r))
	c, err = h.store.Client(t.Context(), r.ID)
	require.NoError(t, err)
	assert.Equal(t, []string{"access:services!service=x", "read:users", "self"}, scopes.Strings(c.Allowed))
	h.host.User("alice", "self", "access:services")
	d, err := h.ask(t, h.alice, query("client_id", r.ID))
	require.NoError(t, err)
	require.NotNil(t, d.Consent)
	assert.Equal(t, "service-x", d.Consent.Client, "without a description the id is shown")
}

func TestConsentSaysWhatFiltersMean(t *testing.T) { // OA-37
	t.Parallel()
	h := newHub(t)
	r := server()
	r.Allowed = parse("tokens!user", "list:users!group=g", "read:users:activity")
	require.NoError(t, h.PutClient(t.Context(), r))
	h.host.User("bob", "tokens", "list:users", "read:users:activity", "access:servers")
	d, err := h.ask(t, h.bob, query())
	require.NoError(t, err)
	require.NotNil(t, d.Consent)
	filters := map[string]string{}
	for _, line := range d.Consent.Descriptions {
		filters[line.Scope.String()] = line.Filter
	}
	assert.Equal(t, map[string]string{"tokens!user": "only you", "list:users!group=g": "users in group g", "read:users:activity": ""}, filters)
}

func TestRefusalsAreLoggedWithoutWhatTheyCarried(t *testing.T) { // OA-47, OA-192
	t.Parallel()
	h := newHub(t)
	code := h.code(t, h.alice, query())
	for _, q := range []string{
		query("state", "secret-state", "redirect_uri", "https://evil.example/secret-path"), query("state", "secret-state", "scope", "admin:users"),
		query("state", "secret-state", "code_challenge", "secret-challenge", "code_challenge_method", "S256"),
	} {
		_, _ = h.ask(t, h.bob, q)
	}
	_, _ = h.Exchange(t.Context(), form(code, "client_secret", "secret-guess"))
	_, _ = h.Exchange(t.Context(), form("secret-code", "client_id", strings.Repeat("x", 2000)))
	text := h.log.String()
	for _, want := range []string{
		`msg="oauth authorize refused" client_id=jupyterhub-user-alice user_id=id-bob reason=invalid_request message="Mismatching redirect URI."`,
		`reason=invalid_scope`, `message="Code challenge malformed."`, `msg="oauth exchange refused" client_id=jupyterhub-user-alice reason=invalid_client`,
	} {
		assert.Contains(t, text, want)
	}
	for _, hidden := range []string{code, "secret-", secret, strings.Repeat("x", 256)} {
		assert.NotContains(t, text, hidden)
	}
}

// The fence: nobody but this package knows fosite, and none of its types is in our signatures, so that it can be replaced. What it brings along
// is linked and lies idle: nobody here asks tracing for anything, nor the stores that fosite comes with.
func TestFositeStaysBehindTheFence(t *testing.T) { // OA-155, OA-185, OA-F23, OA-F24
	t.Parallel()
	top, err := filepath.Abs("..")
	require.NoError(t, err)
	files := 0
	require.NoError(t, filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil //nolint:nilerr // somebody else's file, which is no Go yet
		}
		ours := filepath.Dir(name) == filepath.Join(top, "oauth")
		for _, i := range file.Imports {
			assert.NotContains(t, i.Path.Value, "go.opentelemetry.io", "%s", name)
			if !strings.Contains(i.Path.Value, "ory/fosite") {
				continue
			}
			files++
			assert.True(t, ours, "%s imports %s", name, i.Path.Value)
			assert.NotContains(t, i.Path.Value, "compose", "it would bring every handler along")
			assert.NotContains(t, i.Path.Value, "storage", "its store lets two of a code's exchanges through")
			for _, decl := range file.Decls {
				exportsNothingOf(t, name, decl)
			}
		}
		return nil
	}))
	assert.NotZero(t, files)
}

func exportsNothingOf(t *testing.T, name string, decl ast.Decl) {
	t.Helper()
	var shown ast.Node
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && (d.Recv == nil || ast.IsExported(receiver(d))) {
			shown = d.Type
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if s, ok := spec.(*ast.TypeSpec); ok && s.Name.IsExported() {
				shown = visible(s)
			}
		}
	}
	if shown == nil {
		return
	}
	ast.Inspect(shown, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok {
				assert.NotContains(t, []string{"fosite", "fositeoauth2", "pkce"}, x.Name, "%s shows %s.%s", name, x.Name, s.Sel.Name)
			}
		}
		return true
	})
}

func receiver(d *ast.FuncDecl) string {
	x := d.Recv.List[0].Type
	if star, ok := x.(*ast.StarExpr); ok {
		x = star.X
	}
	if id, ok := x.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

// visible leaves out what a struct hides.
func visible(s *ast.TypeSpec) ast.Node {
	fields, ok := s.Type.(*ast.StructType)
	if !ok {
		return s.Type
	}
	out := &ast.FieldList{}
	for _, f := range fields.Fields.List {
		if len(f.Names) == 0 || f.Names[0].IsExported() {
			out.List = append(out.List, f)
		}
	}
	return out
}

var anOARule = regexp.MustCompile(`\bOA-[A-Z]?[0-9]+\b`)

// Every rule of the provider and its clients is cited by a test of this package or of one below it. What only the hub around it can keep is
// listed apart.
func TestEveryRuleIsTested(t *testing.T) {
	t.Parallel()
	var tests strings.Builder
	require.NoError(t, filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, "_test.go") && filepath.Dir(name) != "storetest" {
			return err
		}
		source, err := os.ReadFile(name)
		tests.Write(source)
		return err
	}))
	cited := map[string]bool{}
	for _, rule := range anOARule.FindAllString(tests.String(), -1) {
		cited[rule] = true
	}
	text, err := os.ReadFile("RULES.md")
	require.NoError(t, err)
	ours, hosts, apart := strings.Cut(string(text), "\n## Rules of the host\n")
	require.True(t, apart)
	listed := map[string]bool{}
	for _, rule := range regexp.MustCompile(`(?m)^- \*\*(OA-[A-Z]?[0-9]+)\*\*`).FindAllStringSubmatch(ours, -1) {
		assert.True(t, cited[rule[1]], "no test cites %s", rule[1])
		listed[rule[1]] = true
	}
	for _, rule := range regexp.MustCompile(`(?m)^- \*\*(OA-[A-Z]?[0-9]+)\*\*`).FindAllStringSubmatch(hosts, -1) {
		assert.False(t, listed[rule[1]], "%s stands twice", rule[1])
		listed[rule[1]] = true
	}
	for rule := range cited {
		assert.True(t, listed[rule], "RULES.md does not list %s", rule)
	}
	assert.Greater(t, len(listed), 200)
}

// The checklist in the package comment names tests that are there.
func TestTheChecklistNamesTests(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	named := regexp.MustCompile(`\b(Test|Fuzz)[A-Z][A-Za-z0-9]+\b`).FindAllString(string(text), -1)
	require.Greater(t, len(named), 20)
	var tests strings.Builder
	require.NoError(t, filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		source, err := os.ReadFile(name)
		tests.Write(source)
		return err
	}))
	for _, name := range named {
		assert.Contains(t, tests.String(), "func "+name+"(", "%s", name)
	}
}

// numbered is a host's handler, which knows the request by its context.
type numbered struct{ slog.Handler }

type numberKey struct{}

func (n numbered) Handle(ctx context.Context, r slog.Record) error {
	if id, ok := ctx.Value(numberKey{}).(int); ok {
		r.AddAttrs(slog.Int("request", id))
	}
	return n.Handler.Handle(ctx, r)
}

// The id of a request is the host's, who finds it in what each record comes with.
func TestRefusalsAreLoggedWithTheirRequest(t *testing.T) { // OA-47
	t.Parallel()
	var log testlog.Log
	h := newHub(t, func(c *oauth.Config) { c.Logger = slog.New(numbered{slog.NewTextHandler(&log, nil)}) })
	in := func(id int) context.Context { return context.WithValue(t.Context(), numberKey{}, id) }
	_, err := h.Authorize(in(7), oauth.AuthorizeRequest{User: h.bob, Query: query("redirect_uri", "/elsewhere")})
	require.Error(t, err)
	_, err = h.Exchange(in(8), form("no-such-code", "client_secret", "secret-guess"))
	require.Error(t, err)
	assert.Regexp(t, `msg="oauth authorize refused".* request=7\n`, log.String())
	assert.Regexp(t, `msg="oauth exchange refused".* request=8\n`, log.String())
}
