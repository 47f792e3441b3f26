package httpapi

// Routes lists the patterns of all paths that a handler has.
func (h *Handler) Routes() []string { return h.router.Patterns() }
