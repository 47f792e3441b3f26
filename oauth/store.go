package oauth

import (
	"context"
	"errors"
	"time"

	"github.com/hubshare/hubshare/scopes"
)

// What a [Store] answers.
var (
	ErrNoClient     = errors.New("no such client")
	ErrClientTaken  = errors.New("client id belongs to another server or service") // OA-13
	ErrNoCode       = errors.New("no such authorization code")
	ErrCodeSpent    = errors.New("authorization code already used")
	ErrNoToken      = errors.New("no such token")
	ErrTokenExists  = errors.New("token already exists") // a supplied secret that collides (OA-61)
	ErrTooManyCodes = errors.New("too many live codes")  // OA-S19
	ErrGone         = errors.New("owner is gone")        // forgotten a moment ago
)

// Client is one registered OAuth client (OA-1): a user's server, or a service.
type Client struct {
	ID          string // OA-2
	Description string // shown on the consent page; "" falls back to ID (OA-8)
	SecretHash  string // "" = can never authenticate
	RedirectURI string // exactly one; a path, or absolute
	For         scopes.Client
	LinkID      string // the host's stable id of that server or service: what OA-13 compares
	// Allowed are the raw scopes that may be asked for, the client's access scope included (OA-9, OA-10).
	Allowed []scopes.Scope
	// NoConfirm: consent is never asked (OA-34).
	NoConfirm bool
}

// Code is one authorization code as stored: of the secret only the hash (OA-55).
type Code struct {
	Hash        string
	ClientID    string
	User        OwnerRef
	RedirectURI string
	SessionID   string
	Scopes      []scopes.Scope // raw
	// Challenge is the S256 code challenge, "" if the client sent none (OA-56).
	Challenge string
	ExpiresAt time.Time
	UsedAt    time.Time // zero until redeemed
	Failures  int       // failed exchanges; the third burns the code (OA-151)
	TokenID   int64     // the token that it was redeemed for
}

// Token is one API or OAuth token as stored: of the secret only prefix and hash (OA-61). The zero time means never.
type Token struct {
	ID           int64 // "aN" on the wire (HB-8)
	Prefix, Hash string
	Owner        OwnerRef
	ClientID     string // "" = the hub's own client
	SessionID    string // the browser session that authorised it; "" for API tokens
	Scopes       []scopes.Scope
	Note         string
	Created      time.Time
	ExpiresAt    time.Time
	LastActivity time.Time
}

// Issued is a token with what its client is at this moment: all that tells whom a secret speaks for, read in one go.
type Issued struct {
	Token
	For         scopes.Client // zero for the hub's own client
	Description string        // of the client
}

// PurgeOrder says what is old beside what has expired. A zero time purges none of its kind.
type PurgeOrder struct {
	Changes time.Time // changes made before
	Gone    time.Time // owners forgotten before
}

// Purged counts what [Store.Purge] removed.
type Purged struct{ Tokens, Codes, Changes, Gone int }

// Change is one committed mutation of a store, audit row and event in one. The zero Change: there was nothing to change.
type Change struct {
	Seq    int64
	At     time.Time
	Action string
	Owners []OwnerRef // whose tokens changed; empty = anyone's
}

// Store keeps clients, codes and tokens. Every method is one transaction; those that change something append their Change in it.
// Time comes in, never from the database's clock: something is expired when its ExpiresAt is before now (OA-190).
// Implementations are safe for concurrent use; errors other than the sentinels named are internal failures.
type Store interface {
	// PutClient inserts or replaces a client by id; replacing one deletes its codes and tokens when the secret changed (OA-11, OA-64).
	// ErrClientTaken: the id is linked to another LinkID (OA-13).
	PutClient(ctx context.Context, now time.Time, c Client) (Change, error)
	// Client gives a client: ErrNoClient.
	Client(ctx context.Context, id string) (Client, error)
	// Clients lists every client by id.
	Clients(ctx context.Context) ([]Client, error)
	// DeleteClient removes a client with every code and token issued through it (OA-11, HB-98). Unknown ids are no error.
	DeleteClient(ctx context.Context, now time.Time, id string) (Change, error)

	// PutCode stores a new code. ErrTooManyCodes: more than 100 live ones of this user and client (OA-S19). ErrNoClient, ErrGone.
	PutCode(ctx context.Context, now time.Time, c Code) error
	// ClientAndCode gives a client with an unexpired code of it, used or not, in one look: ErrNoClient; the client with ErrNoCode when it has
	// no such code, and no hint why (OA-52, OA-F21).
	ClientAndCode(ctx context.Context, now time.Time, clientID, codeHash string) (Client, Code, error)
	// FailCode counts a failed exchange, whichever client made it; at the third the code is dead (OA-151), and at once with burn
	// (OA-60). Unknown codes are no error.
	FailCode(ctx context.Context, now time.Time, hash string, burn bool) error
	// Redeem spends a live code of this client and inserts its token; of parallel callers exactly one wins (OA-150), and the others
	// change nothing. ErrNoCode; ErrCodeSpent: it was redeemed before.
	Redeem(ctx context.Context, now time.Time, codeHash, clientID string, t Token) (Token, Change, error)
	// RevokeReplayed deletes the token that a spent code of this client was redeemed for (OA-55). Nothing to delete is no error.
	RevokeReplayed(ctx context.Context, now time.Time, codeHash, clientID string) (Change, error)

	// PutToken inserts a token and gives it back with its ID: ErrTokenExists, ErrNoClient, ErrGone. taken, if not nil, is called within the
	// transaction, and perhaps again when that is repeated, with the hash of each unexpired token of the same prefix; when it says true, that
	// is ErrTokenExists. Of two callers with a taken and one prefix, in whichever replicas, the second sees the first one's token (OA-61).
	PutToken(ctx context.Context, now time.Time, t Token, taken func(hash string) bool) (Token, Change, error)
	// TokensByPrefix gives the unexpired tokens with a prefix, for a constant-time comparison by the caller (OA-61),
	// with what their clients are for: one query, since every request that is not remembered makes it.
	TokensByPrefix(ctx context.Context, now time.Time, prefix string) ([]Issued, error)
	// Tokens lists an owner's unexpired tokens in the order of OA-86, with what their clients are.
	Tokens(ctx context.Context, now time.Time, owner OwnerRef) ([]Issued, error)
	// Token gives one of them: ErrNoToken.
	Token(ctx context.Context, now time.Time, owner OwnerRef, id int64) (Issued, error)
	// Agreed gives the scopes of an owner's unexpired tokens of one client, in no order, some perhaps repeated (OA-34).
	Agreed(ctx context.Context, now time.Time, owner OwnerRef, clientID string) ([]scopes.Scope, error)
	// DeleteToken removes an owner's token; one issued through a client takes all of that owner's tokens of that client along (OA-86). ErrNoToken.
	DeleteToken(ctx context.Context, now time.Time, owner OwnerRef, id int64) (Change, error)
	// DeleteSession removes an owner's tokens of one browser session: logging out (OA-110).
	DeleteSession(ctx context.Context, now time.Time, owner OwnerRef, sessionID string) (Change, error)
	// Touch records activity of tokens, in one batch (OA-78). Unknown ids are ignored; times only grow.
	Touch(ctx context.Context, at map[int64]time.Time) error

	// Owners lists everyone who has a token or a code, expired or not.
	Owners(ctx context.Context) ([]OwnerRef, error)
	// Forget removes an owner's tokens and codes and remembers the owner as gone, so that a racing PutToken or PutCode fails with ErrGone.
	Forget(ctx context.Context, now time.Time, ref OwnerRef) (Change, error)
	// Renamed rewrites the filters of stored raw scopes and clients after the host renamed a user or server ("owner/name").
	Renamed(ctx context.Context, now time.Time, kind, from, to string) (Change, error)
	// Purge deletes what is expired (OA-59), and what is older than the order says. Nobody's access differs by it, so it appends no Change.
	Purge(ctx context.Context, now time.Time, o PurgeOrder) (Purged, error)
	// Changes gives up to limit changes after a sequence number, oldest first.
	Changes(ctx context.Context, after int64, limit int) ([]Change, error)
}
