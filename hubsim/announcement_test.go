package hubsim_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// announced is what a page announces.
func (p page) announced() (out []string) {
	for _, n := range p.all("div", "announcement") {
		out = append(out, text(n))
	}
	return out
}

// HB-51: what the hub announces is on every page, but on those that have something else to announce, or nothing. It is text, whatever it looks like.
func TestAnnouncementsArePagesOwnOrTheHubs(t *testing.T) {
	t.Parallel()
	cfg, err := hubsim.ParseConfig([]byte(`{
		"users": [{"name": "ann"}],
		"announcement": "Down <b>today</b>",
		"announcement_login": "Use your card & PIN",
		"announcement_home": ""
	}`))
	require.NoError(t, err)
	cfg.Addr = ""
	hub := hubsim.New(t, cfg)
	ann := known(t, hub, "ann")

	assert.Equal(t, []string{"Use your card & PIN"}, stranger(t, hub).get("login").announced())
	assert.Empty(t, ann.get("home").announced())
	everywhere := []string{"Down <b>today</b>"}
	assert.Equal(t, everywhere, ann.get("token").announced())
	missing := ann.get("no-such-page")
	assert.Equal(t, 404, missing.status)
	assert.Equal(t, everywhere, missing.announced())
	stopped := ann.get(hub.UserURL("ann", ""))
	assert.Equal(t, 424, stopped.status)
	assert.Equal(t, everywhere, stopped.announced())

	assert.Empty(t, stranger(t, hubsim.New(t, hubsim.Config{})).get("login").announced(), "a hub as it comes")
}

func TestThePageAfterLoggingOutAnnouncesItsOwn(t *testing.T) { // HB-27, HB-51
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{Auth: hubsim.Auth{AutoLogin: "ann"}, Announcements: map[string]string{"logout": "See you"}})
	assert.Equal(t, []string{"See you"}, known(t, hub, "ann").get("logout").announced())
}

func TestAnnouncementsAreForPagesThatThereAre(t *testing.T) { // HB-51
	t.Parallel()
	_, err := hubsim.Start(t.Context(), hubsim.Config{Announcements: map[string]string{"token": "x"}})
	assert.ErrorContains(t, err, `Announcements: "token" must be one of login, spawn, home, logout`)
	_, err = hubsim.ParseConfig([]byte(`{"announcement_token": "x"}`))
	assert.ErrorContains(t, err, "announcement_token")
	_, err = hubsim.ParseConfig([]byte(`{"announcement_login": 1}`))
	assert.ErrorContains(t, err, "announcement_login")
}
