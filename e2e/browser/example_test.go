package browser_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/hubshare/hubshare/e2e/browser"
)

func ExampleStart() {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, `<h1>It runs</h1>`)
	}))
	defer srv.Close()

	session, err := browser.Start(context.Background(), browser.Options{Log: os.Stderr})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = session.Close() }()

	ann, err := session.NewContext(browser.ContextOptions{}) // one context for each person
	if err != nil {
		fmt.Println(err)
		return
	}
	page, err := ann.NewPage()
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := page.Goto(srv.URL); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.Locator("h1").InnerText())
	// Output: It runs <nil>
}
