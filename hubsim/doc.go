// Package hubsim is a whole hub in one process: what net/http/httptest is to HTTP, it is to hubs. It has the pages, the REST API,
// the OAuth provider, the proxy and the users' servers of a JupyterHub, and behaves as one (rules HB-… in RULES.md), so that
// whatever talks to a hub can be tested without deploying one.
//
// It is not for production: it starts the servers of its users inside its own process, and lets anybody in who gives a name.
//
// # In a test
//
//	func TestSharing(t *testing.T) {
//		hub := hubsim.New(t, hubsim.Config{})            // users sharer and shared-with; ends with the test
//		err := hub.StartServer(t.Context(), "sharer", "")
//		…
//		token, err := hub.PageToken(t.Context(), "sharer", "sharer", "")
//		// call hub.APIURL()+"/share-codes/sharer/" with it, as a page of the server would
//	}
//
// Each hub is independent of every other; tests may run in parallel. Its clock can be moved ([FakeClock]), so that nothing has to
// wait for a code to expire. [Hub.Client] gives a browser without scripts in which a user is logged in, [Hub.LoginCookies] the cookies
// for one with scripts. Two hubs on 127.0.0.1 share a browser's cookie jar whatever their ports: use one browser context per hub (HB-37).
//
// # Making it misbehave
//
// [Hub.AddFault] has the hub go wrong by name, as in hub.AddFault(hubsim.SpawnHang()) or hubsim.ExpireLogin("sharer"); SCENARIOS.md has a line for each of
// [Scenarios]. Faults of one's own make requests fail, hang or lie that match. [Hub.Requests] has what was asked, by whom, and why it was refused; [Hub.Watch] follows
// it; [Hub.AssertCalled], [Hub.AssertNoLeak] and others hold it to what should be. With [Config.Strict] a test fails when the code under test calls what no hub has.
// [Hub.Seed] adds people and shares, [Hub.Snapshot] copies what there is, [Hub.Reset] puts all of it back. With [Config.Seed] each run draws the same secrets.
//
// # In other languages
//
// Command hubsim/cmd/hubsim is the same as a program: [ParseConfig] reads its configuration, [Control] opens its endpoints for tests.
//
// # Defaults
//
// The zero [Config] is a hub on which sharing works at once; examples/user-sharing is a program around it.
//
// Where a JupyterHub answers in a way that nobody should rely on, this hub deliberately answers better, and its log says so and names the rule;
// [Config.UpstreamQuirks] has it answer the same.
//
// # Services
//
// A [Service] with a Command is started and stopped with the hub; [Hub.ServiceEnv] is what one that is started by hand has to be told. See
// examples/service-whoami.
//
// # What it costs
//
// Measured on 2026-12-01 with Go 1.26.8 on two shared x86-64 cores on which others worked at the same time; the least of many runs, beside the least of its floor
// in turns with it. Where the target is missed, that is said.
//
//	                                                    least     floor             floors   target
//	start to first answer, in memory                  1.15 ms   0.17 ms httptest      6.6    1 ms, missed on this machine
//	start to first answer, new file                   3.97 ms   0.32 ms httptest     12      3 ms, missed on this machine
//	GET api/user with a token                           70 µs     26 µs bare GET      2.7    2, missed
//	GET api/users/NAME with a token                     59 µs     26 µs bare GET      2.3    2, missed
//	GET api                                             38 µs     27 µs bare GET      1.4    2
//	GET api/shares/NAME/ with a token                  292 µs     37 µs bare GET      7.9    2, missed
//	page of home, by cookie                            126 µs     30 µs bare GET      4.2
//	proxied request                                    144 µs    173 µs bare proxy    0.83   1.25
//	proxied requests, two at a time                    102 µs    130 µs bare proxy    0.79   1.25
//	a thousand hubs one after the other                5.3 s                                 2 s, missed under load
//	seed of 10,000 users × 3 shares                    7.3 s                                 250 ms, missed
//
//	go test -run xxx -bench 'Start|Request' -benchtime 500x ./hubsim
//	go test -run xxx -bench 'Thousand|Seed' -benchtime 1x ./hubsim
//	go test -run xxx -bench Proxied -benchtime 1000x -count 3 ./hubsim/proxy
//
// The floor of a proxied request is httputil.ReverseProxy as it comes, which makes a buffer for each answer; the hub's keeps them.
package hubsim
