package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strings"
)

// page is the form of every list (SH-65). Of where the next page is, only the offset counts: its address is written as the hub saw it, which behind
// a proxy is not where we are, and following it could take the token to somebody else (SH-68).
type page[M any] struct {
	Items      *[]M `json:"items"`
	Pagination struct {
		Next *struct {
			Offset int `json:"offset"`
			Limit  int `json:"limit"`
		} `json:"next"`
	} `json:"_pagination"`
}

// list asks for one page after the other, as the reader gets to them. An error is the last that it yields. err is of making the path.
func list[M, T any](ctx context.Context, c *Client, what, path string, err error, read func(M) (T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		fail := func(err error) { yield(none, fmt.Errorf("list %s: %w", what, err)) }
		if err != nil {
			fail(err)
			return
		}
		and := "?"
		if strings.Contains(path, "?") {
			and = "&" // what only a part is wanted of; names have their question marks escaped
		}
		for offset, query := 0, ""; ; {
			var p page[M]
			if err := c.ask(ctx, http.MethodGet, path+query, nil, &p); err != nil {
				fail(err)
				return
			}
			if p.Items == nil {
				fail(fmt.Errorf("%w: a list without items", ErrAnswer))
				return
			}
			for _, m := range *p.Items {
				item, err := read(m)
				if err != nil {
					fail(err)
					return
				}
				if !yield(item, nil) {
					return
				}
			}
			// A page without items is not the end: a JupyterHub leaves expired codes out of the page that they are on (SH-69).
			next := p.Pagination.Next
			if next == nil {
				return
			}
			if next.Offset <= offset || next.Limit < 1 {
				fail(fmt.Errorf("%w: the next page of a list is no later one", ErrAnswer))
				return
			}
			offset, query = next.Offset, fmt.Sprintf("%soffset=%d&limit=%d", and, next.Offset, next.Limit)
		}
	}
}

// Collect reads a list to its end. Do this before changing what is listed: a page is found by how many entries come before it, so that some are
// passed over when others go meanwhile. What was read before an error is returned with it.
func Collect[T any](list iter.Seq2[T, error]) ([]T, error) {
	var out []T
	for item, err := range list {
		if err != nil {
			return out, err
		}
		out = append(out, item)
	}
	return out, nil
}
