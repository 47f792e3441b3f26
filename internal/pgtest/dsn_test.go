package pgtest_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/pgtest"
)

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, conn.Close(context.Background())) })
	return conn
}

func TestEachTestHasADatabaseOfItsOwn(t *testing.T) {
	t.Parallel()
	a, b := connect(t, pgtest.DSN(t)), connect(t, pgtest.DSN(t))
	_, err := a.Exec(t.Context(), `CREATE TABLE mine (x INTEGER)`)
	require.NoError(t, err)
	_, err = b.Exec(t.Context(), `SELECT x FROM mine`)
	require.ErrorContains(t, err, "does not exist")
}

func TestADatabaseIsClearedAfterItsTestEvenWhileInUse(t *testing.T) {
	t.Parallel()
	var forgotten *pgx.Conn
	t.Run("the test", func(t *testing.T) {
		var err error
		forgotten, err = pgx.Connect(t.Context(), pgtest.DSN(t))
		require.NoError(t, err)
		_, err = forgotten.Exec(t.Context(), `CREATE TABLE mine (x INTEGER); BEGIN; LOCK TABLE mine`)
		require.NoError(t, err)
	})
	require.Error(t, forgotten.Ping(t.Context()))
	for range 4 { // one of them may be the same database
		_, err := connect(t, pgtest.DSN(t)).Exec(t.Context(), `CREATE TABLE mine (x INTEGER)`)
		require.NoError(t, err)
	}
}

func TestFirstCommitsCanBeMadeToFail(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	conn := connect(t, dsn)
	_, err := conn.Exec(t.Context(), `CREATE TABLE mine (x INTEGER)`)
	require.NoError(t, err)
	pgtest.FailFirst(t, dsn)
	for range 3 {
		_, err = conn.Exec(t.Context(), `INSERT INTO mine VALUES (1), (2)`)
		require.ErrorContains(t, err, "40001")
		_, err = conn.Exec(t.Context(), `INSERT INTO mine VALUES (1), (2)`)
		require.NoError(t, err)
	}
	var n int
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT count(*) FROM mine`).Scan(&n))
	assert.Equal(t, 6, n)
}

// keptEnv makes this test binary the victim of the test below.
const keptEnv = "PGTEST_SAY_DSN"

// A binary that is killed has no chance to clean up; its server must notice by itself.
func TestTheServerEndsWithItsBinaryEvenWhenThatIsKilled(t *testing.T) {
	if os.Getenv(keptEnv) != "" {
		_, _ = os.Stdout.WriteString(pgtest.DSN(t) + "\n")
		_, _ = os.Stdin.Read(make([]byte, 1)) // until killed
		return
	}
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	self, err := os.Executable()
	require.NoError(t, err)
	victim := exec.CommandContext(ctx, self, "-test.run=^TestTheServerEndsWithItsBinaryEvenWhenThatIsKilled$")
	victim.Env = append(os.Environ(), keptEnv+"=1", pgtest.ServerEnv+"=")
	_, err = victim.StdinPipe()
	require.NoError(t, err)
	out, err := victim.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, victim.Start())
	text := make([]byte, 4096)
	n, err := out.Read(text)
	require.NoError(t, err)
	config, err := pgx.ParseConfig(strings.TrimSpace(string(text[:n])))
	require.NoError(t, err, "%s", text[:n])
	assert.FileExists(t, filepath.Join(config.Host, "data", "PG_VERSION"))
	info, err := os.Stat(config.Host)
	require.NoError(t, err)
	assert.Zero(t, info.Mode().Perm()&0o077, "trusted are all who can get in")

	require.NoError(t, victim.Process.Kill())
	require.Error(t, victim.Wait())
	assert.Eventually(t, func() bool {
		_, err := os.Stat(config.Host)
		return errors.Is(err, fs.ErrNotExist)
	}, time.Minute, 10*time.Millisecond)
}
