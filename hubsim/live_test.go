package hubsim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
	"github.com/hubshare/hubshare/internal/testlog"
)

// office is a hub on which sharer's server runs; guest and friend may be shared with, boss is an admin.
type office struct {
	*hubsim.Hub
	t   *testing.T
	log *testlog.Log
	key string // token of sharer
}

func newOffice(t *testing.T, change ...func(*hubsim.Config)) *office {
	t.Helper()
	lines := &testlog.Log{}
	cfg := hubsim.Config{
		Users:  []hubsim.User{{Name: "sharer"}, {Name: "guest"}, {Name: "friend"}, {Name: "boss", Admin: true}},
		Groups: []hubsim.Group{{Name: "team", Users: []string{"guest"}}},
		Roles:  []hubsim.Role{{Name: "user", Scopes: []string{"self", "shares!user", "read:users:name", "read:groups:name"}}},
		SingleUser: hubsim.SingleUser{
			OAuthClientAllowedScopes: []string{"access:servers!server", "shares!server"},
		},
		AllowNamedServers: true, Extensions: true, Logger: slog.New(slog.NewJSONHandler(lines, nil)),
	}
	for _, f := range change {
		f(&cfg)
	}
	o := &office{Hub: hubsim.New(t, cfg), t: t, log: lines}
	require.NoError(t, o.StartServer(t.Context(), "sharer", ""))
	var err error
	o.key, err = o.Token("sharer")
	require.NoError(t, err)
	return o
}

// closed counts the connections that the proxy has closed because access ended.
func (o *office) closed() (n int) {
	o.t.Helper()
	for line := range strings.Lines(o.log.String()) {
		var entry struct {
			Msg   string
			Count int
		}
		require.NoError(o.t, json.Unmarshal([]byte(line), &entry))
		if entry.Msg == "connections closed whose access has ended" {
			n += entry.Count
		}
	}
	return n
}

// api is a call of somebody with a token, that must succeed.
func (o *office) api(token, method, path, body string) map[string]any {
	o.t.Helper()
	status, answer := call(o.t, o.Hub, token, method, path, body)
	require.Less(o.t, status, 300, "%s %s: %v", method, path, answer)
	return answer
}

func (o *office) share(body string) {
	o.t.Helper()
	o.api(o.key, http.MethodPost, "/shares/sharer/", body)
}

// socket is an open web socket to sharer's server.
type socket struct {
	*websocket.Conn
	t testing.TB
}

const channels = "api/kernels/k/channels"

func (o *office) dial(address string, c *http.Client, header http.Header) (*socket, *http.Response, error) {
	o.t.Helper()
	if header == nil {
		header = http.Header{}
	}
	header.Set("Sec-Fetch-Mode", "websocket")
	conn, res, err := websocket.Dial(o.t.Context(), address, &websocket.DialOptions{HTTPClient: c, HTTPHeader: header})
	if err != nil {
		return nil, res, err
	}
	o.t.Cleanup(func() { _ = conn.CloseNow() })
	return &socket{conn, o.t}, res, nil
}

// byCookie opens one as the browser of somebody who has the server's page open.
func (o *office) byCookie(p *person) *socket {
	o.t.Helper()
	s, _, err := o.dial(o.UserURL("sharer", "")+channels, p.c, nil)
	require.NoError(o.t, err)
	s.works()
	return s
}

func (o *office) byHeader(token string) *socket {
	o.t.Helper()
	s, _, err := o.dial(o.UserURL("sharer", "")+channels, nil, http.Header{"Authorization": {"token " + token}})
	require.NoError(o.t, err)
	s.works()
	return s
}

func (o *office) byQuery(token string) *socket {
	o.t.Helper()
	s, _, err := o.dial(o.UserURL("sharer", "")+channels+"?token="+token, nil, nil)
	require.NoError(o.t, err)
	s.works()
	return s
}

// browser is somebody who has been let in to sharer's page.
func (o *office) browser(user string) *person {
	o.t.Helper()
	p := known(o.t, o.Hub, user)
	at := p.get(o.UserURL("sharer", "") + "lab")
	if strings.Contains(at.url.Path, "/oauth2/authorize") {
		at = p.submit(at, nil)
	}
	require.Equal(o.t, 200, at.status, at.text())
	require.NotNil(o.t, at.labConfig(o.t))
	return p
}

func (o *office) token(user string) string {
	o.t.Helper()
	token, err := o.Token(user)
	require.NoError(o.t, err)
	return token
}

// works says something and waits for the echo.
func (s *socket) works() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	require.NoError(s.t, s.Write(ctx, websocket.MessageText, []byte("still there?")))
	_, message, err := s.Read(ctx)
	require.NoError(s.t, err)
	require.Equal(s.t, "still there?", string(message))
}

// ended waits until the other side has closed.
func (s *socket) ended() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	_, _, err := s.Read(ctx)
	require.Error(s.t, err)
	require.NoError(s.t, ctx.Err(), "still open")
	require.EqualValues(s.t, -1, websocket.CloseStatus(err), "no frame of ours between the server's")
}

// open gives the three ways to be connected, one each.
func (o *office) open(user string) (all []*socket) {
	token := o.token(user)
	return []*socket{o.byCookie(o.browser(user)), o.byHeader(token), o.byQuery(token)}
}

// SH-164, SH-166: each way of losing access ends the connections of whom it concerns, and of nobody else.
func TestLosingAccessEndsConnections(t *testing.T) {
	t.Parallel()
	shared := func(o *office) { o.share(`{"user":"guest"}`) }
	for name, c := range map[string]struct {
		gain, lose func(o *office)
	}{
		"a share is revoked": {shared, func(o *office) {
			o.api(o.key, http.MethodPatch, "/shares/sharer/", `{"user":"guest"}`)
		}},
		"the access in a share is revoked": {
			func(o *office) {
				o.share(`{"user":"guest","scopes":["access:servers!server=sharer/","servers!server=sharer/"]}`)
			},
			func(o *office) {
				o.api(o.key, http.MethodPatch, "/shares/sharer/", `{"user":"guest","scopes":["access:servers!server=sharer/"]}`)
			}},
		"a grantee leaves": {shared, func(o *office) {
			o.api(o.token("guest"), http.MethodDelete, "/users/guest/shared/sharer/", "")
		}},
		"a code goes with the access it gave": {
			func(o *office) {
				code, err := o.NewShareCode("sharer", "")
				require.NoError(o.t, err)
				p := known(o.t, o.Hub, "guest")
				p.submit(p.get(o.AcceptURL(code)), nil)
			},
			func(o *office) { o.api(o.key, http.MethodDelete, "/share-codes/sharer/?cascade=true", "") }},
		"a group's share is revoked": {
			func(o *office) { o.share(`{"group":"team"}`) },
			func(o *office) { o.api(o.key, http.MethodPatch, "/shares/sharer/", `{"group":"team"}`) }},
		"a group is left": {
			func(o *office) { o.share(`{"group":"team"}`) },
			func(o *office) { require.NoError(o.t, o.RemoveFromGroup(o.t.Context(), "guest", "team")) }},
		"a group is deleted": {
			func(o *office) { o.share(`{"group":"team"}`) },
			func(o *office) { require.NoError(o.t, o.DeleteGroup(o.t.Context(), "team")) }},
		"a role is taken": {
			func(o *office) { require.NoError(o.t, o.SetAdmin(o.t.Context(), "guest", true)) },
			func(o *office) { require.NoError(o.t, o.SetAdmin(o.t.Context(), "guest", false)) }},
		"a user is deleted": {shared, func(o *office) { require.NoError(o.t, o.DeleteUser(o.t.Context(), "guest")) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t)
			c.gain(o)
			o.share(`{"user":"friend"}`)
			var others []*socket
			for _, user := range []string{"sharer", "friend", "boss"} {
				others = append(others, o.open(user)...)
			}
			guest := o.open("guest")
			require.Zero(t, o.closed())

			c.lose(o)
			assert.Equal(t, len(guest), o.closed(), "before the change is answered")
			for _, s := range guest {
				s.ended()
			}
			for _, s := range others {
				s.works()
			}
		})
	}
}

// SH-164: "all shares of a server" concerns all grantees, and not the owner.
func TestRevokingAllEndsEveryGranteesConnections(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.share(`{"user":"friend"}`)
	o.share(`{"group":"team"}`)
	out, in := append(o.open("guest"), o.open("friend")...), o.open("sharer")
	o.api(o.key, http.MethodDelete, "/shares/sharer/", "")
	for _, s := range out {
		s.ended()
	}
	for _, s := range in {
		s.works()
	}
	assert.Equal(t, len(out), o.closed())
}

// SH-167: who still has access by another way keeps the connection.
func TestAnotherShareKeepsConnectionsOpen(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.share(`{"user":"guest"}`)
	o.share(`{"group":"team"}`)
	open := o.open("guest")
	o.api(o.key, http.MethodPatch, "/shares/sharer/", `{"user":"guest"}`)
	for _, s := range open {
		s.works()
	}
	assert.Zero(t, o.closed())
	require.NoError(t, o.RemoveFromGroup(t.Context(), "guest", "team"))
	for _, s := range open {
		s.ended()
	}
}

// SH-167: a share of one server has nothing to do with another of the same owner.
func TestOnlyConnectionsToTheServerConcernedEnd(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	require.NoError(t, o.StartServer(t.Context(), "sharer", "lab"))
	o.share(`{"user":"guest"}`)
	o.api(o.key, http.MethodPost, "/shares/sharer/lab", `{"user":"guest"}`)
	token := o.token("guest")
	one := o.byHeader(token)
	other, _, err := o.dial(o.UserURL("sharer", "lab")+channels, nil, http.Header{"Authorization": {"token " + token}})
	require.NoError(t, err)
	o.api(o.key, http.MethodPatch, "/shares/sharer/", `{"user":"guest"}`)
	one.ended()
	other.works()
}

// OA-86: a deleted token ends what was opened with it, also the page's own; another of the same user stays.
func TestDeletingATokenEndsItsConnections(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.share(`{"user":"guest"}`)
	manage, used := o.token("guest"), o.token("guest")
	doomed := []*socket{o.byHeader(used), o.byQuery(used)}
	kept := []*socket{o.byHeader(manage), o.byCookie(o.browser("guest"))}
	who := o.api(used, http.MethodGet, "/user", "")
	o.api(manage, http.MethodDelete, "/users/guest/tokens/"+who["token_id"].(string), "")
	assert.Equal(t, len(doomed), o.closed())
	for _, s := range doomed {
		s.ended()
	}
	for _, s := range kept {
		s.works()
	}
}

// OA-110: logging out ends what this browser opened, and what another one of the same user opened goes on.
func TestLoggingOutEndsTheBrowsersConnections(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.share(`{"user":"guest"}`)
	here, there := o.browser("guest"), o.browser("guest")
	doomed := []*socket{o.byCookie(here), o.byCookie(here)}
	kept := []*socket{o.byCookie(there), o.byHeader(o.token("guest"))}
	here.get("logout")
	assert.Equal(t, len(doomed), o.closed())
	for _, s := range doomed {
		s.ended()
	}
	for _, s := range kept {
		s.works()
	}
}

// HB-98: a stopped server takes all its connections along, those of its grantees elsewhere not.
func TestStoppingAServerEndsItsConnectionsAlone(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	require.NoError(t, o.StartServer(t.Context(), "guest", ""))
	o.share(`{"user":"guest"}`)
	token := o.token("guest")
	away := o.byHeader(token)
	home, _, err := o.dial(o.UserURL("guest", "")+channels, nil, http.Header{"Authorization": {"token " + token}})
	require.NoError(t, err)
	require.NoError(t, o.StopServer(t.Context(), "sharer", ""))
	away.ended()
	home.works()
}

// A connection that brings nothing that the hub was asked about is none of its business. One that only the server can tell whose it is, is the server's to close.
func TestConnectionsThatCannotBeAttributed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.share(`{"user":"guest"}`)
	p := o.browser("guest")
	p.plant(strings.Repeat("0", 32)) // as after a restart of the browser, which forgets its session and keeps the server's cookie
	s := o.byCookie(p)
	o.api(o.key, http.MethodPatch, "/shares/sharer/", `{"user":"guest"}`)
	s.ended()
	assert.Zero(t, o.closed(), "not by the proxy")
}

// The page of the hub tells whose a new session is.
func TestASessionThatTheHubsPagesHaveSeenIsAttributed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.share(`{"user":"guest"}`)
	p := o.browser("guest")
	p.plant(strings.Repeat("0", 32))
	require.Equal(t, 200, p.get("home").status)
	s := o.byCookie(p)
	o.api(o.key, http.MethodPatch, "/shares/sharer/", `{"user":"guest"}`)
	s.ended()
	assert.Equal(t, 1, o.closed())
}

// SH-166: 200 connections of 20 people; every second one loses access.
func TestManyConnectionsEndAtOnce(t *testing.T) {
	t.Parallel()
	const people, each = 20, 10
	var users []hubsim.User
	for i := range people {
		users = append(users, hubsim.User{Name: "p" + strconv.Itoa(i)})
	}
	o := newOffice(t, func(c *hubsim.Config) {
		c.Users = append(c.Users, users...)
		c.Groups = append(c.Groups, hubsim.Group{Name: "crowd"})
		for i := 0; i < people; i += 2 {
			c.Groups[1].Users = append(c.Groups[1].Users, users[i].Name)
		}
	})
	o.share(`{"group":"crowd"}`)
	var doomed, kept []*socket
	for i, u := range users {
		if i%2 == 1 {
			o.share(fmt.Sprintf(`{"user":%q}`, u.Name))
		}
		token := o.token(u.Name)
		for range each {
			s := o.byHeader(token)
			if i%2 == 0 {
				doomed = append(doomed, s)
			} else {
				kept = append(kept, s)
			}
		}
	}
	o.api(o.key, http.MethodPatch, "/shares/sharer/", `{"group":"crowd"}`)
	assert.Equal(t, people*each/2, o.closed())
	for _, s := range doomed {
		s.ended()
	}
	for _, s := range kept {
		s.works()
	}
}

// A connection that is just being let in when access ends does not slip through: it is refused, or it ends.
func TestConnectionsThatArriveWhileAccessEnds(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	token := o.token("guest")
	for range 20 {
		o.share(`{"user":"guest"}`)
		var arrivals sync.WaitGroup
		for range 4 {
			arrivals.Go(func() {
				conn, _, err := websocket.Dial(t.Context(), o.UserURL("sharer", "")+channels,
					&websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"token " + token}}})
				if err != nil {
					return
				}
				defer func() { _ = conn.CloseNow() }()
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
				defer cancel()
				_, _, err = conn.Read(ctx)
				assert.Error(t, err)
				assert.NoError(t, ctx.Err(), "it slipped through")
			})
		}
		o.api(o.key, http.MethodPatch, "/shares/sharer/", `{"user":"guest"}`)
		arrivals.Wait()
	}
}
