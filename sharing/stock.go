package sharing

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/hubshare/hubshare/scopes"
)

// Stock makes a [Service] answer as a JupyterHub 5.5 does where it otherwise deliberately does not, for hubs that people try their clients against. None of it
// lets anybody in; the zero value is none of it.
type Stock struct {
	// VerbatimRevoke: a scope that is to be revoked is compared as it is written, so that one without a filter revokes nothing (SH-42).
	VerbatimRevoke bool
	// CountExpired: lists of codes count those that have expired and are not purged yet, and have gaps where these were (SH-69).
	CountExpired bool
	// EmptyMeansAll: who deletes the code or the id "" deletes all codes of the server (SH-111). For handlers, which know what was sent.
	EmptyMeansAll bool
	// LooseCodeID: whatever stands behind the digits of a code's id is ignored (SH-112).
	LooseCodeID bool
}

// Differs tells OnDifference, if anybody wants to know, that a stock hub would have answered another way.
func (s *Service) Differs(ctx context.Context, rule, how string) {
	if s.OnDifference != nil {
		s.OnDifference(ctx, rule, how)
	}
}

// listedAt is the time by which a list of codes is drawn up. By the beginning of time nothing has expired.
func (s *Service) listedAt(now time.Time) time.Time {
	if s.Stock.CountExpired {
		return time.Time{}
	}
	return now
}

// noteExpired tells of codes that a stock hub would have counted. It costs a query, for those alone who want to know.
func (s *Service) noteExpired(ctx context.Context, f Filter, live int) {
	if s.OnDifference == nil || s.Stock.CountExpired {
		return
	}
	if all, err := s.Store.Codes(ctx, time.Time{}, f, Window{}); err == nil && all.Total > live {
		s.Differs(ctx, "SH-69", "it would have counted expired codes in total, and left gaps for them")
	}
}

// codeID reads the handle of a code.
func (s *Service) codeID(ctx context.Context, handle string) (id int64, ok bool) {
	if id, ok = ParseCodeID(handle); ok {
		return id, true
	}
	if id, ok = looseCodeID(handle); ok && !s.Stock.LooseCodeID {
		s.Differs(ctx, "SH-112", "it would have taken the id for "+CodeID(id))
		return 0, false
	}
	return id, ok
}

// looseCodeID reads "sc_", digits, and what may follow.
func looseCodeID(handle string) (id int64, ok bool) {
	rest, found := strings.CutPrefix(handle, "sc_")
	digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
	if !found || digits == "" {
		return 0, false
	}
	id, err := strconv.ParseInt(digits, 10, 64)
	return id, err == nil
}

// DirectScopes are those of [Service.SharedScopes] that are shared with the user and not with a group: all that a stock hub's tokens get of them (SH-161).
func (s *Service) DirectScopes(ctx context.Context, userID string) ([]scopes.Scope, error) {
	list, _, err := s.sharedScopes(ctx, userID, nil)
	return list, err
}
