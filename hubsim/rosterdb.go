package hubsim

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hubshare/hubshare/internal/sqldb"
)

// rosterSchema are the hub's own tables (the prefix is its own; sharing_ and oauth_ belong to others). AUTOINCREMENT: an id is never used again.
var rosterSchema = []string{`
CREATE TABLE hub_users (
	id            INTEGER PRIMARY KEY AUTOINCREMENT,
	name          TEXT    NOT NULL UNIQUE,
	cookie_id     TEXT    NOT NULL,
	admin         INTEGER NOT NULL,
	created       INTEGER NOT NULL, -- microseconds since 1970, UTC
	last_activity INTEGER NOT NULL
) STRICT;
CREATE TABLE hub_groups (
	id   INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT    NOT NULL UNIQUE
) STRICT;
CREATE TABLE hub_members (
	group_id INTEGER NOT NULL REFERENCES hub_groups(id) ON DELETE CASCADE,
	user_id  INTEGER NOT NULL REFERENCES hub_users(id)  ON DELETE CASCADE,
	PRIMARY KEY (group_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE hub_servers (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	user_id  INTEGER NOT NULL REFERENCES hub_users(id) ON DELETE CASCADE,
	name     TEXT    NOT NULL,
	token_id INTEGER NOT NULL DEFAULT 0, -- of the running server's own token; 0 = not running
	UNIQUE (user_id, name)
) STRICT;
CREATE TABLE hub_keys (
	id     INTEGER PRIMARY KEY AUTOINCREMENT,
	secret BLOB NOT NULL
) STRICT;`, `
CREATE TABLE hub_services (
	id   INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT    NOT NULL UNIQUE
) STRICT;`, `
ALTER TABLE hub_groups  ADD COLUMN properties   TEXT NOT NULL DEFAULT '{}'; -- a JSON object
ALTER TABLE hub_servers ADD COLUMN display_name TEXT NOT NULL DEFAULT '';   -- '' = its name`, `
ALTER TABLE hub_services ADD COLUMN made TEXT NOT NULL DEFAULT ''; -- '' = by the configuration; else a JSON object: the service that was asked for, without its token`}

// rosterDB writes a roster through to the database and reads it back at a start. In memory it does neither: nobody was here before, and nobody will be after
// this hub, so the roster alone knows all. Ids are given out there as the database would; and a database that nobody has asked for anything is never opened.
type rosterDB struct {
	*sqldb.DB
	sources *sources
	passing *passing // nil = what is written stays
	drawn   []byte   // the signing key of a new database; nil = an older one may have its own
	saved   bool     // the drawn key is written
}

// passing is what a roster in memory remembers of what is gone. It is safe for concurrent use.
type passing struct {
	mu   sync.Mutex
	last map[string]int64 // the last id that was given out, by table
}

// next gives n ids of a table out, and the first of them.
func (p *passing) next(table string, n int) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	first := p.last[table] + 1
	p.last[table] += int64(n)
	return first
}

// wipe begins with ids anew, but for those of services, which a reset leaves.
func (p *passing) wipe() {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.last, func(table string, _ int64) bool { return !slices.Contains(kept, table) })
}

func newRosterDB(db *sqldb.DB, inMemory, fresh bool, from *sources) *rosterDB {
	r := &rosterDB{DB: db, sources: from}
	if inMemory {
		r.passing = &passing{last: map[string]int64{}}
	}
	if fresh {
		r.drawn, r.saved = r.drawKey(), inMemory // where nothing is written
	}
	return r
}

// Ids of the host are opaque to others; the letter keeps those of users, groups, servers and services apart.
func userID(n int64) string    { return "u" + strconv.FormatInt(n, 10) }
func groupID(n int64) string   { return "g" + strconv.FormatInt(n, 10) }
func serverID(n int64) string  { return "s" + strconv.FormatInt(n, 10) }
func serviceID(n int64) string { return "v" + strconv.FormatInt(n, 10) }

func rowID(id string) int64 {
	n, _ := strconv.ParseInt(strings.TrimLeft(id, "ugsv"), 10, 64) // ids are ours
	return n
}

// insert adds a row, whose columns stand in the text behind the name of the table.
func (db *rosterDB) insert(ctx context.Context, table, columns string, values ...any) (id int64, err error) {
	if db.passing != nil {
		return db.passing.next(table, 1), ctx.Err()
	}
	query := `INSERT INTO ` + table + ` (` + columns + `) VALUES (?` + strings.Repeat(`, ?`, len(values)-1) + `)`
	err = db.Write(ctx, func(tx *sql.Tx) error {
		id, err = insertRow(ctx, tx, query, values...)
		return err
	})
	return id, err
}

func insertRow(ctx context.Context, tx *sql.Tx, query string, args ...any) (int64, error) {
	res, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.LastInsertId()
}

func (db *rosterDB) exec(ctx context.Context, query string, args ...any) error {
	if db.passing != nil {
		return ctx.Err()
	}
	return db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
}

// addUsers inserts users, each with their default server, which every user has (HB-92): all or none. Ids ascend in the order of the list.
func (db *rosterDB) addUsers(ctx context.Context, list []User, now time.Time) (made []*user, err error) {
	if db.passing != nil {
		return db.newUsers(list, now, db.passing.next("hub_users", len(list)), db.passing.next("hub_servers", len(list))), ctx.Err()
	}
	err = db.Write(ctx, func(tx *sql.Tx) error {
		var u, s int64 // the last ids that were given out
		err := each(ctx, tx, `SELECT name, seq FROM sqlite_sequence WHERE name IN ('hub_users', 'hub_servers')`, func(rows *sql.Rows) error {
			var table string
			var last int64
			err := rows.Scan(&table, &last)
			if table == "hub_users" {
				u = last
			} else {
				s = last
			}
			return err
		})
		if err != nil {
			return err
		}
		made = db.newUsers(list, now, u+1, s+1)
		users, servers := rowsOf("hub_users (id, name, cookie_id, admin, created, last_activity)"), rowsOf("hub_servers (id, user_id, name)")
		for _, u := range made {
			id := rowID(u.id)
			users.add(id, u.name, u.cookieID, u.admin, u.created.UnixMicro(), u.lastActivity.UnixMicro())
			servers.add(rowID(u.servers[""].id), id, "")
		}
		if db.drawn != nil && !db.saved { // together, since each commit waits for the disk
			if err := keepKey(ctx, tx, db.drawn); err != nil {
				return err
			}
		}
		return errors.Join(users.insert(ctx, tx), servers.insert(ctx, tx))
	})
	if err != nil {
		return nil, fmt.Errorf("add %d users, from %s on: %w", len(list), list[0].Name, err)
	}
	db.saved = db.drawn != nil
	return made, nil
}

// newUsers makes the records of users and their servers, whose ids begin with these. Activity begins with a first visit, not with being made (HB-91).
func (db *rosterDB) newUsers(list []User, now time.Time, firstUser, firstServer int64) []*user {
	made := make([]*user, len(list))
	for i, o := range list {
		u := &user{id: userID(firstUser + int64(i)), name: o.Name, admin: o.Admin, cookieID: db.sources.hex("login"), created: now,
			groups: map[string]bool{}, servers: map[string]*server{}}
		u.servers[""] = &server{id: serverID(firstServer + int64(i)), owner: u}
		made[i] = u
	}
	return made
}

// rows are to be inserted into one table, many with each statement.
type rows struct {
	into    string
	columns int
	args    []any
}

// rowsOf takes the table's name, with the columns in parentheses.
func rowsOf(into string) rows { return rows{into: into, columns: strings.Count(into, ",") + 1} }

func (r *rows) add(values ...any) { r.args = append(r.args, values...) }

// perStatement keeps far below the engine's limit of arguments, and above the number from which more rows gain nothing.
const perStatement = 64

func (r *rows) insert(ctx context.Context, tx *sql.Tx) error {
	row := "(" + strings.Repeat("?, ", r.columns-1) + "?)"
	for left := r.args; len(left) > 0; {
		n := min(perStatement, len(left)/r.columns)
		if _, err := tx.ExecContext(ctx, `INSERT INTO `+r.into+` VALUES `+strings.Repeat(row+", ", n-1)+row, left[:n*r.columns]...); err != nil {
			return err
		}
		left = left[n*r.columns:]
	}
	return nil
}

func (db *rosterDB) setAdmin(ctx context.Context, id string, admin bool) error {
	if err := db.exec(ctx, `UPDATE hub_users SET admin = ? WHERE id = ?`, admin, rowID(id)); err != nil {
		return fmt.Errorf("set admin: %w", err)
	}
	return nil
}

func (db *rosterDB) addGroup(ctx context.Context, name string) (*group, error) {
	n, err := db.insert(ctx, "hub_groups", "name", name)
	if err != nil {
		return nil, fmt.Errorf("add group %s: %w", name, err)
	}
	return &group{id: groupID(n), name: name, properties: noProperties}, nil
}

// addMembers puts users into a group, those who are in it already too.
func (db *rosterDB) addMembers(ctx context.Context, group string, users ...string) error {
	if len(users) == 0 {
		return nil
	}
	ids := make([]int64, len(users))
	for i, u := range users {
		ids[i] = rowID(u)
	}
	if err := db.exec(ctx, `INSERT OR IGNORE INTO hub_members (group_id, user_id) SELECT ?, value FROM json_each(?)`, rowID(group),
		db.Dialect().Integers(ids)); err != nil {
		return fmt.Errorf("add group members: %w", err)
	}
	return nil
}

func (db *rosterDB) removeMember(ctx context.Context, group, user string) error {
	if err := db.exec(ctx, `DELETE FROM hub_members WHERE group_id = ? AND user_id = ?`, rowID(group), rowID(user)); err != nil {
		return fmt.Errorf("remove group member: %w", err)
	}
	return nil
}

func (db *rosterDB) setDisplayName(ctx context.Context, id, name string) error {
	if err := db.exec(ctx, `UPDATE hub_servers SET display_name = ? WHERE id = ?`, name, rowID(id)); err != nil {
		return fmt.Errorf("set a server's display name: %w", err)
	}
	return nil
}

func (db *rosterDB) addServer(ctx context.Context, u *user, name string) (*server, error) {
	n, err := db.insert(ctx, "hub_servers", "user_id, name", rowID(u.id), name)
	if err != nil {
		return nil, fmt.Errorf("add server %s/%s: %w", u.name, name, err)
	}
	return &server{id: serverID(n), name: name, owner: u}, nil
}

func (db *rosterDB) dropServer(ctx context.Context, id string) error {
	if err := db.exec(ctx, `DELETE FROM hub_servers WHERE id = ?`, rowID(id)); err != nil {
		return fmt.Errorf("remove server: %w", err)
	}
	return nil
}

func (db *rosterDB) setServerToken(ctx context.Context, id string, tokenID int64) error {
	if err := db.exec(ctx, `UPDATE hub_servers SET token_id = ? WHERE id = ?`, tokenID, rowID(id)); err != nil {
		return fmt.Errorf("note a server's token: %w", err)
	}
	return nil
}

// keepServices makes the database know exactly these services beside those that were made while a hub ran, and gives the ids of the former by name, and
// the latter. One that is gone and comes back is another one; one that was made and is configured now belongs to the configuration (OA-14).
func (db *rosterDB) keepServices(ctx context.Context, names []string) (ids map[string]string, made []madeService, err error) {
	ids = map[string]string{}
	if db.passing != nil {
		for _, name := range names {
			ids[name] = serviceID(db.passing.next("hub_services", 1))
		}
		return ids, nil, ctx.Err()
	}
	err = db.Write(ctx, func(tx *sql.Tx) error {
		clear(ids)
		var err error
		if made, err = loadServices(ctx, tx, ids); err != nil {
			return err
		}
		for _, m := range made {
			if slices.Contains(names, m.name) {
				if _, err := tx.ExecContext(ctx, `UPDATE hub_services SET made = '' WHERE id = ?`, rowID(m.id)); err != nil {
					return err
				}
				ids[m.name] = m.id
			}
		}
		made = slices.DeleteFunc(made, func(m madeService) bool { return ids[m.name] != "" })
		for name, id := range ids {
			if slices.Contains(names, name) {
				continue
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM hub_services WHERE id = ?`, rowID(id)); err != nil {
				return err
			}
			delete(ids, name)
		}
		for _, name := range names {
			if ids[name] != "" {
				continue
			}
			id, err := insertRow(ctx, tx, `INSERT INTO hub_services (name) VALUES (?)`, name)
			if err != nil {
				return err
			}
			ids[name] = serviceID(id)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("keep services: %w", err)
	}
	return ids, made, nil
}

// madeService is a service as it is stored that was made while a hub ran.
type madeService struct {
	id, name string
	order    json.RawMessage
}

func loadServices(ctx context.Context, tx *sql.Tx, ids map[string]string) (made []madeService, err error) {
	err = each(ctx, tx, `SELECT id, name, made FROM hub_services ORDER BY id`, func(rows *sql.Rows) error {
		var id int64
		var name, order string
		err := rows.Scan(&id, &name, &order)
		if order != "" {
			made = append(made, madeService{serviceID(id), name, json.RawMessage(order)})
		} else {
			ids[name] = serviceID(id)
		}
		return err
	})
	return made, err
}

func (db *rosterDB) addService(ctx context.Context, name string, order []byte) (id string, err error) {
	n, err := db.insert(ctx, "hub_services", "name, made", name, string(order))
	if err != nil {
		return "", fmt.Errorf("add service %s: %w", name, err)
	}
	return serviceID(n), nil
}

func (db *rosterDB) dropService(ctx context.Context, id string) error {
	if err := db.exec(ctx, `DELETE FROM hub_services WHERE id = ?`, rowID(id)); err != nil {
		return fmt.Errorf("remove service: %w", err)
	}
	return nil
}

// key gives the secret that cookies are signed with, making it on first use: whoever is logged in stays so across restarts (HB-200).
func (db *rosterDB) key(ctx context.Context) (secret []byte, err error) {
	if db.saved {
		return db.drawn, nil
	}
	err = db.Write(ctx, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, `SELECT secret FROM hub_keys ORDER BY id DESC LIMIT 1`).Scan(&secret)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if secret = db.drawn; secret == nil {
			secret = db.drawKey()
		}
		return keepKey(ctx, tx, secret)
	})
	if err != nil {
		return nil, fmt.Errorf("read the signing key: %w", err)
	}
	return secret, nil
}

func (db *rosterDB) drawKey() []byte {
	secret := make([]byte, 32)
	_, _ = io.ReadFull(db.sources.of("signing key"), secret) // never fails
	return secret
}

func keepKey(ctx context.Context, tx *sql.Tx, secret []byte) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO hub_keys (secret) VALUES (?)`, secret)
	return err
}

// load fills an empty roster with what the database holds. Servers come back stopped.
func (db *rosterDB) load(ctx context.Context, r *roster) error {
	err := db.Read(ctx, func(tx *sql.Tx) error {
		return errors.Join(loadUsers(ctx, tx, r), loadGroups(ctx, tx, r), loadMembers(ctx, tx, r), loadServers(ctx, tx, r))
	})
	if err != nil {
		return fmt.Errorf("read users and groups: %w", err)
	}
	return nil
}

// each runs a query and calls scan for every row.
func each(ctx context.Context, tx *sql.Tx, query string, scan func(*sql.Rows) error) error {
	rows, err := tx.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func loadUsers(ctx context.Context, tx *sql.Tx, r *roster) error {
	return each(ctx, tx, `SELECT id, name, cookie_id, admin, created, last_activity FROM hub_users`, func(rows *sql.Rows) error {
		u := &user{groups: map[string]bool{}, servers: map[string]*server{}}
		var id, created, active int64
		if err := rows.Scan(&id, &u.name, &u.cookieID, &u.admin, &created, &active); err != nil {
			return err
		}
		u.id, u.created, u.lastActivity = userID(id), time.UnixMicro(created).UTC(), time.UnixMicro(active).UTC()
		r.adopt(u)
		return nil
	})
}

func loadGroups(ctx context.Context, tx *sql.Tx, r *roster) error {
	return each(ctx, tx, `SELECT id, name, properties FROM hub_groups`, func(rows *sql.Rows) error {
		var id int64
		var properties string
		g := &group{}
		if err := rows.Scan(&id, &g.name, &properties); err != nil {
			return err
		}
		g.id, g.properties = groupID(id), json.RawMessage(properties)
		r.groups[g.name] = g
		return nil
	})
}

func loadMembers(ctx context.Context, tx *sql.Tx, r *roster) error {
	return each(ctx, tx, `SELECT g.name, m.user_id FROM hub_members m JOIN hub_groups g ON g.id = m.group_id`, func(rows *sql.Rows) error {
		var name string
		var id int64
		if err := rows.Scan(&name, &id); err != nil {
			return err
		}
		r.byID[userID(id)].groups[name] = true
		return nil
	})
}

func loadServers(ctx context.Context, tx *sql.Tx, r *roster) error {
	return each(ctx, tx, `SELECT id, user_id, name, token_id, display_name FROM hub_servers`, func(rows *sql.Rows) error {
		var id, owner int64
		s := &server{}
		if err := rows.Scan(&id, &owner, &s.name, &s.tokenID, &s.displayName); err != nil {
			return err
		}
		u := r.byID[userID(owner)]
		s.id, s.owner = serverID(id), u
		u.servers[s.name], r.servers[s.id] = s, s
		return nil
	})
}
