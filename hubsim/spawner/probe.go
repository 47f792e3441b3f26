package spawner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	probePause    = 20 * time.Millisecond
	maxProbePause = 500 * time.Millisecond
)

// Probe asks {server}api until it answers with a status below 500 and returns
// the X-JupyterHub-Version of that answer, "" if it has none (HB-93). server
// is what Process.URL gives. Redirects are answers, not followed.
//
// It waits in real time, as it waits for something real, and only ctx bounds
// it: the error then wraps ctx.Err and says what the last attempt met. client
// nil = http.DefaultClient.
func Probe(ctx context.Context, client *http.Client, server *url.URL) (version string, err error) {
	target := *server
	target.Path += "api"
	if target.RawPath != "" {
		target.RawPath += "api"
	}
	return Await(ctx, client, &target)
}

// Await is Probe for any address: it asks until there is an answer below 500.
func Await(ctx context.Context, client *http.Client, target *url.URL) (version string, err error) {
	if client == nil {
		client = http.DefaultClient
	}
	once := *client
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	last := errors.New("not asked yet")
	for pause := probePause; ; pause = min(2*pause, maxProbePause) {
		if version, err = ask(ctx, &once, target); err == nil {
			return version, nil
		}
		if ctx.Err() == nil {
			last = err // else the attempt only met the end of ctx
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return "", fmt.Errorf("wait for %s: %w; last attempt: %w", target.Redacted(), context.Cause(ctx), last)
		case <-timer.C:
		}
	}
}

func ask(ctx context.Context, client *http.Client, target *url.URL) (version string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return "", err
	}
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.CopyN(io.Discard, res.Body, 4096) // so that the connection can be used again
	if res.StatusCode >= http.StatusInternalServerError {
		return "", fmt.Errorf("answered %s", res.Status)
	}
	return res.Header.Get("X-JupyterHub-Version"), nil
}
