package sqldb

import (
	"encoding/json"
	"fmt"
)

// Dialect says which engine a database is.
type Dialect string

// The engines.
const (
	SQLite     Dialect = "SQLite"
	PostgreSQL Dialect = "PostgreSQL"
)

// Dialect says which engine this is.
func (db *DB) Dialect() Dialect { return db.dialect }

// In is the condition that a column has one of the values in argument number n, which must be made by [Dialect.Strings] or
// [Dialect.Integers]. One argument for any number of values keeps the statement the same, and far from any limit.
func (d Dialect) In(column string, n int) string {
	if d == PostgreSQL {
		return fmt.Sprintf("%s = ANY ($%d)", column, n)
	}
	return fmt.Sprintf("%s IN (SELECT value FROM json_each($%d))", column, n)
}

// Among is the condition that a column has one of the few values that a query gives. PostgreSQL would rather join, by way of all rows that
// have one of them; told like this it looks them up together with what else is asked of a row.
func (d Dialect) Among(column, query string) string {
	if d == PostgreSQL {
		return column + ` = ANY (ARRAY(` + query + `))`
	}
	return column + ` IN (` + query + `)`
}

// Strings is an argument for [Dialect.In].
func (d Dialect) Strings(values []string) any { return list(d, values) }

// Integers is an argument for [Dialect.In].
func (d Dialect) Integers(values []int64) any { return list(d, values) }

func list[T string | int64](d Dialect, values []T) any {
	if values == nil {
		values = []T{} // no values, and not an unknown value
	}
	if d == PostgreSQL {
		return values
	}
	text, err := json.Marshal(values)
	if err != nil {
		panic("sqldb: strings and integers always have a JSON form: " + err.Error())
	}
	return string(text)
}
