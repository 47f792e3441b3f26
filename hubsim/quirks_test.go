package hubsim_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/internal/testlog"
)

// HB-158: each entry of the list, as a stock hub has it and as ours is, where the log then names the rule.
func TestUpstreamQuirks(t *testing.T) {
	t.Parallel()
	type answers struct{ ours, stock any }
	for rule, c := range map[string]struct {
		does func(t *testing.T, hub *hubsim.Hub, clock *hubsim.FakeClock) any
		want answers
	}{
		"SH-161 what is shared with a group": {tokenByGroup, answers{true, false}},
		"SH-161 what a shared scope implies": {tokenByShare, answers{true, false}},
		"SH-42":                              {patchUnfiltered, answers{0, 1}},
		"SH-69":                              {listExpired, answers{1.0, 2.0}},
		"SH-111":                             {deleteEmpty, answers{[2]int{400, 1}, [2]int{204, 0}}},
		"SH-112":                             {deleteWithTail, answers{[2]int{404, 1}, [2]int{204, 0}}},
		"HB-193":                             {consentText, answers{"this server", "server "}},
		"SH-164":                             {stillBelieved, answers{403, 200}},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			for _, quirks := range []bool{false, true} {
				log, clock := &testlog.Log{}, hubsim.NewFakeClock(time0)
				hub := hubsim.New(t, hubsim.Config{UpstreamQuirks: quirks, Clock: clock, Logger: slog.New(slog.NewTextHandler(log, nil)),
					Users:  []hubsim.User{{Name: "boss", Admin: true}, {Name: "sharer"}, {Name: "shared-with"}},
					Groups: []hubsim.Group{{Name: "lab", Users: []string{"shared-with"}}},
					Roles:  []hubsim.Role{{Name: "user", Scopes: []string{"self", "shares!user"}}},
					SingleUser: hubsim.SingleUser{OAuthClientAllowedScopes: []string{"access:servers!server", "shares!server"},
						ServerTokenScopes: []string{"users:activity!server"}}})
				got := c.does(t, hub, clock)
				number, _, _ := bytes.Cut([]byte(rule), []byte(" "))
				line := "a stock hub would have answered differently\" rule=" + string(number) + " "
				if quirks {
					assert.EqualValues(t, c.want.stock, got, "with the switch on")
					assert.NotContains(t, log.String(), "stock hub would have")
				} else {
					assert.EqualValues(t, c.want.ours, got)
					assert.Contains(t, log.String(), line)
				}
			}
		})
	}
}

func must(t *testing.T, want, got int) {
	t.Helper()
	require.Equal(t, want, got)
}

// holds says whether a user's token has a scope.
func holds(t *testing.T, hub *hubsim.Hub, user, scope string) bool {
	t.Helper()
	status, who := call(t, hub, tokenFor(t, hub, user), http.MethodGet, "/user", "")
	must(t, 200, status)
	for _, s := range who["scopes"].([]any) {
		if s == scope {
			return true
		}
	}
	return false
}

func tokenByGroup(t *testing.T, hub *hubsim.Hub, _ *hubsim.FakeClock) any {
	status, _ := call(t, hub, tokenFor(t, hub, "boss"), http.MethodPost, "/shares/sharer/", `{"group": "lab"}`)
	must(t, 200, status)
	// Cookies count what is shared with groups, either way: the page says that the server is not running, not that there is none.
	must(t, 424, known(t, hub, "shared-with").get("user/sharer/").status)
	return holds(t, hub, "shared-with", "access:servers!server=sharer/")
}

func tokenByShare(t *testing.T, hub *hubsim.Hub, _ *hubsim.FakeClock) any {
	status, _ := call(t, hub, tokenFor(t, hub, "boss"), http.MethodPost, "/shares/sharer/", `{"user": "shared-with", "scopes": ["shares"]}`)
	must(t, 200, status)
	require.True(t, holds(t, hub, "shared-with", "shares!server=sharer/"))
	return holds(t, hub, "shared-with", "read:shares!server=sharer/")
}

func patchUnfiltered(t *testing.T, hub *hubsim.Hub, _ *hubsim.FakeClock) any {
	boss := tokenFor(t, hub, "boss")
	status, _ := call(t, hub, boss, http.MethodPost, "/shares/sharer/", `{"user": "shared-with"}`)
	must(t, 200, status)
	status, _ = call(t, hub, boss, http.MethodPatch, "/shares/sharer/", `{"user": "shared-with", "scopes": ["access:servers"]}`)
	must(t, 200, status)
	_, list := call(t, hub, boss, http.MethodGet, "/shares/sharer/", "")
	return len(list["items"].([]any))
}

// aCode makes a code by the API and says how many there are.
func aCode(t *testing.T, hub *hubsim.Hub, body string) {
	t.Helper()
	status, _ := call(t, hub, tokenFor(t, hub, "sharer"), http.MethodPost, "/share-codes/sharer/", body)
	must(t, 200, status)
}

func codes(t *testing.T, hub *hubsim.Hub) (listed int, total any) {
	t.Helper()
	status, list := call(t, hub, tokenFor(t, hub, "sharer"), http.MethodGet, "/share-codes/sharer/", "")
	must(t, 200, status)
	return len(list["items"].([]any)), list["_pagination"].(map[string]any)["total"]
}

func listExpired(t *testing.T, hub *hubsim.Hub, clock *hubsim.FakeClock) any {
	aCode(t, hub, `{"expires_in": 60}`)
	aCode(t, hub, "")
	clock.Advance(time.Minute)
	listed, total := codes(t, hub)
	require.Equal(t, 1, listed, "never shown, either way")
	return total
}

func deleteEmpty(t *testing.T, hub *hubsim.Hub, _ *hubsim.FakeClock) any {
	return deleteBy(t, hub, "?code=")
}

func deleteWithTail(t *testing.T, hub *hubsim.Hub, _ *hubsim.FakeClock) any {
	return deleteBy(t, hub, "?id=sc_1x")
}

func deleteBy(t *testing.T, hub *hubsim.Hub, query string) [2]int {
	aCode(t, hub, "")
	status, _ := call(t, hub, tokenFor(t, hub, "sharer"), http.MethodDelete, "/share-codes/sharer/"+query, "")
	listed, _ := codes(t, hub)
	return [2]int{status, listed}
}

// invite has shared-with accept a code and gives the consent page that follows.
func invite(t *testing.T, hub *hubsim.Hub) (*person, page) {
	t.Helper()
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	code, err := hub.NewShareCode("sharer", "")
	require.NoError(t, err)
	// What the owner passes on is more than access, or there would be nothing to describe.
	status, _ := call(t, hub, tokenFor(t, hub, "boss"), http.MethodPost, "/shares/sharer/", `{"user": "shared-with", "scopes": ["shares"]}`)
	must(t, 200, status)
	guest := known(t, hub, "shared-with")
	consent := guest.submit(guest.get(hub.AcceptURL(code)), nil)
	require.Equal(t, "Authorize access", consent.heading())
	return guest, consent
}

func consentText(t *testing.T, hub *hubsim.Hub, _ *hubsim.FakeClock) any {
	_, consent := invite(t, hub)
	for _, want := range []string{"this server", "server "} {
		if bytes.Contains([]byte(consent.body), []byte("Applies to "+want+".")) {
			return want
		}
	}
	return consent.text()
}

func stillBelieved(t *testing.T, hub *hubsim.Hub, _ *hubsim.FakeClock) any {
	guest, consent := invite(t, hub)
	must(t, 200, guest.submit(consent, nil).status)
	must(t, 200, guest.get(hub.UserURL("sharer", "")+"api/status").status)
	socket := (&office{Hub: hub, t: t}).byCookie(guest)
	status, _ := call(t, hub, tokenFor(t, hub, "boss"), http.MethodDelete, "/shares/sharer/", "")
	must(t, 204, status)
	status = guest.get(hub.UserURL("sharer", "") + "api/status").status
	if status == 200 {
		socket.works()
	} else {
		socket.ended()
	}
	return status
}
