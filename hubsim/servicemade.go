package hubsim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	"github.com/hubshare/hubshare/scopes"
)

// This file makes and removes services while the hub runs (OA-14). Programs are started by the configuration alone: nobody who reaches the API chooses
// what runs on the hub's machine.

// serviceKeys are what a service may be described by in a request.
var serviceKeys = map[string]string{"name": kindString, "url": kindString, "api_token": kindString, "admin": kindBool, "display": kindBool, "info": kindObject,
	"command": kindList, "oauth_client_id": kindString, "oauth_redirect_uri": kindString, "oauth_no_confirm": kindBool, "oauth_client_allowed_scopes": kindList}

// serviceOrder is a service as a request asks for it, and as it is stored: then without its token, of which the token's own row has the hash, and without
// what it may ask of its visitors, which is its client's.
type serviceOrder struct {
	Name        string         `json:"name,omitempty"`
	URL         string         `json:"url,omitempty"`
	APIToken    string         `json:"api_token,omitempty"`
	Admin       bool           `json:"admin,omitempty"`
	Display     *bool          `json:"display,omitempty"`
	Info        map[string]any `json:"info,omitempty"`
	Command     []string       `json:"command,omitempty"`
	ClientID    string         `json:"oauth_client_id,omitempty"`
	RedirectURI string         `json:"oauth_redirect_uri,omitempty"`
	NoConfirm   bool           `json:"oauth_no_confirm,omitempty"`
	Allowed     []string       `json:"oauth_client_allowed_scopes,omitempty"`
}

// Format leaves the token out, for every verb.
func (o serviceOrder) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, o.service(o.Name)) }

func (o serviceOrder) service(name string) Service {
	return Service{Name: name, URL: o.URL, APIToken: oauth.Secret(o.APIToken), Admin: o.Admin, Display: o.Display, Info: o.Info, OAuthClientID: o.ClientID,
		OAuthRedirectURI: o.RedirectURI, OAuthNoConfirm: o.NoConfirm, OAuthClientAllowedScopes: o.Allowed}
}

// createService is POST /services/{s} (HB-147, OA-14).
func (h *Hub) createService(w http.ResponseWriter, r *http.Request, v visitor) error {
	on := scopes.Service(r.PathValue("service"))
	if err := refusal(v.scopes.Explain([]string{"admin:services"}, on, h.roster)); err != nil {
		return err
	}
	if h.services.named(on.Name) != nil {
		return serviceExists(on.Name)
	}
	order, err := readServiceOrder(r, on.Name)
	if err != nil {
		return err
	}
	s := &service{Service: order.service(on.Name), made: true}
	if err := s.check(); err != nil {
		return badService(err)
	}
	if s.allowed, err = h.mayAsk(v, order); err != nil {
		return err
	}
	// A client that goes away must not leave half a service.
	if err := h.makeService(context.WithoutCancel(r.Context()), s, order); err != nil {
		return err
	}
	h.log.Info("service created", "service", s.Name, "by", v.ref.Name)
	web.WriteJSON(w, http.StatusCreated, h.serviceModel(s, h.registry.Fields(v.scopes, on, h.roster)))
	return nil
}

func serviceExists(name string) error {
	return web.Errorf(http.StatusConflict, "Service %s already exists", shortened(name))
}

// badService tells a client what is wrong with a service, with the key that it sent.
func badService(err error) error {
	var field *ConfigError
	if errors.As(err, &field) {
		return web.Errorf(http.StatusBadRequest, "%s: %s", field.Path(), field.Reason())
	}
	return err
}

func readServiceOrder(r *http.Request, name string) (order serviceOrder, err error) {
	body, err := requiredObject(r)
	if err != nil {
		return order, err
	}
	if err := body.check("service", serviceKeys); err != nil {
		return order, err
	}
	for _, key := range []string{"command", "oauth_client_allowed_scopes"} {
		if _, err := body.names(key, key); err != nil {
			return order, err
		}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return order, fmt.Errorf("read a service: %w", err)
	}
	if err := json.Unmarshal(raw, &order); err != nil {
		return order, web.Errorf(http.StatusBadRequest, "Invalid JSON in body of request")
	}
	switch {
	case len(order.Command) > 0:
		return order, web.Errorf(http.StatusBadRequest, "Managed services can not be created while the hub runs")
	case order.Name != "" && order.Name != name:
		return order, web.Errorf(http.StatusBadRequest, "service.name must be the name in the path")
	}
	return order, nil
}

// mayAsk gives the scopes that a new service may ask of its visitors. Nobody makes a service that can do more than they can themselves.
func (h *Hub) mayAsk(v visitor, order serviceOrder) ([]scopes.Scope, error) {
	by := scopes.Owner{Kind: v.ref.Kind, Name: v.ref.Name}
	if order.Admin {
		roles, err := h.registry.RoleScopes("admin")
		if err != nil {
			return nil, err
		}
		more, err := h.registry.Excess(roles, by, scopes.Client{}, v.scopes, h.roster)
		if err != nil {
			return nil, err
		}
		if !h.isAdmin(v) || more.Len() > 0 {
			return nil, web.Errorf(http.StatusForbidden, "Only admins can grant admin permissions")
		}
	}
	list, err := h.registry.ParseValid(order.Allowed, "")
	if err != nil {
		return nil, web.Errorf(http.StatusBadRequest, "oauth_client_allowed_scopes: %s", err)
	}
	var lacks []string
	for _, s := range list {
		one := []scopes.Scope{s}
		means, err := h.registry.Expand(one, by, scopes.Client{})
		if err != nil {
			return nil, web.Errorf(http.StatusBadRequest, "oauth_client_allowed_scopes: %s", err)
		}
		more, err := h.registry.Excess(one, by, scopes.Client{}, v.scopes, h.roster)
		if err != nil {
			return nil, err
		}
		// What means nothing to them is not theirs to give, nor is whatever a visitor holds.
		if s.Base == "inherit" || means.Len() == 0 || more.Len() > 0 {
			lacks = append(lacks, s.String())
		}
	}
	if len(lacks) > 0 {
		return nil, web.Errorf(http.StatusBadRequest, "oauth_client_allowed_scopes: you do not hold %s", shortened(strings.Join(lacks, ",")))
	}
	return list, nil
}

// makeService gives a new service its row, its token, its client and its route; all or none.
func (h *Hub) makeService(ctx context.Context, s *service, order serviceOrder) error {
	h.resets.Lock()
	defer h.resets.Unlock()
	if h.services.named(s.Name) != nil {
		return serviceExists(s.Name)
	}
	order.Name, order.APIToken, order.Allowed = "", "", nil
	stored, err := json.Marshal(order)
	if err != nil {
		return fmt.Errorf("store service %s: %w", s.Name, err)
	}
	if s.id, err = h.roster.db.addService(ctx, s.Name, stored); err != nil {
		return err
	}
	h.giveRights(s)
	h.services.add(s)
	registered := false
	err = h.giveToken(ctx, s)
	if err == nil {
		err = h.giveClient(ctx, s)
		registered = err == nil && s.isClient()
	}
	if err == nil {
		err = h.settleAddress(ctx, s)
	}
	if err == nil {
		return nil
	}
	undone := h.takeBack(ctx, s, registered)
	switch {
	case undone != nil:
		return errors.Join(err, undone)
	case errors.Is(err, oauth.ErrTokenExists):
		return web.Errorf(http.StatusBadRequest, "api_token: another one is needed")
	case errors.Is(err, oauth.ErrClientTaken): // OA-13
		return web.Errorf(http.StatusConflict, "OAuth client %s belongs to another service", shortened(s.clientID()))
	case errors.Is(err, oauth.ErrInvalidClient):
		return web.Errorf(http.StatusBadRequest, "Invalid OAuth client: see oauth_client_id and oauth_redirect_uri")
	}
	return badService(err)
}

// deleteService is DELETE /services/{s} (HB-147, OA-14). What the service was given goes too.
func (h *Hub) deleteService(w http.ResponseWriter, r *http.Request, v visitor) error {
	on := scopes.Service(r.PathValue("service"))
	if err := refusal(v.scopes.Explain([]string{"admin:services"}, on, h.roster)); err != nil {
		return err
	}
	h.resets.Lock()
	defer h.resets.Unlock()
	s := h.services.named(on.Name)
	switch {
	case s == nil:
		return web.Errorf(http.StatusNotFound, "No such service: %s", shortened(on.Name))
	case !s.made:
		return web.Errorf(http.StatusMethodNotAllowed, "Service %s is not modifiable at runtime", shortened(on.Name))
	}
	if err := h.takeBack(context.WithoutCancel(r.Context()), s, s.isClient()); err != nil {
		return err
	}
	h.log.Info("service deleted", "service", s.Name, "by", v.ref.Name)
	w.WriteHeader(http.StatusOK)
	return nil
}

// takeBack removes a service that was made: first its row, which denies at once, then what hangs on it. The caller holds resets.
func (h *Hub) takeBack(ctx context.Context, s *service, registered bool) error {
	if err := h.roster.db.dropService(ctx, s.id); err != nil {
		return err
	}
	h.services.remove(s)
	if s.URL != "" {
		h.proxy.Remove(h.plainBase + "services/" + s.Name + "/")
	}
	errs := []error{h.provider.ForgetOwner(ctx, s.ref())}
	if registered {
		errs = append(errs, h.provider.RemoveClient(ctx, s.clientID()))
	}
	return errors.Join(errs...)
}

// takeBackMade removes every service that was made. The caller holds resets.
func (h *Hub) takeBackMade(ctx context.Context) error {
	for _, s := range h.services.all() {
		if s.made {
			if err := h.takeBack(ctx, s, s.isClient()); err != nil {
				return err
			}
		}
	}
	return nil
}

// restoreMade brings back the services that were made on an earlier hub on the same database.
func (h *Hub) restoreMade(list []madeService) error {
	for _, m := range list {
		var order serviceOrder
		if err := json.Unmarshal(m.order, &order); err != nil {
			return fmt.Errorf("read service %s: %w", m.name, err)
		}
		s := &service{Service: order.service(m.name), id: m.id, made: true}
		h.giveRights(s)
		h.services.add(s)
	}
	return nil
}
