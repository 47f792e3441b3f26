package oauth_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/internal/testhost"
	"github.com/hubshare/hubshare/oauth/sqlstore"
	"github.com/hubshare/hubshare/scopes"
)

var (
	crashRounds = flag.Int("crash.rounds", 25, "how often TestKilledBetweenCodeAndToken kills a process")
	crashSeed   = flag.Uint64("crash.seed", 0, "what TestKilledBetweenCodeAndToken draws its moments by; 0 = another each time")
)

// crashDB tells the test binary that it is the process to be killed, and names its database.
const crashDB = "OAUTH_TEST_CRASH_DB"

func TestMain(m *testing.M) {
	if dsn := os.Getenv(crashDB); dsn != "" {
		if err := untilKilled(context.Background(), dsn); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// crashHub is a provider on a database that outlives it, with alice and her server.
func crashHub(ctx context.Context, dsn string) (*oauth.Provider, oauth.OwnerRef, *sqlstore.Store, error) {
	store, err := sqlstore.Open(ctx, dsn)
	if err != nil {
		return nil, oauth.OwnerRef{}, nil, err
	}
	host := testhost.New(scopes.New(scopes.P55))
	alice := host.User("alice", "self")
	p, err := oauth.New(oauth.Config{Store: store, Host: host, Registry: host.Registry})
	return p, alice, store, err
}

// untilKilled logs in again and again, several at a time, and says each code and each token on the output once it was answered.
func untilKilled(ctx context.Context, dsn string) error {
	p, alice, _, err := crashHub(ctx, dsn)
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 10_000 { // an end, should nobody kill us
				d, err := p.Authorize(ctx, oauth.AuthorizeRequest{User: alice, SessionID: "s", Query: query()})
				if err != nil {
					_, _ = fmt.Fprintln(os.Stderr, err)
					return
				}
				back, err := url.Parse(d.Redirect)
				if err != nil {
					panic(err)
				}
				code := back.Query().Get("code")
				// One write each, so that a line comes whole or not at all.
				_, _ = os.Stdout.WriteString("code " + code + "\n")
				g, err := p.Exchange(ctx, form(code))
				if err != nil {
					_, _ = fmt.Fprintln(os.Stderr, err)
					return
				}
				_, _ = os.Stdout.WriteString("token " + code + " " + g.AccessToken.Reveal() + "\n")
			}
		})
	}
	all.Wait()
	return errors.New("nobody came to kill this process")
}

// die runs a process and kills it after a number of answers and then some; it gives the lines that it said.
func die(t *testing.T, dsn string, random *rand.Rand) (lines []string) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	child := exec.CommandContext(t.Context(), self, "-test.run=^$")
	child.Env = append(os.Environ(), crashDB+"="+dsn)
	var complaints strings.Builder
	child.Stderr = &complaints
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	read := bufio.NewReader(out)
	for n, last := 0, random.IntN(40); ; n++ {
		if n == last {
			spin(random.IntN(2_000_000))
			require.NoError(t, child.Process.Kill())
		}
		line, err := read.ReadString('\n')
		if err == io.EOF {
			break // what was on its way was said as well
		}
		require.NoError(t, err)
		lines = append(lines, strings.TrimSpace(line))
	}
	var exit *exec.ExitError
	require.ErrorAs(t, child.Wait(), &exit)
	require.False(t, exit.Exited(), "it ended by itself: %s", complaints.String())
	return lines
}

// spin passes a moment that no clock decides.
func spin(n int) {
	var x atomic.Int64
	for range n {
		x.Add(1)
	}
}

// TestKilledBetweenCodeAndToken: whatever the moment, there is no spent code without its token, and no token whose code is not spent (OA-150).
// What was answered is there: each token works, and each code that was not exchanged still can be. The kernel lives on, and the database server
// where there is one, so this says nothing about a loss of power; that rests on the sync of each commit.
func TestKilledBetweenCodeAndToken(t *testing.T) { // OA-150, OA-205
	t.Parallel()
	for name, dsn := range everywhere(t) {
		if dsn == "" {
			continue // it would die along
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seed := *crashSeed
			if seed == 0 {
				seed = uint64(time.Now().UnixNano())
			}
			t.Logf("-crash.seed=%d", seed)
			random := rand.New(rand.NewPCG(seed, 0))
			p, _, store, err := crashHub(t.Context(), dsn)
			require.NoError(t, err)
			require.NoError(t, p.PutClient(t.Context(), server()))
			require.NoError(t, store.Close())
			tokens, open := 0, 0
			for range *crashRounds {
				lines := die(t, dsn, random)
				nothingByHalf(t, dsn)
				n, m := answersHold(t, dsn, lines)
				tokens, open = tokens+n, open+m
			}
			t.Logf("%d tokens were answered, %d codes were left open", tokens, open)
			assert.NotZero(t, tokens)
		})
	}
}

func nothingByHalf(t *testing.T, dsn string) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	require.NoError(t, db.Read(t.Context(), func(tx *sql.Tx) error {
		for what, query := range map[string]string{
			"codes that are spent by half": `SELECT count(*) FROM oauth_codes WHERE (used_at IS NULL) <> (token_id IS NULL)`,
			"spent codes without a token":  `SELECT count(*) FROM oauth_codes c WHERE used_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM oauth_tokens t WHERE t.id = c.token_id)`,
			"tokens without a spent code":  `SELECT count(*) FROM oauth_tokens t WHERE NOT EXISTS (SELECT 1 FROM oauth_codes c WHERE c.token_id = t.id)`,
			"tokens beyond their changes":  `SELECT (SELECT count(*) FROM oauth_tokens) - (SELECT count(*) FROM changelog WHERE action = 'token.issued')`,
		} {
			var n int
			if err := tx.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
				return err
			}
			assert.Zero(t, n, what)
		}
		return nil
	}))
}

func answersHold(t *testing.T, dsn string, lines []string) (tokens, open int) {
	t.Helper()
	p, _, store, err := crashHub(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	exchanged := map[string]string{}
	for _, line := range lines {
		if f := strings.Fields(line); f[0] == "token" {
			exchanged[f[1]] = f[2]
			_, err := p.Authenticate(t.Context(), f[2])
			require.NoError(t, err)
		}
	}
	for _, line := range lines {
		f := strings.Fields(line)
		if f[0] != "code" || exchanged[f[1]] != "" {
			continue
		}
		// The client died with it, so it asks again: the code is either still good, or it was spent for a token that nobody got, which goes.
		if _, err := p.Exchange(t.Context(), form(f[1])); err != nil {
			refused(t, err, oauth.InvalidGrant, "")
		}
		open++
	}
	// All that this check has made or revoked would be in the way of the next.
	require.NoError(t, p.RemoveClient(t.Context(), serverID))
	require.NoError(t, p.PutClient(t.Context(), server()))
	wipe(t, dsn)
	return len(exchanged), open
}

func wipe(t *testing.T, dsn string) {
	t.Helper()
	db, err := sqldb.Open(t.Context(), dsn)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	require.NoError(t, db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `DELETE FROM changelog`)
		return err
	}))
}
