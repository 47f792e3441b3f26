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
	// window is how many numbers back a look goes that reads on: on PostgreSQL a transaction may be overtaken between taking its number and
	// being committed. Since commits that notify queue up there, it can only be overtaken by those that come while its own COMMIT is on the
	// way; a thousand are more than a busy cluster has in a second.
	window = 1000
	// page is how many rows are read at a time. It is more than a window, so that one look that finds nothing new is one query.
	page = 2 * window
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
	// be committed later, some before it may be told as well.
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
		return tx.QueryRowContext(ctx, `SELECT coalesce(max(seq), 0) FROM changelog WHERE owner = $1`, owner).Scan(&seq)
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
	at := &position{seen: f.Seq, told: map[int64]struct{}{}}
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

// position is what was told: seen is the highest number, told has those of the last window, in which some may be missing yet.
type position struct {
	seen int64
	told map[int64]struct{}
}

// stay looks until something fails; looked says whether one look succeeded.
func (f Follower) stay(ctx context.Context, at *position) (looked bool, err error) {
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
			return looked, err
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
func (f Follower) look(ctx context.Context, at *position) error {
	for from, more := at.seen-window, true; more; {
		var rows []Row
		var err error
		if rows, from, more, err = f.read(ctx, at, from); err != nil {
			return err
		}
		f.tell(at, rows)
	}
	for seq := range at.told {
		if seq <= at.seen-window {
			delete(at.told, seq)
		}
	}
	return nil
}

// read gives a page of rows behind from, beginning with one that was not told; none if there is none in this page of numbers. next is
// where to read on, if there may be more.
func (f Follower) read(ctx context.Context, at *position, from int64) (rows []Row, next int64, more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	numbers, err := f.numbers(ctx, from)
	if err != nil || len(numbers) == 0 {
		return nil, from, false, err
	}
	for _, seq := range numbers {
		if _, told := at.told[seq]; told {
			continue
		}
		rows, err = After(ctx, f.DB, f.Owner, seq-1, page)
		if err != nil || len(rows) == 0 { // none if purged meanwhile
			return nil, from, false, err
		}
		return rows, rows[len(rows)-1].Seq, true, nil
	}
	return nil, numbers[len(numbers)-1], len(numbers) == page, nil
}

// numbers gives a page of the numbers behind from: all that a look needs when there is nothing new.
func (f Follower) numbers(ctx context.Context, from int64) (numbers []int64, err error) {
	err = f.DB.Read(ctx, func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT seq FROM changelog WHERE owner = $1 AND seq > $2 ORDER BY seq LIMIT $3`, f.Owner, from, page)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // Err below tells what went wrong
		for rows.Next() {
			var seq int64
			if err := rows.Scan(&seq); err != nil {
				return err
			}
			numbers = append(numbers, seq)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read the changelog: %w", err)
	}
	return numbers, nil
}

func (f Follower) tell(at *position, rows []Row) {
	fresh := make([]Row, 0, len(rows))
	for _, row := range rows {
		if _, told := at.told[row.Seq]; !told {
			fresh = append(fresh, row)
			at.told[row.Seq] = struct{}{}
		}
		at.seen = max(at.seen, row.Seq)
	}
	if f.News != nil && len(fresh) > 0 {
		f.News(fresh)
	}
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
