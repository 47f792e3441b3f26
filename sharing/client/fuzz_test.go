package client_test

import (
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing/client"
)

// FuzzAnswer: no answer makes a call panic or go on for ever, and what comes out of one either holds what its reader relies on or is an error
// of a known kind.
func FuzzAnswer(f *testing.F) {
	for _, r := range recordings(f) {
		f.Add(r.Status-200, string(r.Answer), "30")
	}
	f.Add(0, `{"items": [null], "_pagination": null}`, "")
	f.Add(0, `{"items": [], "_pagination": {"next": {"offset": 9, "limit": 9}}}`, "")
	f.Add(229, `{"message": 1}`, "Sat, 21 Nov 2026 18:01:00 GMT")
	f.Add(4, "", "")
	f.Add(0, `{"items": [`+shareWith("a", byCode)+`]}`, "")
	f.Add(0, `{"items": [`+newCode(noLimits+`, `)+`]}`, "")
	f.Add(0, newCode(`"max_uses": 1, "users": ["a"], "groups": [], `), "")
	f.Add(0, shareWith("a", anHour), "")
	f.Add(200, codeID400, "")
	f.Fuzz(func(t *testing.T, status int, body, after string) {
		status = 200 + int(uint(status)%400) // what net/http hands on
		requests := 0
		c := over(t, func(r *http.Request) (*http.Response, error) {
			requests++
			return answer(status, body, "Retry-After", after)(r)
		})
		known := func(err error) {
			t.Helper()
			var refused *client.Error
			switch {
			case err == nil || errors.Is(err, client.ErrAnswer) || errors.Is(err, client.ErrNoExtensions):
			case assert.ErrorAs(t, err, &refused):
				assert.NotEqual(t, 2, refused.Status/100)
				assert.LessOrEqual(t, len(refused.Message), 4<<10)
				assert.GreaterOrEqual(t, refused.RetryAfter, time.Duration(0))
				assert.LessOrEqual(t, refused.RetryAfter, 24*time.Hour)
			}
		}
		share := func(s client.Share, err error) {
			t.Helper()
			if known(err); err == nil {
				assert.NotEmpty(t, s.Server.Owner)
				assert.NotEmpty(t, s.Grantee.Name)
				assert.Contains(t, []string{client.KindUser, client.KindGroup}, s.Grantee.Kind)
			}
		}
		for s, err := range c.Shares(t.Context(), home) {
			share(s, err)
		}
		assert.LessOrEqual(t, requests, 2, "the second page is the first one again")
		for code, err := range c.Codes(t.Context(), home) {
			if known(err); err == nil {
				assert.NotEmpty(t, code.ID)
				assert.NotEmpty(t, code.Server.Owner)
			}
		}
		share(c.Get(t.Context(), team, home))
		share(c.Grant(t.Context(), home, team))
		left, err := c.RevokeScopes(t.Context(), home, team, "x")
		if known(err); left != nil {
			share(*left, err)
		}
		code, err := c.CreateCode(t.Context(), home, client.CodeRequest{})
		if known(err); err == nil {
			assert.NotEmpty(t, code.Secret.Reveal())
			assert.NotEmpty(t, code.AcceptURL.Reveal())
		}
		if err := c.DeleteCodes(t.Context(), home); err == nil {
			assert.Equal(t, http.StatusNoContent, status)
		} else {
			known(err)
		}

		// What only a hub with extensions can do is believed only if the answer shows that it did.
		for s, err := range c.SharesByCode(t.Context(), home, "sc_1") {
			if share(s, err); err == nil {
				assert.True(t, slices.ContainsFunc(s.Grants, func(g client.Grant) bool { return g.CodeID == "sc_1" }))
			}
		}
		for s, err := range c.MyShares(t.Context()) {
			if share(s, err); err == nil {
				assert.NotNil(t, s.Grants)
			}
		}
		for _, err := range c.MyCodes(t.Context()) {
			known(err)
		}
		ends, err := c.GrantFor(t.Context(), home, team, client.Terms{Session: true})
		if share(ends, err); err == nil {
			assert.NotNil(t, ends.Grants)
		}
		several, err := c.GrantMany(t.Context(), home, client.BulkRequest{Grantees: []client.Grantee{client.User("a")}})
		if known(err); err == nil && assert.Len(t, several, 1) {
			assert.Equal(t, client.User("a"), several[0].Grantee)
		}
		limits := client.CodeLimits{MaxUses: 1, For: []client.Grantee{client.User("a")}}
		limited, err := c.CreateCode(t.Context(), home, client.CodeRequest{Limits: limits})
		if known(err); err == nil {
			assert.Equal(t, 1, limited.Limits.MaxUses)
			assert.Contains(t, limited.Limits.For, client.User("a"))
		}
		_, err = c.Extended(t.Context(), home)
		known(err)
		err = c.RevokeCodes(t.Context(), home)
		require.Error(t, err, "no one answer is that of a hub that knows extensions and has deleted")
		known(err)
	})
}
