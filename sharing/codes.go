package sharing

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// CodeRequest asks for a share code (SH-102). What follows Lifetime is not on a JupyterHub's wire.
type CodeRequest struct {
	Server ServerName
	// Scopes as for [GrantRequest]; none = access to the server (SH-34).
	Scopes []string
	// Lifetime from MinCodeLifetime to MaxCodeLifetime; 0 = DefaultCodeLifetime (SH-20).
	Lifetime time.Duration

	// MaxUses is how often the code can be exchanged, 1 to [MaxUses]; 0 = as often as one likes.
	MaxUses int
	// For are users and groups whom alone the code is for, at most MaxGrantees; with Domain, also those of the domain. The caller has to be allowed
	// to read their names (SH-86). nil = nobody in particular; an empty list without a Domain is refused.
	For []GranteeName
	// Domain is the end of user names that are like e-mail addresses, "example.org", whom alone the code is for, beside those in For. Case does not matter.
	Domain string
	// Note is for those who manage the code: at most MaxNote characters, in one line.
	Note string
	// Terms are how long the access lasts that the code gives. Exchanging it again moves the end.
	Terms Terms
}

// CreateCode makes a code and gives its secret, which nobody can get again (SH-11). Errors, in the order of the checks: those of Authorize,
// ErrLifetime, ErrInvalidCode, ErrInvalidGrantee, ErrInvalidScope, ErrScopeFilter, ErrScopeNotHeld, ErrNoSuchServer, ErrNameNotReadable, ErrNoSuchGrantee, ErrQuota.
func (s *Service) CreateCode(ctx context.Context, by Caller, r CodeRequest) (_ Code, _ Secret, err error) {
	defer s.refused(&err)
	if err := s.Authorize(by, ScopeShare, r.Server.Resource()); err != nil {
		return Code{}, Secret{}, err
	}
	if r.Lifetime == 0 {
		r.Lifetime = DefaultCodeLifetime
	}
	names, err := r.validate()
	if err != nil {
		return Code{}, Secret{}, err
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
	refs, err := s.findGrantees(ctx, by, names)
	if err != nil {
		return Code{}, Secret{}, err
	}
	now := s.now()
	if err := s.spend(ctx, now, s.creations(by), 1); err != nil {
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
	row, c, err := s.Store.CreateCode(ctx, now, act(by, srv), CodeOrder{
		Place: placeOf(srv), Bases: bases, Prefix: prefix, Hash: hash, ExpiresAt: now.Add(r.Lifetime),
		CodeLimits: CodeLimits{MaxUses: r.MaxUses, Bound: binding(refs, r.Domain), Note: r.Note, Terms: r.Terms},
	})
	switch {
	case errors.Is(err, ErrGone):
		return Code{}, Secret{}, noSuchServer(r.Server)
	case err != nil:
		return Code{}, Secret{}, fmt.Errorf("create a code for %s: %w", r.Server, err)
	}
	s.changed(ctx, c)
	return codeOf(row, srv, refs), secret, nil
}

// FindCode shows a visitor what a code would give them, and changes nothing but the count of failures (SH-142). Errors: ErrAnonymous, ErrNotAUser, ErrQuota,
// ErrCodeNotFound, ErrOwnCode, ErrNotForVisitor, ErrCodeSpent.
func (s *Service) FindCode(ctx context.Context, by Caller, secret Secret) (_ Code, err error) {
	defer s.refused(&err)
	code, err := s.findCode(ctx, by, secret)
	if err == nil && code.MaxUses > 0 && code.Exchanges >= code.MaxUses && !s.cameBy(ctx, by, code) {
		return Code{}, codeSpent()
	}
	return code, err
}

func (s *Service) findCode(ctx context.Context, by Caller, secret Secret) (Code, error) {
	switch {
	case by.ID == "":
		return Code{}, refuse(ErrAnonymous, "Missing or invalid credentials.")
	case by.Kind != KindUser:
		return Code{}, refuse(ErrNotAUser, "Only users can accept a share")
	}
	now := s.now()
	// Taken first and given back for a real code, so that many at once cannot fail more often than one after the other.
	giveBack, err := s.meters.take(now, s.failures(by), 1)
	if err != nil {
		return Code{}, err
	}
	row, err := s.probe(ctx, now, secret)
	if errors.Is(err, ErrCodeNotFound) {
		s.failed(ctx, now, by)
		return Code{}, codeNotFound()
	}
	giveBack()
	if err != nil {
		return Code{}, fmt.Errorf("find a code: %w", err)
	}
	if row.OwnerID == by.ID {
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
	invited, err := s.invited(ctx, by, row.Bound)
	if err != nil {
		return Code{}, err
	}
	if !invited {
		return Code{}, refuse(ErrNotForVisitor, "This share is for somebody else")
	}
	// Whom else it is for is none of a visitor's business, nor is the note.
	code := codeOf(row, srv, nil)
	code.Note, code.Domain = "", ""
	return code, nil
}

func (s *Service) probe(ctx context.Context, now time.Time, secret Secret) (StoredCode, error) {
	p, ok := secret.Probe()
	if !ok {
		return StoredCode{}, ErrCodeNotFound
	}
	return s.Store.FindCode(ctx, now, p)
}

// cameBy tells whether a visitor has access by this very code, to whom it is not used up. When in doubt they do not.
func (s *Service) cameBy(ctx context.Context, by Caller, code Code) bool {
	share, err := s.Store.Share(ctx, s.now(), code.Server.ID, Grantee{by.Kind, by.ID})
	return err == nil && slices.ContainsFunc(share.Grants, func(g StoredGrant) bool { return g.CodeID == code.ID })
}

// Exchange turns a code into a share of the visitor's, or adds to the one they have, and counts it (SH-44). Nobody's present
// right to share is looked at again. Errors as for FindCode.
func (s *Service) Exchange(ctx context.Context, by Caller, secret Secret) (_ Share, err error) {
	defer s.refused(&err)
	code, err := s.findCode(ctx, by, secret)
	if err != nil {
		return Share{}, err
	}
	probe, _ := secret.Probe()
	row, c, err := s.Store.Exchange(ctx, s.now(), act(by, code.Server, GranteeName{by.Kind, by.Name}), probe, by.Ref)
	switch {
	case errors.Is(err, ErrCodeNotFound), errors.Is(err, ErrGone):
		return Share{}, codeNotFound()
	case errors.Is(err, ErrOwnCode):
		return Share{}, ownCode()
	case errors.Is(err, ErrCodeSpent):
		return Share{}, codeSpent()
	case err != nil:
		return Share{}, fmt.Errorf("exchange %s: %w", code, err)
	}
	if s.changed(ctx, c) {
		s.countAccepted()
	}
	return shareOf(row, code.Server, by.Ref), nil
}

// DeleteRequest says which codes of a server go, and whether the access that they gave goes with them. Shares that came from a code stay otherwise (SH-113).
type DeleteRequest struct {
	Server ServerName
	// Cascade also takes what was granted through the codes, those included that have expired since; what the grantees have besides, they keep.
	Cascade bool
}

// DeleteCode deletes the live code of this server that has this secret (SH-110). Errors: those of Authorize, ErrNoSuchServer, ErrCodeNotFound.
func (s *Service) DeleteCode(ctx context.Context, by Caller, r DeleteRequest, secret Secret) error {
	return s.deleteCodes(ctx, by, r, "No matching code found", func(now time.Time, a Act, serverID string) (int, Change, error) {
		if p, ok := secret.Probe(); ok {
			return s.Store.DeleteCodeBySecret(ctx, now, a, serverID, p, r.Cascade)
		}
		return 0, Change{}, ErrCodeNotFound
	})
}

// DeleteCodeByID deletes a code of this server, expired or not, by its handle as the client sent it (SH-110, SH-112). With Cascade it also takes what a code gave
// that is gone already. Errors as for DeleteCode.
func (s *Service) DeleteCodeByID(ctx context.Context, by Caller, r DeleteRequest, handle string) error {
	return s.deleteCodes(ctx, by, r, "No code found matching id="+handle, func(now time.Time, a Act, serverID string) (int, Change, error) {
		if id, ok := s.codeID(ctx, handle); ok {
			return s.Store.DeleteCode(ctx, now, a, serverID, id, r.Cascade)
		}
		return 0, Change{}, ErrCodeNotFound
	})
}

// DeleteCodes deletes all codes of a server, none included (SH-110). Errors: those of Authorize, ErrNoSuchServer.
func (s *Service) DeleteCodes(ctx context.Context, by Caller, r DeleteRequest) error {
	return s.deleteCodes(ctx, by, r, "", func(now time.Time, a Act, serverID string) (int, Change, error) {
		return s.Store.DeleteCodes(ctx, now, a, serverID, r.Cascade)
	})
}

func (s *Service) deleteCodes(ctx context.Context, by Caller, r DeleteRequest, missing string, del func(time.Time, Act, string) (int, Change, error)) (err error) {
	defer s.refused(&err)
	srv, err := s.gateServer(ctx, by, ScopeShare, r.Server)
	if err != nil {
		return err
	}
	shares, c, err := del(s.now(), act(by, srv), srv.ID)
	switch {
	case errors.Is(err, ErrCodeNotFound):
		return refuse(ErrCodeNotFound, "%s", missing)
	case err != nil:
		return fmt.Errorf("delete codes of %s: %w", r.Server, err)
	}
	s.changed(ctx, c)
	s.countRevoked(shares)
	return nil
}

func codeNotFound() *Error { return refuse(ErrCodeNotFound, "Share not found or expired") }

func ownCode() *Error { return refuse(ErrOwnCode, "You can't share with yourself!") }

func codeSpent() *Error {
	return refuse(ErrCodeSpent, "This share has been accepted as often as it could be")
}

// codeOf puts names to a code; refs are those whom it is for.
func codeOf(row StoredCode, srv Server, refs []Ref) Code {
	code := Code{
		ID: row.ID, Server: srv, Scopes: filtered(row.Bases, nameOf(srv)), CreatedAt: row.CreatedAt,
		ExpiresAt: row.ExpiresAt, Exchanges: row.Exchanges, LastExchangedAt: row.LastExchangedAt,
		MaxUses: row.MaxUses, For: refs, Bound: row.Bound != nil, Note: row.Note, Terms: row.Terms,
	}
	if row.Bound != nil {
		code.Domain = row.Bound.Domain
	}
	return code
}
