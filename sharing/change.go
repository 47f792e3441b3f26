package sharing

import (
	"log/slog"
	"strings"
	"time"
)

// Actions of a [Change] and of the log record beside it (SH-182).
const (
	ActionGrant     = "share.grant"
	ActionRevoke    = "share.revoke"
	ActionRevokeAll = "share.revoke_all"
	ActionLeave     = "share.leave"
	ActionCreate    = "code.create"
	ActionDelete    = "code.delete"
	ActionExchange  = "code.exchange"
	// The host made shares, of many servers.
	ActionSeed = "share.seed"
	// The server stopped, and with it what was shared until then.
	ActionEndSession = "share.end_session"
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
	// Record is the same for people, in the names of that day.
	Record Record
}

// Record is what a [Change] says that ids do not, and that outlives its subjects. It holds no secret.
type Record struct {
	ActorKind string   `json:"actor_kind,omitempty"`
	Actor     string   `json:"actor,omitempty"`
	Server    string   `json:"server,omitempty"`   // "owner/name"
	Grantees  []string `json:"grantees,omitempty"` // "user:name", "group:name"
	// Bases are scopes without the server's filter: those granted, those taken away, those of a code that was made or exchanged.
	Bases []string `json:"scopes,omitempty"`
	// Cascade: the access that a code gave went with it.
	Cascade bool `json:"cascade,omitempty"`
}

// Record begins the record of an act about these bases.
func (a Act) Record(bases []string) Record {
	return Record{ActorKind: a.Actor.Kind, Actor: a.Actor.Name, Server: a.Server, Grantees: a.Grantees, Bases: bases}
}

// LogValue shows in one group what happened, in the words of the record (SH-180, SH-182).
func (c Change) LogValue() slog.Value {
	var list []string
	for _, base := range c.Record.Bases {
		if c.Record.Server != "" { // else of several
			base += "!server=" + c.Record.Server
		}
		list = append(list, base)
	}
	var attrs []slog.Attr
	for _, a := range []struct{ key, value string }{
		{"action", c.Action}, {"actor_kind", c.Record.ActorKind}, {"actor", c.Record.Actor}, {"code", c.CodeID}, {"server", c.Record.Server},
		{"grantee", strings.Join(c.Record.Grantees, " ")}, {"scopes", strings.Join(list, " ")},
	} {
		if a.value != "" {
			attrs = append(attrs, slog.String(a.key, a.value))
		}
	}
	if c.Action == ActionRevokeAll || c.Action == ActionEndSession {
		attrs = append(attrs, slog.Int("count", len(c.UserIDs)+len(c.GroupIDs)))
	}
	if c.Record.Cascade {
		attrs = append(attrs, slog.Bool("cascade", true))
	}
	return slog.GroupValue(attrs...)
}
