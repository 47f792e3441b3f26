package hubsim

import (
	"sync"
	"time"
)

// Clock is the hub's time. Every timestamp, expiry and timer of the hub uses it, except guards on something real (a process that
// must come up, a socket), which keep real time so that a standing clock hangs nothing (HB-168). Safe for concurrent use.
type Clock interface {
	// Now is read once per request.
	Now() time.Time
	// AfterFunc calls f in a goroutine of its own once d has passed; stop reports whether it came in time.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

// RealClock is the machine's clock, the default.
type RealClock struct{}

// Now is time.Now.
func (RealClock) Now() time.Time { return time.Now() }

// AfterFunc is time.AfterFunc.
func (RealClock) AfterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }

// FakeClock stands still until it is moved. The zero FakeClock stands at the zero time; use [NewFakeClock].
type FakeClock struct {
	mu     sync.Mutex
	now    time.Time
	timers map[*fakeTimer]struct{}
}

type fakeTimer struct {
	at time.Time
	f  func()
}

// NewFakeClock gives a clock that stands at an instant.
func NewFakeClock(at time.Time) *FakeClock { return &FakeClock{now: at} }

// Now is where the clock stands.
func (c *FakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// AfterFunc has f called when the clock is moved to or past d from now.
func (c *FakeClock) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timers == nil {
		c.timers = map[*fakeTimer]struct{}{}
	}
	t := &fakeTimer{at: c.now.Add(d), f: f}
	c.timers[t] = struct{}{}
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, pending := c.timers[t]
		delete(c.timers, t)
		return pending
	}
}

// Advance moves the clock forward by d. Timers that fall due are called before it returns, in the order of their times, by the caller's goroutine.
func (c *FakeClock) Advance(d time.Duration) { c.Set(c.Now().Add(d)) }

// Set moves the clock to an instant, also backwards, and calls timers as [FakeClock.Advance] does.
func (c *FakeClock) Set(to time.Time) {
	for {
		c.mu.Lock()
		var next *fakeTimer
		for t := range c.timers {
			if !t.at.After(to) && (next == nil || t.at.Before(next.at)) {
				next = t
			}
		}
		if next == nil {
			c.now = to
			c.mu.Unlock()
			return
		}
		delete(c.timers, next)
		if next.at.After(c.now) {
			c.now = next.at
		}
		c.mu.Unlock()
		next.f()
	}
}
