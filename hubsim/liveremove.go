package hubsim

import (
	"context"
	"errors"
	"fmt"

	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/sharing"
)

// This file takes away what people hold other than by a share. Each acts before it returns: the next request is refused, and connections that rested on it are closed.

// RemoveFromGroup takes a user out of a group. It is no error if they were not in it. Errors wrap sharing.ErrNoSuchUser and sharing.ErrNoSuchGroup.
func (h *Hub) RemoveFromGroup(ctx context.Context, user, group string) error {
	id, err := h.roster.removeMember(ctx, user, group)
	if err != nil {
		return fmt.Errorf("remove %s from group %s: %w", user, group, err)
	}
	h.accessChanged(ctx, oauth.OwnerRef{Kind: oauth.KindUser, ID: id})
	return nil
}

// DeleteGroup deletes a group and what is shared with it (SH-7). The error wraps sharing.ErrNoSuchGroup.
func (h *Hub) DeleteGroup(ctx context.Context, name string) error {
	id, members, err := h.roster.removeGroup(ctx, name)
	if err != nil {
		return fmt.Errorf("delete group %s: %w", name, err)
	}
	if len(members) > 0 {
		h.accessChanged(ctx, members...)
	}
	return h.sharing.GroupRemoved(context.WithoutCancel(ctx), id)
}

// DeleteUser deletes a user: their servers stop, their tokens are gone, and so is what they shared and what was shared with them (SH-7). The error wraps
// sharing.ErrNoSuchUser.
func (h *Hub) DeleteUser(ctx context.Context, name string) error {
	id, servers, err := h.roster.removeUser(ctx, name)
	if err != nil {
		return fmt.Errorf("delete user %s: %w", name, err)
	}
	// The row has gone, which denies at once; what hangs on it follows, whoever still waits for the answer.
	ctx = context.WithoutCancel(ctx)
	ref := oauth.OwnerRef{Kind: oauth.KindUser, ID: id}
	h.accessChanged(ctx, ref)
	for _, s := range servers {
		h.stop(ctx, s)
	}
	return errors.Join(h.sharing.UserRemoved(ctx, id), h.provider.ForgetOwner(ctx, ref))
}

// SetAdmin gives a user role admin, or takes it away. The error wraps sharing.ErrNoSuchUser.
func (h *Hub) SetAdmin(ctx context.Context, user string, admin bool) error {
	id, err := h.roster.setAdmin(ctx, user, admin)
	if err != nil {
		return fmt.Errorf("change whether %s is admin: %w", user, err)
	}
	h.accessChanged(ctx, oauth.OwnerRef{Kind: oauth.KindUser, ID: id})
	return nil
}

func (r *roster) removeMember(ctx context.Context, name, group string) (id string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u, g := r.users[name], r.groups[group]
	switch {
	case u == nil:
		return "", sharing.ErrNoSuchUser
	case g == nil:
		return "", sharing.ErrNoSuchGroup
	}
	if err := r.db.removeMember(ctx, g.id, u.id); err != nil {
		return "", err
	}
	delete(u.groups, group)
	return u.id, nil
}

func (r *roster) removeGroup(ctx context.Context, name string) (id string, members []oauth.OwnerRef, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.groups[name]
	if g == nil {
		return "", nil, sharing.ErrNoSuchGroup
	}
	if err := r.db.exec(ctx, `DELETE FROM hub_groups WHERE id = ?`, rowID(g.id)); err != nil {
		return "", nil, err
	}
	delete(r.groups, name)
	for _, role := range r.roles {
		delete(role.groups, name) // a group of that name that is made later is another one
	}
	for id, u := range r.byID {
		if u.groups[name] {
			delete(u.groups, name)
			members = append(members, oauth.OwnerRef{Kind: oauth.KindUser, ID: id})
		}
	}
	return g.id, members, nil
}

func (r *roster) removeUser(ctx context.Context, name string) (id string, servers []*server, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.users[name]
	if u == nil {
		return "", nil, sharing.ErrNoSuchUser
	}
	if err := r.db.exec(ctx, `DELETE FROM hub_users WHERE id = ?`, rowID(u.id)); err != nil {
		return "", nil, err
	}
	delete(r.users, name)
	for _, role := range r.roles {
		delete(role.users, name)
	}
	delete(r.byID, u.id)
	for _, s := range u.servers {
		delete(r.servers, s.id)
		servers = append(servers, s)
	}
	return u.id, servers, nil
}

func (r *roster) setAdmin(ctx context.Context, name string, admin bool) (id string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.users[name]
	if u == nil {
		return "", sharing.ErrNoSuchUser
	}
	if err := r.db.setAdmin(ctx, u.id, admin); err != nil {
		return "", err
	}
	u.admin = admin
	return u.id, nil
}
