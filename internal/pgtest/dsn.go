package pgtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// ServerEnv is the environment variable that names a server to use instead of a private one.
const ServerEnv = "HUBSHARE_TEST_POSTGRES"

// limit bounds each thing asked of a server, so that a test fails instead of hanging.
const limit = time.Minute

// server gives the one server that all tests of this binary use. It is the binary's own, as its environment is, so it is made once a
// process; the process's end is its end.
var server = sync.OnceValues(func() (*running, error) {
	if address := os.Getenv(ServerEnv); address != "" {
		return &running{address: address}, nil
	}
	return start()
})

// running is a server that answers.
type running struct {
	address  string
	lifeline *os.File // of a private one; held, or the garbage collector would close it and so end the server

	mu    sync.Mutex
	empty []string // databases of a private server that no test uses
}

// DSN gives the address of an empty database that no other test uses, until after the test and whatever cleanups it registers later.
// Then everything in it goes, and who is still connected is thrown out. Without a server the test fails. It may be called from parallel
// tests, not from goroutines of one.
func DSN(t testing.TB) string {
	t.Helper()
	s, err := server()
	if err != nil {
		t.Fatalf("no PostgreSQL for this test: %v", err)
	}
	name, err := s.take()
	if err != nil {
		t.Fatalf("make a database for this test: %v", err)
	}
	t.Cleanup(func() {
		if err := s.giveBack(name); err != nil {
			t.Errorf("clear the database of this test: %v", err)
		}
	})
	dsn, err := onDatabase(s.address, name)
	if err != nil {
		t.Fatalf("%s: %v", ServerEnv, err)
	}
	return dsn
}

func (s *running) take() (name string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := len(s.empty) - 1; last >= 0 {
		name, s.empty = s.empty[last], s.empty[:last]
		return name, nil
	}
	name = "hubshare_test_" + random()
	return name, command(s.address, "CREATE DATABASE "+name)
}

// giveBack removes a database of a server that goes on. One of a private server is emptied for the next test, which takes a tenth of the
// time.
func (s *running) giveBack(name string) error {
	if s.lifeline == nil {
		return command(s.address, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	}
	dsn, err := onDatabase(s.address, name)
	if err != nil {
		return err
	}
	err = command(dsn, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
		DROP SCHEMA public CASCADE; CREATE SCHEMA public`)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.empty = append(s.empty, name)
	return nil
}

func random() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// command runs one statement on a connection of its own: databases are made and removed outside of transactions.
func command(address, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	_ = conn.Close(ctx) // the statement's own outcome is what counts
	return err
}

// onDatabase is an address in either of the two ways to write one, with another database in it.
func onDatabase(address, name string) (string, error) {
	if !strings.Contains(address, "://") {
		return address + " dbname=" + name, nil // of a setting given twice the last counts
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("not an address") // the parser's own words would show a password
	}
	u.Path = "/" + name
	return u.String(), nil
}
