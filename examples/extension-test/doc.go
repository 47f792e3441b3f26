// Package extensiontest is an example in JavaScript: a sharing dialog such as an extension of JupyterLab has (src/sharing.js), and its tests with
// @playwright/test against hubsim (sharing.spec.js). One program serves all workers, each with a hub of its own (hub-setup.js, hub.js).
//
//	go build -o bin/hubsim ./hubsim/cmd/hubsim && export HUBSIM=$PWD/bin/hubsim
//	cd examples/extension-test
//	npm ci
//	npx playwright install --only-shell chromium    # or name a browser: export E2E_BROWSER=/usr/bin/chromium
//	npx playwright test
//
// Go has no part in it but to run all that among the other tests.
package extensiontest
