package hubsim

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/hubshare/hubshare/internal/sqldb"
	oauthsql "github.com/hubshare/hubshare/oauth/sqlstore"
	sharingsql "github.com/hubshare/hubshare/sharing/sqlstore"
)

// database is a hub's, with the tables of all owners in it.
type database struct {
	*sqldb.DB
	fresh  bool // nothing is in its tables
	shares *sharingsql.Store
	tokens *oauthsql.Store
}

// openDatabase opens a file, or what is gone with the hub for "". A new file is a copy of one in memory, whose tables are made once a program.
func openDatabase(ctx context.Context, path string) (database, error) {
	if _, err := os.Lstat(path); path != "" && errors.Is(err, fs.ErrNotExist) {
		drawn, err := draw(ctx, path)
		if err != nil {
			return database{}, err
		}
		d, err := migrated(ctx, path)
		d.fresh = drawn
		return d, err
	}
	d, err := migrated(ctx, path)
	d.fresh = path == ""
	return d, err
}

// draw makes a file that is not there yet, and says whether it did. If not, it is there by now, or opening makes it the long way, or says why it cannot.
func draw(ctx context.Context, path string) (drawn bool, err error) {
	db, err := migrated(ctx, "")
	if err != nil {
		return false, err
	}
	drawn = db.CopyTo(ctx, path) == nil
	return drawn, db.Close()
}

// migrated opens a database. Every owner of tables migrates before anyone writes: one in memory then begins as a copy (see sqldb).
func migrated(ctx context.Context, path string) (d database, err error) {
	if d.DB, err = sqldb.Open(ctx, path); err != nil {
		return d, err
	}
	if err = d.Migrate(ctx, "hub", rosterSchema); err == nil {
		d.shares, err = sharingsql.New(ctx, d.DB)
	}
	if err == nil {
		d.tokens, err = oauthsql.New(ctx, d.DB)
	}
	if err != nil {
		err = errors.Join(err, d.Close())
	}
	return d, err
}
