// Package httpapi serves sharing over HTTP: the REST endpoints of shares and share codes, and the page on which an invitation is accepted, as a
// JupyterHub does (rules SH-50 … SH-152 in RULES.md). A hub of any make mounts it by implementing [Host].
//
// It is no router for a whole hub, no login and no proxy: who makes a request is the host's to say, and where a server lives as well. It decides
// nothing about sharing either; that is [sharing.Service]. What it does not leave to anybody is that callers are identified, that cookie callers prove
// that the request came from a page of ours, and that whatever is shown is escaped.
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
// # Advisories
//
// What has gone wrong in hubs of this kind, and which tests here keep it from coming back (SH-211):
//
//	what                                                              covered by
//	CVE-2026-40864, a visitor is made to accept by a POST "no-cors"   TestForcedAcceptance, TestAcceptingNeedsProof, TestProofOfOrigin
//	the same by a link, an image, or a method in disguise             TestAcceptingIsAPostAlone, TestAcceptPage
//	the same by any form at all without proof                         FuzzForm
//	GHSA-c4gm-pwx9-9w8j, markup in next becomes part of the page      TestNext, FuzzInvitation
//	the same by names of owners, servers and visitors, or by a code   TestOddNames, TestOddVisitor, TestAcceptRefusals, FuzzNames
//	CVE-2026-33709, next leads to another host                        TestNoWayOut, TestNext, TestNextOfAPublicHub, FuzzInvitation
//	the same by way of the login, or of a careless host               TestLoginComesBackHere, TestAHostThatLinksElsewhere, FuzzPath
//	CVE-2024-28233, cookies planted by another host of the domain     TestTossedCookies
//	several cookies of one name                                       TestTossedCookies, TestSeveralLogins
//	a proof from before a login, or another visitor's                 TestAcceptingNeedsProof, TestProofOfOrigin
//	a code in a log, a referrer or a cache                            TestNoCodeInLogs, TestInternalFailuresSayNothing, TestAcceptPage
//	granting what one does not hold, learning what exists             TestRefusals
//	a delete that names nothing deletes everything                    TestRefusals, FuzzQuery
package httpapi
