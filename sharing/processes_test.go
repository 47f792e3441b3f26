package sharing_test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/pgtest"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

// This file checks what three processes do at once to one server and its codes, in a database that they share (SH-45). Moments come from a
// sequence in that database: who draws one after another has drawn his is later, in whatever process.

// processPlan is the environment variable that tells the test binary that it is one of several processes, and what to do.
const processPlan = "SHARING_TEST_PROCESS"

const (
	processes  = 3
	crew       = 24 // goroutines of each
	callsEach  = 8
	limitOfUse = 20
)

// plan is what a process has to know.
type plan struct {
	DSN     string
	Number  int
	Secrets map[string]string // of the codes, by name
	IDs     map[string]int64
}

// did is one call, as its process saw it.
type did struct {
	What         string // "exchange", "grant", "revoke", "delete", "forget", "create"
	Code         string // by name
	On           string // server
	Users        []string
	Base         string
	Began, Ended int64
	Outcome      string // "" = done
	N            int    // of a deletion: shares that lost something
	Change       sharing.Change
}

// outcomes are the ways in which a call may be refused here.
var outcomes = map[string]error{"not found": sharing.ErrCodeNotFound, "spent": sharing.ErrCodeSpent, "gone": sharing.ErrGone}

const (
	sharedServer = "s-shared"
	lostServer   = "s-lost" // is forgotten while it is shared
	lostUser     = "u-lost" // likewise
	toggled      = "custom:toggled"
)

func onServerID(id string) sharing.Place { return sharing.Place{ServerID: id, OwnerID: "u-owner"} }

// worker is one process at work.
type worker struct {
	plan
	store   *sqlstore.Store
	moments *sql.DB
}

func newWorker(ctx context.Context, p plan) (*worker, error) {
	store, err := sqlstore.Open(ctx, p.DSN)
	if err != nil {
		return nil, err
	}
	moments, err := sql.Open("pgx", p.DSN) // the driver comes with the store
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	moments.SetMaxOpenConns(4)
	return &worker{p, store, moments}, nil
}

func (w *worker) close() error { return errors.Join(w.store.Close(), w.moments.Close()) }

func (w *worker) moment(ctx context.Context) (n int64, err error) {
	return n, w.moments.QueryRowContext(ctx, `SELECT nextval('moments')`).Scan(&n)
}

// work has the whole crew make its calls and gives them all.
func (w *worker) work(ctx context.Context) ([]did, error) {
	var all sync.WaitGroup
	var mu sync.Mutex
	var calls []did
	var failed error
	for member := range crew {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(w.Number), uint64(member)))
			for n := range callsEach {
				d := w.draw(random, member, n)
				err := w.call(ctx, &d)
				mu.Lock()
				calls, failed = append(calls, d), errors.Join(failed, err)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return calls, failed
}

// draw says what a member of the crew does next. One in each process has something special to do when half of the others are done.
func (w *worker) draw(random *rand.Rand, member, n int) did {
	if member == 0 && n == callsEach/2 {
		return []did{
			{What: "delete", Code: "doomed"},
			{What: "delete", Code: "plain"},
			{What: "forget", On: lostServer},
		}[w.Number]
	}
	if member == 1 && n == callsEach/2 && w.Number == 2 {
		return did{What: "forget", Users: []string{lostUser}}
	}
	var users []string
	for _, i := range random.Perm(12)[:3] {
		users = append(users, fmt.Sprintf("u-%d", i))
	}
	// A scope that nobody else gives to anybody.
	base := fmt.Sprintf("custom:%d-%d-%d", w.Number, member, n)
	switch k := random.IntN(20); {
	case k < 8:
		return did{What: "exchange", Code: []string{"hot", "limited", "doomed", "plain"}[k%4], Users: users[:1]}
	case k < 11:
		return did{What: "grant", On: sharedServer, Users: users[:1], Base: base}
	case k < 13:
		return did{What: "grant", On: sharedServer, Users: users, Base: base}
	case k == 13:
		return did{What: "grant", On: sharedServer, Users: append(users, lostUser), Base: base}
	case k == 14:
		return did{What: "grant", On: sharedServer, Users: []string{lostUser}, Base: base}
	case k == 15:
		return did{What: "exchange", Code: "hot", Users: []string{lostUser}}
	case k == 16:
		return []did{
			{What: "grant", On: lostServer, Users: users, Base: base}, {What: "exchange", Code: "lost", Users: users[:1]},
			{What: "create", On: lostServer, Base: base},
		}[random.IntN(3)]
	case k == 17:
		return did{What: "grant", On: sharedServer, Users: users[:1], Base: toggled}
	}
	return did{What: "revoke", On: sharedServer, Users: users[:1], Base: toggled}
}

// call makes a call and fills in what came of it. An error is one that nobody foresaw.
func (w *worker) call(ctx context.Context, d *did) (err error) {
	if d.Began, err = w.moment(ctx); err != nil {
		return err
	}
	a := sharing.Act{Actor: sharing.Ref{Kind: sharing.KindUser, ID: fmt.Sprint("process ", w.Number)}}
	var to []sharing.Grantee
	for _, id := range d.Users {
		to = append(to, sharing.Grantee{Kind: sharing.KindUser, ID: id})
	}
	var refusal error
	switch d.What {
	case "exchange":
		p, _ := sharing.Presented(w.Secrets[d.Code]).Probe()
		_, d.Change, refusal = w.store.Exchange(ctx, start, a, p, sharing.Ref{Kind: sharing.KindUser, ID: d.Users[0]})
	case "grant":
		_, d.Change, refusal = w.store.Grant(ctx, start, a, sharing.GrantOrder{Place: onServerID(d.On), Grantees: to, Bases: []string{d.Base}})
	case "revoke":
		_, d.Change, refusal = w.store.Revoke(ctx, start, a, sharing.RevokeOrder{ServerID: d.On, Grantee: to[0], Bases: []string{d.Base}})
	case "delete":
		d.N, d.Change, refusal = w.store.DeleteCode(ctx, start, a, sharedServer, w.IDs[d.Code], d.Code == "doomed")
	case "create":
		_, d.Change, refusal = w.store.CreateCode(ctx, start, a, sharing.CodeOrder{
			Place: onServerID(d.On), Bases: []string{d.Base}, Prefix: "pref", Hash: d.Base, ExpiresAt: start.AddDate(0, 0, 1),
		})
	case "forget":
		kind, id := sharing.KindServer, d.On
		if len(d.Users) > 0 {
			kind, id = sharing.KindUser, d.Users[0]
		}
		d.Change, refusal = w.store.Forget(ctx, start, kind, id)
	}
	for name, of := range outcomes {
		if errors.Is(refusal, of) {
			d.Outcome, refusal = name, nil
		}
	}
	if refusal != nil {
		return fmt.Errorf("%s %s %v: %w", d.What, d.Code, d.Users, refusal)
	}
	d.Ended, err = w.moment(ctx)
	return err
}

// asProcess is what the test binary does as one of several: it says that it is ready, waits for a line, works, and says what it did.
func asProcess(ctx context.Context, text string) error {
	var p plan
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return err
	}
	w, err := newWorker(ctx, p)
	if err != nil {
		return err
	}
	if _, err := fmt.Println("ready"); err != nil {
		return err
	}
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	calls, err := w.work(ctx)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(calls); err != nil {
		return err
	}
	return w.close()
}

// child is another process that waits to begin.
type child struct {
	number int
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
}

func startChild(t *testing.T, p plan) child {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	text, err := json.Marshal(p)
	require.NoError(t, err)
	c := child{number: p.Number, cmd: exec.CommandContext(t.Context(), self, "-test.run=^$")}
	c.cmd.Env = append(os.Environ(), processPlan+"="+string(text))
	c.cmd.Stderr = os.Stderr
	c.in, err = c.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := c.cmd.StdoutPipe()
	require.NoError(t, err)
	c.out = bufio.NewReader(out)
	require.NoError(t, c.cmd.Start())
	line, err := c.out.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)
	return c
}

func (c child) begin(t *testing.T) {
	t.Helper()
	_, err := c.in.Write([]byte("\n"))
	require.NoError(t, err)
}

func (c child) calls(t *testing.T) (calls []did) {
	t.Helper()
	require.NoError(t, json.NewDecoder(c.out).Decode(&calls))
	require.NoError(t, c.cmd.Wait())
	return calls
}

// TestThreeProcesses is SH-45 for three processes on PostgreSQL.
func TestThreeProcesses(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	p := plan{DSN: pgtest.DSN(t), Secrets: map[string]string{}, IDs: map[string]int64{}}
	w, err := newWorker(ctx, p)
	require.NoError(t, err)
	defer func() { require.NoError(t, w.close()) }()
	_, err = w.moments.ExecContext(ctx, `CREATE SEQUENCE moments`)
	require.NoError(t, err)
	random := rand.NewChaCha8([32]byte{11})
	for _, name := range []string{"hot", "limited", "doomed", "plain", "lost"} {
		secret, err := sharing.NewSecret(random)
		require.NoError(t, err)
		hash, prefix, err := secret.Hash(random)
		require.NoError(t, err)
		o := sharing.CodeOrder{
			Place: onServerID(sharedServer), Bases: []string{"custom:" + name}, Prefix: prefix, Hash: hash, ExpiresAt: start.AddDate(0, 0, 1),
		}
		switch name {
		case "limited":
			o.MaxUses = limitOfUse
		case "lost":
			o.Place = onServerID(lostServer)
		}
		code, _, err := w.store.CreateCode(ctx, start, sharing.Act{}, o)
		require.NoError(t, err)
		p.Secrets[name], p.IDs[name] = secret.Reveal(), code.ID
	}
	var children []child
	for p.Number = 1; p.Number < processes; p.Number++ {
		children = append(children, startChild(t, p))
	}
	for _, c := range children {
		c.begin(t)
	}
	h := processHistory{t: t, store: w.store, ids: p.IDs}
	h.calls, err = w.work(ctx)
	require.NoError(t, err)
	for _, c := range children {
		h.calls = append(h.calls, c.calls(t)...)
	}
	require.Len(t, h.calls, processes*crew*callsEach)
	h.checkChanges(len(p.IDs))
	h.checkCounts()
	h.checkDeletions()
	h.checkTheLost()
	h.checkUnions()
}

// processLimit bounds how long a process may take, should its parent have died.
const processLimit = 5 * time.Minute
