// Command replicas is a hub in three processes on one PostgreSQL, behind one address: package sharing and package oauth where one process is not
// enough. An invitation is made on one replica, accepted on the next and revoked on the third, and access ends on all of them.
//
//	go run ./examples/replicas               # it says what to do
//	go run ./examples/replicas --walk        # does it, says how long the others took to hear of it, and ends
//
// It starts a PostgreSQL of its own, unless --postgres names a database. What makes processes replicas is in hub.go: the same keys, the same
// database, and following its changes.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"
)

type options struct {
	addr, postgres string
	replicas       int
	walk           bool
}

func parse(args []string) (o options, err error) {
	f := flag.NewFlagSet("replicas", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.addr, "addr", "127.0.0.1:8000", "")
	f.StringVar(&o.postgres, "postgres", "", "")
	f.IntVar(&o.replicas, "replicas", 3, "")
	f.BoolVar(&o.walk, "walk", false, "")
	if err := f.Parse(args); err != nil || f.NArg() > 0 || o.replicas < 1 || o.replicas > 20 {
		return o, errors.New("usage: replicas [--addr HOST:PORT] [--postgres postgres://…] [--replicas 1…20] [--walk]; " +
			"without a database a PostgreSQL of its own is started, and forgotten at the end")
	}
	return o, nil
}

// run is the whole, until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	o, err := parse(args)
	if err != nil {
		return err
	}
	s := settings{Database: o.postgres, Key: []byte(rand.Text() + rand.Text()), People: map[string]string{}, Servers: map[string]string{}}
	for _, name := range []string{"alice", "bob"} {
		s.People[name], s.Servers[name] = rand.Text(), rand.Text()
	}
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", o.addr)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	if s.Database == "" {
		database, dsn, err := startPostgres(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = database.close() }() // what is left is a folder below the one for such things
		s.Database = dsn
	}
	var replicas []*process
	defer func() {
		for _, p := range replicas {
			err = errors.Join(err, p.end())
		}
	}()
	at := make([]*url.URL, o.replicas)
	for i := range at {
		p, err := startReplica(ctx, s, stderr)
		if err != nil {
			return fmt.Errorf("replica %d: %w", i+1, err)
		}
		replicas = append(replicas, p)
		at[i] = p.at
	}
	origin := "http://" + l.Addr().String()
	handler, err := front(s, origin, at)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	defer func() {
		_ = server.Close()
		if e := <-served; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
	}()
	if o.walk {
		return walk(ctx, s, origin, at, stdout)
	}
	_, _ = fmt.Fprintf(stdout, "%d replicas serve %s\n1. Open %s/hub/shares, log in as alice with password %s, and make a link.\n"+
		"2. Open it in a private window, log in as bob with password %s, accept, and authorize.\n"+
		"3. End the access as alice, and load bob's page again. Every request goes to the next replica. Ctrl-C stops them.\n",
		o.replicas, origin, origin, s.People["alice"], s.People["bob"])
	<-ctx.Done()
	return nil
}

// asReplica is the variable that makes this program one of the replicas. What they are told comes by standard input, where nobody else reads it,
// and its end is theirs.
const asReplica = "HUBSHARE_REPLICA"

// replica runs one, says where it listens, and ends with its input, or when it is interrupted.
func replica(ctx context.Context, stdin io.Reader, stdout, stderr io.Writer) (err error) {
	var s settings
	input := json.NewDecoder(stdin)
	if err := input.Decode(&s); err != nil {
		return fmt.Errorf("read the settings: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_ = input.Decode(&struct{}{}) // nothing comes
		cancel()
	}()
	h, err := newHub(ctx, s, slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.MaxBytesHandler(h, 1<<20), ReadHeaderTimeout: time.Minute}
	served, followed := make(chan error, 1), make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	go func() { followed <- h.follow(ctx) }()
	_, _ = fmt.Fprintln(stdout, l.Addr())
	<-ctx.Done()
	_ = server.Close()
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	if err := <-followed; err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return h.provider.Flush(context.WithoutCancel(ctx))
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if os.Getenv(asReplica) != "" {
		err = replica(ctx, os.Stdin, os.Stdout, os.Stderr)
	} else {
		err = run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	}
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "replicas:", err)
		stop()
		os.Exit(1)
	}
}
