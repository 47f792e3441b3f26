package browser

import (
	"context"
	"time"
)

// lockPoll is how often a waiting process asks for the lock again. Asking costs
// one system call, and the wait is for a download of seconds.
const lockPoll = 100 * time.Millisecond

// acquire takes the lock at path, waiting until ctx ends. waiting is called
// once, if the lock is held by another.
func acquire(ctx context.Context, path string, waiting func()) (unlock func(), err error) {
	tick := time.NewTicker(lockPoll)
	defer tick.Stop()
	for first := true; ; first = false {
		unlock, held, err := tryLock(path)
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
