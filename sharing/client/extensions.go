package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
)

// Extended tells whether the hub knows extensions of a JupyterHub's API; false = it is a JupyterHub, or has them switched off. It changes
// nothing. Needs read:shares on the server, and an error of it says nothing about the hub.
func (c *Client) Extended(ctx context.Context, n ServerName) (bool, error) {
	known, err := c.extended(ctx, n)
	if err != nil {
		return false, fmt.Errorf("ask about extensions for %s: %w", n, err)
	}
	return known, nil
}

// extended asks for the shares of a code with an id that is none. A hub that knows this argument refuses and names it; any other ignores
// it and lists shares. Both need the same rights, so that no refusal of these is taken for either.
func (c *Client) extended(ctx context.Context, n ServerName) (bool, error) {
	path, err := n.path()
	if err != nil {
		return false, err
	}
	var p page[shareModel]
	err = c.ask(ctx, http.MethodGet, "shares/"+path+"?code_id=none&limit=1", nil, &p)
	var refused *Error
	switch {
	case errors.Is(err, ErrBadRequest) && errors.As(err, &refused) && strings.Contains(refused.Message, "code_id"):
		return true, nil
	case err != nil:
		return false, err
	case p.Items == nil:
		return false, fmt.Errorf("%w: a list without items", ErrAnswer)
	}
	for _, m := range *p.Items {
		if _, err := m.share(); err != nil {
			return false, err
		}
	}
	return false, nil
}

// explain finds out whether the 400 for a request with extensions means that the hub knows none. A JupyterHub refuses fields that it does
// not know, in words that are not to be relied on (SH-58).
func (c *Client) explain(ctx context.Context, n ServerName, err error) error {
	if !errors.Is(err, ErrBadRequest) {
		return err
	}
	if known, failed := c.extended(ctx, n); failed == nil && !known {
		return fmt.Errorf("%w: %w", ErrNoExtensions, err)
	}
	return err
}

// MyShares lists the shares of all servers of the user whose token it is (an extension), oldest first, like [Client.OwnerShares] of their
// name. ErrForbidden: the token is no user's, or may not read shares. ErrNoExtensions: the hub has no such list.
func (c *Client) MyShares(ctx context.Context) iter.Seq2[Share, error] {
	return mine(ctx, c, "all own shares", "shares", shareModel.shown)
}

// MyCodes lists the live codes of all servers of the user whose token it is (an extension), oldest first, like [Client.OwnerCodes] of
// their name. Errors as for MyShares.
func (c *Client) MyCodes(ctx context.Context) iter.Seq2[Code, error] {
	return mine(ctx, c, "all own share codes", "share-codes", codeModel.shown)
}

// mine lists what a JupyterHub has no route for. Its 404 looks like that of a hub that hides the list from this token, but routes that
// exist answer OPTIONS whoever asks (SH-61).
func mine[M, T any](ctx context.Context, c *Client, what, path string, read func(M) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for item, err := range list(ctx, c, what, path, nil, read) {
			if errors.Is(err, ErrNotFound) && errors.Is(c.ask(ctx, http.MethodOptions, path, nil, nil), ErrNotFound) {
				err = fmt.Errorf("%w: %w", ErrNoExtensions, err)
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// SharesByCode lists the shares of a server that have something by this code (an extension), oldest first: who accepted it and has not
// lost that since. The code may be gone, or never have been. Needs read:shares on the server. ErrNoExtensions: the hub does not know who
// came by which code, and listed everybody; no share is given then. ErrInvalid: no hub gives such an id.
func (c *Client) SharesByCode(ctx context.Context, n ServerName, id string) iter.Seq2[Share, error] {
	path, err := n.path()
	if err == nil {
		err = checkID(id)
	}
	return list(ctx, c, "shares of "+n.String()+" by a code", "shares/"+path+"?code_id="+id, err, func(m shareModel) (Share, error) {
		share, err := m.shown()
		if err != nil {
			return Share{}, err
		}
		for _, g := range share.Grants {
			if g.CodeID == id {
				return share, nil
			}
		}
		return Share{}, fmt.Errorf("%w: a share that has nothing by %s", ErrAnswer, id)
	})
}

// RevokeCode deletes a code of this server by its id, as [Client.DeleteCode], and the access that it gave (an extension), also by a code
// that is gone already. What its grantees have besides they keep. Needs shares on the server.
//
// A JupyterHub would delete the code, leave the access, and not say so. So the hub is asked first whether it knows extensions, and if
// not, nothing is deleted: ErrNoExtensions. There, [Client.DeleteCodes] and then [Client.RevokeAll] end all access.
func (c *Client) RevokeCode(ctx context.Context, n ServerName, id string) error {
	err := checkID(id)
	if err == nil {
		err = c.cascade(ctx, n, "?id="+id+"&cascade=true")
	}
	if err != nil {
		return fmt.Errorf("revoke a share code of %s: %w", n, err)
	}
	return nil
}

// RevokeCodeBySecret is RevokeCode for the live code that has this secret; see [Client.DeleteCodeBySecret].
func (c *Client) RevokeCodeBySecret(ctx context.Context, n ServerName, secret Secret) error {
	err := checkSecret(secret)
	if err == nil {
		err = c.cascade(ctx, n, "?code="+secret.Reveal()+"&cascade=true")
	}
	if err != nil {
		return fmt.Errorf("revoke a share code of %s: %w", n, err)
	}
	return nil
}

// RevokeCodes is RevokeCode for all codes of a server; there may be none. Access that was granted by name stays.
func (c *Client) RevokeCodes(ctx context.Context, n ServerName) error {
	if err := c.cascade(ctx, n, "?cascade=true"); err != nil {
		return fmt.Errorf("revoke the share codes of %s: %w", n, err)
	}
	return nil
}

// cascade asks each time, and remembers nothing: a hub may be set back to a version without extensions while this process runs.
func (c *Client) cascade(ctx context.Context, n ServerName, query string) error {
	known, err := c.extended(ctx, n)
	switch {
	case err != nil:
		return err
	case !known:
		return fmt.Errorf("%w, and would leave the access", ErrNoExtensions)
	}
	return c.deleteCodes(ctx, n, query)
}
