package hubsim

import (
	"sync"
	"time"
)

// MovableClock runs at the pace of the machine's until it is told otherwise: it can be moved, and stopped at an instant (HB-179). It is the clock of the
// program; a test is better off with a [FakeClock], in which nothing happens by itself. Use [NewMovableClock].
type MovableClock struct {
	start    time.Time // zero = the machine's time
	mu       sync.Mutex
	offset   time.Duration
	standing bool
	at       time.Time // where it stands
	timers   map[*fakeTimer]struct{}
	real     *time.Timer // until the next timer is due; nil while it stands or waits for nothing
}

// NewMovableClock gives a clock that stands at start, or runs from now on if start is the zero time.
func NewMovableClock(start time.Time) *MovableClock {
	return &MovableClock{start: start, standing: !start.IsZero(), at: start, timers: map[*fakeTimer]struct{}{}}
}

// Now is the clock's time.
func (c *MovableClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *MovableClock) now() time.Time {
	if c.standing {
		return c.at
	}
	return time.Now().Add(c.offset)
}

// Standing says whether the clock stands.
func (c *MovableClock) Standing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.standing
}

// AfterFunc has f called once the clock is at or past d from now.
func (c *MovableClock) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &fakeTimer{at: c.now().Add(d), f: f}
	c.timers[t] = struct{}{}
	c.rearm()
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, pending := c.timers[t]
		delete(c.timers, t)
		c.rearm()
		return pending
	}
}

// rearm sets the real timer to the next one. The caller holds mu.
func (c *MovableClock) rearm() {
	if c.real != nil {
		c.real.Stop()
		c.real = nil
	}
	next := c.next()
	if c.standing || next == nil {
		return
	}
	c.real = time.AfterFunc(max(0, next.at.Sub(c.now())), c.fire)
}

func (c *MovableClock) next() (first *fakeTimer) {
	for t := range c.timers {
		if first == nil || t.at.Before(first.at) {
			first = t
		}
	}
	return first
}

// fire calls what is due, each in the order of their times.
func (c *MovableClock) fire() {
	for {
		c.mu.Lock()
		t := c.next()
		if t == nil || t.at.After(c.now()) {
			c.rearm()
			c.mu.Unlock()
			return
		}
		delete(c.timers, t)
		c.mu.Unlock()
		t.f()
	}
}

// Advance moves the clock by d, also backwards; it goes on running if it ran. Timers that fall due have been called when it returns.
func (c *MovableClock) Advance(d time.Duration) {
	c.mu.Lock()
	if c.standing {
		c.at = c.at.Add(d)
	} else {
		c.offset += d
	}
	c.mu.Unlock()
	c.fire()
}

// Set has the clock stand at an instant until it is moved again. Timers that fall due have been called when it returns.
func (c *MovableClock) Set(to time.Time) {
	c.mu.Lock()
	c.standing, c.at = true, to
	c.mu.Unlock()
	c.fire()
}

// Restart puts the clock back to how it was made.
func (c *MovableClock) Restart() {
	c.mu.Lock()
	c.standing, c.at, c.offset = !c.start.IsZero(), c.start, 0
	c.mu.Unlock()
	c.fire()
}
