// Package browser gives tests and programs a real Chromium, driven by
// Playwright, without asking anybody to install one first.
//
// Ensure finds a browser and the driver that speaks to it, or fetches both, and
// remembers what it found. Start launches them. A Session hands out contexts:
// one per person, each with its own cookies and storage, which also is what
// keeps two hubs on one loopback address out of each other's cookie jar (HB-37).
// When no browser can be had the error names every place that was tried, how
// long it took and why it did not work; nothing is ever skipped silently.
//
//	func TestMain(m *testing.M) { os.Exit(browser.Main(m)) }
//
//	func TestFrontPage(t *testing.T) {
//		page, err := browser.NewContext(t, browser.ContextOptions{}).NewPage()
//		require.NoError(t, err)
//		_, err = page.Goto(srv.URL)
//		require.NoError(t, err)
//		text, err := page.Locator("h1").InnerText()
//		require.NoError(t, err)
//		assert.Equal(t, "Sign in", text)
//	}
//
// It is not a test framework and knows nothing of hubs: pages of a hub are in
// e2e/scenario. It does not hide Playwright's pages, locators and contexts, but
// every other Playwright type stays inside, so that another version of the
// library is a change of this package alone.
//
// Environment: E2E_BROWSER names a browser to use instead of looking for one;
// E2E_ARTIFACTS names the folder for traces and screenshots of failed tests;
// PLAYWRIGHT_NODEJS_PATH names the Node binary. What is fetched lies under
// os.UserCacheDir()/hubshare-e2e and may be deleted at any time.
package browser
