package web_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/hubshare/hubshare/internal/web"
)

func Example() {
	site := web.Site{BaseURL: "/", Version: "5.5.1"}
	var routes web.Router
	routes.Handle(site.HubPrefix()+"api/shares/{owner}/{server?}", http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			site.APIHeaders(w.Header())
			body, err := web.DecodeObject(r, 1<<20)
			var refused *web.Error
			if errors.As(err, &refused) {
				web.WriteError(w, refused)
				return
			}
			web.WriteJSON(w, http.StatusOK, map[string]any{
				"owner": r.PathValue("owner"), "server": r.PathValue("server"), "fields": len(body),
			})
		}))

	for _, body := range []string{`{"user": "ann"}`, `[1]`} {
		path := "/hub/api/shares/" + web.EscapeSegment("jané doe") + "/"
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
		w := httptest.NewRecorder()
		routes.ServeHTTP(w, r)
		fmt.Println(path, w.Code, w.Body)
	}
	next, ok := web.ValidateNext("//elsewhere.example/hub/", web.BrowserOrigin(httptest.NewRequest("GET", "/", nil)))
	fmt.Printf("%q %v\n", next, ok)
	// Output:
	// /hub/api/shares/jan%C3%A9%20doe/ 200 {"fields":1,"owner":"jané doe","server":""}
	// /hub/api/shares/jan%C3%A9%20doe/ 400 {"status":400,"message":"JSON body must be an object"}
	// "" false
}
