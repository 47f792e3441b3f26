package changelog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/hubshare/hubshare/internal/sqldb"
)

const (
	// late is how many numbers before its first a follower begins on PostgreSQL: a transaction that was about to be committed when
	// Newest was asked may have been overtaken by that many. What comes once it follows is found by its transaction, late or not.
	late = 1000
	// page is how many rows are read at a time.
	page = 1000
	// often is how long a follower goes without a look when nothing wakes it.
	often = time.Second
	// patience bounds reading one page, and one attempt to connect.
	patience = 5 * time.Second
	// A lost connection is replaced after shortest, then after twice as long each time, up to longest.
	shortest = 50 * time.Millisecond
	longest  = 5 * time.Second
)

// Follower tells what any process commits, this one included. Its functions are called one after the other by the goroutine that runs it,
// so a slow one holds up the news; nil ones are not called.
type Follower struct {
	DB    *sqldb.DB
	Owner string // whose rows, as in Row
	// Seq is the number behind which news begins: 0 for all rows, the result of Newest for those from now on. Because lower numbers may
	// be committed later on PostgreSQL, up to a thousand before it are told as well there.
	Seq int64
	// News has rows that were not told before, at least one, in order of their numbers. A later call may have a lower number.
	News func(rows []Row)
	// Current says that everything was told that was committed before the look which just ended; called at least every second or so while
	// in touch. Whoever rests on hearing of changes counts their age limit from here.
	Current func()
	// Lost says that touch is lost: from now until the next Current, changes may go untold. Called for each attempt that fails.
	Lost func(err error)
	// Every is how long to go without a look when nothing wakes it; 0 = a second. SQLite wakes nobody.
	Every time.Duration
}

// Newest is the highest number that an owner's rows have; 0 = there are none.
func Newest(ctx context.Context, db *sqldb.DB, owner string) (seq int64, err error) {
	err = db.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `SELECT coalesce((SELECT seq FROM changelog WHERE owner = $1 ORDER BY seq DESC LIMIT 1), 0)`, owner).Scan(&seq)
	})
	if err != nil {
		return 0, fmt.Errorf("read the changelog: %w", err)
	}
	return seq, nil
}

// Run follows until ctx ends, and returns its error. It starts no goroutine; the caller's is the owner. One Follower, one Run at a time.
func (f Follower) Run(ctx context.Context) error {
	if f.Every <= 0 {
		f.Every = often
	}
	at := f.begin()
	for wait := shortest; ; wait = min(2*wait, longest) {
		looked, err := f.stay(ctx, at)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if f.Lost != nil {
			f.Lost(err)
		}
		if looked {
			wait = shortest
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// stay looks until something fails; looked says whether one look succeeded.
func (f Follower) stay(ctx context.Context, at place) (looked bool, err error) {
	connecting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	wake, err := f.DB.Listen(connecting, channel)
	if err != nil && !errors.Is(err, sqldb.ErrNoListening) {
		return false, err
	}
	if wake != nil {
		// It is lost or not needed any more; either way there is nothing to do about a failure.
		defer func() { _ = wake.Close() }()
	}
	for { // the first look comes after listening began, so nothing falls between
		if err := f.look(ctx, at); err != nil {
			return looked, fmt.Errorf("read the changelog: %w", err)
		}
		looked = true
		if f.Current != nil {
			f.Current()
		}
		if err := f.rest(ctx, wake); err != nil {
			return looked, err
		}
	}
}

// rest waits for a notification, or as long as Every.
func (f Follower) rest(ctx context.Context, wake *sqldb.Listener) error {
	if wake == nil {
		return pause(ctx, f.Every)
	}
	brief, cancel := context.WithTimeout(ctx, f.Every)
	defer cancel()
	if err := wake.Wait(brief); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return ctx.Err()
}

// look tells what was not told yet.
func (f Follower) look(ctx context.Context, at place) error {
	for more := true; more; {
		reading, cancel := context.WithTimeout(ctx, patience)
		var rows []Row
		err := f.DB.Read(reading, func(tx *sql.Tx) (err error) {
			rows, err = at.read(reading, tx, f.Owner)
			return err
		})
		cancel()
		if err != nil {
			return err
		}
		more = at.told(rows)
		if f.News != nil && len(rows) > 0 {
			f.News(rows)
		}
	}
	return nil
}

// pause waits for something outside of this process, so it goes by real time.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
