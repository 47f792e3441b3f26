package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// preset is a ready situation: a configuration under a name.
type preset struct {
	name, about string
	text        string
}

// sharing are the keys of a hub on which the sharing walk works; a hub without any of them has them by itself (HB-176).
const sharing = `"users": [{"name": "sharer"}, {"name": "shared-with"}],
	"roles": [{"name": "user", "scopes": ["self", "shares!user"]}],
	"singleuser": {
		"oauth_client_allowed_scopes": ["access:servers!server", "shares!server"],
		"server_token_scopes": ["shares!server", "servers!server", "users:activity!server"]
	}`

// shared: sharer's server runs, and shared-with may use it.
const shared = sharing + `,
	"servers": [{"user": "sharer", "state": "running"}],
	"shares": [{"owner": "sharer", "user": "shared-with"}]`

func presets() []preset {
	return []preset{
		{"walk", "sharer and shared-with may share with each other; nothing runs yet", `{}`},
		{"shared", "sharer's server runs, and shared-with may use it", `{` + shared + `}`},
		{"revoked-mid-session", "shared, until a page of shared-with asks sharer's server something: then it has been taken back",
			`{` + shared + `, "faults": [{"scenario": "RevokeShare", "owner": "sharer", "user": "shared-with", "match": {"path": "*/user/sharer/api/*", "user": "shared-with"}}]}`},
		{"expired-link", "the first share link that is made has expired when somebody opens it",
			`{` + sharing + `, "faults": [{"scenario": "ExpireCode", "id": "sc_1", "match": {"path": "*/hub/accept-share"}}]}`},
		{"slow-spawn", "servers take half a minute to start", `{` + sharing + `, "faults": [{"scenario": "SlowSpawn", "duration": "30s"}]}`},
		{"spawn-fails", "no server starts, and the page says why", `{` + sharing + `, "faults": [{"scenario": "SpawnFail", "message": "There is no room left on this hub"}]}`},
		{"hub-down", "shared, but the hub does not answer until fault 1 is released: servers that run do",
			`{` + shared + `, "faults": [{"scenario": "HubDown"}]}`},
		{"api-fails", "every third request to the REST API fails, the same ones in each run",
			`{` + shared + `, "seed": 1, "faults": [{"scenario": "API5xx", "status": 503, "probability": 0.33}]}`},
		{"stopped-server", "shared-with may use sharer's server, which does not run", `{` + strings.Replace(shared, `"running"`, `"stopped"`, 1) + `}`},
		{"named-servers", "sharer has a second server, named lab, that shared-with may use",
			`{` + sharing + `, "allow_named_servers": true, "servers": [{"user": "sharer", "name": "lab", "state": "running"}],
			"shares": [{"owner": "sharer", "server": "lab", "user": "shared-with"}]}`},
		{"admin", "besides sharer and shared-with there is root, an administrator with the token token-of-root",
			`{` + strings.Replace(sharing, `[{"name": "sharer"}`, `[{"name": "root", "admin": true, "tokens": [{"token": "token-of-root"}]}, {"name": "sharer"}`, 1) + `}`},
		{"groups", "sharer's server is shared with a group, class, in which shared-with is",
			`{` + sharing + `, "groups": [{"name": "class", "users": ["shared-with"]}], "servers": [{"user": "sharer", "state": "running"}],
			"shares": [{"owner": "sharer", "group": "class"}]}`},
		{"extensions", "with what a JupyterHub does not have: access that ends by itself, limited links, a page of one's shares", `{` + shared + `, "extensions": true}`},
		{"quirks", "with the answers of a stock hub where this one gives better ones", `{` + shared + `, "upstream_quirks": true}`},
	}
}

func presetNamed(name string) (preset, error) {
	all := presets()
	if i := slices.IndexFunc(all, func(p preset) bool { return p.name == name }); i >= 0 {
		return all[i], nil
	}
	var names []string
	for _, p := range all {
		names = append(names, p.name)
	}
	return preset{}, wrongUsage("--preset: %q must be one of %s", name, strings.Join(names, ", "))
}

func listPresets(out io.Writer) error {
	for _, p := range presets() {
		if _, err := fmt.Fprintf(out, "%-20s  %s\n", p.name, p.about); err != nil {
			return fmt.Errorf("list the presets: %w", err)
		}
	}
	return nil
}
