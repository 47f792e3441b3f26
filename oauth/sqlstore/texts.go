package sqlstore

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hubshare/hubshare/scopes"
)

// Scopes are a JSON list of their texts. Nearly all of these are plain, and each login reads and writes several lists, so that the general way
// is left to the rest.

func textOf(list []scopes.Scope) (string, error) {
	var b strings.Builder
	b.Grow(40 * len(list)) // most are shorter
	b.WriteByte('[')
	for i, s := range list {
		text := s.String()
		if strings.ContainsFunc(text, special) {
			text, err := json.Marshal(scopes.Strings(list))
			return string(text), err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		b.WriteString(text)
		b.WriteByte('"')
	}
	b.WriteByte(']')
	return b.String(), nil
}

// special is what JSON might write in another way than as itself.
func special(r rune) bool {
	return r < ' ' || r > '~' || r == '"' || r == '\\' || r == '<' || r == '>' || r == '&'
}

func scopesOf(text string) ([]scopes.Scope, error) {
	list, err := stringsOf(text)
	if err != nil {
		return nil, fmt.Errorf("read stored scopes: %w", err)
	}
	out, err := scopes.ParseAll(list)
	if err != nil {
		return nil, fmt.Errorf("read stored scopes %s: %w", strings.Join(list, " "), err)
	}
	return out, nil
}

func stringsOf(text string) (list []string, err error) {
	if inner, ok := strings.CutPrefix(text, `["`); ok && !strings.Contains(inner, `\`) {
		if inner, ok = strings.CutSuffix(inner, `"]`); ok {
			list = strings.Split(inner, `","`)
			if strings.Count(text, `"`) == 2*len(list) { // or there is something between that is no comma
				return list, nil
			}
		}
	}
	err = json.Unmarshal([]byte(text), &list)
	return list, err
}
