package scopes

import "slices"

// fieldsOf says which keys of a model a scope opens, by the kind of the model (SC-160, SC-162).
var fieldsOf = map[string][]struct {
	base   string
	fields []string
}{
	KindUser: {
		{"read:users", []string{"kind", "name", "admin", "roles", "groups", "server", "pending", "created", "last_activity"}},
		{"read:users:name", []string{"kind", "name", "admin"}},
		{"read:users:groups", []string{"kind", "name", "groups"}},
		{"read:users:activity", []string{"kind", "name", "last_activity"}},
		{"read:servers", []string{"kind", "name", "servers"}},
		{"read:roles:users", []string{"kind", "name", "roles", "admin"}},
		{"admin:auth_state", []string{"kind", "name", "auth_state"}},
	},
	KindGroup: {
		{"read:groups", []string{"kind", "name", "properties", "users"}},
		{"read:groups:name", []string{"kind", "name"}},
		{"read:roles:groups", []string{"kind", "name", "roles"}},
	},
	KindService: {
		{"read:services", []string{"kind", "name", "admin", "url", "prefix", "command", "pid", "info", "display"}},
		{"read:services:name", []string{"kind", "name", "admin"}},
		{"read:roles:services", []string{"kind", "name", "roles", "admin"}},
	},
}

// Fields lists the keys of a user's, group's or service's model that a set may see, sorted; none means that the model is not
// shown at all (SC-160 … SC-162). In the 6.0 profile whoever may read a user's name also sees user_info.
// Which single servers appear under "servers" is a question of its own: [Set.Allows] with read:servers.
func (r *Registry) Fields(s Set, on Resource, g Groups) []string {
	var out []string
	for _, row := range fieldsOf[on.Kind] {
		if s.Allows(row.base, on, g) {
			out = append(out, row.fields...)
			if r.profile == P60 && (row.base == "read:users" || row.base == "read:users:name") {
				out = append(out, "user_info")
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
