package hubsim

import (
	"maps"
	"slices"
	"strings"

	"github.com/hubshare/hubshare/hubsim/pages"
)

// announcementKey begins the keys of what single pages announce, which have the names of a JupyterHub's template variables (HB-51).
const announcementKey = "announcement_"

func announcementKeys() []string {
	keys := []string{"announcement"}
	for _, page := range pages.AnnouncedPages() {
		keys = append(keys, announcementKey+page)
	}
	return keys
}

// readAnnouncement reads one of these keys; false if it is none of them.
func (c *Config) readAnnouncement(key string, v *tree) bool {
	if key == "announcement" {
		c.Announcement = v.text()
		return true
	}
	page, ok := strings.CutPrefix(key, announcementKey)
	if !ok {
		return false
	}
	if c.Announcements == nil {
		c.Announcements = map[string]string{}
	}
	c.Announcements[page] = v.text()
	return true
}

func (c Config) checkAnnouncements() error {
	known := pages.AnnouncedPages()
	for _, page := range slices.Sorted(maps.Keys(c.Announcements)) {
		if !slices.Contains(known, page) {
			return wrongFieldf("Announcements", "%q must be one of %s", page, strings.Join(known, ", "))
		}
	}
	return nil
}
