package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/hubshare/hubshare/internal/sqldb"
	"github.com/hubshare/hubshare/oauth"
)

// PutClient compares links first: another server's id is never overwritten (OA-13).
func (s *Store) PutClient(ctx context.Context, now time.Time, c oauth.Client) (change oauth.Change, err error) {
	allowed, err := textOf(c.Allowed)
	if err != nil {
		return change, err
	}
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		change = oauth.Change{}
		old, err := client(ctx, tx, c.ID)
		switch {
		case errors.Is(err, oauth.ErrNoClient):
		case err != nil:
			return err
		case old.LinkID != c.LinkID:
			return oauth.ErrClientTaken
		}
		owners, err := holders(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		if old.SecretHash != c.SecretHash {
			if err := run(ctx, tx, `DELETE FROM oauth_codes WHERE client_id = $1`, c.ID); err != nil {
				return err
			}
			if err := run(ctx, tx, `DELETE FROM oauth_tokens WHERE client_id = $1`, c.ID); err != nil {
				return err
			}
		}
		err = run(ctx, tx, `INSERT INTO oauth_clients
			(id, description, secret_hash, redirect_uri, for_server, for_service, link_id, allowed, no_confirm) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (id) DO UPDATE SET description = excluded.description, secret_hash = excluded.secret_hash,
			redirect_uri = excluded.redirect_uri, for_server = excluded.for_server, for_service = excluded.for_service,
			allowed = excluded.allowed, no_confirm = excluded.no_confirm`,
			c.ID, c.Description, c.SecretHash, c.RedirectURI, c.For.Server, c.For.Service, c.LinkID, allowed, c.NoConfirm)
		if err != nil || len(owners) == 0 {
			return err
		}
		return recordNow(ctx, tx, &change, now, "client.replaced", owners...)
	})
	return change, err
}

// holders are the owners of a client's tokens: those whose rights change with it. Only users go through a client.
func holders(ctx context.Context, tx *sql.Tx, clientID string) ([]oauth.OwnerRef, error) {
	return rows(ctx, tx, scanOwner, `SELECT DISTINCT owner_kind, owner_id FROM oauth_tokens WHERE client_id = $1 ORDER BY owner_kind, owner_id`, clientID)
}

// Client gives a client by id.
func (s *Store) Client(ctx context.Context, id string) (oauth.Client, error) {
	return clientBy(id, func(b *sqldb.Batch) error { return s.db.Look(ctx, b) })
}

const (
	clientFields  = `c.id, c.description, c.secret_hash, c.redirect_uri, c.for_server, c.for_service, c.link_id, c.allowed, c.no_confirm`
	clientColumns = `SELECT ` + clientFields + ` FROM oauth_clients c `
)

func client(ctx context.Context, tx *sql.Tx, id string) (oauth.Client, error) {
	return clientBy(id, func(b *sqldb.Batch) error { return b.Run(ctx, tx) })
}

func clientBy(id string, run func(*sqldb.Batch) error) (c oauth.Client, err error) {
	known := false
	var b sqldb.Batch
	b.Rows(func(r sqldb.Row) (err error) {
		known = true
		c, err = scanClientAnd(r)
		return err
	}, clientColumns+`WHERE id = $1`, id)
	switch err := run(&b); {
	case err != nil:
		return oauth.Client{}, fmt.Errorf("read client: %w", err)
	case !known:
		return oauth.Client{}, oauth.ErrNoClient
	}
	return c, nil
}

func scanClient(r interface{ Scan(...any) error }) (oauth.Client, error) { return scanClientAnd(r) }

// scanClientAnd reads clientFields and what comes behind them.
func scanClientAnd(r interface{ Scan(...any) error }, more ...any) (c oauth.Client, err error) {
	var allowed string
	var noConfirm sql.NullBool
	err = r.Scan(append([]any{
		&c.ID, &c.Description, &c.SecretHash, &c.RedirectURI, &c.For.Server, &c.For.Service, &c.LinkID, &allowed, &noConfirm,
	}, more...)...)
	if err != nil {
		return c, err
	}
	c.NoConfirm = noConfirm.Bool
	c.Allowed, err = scopesOf(allowed)
	return c, err
}

// Clients lists every client.
func (s *Store) Clients(ctx context.Context) (list []oauth.Client, err error) {
	err = s.db.Read(ctx, func(tx *sql.Tx) error {
		list, err = rows(ctx, tx, scanClient, clientColumns+`ORDER BY id`)
		return err
	})
	return list, err
}

// DeleteClient lets the foreign keys take codes and tokens along.
func (s *Store) DeleteClient(ctx context.Context, now time.Time, id string) (change oauth.Change, err error) {
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		change = oauth.Change{}
		owners, err := holders(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := run(ctx, tx, `DELETE FROM oauth_clients WHERE id = $1`, id); err != nil || len(owners) == 0 {
			return err
		}
		return recordNow(ctx, tx, &change, now, "client.deleted", owners...)
	})
	return change, err
}
