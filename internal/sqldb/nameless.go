package sqldb

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"
)

// SQLite's driver asks for the name of each parameter each time, copies it, and compares it with the number of every argument in turn: for the
// dozen of an INSERT that is a good part of the statement. A parameter without a name it takes by its place. So $1, $2, … become ? here, once
// for a text, and what goes with it is put into the order of the places.

// nameless is a statement whose parameters have no names.
type nameless struct {
	prepared
	places []int // the number of the argument that goes there, counted from 1
	args   []driver.NamedValue
}

// ExecContext runs what gives no rows.
func (s *nameless) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if err := s.place(args); err != nil {
		return nil, err
	}
	defer clear(s.args)
	return s.prepared.ExecContext(ctx, s.args)
}

// QueryContext runs what gives rows.
func (s *nameless) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if err := s.place(args); err != nil {
		return nil, err
	}
	defer clear(s.args) // bound, that is copied, by then
	return s.prepared.QueryContext(ctx, s.args)
}

func (s *nameless) place(args []driver.NamedValue) error {
	for i, n := range s.places {
		if n > len(args) {
			return fmt.Errorf("missing argument with index %d", n)
		}
		s.args[i] = driver.NamedValue{Ordinal: i + 1, Value: args[n-1].Value}
	}
	return nil
}

// withoutNames gives a text with ? in place of $1, $2, …, and the numbers in the order of their places; none for a text that has no such thing, or
// anything that could be another way to name a parameter, or more than one statement, each of which would count its places anew. Such a text is
// to be left as it is.
func withoutNames(query string) (text string, places []int) {
	var b strings.Builder
	from := 0
	for i := 0; i < len(query); {
		switch end := i + 1; query[i] {
		case '?', ':', '@', '[', '`', ';':
			return query, nil
		case '\'', '"':
			n := strings.IndexByte(query[end:], query[i]) // a doubled quote is the end of one and the beginning of the next
			if n < 0 {
				return query, nil
			}
			i = end + n + 1
		case '-', '/':
			if strings.HasPrefix(query[i:], "--") || strings.HasPrefix(query[i:], "/*") {
				return query, nil
			}
			i = end
		case '$':
			for end < len(query) && '0' <= query[end] && query[end] <= '9' {
				end++
			}
			n, err := strconv.Atoi(query[i+1 : end])
			if err != nil || n < 1 || i > 0 && partOfName(query[i-1]) || end < len(query) && partOfName(query[end]) {
				return query, nil
			}
			b.WriteString(query[from:i])
			b.WriteByte('?')
			places = append(places, n)
			i, from = end, end
		default:
			i = end
		}
	}
	if places == nil {
		return query, nil
	}
	b.WriteString(query[from:])
	return b.String(), places
}

// partOfName is what makes a longer name of a number.
func partOfName(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
