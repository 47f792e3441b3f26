package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// connections is how many a DB has open at most for writing, and as many for reading; a replica's listener is one more.
	connections = 8
	// idle is how long an unused connection stays open.
	idle = 5 * time.Minute
	// stuck is after how long the server ends a transaction that says nothing, in milliseconds: a replica that hangs or is cut off must not
	// hold a lock that all others wait for.
	stuck = 30_000
)

// keywords are those that the other way to write an address, "host=db dbname=hub", can begin with.
var keywords = []string{"host", "hostaddr", "port", "dbname", "database", "user", "password", "passfile", "service", "servicefile", "sslmode", "connect_timeout", "application_name"}

// isPostgres tells the address of a server from the path of a file.
func isPostgres(dsn string) bool {
	scheme, _, ok := strings.Cut(dsn, "://")
	if ok && (strings.EqualFold(scheme, "postgres") || strings.EqualFold(scheme, "postgresql")) {
		return true
	}
	first, _, ok := strings.Cut(strings.TrimSpace(dsn), "=")
	return ok && slices.Contains(keywords, strings.TrimSpace(first))
}

func openPostgres(ctx context.Context, dsn string) (*DB, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		// What the parser says may quote the address, password and all.
		return nil, errors.New("open PostgreSQL database: the address is not understood, write postgres://user@host:5432/name")
	}
	for name, value := range map[string]string{"application_name": "hubshare", "idle_in_transaction_session_timeout": strconv.Itoa(stuck)} {
		if _, chosen := config.RuntimeParams[name]; !chosen {
			config.RuntimeParams[name] = value
		}
	}
	var sent atomic.Uint64
	db := &DB{dialect: PostgreSQL, writer: newServerPool(config, &sent), reader: newServerPool(config, &sent), server: config, sent: &sent}
	if err := db.writer.PingContext(ctx); err != nil {
		_ = db.Close() // the first error is the one that says what is wrong
		return nil, unreachable(config, err)
	}
	return db, nil
}

func newServerPool(config *pgx.ConnConfig, sent *atomic.Uint64) *sql.DB {
	pool := sql.OpenDB(newServerConnector(config, sent))
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	pool.SetConnMaxIdleTime(idle)
	return pool
}

// unreachableError is one line about a server, without the address's password. It wraps what was found.
type unreachableError struct {
	text string
	err  error
}

func (e *unreachableError) Error() string { return e.text }
func (e *unreachableError) Unwrap() error { return e.err }

func unreachable(config *pgx.ConnConfig, err error) error {
	server := net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port)))
	text := fmt.Sprintf("open PostgreSQL database %q at %s as %q", config.Database, server, config.User)
	why := strings.Join(strings.Fields(err.Error()), " ")
	if config.Password == "" || !strings.Contains(why, config.Password) {
		text += ": " + why
	}
	return &unreachableError{text, err}
}
