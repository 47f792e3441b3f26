package hubauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// versionHeader is where hubs and servers say what they are.
const versionHeader = "X-JupyterHub-Version"

// tries is how often a server asks for the hub's version before it gives up (OA-140).
const tries = 5

// ErrNoHub is what [Auth.CheckVersion] answers when the hub's API was not there at any of its tries. It is wrapped with what went wrong last.
var ErrNoHub = errors.New("the hub's api does not answer")

// CheckVersion asks the hub for its version, as a server does at its start before it takes visitors (OA-140), and gives it; "" = the hub
// says none. It tries five times, with pauses of 2, 4, 8 and 16 seconds between. A hub of another major version than Config.Version, or of
// none, may not understand this server: that is a warning in the log and no error, since it may as well work. Errors: [ErrNoHub], or that of
// ctx. [New] does not call it, so that whoever needs no such check, or wants it beside other work, waits for nothing.
func (a *Auth) CheckVersion(ctx context.Context) (string, error) {
	var last error
	for try := 1; try <= tries; try++ {
		if try > 1 {
			if err := a.cfg.Wait(ctx, time.Second<<(try-1)); err != nil {
				return "", fmt.Errorf("wait for the hub's api: %w", err)
			}
		}
		version, err := a.askVersion(ctx)
		if err == nil {
			a.compare(ctx, version)
			return version, nil
		}
		if ctx.Err() != nil {
			return "", fmt.Errorf("ask for the hub's version: %w", ctx.Err())
		}
		last = err
		a.cfg.Logger.WarnContext(ctx, "the hub's api does not answer", "try", try, "of", tries, "error", err)
	}
	return "", fmt.Errorf("%w: %w", ErrNoHub, last)
}

// askVersion is one try. It says nothing of who asks: anybody may know the version.
func (a *Auth) askVersion(ctx context.Context) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.cfg.APIURL, nil)
	if err != nil {
		return "", fmt.Errorf("ask for the hub's version: %w", err)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return "", err
	}
	_ = resp.Body.Close() // all that matters is in the header
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("hub answered %d", resp.StatusCode)
	}
	return resp.Header.Get(versionHeader), nil
}

// compare warns of what may not fit together.
func (a *Auth) compare(ctx context.Context, hub string) {
	own := a.cfg.Version
	switch {
	case own == "":
	case hub == "":
		a.cfg.Logger.WarnContext(ctx, "the hub does not tell its version", "own", own)
	case major(hub) != major(own):
		a.cfg.Logger.WarnContext(ctx, "the hub has another version, visitors may be sent in circles", "hub", hub, "own", own)
	default:
		a.cfg.Logger.DebugContext(ctx, "the hub's version fits", "hub", hub, "own", own)
	}
}

func major(version string) string {
	before, _, _ := strings.Cut(version, ".")
	return before
}

// wait is real time.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
