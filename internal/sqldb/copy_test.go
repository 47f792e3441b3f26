package sqldb_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/sqldb"
)

func TestACopyInAFileIsTheSameDatabase(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(db *sqldb.DB) []string{
		"that nobody has used": func(*sqldb.DB) []string { return nil },
		"that holds something": func(db *sqldb.DB) []string {
			require.NoError(t, exec(db, `INSERT INTO notes (text) VALUES ('x')`))
			return []string{"x"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 2 { // the second finds the images of the first
				memory := open(t, "")
				require.NoError(t, memory.Migrate(ctx, "notes", twoSteps(memory)))
				want := use(memory)
				dir := t.TempDir()
				path := filepath.Join(dir, "a b?c%41#d.db")
				require.NoError(t, memory.CopyTo(ctx, path))
				info, err := os.Stat(path)
				require.NoError(t, err)
				assert.Equal(t, fs.FileMode(0o600), info.Mode().Perm())

				file := open(t, path)
				require.NoError(t, file.Migrate(ctx, "notes", twoSteps(file)))
				assert.Equal(t, want, texts(t, file))
				assert.Equal(t, map[string]int{"notes": 2}, versions(t, file))
				require.NoError(t, exec(file, `INSERT INTO notes (text) VALUES ('more')`))
				require.NoError(t, exec(memory, `INSERT INTO notes (text) VALUES ('other')`))
				assert.Equal(t, append(want, "more"), texts(t, file))
				assert.FileExists(t, path+"-wal")
				require.NoError(t, file.Close())
				left, err := os.ReadDir(dir)
				require.NoError(t, err)
				assert.Len(t, left, 1)
			}
		})
	}
}

func TestACopyTakesNothingsPlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	memory := open(t, "")
	require.NoError(t, memory.Migrate(ctx, "notes", notes(memory)))
	there, gone := filepath.Join(dir, "there"), filepath.Join(dir, "gone")
	require.NoError(t, os.WriteFile(there, []byte("mine"), 0o600))
	require.NoError(t, os.Symlink(filepath.Join(dir, "nowhere"), gone))
	for _, path := range []string{there, gone, dir} {
		require.ErrorIs(t, memory.CopyTo(ctx, path), fs.ErrExist, path)
	}
	for _, path := range []string{filepath.Join(dir, "none", "hub.db"), "postgres://u:p@h/d", "file:x", "mysql://x"} {
		require.Error(t, memory.CopyTo(ctx, path), path)
	}
	mine, err := os.ReadFile(there)
	require.NoError(t, err)
	assert.Equal(t, "mine", string(mine))
	file := open(t, filepath.Join(dir, "hub.db"))
	require.Error(t, file.CopyTo(ctx, filepath.Join(dir, "copy.db")), "of what is on a disk already")

	var won atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if memory.CopyTo(ctx, filepath.Join(dir, "new.db")) == nil {
				won.Add(1)
			}
		})
	}
	all.Wait()
	assert.Equal(t, int32(1), won.Load(), "of several at once one makes the file")
}
