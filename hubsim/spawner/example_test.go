package spawner_test

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/hubshare/hubshare/hubsim/spawner"
)

func Example() {
	ctx := context.Background()
	s := spawner.InProcess{Handler: func(spec spawner.Spec) (http.Handler, io.Closer, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-JupyterHub-Version", "5.5.1")
			fmt.Fprintln(w, spec.User, "has a server at", r.URL.Path)
		}), nil, nil
	}}
	p, err := s.Start(ctx, spawner.Spec{User: "ann", Prefix: "/user/ann/"})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	version, err := spawner.Probe(ctx, client, p.URL())
	fmt.Println("ready:", p.URL().Path, version, err)
	fmt.Println("stopped:", p.Stop(ctx))
	// Output:
	// ready: /user/ann/ 5.5.1 <nil>
	// stopped: <nil>
}

func ExampleProgram() {
	p, err := spawner.Program{
		Args: []string{"sh", "-c", "echo hello $NAME; echo the key is $KEY"},
		Env:  map[string]string{"NAME": "ann", "KEY": "s3cret"},
		Hide: []string{"s3cret"},
	}.Start(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	<-p.Done()
	fmt.Print(p.Tail())
	fmt.Println(p.Err())
	// Output:
	// hello ann
	// the key is REDACTED
	// sh ended by itself: exit status 0
}
