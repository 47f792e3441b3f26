package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// keeper runs the server for as long as its input stays open. The test binary holds the other end, so it closes whenever and however
// that ends; then the server goes, and the folder with it. $1 = folder of the programs, $2 = folder of the server.
const keeper = `
"$1/postgres" -D "$2/data" -c listen_addresses= -c unix_socket_directories="$2" -c max_connections=300 \
	-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c autovacuum=off >>"$2/log" 2>&1 &
server=$!
cat >/dev/null
kill -QUIT "$server"
wait "$server"
rm -rf "$2"
`

// start makes a server and waits until it answers.
func start() (_ *running, err error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	who, err := account()
	if err != nil {
		return nil, err
	}
	// Not the system's own folder for such things: the path of a socket may have about 100 bytes, and whoever runs the server must get there.
	dir, err := os.MkdirTemp("/tmp", "hubpg")
	if err != nil {
		return nil, fmt.Errorf("make a folder for PostgreSQL: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir) // the server's end does it too, unless it never began
		}
	}()
	if err := who.own(dir); err != nil {
		return nil, fmt.Errorf("make a folder for PostgreSQL: %w", err)
	}
	if err := create(bin, dir, who); err != nil {
		return nil, err
	}
	input, err := keep(bin, dir, who)
	if err != nil {
		return nil, err
	}
	address := (&url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: url.Values{"host": {dir}}.Encode()}).String()
	if err := answers(address); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log")) // best effort: the error stands without it
		return nil, errors.Join(fmt.Errorf("PostgreSQL does not answer: %w\n%s", err, log), input.Close())
	}
	return &running{address: address, lifeline: input}, nil
}

// create makes the files of a server. Its text sorts by a language's rules, as on many real servers: what counts on the order of bytes must say so.
func create(bin, dir string, who identity) error {
	args := []string{"--pgdata", filepath.Join(dir, "data"), "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", "--no-instructions"}
	if major(bin) >= 15 {
		args = append(args, "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en")
	}
	cmd := exec.Command(filepath.Join(bin, "initdb"), args...)
	cmd.Dir = dir
	who.run(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("make a PostgreSQL server: %w\n%s", err, out)
	}
	return nil
}

// keep starts the keeper and gives the end of its input whose closing ends it. Nobody waits for the process: it outlives this one by a moment.
func keep(bin, dir string, who identity) (*os.File, error) {
	theirs, ours, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	cmd := exec.Command("/bin/sh", "-c", keeper, "pgtest", bin, dir)
	cmd.Dir = dir
	// Its own outputs are nowhere: with an end of the test's in its hands, go test would wait for it.
	cmd.Stdin = theirs
	who.run(cmd)
	apart(cmd)
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start PostgreSQL: %w", err), theirs.Close(), ours.Close())
	}
	return ours, theirs.Close()
}

// answers waits for a server that is starting.
func answers(address string) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, address)
		if err == nil {
			return conn.Close(ctx)
		}
		again := time.NewTimer(20 * time.Millisecond)
		select {
		case <-ctx.Done():
			again.Stop()
			return err
		case <-again.C:
		}
	}
}

// major is the version in …/postgresql/15/bin; 0 = unknown.
func major(bin string) (n int) {
	_, _ = fmt.Sscan(strings.TrimSpace(filepath.Base(filepath.Dir(bin))), &n) // 0 is the answer for anything else
	return n
}
