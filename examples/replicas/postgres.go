package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// postgres is a PostgreSQL of our own, for as long as this program runs: in a folder that goes with it, on a socket there and on no port.
type postgres struct {
	dir string
	cmd *exec.Cmd
}

// startPostgres needs the programs of PostgreSQL, in the PATH or where Debian puts them.
func startPostgres(ctx context.Context) (_ *postgres, dsn string, err error) {
	bin, err := postgresPrograms()
	if err != nil {
		return nil, "", err
	}
	dir, err := os.MkdirTemp("/tmp", "replicas") // the path of a socket may not be long
	if err != nil {
		return nil, "", err
	}
	p := &postgres{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if err := own(dir); err != nil {
		return nil, "", err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "--pgdata", data, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-instructions")
	initdb.Dir = dir
	unprivileged(initdb)
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, "", fmt.Errorf("make a PostgreSQL database: %w\n%s", err, out)
	}
	p.cmd = exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-c", "listen_addresses=", "-c", "unix_socket_directories="+dir)
	p.cmd.Dir = dir
	unprivileged(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return nil, "", err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		ask := exec.CommandContext(ctx, filepath.Join(bin, "pg_isready"), "--quiet", "--host", dir)
		if err := ask.Run(); err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return nil, "", fmt.Errorf("PostgreSQL does not answer: %w", context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
	return p, (&url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: url.Values{"host": {dir}}.Encode()}).String(), nil
}

func postgresPrograms() (string, error) {
	if file, err := exec.LookPath("initdb"); err == nil {
		if file, err = filepath.EvalSymlinks(file); err == nil {
			return filepath.Dir(file), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("no PostgreSQL: install it (on Debian: apt-get install postgresql), or name a database of yours with --postgres postgres://…")
	}
	slices.Sort(found)
	return filepath.Dir(found[len(found)-1]), nil
}

// close ends the server at once, and removes what it kept.
func (p *postgres) close() error {
	if p == nil {
		return nil
	}
	var errs []error
	if p.cmd != nil && p.cmd.Process != nil {
		errs = append(errs, p.cmd.Process.Signal(os.Interrupt))
		_ = p.cmd.Wait() // however it ended
	}
	return errors.Join(append(errs, os.RemoveAll(p.dir))...)
}
