package sqlstore

import (
	"context"
	"fmt"

	"github.com/hubshare/hubshare/internal/changelog"
	"github.com/hubshare/hubshare/sharing"
)

// Follow says what to do about changes that any process commits to the database, this one included. The functions are called one after the other
// by the goroutine in [Store.Follow], so a slow one holds up the news; nil ones are not called.
type Follow struct {
	// News has changes that were not told before, at least one, in order of their numbers; a later call may have a lower number. A host drops what it remembers
	// about the users and groups named, as for OnChange of [sharing.Service]; dropping twice is harmless.
	News func(changes []sharing.Change)
	// Current says that everything was told that was committed before a look that just ended; called every second or so while in touch. Who rests on
	// hearing of changes counts the age of what they remember from here.
	Current func()
	// Lost says that touch is lost: until the next Current, changes may go untold. Called for each attempt that fails; attempts go on.
	Lost func(err error)
}

// Follow tells of changes from now on, until ctx ends, and returns its error; any other error means that it could not begin. On PostgreSQL each commit wakes it; a
// SQLite file is looked at every second. It starts no goroutine: the caller's is the owner.
func (s *Store) Follow(ctx context.Context, f Follow) error {
	newest, err := changelog.Newest(ctx, s.db, owner)
	if err != nil {
		return fmt.Errorf("follow the changes: %w", err)
	}
	return changelog.Follower{
		DB: s.db, Owner: owner, Seq: newest, Current: f.Current, Lost: f.Lost,
		News: func(rows []changelog.Row) {
			changes := make([]sharing.Change, 0, len(rows))
			for _, row := range rows {
				c, err := changeOf(row)
				if err != nil && f.Lost != nil {
					f.Lost(err) // the record is damaged, but whose access differs is known
				}
				changes = append(changes, c)
			}
			if f.News != nil {
				f.News(changes)
			}
		},
	}.Run(ctx)
}
