package httpapi_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// read decodes an answer that has to be a success.
func read[M any](t testing.TB, w *httptest.ResponseRecorder) (m M) {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &m), w.Body.String())
	return m
}

// extendedShare is what a share says beyond SH-72.
type extendedShare struct {
	User, Group *struct{ Name string }
	Kind        string
	Scopes      []string
	CreatedAt   string  `json:"created_at"`
	ExpiresAt   *string `json:"expires_at"`
	Grants      []struct {
		Scopes    []string
		CodeID    *string `json:"code_id"`
		GrantedAt string  `json:"granted_at"`
		ExpiresAt *string `json:"expires_at"`
		Session   bool
	}
}

// grantee is "user:NAME" or "group:NAME".
func (s extendedShare) grantee() string {
	if s.Kind == "group" {
		return "group:" + s.Group.Name
	}
	return "user:" + s.User.Name
}

type shareItems struct{ Items []extendedShare }

func (l shareItems) grantees() []string {
	out := []string{}
	for _, s := range l.Items {
		out = append(out, s.grantee())
	}
	return out
}

// extendedCode is what a code says beyond SH-73.
type extendedCode struct {
	ID             string
	Code           string
	ExchangeCount  int  `json:"exchange_count"`
	MaxUses        *int `json:"max_uses"`
	Users, Groups  []string
	Domain, Note   *string
	ShareExpiresIn *int64 `json:"share_expires_in"`
	ShareSession   bool   `json:"share_session"`
}

type codeItems struct{ Items []extendedCode }

// createCode makes a code with what is beyond SH-102.
func (f *fixture) createCode(who, path, body string) extendedCode {
	f.t.Helper()
	return read[extendedCode](f.t, f.must(who, http.MethodPost, "share-codes/"+path, body))
}

// TestExtensionsCanBeSwitchedOff puts requests that a JupyterHub does not know side by side: what they are answered with extensions, and that
// without them the answer is the stock hub's: unknown fields are refused (SH-58, SH-82), arguments are ignored, routes do not exist.
func TestExtensionsCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	const get, post, patch, del = http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
	const ghosts = "No such user: g1\nNo such group: g2"
	for name, c := range map[string]struct {
		who, method, path, body string
		extended                int
		said                    string // by the refusal with extensions
		stock                   int
		message                 string // of the stock refusal
	}{
		"a grant that ends":           {"admin", post, "shares/sharer/", `{"user": "stranger", "expires_in": 60}`, 200, "", 400, "expires_in: unknown field"},
		"a grant that ends, null":     {"admin", post, "shares/sharer/", `{"user": "stranger", "expires_in": null}`, 200, "", 400, "expires_in: unknown field"},
		"a grant for a session":       {"admin", post, "shares/sharer/", `{"user": "stranger", "session": true}`, 200, "", 400, "session: unknown field"},
		"a bulk grant":                {"admin", post, "shares/sharer/", `{"users": ["stranger"], "groups": ["team"]}`, 200, "", 400, "groups: unknown field\nusers: unknown field"},
		"a bulk grant, null":          {"admin", post, "shares/sharer/", `{"user": "stranger", "users": null}`, 200, "", 400, "users: unknown field"},
		"a bulk grant to nobody real": {"admin", post, "shares/sharer/", `{"users": ["g1"], "groups": ["g2"]}`, 400, ghosts, 400, "groups: unknown field\nusers: unknown field"},
		"all fields of a code": {
			"sharer", post, "share-codes/sharer/",
			`{"max_uses": 1, "users": ["sharer"], "groups": [], "domain": "x.org", "note": "n", "share_expires_in": 60, "share_session": true}`, 200, "", 400,
			"domain: unknown field\ngroups: unknown field\nmax_uses: unknown field\nnote: unknown field\nshare_expires_in: unknown field\nshare_session: unknown field\nusers: unknown field",
		},
		"all fields of a code, null": {
			"sharer", post, "share-codes/sharer/",
			`{"max_uses": null, "users": null, "groups": null, "domain": null, "note": null, "share_expires_in": null, "share_session": null}`, 200, "", 400,
			"domain: unknown field\ngroups: unknown field\nmax_uses: unknown field\nnote: unknown field\nshare_expires_in: unknown field\nshare_session: unknown field\nusers: unknown field",
		},
		"a revocation has no new field":  {"sharer", patch, "shares/sharer/", `{"user": "stranger", "expires_in": 60}`, 400, "expires_in: unknown field", 400, "expires_in: unknown field"},
		"nor several grantees":           {"sharer", patch, "shares/sharer/", `{"users": ["stranger"]}`, 400, "users: unknown field", 400, "users: unknown field"},
		"one's own shares":               {"sharer", get, "shares", "", 200, "", 404, "Not Found"},
		"one's own codes":                {"sharer", get, "share-codes", "", 200, "", 404, "Not Found"},
		"writing to one's own shares":    {"sharer", post, "shares", `{"user": "stranger"}`, 405, "Method Not Allowed", 404, "Not Found"},
		"asking about one's own codes":   {"", http.MethodOptions, "share-codes", "", 200, "", 404, "Not Found"},
		"shares by one code":             {"sharer", get, "shares/sharer/?code_id=sc_1", "", 200, "", 200, ""},
		"shares by no code":              {"sharer", get, "shares/sharer/?code_id=x", "", 400, "code_id: must be like sc_1", 200, ""},
		"shares by a query of nonsense":  {"sharer", get, "shares/sharer/?code_id=%zz", "", 400, "Invalid query", 200, ""},
		"cascade":                        {"sharer", del, "share-codes/sharer/?id=sc_1&cascade=true", "", 204, "", 204, ""},
		"cascade, maybe":                 {"sharer", del, "share-codes/sharer/?id=sc_1&cascade=maybe", "", 400, "cascade: must be true or false", 204, ""},
		"a page of a stock list":         {"sharer", get, "shares/sharer?code_id=x", "", 200, "", 200, ""},
		"codes are not listed by a code": {"sharer", get, "share-codes/sharer/?code_id=x", "", 200, "", 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for mode, want := range map[string]struct {
				status  int
				message string
			}{"extended": {c.extended, c.said}, "stock": {c.stock, c.message}} {
				f := newFixture(t, modes[mode])
				code, _ := f.code("sharer", "sharer/", "")
				f.accept(t, "shared-with", code)
				w := f.api(c.who, c.method, c.path, c.body)
				require.Equal(t, want.status, w.Code, "%s: %s", mode, w.Body.String())
				switch {
				case w.Code >= 400:
					assert.Equal(t, want.message, message(t, w), mode)
				case mode == "stock" && c.method == get:
					plain, _, _ := strings.Cut(c.path, "?")
					assert.Equal(t, f.must(c.who, get, plain, "").Body.String(), w.Body.String(), "an unknown argument is ignored")
				}
				kept := len(f.list("sharer", "shares/sharer/").Items)
				if mode == "stock" {
					assert.Equal(t, 1, kept, "nothing was granted, and a deleted code leaves its access (SH-113)")
				}
			}
		})
	}
}

// TestModelsOfBothModes compares the members of every answer that shows a share or a code: those of SH-72 … SH-74 and, with extensions, the
// named ones.
func TestModelsOfBothModes(t *testing.T) {
	t.Parallel()
	stockShare := []string{"created_at", "group", "kind", "scopes", "server", "user"}
	stockCode := []string{"created_at", "exchange_count", "expires_at", "id", "last_exchanged_at", "scopes", "server"}
	secret := []string{"accept_url", "code", "full_accept_url"}
	moreOfShare := []string{"expires_at", "grants"}
	moreOfCode := []string{"bound", "domain", "groups", "max_uses", "note", "share_expires_in", "share_session", "users"}
	for mode, adjust := range modes {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, adjust)
			members := func(m map[string]json.RawMessage) []string { return slices.Sorted(maps.Keys(m)) }
			check := func(what string, object map[string]json.RawMessage, want, more []string) {
				t.Helper()
				want = slices.Clone(want)
				if mode == "extended" {
					want = append(want, more...)
				}
				slices.Sort(want)
				assert.Equal(t, want, members(object), what)
			}
			type object = map[string]json.RawMessage
			created := read[object](t, f.must("sharer", http.MethodPost, "share-codes/sharer/", ""))
			check("a new code", created, slices.Concat(stockCode, secret), moreOfCode)
			var code string
			require.NoError(t, json.Unmarshal(created["code"], &code))
			f.accept(t, "shared-with", code)
			check("a grant", read[object](t, f.must("admin", http.MethodPost, "shares/sharer/", `{"group": "team", "scopes": ["servers", "access:servers"]}`)), stockShare, moreOfShare)
			check("a revocation", read[object](t, f.must("sharer", http.MethodPatch, "shares/sharer/", `{"group": "team", "scopes": ["servers"]}`)), stockShare, moreOfShare)
			check("a share", read[object](t, f.must("shared-with", http.MethodGet, "users/shared-with/shared/sharer/", "")), stockShare, moreOfShare)
			check("a group's share", read[object](t, f.must("admin", http.MethodGet, "groups/team/shared/sharer/", "")), stockShare, moreOfShare)
			lists := map[string][]string{
				"shares/sharer": stockShare, "shares/sharer/": stockShare, "users/shared-with/shared": stockShare, "groups/team/shared": stockShare,
				"share-codes/sharer": stockCode, "share-codes/sharer/": stockCode,
			}
			if mode == "extended" {
				lists["shares"], lists["share-codes"] = stockShare, stockCode
			}
			for path, want := range lists {
				more := moreOfShare
				if &want[0] == &stockCode[0] {
					more = moreOfCode
				}
				who := "sharer"
				if strings.Contains(path, "shared") {
					who = "admin"
				}
				page := read[struct {
					Items []object
					Page  object `json:"_pagination"`
				}](t, f.must(who, http.MethodGet, path, ""))
				require.NotEmpty(t, page.Items, path)
				for _, item := range page.Items {
					check(path, item, want, more)
				}
				assert.Equal(t, []string{"limit", "next", "offset", "total"}, members(page.Page), "SH-68")
			}
		})
	}
}
