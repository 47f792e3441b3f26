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
// Waking comes right behind the commit and not with it. Transactions that notify
// commit one after the other on PostgreSQL, each waiting for the disk by itself,
// which makes a server with eight busy connections three times slower than it
// has to be. A replica that dies just between the two wakes nobody, and the
// others find its change with their next look.
//
// So commits come in any order, and a lower number may be committed long after a
// higher one. A follower does not go by numbers there: each row has its
// transaction, and a look tells what the last look's snapshot did not see. Each
// row is told once, however late.
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
