package sqlstore_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/internal/sqltest"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

var benchMillion = flag.Bool("bench.million", false, "benchmarks also look into a store of 1,000,000 codes, which takes a while to fill")

// oneServer is a hub with one server, and with every user that somebody names.
type oneServer struct{}

var benchServer = sharing.Server{ID: lab.ServerID, Owner: sharing.Ref{Kind: sharing.KindUser, ID: lab.OwnerID, Name: "alice"}, Name: "lab"}

func (oneServer) Member(string, string) bool { return false }

func (oneServer) FindServer(context.Context, string, string) (sharing.Server, error) {
	return benchServer, nil
}

func (oneServer) Find(_ context.Context, kind, name string) (sharing.Ref, error) {
	return sharing.Ref{Kind: kind, ID: name, Name: name}, nil
}

func (oneServer) Servers(context.Context, []string) (map[string]sharing.Server, error) {
	return map[string]sharing.Server{benchServer.ID: benchServer}, nil
}

func (oneServer) Refs(context.Context, []string) (map[string]sharing.Ref, error) { return nil, nil }

func (oneServer) GroupsOf(context.Context, string) ([]string, error) { return nil, nil }

// openForBench opens a store, and makes it wait for no disk unless told to.
func openForBench(b *testing.B, path string, wait bool) (*sqlstore.Store, *sqldb.DB) {
	b.Helper()
	db, err := sqldb.Open(b.Context(), path)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, db.Close()) })
	store, err := sqlstore.New(b.Context(), db)
	require.NoError(b, err)
	if !wait {
		sqltest.Unsync(b, db)
	}
	return store, db
}

// accepting gives what one visitor does who takes up a code of this store, each time another one.
func accepting(b *testing.B, store *sqlstore.Store) func() error {
	b.Helper()
	s := &sharing.Service{Store: store, Directory: oneServer{}, Registry: scopes.New(scopes.P55)}
	held := scopes.SetOf(scopes.Scope{Base: "shares"}, scopes.Scope{Base: "access:servers"})
	by := sharing.Caller{Ref: benchServer.Owner, Scopes: held}
	_, secret, err := s.CreateCode(b.Context(), by, sharing.CodeRequest{Server: sharing.ServerName{Owner: "alice", Name: "lab"}})
	require.NoError(b, err)
	var visitors atomic.Int64
	return func() error {
		id := fmt.Sprint("user-", visitors.Add(1))
		_, err := s.Exchange(context.Background(), sharing.Caller{Ref: sharing.Ref{Kind: sharing.KindUser, ID: id, Name: id}}, secret)
		return err
	}
}

// BenchmarkAccept measures visitors who take up a code in a file (look-up, share, grant, count and change, on the disk when they are answered): one
// after the other, and 32 at once. Beside it are the same without waiting for the disk, and what the disk takes for any write that is to last;
// these two together are the floor for one. One operation is a round of each.
func BenchmarkAccept(b *testing.B) {
	const each = 64
	file := func(wait bool) func() error {
		store, _ := openForBench(b, filepath.Join(b.TempDir(), "sharing.db"), wait)
		return accepting(b, store)
	}
	durable, crowded, unsynced, sync := file(true), file(true), file(false), bareSync(b)
	store, _ := openForBench(b, "", true)
	memory := accepting(b, store)
	r := newRounds(b)
	for b.Loop() {
		r.call("sync", 1, each, sync)
		r.call("unsynced", 1, each, unsynced)
		r.call("durable", 1, each, durable)
		r.call("crowd", 32, 16*each, crowded)
		r.call("memory", 1, each, memory)
	}
	r.micros("sync", "us/sync")
	r.micros("unsynced", "us/unsynced")
	r.micros("memory", "us/memory")
	r.micros("durable", "us/durable")
	r.ratio("x-floor", "durable", "sync", "unsynced")
	r.rate("crowd", "by-32/s")
	r.ratio("x-one", "durable", "crowd")
}

// BenchmarkFindCode measures looking a code up among few and among many.
func BenchmarkFindCode(b *testing.B) {
	sizes := []int{1_000, 100_000}
	if *benchMillion {
		sizes = append(sizes, 1_000_000)
	}
	for _, size := range sizes {
		b.Run(fmt.Sprint(size, " codes"), func(b *testing.B) {
			store, db := openForBench(b, filepath.Join(b.TempDir(), "sharing.db"), false)
			fillCodes(b, db, size)
			random := rand.NewChaCha8([32]byte{2})
			secret, err := sharing.NewSecret(random)
			require.NoError(b, err)
			hash, prefix, err := secret.Hash(random)
			require.NoError(b, err)
			_, _, err = store.CreateCode(b.Context(), now, sharing.Act{}, sharing.CodeOrder{Place: lab, Bases: []string{"access:servers"}, Prefix: prefix, Hash: hash, ExpiresAt: now.AddDate(0, 0, 1)})
			require.NoError(b, err)
			p, _ := secret.Probe()
			for b.Loop() {
				if _, err := store.FindCode(b.Context(), now, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// fillCodes writes codes past the store, which would commit each. Their prefixes are as many as real ones have.
func fillCodes(b *testing.B, db *sqldb.DB, n int) {
	b.Helper()
	require.NoError(b, db.Write(b.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(b.Context(), `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
			INSERT INTO sharing_codes (server_id, owner_id, bases, prefix, hashed, created_at, created_by, expires_at)
			SELECT 's-' || (i % 1000), 'u-' || (i % 1000), '["access:servers"]', hex(randomblob(3)), printf('%0128d', i), ?, '', ? FROM n`,
			n, now.UnixMicro(), now.AddDate(0, 0, 1).UnixMicro())
		return err
	}))
}
