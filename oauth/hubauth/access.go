package hubauth

import "strings"

// permits: any of the required scopes will do, held as it is, unfiltered, or for the user whose server it is (OA-135, SC-432). Group filters
// mean nothing here: the hub resolves them into what it tells us. No requirement at all: whoever is identified may enter.
func permits(required, held []string) bool {
	if len(required) == 0 {
		return true
	}
	has := make(map[string]bool, len(held))
	for _, s := range held {
		has[s] = true
	}
	for _, want := range required {
		base, filter, filtered := strings.Cut(want, "!")
		if has[want] || has[base] {
			return true
		}
		if server, ok := strings.CutPrefix(filter, "server="); ok && filtered {
			if owner, _, named := strings.Cut(server, "/"); named && owner != "" && has[base+"!user="+owner] {
				return true
			}
		}
	}
	return false
}
