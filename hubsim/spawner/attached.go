package spawner

import (
	"context"
	"fmt"
	"net/url"
	"sync"
)

// Attached is a Spawner that starts nothing: its servers run already, or are
// started by hand (HB-181). Stopping one leaves it running; it is merely not
// visited any more.
type Attached struct {
	// At has the scheme and host where the server answers, below the prefix that
	// the hub gives it.
	At *url.URL
}

// Start gives the address.
func (s Attached) Start(ctx context.Context, spec Spec) (Process, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("attach server %s/%s: %w", spec.User, spec.Server, context.Cause(ctx))
	}
	at, err := s.At.Parse(spec.Prefix)
	if err != nil {
		return nil, fmt.Errorf("prefix of server %s/%s: %w", spec.User, spec.Server, err)
	}
	return &attached{url: at, done: make(chan struct{})}, nil
}

type attached struct {
	url  *url.URL
	once sync.Once
	done chan struct{}
}

func (p *attached) URL() *url.URL         { return p.url }
func (p *attached) Done() <-chan struct{} { return p.done }
func (p *attached) Err() error            { return nil }

func (p *attached) Stop(context.Context) error {
	p.once.Do(func() { close(p.done) })
	return nil
}
