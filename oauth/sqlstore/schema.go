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
`, liveCodes}

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
`, liveCodes}

// liveCodes serves the count of live codes alone: spent ones, which stay for their five minutes, are not looked at (OA-S19).
const liveCodes = `
CREATE INDEX oauth_codes_live ON oauth_codes (client_id, user_id, expires_at) WHERE used_at IS NULL AND failures < 3;
DROP INDEX oauth_codes_by_client_and_user;
CREATE INDEX oauth_codes_by_client ON oauth_codes (client_id);
`
