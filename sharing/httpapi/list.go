package httpapi

import (
	"net/http"

	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/scopes"
	"github.com/hubshare/hubshare/sharing"
)

// page is the form of every list (SH-65, SH-75).
type page[M any] struct {
	Items      []M            `json:"items"`
	Pagination web.Pagination `json:"_pagination"`
}

// list answers a list request. The gate comes before the query is read (SH-54), and fetch passes it once more on its own account.
func list[T, M any](h *Handler, w http.ResponseWriter, r *http.Request, by sharing.Caller, base string, on scopes.Resource,
	model func(T) M, fetch func(sharing.Window) (sharing.Page[T], error),
) error {
	if err := h.cfg.Service.Authorize(by, base, on); err != nil {
		return err
	}
	asked, err := web.ParsePage(r, web.PageLimits(h.cfg.PageLimits))
	if err != nil {
		return err
	}
	found, err := fetch(sharing.Window(asked))
	if err != nil {
		return err
	}
	out := page[M]{Items: make([]M, 0, len(found.Items)), Pagination: asked.Links(r, found.Total, web.BrowserOrigin(r))}
	for _, item := range found.Items {
		out.Items = append(out.Items, model(item))
	}
	web.WriteTagged(w, r, out)
	return nil
}
