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
	CREATE INDEX changelog_owner_seq ON changelog (owner, seq);`,
}

// The trigger tells whoever listens, with the commit and only with it, also of
// rows that something else than this package wrote.
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
		FOR EACH STATEMENT EXECUTE FUNCTION changelog_notify();`,
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
}

// Append writes row within the caller's transaction and returns its number;
// row.Seq is ignored, and At is cut to the microsecond. It becomes visible with
// the caller's commit and vanishes with its rollback; on PostgreSQL that commit also
// wakes every [Follower].
func Append(ctx context.Context, tx *sql.Tx, row Row) (seq int64, err error) {
	if row.Owner == "" || row.Action == "" || row.At.IsZero() {
		return 0, errors.New("append to the changelog: a change needs an owner, an action and a time")
	}
	users, err := encode(row.UserIDs)
	if err != nil {
		return 0, err
	}
	groups, err := encode(row.GroupIDs)
	if err != nil {
		return 0, err
	}
	err = tx.QueryRowContext(ctx, `
		INSERT INTO changelog (at, owner, action, actor_id, server_id, code_id, user_ids, group_ids)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING seq`,
		row.At.UnixMicro(), row.Owner, row.Action, row.ActorID, row.ServerID, row.CodeID, users, groups,
	).Scan(&seq)
	if err != nil {
		return 0, fmt.Errorf("append to the changelog: %w", err)
	}
	return seq, nil
}

// After gives the owner's rows that come behind seq, in order, limit at most;
// seq 0 begins with the oldest. A limit below 1 is an error.
func After(ctx context.Context, db *sqldb.DB, owner string, seq int64, limit int) ([]Row, error) {
	if limit < 1 {
		return nil, fmt.Errorf("read the changelog: a limit of %d reads nothing", limit)
	}
	var rows []Row
	err := db.Read(ctx, func(tx *sql.Tx) error {
		found, err := tx.QueryContext(ctx, `
			SELECT seq, at, owner, action, actor_id, server_id, code_id, user_ids, group_ids
			FROM changelog WHERE owner = $1 AND seq > $2 ORDER BY seq LIMIT $3`, owner, seq, limit)
		if err != nil {
			return err
		}
		defer func() { _ = found.Close() }() // Err below tells what went wrong
		for found.Next() {
			row, err := scan(found)
			if err != nil {
				return err
			}
			rows = append(rows, row)
		}
		return found.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read the changelog: %w", err)
	}
	return rows, nil
}

func scan(found *sql.Rows) (Row, error) {
	var (
		row           Row
		at            int64
		users, groups string
	)
	err := found.Scan(&row.Seq, &at, &row.Owner, &row.Action, &row.ActorID, &row.ServerID, &row.CodeID, &users, &groups)
	if err != nil {
		return Row{}, err
	}
	row.At = time.UnixMicro(at).UTC()
	if err := errors.Join(json.Unmarshal([]byte(users), &row.UserIDs), json.Unmarshal([]byte(groups), &row.GroupIDs)); err != nil {
		return Row{}, fmt.Errorf("ids of change %d: %w", row.Seq, err)
	}
	return row, nil
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
