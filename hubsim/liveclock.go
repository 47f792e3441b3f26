package hubsim

import (
	"time"

	"github.com/hubshare/hubshare/oauth"
)

// endsAt has an owner's connections looked at again at a moment of the hub's clock. The earliest of several moments for one ending counts: coming too soon does
// no harm, since whoever looks then learns of the next.
func (l *live) endsAt(e ending, at time.Time) {
	if l.off || at.IsZero() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if before, known := l.endings[e]; known && !at.Before(before) {
		return
	}
	l.endings[e] = at
	if l.next.IsZero() || at.Before(l.next) {
		l.set(at)
	}
}

// set sets the timer. The caller holds the lock.
func (l *live) set(at time.Time) {
	if l.closed {
		return
	}
	if l.stop != nil {
		l.stop()
	}
	l.next = at
	wait := at.Sub(l.hub.cfg.Clock.Now())
	l.stop = l.hub.cfg.Clock.AfterFunc(max(wait, 0), l.wake)
	if wait <= 0 {
		// The clock was moved past it since it was read; a standing one would not call before it is moved again.
		l.hub.task(l.wake)
	}
}

// wake looks at what has ended by now. It runs in the clock's goroutine: for a clock that is moved by hand, that of who moves it, so that all has happened by the time the clock has moved.
func (l *live) wake() {
	release, open := l.hub.hold()
	if !open {
		return
	}
	defer release()
	owners := l.due(l.hub.cfg.Clock.Now())
	if len(owners) == 0 {
		return
	}
	l.hub.accessChanged(l.hub.life, owners...)
	for _, o := range owners {
		if _, err := (oauthHost{l.hub}).Owner(l.hub.life, o); err != nil { // tells endsAt when the next share ends, if there is one
			l.hub.log.Debug("somebody's access ended who is gone", "owner", o.ID, "error", err)
		}
	}
}

// due takes out what has ended.
func (l *live) due(now time.Time) []oauth.OwnerRef {
	l.mu.Lock()
	defer l.mu.Unlock()
	seen := map[oauth.OwnerRef]bool{}
	var owners []oauth.OwnerRef
	var first time.Time
	for e, at := range l.endings {
		switch {
		case at.After(now):
			if first.IsZero() || at.Before(first) {
				first = at
			}
			continue
		case !seen[e.owner]:
			seen[e.owner] = true
			owners = append(owners, e.owner)
		}
		delete(l.endings, e)
	}
	l.next = time.Time{}
	if !first.IsZero() {
		l.set(first)
	}
	return owners
}

// close ends the timer. One that is at work is waited for by the hub.
func (l *live) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.stop != nil {
		l.stop()
	}
}

// hold keeps Close waiting until release is called; false once the hub has closed.
func (h *Hub) hold() (release func(), open bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sealed {
		return nil, false
	}
	h.tasks.Add(1)
	return h.tasks.Done, true
}
