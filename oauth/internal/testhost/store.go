package testhost

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/oauth/sqlstore"
	"github.com/hubshare/hubshare/scopes"
)

// Store opens an empty database that ends with the test.
func Store(t testing.TB) *sqlstore.Store {
	t.Helper()
	return Open(t, "")
}

// Open opens a store that ends with the test.
func Open(t testing.TB, dsn string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

// ErrBroken is what a call that was chosen to fail answers. Its text must reach no client.
var ErrBroken = errors.New("the disk is on fire at /var/lib/secret")

// Faults is a store of which one call can be made to fail, and which can show all that it holds.
type Faults struct {
	store oauth.Store
	db    *sqldb.DB

	mu    sync.Mutex
	calls []string // since Watch
	fail  int      // the call that fails, counted from 1; 0 = none does
}

var _ oauth.Store = (*Faults)(nil)

// NewFaults gives one on an empty database that ends with the test.
func NewFaults(t testing.TB) *Faults {
	t.Helper()
	db, err := sqldb.Open(t.Context(), "")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	s, err := sqlstore.New(t.Context(), db)
	require.NoError(t, err)
	return &Faults{store: s, db: db}
}

// Watch counts calls anew, and has the nth fail, instead of doing anything; 0 = none.
func (f *Faults) Watch(fail int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls, f.fail = nil, fail
}

// Calls names those since Watch.
func (f *Faults) Calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.calls...)
}

func (f *Faults) call(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, name)
	if len(f.calls) == f.fail {
		return fmt.Errorf("%s: %w", name, ErrBroken)
	}
	return nil
}

// Dump is everything in the database, as text.
func (f *Faults) Dump(t testing.TB) string {
	t.Helper()
	var out strings.Builder
	require.NoError(t, f.db.Read(t.Context(), func(tx *sql.Tx) error {
		for _, table := range []string{"oauth_clients", "oauth_codes", "oauth_tokens", "oauth_gone", "changelog"} {
			if err := dump(t.Context(), tx, &out, table); err != nil {
				return err
			}
		}
		return nil
	}))
	return out.String()
}

func dump(ctx context.Context, tx *sql.Tx, out *strings.Builder, table string) error {
	rows, err := tx.QueryContext(ctx, `SELECT * FROM `+table+` ORDER BY 1, 2`)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err below tells what went wrong
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		values := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		_, _ = fmt.Fprintln(out, table, values)
	}
	return rows.Err()
}

// PutClient passes on, or fails.
func (f *Faults) PutClient(ctx context.Context, now time.Time, c oauth.Client) (out oauth.Change, err error) {
	if err := f.call("PutClient"); err != nil {
		return out, err
	}
	return f.store.PutClient(ctx, now, c)
}

// Client passes on, or fails.
func (f *Faults) Client(ctx context.Context, id string) (out oauth.Client, err error) {
	if err := f.call("Client"); err != nil {
		return out, err
	}
	return f.store.Client(ctx, id)
}

// Clients passes on, or fails.
func (f *Faults) Clients(ctx context.Context) (out []oauth.Client, err error) {
	if err := f.call("Clients"); err != nil {
		return out, err
	}
	return f.store.Clients(ctx)
}

// DeleteClient passes on, or fails.
func (f *Faults) DeleteClient(ctx context.Context, now time.Time, id string) (out oauth.Change, err error) {
	if err := f.call("DeleteClient"); err != nil {
		return out, err
	}
	return f.store.DeleteClient(ctx, now, id)
}

// PutCode passes on, or fails.
func (f *Faults) PutCode(ctx context.Context, now time.Time, c oauth.Code) error {
	if err := f.call("PutCode"); err != nil {
		return err
	}
	return f.store.PutCode(ctx, now, c)
}

// ClientAndCode passes on, or fails.
func (f *Faults) ClientAndCode(ctx context.Context, now time.Time, clientID, hash string) (c oauth.Client, out oauth.Code, err error) {
	if err := f.call("ClientAndCode"); err != nil {
		return c, out, err
	}
	return f.store.ClientAndCode(ctx, now, clientID, hash)
}

// FailCode passes on, or fails.
func (f *Faults) FailCode(ctx context.Context, now time.Time, hash string, burn bool) error {
	if err := f.call("FailCode"); err != nil {
		return err
	}
	return f.store.FailCode(ctx, now, hash, burn)
}

// Redeem passes on, or fails.
func (f *Faults) Redeem(ctx context.Context, now time.Time, codeHash, clientID string, t oauth.Token) (out oauth.Token, change oauth.Change, err error) {
	if err := f.call("Redeem"); err != nil {
		return out, change, err
	}
	return f.store.Redeem(ctx, now, codeHash, clientID, t)
}

// RevokeReplayed passes on, or fails.
func (f *Faults) RevokeReplayed(ctx context.Context, now time.Time, codeHash, clientID string) (out oauth.Change, err error) {
	if err := f.call("RevokeReplayed"); err != nil {
		return out, err
	}
	return f.store.RevokeReplayed(ctx, now, codeHash, clientID)
}

// PutToken passes on, or fails.
func (f *Faults) PutToken(
	ctx context.Context, now time.Time, t oauth.Token, taken func(string) bool,
) (out oauth.Token, change oauth.Change, err error) {
	if err := f.call("PutToken"); err != nil {
		return out, change, err
	}
	return f.store.PutToken(ctx, now, t, taken)
}

// TokensByPrefix passes on, or fails.
func (f *Faults) TokensByPrefix(ctx context.Context, now time.Time, prefix string) (out []oauth.Issued, err error) {
	if err := f.call("TokensByPrefix"); err != nil {
		return out, err
	}
	return f.store.TokensByPrefix(ctx, now, prefix)
}

// Tokens passes on, or fails.
func (f *Faults) Tokens(ctx context.Context, now time.Time, owner oauth.OwnerRef) (out []oauth.Issued, err error) {
	if err := f.call("Tokens"); err != nil {
		return out, err
	}
	return f.store.Tokens(ctx, now, owner)
}

// Token passes on, or fails.
func (f *Faults) Token(ctx context.Context, now time.Time, owner oauth.OwnerRef, id int64) (out oauth.Issued, err error) {
	if err := f.call("Token"); err != nil {
		return out, err
	}
	return f.store.Token(ctx, now, owner, id)
}

// Agreed passes on, or fails.
func (f *Faults) Agreed(ctx context.Context, now time.Time, owner oauth.OwnerRef, clientID string) (out []scopes.Scope, err error) {
	if err := f.call("Agreed"); err != nil {
		return out, err
	}
	return f.store.Agreed(ctx, now, owner, clientID)
}

// DeleteToken passes on, or fails.
func (f *Faults) DeleteToken(ctx context.Context, now time.Time, owner oauth.OwnerRef, id int64) (out oauth.Change, err error) {
	if err := f.call("DeleteToken"); err != nil {
		return out, err
	}
	return f.store.DeleteToken(ctx, now, owner, id)
}

// DeleteSession passes on, or fails.
func (f *Faults) DeleteSession(ctx context.Context, now time.Time, owner oauth.OwnerRef, sessionID string) (out oauth.Change, err error) {
	if err := f.call("DeleteSession"); err != nil {
		return out, err
	}
	return f.store.DeleteSession(ctx, now, owner, sessionID)
}

// Touch passes on, or fails.
func (f *Faults) Touch(ctx context.Context, at map[int64]time.Time) error {
	if err := f.call("Touch"); err != nil {
		return err
	}
	return f.store.Touch(ctx, at)
}

// Owners passes on, or fails.
func (f *Faults) Owners(ctx context.Context) (out []oauth.OwnerRef, err error) {
	if err := f.call("Owners"); err != nil {
		return out, err
	}
	return f.store.Owners(ctx)
}

// Forget passes on, or fails.
func (f *Faults) Forget(ctx context.Context, now time.Time, ref oauth.OwnerRef) (out oauth.Change, err error) {
	if err := f.call("Forget"); err != nil {
		return out, err
	}
	return f.store.Forget(ctx, now, ref)
}

// Renamed passes on, or fails.
func (f *Faults) Renamed(ctx context.Context, now time.Time, kind, from, to string) (out oauth.Change, err error) {
	if err := f.call("Renamed"); err != nil {
		return out, err
	}
	return f.store.Renamed(ctx, now, kind, from, to)
}

// Purge passes on, or fails.
func (f *Faults) Purge(ctx context.Context, now time.Time, o oauth.PurgeOrder) (out oauth.Purged, err error) {
	if err := f.call("Purge"); err != nil {
		return out, err
	}
	return f.store.Purge(ctx, now, o)
}

// Changes passes on, or fails.
func (f *Faults) Changes(ctx context.Context, after int64, limit int) (out []oauth.Change, err error) {
	if err := f.call("Changes"); err != nil {
		return out, err
	}
	return f.store.Changes(ctx, after, limit)
}
