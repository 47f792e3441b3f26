package pages

// AnnouncedPages are the names of the pages that may announce something of their
// own: those that a JupyterHub has template variables announcement_NAME for
// (HB-51).
func AnnouncedPages() []string { return []string{"login", "spawn", "home", "logout"} }

// announcement is what the page of one template announces. A text of its own wins
// over that of all pages, also an empty one. It is shown as text: a JupyterHub
// takes markup, by which a mistyped setting could break out of the page.
func (p *Pages) announcement(template string) string {
	name := template
	if template == "logged-out" {
		name = "logout"
	}
	if own, ok := p.cfg.Announcements[name]; ok {
		return own
	}
	return p.cfg.Announcement
}
