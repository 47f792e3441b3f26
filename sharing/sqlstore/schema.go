package sqlstore

import "github.com/hubshare/hubshare/internal/sqldb"

// migrations gives the steps for an engine; they are only ever added to, in both. A grant is kept base by base, so that each keeps its own end; together, the rows with one code_id
// are the one grant of that origin. code_id 0 is the direct grant. No row refers to a code, since shares outlive it (SH-113).
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
`}
