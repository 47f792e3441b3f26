package e2e_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/e2e/browser"
	"github.com/hubshare/hubshare/hubsim"
)

// HB-60, HB-61, HB-62: a token is made on the page, works, is listed and does not work any more once it is revoked there.
func TestATokenIsMadeUsedAndRevoked(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	user := s.user("sharer")
	user.goes("token")
	require.NoError(t, user.tab.GetByLabel("Note").Fill("my <b>laptop</b>"))
	require.NoError(t, browser.Choose(user.tab.GetByLabel("Token expires in"), "3600"))
	require.NoError(t, user.tab.GetByLabel("Permissions").Fill("read:users:name!user"))
	user.clicks("button", "Request new API token")
	secret := user.tab.Locator("#token-result")
	require.NoError(t, user.expect(secret).Not().ToBeEmpty())
	token, err := secret.InnerText()
	require.NoError(t, err)
	assert.Equal(t, 200, s.apiStatus("/user", token))
	assert.Equal(t, 403, s.apiStatus("/shares/sharer/", token), "it may do what was asked for, and no more")

	user.reloads()
	row := user.tab.Locator("#api-tokens-table tr.token-row")
	require.NoError(t, user.expect(row).ToHaveCount(1))
	require.NoError(t, user.expect(row).ToContainText("my <b>laptop</b>"))
	require.NoError(t, user.expect(row).ToContainText("in an hour"))
	require.NoError(t, user.expect(user.tab.GetByText(token)).ToHaveCount(0))
	require.NoError(t, row.GetByText("revoke").Click())
	require.NoError(t, user.expect(row).ToHaveCount(0))
	assert.Equal(t, 403, s.apiStatus("/user", token))
}

// Revoking an application takes away what it holds: who was let in through it has to authorize it again.
func TestAnApplicationIsRevoked(t *testing.T) {
	t.Parallel()
	s := play(t, hubsim.Config{})
	s.running("sharer", "")
	guest := s.user("shared-with")
	guest.joins(s.invitation("sharer", ""), "sharer", "")
	held := guest.isOn("sharer", "").Token
	guest.goes("token")
	app := guest.tab.Locator("#oauth-tokens-table tr.token-row")
	require.NoError(t, guest.expect(app).ToContainText("Server at /user/sharer/"))
	require.NoError(t, app.GetByText("revoke").Click())
	require.NoError(t, guest.expect(app).ToHaveCount(0))
	assert.Equal(t, 403, s.apiStatus("/user", string(held)))
	guest.goes(s.hub.UserURL("sharer", ""))
	guest.authorizes()
	guest.isOn("sharer", "")
}

// apiStatus asks the hub as a program with a token does.
func (s *stage) apiStatus(path, token string) int {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.hub.APIURL()+path, nil)
	require.NoError(s, err)
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	require.NoError(s, err)
	require.NoError(s, res.Body.Close())
	return res.StatusCode
}
