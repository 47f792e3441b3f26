// Package sqldb opens the database of a hub and brings its tables up to date.
//
// It knows one writer, several readers and a ledger of migrations, and nothing
// of what the tables hold. It is no query builder and no object mapper: inside
// a transaction callers write SQL. SQLite is the one engine so far; nothing in
// the signatures says so, except that the SQL is the caller's.
//
//	db, err := sqldb.Open(ctx, "hub.db") // "" = in memory
//	if err != nil {
//		return err
//	}
//	defer db.Close()
//	err = db.Migrate(ctx, "notes", []string{`CREATE TABLE notes (text TEXT NOT NULL) STRICT`})
//	if err != nil {
//		return err
//	}
//	err = db.Write(ctx, func(tx *sql.Tx) error {
//		_, err := tx.ExecContext(ctx, `INSERT INTO notes (text) VALUES (?)`, "hello")
//		return err
//	})
package sqldb
