package hubsim

import "time"

// What follows makes a [Fault] of each scenario, for [Hub.AddFault] and [Config].Faults. Its Times, Nth and Probability say how often, and for those about requests the
// rest of its match whom; [Fault.Of] says which server.

func named(s Scenario) Fault { return Fault{Scenario: s} }

// Of is the fault for one user's server alone; name "" is the default one.
func (f Fault) Of(owner, name string) Fault {
	f.Scenario.Owner, f.Scenario.Server = owner, name
	return f
}

// SlowSpawn has starts take d longer: the API answers 202, the spawn page leads to spawn-pending, progress goes on.
func SlowSpawn(d time.Duration) Fault { return named(Scenario{Name: "SlowSpawn", Duration: d}) }

// SpawnHang has starts hang until [Hub.ReleaseFault], or until SingleUser.StartTimeout makes failures of them.
func SpawnHang() Fault { return named(Scenario{Name: "SpawnHang"}) }

// SpawnFail has starts fail with a message and a status, from 400; "" and 0 are those of a spawner that says nothing. With after, they fail only then, which is past the
// redirect to the pending page if it is longer than [Limits.SpawnPageWait].
func SpawnFail(message string, status int, after time.Duration) Fault {
	return named(Scenario{Name: "SpawnFail", Message: message, Status: status, Duration: after})
}

// SpawnNeverReady has servers start and never answer: after SingleUser.HTTPTimeout the start has failed, with "timeout".
func SpawnNeverReady() Fault { return named(Scenario{Name: "SpawnNeverReady"}) }

// ServerCrash ends a server's process and leaves its route: it is 503 until the hub looks (HB-89). It is [Hub.KillServer].
func ServerCrash(owner, name string) Fault {
	return named(Scenario{Name: "ServerCrash"}).Of(owner, name)
}

// ServerSlow has every answer of servers come d later.
func ServerSlow(d time.Duration) Fault { return named(Scenario{Name: "ServerSlow", Duration: d}) }

// SlowStop has stops take d longer: the API answers 202.
func SlowStop(d time.Duration) Fault { return named(Scenario{Name: "SlowStop", Duration: d}) }

// HubDown has the hub not answer for d, or with 0 until it is released or removed. Its paths are 503; servers that run are still served, and cannot reach the hub.
func HubDown(d time.Duration) Fault { return named(Scenario{Name: "HubDown", Duration: d}) }

// API5xx has the REST API answer a status, from 500; 0 = 500.
func API5xx(status int) Fault { return named(Scenario{Name: "API5xx", Status: status}) }

// RateLimit has the REST API answer 429 with this Retry-After; 0 = 30 s.
func RateLimit(retryAfter time.Duration) Fault {
	return named(Scenario{Name: "RateLimit", Duration: retryAfter})
}

// ExpireToken has a token expire, "a1" as [Snapshot] names it. It is [Hub.ExpireToken]; as a fault that says of whom it can wait for a request, as can the next four.
func ExpireToken(id string) Fault { return named(Scenario{Name: "ExpireToken", ID: id}) }

// RevokeToken deletes a token. It is [Hub.RevokeToken].
func RevokeToken(id string) Fault { return named(Scenario{Name: "RevokeToken", ID: id}) }

// ExpireLogin logs a user out everywhere. It is [Hub.ExpireLogin].
func ExpireLogin(user string) Fault { return named(Scenario{Name: "ExpireLogin", User: user}) }

// DeleteUser deletes a user, and all that hangs on them. It is [Hub.DeleteUser].
func DeleteUser(user string) Fault { return named(Scenario{Name: "DeleteUser", User: user}) }

// ExpireCode has a share code expire, "sc_1". It is [Hub.ExpireCode].
func ExpireCode(id string) Fault { return named(Scenario{Name: "ExpireCode", ID: id}) }

// RevokeShare takes access to a server away. It is [Hub.RevokeShare].
func RevokeShare(s Share) Fault {
	return named(Scenario{Name: "RevokeShare", Owner: s.Owner, Server: s.Server, User: s.User, Group: s.Group, Scopes: s.Scopes})
}

// DropOAuthCode has authorization codes be lost: whoever redeems one is told invalid_grant.
func DropOAuthCode() Fault { return named(Scenario{Name: "DropOAuthCode"}) }

// OAuthDeny has authorization be denied with an error code of OAuth; "" = access_denied.
func OAuthDeny(problem string) Fault { return named(Scenario{Name: "OAuthDeny", Error: problem}) }

// StaleRoute has the routes of servers be missing that are ready: a redirect loop that ends in 500 (HB-85).
func StaleRoute() Fault { return named(Scenario{Name: "StaleRoute"}) }

// VersionMismatch has the hub say that it is of another version than its servers.
func VersionMismatch(version string) Fault {
	return named(Scenario{Name: "VersionMismatch", Version: version})
}

// XSRFReject has the hub accept no proof of a request by cookie.
func XSRFReject() Fault { return named(Scenario{Name: "XSRFReject"}) }

// NoNamedServers switches named servers off; those that run go on.
func NoNamedServers() Fault { return named(Scenario{Name: "NoNamedServers"}) }

// ClockSkew has the hub's clock be ahead of [Config.Clock], or behind if d is negative.
func ClockSkew(d time.Duration) Fault { return named(Scenario{Name: "ClockSkew", Duration: d}) }
