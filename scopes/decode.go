package scopes

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MaxDocument is the greatest length, in bytes, of a document that [DecodeRoles] and [DecodeDefinitions] read.
const MaxDocument = 1 << 20

// DecodeRoles reads a JSON list of load_roles entries: objects with name, description, scopes, users, services and groups
// (SC-320). An absent key gives a nil list, an empty list an empty one. It is strict: an unknown or repeated key, null in
// place of a list, an empty member and anything after the list are errors that wrap [ErrDefinition], like all others.
// What the entries mean is for [Registry.LoadRoles] to say.
func DecodeRoles(data []byte) ([]RoleEntry, error) {
	var out []RoleEntry
	err := document(data, func(dec *json.Decoder) error {
		return each(dec, '[', func(string) error {
			var e RoleEntry
			err := each(dec, '{', func(key string) error {
				switch key {
				case "name":
					return value(dec, key, &e.Name)
				case "description":
					return value(dec, key, &e.Description)
				case "scopes":
					return values(dec, key, &e.Scopes)
				case "users":
					return values(dec, key, &e.Users)
				case "services":
					return values(dec, key, &e.Services)
				case "groups":
					return values(dec, key, &e.Groups)
				}
				return fmt.Errorf("unknown key %q", clip(key))
			})
			if err != nil {
				return fmt.Errorf("entry %d: %w", len(out)+1, err)
			}
			if out = append(out, e); len(out) > MaxScopes {
				return fmt.Errorf("more than %d entries", MaxScopes)
			}
			return nil
		})
	})
	if err != nil {
		return nil, definition("", "cannot read roles: %v", err)
	}
	return out, nil
}

// DecodeDefinitions reads custom scopes as a hub's configuration writes them: a JSON object from names to objects with
// description and subscopes (SC-331), in their order. Keys of a scope that nobody knows are legal there, and come back as warnings for a
// log. Otherwise it is as strict as [DecodeRoles]; whether the definitions hold together is for [Registry.Define] to say.
func DecodeDefinitions(data []byte) (defs []Definition, warnings []string, err error) {
	err = document(data, func(dec *json.Decoder) error {
		return each(dec, '{', func(name string) error {
			d := Definition{Name: name}
			err := each(dec, '{', func(key string) error {
				switch key {
				case "description":
					return value(dec, key, &d.Description)
				case "subscopes":
					return values(dec, key, &d.Subscopes)
				}
				warnings = append(warnings, fmt.Sprintf("unknown key %q of scope %s is ignored", clip(key), clip(name)))
				var ignored json.RawMessage
				return dec.Decode(&ignored)
			})
			if err != nil {
				return fmt.Errorf("scope %q: %w", clip(name), err)
			}
			if defs = append(defs, d); len(defs) > MaxDefinitions {
				return fmt.Errorf("more than %d scopes", MaxDefinitions)
			}
			return nil
		})
	})
	if err != nil {
		return nil, nil, definition("", "cannot read custom scopes: %v", err)
	}
	return defs, warnings, nil
}

// document reads one value and makes sure that nothing follows it.
func document(data []byte, read func(*json.Decoder) error) error {
	if len(data) > MaxDocument {
		return fmt.Errorf("%d bytes are too long, at most %d are allowed", len(data), MaxDocument)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := read(dec); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the end")
	}
	return nil
}

// each goes through an object or a list, which open tells. The callback reads the value; it gets the key, of which an
// object has each once.
func each(dec *json.Decoder, open json.Delim, read func(key string) error) error {
	t, err := dec.Token()
	if err != nil {
		return err
	}
	if t != open {
		return fmt.Errorf("found %v where %v should begin", t, open)
	}
	seen := map[string]bool{}
	for dec.More() {
		var key string
		if open == '{' {
			t, err := dec.Token()
			if err != nil {
				return err
			}
			// A decoder gives nothing but strings here.
			key = t.(string)
			if seen[key] {
				return fmt.Errorf("key %q stands twice", clip(key))
			}
			seen[key] = true
		}
		if err := read(key); err != nil {
			return err
		}
	}
	_, err = dec.Token()
	return err
}

// value reads a text; null is none.
func value(dec *json.Decoder, key string, into *string) error {
	var text *string
	if err := dec.Decode(&text); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if text == nil {
		return fmt.Errorf("%s: null is not a text", key)
	}
	*into = *text
	return nil
}

// values reads a list of texts, none of them empty; null is no list.
func values(dec *json.Decoder, key string, into *[]string) error {
	var list []*string
	if err := dec.Decode(&list); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if list == nil {
		return fmt.Errorf("%s: null is not a list", key)
	}
	out := make([]string, len(list))
	for i, text := range list {
		if text == nil || *text == "" {
			return fmt.Errorf("%s: empty entry", key)
		}
		out[i] = *text
	}
	*into = out
	return nil
}
