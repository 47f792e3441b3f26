package sharing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// CodeRequest asks for a share code (SH-102).
type CodeRequest struct {
	Server ServerName
	// Scopes as for [GrantRequest]; none = access to the server (SH-34).
	Scopes []string
	// Lifetime from MinCodeLifetime to MaxCodeLifetime; 0 = DefaultCodeLifetime (SH-20).
	Lifetime time.Duration
}

// CreateCode makes a code and gives its secret, which nobody can get again (SH-11). Errors, in the order of the checks: those of Authorize,
// ErrLifetime, ErrInvalidScope, ErrScopeFilter, ErrScopeNotHeld, ErrNoSuchServer.
func (s *Service) CreateCode(ctx context.Context, by Caller, r CodeRequest) (Code, Secret, error) {
	if err := s.Authorize(by, ScopeShare, r.Server.Resource()); err != nil {
		return Code{}, Secret{}, err
	}
	if r.Lifetime == 0 {
		r.Lifetime = DefaultCodeLifetime
	}
	if r.Lifetime < MinCodeLifetime || r.Lifetime > MaxCodeLifetime {
		return Code{}, Secret{}, refuse(ErrLifetime, "expires_in: must be from %d to %d seconds",
			MinCodeLifetime/time.Second, MaxCodeLifetime/time.Second)
	}
	bases, err := s.bases(r.Scopes, r.Server)
	if err != nil {
		return Code{}, Secret{}, err
	}
	if err := s.mayGrant(by, bases, r.Server); err != nil {
		return Code{}, Secret{}, err
	}
	srv, err := s.findServer(ctx, r.Server)
	if err != nil {
		return Code{}, Secret{}, err
	}
	secret, err := NewSecret(s.random())
	if err != nil {
		return Code{}, Secret{}, err
	}
	hash, prefix, err := secret.Hash(s.random())
	if err != nil {
		return Code{}, Secret{}, err
	}
	now := s.now()
	row, c, err := s.Store.CreateCode(ctx, now, CodeOrder{
		ActorID: by.ID, Place: placeOf(srv), Bases: bases, Prefix: prefix, Hash: hash, ExpiresAt: now.Add(r.Lifetime),
	})
	switch {
	case errors.Is(err, ErrGone):
		return Code{}, Secret{}, noSuchServer(r.Server)
	case err != nil:
		return Code{}, Secret{}, fmt.Errorf("create a code for %s: %w", r.Server, err)
	}
	s.changed(ctx, by.Ref, c, slog.String("server", srv.String()), logScopes(filtered(bases, r.Server)))
	return codeOf(row, srv), secret, nil
}

// FindCode shows a visitor what a code would give them, and changes nothing (SH-142). Errors: ErrAnonymous, ErrNotAUser, ErrCodeNotFound, ErrOwnCode.
func (s *Service) FindCode(ctx context.Context, by Caller, secret Secret) (Code, error) {
	switch {
	case by.ID == "":
		return Code{}, refuse(ErrAnonymous, "Missing or invalid credentials.")
	case by.Kind != KindUser:
		return Code{}, refuse(ErrNotAUser, "Only users can accept a share")
	}
	probe, ok := secret.Probe()
	if !ok {
		return Code{}, codeNotFound()
	}
	row, err := s.Store.FindCode(ctx, s.now(), probe)
	switch {
	case errors.Is(err, ErrCodeNotFound):
		return Code{}, codeNotFound()
	case err != nil:
		return Code{}, fmt.Errorf("find a code: %w", err)
	case row.OwnerID == by.ID:
		return Code{}, ownCode()
	}
	servers, err := s.Directory.Servers(ctx, []string{row.ServerID})
	if err != nil {
		return Code{}, fmt.Errorf("look up the server of a code: %w", err)
	}
	srv, ok := servers[row.ServerID]
	if !ok {
		// The host deleted it a moment ago and has not said so yet.
		return Code{}, codeNotFound()
	}
	return codeOf(row, srv), nil
}

// Exchange turns a code into a share of the visitor's, or adds to the one they have, and counts it (SH-44). Nobody's present
// right to share is looked at again. Errors as for FindCode.
func (s *Service) Exchange(ctx context.Context, by Caller, secret Secret) (Share, error) {
	code, err := s.FindCode(ctx, by, secret)
	if err != nil {
		return Share{}, err
	}
	probe, _ := secret.Probe()
	row, c, err := s.Store.Exchange(ctx, s.now(), probe, by.Ref)
	switch {
	case errors.Is(err, ErrCodeNotFound), errors.Is(err, ErrGone):
		return Share{}, codeNotFound()
	case errors.Is(err, ErrOwnCode):
		return Share{}, ownCode()
	case err != nil:
		return Share{}, fmt.Errorf("exchange %s: %w", code, err)
	}
	s.changed(ctx, by.Ref, c, slog.String("server", code.Server.String()), slog.String("grantee", GranteeName{by.Kind, by.Name}.String()), logScopes(code.Scopes))
	return shareOf(row, code.Server, by.Ref), nil
}

// DeleteCode deletes the live code of this server that has this secret (SH-110). Shares that came from it stay (SH-113). Errors: those of
// Authorize, ErrNoSuchServer, ErrCodeNotFound.
func (s *Service) DeleteCode(ctx context.Context, by Caller, n ServerName, secret Secret) error {
	srv, err := s.gateServer(ctx, by, ScopeShare, n)
	if err != nil {
		return err
	}
	err = ErrCodeNotFound
	var c Change
	if probe, ok := secret.Probe(); ok {
		_, c, err = s.Store.DeleteCodeBySecret(ctx, s.now(), by.ID, srv.ID, probe)
	}
	switch {
	case errors.Is(err, ErrCodeNotFound):
		return refuse(ErrCodeNotFound, "No matching code found")
	case err != nil:
		return fmt.Errorf("delete a code of %s: %w", n, err)
	}
	s.changed(ctx, by.Ref, c, slog.String("server", srv.String()))
	return nil
}

// DeleteCodeByID deletes a code of this server, expired or not, by its handle as the client sent it (SH-110, SH-112). Errors as for DeleteCode.
func (s *Service) DeleteCodeByID(ctx context.Context, by Caller, n ServerName, handle string) error {
	srv, err := s.gateServer(ctx, by, ScopeShare, n)
	if err != nil {
		return err
	}
	err = ErrCodeNotFound
	var c Change
	if id, ok := ParseCodeID(handle); ok {
		c, err = s.Store.DeleteCode(ctx, s.now(), by.ID, srv.ID, id)
	}
	switch {
	case errors.Is(err, ErrCodeNotFound):
		return refuse(ErrCodeNotFound, "No code found matching id=%s", handle)
	case err != nil:
		return fmt.Errorf("delete a code of %s: %w", n, err)
	}
	s.changed(ctx, by.Ref, c, slog.String("server", srv.String()))
	return nil
}

// DeleteCodes deletes all codes of a server, none included (SH-110). Errors: those of Authorize, ErrNoSuchServer.
func (s *Service) DeleteCodes(ctx context.Context, by Caller, n ServerName) error {
	srv, err := s.gateServer(ctx, by, ScopeShare, n)
	if err != nil {
		return err
	}
	count, c, err := s.Store.DeleteCodes(ctx, s.now(), by.ID, srv.ID)
	if err != nil {
		return fmt.Errorf("delete the codes of %s: %w", n, err)
	}
	s.changed(ctx, by.Ref, c, slog.String("server", srv.String()), slog.Int("count", count))
	return nil
}

func codeNotFound() *Error { return refuse(ErrCodeNotFound, "Share not found or expired") }

func ownCode() *Error { return refuse(ErrOwnCode, "You can't share with yourself!") }

func codeOf(row StoredCode, srv Server) Code {
	return Code{
		ID: row.ID, Server: srv, Scopes: filtered(row.Bases, nameOf(srv)), CreatedAt: row.CreatedAt,
		ExpiresAt: row.ExpiresAt, Exchanges: row.Exchanges, LastExchangedAt: row.LastExchangedAt,
	}
}
