// Package realhub runs a real JupyterHub, so that what is said of one can be held against it. [Ensure] installs a pinned release with JupyterLab and
// the proxy into the user's cache, from the Python package index and npm, unless it is there already; [Start] runs a hub of it.
// In a test [ForTest] does the first, and leaves the test out only where the indexes cannot be reached and E2E_REAL is not set.
//
//	hub, err := realhub.Start(ctx, realhub.Options{Env: realhub.ForTest(t, realhub.V61), AdminToken: "secret"})
//	require.NoError(t, err)
//	defer hub.Close()
//	resp, err := http.Get(hub.URL + "hub/api/")
//
// It knows nothing of hubsim, and hubsim nothing of it.
package realhub
