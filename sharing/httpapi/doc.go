// Package httpapi serves sharing over HTTP: the REST endpoints of shares and share codes, and the page on which an invitation is accepted, as a
// JupyterHub does (rules SH-50 … SH-152 in RULES.md), and what goes beyond it unless that is switched off. A hub of any make mounts it by
// implementing [Host].
//
// It is no router for a whole hub, no login and no proxy: who makes a request is the host's to say, and where a server lives as well. It decides
// nothing about sharing either; that is [sharing.Service]. What it does not leave to anybody is that callers are identified, that cookie callers
// prove that the request came from a page of ours, and that whatever is shown is escaped.
//
//	handler, err := httpapi.New(httpapi.Config{Service: service, Host: hub, Keys: [][]byte{key}})
//	if err != nil {
//		return err
//	}
//	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
//		if handler.Owns(r) {
//			handler.ServeHTTP(w, r)
//			return
//		}
//		hub.ServeHTTP(w, r)
//	})
//
// Pages of the host's own that call the service, such as one with a button that makes a code, get the same treatment of visitors and errors by
// [Handler.Page].
//
// # Extensions
//
// What a JupyterHub does not have is added to its wire format, unless [Config.StockOnly] says no: then unknown fields are a 400, unknown
// arguments are ignored, unknown routes are a 404, and answers have no more members than they ever had. What is not listed here is the same in
// both. All of it is below hub/api/.
//
//	POST shares/{owner}/{server}
//		expires_in   seconds, 60 to 31,536,000: access ends by itself; null = it does not
//		session      true: access ends when the server stops
//		users        names of up to 200 users and groups, in place of user or group: all
//		groups       of them or none; the answer is {"items": [share, …]}, users first
//	GET shares/{owner}/{server}?code_id=sc_1
//		only shares that have something by this code, which may be gone by now
//	GET shares, GET share-codes
//		what the calling user shares, as under their name; 403 for who is no user
//	POST share-codes/{owner}/{server}
//		max_uses          1 to 1,000,000: how often the code can be accepted
//		users, groups     names of those whom alone the code is for; the caller has to be
//		                  allowed to read them
//		domain            "example.org": also for users whose name ends in @example.org
//		note              one line of up to 200 characters, which no visitor sees
//		share_expires_in  as expires_in, for the access that the code gives, counted from
//		                  when it is accepted; accepting it again moves the end
//		share_session     as session, for the same
//	DELETE share-codes/{owner}/{server}?cascade=true
//		also the access that the codes gave, with id= or code= that of one of them, even
//		if only its access is left; true, 1, false or 0
//
// Every share shows how long it lasts and what it is made of, every code its limits:
//
//	"expires_at": null or when the last of it ends by the clock,
//	"grants": [{"scopes": ["access:servers!server=alice/"], "code_id": null or "sc_1",
//	            "granted_at": "…", "expires_at": null or "…", "session": false}]
//
//	"max_uses": null or 5, "users": ["bob"], "groups": [], "domain": null or "example.org",
//	"bound": true, "note": null or "…", "share_expires_in": null or 3600, "share_session": false
//
// A code that is bound has users, groups or a domain whom alone it is for; once all of them were deleted, it is for nobody.
//
// A field that is there but limits nothing is refused, because its author meant something: max_uses 0, an empty domain, users and groups that name
// nobody; so is a code_id or a cascade that cannot be read. In these fields null is the same as absent. Who is not among those whom a code is for
// gets a 403 from the accept page, who comes when it is used up a 404; both are a 400 once they try. The page says how long access will last.
//
// Whoever asks too often gets 429 with a Retry-After in whole seconds, from the API in JSON, from pages as a page. How often that is,
// [sharing.Quotas] say, by caller and by address (see [Config.ClientIP]); [sharing.NoQuotas] switches it off, which StockOnly does not do.
//
// The page hub/shares (GET, POST) is where users see who may do what on their servers, since when, by which link and until when, and what is shared with
// them. They share by name, make links, revoke, delete links with or without the access that these gave, and leave. It is for users known by the login
// cookie alone, needs no script, and asks the service for everything as if nobody had printed the form. A new link is shown once, in the answer to its
// form (200); what else succeeds is a 303 back to the page, and a refusal is the page with the status that the API would give. Long lists are
// shown PageLimits.Max at a time (?of=servers, shares, links or received, and offset=200).
//
// # Advisories
//
// What has gone wrong in hubs of this kind, and which tests here keep it from coming back (SH-211):
//
//	what                                                              covered by
//	CVE-2026-40864, a visitor is made to accept by a POST "no-cors"   TestForcedAcceptance, TestAcceptingNeedsProof, TestProofOfOrigin, TestSharesPageNeedsProof
//	the same by a link, an image, or a method in disguise             TestAcceptingIsAPostAlone, TestAcceptPage
//	the same by any form at all without proof                         FuzzForm, FuzzSharesForm
//	GHSA-c4gm-pwx9-9w8j, markup in next becomes part of the page      TestNext, FuzzInvitation
//	the same by names of owners, servers and visitors, or by a code   TestOddNames, TestOddVisitor, TestAcceptRefusals, FuzzNames, TestSharesPageOfOddNames
//	CVE-2026-33709, next leads to another host                        TestNoWayOut, TestNext, TestNextOfAPublicHub, FuzzInvitation
//	the same by way of the login, or of a careless host               TestLoginComesBackHere, TestAHostThatLinksElsewhere, FuzzPath
//	CVE-2024-28233, cookies planted by another host of the domain     TestTossedCookies
//	several cookies of one name                                       TestTossedCookies, TestSeveralLogins
//	a proof from before a login, or another visitor's                 TestAcceptingNeedsProof, TestProofOfOrigin
//	a code in a log, a referrer or a cache                            TestNoCodeInLogs, TestInternalFailuresSayNothing, TestAcceptPage
//	granting what one does not hold, learning what exists             TestRefusals
//	a delete that names nothing deletes everything                    TestRefusals, FuzzQuery
//	a code for nobody in particular by an empty list or domain        TestRefusedLimits, FuzzExtensions
//	access that stays, or goes, by a misread cascade or code_id       TestRefusedCascades, TestSharesByCode, FuzzQuery
//	a code, or whom it is for, told to those it is not for            TestACodeForOthers, TestAcceptPageSaysHowLong
package httpapi
