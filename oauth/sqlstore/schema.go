package sqlstore

import "github.com/hubshare/hubshare/internal/sqldb"

// migrations gives the steps for an engine; they are only ever added to, in both. Clients cascade to what was issued through them (OA-11); nothing refers to the host's tables (OA-154).
func migrations(d sqldb.Dialect) []string {
	if d == sqldb.PostgreSQL {
		return postgresSteps
	}
	return sqliteSteps
}

var sqliteSteps = []string{`
CREATE TABLE oauth_clients (
	id           TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 255),
	description  TEXT NOT NULL,
	secret_hash  TEXT NOT NULL,
	redirect_uri TEXT NOT NULL,
	for_server   TEXT NOT NULL,
	for_service  TEXT NOT NULL,
	link_id      TEXT NOT NULL,
	allowed      TEXT NOT NULL,
	no_confirm   INTEGER NOT NULL
) STRICT;
CREATE TABLE oauth_codes (
	hash         TEXT NOT NULL PRIMARY KEY,
	client_id    TEXT NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
	user_id      TEXT NOT NULL,
	redirect_uri TEXT NOT NULL,
	session_id   TEXT NOT NULL,
	scopes       TEXT NOT NULL,
	challenge    TEXT NOT NULL,
	expires_at   INTEGER NOT NULL,
	used_at      INTEGER,
	failures     INTEGER NOT NULL DEFAULT 0,
	token_id     INTEGER
) STRICT;
CREATE INDEX oauth_codes_by_client_and_user ON oauth_codes (client_id, user_id);
CREATE INDEX oauth_codes_by_user ON oauth_codes (user_id);
CREATE INDEX oauth_codes_by_expiry ON oauth_codes (expires_at);
CREATE TABLE oauth_tokens (
	id            INTEGER PRIMARY KEY AUTOINCREMENT,
	prefix        TEXT NOT NULL,
	hash          TEXT NOT NULL UNIQUE,
	owner_kind    TEXT NOT NULL CHECK (owner_kind IN ('user', 'service')),
	owner_id      TEXT NOT NULL,
	client_id     TEXT REFERENCES oauth_clients (id) ON DELETE CASCADE,
	session_id    TEXT NOT NULL,
	scopes        TEXT NOT NULL,
	note          TEXT NOT NULL,
	created       INTEGER NOT NULL,
	expires_at    INTEGER,
	last_activity INTEGER
) STRICT;
CREATE INDEX oauth_tokens_by_prefix ON oauth_tokens (prefix);
CREATE INDEX oauth_tokens_by_owner ON oauth_tokens (owner_kind, owner_id);
CREATE INDEX oauth_tokens_by_client ON oauth_tokens (client_id);
CREATE INDEX oauth_tokens_by_expiry ON oauth_tokens (expires_at);
CREATE TABLE oauth_gone (
	kind    TEXT NOT NULL,
	id      TEXT NOT NULL,
	gone_at INTEGER NOT NULL,
	PRIMARY KEY (kind, id)
) STRICT;
`, liveCodes, sqliteFewerPages, sqliteSlimCodes}

// Text that is ever listed in order sorts by its bytes, as Go and SQLite do, whatever the language of the database.
var postgresSteps = []string{`
CREATE TABLE oauth_clients (
	id           TEXT NOT NULL PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 255),
	description  TEXT NOT NULL,
	secret_hash  TEXT NOT NULL,
	redirect_uri TEXT NOT NULL,
	for_server   TEXT NOT NULL,
	for_service  TEXT NOT NULL,
	link_id      TEXT NOT NULL,
	allowed      TEXT NOT NULL,
	no_confirm   BOOLEAN NOT NULL
);
CREATE TABLE oauth_codes (
	hash         TEXT NOT NULL PRIMARY KEY,
	client_id    TEXT NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
	user_id      TEXT NOT NULL,
	redirect_uri TEXT NOT NULL,
	session_id   TEXT NOT NULL,
	scopes       TEXT NOT NULL,
	challenge    TEXT NOT NULL,
	expires_at   BIGINT NOT NULL,
	used_at      BIGINT,
	failures     BIGINT NOT NULL DEFAULT 0,
	token_id     BIGINT
);
CREATE INDEX oauth_codes_by_client_and_user ON oauth_codes (client_id, user_id);
CREATE INDEX oauth_codes_by_user ON oauth_codes (user_id);
CREATE INDEX oauth_codes_by_expiry ON oauth_codes (expires_at);
CREATE TABLE oauth_tokens (
	id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	prefix        TEXT NOT NULL,
	hash          TEXT NOT NULL UNIQUE,
	owner_kind    TEXT COLLATE "C" NOT NULL CHECK (owner_kind IN ('user', 'service')),
	owner_id      TEXT COLLATE "C" NOT NULL,
	client_id     TEXT REFERENCES oauth_clients (id) ON DELETE CASCADE,
	session_id    TEXT NOT NULL,
	scopes        TEXT NOT NULL,
	note          TEXT NOT NULL,
	created       BIGINT NOT NULL,
	expires_at    BIGINT,
	last_activity BIGINT
);
CREATE INDEX oauth_tokens_by_prefix ON oauth_tokens (prefix);
CREATE INDEX oauth_tokens_by_owner ON oauth_tokens (owner_kind, owner_id);
CREATE INDEX oauth_tokens_by_client ON oauth_tokens (client_id);
CREATE INDEX oauth_tokens_by_expiry ON oauth_tokens (expires_at);
CREATE TABLE oauth_gone (
	kind    TEXT NOT NULL,
	id      TEXT NOT NULL,
	gone_at BIGINT NOT NULL,
	PRIMARY KEY (kind, id)
);
`, liveCodes, postgresFewerPages}

// liveCodes served the count of live codes alone: spent ones, which stay for their five minutes, are not looked at (OA-S19).
const liveCodes = `
CREATE INDEX oauth_codes_live ON oauth_codes (client_id, user_id, expires_at) WHERE used_at IS NULL AND failures < 3;
DROP INDEX oauth_codes_by_client_and_user;
CREATE INDEX oauth_codes_by_client ON oauth_codes (client_id);
`

// Each index costs a login a page more to write. So one index finds a prefix and keeps the hashes with it apart; one serves the count of live codes and whatever concerns a client, with spent codes apart from the others (OA-S19); and
// none finds codes by their expiry: the purge looks at all, which are those of an hour.
const sqliteFewerPages = `
CREATE TABLE oauth_tokens_slim (
	id            INTEGER PRIMARY KEY AUTOINCREMENT,
	prefix        TEXT NOT NULL,
	hash          TEXT NOT NULL,
	owner_kind    TEXT NOT NULL CHECK (owner_kind IN ('user', 'service')),
	owner_id      TEXT NOT NULL,
	client_id     TEXT REFERENCES oauth_clients (id) ON DELETE CASCADE,
	session_id    TEXT NOT NULL,
	scopes        TEXT NOT NULL,
	note          TEXT NOT NULL,
	created       INTEGER NOT NULL,
	expires_at    INTEGER,
	last_activity INTEGER
) STRICT;
INSERT INTO oauth_tokens_slim SELECT id, prefix, hash, owner_kind, owner_id, client_id, session_id, scopes, note, created, expires_at, last_activity
	FROM oauth_tokens;
DELETE FROM sqlite_sequence WHERE name = 'oauth_tokens_slim';
INSERT INTO sqlite_sequence (name, seq) SELECT 'oauth_tokens_slim', seq FROM sqlite_sequence WHERE name = 'oauth_tokens';
DROP TABLE oauth_tokens;
ALTER TABLE oauth_tokens_slim RENAME TO oauth_tokens;
CREATE INDEX oauth_tokens_by_owner ON oauth_tokens (owner_kind, owner_id);
CREATE INDEX oauth_tokens_by_client ON oauth_tokens (client_id);
CREATE INDEX oauth_tokens_by_expiry ON oauth_tokens (expires_at);
` + fewerIndexes

const postgresFewerPages = `
ALTER TABLE oauth_tokens DROP CONSTRAINT oauth_tokens_hash_key;
DROP INDEX oauth_tokens_by_prefix;
` + fewerIndexes

const fewerIndexes = `
DROP INDEX oauth_codes_live;
DROP INDEX oauth_codes_by_client;
DROP INDEX oauth_codes_by_expiry;
CREATE INDEX oauth_codes_by_client ON oauth_codes (client_id, user_id, used_at, expires_at, failures);
CREATE UNIQUE INDEX oauth_tokens_by_secret ON oauth_tokens (prefix, hash);
`

// A code is found by its hash alone, so that is where its row lies; and what one index more costs each login, twice, since a code is spent soon,
// is worth more than what it saves whoever looks for codes in another way: a server that stops, and an owner who is deleted, look at all, which
// are those since the last purge. The one that is left has the codes that nobody has used, by which their number is bounded (OA-S19).
const sqliteSlimCodes = `
CREATE TABLE oauth_codes_slim (
	hash         TEXT NOT NULL PRIMARY KEY,
	client_id    TEXT NOT NULL REFERENCES oauth_clients (id) ON DELETE CASCADE,
	user_id      TEXT NOT NULL,
	redirect_uri TEXT NOT NULL,
	session_id   TEXT NOT NULL,
	scopes       TEXT NOT NULL,
	challenge    TEXT NOT NULL,
	expires_at   INTEGER NOT NULL,
	used_at      INTEGER,
	failures     INTEGER NOT NULL DEFAULT 0,
	token_id     INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO oauth_codes_slim SELECT hash, client_id, user_id, redirect_uri, session_id, scopes, challenge, expires_at, used_at, failures, token_id
	FROM oauth_codes;
DROP TABLE oauth_codes;
ALTER TABLE oauth_codes_slim RENAME TO oauth_codes;
CREATE INDEX oauth_codes_unused ON oauth_codes (user_id, client_id, expires_at, failures) WHERE used_at IS NULL;
`
