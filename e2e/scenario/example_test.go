package scenario_test

import (
	"fmt"

	"github.com/hubshare/hubshare/e2e/scenario"
)

func ExampleSteps() {
	for i, name := range scenario.Steps() {
		fmt.Printf("%d. %s\n", i+1, name)
	}
	// Output:
	// 1. an anonymous visitor of the front page meets the login form
	// 2. the sharer logs in, the server starts, its page comes up
	// 3. the page knows its visitor and holds a token
	// 4. the notebook makes a link to share
	// 5. the grantee follows the link: log in, accept, authorize, be there
	// 6. the sharer sees who has access and which codes are out
	// 7. the grantee's own token cannot share further
	// 8. deleted codes let nobody new in, and leave who is in
	// 9. deleted access turns the grantee away
}
