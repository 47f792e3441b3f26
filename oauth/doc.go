// Package oauth is the OAuth provider of a hub, as JupyterHub has one: servers and services are its clients, users agree to what they
// get, and every API token of the hub is one of its tokens. Rules (OA-…, SC-…, HB-…) are listed in RULES.md.
//
// A [Provider] registers clients, decides authorize requests, exchanges codes, issues and revokes API tokens, and says whom a token
// identifies and what it may do at this moment. It has no users of its own and no login: both are the [Host]'s, as are rights, of which a
// token carries a part and never more than its owner holds. What it stores goes through a [Store]; sqlstore is one.
//
// It speaks no HTTP: that is package httpapi; hubauth is the other side, for servers and services. It is no OpenID provider, has no refresh
// tokens and no public clients. The grammar of the grant is fosite's, which appears in no signature here.
//
//	provider, err := oauth.New(oauth.Config{Store: store, Host: host, Registry: scopes.New(scopes.P55)})
//	if err != nil {
//		return err
//	}
//	_, secret, err := provider.IssueToken(ctx, oauth.TokenOrder{Owner: alice, Scopes: []string{"read:users!user"}})
//	…
//	id, err := provider.Authenticate(ctx, secret.Reveal())
//	if err == nil && id.Effective.Allows("read:users", scopes.User("alice"), host) { … }
//
// # What the host does
//
// At start it registers its services, tells of its servers as they start ([Provider.PutClient]) and stop ([Provider.RemoveClient]), and
// calls [Provider.Reconcile] once, for what it could not tell of when it died. It tells what changes: [Provider.Drop] when rights may
// differ, [Provider.ForgetOwner] after a deletion, [Provider.Renamed] after a rename, [Provider.Logout]. Now and then it calls
// [Provider.Flush], and [Provider.PurgeExpired] hourly. Config.OnChange tells it what the provider changed, so that it can end connections
// that rested on a token.
//
// # When a revocation is noticed
//
// At once in this process: what was remembered is forgotten before the method that revokes returns. In others when they hear of it: each
// replica follows the store's changes and hands them to [Provider.Heard].
//
//	err := store.Follow(ctx, sqlstore.Follow{ // in a goroutine of the host's own
//		News: func(list []oauth.Change) { provider.Heard(ctx, list) },
//		Lost: func(error) { provider.Drop() },
//	})
//
// Should no news come through at all, an answer is believed for Config.CacheAge, five seconds.
//
// # Codes that come twice
//
// A code that was spent when a request looked for it is a replay: the request is refused, and the token that the code gave is revoked
// (OA-55, RFC 6749 4.1.2). JupyterHub refuses and revokes nothing. Requests with the same code that were on their way at once are told apart
// from that: one wins, the others are refused, and the token stays, since each of them found the code good, as a request does that was
// sent twice. Nobody but the client itself, with its secret, can do either.
//
// # Security checklist
//
// OAuth 2.1 and RFC 9700, each line with the tests that hold it:
//
//	exact redirect URIs (9700 2.1, 4.1)             TestAttackTamperingWithTheRedirect, TestFatalErrorsAreNotRedirected
//	no open redirector (9700 4.11)                  TestFatalErrorsAreNotRedirected, FuzzAuthorizeQueriesNeverRedirectElsewhere
//	authorization code grant alone (9700 2.1.2)     TestErrorsForTheClientAreRedirected
//	no password grant (9700 2.4)                    TestTheRefusedExchange
//	no refresh tokens (9700 2.2.2)                  TestTheTokenResponse, TestThePlainGoClientLogsIn
//	PKCE, S256, no downgrade (9700 2.1.1, 4.8)      TestAttackDowngradingPKCE, TestAStoredChallengeIsAlwaysEnforced
//	PKCE can be demanded (9700 2.1.1)               TestAttackDowngradingPKCE
//	codes work once, replays revoke (6749 4.1.2)    TestAttackReplayingACode, TestOf64ExchangesAtOnceOneSucceedsAndKeepsItsToken
//	codes are short-lived (6749 4.1.2)              TestACodeExpires
//	codes are bound to client and redirect (9700)   TestAttackRedeemingAnothersCode, TestTheRefusedExchange
//	code injection (9700 4.5)                       TestAttackInjectingAStolenCode
//	CSRF at the client (9700 4.7)                   TestAForeignCallbackLogsNobodyIn, TestAStateWorksOnce
//	CSRF at consent (6749 10.12)                    TestAttackForgingConsent, TestTheFormCannotChangeTheRequest
//	clickjacking (9700 4.16)                        TestTheConsentPage
//	mix-up of servers (9700 4.4)                    TestThePlainGoClientLogsIn (one provider a hub; a client knows one)
//	no secrets in Referer or history (9700 4.2)     TestAttackReadingSecretsFromAddressesAndLogs, TestAttackReadingTokensFromAddresses
//	no tokens in queries (9700 4.3)                 TestAttackReadingSecretsFromAddressesAndLogs, TestTokensInTheURL
//	no 307 with credentials (9700 4.12)             TestTheConsentForm (302 alone)
//	client authentication (9700 2.5)                TestTheShapeOfATokenRequest, TestARefusedClientCostsTheSameWhoeverItIs
//	audience of tokens (9700 2.3)                   TestAttackBySiblingServer, TestAttackPresentingAnotherServersToken
//	least privilege (9700 2.3)                      TestAttackEscalatingScopes, TestRequestedScopesTruthTable
//	rights checked at use (9700 2.3)                TestRightsShrinkWithTheNextRequestAfterADrop
//	client ids cannot be taken (9700 4.15)          TestAttackWithIDsThatCoincide, TestIDsThatCoincideAreNotOverwritten
//	consent cannot be inherited (6749 10.2)         TestAttackPassingForAgreed, TestConsentIsAskedAgainForMoreScopes
//	secrets hashed at rest (6819 4.3.2)             TestAttackReadingTheDatabase
//	enough entropy (6749 10.10)                     TestDrawnSecretsAreEvenlySpread
//	guessing is bounded (6749 10.10)                TestAnyFailureAfterTheClientIsKnownCounts
//	comparisons in constant time (6749 10.10)       TestSecretsAreComparedInConstantTime
//	nothing cached (6749 5.1)                       TestTheTokenResponse, TestTokenErrors
//	proxies are told apart (9700 4.13)              TestCookiesOfAServerWithAHostOfItsOwn
//	size and number bounded                         TestAttackWithOversizedEverything, TestAHundredLiveCodesAreEnough
//	failures change nothing                         TestEveryCallToTheStoreMayFail, TestKilledBetweenCodeAndToken
//
// # Speed
//
// Measured on 2026-12-01, linux/amd64, 2 shared cores that others were using too, so processor time is the figure to go by where it is given; go
// test -bench says what it is elsewhere. Each is the least of several runs, and the floor is what stood beside it in the same one.
//
//	login (code, S256, token), plain maps        57 µs      processor
//	login, SQLite in memory                      195 µs     processor; the aim of 150 µs is not met
//	what the store does of it                    105 µs     processor; its bare statements on the driver 44 µs: BenchmarkLogin of sqlstore
//	a code, SQLite in a file, durable            0.97 ms    1.7 times a sync and the same unsynced
//	its token, SQLite in a file, durable         0.66 ms    1.3 times a sync and the same unsynced
//	Authenticate, warm                           0.30 µs    0 allocations, no query
//	Authenticate, cold                           33 µs      processor, 1 query
//
// Where a login with SQLite in memory spends its time, by a profile of the same day: 28 % outside of the store, about what it takes on plain
// maps; 55 % in the driver, COMMIT alone a tenth of all; 17 % in what lies between, database/sql included. The driver takes more here than for
// the bare statements, which read no columns and run in a loop with nothing else. Were what lies between free, a login would still be about
// 160 µs: for 150 µs the driver would also have to do its part in less time.
//
// Of 2026-11-21, on another machine:
//
//	a revocation reaches a replica, PostgreSQL        1.7 ms in the middle, 46 ms at the 99th percentile (2026-12-01: 0.7 and 4.9)
//	a revocation reaches a replica, SQLite file       250 ms at most: that is how often it looks
package oauth
