package sharing

import "time"

// Actions of a [Change] and of the log record beside it (SH-182).
const (
	ActionGrant     = "share.grant"
	ActionRevoke    = "share.revoke"
	ActionRevokeAll = "share.revoke_all"
	ActionLeave     = "share.leave"
	ActionCreate    = "code.create"
	ActionDelete    = "code.delete"
	ActionExchange  = "code.exchange"
	// A server, user or group of the host is gone, with what hung on it (SH-7).
	ActionForget = "forget"
)

// Change is one committed mutation, audit row and event in one, numbered by the store. The zero Change means that nothing
// was changed, so that there is nothing to tell.
type Change struct {
	Seq      int64 // from 1, ascending
	At       time.Time
	Action   string
	ActorID  string // the host's id of who did it; "" = the host itself
	ServerID string // "" = several servers
	CodeID   string // as [CodeID] gives it; "" = no code, or several
	// UserIDs and GroupIDs are whose access may differ now; both empty = anyone's. A change of codes alone differs nobody's and
	// names the server's owner.
	UserIDs, GroupIDs []string
}
