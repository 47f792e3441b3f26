package sqldb

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// CopyTo writes what a database in memory holds into a new file, readable by its owner alone, with which [Open] goes on: to make a file's tables like
// this takes a fraction of what migrations take that each wait for the disk. The file is there as a whole or not at all, whoever else makes it
// meanwhile. The error wraps fs.ErrExist if something is there already, which is left as it is; after any error Open makes the file itself, or
// says what is wrong.
func (db *DB) CopyTo(ctx context.Context, path string) error {
	content, err := db.content(ctx)
	if err == nil {
		err = writeNew(path, content)
	}
	if err != nil {
		return fmt.Errorf("copy a database to %q: %w", path, err)
	}
	return nil
}

// content is a copy that Open can go on with in a file.
func (db *DB) content(ctx context.Context) (content []byte, err error) {
	if db.memory == nil {
		return nil, errors.New("it is not in memory")
	}
	if content = bytes.Clone(db.memory.begin()); content == nil {
		err = db.withConn(ctx, func(conn *sql.Conn) error {
			return conn.Raw(func(c any) error {
				content, err = c.(copier).Serialize()
				return err
			})
		})
	}
	const formats = 18 // of the header: the versions for writers and readers; 2 = with a write-ahead log, to which a file is switched otherwise
	if err == nil && len(content) > formats+1 {
		content[formats], content[formats+1] = 2, 2
	}
	return content, err
}

func writeNew(path string, content []byte) (err error) {
	if isPostgres(path) || strings.Contains(path, "://") || strings.HasPrefix(path, "file:") {
		return errors.New("only a path is understood")
	}
	if _, err := os.Lstat(path); err == nil {
		return os.ErrExist
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return withoutPath(err)
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path) // unlike a renaming, it never takes the place of another's
}
