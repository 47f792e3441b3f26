package client_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

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
			case err == nil || errors.Is(err, client.ErrAnswer):
			case assert.ErrorAs(t, err, &refused):
				assert.NotEqual(t, 2, refused.Status/100)
				assert.LessOrEqual(t, len(refused.Message), 4<<10)
				assert.GreaterOrEqual(t, int64(refused.RetryAfter), int64(0))
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
	})
}
