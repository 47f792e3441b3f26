package hubsim_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/hubshare/hubshare/hubsim"
)

// A hub without a test around it. In a test, call hubsim.New(t, hubsim.Config{}) instead, which ends with the test.
func Example() {
	hub, err := hubsim.Start(context.Background(), hubsim.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() {
		if err := hub.Close(); err != nil {
			fmt.Println(err)
		}
	}()
	code, err := hub.NewShareCode("sharer", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	// Somebody who is logged in as shared-with opens the link.
	page, err := hub.Client("shared-with").Get(hub.AcceptURL(code))
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = page.Body.Close()
	fmt.Println(page.StatusCode == http.StatusOK, page.Request.URL.Path)
	// Output: true /hub/accept-share
}
