package real_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/e2e/realhub"
	"github.com/hubshare/hubshare/e2e/scenario"
	"github.com/hubshare/hubshare/hubsim"
)

const tokenNotebook = "server-token.ipynb"

// Python in the server shares it, with the token that every process there finds in its environment: the steps of SH-194, in a kernel that
// JupyterLab starts, run by the keys.
func TestTheServersOwnTokenShares(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, release realhub.Release) {
		s := open(t, release, hubsim.Config{})
		notebook, err := os.ReadFile("testdata/" + tokenNotebook)
		require.NoError(t, err)
		s.show(tokenNotebook, notebook)
		ann, bob := s.person(sharer), s.person(visitor)
		visits := browser.Visits(bob.page)
		ann.goes(s.hub.URL)
		ann.logsIn()
		ann.opensNotebook(tokenNotebook)

		// What the token may do, and that nothing is shared yet.
		var scopes []string
		var shares []share
		var codes []map[string]any
		ann.prints(&scopes, &shares, &codes)
		assert.ElementsMatch(t, ownScopes(release), scopes)
		assert.Empty(t, shares)
		assert.Empty(t, codes)

		// A code, which the visitor accepts, to be led to this very notebook.
		var status int
		var path, prefix string
		ann.prints(&status, &path, &prefix)
		require.Equal(t, 200, status)
		bob.goes(s.hub.URL[:len(s.hub.URL)-1] + path + "&next=" + prefix + "lab/tree/" + tokenNotebook)
		bob.logsIn()
		bob.accepts()
		assert.True(t, slices.ContainsFunc(visits(), func(v string) bool { return v == s.hub.UserURL(sharer, "")+"lab/tree/"+tokenNotebook }), "%s", visits())

		ann.prints(&shares, &codes)
		require.Len(t, shares, 1)
		assert.Equal(t, share{Kind: "user", User: named{visitor}, Scopes: []string{"access:servers!server=sharer/"}}, shares[0])
		require.Len(t, codes, 1)
		assert.EqualValues(t, 1, codes[0]["exchange_count"])
		assert.NotContains(t, codes[0], "code")

		// Codes go by their id, and all at once.
		var all int
		ann.prints(&status, &codes, &all)
		assert.Equal(t, [2]int{204, 204}, [2]int{status, all})
		assert.Empty(t, codes)

		// A code for more and for an hour, which the visitor accepts too.
		var seconds float64
		ann.prints(&status, &scopes, &seconds, &path)
		require.Equal(t, 200, status)
		assert.Equal(t, []string{"access:servers!server=sharer/", "servers!server=sharer/", "shares!server=sharer/"}, scopes)
		assert.InDelta(t, 3600, seconds, 1)
		bob.goes(s.hub.URL[:len(s.hub.URL)-1] + path)
		bob.accepts()

		// It is taken away piece by piece.
		var one, rest []any
		var list struct {
			Items []share `json:"items"`
			Page  struct {
				Limit int `json:"limit"`
			} `json:"_pagination"`
		}
		ann.prints(&one, &rest, &status, &list)
		assert.Equal(t, []any{200.0, []any{"access:servers!server=sharer/", "servers!server=sharer/"}}, one)
		assert.Equal(t, []any{200.0, nil}, rest)
		assert.Equal(t, 204, status)
		assert.Empty(t, list.Items)
		assert.Equal(t, 200, list.Page.Limit)
	})
}

type named struct {
	Name string `json:"name"`
}

// share is what a listing of shares says of one.
type share struct {
	Kind   string   `json:"kind"`
	User   named    `json:"user"`
	Scopes []string `json:"scopes"`
}

// ownScopes are those of the server's token, as the hub shows them.
func ownScopes(release realhub.Release) []string {
	server := []string{"access:servers", "delete:servers", "groups:shares", "read:groups:shares", "read:servers", "read:shares", "servers", "shares", "users:activity", "users:shares"}
	if release != realhub.V55 {
		server = append(server, "start:servers")
	}
	var out []string
	for _, scope := range server {
		out = append(out, scope+"!server=sharer/")
	}
	for _, scope := range []string{"read:users:name", "read:users:groups", "read:users:activity", "users:activity"} {
		out = append(out, scope+"!user=sharer")
	}
	return out
}

// prints runs the next code cell and reads the JSON list that it prints into values.
func (p *person) prints(values ...any) {
	p.Helper()
	text := p.reads(p.runs(1), "[")
	var list []json.RawMessage
	require.NoError(p, json.Unmarshal([]byte(text), &list), "%s", text)
	require.Len(p, list, len(values))
	for i, v := range values {
		require.NoError(p, json.Unmarshal(list[i], v), "%s", list[i])
	}
}

// accepts presses the button of the invitation that is shown, and waits for what comes after.
func (p *person) accepts() {
	p.Helper()
	invitation, err := scenario.OnAccept(p.page)
	require.NoError(p, err, p.name)
	require.NoError(p, invitation.Accept(), p.name)
	_, err = scenario.OnConsent(p.page)
	require.NoError(p, err, p.name)
}
