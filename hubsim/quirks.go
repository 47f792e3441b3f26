package hubsim

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// quirks are the ways of a stock hub that Config.UpstreamQuirks brings back: the closed list of HB-158.
type quirks struct {
	cutTokens       bool          // neither what is shared with groups counts for tokens, nor what shared scopes imply (SH-161)
	sharing         sharing.Stock // SH-42, SH-69, SH-111, SH-112
	filterText      bool          // HB-193
	keepConnections bool          // servers believe for 300 s, sockets stay open (SH-164)
}

func (c Config) quirks() quirks {
	on := c.UpstreamQuirks
	return quirks{cutTokens: on, filterText: on, keepConnections: on,
		sharing: sharing.Stock{VerbatimRevoke: on, CountExpired: on, EmptyMeansAll: on, LooseCodeID: on}}
}

// onDifference is differs for those whom it costs something to find out; nil when nobody would read it.
func (h *Hub) onDifference() func(ctx context.Context, rule, how string) {
	if h.cfg.UpstreamQuirks || !h.log.Enabled(h.life, slog.LevelInfo) {
		return nil
	}
	return h.differs
}

// differs tells the run log where a stock hub would have answered differently.
func (h *Hub) differs(ctx context.Context, rule, how string) {
	h.log.InfoContext(ctx, "a stock hub would have answered differently", "rule", rule, "how", how)
}

// cutTokens says what a user's tokens may do at most, if that is not all that the user may: shared are the scopes of all their shares.
func (h *Hub) cutTokens(ctx context.Context, o *oauth.Owner, a account, shared []scopes.Scope) error {
	cut := h.cfg.quirks().cutTokens
	if len(shared) == 0 || !cut && !h.log.Enabled(ctx, slog.LevelInfo) {
		return nil
	}
	direct := shared
	if len(a.Groups) > 0 {
		var err error
		if direct, err = h.sharing.DirectScopes(ctx, a.ID); err != nil {
			return fmt.Errorf("sum what is shared with %s alone: %w", a.Name, err)
		}
	}
	stock := h.registry.HeldByStock(o.Owner, o.Roles, direct)
	switch {
	case cut:
		o.Cut = &stock
	case !slices.Equal(direct, shared):
		h.differs(ctx, "SH-161", "it would have left out what is shared with groups, for the tokens of "+a.Name)
	case !stock.Equal(o.Held):
		h.differs(ctx, "SH-161", "it would have left out what shared scopes imply, for the tokens of "+a.Name)
	}
	return nil
}
