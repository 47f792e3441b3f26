package hubsim

import (
	"net/http"
	"strconv"

	"github.com/hubshare/hubshare/hubsim/pages"
	"github.com/hubshare/hubshare/internal/web"
)

// errorByCode answers GET error/{code}: the page that a proxy shows in its own name, so with status 200 (HB-18). What it was asked for instead, in the argument url,
// is not told: the page is the same for everybody.
func (h *Hub) errorByCode() http.Handler {
	return h.page(func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != http.MethodGet {
			return h.refuseMethod(r)
		}
		code, err := strconv.Atoi(r.PathValue("code"))
		if err != nil || code < 400 || code > 599 {
			return web.Errorf(http.StatusNotFound, "")
		}
		page := pages.ErrorPage{Shell: h.shell(w, r), Status: http.StatusOK, Code: code}
		if code == http.StatusServiceUnavailable {
			page.Hint = pages.DownHint
		}
		h.pages.Error(w, page)
		return nil
	})
}

// maxReport bounds what a browser may say of a policy that was violated, bytes.
const maxReport = 64 << 10

// cspReport takes what browsers report of violated policies, from pages of people who are logged in and bring proof, which real reports never do (HB-20). It is
// recorded as every request is.
func (h *Hub) cspReport() http.Handler {
	return h.page(func(w http.ResponseWriter, r *http.Request) error {
		if r.Method != http.MethodPost {
			return h.refuseMethod(r)
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxReport)
		v, err := h.proven(r)
		if err != nil {
			return err
		}
		h.log.Info("a page violated its content security policy", "user", v.account.Name)
		web.WriteNoContent(w)
		return nil
	})
}
