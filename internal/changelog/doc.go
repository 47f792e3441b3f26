// Package changelog is the table of what was changed, by whom and for whom,
// that the stores of one database share: the audit trail, and the way a replica
// learns what the others did.
//
// It is neither a queue nor a log of requests: rows are appended in the very
// transaction that makes the change, so that there is no change without its row
// and no row without its change, and they are read again by number. It has no
// foreign keys, because it outlives what it speaks of.
//
// A [Follower] tells one process what is committed by any: PostgreSQL wakes it,
// and it looks by itself every second. It acts on nothing; how old an answer may
// be that rests on no news is for those who keep such answers.
//
//	err := changelog.Migrate(ctx, db)
//	err = db.Write(ctx, func(tx *sql.Tx) error {
//		// … the change itself, then:
//		seq, err = changelog.Append(ctx, tx, changelog.Row{
//			At: now, Owner: "sharing", Action: "share.grant", ActorID: "u1", UserIDs: []string{"u2"},
//		})
//		return err
//	})
//	rows, err := changelog.After(ctx, db, "sharing", seen, 100)
package changelog
