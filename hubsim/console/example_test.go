package console_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/hubshare/hubshare/hubsim/console"
)

// A name is never markup, whatever somebody is called.
func Example() {
	var page strings.Builder
	if err := console.Render(&page, console.Page{Proof: "proof", Users: []console.User{{Name: "<b>ann</b>"}}}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.Contains(page.String(), "&lt;b&gt;ann&lt;/b&gt;"), strings.Contains(page.String(), "<b>ann"))
	// Output: true false
}
