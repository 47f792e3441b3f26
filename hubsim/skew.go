package hubsim

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// skewed is a clock that can be wrong: ahead of the one that it shows, or behind. Everything of a hub runs on it; those who look from outside have the other.
type skewed struct {
	shown Clock
	by    atomic.Int64 // nanoseconds ahead

	mu     sync.Mutex
	timers map[*skewTimer]struct{}
}

type skewTimer struct {
	at   time.Time // of this clock
	f    func()
	stop func() bool
}

func newSkewed(c Clock) *skewed { return &skewed{shown: c, timers: map[*skewTimer]struct{}{}} }

func (c *skewed) Now() time.Time { return c.shown.Now().Add(time.Duration(c.by.Load())) }

// wrong says whether it is not what it shows.
func (c *skewed) wrong() bool { return c.by.Load() != 0 }

func (c *skewed) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	t := &skewTimer{at: c.Now().Add(d), f: f}
	c.mu.Lock()
	c.timers[t] = struct{}{}
	c.mu.Unlock()
	c.set(t, d)
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, pending := c.timers[t]
		delete(c.timers, t)
		if t.stop != nil {
			t.stop()
		}
		return pending
	}
}

// set has the clock behind it call when a timer is due.
func (c *skewed) set(t *skewTimer, in time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, pending := c.timers[t]; pending {
		t.stop = c.shown.AfterFunc(in, func() { c.fire(t) })
	}
}

func (c *skewed) fire(t *skewTimer) {
	c.mu.Lock()
	_, pending := c.timers[t]
	in := t.at.Sub(c.Now())
	if pending && in <= 0 {
		delete(c.timers, t)
	}
	c.mu.Unlock()
	switch {
	case !pending:
	case in > 0: // the skew was taken back meanwhile
		c.set(t, in)
	default:
		t.f()
	}
}

// skew moves this clock, and no other. What falls due by it has been called when it returns.
func (c *skewed) skew(by time.Duration) {
	c.mu.Lock()
	c.by.Add(int64(by))
	all := make([]*skewTimer, 0, len(c.timers))
	for t := range c.timers {
		if t.stop != nil {
			t.stop()
		}
		all = append(all, t)
	}
	c.mu.Unlock()
	slices.SortFunc(all, func(a, b *skewTimer) int { return a.at.Compare(b.at) })
	for _, t := range all {
		c.fire(t)
	}
}
