// Command hubsim runs a simulated hub for tests in any language.
//
//	hubsim [flags]                          run a hub until interrupted
//	hubsim env --user U | --service NAME    what a server or service finds in its environment, to run one by hand
//	hubsim health                           ask a hub whether it is there
//	hubsim help                             print this
//
// When the hub listens it writes one line to standard output, and nothing else ever:
//
//	{"event":"ready","url":"http://127.0.0.1:8000/","hub":"http://127.0.0.1:8000/hub/","api":"http://127.0.0.1:8000/hub/api","admin":"http://127.0.0.1:8000/_hubsim/","pid":4711}
//
// The log goes to standard error; in a refusal it says which scope was missing and what the caller had instead. An interrupt or SIGTERM ends the hub with all
// that it started, with exit code 0. Exit code 2 is a wrong flag or configuration, 1 all else that went wrong, each with one line that says what.
//
// With --preset NAME it is in a ready situation, such as revoked-mid-session; --list-presets has them. --human logs for people, --open shows the page for
// people at /_hubsim/ in a browser. --tls self-signed makes an authority: the ready line has the file of its certificate under "ca", which env
// and health take by --ca or in HUBSIM_CA. What env prints needs none: servers and services reach the hub's API on this machine by plain http.
//
// # Many hubs
//
// A parallel suite shares one program. A request that names a key is for a hub of that key, made by the first such request as the program was configured: with
// a clock, users, cookies and servers of its own. A key has letters, digits and inner hyphens. It is named by the header X-Hubsim-Key, or by coming to
// KEY.localhost: browsers know that this is the same machine, other programs may not, and use the header, or what info calls "inner". Cookies are the host's by
// which they were asked: POST login {"user": U, "domain": "KEY.localhost"} gives a browser's to who asks by header. With db, each key has a file beside it. There are
// up to keys of them; shutdown ends one when it is asked of it.
//
// # Configuration
//
// A JSON file (--config FILE, "-" is standard input), or the JSON itself in HUBSIM_CONFIG_JSON. Comments are allowed, unknown keys are not. Without any
// of users, groups, roles, services, servers and singleuser's two lists of scopes, there are users sharer and shared-with, and sharing works.
//
//	{
//	  "port": 0, "base_url": "/", "profile": "5.5",           // also host, public_url, pkce, version, docs2
//	  "users": [{"name": "ann", "admin": true, "tokens": [{"token": "secret-of-ann", "scopes": ["shares!user"], "expires_in": 3600}]}],
//	  "groups": [{"name": "class", "users": ["ann", "bob"]}],
//	  "roles": [{"name": "user", "scopes": ["self", "shares!user"]}],
//	  "services": [{"name": "grader", "url": "http://127.0.0.1:9000", "api_token": "secret-of-grader"}],
//	  "servers": [{"user": "ann", "state": "running"}],       // kind: in-process, command (with command), url (with target)
//	  "shares": [{"owner": "ann", "user": "bob"}],            // or group; also server, scopes
//	  "share_codes": [{"owner": "ann", "expires_in": "2h"}],
//	  "singleuser": {"kind": "command", "command": ["jupyterhub-singleuser"], "default_url": "/lab"},
//	                                                          // in-process ones: {"module_dir": "dist", "modules": ["index.js"]} run an extension
//	                                                          // also options_form, HTML that asks for options, with options_from_form
//	  "auth": {"password": "secret-of-all", "allowed_users": ["ann", "bob"]},
//	  "allow_named_servers": false, "extensions": false, "keep_connections": false, "upstream_quirks": false,
//	  "announcement": "Down on Friday",                       // text; announcement_login, _spawn, _home, _logout in its place there
//	  "faults": [{"path": "/hub/api/shares/*", "status": 503, "times": 1}],
//	  "tls": "self-signed", "keys": 64, "seed": 7, "strict": false,  // tls: or {"cert": FILE, "key": FILE}
//	  "db": "hub.db", "clock": "2026-01-02T03:04:05Z", "record": 1000, "admin_token": "secret-of-tests"
//	}
//
// Every flag has a variable: --base-url is HUBSIM_BASE_URL. A flag wins over its variable, that over the file.
//
// # Control
//
// Below /_hubsim/ a test controls the hub, in JSON. Without --admin-token this is for this machine alone, and never for pages of other sites.
//
//	GET  /_hubsim/ itself                       a page for people, if that is what a browser asks for; else as info
//	GET  health                                 200 when the hub is there
//	GET  info, state                            addresses and versions; everything that there is, without secrets
//	GET  clock, POST clock {"advance": "36h"}   or {"set": "2026-01-02T03:04:05Z"}, at which the clock then stands
//	POST reset                                  back to the configuration; clock, faults and record as well
//	POST restart                                the hub alone starts again: servers, logins and what is stored go on
//	POST seed {"users": […], "shares": […]}     adds what a configuration may have: users, groups, roles, servers, shares, share_codes
//	POST users, groups, servers, shares, share-codes  adds one of these
//	POST login {"user": U}                      cookies for a browser driver
//	POST tokens {"user": U, "scopes": […]}      an API token; without scopes it may do what the user may
//	POST page-token {"user": U, "owner": O}     the token that a page of O's server holds when U visits it; also server
//	POST stop-server, kill-server {"user": U}   also name
//	POST revoke-token {"id": "a1"}              expire-code {"id": "sc_1"}, expire-login {"user": U}
//	POST revoke-share {"owner": O, "user": U}   or group; also server, scopes
//	GET  requests                               filters: method, path, actor, status, after (an id); DELETE forgets them
//	GET  wait?server=U/NAME&state=ready         or stopped, failed; also timeout
//	GET  env?user=U                             or service
//	GET  faults, POST faults {"path": "/hub/api/*", "status": 503}
//	                                            what makes requests fail: method, path, user, actor (browser, token, server, service), nth, times,
//	                                            probability; delay, hang, status with headers and body, headers alone, cut
//	POST release-fault, remove-fault {"id": 1}
//	GET  keys, POST end-key {"key": K}          the hubs that have been made by key
//	POST shutdown                               ends the program, or the one hub with a key that it is asked of
package main
