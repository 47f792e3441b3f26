package pages_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/hubshare/hubshare/hubsim/pages"
)

func Example() {
	p, err := pages.New(pages.Config{BaseURL: "/", Version: "5.5.1"})
	if err != nil {
		fmt.Println(err)
		return
	}
	notFound := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.Error(w, pages.ErrorPage{Status: http.StatusNotFound, Message: "no <such> page"})
	})
	rec := httptest.NewRecorder()
	notFound.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/hub/nope", nil))
	fmt.Println(rec.Code, rec.Header().Get("Cache-Control"))
	for line := range strings.Lines(rec.Body.String()) {
		if strings.Contains(line, "no &lt;such") {
			fmt.Println(strings.TrimSpace(line))
		}
	}
	// Output:
	// 404 no-store
	// <p>no &lt;such&gt; page</p>
}
