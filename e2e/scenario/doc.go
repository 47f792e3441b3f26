// Package scenario walks through user-initiated sharing as two people would do
// it, in a real browser, against any hub that has the pages for it.
//
// One person runs the cells of a notebook on their own server and gets a link;
// the other opens the link, logs in, accepts and authorizes; then access is
// listed and taken away again. At each step the walk reads what the page shows
// and asks the REST API beside it (HB-187, steps 1 to 9).
//
//	session, err := browser.Start(ctx, browser.Options{})
//	// …
//	defer session.Close()
//	err = scenario.Walk(ctx, session, scenario.Config{
//		BaseURL: "http://127.0.0.1:8000/",
//		Sharer:  scenario.Login{Name: "sharer"},
//		Grantee: scenario.Login{Name: "shared-with"},
//		Step:    func(s scenario.Step) { fmt.Println(s.Number, s.Name, s.Took, s.Err) },
//	})
//
// A hub of another make, with a login and servers of its own, is walked through by
// AcceptShare: from the login by way of a share link onto the server, and out
// again. It needs the hub's address and two logins, and functions for what is not
// as on a JupyterHub; examples/embed has a test that does it. github-actions.yml
// beside this file is a workflow for the CI of such a hub.
//
// The page objects (LoginPage, AcceptPage, ConsentPage, ServerPage, Notebook, SharesPage,
// ErrorPage) know the elements, so that a test of another story needs none of
// the selectors. The package does not start a hub and does not import one.
package scenario
