package scopes_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/scopes"
)

// Whatever is sent: no panic, and what parses is written back so that it parses to the same scope (SC-10).
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "self", "users!user=a=b", "users!", "x!server", "x!group", "users!user=", "a!b!c", "servers!server=a/b", "all!user", "\xff!\x00"} {
		f.Add(s)
	}
	reg := scopes.New(scopes.P60)
	f.Fuzz(func(t *testing.T, raw string) {
		valid := reg.Validate(raw, "token")
		s, err := scopes.Parse(raw)
		if err != nil {
			require.Zero(t, s)
			return
		}
		again, err := scopes.Parse(s.String())
		require.NoError(t, err)
		require.Equal(t, s, again)
		expanded, err := reg.Expand([]scopes.Scope{s}, alice, aliceLab)
		if valid == nil {
			require.NoError(t, err)
		}
		for _, e := range expanded.Scopes() {
			back, err := scopes.Parse(e.String())
			require.NoError(t, err)
			require.Equal(t, e, back)
		}
		require.True(t, scopes.Intersect(expanded, expanded, nil).Equal(expanded), "SC-77")
	})
}
