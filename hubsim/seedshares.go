package hubsim

import (
	"context"
	"fmt"
	"slices"

	"github.com/hubshare/hubshare/sharing"
)

// plantShares gives access as [Hub.Share] does, but those that follow one another on one server with one list of scopes in one transaction, which
// the log of changes has as one grant to several.
func (h *Hub) plantShares(ctx context.Context, shares []Share) error {
	for first := 0; first < len(shares); {
		next := first + 1
		for next < len(shares) && next-first < sharing.MaxGrantees && shares[first].alike(shares[next]) {
			next++
		}
		if err := h.plantAlike(ctx, shares[first:next], first); err != nil {
			return err
		}
		first = next
	}
	return nil
}

// alike says whether both are of one server and of scopes written alike.
func (s Share) alike(o Share) bool {
	return s.Owner == o.Owner && s.Server == o.Server && slices.Equal(s.Scopes, o.Scopes)
}

// plantAlike gives one server to several. first is the place of the first of them.
func (h *Hub) plantAlike(ctx context.Context, shares []Share, first int) error {
	if len(shares) > 1 && h.shareWithAll(ctx, shares) == nil {
		return nil
	}
	// One by one, so that what is wrong is told of the share that it is about, and those before it stay.
	for i, s := range shares {
		if err := h.Share(ctx, s); err != nil {
			return wrongField(fmt.Sprintf("Shares[%d]", first+i), err)
		}
	}
	return nil
}

// shareWithAll gives one server to all of them, or to nobody.
func (h *Hub) shareWithAll(ctx context.Context, shares []Share) error {
	by, err := h.caller(shares[0].Owner)
	if err != nil {
		return err
	}
	r := sharing.BulkRequest{Server: sharing.ServerName{Owner: shares[0].Owner, Name: shares[0].Server}, Scopes: shares[0].Scopes}
	for _, s := range shares {
		r.Grantees = append(r.Grantees, s.grantee())
	}
	_, err = h.sharing.GrantMany(ctx, by, r)
	return err
}
