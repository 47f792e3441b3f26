package hubsim

import (
	"context"
	"fmt"
)

// AddUser adds a user to a hub that runs, or gives one who exists what they lack (HB-166); see [Hub.Seed], which also tells the secrets of tokens.
func (h *Hub) AddUser(ctx context.Context, u User) error {
	_, err := h.Seed(ctx, Seed{Users: []User{u}})
	return err
}

// AddGroup adds a group, or members to one that exists (HB-166).
func (h *Hub) AddGroup(ctx context.Context, g Group) error {
	_, err := h.Seed(ctx, Seed{Groups: []Group{g}})
	return err
}

// AddRole adds a role, or puts it in place of one of that name; whoever gains or loses rights does so at once (HB-166).
func (h *Hub) AddRole(ctx context.Context, r Role) error {
	_, err := h.Seed(ctx, Seed{Roles: []Role{r}})
	return err
}

// AddService adds a service that somebody else starts, with its token, its client and its route (HB-166, OA-14); one with a Command is for the configuration alone. It goes
// with a [Hub.Reset]. Errors are *ConfigError, or say that its name, its token or its client id is another's.
func (h *Hub) AddService(ctx context.Context, s Service) error {
	if len(s.Command) > 0 {
		return wrongFieldf("Command", "is for the configuration alone")
	}
	made := &service{Service: s, made: true}
	if err := made.check(); err != nil {
		return err
	}
	allowed, err := h.registry.ParseValid(s.OAuthClientAllowedScopes, "")
	if err != nil {
		return wrongField("OAuthClientAllowedScopes", err)
	}
	made.allowed = allowed
	order := serviceOrder{Name: s.Name, URL: s.URL, Admin: s.Admin, Display: s.Display, Info: s.Info, ClientID: s.OAuthClientID, RedirectURI: s.OAuthRedirectURI,
		NoConfirm: s.OAuthNoConfirm}
	if err := h.makeService(context.WithoutCancel(ctx), made, order); err != nil {
		return fmt.Errorf("add service %s: %w", s.Name, err)
	}
	return nil
}
