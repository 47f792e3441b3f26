// Package sqldb opens the database of a hub, SQLite for one process or
// PostgreSQL for many replicas, and brings its tables up to date.
//
// It knows transactions, a ledger of migrations and which engine it speaks to,
// and nothing of what the tables hold. It is no query builder, no object mapper
// and no translator: inside a transaction callers write SQL that both engines
// understand, with arguments as $1, $2, … What must differ, such as the types in
// a migration, asks [DB.Dialect].
//
//	db, err := sqldb.Open(ctx, "hub.db") // "" = in memory, postgres://… = PostgreSQL
//	if err != nil {
//		return err
//	}
//	defer db.Close()
//	err = db.Migrate(ctx, "notes", []string{`CREATE TABLE notes (text TEXT NOT NULL)`})
//	if err != nil {
//		return err
//	}
//	err = db.Write(ctx, func(tx *sql.Tx) error {
//		_, err := tx.ExecContext(ctx, `INSERT INTO notes (text) VALUES ($1)`, "hello")
//		return err
//	})
//
// # Who waits for whom
//
// On SQLite writers take turns. Those who come to a file while another's commit
// is on its way to the disk go into one transaction together, as 64 at most, and
// share the next commit: [DB.Write] tells how each has its own fate there. Since
// all share one commit, no constraint may be deferred to it: it would fail for
// all. One writer alone is a transaction like any other.
//
// On PostgreSQL writers take turns too with [DB.Write], those of all replicas
// together: it holds one lock alone. A store that knows what its change is about
// may let others go on beside it: [DB.WriteAbout] shares that lock, and holds one
// for each name given.
//
// Such transactions are read committed, and not serialisable, on purpose. A hot
// row, a share code that a whole class follows at once, makes nearly every
// serialisable transaction fail but one; retrying them all does the work several
// times and may still run out of attempts. With locks they queue, in the order of
// their coming, each does its work once, and sees what all before it committed,
// since a read-committed statement begins with a look of its own. The price is
// that a store must name what its change is about; one that does not is served
// by Write, which is right by default.
//
// All locks are taken in one statement before fn, in one order, so they cannot
// deadlock among themselves. Rows locked later can; PostgreSQL then ends one of
// the two, which runs again. That is why fn must be repeatable: whatever it sets
// outside of itself it sets anew each time.
//
// # What a statement costs
//
// Both engines keep statements prepared, by their text, for each connection; so
// a text should be the same each time, with what differs in its arguments
// ([Dialect.In]). SQLite's are never interrupted: a context that has ended is
// seen before the next statement, and before the commit. [DB.Statements] counts
// them, for tests that hold a page to a number of statements.
//
// On PostgreSQL most of it is the way to the server and back. A [Batch] makes
// that way once for many statements. A transaction that writes begins with its
// locks on one way, and what it announces goes on that of its commit. One statement
// that reads needs no transaction: see [DB.Reader].
package sqldb
