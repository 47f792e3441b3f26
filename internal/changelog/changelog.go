package changelog

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hubshare/hubshare/internal/sqldb"
)

// Owner is the name of this table's line in the migration ledger.
const Owner = "changelog"

// channel is where PostgreSQL tells of new rows.
const channel = "hubshare_changelog"

// Migrate makes the table or brings it up to date. Every store that shares it
// calls this before it makes its own; calling again does nothing.
func Migrate(ctx context.Context, db *sqldb.DB) error {
	steps := sqliteSteps
	if db.Dialect() == sqldb.PostgreSQL {
		steps = postgresSteps
	}
	return db.Migrate(ctx, Owner, steps)
}

// AUTOINCREMENT: a number is never given twice, also when the newest rows were
// purged, or a replica would take a new change for one it has seen.
var sqliteSteps = []string{`
	CREATE TABLE changelog (
		seq       INTEGER PRIMARY KEY AUTOINCREMENT,
		at        INTEGER NOT NULL,
		owner     TEXT NOT NULL,
		action    TEXT NOT NULL,
		actor_id  TEXT NOT NULL,
		server_id TEXT NOT NULL,
		code_id   TEXT NOT NULL,
		user_ids  TEXT NOT NULL,
		group_ids TEXT NOT NULL
	) STRICT;
	CREATE INDEX changelog_owner_seq ON changelog (owner, seq);`, `
	ALTER TABLE changelog ADD COLUMN details TEXT NOT NULL DEFAULT '';
	DROP INDEX changelog_owner_seq;`,
}

// tx is the transaction that wrote the row; by it a [Follower] knows what it has
// not seen yet, whatever the order of numbers and commits.
var postgresSteps = []string{`
	CREATE TABLE changelog (
		seq       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		at        BIGINT NOT NULL,
		owner     TEXT NOT NULL,
		action    TEXT NOT NULL,
		actor_id  TEXT NOT NULL,
		server_id TEXT NOT NULL,
		code_id   TEXT NOT NULL,
		user_ids  TEXT NOT NULL,
		group_ids TEXT NOT NULL
	);
	CREATE INDEX changelog_owner_seq ON changelog (owner, seq);
	CREATE FUNCTION changelog_notify() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM pg_notify('` + channel + `', '');
		RETURN NULL;
	END $$;
	CREATE TRIGGER changelog_notify AFTER INSERT ON changelog
		FOR EACH STATEMENT EXECUTE FUNCTION changelog_notify();`, `
	ALTER TABLE changelog
		ADD COLUMN details TEXT NOT NULL DEFAULT '',
		ADD COLUMN tx xid8 NOT NULL DEFAULT pg_current_xact_id();
	CREATE INDEX changelog_tx ON changelog (tx);
	DROP INDEX changelog_owner_seq;
	DROP TRIGGER changelog_notify ON changelog;
	DROP FUNCTION changelog_notify();`,
}

// Row is one committed change (SH-182). Ids are the host's, opaque here; "" or
// none where the change has no such thing. A secret must never stand in one.
type Row struct {
	Seq    int64     // given by Append; ascending, with gaps; on PostgreSQL a lower one may be committed later
	At     time.Time // microseconds, UTC
	Owner  string    // whose change: "sharing", "oauth"
	Action string    // what was done, as "share.grant"

	ActorID, ServerID, CodeID string
	// UserIDs and GroupIDs are those whose access may differ now; both empty =
	// anyone's.
	UserIDs, GroupIDs []string
	// Details are the owner's, in a form of its own: what people want to know once the ids mean nothing any more.
	Details string
}

// Append writes row within the caller's transaction and returns its number;
// row.Seq is ignored, and At is cut to the microsecond. It becomes visible with
// the caller's commit and vanishes with its rollback; on PostgreSQL every [Follower]
// is woken right after it.
func Append(ctx context.Context, tx *sql.Tx, row Row) (seq int64, err error) {
	var b sqldb.Batch
	if err := Add(&b, &seq, row); err != nil {
		return 0, err
	}
	if err := b.Run(ctx, tx); err != nil {
		return 0, fmt.Errorf("append to the changelog: %w", err)
	}
	return seq, nil
}

// Add is Append among other statements: seq is set once they run.
func Add(b *sqldb.Batch, seq *int64, row Row) error {
	if row.Owner == "" || row.Action == "" || row.At.IsZero() {
		return errors.New("append to the changelog: a change needs an owner, an action and a time")
	}
	users, err := encode(row.UserIDs)
	if err != nil {
		return err
	}
	groups, err := encode(row.GroupIDs)
	if err != nil {
		return err
	}
	b.Announce(channel)
	b.Insert(seq, "seq", `
		INSERT INTO changelog (at, owner, action, actor_id, server_id, code_id, user_ids, group_ids, details)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		row.At.UnixMicro(), row.Owner, row.Action, row.ActorID, row.ServerID, row.CodeID, users, groups, row.Details)
	return nil
}

const columns = `seq, at, owner, action, actor_id, server_id, code_id, user_ids, group_ids, details`

// After gives the owner's rows that come behind seq, in order, limit at most;
// seq 0 begins with the oldest. A limit below 1 is an error.
func After(ctx context.Context, db *sqldb.DB, owner string, seq int64, limit int) (rows []Row, err error) {
	if limit < 1 {
		return nil, fmt.Errorf("read the changelog: a limit of %d reads nothing", limit)
	}
	err = db.Read(ctx, func(tx *sql.Tx) error {
		rows, err = read(ctx, tx, `owner = $1 AND seq > $2`, limit, owner, seq)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the changelog: %w", err)
	}
	return rows, nil
}

// read gives rows in order of their numbers. There is no index for their owners: most rows are anyone's who asks, and each index costs every
// change some of its time.
func read(ctx context.Context, tx *sql.Tx, where string, limit int, args ...any) (rows []Row, err error) {
	found, err := tx.QueryContext(ctx, fmt.Sprintf(`SELECT `+columns+` FROM changelog WHERE `+where+` ORDER BY seq LIMIT $%d`, len(args)+1), append(args, limit)...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = found.Close() }() // Err below tells what went wrong
	for found.Next() {
		row, err := scan(found)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, found.Err()
}

func scan(found *sql.Rows) (Row, error) {
	var (
		row           Row
		at            int64
		users, groups string
	)
	err := found.Scan(&row.Seq, &at, &row.Owner, &row.Action, &row.ActorID, &row.ServerID, &row.CodeID, &users, &groups, &row.Details)
	if err != nil {
		return Row{}, err
	}
	row.At = time.UnixMicro(at).UTC()
	if err := errors.Join(json.Unmarshal([]byte(users), &row.UserIDs), json.Unmarshal([]byte(groups), &row.GroupIDs)); err != nil {
		return Row{}, fmt.Errorf("ids of change %d: %w", row.Seq, err)
	}
	return row, nil
}

// Purge deletes, within the caller's transaction, the owner's rows from before a time, and gives how many these were. It goes by numbers and
// ends at the first row that is to be kept, so an older one behind that goes some other time. A [Follower] that was away for longer than rows
// are kept misses those.
func Purge(ctx context.Context, tx *sql.Tx, owner string, before time.Time) (n int, err error) {
	res, err := tx.ExecContext(ctx, `DELETE FROM changelog WHERE owner = $1 AND at < $2
		AND seq < coalesce((SELECT seq FROM changelog WHERE owner = $1 AND at >= $2 ORDER BY seq LIMIT 1), 9223372036854775807)`, owner, before.UnixMicro())
	if err != nil {
		return 0, fmt.Errorf("purge the changelog: %w", err)
	}
	gone, err := res.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("purge the changelog: %w", err)
	}
	return int(gone), nil
}

// encode writes ids as JSON, none as "null", so that none comes back as nil.
func encode(ids []string) (string, error) {
	if len(ids) == 0 {
		return "null", nil
	}
	text, err := json.Marshal(ids)
	if err != nil {
		return "", fmt.Errorf("append to the changelog: %w", err)
	}
	return string(text), nil
}
