package sqlstore

import "github.com/hubshare/hubshare/internal/sqldb"

// migrations gives the steps for an engine; they are only ever added to, in both. A grant is kept base by base, so that each keeps its own end; together, the rows with one code_id
// are what came from that origin. code_id 0 is what was granted directly. No row refers to a code, since shares outlive it (SH-113).
// An index has no row for what is NULL: each costs every exchange a page that must go to the disk.
func migrations(d sqldb.Dialect) []string {
	if d == sqldb.PostgreSQL {
		return postgresSteps
	}
	return sqliteSteps
}

var sqliteSteps = []string{`
CREATE TABLE sharing_shares (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	server_id  TEXT NOT NULL,
	owner_id   TEXT NOT NULL,
	user_id    TEXT,
	group_id   TEXT,
	created_at INTEGER NOT NULL,
	CHECK ((user_id IS NULL) <> (group_id IS NULL)),
	UNIQUE (server_id, user_id),
	UNIQUE (server_id, group_id)
) STRICT;
CREATE INDEX sharing_shares_owner ON sharing_shares (owner_id);
CREATE INDEX sharing_shares_user ON sharing_shares (user_id);
CREATE INDEX sharing_shares_group ON sharing_shares (group_id);

CREATE TABLE sharing_grants (
	share_id   INTEGER NOT NULL REFERENCES sharing_shares (id) ON DELETE CASCADE,
	code_id    INTEGER NOT NULL,
	base       TEXT NOT NULL CHECK (base <> ''),
	expires_at INTEGER,
	created_at INTEGER NOT NULL,
	created_by TEXT NOT NULL,
	PRIMARY KEY (share_id, code_id, base)
) STRICT, WITHOUT ROWID;
CREATE INDEX sharing_grants_expires ON sharing_grants (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE sharing_codes (
	id                INTEGER PRIMARY KEY AUTOINCREMENT,
	server_id         TEXT NOT NULL,
	owner_id          TEXT NOT NULL,
	bases             TEXT NOT NULL,
	prefix            TEXT NOT NULL,
	hashed            TEXT NOT NULL UNIQUE,
	created_at        INTEGER NOT NULL,
	created_by        TEXT NOT NULL,
	expires_at        INTEGER NOT NULL,
	exchange_count    INTEGER NOT NULL DEFAULT 0,
	last_exchanged_at INTEGER
) STRICT;
CREATE INDEX sharing_codes_prefix ON sharing_codes (prefix);
CREATE INDEX sharing_codes_server ON sharing_codes (server_id);
CREATE INDEX sharing_codes_owner ON sharing_codes (owner_id);
CREATE INDEX sharing_codes_expires ON sharing_codes (expires_at);

CREATE TABLE sharing_gone (
	kind TEXT NOT NULL,
	id   TEXT NOT NULL,
	at   INTEGER NOT NULL,
	PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
`, `
ALTER TABLE sharing_codes ADD COLUMN max_uses INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sharing_codes ADD COLUMN bound TEXT;
ALTER TABLE sharing_codes ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE sharing_codes ADD COLUMN share_lifetime INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sharing_codes ADD COLUMN share_session INTEGER NOT NULL DEFAULT 0;

CREATE TABLE sharing_shares_anew (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	server_id  TEXT NOT NULL,
	owner_id   TEXT NOT NULL,
	user_id    TEXT,
	group_id   TEXT,
	created_at INTEGER NOT NULL,
	CHECK ((user_id IS NULL) <> (group_id IS NULL)),
	UNIQUE (server_id, user_id)
) STRICT;
INSERT INTO sharing_shares_anew SELECT id, server_id, owner_id, user_id, group_id, created_at FROM sharing_shares;
DELETE FROM sqlite_sequence WHERE name = 'sharing_shares_anew';
INSERT INTO sqlite_sequence (name, seq) SELECT 'sharing_shares_anew', seq FROM sqlite_sequence WHERE name = 'sharing_shares';

CREATE TABLE sharing_grants_by_session (
	share_id   INTEGER NOT NULL REFERENCES sharing_shares_anew (id) ON DELETE CASCADE,
	code_id    INTEGER NOT NULL,
	base       TEXT NOT NULL CHECK (base <> ''),
	session    INTEGER NOT NULL CHECK (session IN (0, 1)),
	expires_at INTEGER,
	created_at INTEGER NOT NULL,
	created_by TEXT NOT NULL,
	PRIMARY KEY (share_id, code_id, base, session)
) STRICT, WITHOUT ROWID;
INSERT INTO sharing_grants_by_session SELECT share_id, code_id, base, 0, expires_at, created_at, created_by FROM sharing_grants;
DROP TABLE sharing_grants;
DROP TABLE sharing_shares;
ALTER TABLE sharing_shares_anew RENAME TO sharing_shares;
CREATE UNIQUE INDEX sharing_shares_server_group ON sharing_shares (server_id, group_id) WHERE group_id IS NOT NULL;
CREATE INDEX sharing_shares_owner ON sharing_shares (owner_id);
CREATE INDEX sharing_shares_user ON sharing_shares (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX sharing_shares_group ON sharing_shares (group_id) WHERE group_id IS NOT NULL;
ALTER TABLE sharing_grants_by_session RENAME TO sharing_grants;
CREATE INDEX sharing_grants_expires ON sharing_grants (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX sharing_grants_limited ON sharing_grants (share_id, expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE sharing_tallies (
	key     TEXT NOT NULL,
	ends_at INTEGER NOT NULL,
	n       INTEGER NOT NULL,
	PRIMARY KEY (key, ends_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX sharing_tallies_ends ON sharing_tallies (ends_at);
CREATE INDEX sharing_gone_at ON sharing_gone (at);
`}

// Text that is ever listed in order sorts by its bytes, as Go and SQLite do, whatever the language of the database.
var postgresSteps = []string{`
CREATE TABLE sharing_shares (
	id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	server_id  TEXT COLLATE "C" NOT NULL,
	owner_id   TEXT NOT NULL,
	user_id    TEXT,
	group_id   TEXT,
	created_at BIGINT NOT NULL,
	CHECK ((user_id IS NULL) <> (group_id IS NULL)),
	UNIQUE (server_id, user_id),
	UNIQUE (server_id, group_id)
);
CREATE INDEX sharing_shares_owner ON sharing_shares (owner_id);
CREATE INDEX sharing_shares_user ON sharing_shares (user_id);
CREATE INDEX sharing_shares_group ON sharing_shares (group_id);

CREATE TABLE sharing_grants (
	share_id   BIGINT NOT NULL REFERENCES sharing_shares (id) ON DELETE CASCADE,
	code_id    BIGINT NOT NULL,
	base       TEXT COLLATE "C" NOT NULL CHECK (base <> ''),
	expires_at BIGINT,
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	PRIMARY KEY (share_id, code_id, base)
);
CREATE INDEX sharing_grants_expires ON sharing_grants (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE sharing_codes (
	id                BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	server_id         TEXT NOT NULL,
	owner_id          TEXT NOT NULL,
	bases             TEXT NOT NULL,
	prefix            TEXT NOT NULL,
	hashed            TEXT NOT NULL UNIQUE,
	created_at        BIGINT NOT NULL,
	created_by        TEXT NOT NULL,
	expires_at        BIGINT NOT NULL,
	exchange_count    BIGINT NOT NULL DEFAULT 0,
	last_exchanged_at BIGINT
);
CREATE INDEX sharing_codes_prefix ON sharing_codes (prefix);
CREATE INDEX sharing_codes_server ON sharing_codes (server_id);
CREATE INDEX sharing_codes_owner ON sharing_codes (owner_id);
CREATE INDEX sharing_codes_expires ON sharing_codes (expires_at);

CREATE TABLE sharing_gone (
	kind TEXT NOT NULL,
	id   TEXT NOT NULL,
	at   BIGINT NOT NULL,
	PRIMARY KEY (kind, id)
);
`, `
ALTER TABLE sharing_codes
	ADD COLUMN max_uses BIGINT NOT NULL DEFAULT 0,
	ADD COLUMN bound TEXT,
	ADD COLUMN note TEXT NOT NULL DEFAULT '',
	ADD COLUMN share_lifetime BIGINT NOT NULL DEFAULT 0,
	ADD COLUMN share_session BIGINT NOT NULL DEFAULT 0;

ALTER TABLE sharing_grants
	ADD COLUMN session BIGINT NOT NULL DEFAULT 0 CHECK (session IN (0, 1)),
	DROP CONSTRAINT sharing_grants_pkey,
	ADD PRIMARY KEY (share_id, code_id, base, session);
ALTER TABLE sharing_grants ALTER COLUMN session DROP DEFAULT;
CREATE INDEX sharing_grants_limited ON sharing_grants (share_id, expires_at) WHERE expires_at IS NOT NULL;

ALTER TABLE sharing_shares DROP CONSTRAINT sharing_shares_server_id_group_id_key;
CREATE UNIQUE INDEX sharing_shares_server_group ON sharing_shares (server_id, group_id) WHERE group_id IS NOT NULL;
DROP INDEX sharing_shares_user, sharing_shares_group;
CREATE INDEX sharing_shares_user ON sharing_shares (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX sharing_shares_group ON sharing_shares (group_id) WHERE group_id IS NOT NULL;

CREATE TABLE sharing_tallies (
	key     TEXT NOT NULL,
	ends_at BIGINT NOT NULL,
	n       BIGINT NOT NULL,
	PRIMARY KEY (key, ends_at)
);
CREATE INDEX sharing_tallies_ends ON sharing_tallies (ends_at);
CREATE INDEX sharing_gone_at ON sharing_gone (at);
`}
