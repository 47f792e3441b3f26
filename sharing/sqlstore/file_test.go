package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/sharing"
	"github.com/hubshare/hubshare/sharing/sqlstore"
)

var (
	now = time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC)
	lab = sharing.Place{ServerID: "s-lab", OwnerID: "u-alice"}
)

func to(id string) sharing.Grantee { return sharing.Grantee{Kind: sharing.KindUser, ID: id} }

func TestAStoreSurvivesItsProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sharing.db")
	first, err := sqlstore.Open(t.Context(), path)
	require.NoError(t, err)
	made, c, err := first.Grant(t.Context(), now, sharing.Act{}, sharing.GrantOrder{Place: lab, Grantees: []sharing.Grantee{to("u-bob")}, Bases: []string{"access:servers"}})
	require.NoError(t, err)
	_, err = first.Forget(t.Context(), now, sharing.KindUser, "u-carol")
	require.NoError(t, err)
	require.NoError(t, first.Close())

	second := open(t, path)
	found, err := second.Share(t.Context(), now, lab.ServerID, to("u-bob"))
	require.NoError(t, err)
	assert.Equal(t, made, []sharing.StoredShare{found})
	changes, err := second.Changes(t.Context(), 0, 10)
	require.NoError(t, err)
	assert.Equal(t, []sharing.Change{c}, changes)
	_, _, err = second.Grant(t.Context(), now, sharing.Act{}, sharing.GrantOrder{Place: lab, Grantees: []sharing.Grantee{to("u-carol")}, Bases: []string{"access:servers"}})
	require.ErrorIs(t, err, sharing.ErrGone, "SH-45 e what is gone stays gone")
}

// TestTwoStoresOnOneFile is SH-45 for two processes: each has its own connections to the file.
func TestTwoStoresOnOneFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sharing.db")
	stores := []*sqlstore.Store{open(t, path), open(t, path)}
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			_, _, err := stores[i%2].Grant(t.Context(), now, sharing.Act{}, sharing.GrantOrder{Place: lab, Grantees: []sharing.Grantee{to("u-bob")}, Bases: []string{fmt.Sprintf("custom:%02d", i)}})
			assert.NoError(t, err)
		})
	}
	all.Wait()
	for _, s := range stores {
		share, err := s.Share(t.Context(), now, lab.ServerID, to("u-bob"))
		require.NoError(t, err)
		assert.Len(t, share.Bases, 32)
	}
}

// TestOneDatabaseForSeveralOwners: the tables stand beside others, and what New was given stays open.
func TestOneDatabaseForSeveralOwners(t *testing.T) {
	t.Parallel()
	db, err := sqldb.Open(t.Context(), "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, db.Migrate(t.Context(), "hub", []string{`CREATE TABLE hub_users (id TEXT PRIMARY KEY) STRICT`}))
	for range 2 {
		store, err := sqlstore.New(t.Context(), db)
		require.NoError(t, err)
		_, _, err = store.Grant(t.Context(), now, sharing.Act{}, sharing.GrantOrder{Place: lab, Grantees: []sharing.Grantee{to("u-bob")}, Bases: []string{"access:servers"}})
		require.NoError(t, err)
		require.NoError(t, store.Close())
	}
	require.NoError(t, db.Read(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `SELECT id FROM hub_users`)
		return err
	}))
}

// TestTablesEnforceOneSharePerPair is SH-5: what the program forgot, the database refuses.
func TestTablesEnforceOneSharePerPair(t *testing.T) {
	t.Parallel()
	db, err := sqldb.Open(t.Context(), "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err = sqlstore.New(t.Context(), db)
	require.NoError(t, err)
	insert := func(server, owner, user, group any) error {
		return db.Write(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), `INSERT INTO sharing_shares (server_id, owner_id, user_id, group_id, created_at) VALUES (?, ?, ?, ?, 0)`, server, owner, user, group)
			return err
		})
	}
	require.NoError(t, insert("s", "o", "u", nil))
	require.NoError(t, insert("s", "o", nil, "u"))
	require.NoError(t, insert("t", "o", "u", nil))
	for name, row := range map[string][4]any{
		"a second share with a user":   {"s", "o", "u", nil},
		"a second share with a group":  {"s", "o", nil, "u"},
		"a share with a user and more": {"s", "o", "v", "v"},
		"a share with nobody":          {"s", "o", nil, nil},
		"a share of no server":         {nil, "o", "w", nil},
		"a share of nobody's server":   {"s", nil, "w", nil},
	} {
		assert.ErrorContains(t, insert(row[0], row[1], row[2], row[3]), "constraint failed", name)
	}
}

// TestSecretsAtRest is SH-11: nothing in the file tells a code.
func TestSecretsAtRest(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sharing.db")
	store, err := sqlstore.Open(t.Context(), path)
	require.NoError(t, err)
	secret, err := sharing.NewSecret(strings.NewReader(strings.Repeat("0123456789abcdef", 2)))
	require.NoError(t, err)
	hash, prefix, err := secret.Hash(strings.NewReader("salty...salty"))
	require.NoError(t, err)
	_, _, err = store.CreateCode(t.Context(), now, sharing.Act{}, sharing.CodeOrder{Place: lab, Bases: []string{"access:servers"}, Prefix: prefix, Hash: hash, ExpiresAt: now.Add(time.Hour)})
	require.NoError(t, err)
	require.NoError(t, store.Close())
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Contains(t, string(content), hash)
	assert.NotContains(t, string(content), secret.Reveal()[:prefixAndOne])
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Zero(t, info.Mode().Perm()&0o077, "only its owner reads the file")
}

// prefixAndOne is one character more of a code than may be stored in the open.
const prefixAndOne = 5

func TestOpenNamesTheFileThatItCannotUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	require.NoError(t, os.WriteFile(text, []byte(strings.Repeat("no database at all\n", 200)), 0o600))
	for _, path := range []string{dir, text, filepath.Join(dir, "missing", "sharing.db")} {
		_, err := sqlstore.Open(t.Context(), path)
		require.ErrorContains(t, err, path)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := sqlstore.Open(ended, "")
	require.ErrorIs(t, err, context.Canceled)
}

// TestANewerDatabaseIsRefused: a program must not write into tables that it does not know.
func TestANewerDatabaseIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sharing.db")
	require.NoError(t, open(t, path).Close())
	db, err := sqldb.Open(t.Context(), path)
	require.NoError(t, err)
	require.NoError(t, db.Write(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `UPDATE schema_migrations SET version = 99 WHERE owner = 'sharing'`)
		return err
	}))
	require.NoError(t, db.Close())
	_, err = sqlstore.Open(t.Context(), path)
	require.ErrorContains(t, err, `"sharing"`)
}

// TestAClosedStoreFails, and does not panic or pretend.
func TestAClosedStoreFails(t *testing.T) {
	t.Parallel()
	s, err := sqlstore.Open(t.Context(), "")
	require.NoError(t, err)
	require.NoError(t, s.Close())
	ctx := t.Context()
	p := sharing.Probe{Prefix: "abcd", Match: func(string) bool { return true }}
	f, w := sharing.Filter{ServerID: lab.ServerID}, sharing.Window{Limit: 1}
	for name, call := range map[string]func() (sharing.Change, error){
		"Grant": func() (sharing.Change, error) {
			_, c, err := s.Grant(ctx, now, sharing.Act{}, sharing.GrantOrder{Place: lab, Grantees: []sharing.Grantee{to("u")}, Bases: []string{"shares"}})
			return c, err
		},
		"Revoke": func() (sharing.Change, error) {
			_, c, err := s.Revoke(ctx, now, sharing.Act{}, sharing.RevokeOrder{ServerID: lab.ServerID, Grantee: to("u"), All: true})
			return c, err
		},
		"RevokeAll": func() (sharing.Change, error) {
			_, c, err := s.RevokeAll(ctx, now, sharing.Act{}, lab.ServerID)
			return c, err
		},
		"Share":    func() (c sharing.Change, err error) { _, err = s.Share(ctx, now, lab.ServerID, to("u")); return c, err },
		"Shares":   func() (c sharing.Change, err error) { _, err = s.Shares(ctx, now, f, w); return c, err },
		"ScopesOf": func() (c sharing.Change, err error) { _, _, err = s.ScopesOf(ctx, now, "u", nil); return c, err },
		"CreateCode": func() (sharing.Change, error) {
			_, c, err := s.CreateCode(ctx, now, sharing.Act{}, sharing.CodeOrder{Place: lab, Bases: []string{"shares"}, ExpiresAt: now})
			return c, err
		},
		"FindCode": func() (c sharing.Change, err error) { _, err = s.FindCode(ctx, now, p); return c, err },
		"Exchange": func() (sharing.Change, error) {
			_, c, err := s.Exchange(ctx, now, sharing.Act{}, p, sharing.Ref{Kind: sharing.KindUser, ID: "u"})
			return c, err
		},
		"Codes": func() (c sharing.Change, err error) { _, err = s.Codes(ctx, now, f, w); return c, err },
		"DeleteCode": func() (sharing.Change, error) {
			_, c, err := s.DeleteCode(ctx, now, sharing.Act{}, lab.ServerID, 1, true)
			return c, err
		},
		"DeleteCodes": func() (sharing.Change, error) {
			_, c, err := s.DeleteCodes(ctx, now, sharing.Act{}, lab.ServerID, true)
			return c, err
		},
		"EndSession": func() (sharing.Change, error) {
			_, c, err := s.EndSession(ctx, now, sharing.Act{}, lab.ServerID)
			return c, err
		},
		"Tally": func() (c sharing.Change, err error) {
			_, err = s.Tally(ctx, now, 1, []sharing.Tally{{Key: "k", Per: time.Hour}})
			return c, err
		},
		"DeleteCodeBySecret": func() (sharing.Change, error) {
			_, c, err := s.DeleteCodeBySecret(ctx, now, sharing.Act{}, lab.ServerID, p, true)
			return c, err
		},
		"Forget":  func() (sharing.Change, error) { return s.Forget(ctx, now, sharing.KindUser, "u") },
		"Purge":   func() (c sharing.Change, err error) { _, err = s.Purge(ctx, now, sharing.PurgeOrder{}); return c, err },
		"Changes": func() (c sharing.Change, err error) { _, err = s.Changes(ctx, 0, 1); return c, err },
	} {
		c, err := call()
		assert.Error(t, err, name)
		assert.NotErrorIs(t, err, sharing.ErrCodeNotFound, name)
		assert.NotErrorIs(t, err, sharing.ErrNoSuchShare, name)
		assert.Zero(t, c, name)
	}
}
