package sharing_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/internal/refstore"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

var (
	crashRounds = flag.Int("crash.rounds", 50, "how often TestKilledAtRandomMoments kills a process")
	crashSeed   = flag.Uint64("crash.seed", 0, "what TestKilledAtRandomMoments draws its moments by; 0 = another each time")
)

// crashFile and crashCodes tell the test binary that it is the process to be killed.
const (
	crashFile  = "SHARING_TEST_CRASH_FILE"
	crashCodes = "SHARING_TEST_CRASH_CODES" // secrets, with spaces between
	crashDraws = "SHARING_TEST_CRASH_SEED"
)

var crashPlace = sharing.Place{ServerID: "s-1", OwnerID: "u-owner"}

// crashDoomed is how many codes there are to be deleted, with what they gave or without.
const crashDoomed = 60

// crashOrders are the codes: a few that stay, of which one can be used so often only, and those that are deleted.
func crashOrders() (all []sharing.CodeOrder) {
	for _, bases := range [][]string{{"access:servers"}, {"access:servers", "servers"}, {"read:servers", "shares"}} {
		all = append(all, sharing.CodeOrder{Bases: bases})
	}
	all[1].Terms = sharing.Terms{Lifetime: time.Minute}
	all = append(all, sharing.CodeOrder{Bases: []string{"servers"}, CodeLimits: sharing.CodeLimits{MaxUses: 30}})
	for range crashDoomed {
		all = append(all, sharing.CodeOrder{Bases: []string{"delete:servers", "shares"}})
	}
	for i := range all {
		all[i].Place, all[i].ExpiresAt = crashPlace, start.AddDate(1, 0, 0)
	}
	return all
}

// Who the actor of a change is tells what was done, which a change does not have in full.
const (
	didGrant     = "granted read:servers"
	didGrantMany = "granted users:shares to several"
	didRevoke    = "revoked access:servers"
	didRevokeAll = "revoked everything"
	didDelete    = "deleted a code"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(crashFile); path != "" {
		if err := untilKilled(context.Background(), path); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	if text := os.Getenv(processPlan); text != "" {
		ctx, cancel := context.WithTimeout(context.Background(), processLimit)
		err := asProcess(ctx, text)
		cancel()
		if err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// untilKilled takes up codes, grants and revokes, several at a time, and says on the output what was done once it was answered.
func untilKilled(ctx context.Context, path string) error {
	store, err := sqlstore.Open(ctx, path)
	if err != nil {
		return err
	}
	var seed uint64
	if _, err := fmt.Sscan(os.Getenv(crashDraws), &seed); err != nil {
		return err
	}
	var all sync.WaitGroup
	var steps atomic.Int64
	for i := range uint64(4) {
		all.Go(func() {
			random := rand.New(rand.NewPCG(seed, i))
			for range 10_000 { // an end, should nobody kill us
				step := steps.Add(1)
				now := start.Add(time.Duration(step) * time.Microsecond)
				// Those that are deleted are taken one after the other, so that some are in use at any time.
				doomed := int((seed%crashDoomed + uint64(step)/20) % crashDoomed)
				c, err := crashStep(ctx, store, now, doomed, random)
				if err != nil {
					_, _ = fmt.Fprintln(os.Stderr, err)
					return
				}
				line, err := json.Marshal(c)
				if err != nil {
					panic(err)
				}
				// One write, so that a line comes whole or not at all.
				if _, err := os.Stdout.Write(append(line, '\n')); err != nil {
					return
				}
			}
		})
	}
	all.Wait()
	return fmt.Errorf("nobody came to kill this process")
}

func crashStep(ctx context.Context, store sharing.Store, now time.Time, doomed int, random *rand.Rand) (c sharing.Change, err error) {
	user := func() string { return fmt.Sprintf("u-%d", random.IntN(12)) }
	secrets := strings.Fields(os.Getenv(crashCodes))
	exchange := func(secret string) (c sharing.Change, err error) {
		p, _ := sharing.Presented(secret).Probe()
		id := user()
		_, c, err = store.Exchange(ctx, now, crashAct(id), p, sharing.Ref{Kind: sharing.KindUser, ID: id})
		if errors.Is(err, sharing.ErrCodeNotFound) || errors.Is(err, sharing.ErrCodeSpent) {
			err = nil
		}
		return c, err
	}
	stay := len(secrets) - crashDoomed
	doomed += stay
	switch n := random.IntN(24); {
	case n < 10:
		return exchange(secrets[random.IntN(stay)])
	case n < 14:
		return exchange(secrets[doomed])
	case n == 14:
		_, c, err = store.DeleteCode(ctx, now, crashAct(didDelete), crashPlace.ServerID, int64(doomed)+1, random.IntN(3) > 0)
		if errors.Is(err, sharing.ErrCodeNotFound) {
			err = nil
		}
	case n < 18:
		_, c, err = store.Grant(ctx, now, crashAct(didGrant), crashGrant("read:servers", user()))
	case n < 20:
		a := crashAct(didGrantMany)
		for _, i := range random.Perm(12)[:5] {
			a.Grantees = append(a.Grantees, fmt.Sprintf("u-%d", i)) // which the change has again
		}
		_, c, err = store.Grant(ctx, now, a, crashGrantMany(a.Grantees))
	case n < 22:
		_, c, err = store.Revoke(ctx, now, crashAct(didRevoke), crashRevoke(didRevoke, user()))
	default:
		_, c, err = store.Revoke(ctx, now, crashAct(didRevokeAll), crashRevoke(didRevokeAll, user()))
	}
	return c, err
}

func crashAct(id string) sharing.Act {
	return sharing.Act{Actor: sharing.Ref{Kind: sharing.KindUser, ID: id}}
}

func crashGrant(base string, users ...string) sharing.GrantOrder {
	o := sharing.GrantOrder{Place: crashPlace, Bases: []string{base}}
	for _, id := range users {
		o.Grantees = append(o.Grantees, sharing.Grantee{Kind: sharing.KindUser, ID: id})
	}
	return o
}

// crashGrantMany ends with a session, and so is no part of the other grants.
func crashGrantMany(users []string) sharing.GrantOrder {
	o := crashGrant("users:shares", users...)
	o.Session = true
	return o
}

func crashRevoke(what, user string) sharing.RevokeOrder {
	return sharing.RevokeOrder{
		ServerID: crashPlace.ServerID, Grantee: sharing.Grantee{Kind: sharing.KindUser, ID: user}, Bases: []string{"access:servers"}, All: what == didRevokeAll,
	}
}

// crash is a file that processes die on, and what has to be in it.
type crash struct {
	path   string
	probes map[string]sharing.Probe // by public id
	env    []string
	want   *refstore.Store
	seen   int64          // changes that were checked
	found  map[string]int // changes by what they did
}

func newCrash(t *testing.T) *crash {
	t.Helper()
	c := &crash{path: filepath.Join(t.TempDir(), "sharing.db"), probes: map[string]sharing.Probe{}, want: refstore.New(), found: map[string]int{}}
	store, err := sqlstore.Open(t.Context(), c.path)
	require.NoError(t, err)
	random := rand.NewChaCha8([32]byte{9})
	var texts []string
	for _, o := range crashOrders() {
		secret, err := sharing.NewSecret(random)
		require.NoError(t, err)
		hash, prefix, err := secret.Hash(random)
		require.NoError(t, err)
		o.Prefix, o.Hash = prefix, hash
		for _, s := range []sharing.Store{store, c.want} {
			code, change, err := s.CreateCode(t.Context(), start, crashAct("u-owner"), o)
			require.NoError(t, err)
			c.probes[sharing.CodeID(code.ID)], _ = secret.Probe()
			c.seen = change.Seq
		}
		texts = append(texts, secret.Reveal())
	}
	require.NoError(t, store.Close())
	c.env = append(os.Environ(), crashFile+"="+c.path, crashCodes+"="+strings.Join(texts, " "))
	return c
}

// die runs a process and kills it after a number of answers and then some; it gives the changes that were answered.
func (c *crash) die(t *testing.T, random *rand.Rand) (answered []sharing.Change) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	child := exec.CommandContext(t.Context(), self, "-test.run=^$")
	child.Env = append(c.env, fmt.Sprintf("%s=%d", crashDraws, random.Uint64()))
	var complaints strings.Builder
	child.Stderr = &complaints
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	lines := bufio.NewReader(out)
	for n, last := 0, random.IntN(40); ; n++ {
		if n == last {
			spin(random.IntN(2_000_000))
			require.NoError(t, child.Process.Kill())
		}
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			break // what was on its way was answered as well
		}
		require.NoError(t, err)
		var change sharing.Change
		require.NoError(t, json.Unmarshal(line, &change))
		if change.Seq != 0 {
			answered = append(answered, change)
		}
	}
	var exit *exec.ExitError
	require.ErrorAs(t, child.Wait(), &exit)
	require.False(t, exit.Exited(), "it ended by itself: %s", complaints.String())
	return answered
}

// spin passes a moment that no clock decides.
func spin(n int) {
	var x atomic.Int64
	for range n {
		x.Add(1)
	}
}

// check opens the file and compares it with what its changes say was done: if a share, a grant or a count were missing or too many, they would not agree.
func (c *crash) check(t *testing.T, answered []sharing.Change) (changes int) {
	t.Helper()
	ctx := t.Context()
	store, err := sqlstore.Open(ctx, c.path)
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	done, err := store.Changes(ctx, c.seen, 1_000_000)
	require.NoError(t, err)
	bySeq := map[int64]sharing.Change{}
	for _, change := range done {
		bySeq[change.Seq] = change
	}
	for _, a := range answered {
		require.Equal(t, changeLine(a), changeLine(bySeq[a.Seq]), "this was answered")
	}
	for _, change := range done {
		require.Equal(t, changeLine(change), changeLine(c.again(t, change)))
		c.seen = change.Seq
		c.found[fmt.Sprint(change.Action, map[bool]string{true: " with what it gave"}[change.Record.Cascade])]++
	}
	f, all := sharing.Filter{ServerID: crashPlace.ServerID}, sharing.Window{Limit: 1000}
	now := start.Add(time.Second)
	wantShares, err := c.want.Shares(ctx, now, f, all)
	require.NoError(t, err)
	shares, err := store.Shares(ctx, now, f, all)
	require.NoError(t, err)
	require.Equal(t, wantShares, shares)
	wantCodes, err := c.want.Codes(ctx, now, f, all)
	require.NoError(t, err)
	codes, err := store.Codes(ctx, now, f, all)
	require.NoError(t, err)
	require.Equal(t, wantCodes, codes)
	return len(done)
}

// again does on the reference store what a change says.
func (c *crash) again(t *testing.T, change sharing.Change) (same sharing.Change) {
	t.Helper()
	var err error
	require.NotEmpty(t, change.UserIDs)
	user, a := change.UserIDs[0], crashAct(change.ActorID)
	switch {
	case change.Action == sharing.ActionExchange:
		_, same, err = c.want.Exchange(t.Context(), change.At, crashAct(user), c.probes[change.CodeID], sharing.Ref{Kind: sharing.KindUser, ID: user})
	case change.ActorID == didGrant:
		_, same, err = c.want.Grant(t.Context(), change.At, a, crashGrant("read:servers", user))
	case change.ActorID == didGrantMany:
		a.Grantees = change.Record.Grantees
		_, same, err = c.want.Grant(t.Context(), change.At, a, crashGrantMany(a.Grantees))
	case change.ActorID == didDelete:
		id, ok := sharing.ParseCodeID(change.CodeID)
		require.True(t, ok)
		_, same, err = c.want.DeleteCode(t.Context(), change.At, a, crashPlace.ServerID, id, change.Record.Cascade)
	default:
		_, same, err = c.want.Revoke(t.Context(), change.At, a, crashRevoke(change.ActorID, user))
	}
	require.NoError(t, err)
	return same
}

// TestKilledAtRandomMoments is SH-45 for a process that dies: what was answered is there, and nothing is there by half. The kernel lives on, so
// this says nothing about a loss of power; that rests on the sync of each commit.
func TestKilledAtRandomMoments(t *testing.T) {
	t.Parallel()
	seed := *crashSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-crash.seed=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	c := newCrash(t)
	answered, unanswered := 0, 0
	for range *crashRounds {
		acknowledged := c.die(t, random)
		found := c.check(t, acknowledged)
		answered += len(acknowledged)
		unanswered += found - len(acknowledged)
	}
	t.Logf("%d changes answered, %d more found: %v", answered, unanswered, c.found)
	assert.NotZero(t, answered)
}
