package sharing_test

import (
	"bufio"
	"context"
	"encoding/json"
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

var (
	crashPlace = sharing.Place{ServerID: "s-1", OwnerID: "u-owner"}
	crashBases = [][]string{{"access:servers"}, {"access:servers", "servers"}, {"read:servers", "shares"}}
)

// Who the actor of a change is tells what was done, which a change does not have in full.
const (
	didGrant     = "granted read:servers"
	didRevoke    = "revoked access:servers"
	didRevokeAll = "revoked everything"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(crashFile); path != "" {
		if err := untilKilled(context.Background(), path); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
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
	var moment atomic.Int64
	for i := range uint64(4) {
		all.Go(func() {
			random := rand.New(rand.NewPCG(seed, i))
			for range 10_000 { // an end, should nobody kill us
				now := start.Add(time.Duration(moment.Add(1)) * time.Microsecond)
				c, err := crashStep(ctx, store, now, random)
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

func crashStep(ctx context.Context, store sharing.Store, now time.Time, random *rand.Rand) (c sharing.Change, err error) {
	user := fmt.Sprintf("u-%d", random.IntN(12))
	to := sharing.Grantee{Kind: sharing.KindUser, ID: user}
	switch n := random.IntN(20); {
	case n < 13:
		secrets := strings.Fields(os.Getenv(crashCodes))
		p, _ := sharing.Presented(secrets[random.IntN(len(secrets))]).Probe()
		_, c, err = store.Exchange(ctx, now, p, sharing.Ref{Kind: sharing.KindUser, ID: user})
	case n < 16:
		_, c, err = store.Grant(ctx, now, crashGrant(to))
	case n < 18:
		_, c, err = store.Revoke(ctx, now, crashRevoke(didRevoke, to))
	default:
		_, c, err = store.Revoke(ctx, now, crashRevoke(didRevokeAll, to))
	}
	return c, err
}

func crashGrant(to sharing.Grantee) sharing.GrantOrder {
	return sharing.GrantOrder{ActorID: didGrant, Place: crashPlace, Grantee: to, Bases: []string{"read:servers"}}
}

func crashRevoke(what string, to sharing.Grantee) sharing.RevokeOrder {
	return sharing.RevokeOrder{ActorID: what, ServerID: crashPlace.ServerID, Grantee: to, Bases: []string{"access:servers"}, All: what == didRevokeAll}
}

// crash is a file that processes die on, and what has to be in it.
type crash struct {
	path   string
	probes map[string]sharing.Probe // by public id
	env    []string
	want   *refstore.Store
	seen   int64 // changes that were checked
}

func newCrash(t *testing.T) *crash {
	t.Helper()
	c := &crash{path: filepath.Join(t.TempDir(), "sharing.db"), probes: map[string]sharing.Probe{}, want: refstore.New()}
	store, err := sqlstore.Open(t.Context(), c.path)
	require.NoError(t, err)
	random := rand.NewChaCha8([32]byte{9})
	var texts []string
	for _, bases := range crashBases {
		secret, err := sharing.NewSecret(random)
		require.NoError(t, err)
		hash, prefix, err := secret.Hash(random)
		require.NoError(t, err)
		o := sharing.CodeOrder{Place: crashPlace, Bases: bases, Prefix: prefix, Hash: hash, ExpiresAt: start.AddDate(1, 0, 0)}
		for _, s := range []sharing.Store{store, c.want} {
			code, change, err := s.CreateCode(t.Context(), start, o)
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
	}
	f, all := sharing.Filter{ServerID: crashPlace.ServerID}, sharing.Window{Limit: 1000}
	now := start.Add(time.Hour)
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
	require.Len(t, change.UserIDs, 1)
	to := sharing.Grantee{Kind: sharing.KindUser, ID: change.UserIDs[0]}
	switch {
	case change.Action == sharing.ActionExchange:
		_, same, err = c.want.Exchange(t.Context(), change.At, c.probes[change.CodeID], sharing.Ref{Kind: sharing.KindUser, ID: to.ID})
	case change.ActorID == didGrant:
		_, same, err = c.want.Grant(t.Context(), change.At, crashGrant(to))
	default:
		_, same, err = c.want.Revoke(t.Context(), change.At, crashRevoke(change.ActorID, to))
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
	t.Logf("%d changes answered, %d more found", answered, unanswered)
	assert.NotZero(t, answered)
}
