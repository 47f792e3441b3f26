package hubsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hubshare/hubshare/hubsim/pages"
	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/scopes"
)

// maxOptions bounds a form of options with the files in it, bytes.
const maxOptions = 1 << 20

// spawnForm asks for options, or tells why a start with some has failed (HB-55).
func (h *Hub) spawnForm(w http.ResponseWriter, r *http.Request, v visitor, s *server, status int, problem string) {
	shell := h.shellFor(w, r, v)
	q := r.URL.Query()
	q.Set("_xsrf", shell.XSRF)
	h.pages.Spawn(w, pages.SpawnPage{Shell: shell, Owner: s.owner.name, Action: web.EscapedPath(r) + "?" + q.Encode(),
		Form: template.HTML(h.cfg.SingleUser.OptionsForm), Status: status, Error: problem}) //nolint:gosec // whoever configures the hub is trusted, as upstream
}

// spawnOptions is what a request of the spawn page says of the server to start; no options at all ask for the form, or for those of the last start.
func (h *Hub) spawnOptions(w http.ResponseWriter, r *http.Request) (o startOrder, err error) {
	if r.Method == http.MethodPost {
		o.options, err = h.formOptions(w, r)
		return o, err
	}
	return h.queryOptions(r.URL.Query())
}

// queryOptions are those of an address: all of its parameters that have no meaning for the hub. In 6.0 they have a prefix, and those without are
// taken only where none has it, as a hub of 5.5 does.
func (h *Hub) queryOptions(q url.Values) (o startOrder, err error) {
	q.Del("next")
	q.Del("_xsrf")
	if h.cfg.Profile == scopes.P60 {
		if o.displayName = q.Get("display_name"); o.displayName != "" {
			if err := checkDisplayName(o.displayName); err != nil {
				return o, err
			}
		}
		q.Del("display_name")
		prefixed := url.Values{}
		for key, values := range q {
			name, ok := strings.CutPrefix(key, "opt-")
			if ok && name == "" {
				return o, web.Errorf(http.StatusUnprocessableEntity, "Invalid user-option name %s", key)
			}
			if ok {
				prefixed[name] = values
			}
		}
		if len(prefixed) > 0 {
			q = prefixed
		}
	}
	if len(q) == 0 {
		return o, nil
	}
	o.options, err = h.userOptions(q, nil)
	return o, err
}

// formOptions are those of a form that was sent, files included.
func (h *Hub) formOptions(w http.ResponseWriter, r *http.Request) (json.RawMessage, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxOptions)
	var files map[string][]*multipart.FileHeader
	err := r.ParseMultipartForm(maxOptions)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge) || errors.Is(err, multipart.ErrMessageTooLarge):
		return nil, web.Errorf(http.StatusRequestEntityTooLarge, "the form is larger than %d bytes", maxOptions)
	case errors.Is(err, http.ErrNotMultipart):
	case err != nil:
		return nil, web.Errorf(http.StatusBadRequest, "the form cannot be read")
	default:
		defer func() { _ = r.MultipartForm.RemoveAll() }() // of what would not fit in memory, and all of it does
		files = r.MultipartForm.File
	}
	values := maps.Clone(r.PostForm)
	values.Del("_xsrf")
	return h.userOptions(values, files)
}

// optionFile is an uploaded file among the options.
type optionFile struct {
	Filename    string `json:"filename"`
	Body        []byte `json:"body"` // base64 in JSON
	ContentType string `json:"content_type"`
}

// userOptions are what a JupyterHub makes of a form by itself: lists of texts, or, if it is to be simple, the one text where there is one, and true for a box that was
// ticked. Files get "_file" behind the name of their field.
func (h *Hub) userOptions(values url.Values, files map[string][]*multipart.FileHeader) (json.RawMessage, error) {
	options := map[string]any{}
	for key, list := range values {
		if !utf8.ValidString(key) || slices.ContainsFunc(list, func(s string) bool { return !utf8.ValidString(s) }) {
			return nil, web.Errorf(http.StatusBadRequest, "options must be UTF-8")
		}
		switch {
		case !h.cfg.SingleUser.SimpleOptions || len(list) != 1:
			options[key] = list
		case list[0] == "on":
			options[key] = true
		default:
			options[key] = list[0]
		}
	}
	for key, headers := range files {
		var list []optionFile
		for _, header := range headers {
			body, err := readUpload(header)
			if err != nil {
				return nil, fmt.Errorf("read an uploaded file: %w", err)
			}
			list = append(list, optionFile{header.Filename, body, header.Header.Get("Content-Type")})
		}
		options[key+"_file"] = list
	}
	raw, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("keep user options: %w", err)
	}
	return raw, nil
}

func readUpload(header *multipart.FileHeader) (body []byte, err error) {
	f, err := header.Open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return io.ReadAll(f)
}

// checkDisplayName holds the name that 6.0 lets people give to a server to what a page can show.
func checkDisplayName(name string) error {
	if len(name) > 255 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return web.Errorf(http.StatusBadRequest, "Invalid display_name: %s", shortened(name))
	}
	return nil
}
