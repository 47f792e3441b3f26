package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/hubshare/hubshare/internal/changelog"
	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/oauth"
)

// look is how long a follower of a SQLite file goes without looking: nobody wakes it, and a second is what a replica may be late.
const look = 250 * time.Millisecond

// Follow says what to do about changes that any process commits to the same database. Its functions are called one after the other; nil
// ones are not called.
type Follow struct {
	// After is the number behind which news begins: 0 = from now on. Some from before it may be told as well.
	After int64
	// News has changes that were not told before, this process's own among them, in order of their numbers; a later call may have a lower number.
	News func([]oauth.Change)
	// Current: everything committed before the look that just ended was told. Called about every second while in touch.
	Current func()
	// Lost: from now until the next Current, changes may go untold. Called for each attempt that fails.
	Lost func(error)
}

// Follow tells what is committed by this process or another replica, until ctx ends, and returns its error; any other error means that it
// could not begin. PostgreSQL wakes it; a file is looked at four times a second. A lost connection is replaced. It starts no goroutine.
//
//	err := store.Follow(ctx, sqlstore.Follow{ // in a goroutine of the host's own
//		News: func(list []oauth.Change) { provider.Heard(ctx, list) },
//		Lost: func(error) { provider.Drop() },
//	})
func (s *Store) Follow(ctx context.Context, f Follow) error {
	if f.After == 0 {
		var err error
		if f.After, err = changelog.Newest(ctx, s.db, owner); err != nil {
			return fmt.Errorf("follow the changes: %w", err)
		}
	}
	follower := changelog.Follower{DB: s.db, Owner: owner, Seq: f.After, Current: f.Current, Lost: f.Lost}
	if s.db.Dialect() != sqldb.PostgreSQL {
		follower.Every = look
	}
	if f.News != nil {
		follower.News = func(rows []changelog.Row) { f.News(changesOf(rows)) }
	}
	return follower.Run(ctx)
}

// Changes gives this store's rows of the change log.
func (s *Store) Changes(ctx context.Context, after int64, limit int) ([]oauth.Change, error) {
	list, err := changelog.After(ctx, s.db, owner, after, limit)
	if err != nil {
		return nil, err
	}
	return changesOf(list), nil
}

func changesOf(list []changelog.Row) []oauth.Change {
	out := make([]oauth.Change, 0, len(list))
	for _, r := range list {
		c := oauth.Change{Seq: r.Seq, At: r.At, Action: r.Action}
		for _, id := range r.UserIDs {
			c.Owners = append(c.Owners, oauth.OwnerRef{Kind: oauth.KindUser, ID: id})
		}
		if r.ActorID != "" {
			c.Owners = append(c.Owners, oauth.OwnerRef{Kind: oauth.KindService, ID: r.ActorID})
		}
		out = append(out, c)
	}
	return out
}
