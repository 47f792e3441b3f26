package hubsim

import (
	"context"
	"errors"
	"fmt"

	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// plantShares gives access as [Hub.Share] does, one after the other up to the first that is wrong, but in one transaction.
func (h *Hub) plantShares(ctx context.Context, shares []Share) error {
	if len(shares) == 0 {
		return nil
	}
	all, err := h.registry.RoleScopes("admin")
	if err != nil {
		return err
	}
	held := h.registry.Held(scopes.Owner{}, all, nil)
	requests := make([]sharing.SeedRequest, len(shares))
	for i, s := range shares {
		requests[i] = sharing.SeedRequest{Server: sharing.ServerName{Owner: s.Owner, Name: s.Server}, Grantee: s.grantee(), Scopes: s.Scopes}
	}
	err = h.sharing.Seed(ctx, held, requests)
	var wrong *sharing.SeedError
	if !errors.As(err, &wrong) {
		return err
	}
	why := wrong.Err
	owner := shares[wrong.At].Owner
	if _, known := h.roster.userByName(owner); !known {
		why = noSuchOwner(owner)
	}
	// Those before it are made all the same, like all else that a seed adds before an error.
	return errors.Join(wrongField(fmt.Sprintf("Shares[%d]", wrong.At), why), h.plantShares(ctx, shares[:wrong.At]))
}
