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

// A start that hangs: what the code under test makes of it, and how it goes on.
func ExampleHub_AddFault() {
	hub, err := hubsim.Start(context.Background(), hubsim.Config{Limits: hubsim.Limits{SlowSpawnTimeout: -1}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = hub.Close() }()
	hang, err := hub.AddFault(hubsim.SpawnHang().Of("sharer", ""))
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := hub.Token("sharer")
	if err != nil {
		fmt.Println(err)
		return
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, hub.APIURL()+"/users/sharer/server", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	req.Header.Set("Authorization", "token "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = res.Body.Close()
	fmt.Println("it says", res.StatusCode)
	if err := hub.ReleaseFault(hang); err != nil {
		fmt.Println(err)
	}
	fmt.Println("it comes up:", hub.WaitServer(context.Background(), "sharer", "", hubsim.Ready) == nil)
	// Output:
	// it says 202
	// it comes up: true
}
