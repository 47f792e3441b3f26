package supply

import (
	"context"
	"time"
)

// lockPoll is how often a waiting process asks for the lock again. Asking costs
// one system call, and the wait is for a download of seconds.
const lockPoll = 100 * time.Millisecond

// Acquire takes the lock at path, which processes hold one at a time, waiting until ctx ends. waiting is called once, if the lock is held
// by another. stale is how long no holder can take; where the system does not let go of a dead one's lock, it is taken over after that.
func Acquire(ctx context.Context, path string, stale time.Duration, waiting func()) (unlock func(), err error) {
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for first := true; ; first = false {
		unlock, held, err := tryLock(path, stale)
		if err != nil {
			return nil, err
		}
		if !held {
			return unlock, nil
		}
		if first {
			waiting()
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-tick.C:
		}
	}
}
