package oauth

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// activity holds when tokens were last used, until Flush writes it: a request never costs a commit.
type activity struct {
	mu      sync.Mutex
	pending map[int64]time.Time
}

// touch notes a use, if the last one noted is older than the resolution (OA-78).
func (p *Provider) touch(e *cached, now time.Time) {
	last := e.seen.Load()
	if last != 0 && now.Sub(time.Unix(0, last)) < p.cfg.ActivityResolution {
		return
	}
	if e.seen.CompareAndSwap(last, now.UnixNano()) {
		p.activity.note(map[int64]time.Time{e.TokenID: now})
	}
}

func (a *activity) note(at map[int64]time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pending == nil {
		a.pending = map[int64]time.Time{}
	}
	for id, t := range at {
		if t.After(a.pending[id]) {
			a.pending[id] = t
		}
	}
}

// overlay shows what has not been written yet.
func (a *activity) overlay(t Token) Token {
	a.mu.Lock()
	defer a.mu.Unlock()
	if at := a.pending[t.ID]; at.After(t.LastActivity) {
		t.LastActivity = at
	}
	return t
}

// Flush writes the activity of tokens to the store. Call it now and then, and at the end; what was not flushed when the process dies is
// lost, which nobody but the token page notices.
func (p *Provider) Flush(ctx context.Context) error {
	p.activity.mu.Lock()
	batch := p.activity.pending
	p.activity.pending = nil
	p.activity.mu.Unlock()
	if len(batch) == 0 {
		return nil
	}
	if err := p.store.Touch(ctx, batch); err != nil {
		p.activity.note(batch)
		return fmt.Errorf("write activity of %d tokens: %w", len(batch), err)
	}
	return nil
}
