package hubsim

import (
	"errors"
	"fmt"
	"strings"
)

// ConfigError says which field of a [Config] is wrong, and how (HB-177).
type ConfigError struct {
	// Field is the field's name in Go, "Users[1]" or "SingleUser.ServerTokenScopes".
	Field string
	// Err is what is wrong with it. It may be a ConfigError about a part of the field.
	Err error
}

// Error is one line.
func (e *ConfigError) Error() string { return "config: " + e.place() + ": " + e.Reason().Error() }

func (e *ConfigError) place() string {
	var part *ConfigError
	if errors.As(e.Err, &part) {
		return e.Field + "." + part.place()
	}
	return e.Field
}

// Unwrap gives what is wrong.
func (e *ConfigError) Unwrap() error { return e.Err }

// Path is the field's place in a configuration file: "users[1]", "singleuser.server_token_scopes" (HB-178).
func (e *ConfigError) Path() string {
	path := jsonName(e.Field)
	var part *ConfigError
	if errors.As(e.Err, &part) {
		path += "." + part.Path()
	}
	return path
}

// Reason is what is wrong, without the place.
func (e *ConfigError) Reason() error {
	var part *ConfigError
	if errors.As(e.Err, &part) {
		return part.Reason()
	}
	return e.Err
}

func wrongField(field string, err error) error { return &ConfigError{Field: field, Err: err} }

func wrongFieldf(field, format string, args ...any) error {
	return wrongField(field, fmt.Errorf(format, args...))
}

// jsonNames are the fields whose place in a file does not follow from their name.
var jsonNames = map[string]string{
	"Addr": "port", "Password": "auth.password", "AllowedUsers": "auth.allowed_users", "SingleUser": "singleuser", "KeepConnections": "keep_connections",
	"DB": "db", "TLS": "tls", "APIToken": "api_token", "BaseURL": "base_url", "DefaultURL": "default_url", "PublicURL": "public_url", "SubdomainHost": "subdomain_host", "URL": "url", "OAuthClientID": "oauth_client_id",
	"OAuthRedirectURI": "oauth_redirect_uri", "OAuthClientAllowedScopes": "oauth_client_allowed_scopes", "HTTPTimeout": "http_timeout", "Control.Token": "admin_token",
}

// jsonName gives the place of a field: CamelCase becomes snake_case, indices stay.
func jsonName(field string) string {
	if known, ok := jsonNames[field]; ok {
		return known
	}
	if key, ok := limitKey(field); ok {
		return key
	}
	parts := strings.Split(field, ".")
	for i, part := range parts {
		name, index, indexed := strings.Cut(part, "[")
		known, ok := jsonNames[name]
		if !ok {
			known = snake(name)
		}
		if indexed {
			known += "[" + index
		}
		parts[i] = known
	}
	return strings.Join(parts, ".")
}

func snake(camel string) string {
	var b strings.Builder
	for i, c := range camel {
		if c >= 'A' && c <= 'Z' {
			if i > 0 {
				b.WriteByte('_')
			}
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	return b.String()
}
