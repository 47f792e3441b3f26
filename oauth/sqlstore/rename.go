package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

// Renamed rewrites stored names, since raw scopes carry them. A renamed user's servers ("name/…") follow.
func (s *Store) Renamed(ctx context.Context, now time.Time, kind, from, to string) (change oauth.Change, err error) {
	if from == to || from == "" || to == "" {
		return oauth.Change{}, nil
	}
	n := renaming{kind: kind, from: from, to: to}
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		for _, table := range []struct{ name, key, scopes string }{
			{"oauth_tokens", "id", "scopes"}, {"oauth_codes", "hash", "scopes"}, {"oauth_clients", "id", "allowed"},
		} {
			if err := n.rewrite(ctx, tx, table.name, table.key, table.scopes); err != nil {
				return fmt.Errorf("rewrite scopes in %s: %w", table.name, err)
			}
		}
		if err := n.relink(ctx, tx); err != nil {
			return fmt.Errorf("rewrite the servers of clients: %w", err)
		}
		return recordNow(ctx, tx, &change, now, kind+".renamed")
	})
	return change, err
}

type renaming struct{ kind, from, to string }

// pair is one row's key with a text of it. A key may be a number: it comes as the text that finds the same row.
type pair struct{ key, text string }

func scanPair(r interface{ Scan(...any) error }) (p pair, err error) {
	return p, r.Scan(&p.key, &p.text)
}

func (n renaming) rewrite(ctx context.Context, tx *sql.Tx, table, key, column string) error {
	list, err := rows(ctx, tx, scanPair, `SELECT `+key+`, `+column+` FROM `+table+` WHERE `+column+` LIKE '%=%'`)
	if err != nil {
		return err
	}
	for _, row := range list {
		old, err := scopesOf(row.text)
		if err != nil {
			return err
		}
		changed := false
		for i, sc := range old {
			if name := n.name(sc.Kind, sc.Name); name != sc.Name {
				old[i], changed = sc.With(sc.Kind, name), true
			}
		}
		if !changed {
			continue
		}
		text, err := textOf(old)
		if err != nil {
			return err
		}
		if err := run(ctx, tx, `UPDATE `+table+` SET `+column+` = $1 WHERE `+key+` = $2`, text, row.key); err != nil {
			return err
		}
	}
	return nil
}

func (n renaming) relink(ctx context.Context, tx *sql.Tx) error {
	for _, link := range []struct{ column, kind string }{{"for_server", scopes.KindServer}, {"for_service", scopes.KindService}} {
		list, err := rows(ctx, tx, scanPair, `SELECT id, `+link.column+` FROM oauth_clients WHERE `+link.column+` <> ''`)
		if err != nil {
			return err
		}
		for _, row := range list {
			if name := n.name(link.kind, row.text); name != row.text {
				if err := run(ctx, tx, `UPDATE oauth_clients SET `+link.column+` = $1 WHERE id = $2`, name, row.key); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// name gives what a name of some kind is called now.
func (n renaming) name(kind, name string) string {
	switch {
	case kind == n.kind && name == n.from:
		return n.to
	case n.kind == scopes.KindUser && kind == scopes.KindServer:
		if rest, ok := strings.CutPrefix(name, n.from+"/"); ok {
			return n.to + "/" + rest
		}
	}
	return name
}
