package singleuser

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/hubshare/hubshare/internal/web"
)

// maxFile is the largest file that is read, bytes.
const maxFile = 8 << 20

var errTooLarge = errors.New("file is too large")

// entry is the contents API's model of a file or directory. Content is absent
// (null) unless asked for.
type entry struct {
	Name         string          `json:"name"`
	Path         string          `json:"path"`
	Type         string          `json:"type"` // directory, file, notebook
	Writable     bool            `json:"writable"`
	Created      web.Time        `json:"created"`
	LastModified web.Time        `json:"last_modified"`
	Size         *int64          `json:"size"`
	Mimetype     *string         `json:"mimetype"`
	Format       *string         `json:"format"` // json, text
	Content      json.RawMessage `json:"content"`
}

// serveContents answers GET only: the files are a stand-in's, made to be read.
func (s *Server) serveContents(w http.ResponseWriter, r *http.Request) {
	name, err := fileName(r.PathValue("path"))
	var model entry
	if err == nil {
		model, err = s.contents(name, r.URL.Query().Get("content") != "0")
	}
	if err != nil {
		status, message := s.fileError(err)
		writeAPIError(w, status, message)
		return
	}
	web.WriteJSON(w, http.StatusOK, model)
}

// fileName is the name, as io/fs wants it, that the rest of an escaped path
// stands for. Slashes at its ends do not count; "" is the root. A name that no
// file can have, such as one with an encoded slash, gives fs.ErrInvalid.
func fileName(escaped string) (string, error) {
	escaped = strings.Trim(escaped, "/")
	if escaped == "" {
		return ".", nil
	}
	segments, err := web.SplitPath("/" + escaped)
	if err != nil {
		return "", errors.Join(fs.ErrInvalid, err)
	}
	for _, s := range segments {
		if strings.Contains(s, "/") {
			return "", fs.ErrInvalid
		}
	}
	name := strings.Join(segments, "/")
	if !fs.ValidPath(name) {
		return "", fs.ErrInvalid
	}
	return name, nil
}

func (s *Server) contents(name string, withContent bool) (entry, error) {
	info, err := fs.Stat(s.cfg.Notebooks, name)
	if err != nil {
		return entry{}, err
	}
	model := s.entry(name, info)
	if !withContent {
		return model, nil
	}
	switch model.Type {
	case "directory":
		children, err := s.children(name)
		if err != nil {
			return entry{}, err
		}
		model.Format = ptr("json")
		model.Content, err = json.Marshal(children)
		return model, err
	case "notebook":
		data, err := s.read(name)
		if err != nil {
			return entry{}, err
		}
		if !json.Valid(data) {
			return entry{}, fmt.Errorf("%s: %w", name, errNotNotebook)
		}
		model.Format, model.Content = ptr("json"), data
		return model, nil
	}
	data, err := s.read(name)
	if err != nil {
		return entry{}, err
	}
	if !utf8.Valid(data) {
		return entry{}, fmt.Errorf("%s: %w", name, errNotText)
	}
	model.Format, model.Mimetype = ptr("text"), ptr("text/plain")
	model.Content, err = json.Marshal(string(data))
	return model, err
}

var errNotText = errors.New("file is not utf-8 text")

func (s *Server) entry(name string, info fs.FileInfo) entry {
	e := entry{Name: path.Base(name), Path: name, Type: "file"}
	if name == "." {
		e.Name, e.Path = "", ""
	}
	modified := info.ModTime()
	if modified.IsZero() { // embedded files have no time of their own
		modified = s.started
	}
	e.Created, e.LastModified = web.Time{Time: modified}, web.Time{Time: modified}
	switch {
	case info.IsDir():
		e.Type = "directory"
	case strings.HasSuffix(name, ".ipynb"):
		e.Type = "notebook"
	}
	if e.Type != "directory" {
		e.Size = ptr(info.Size())
	}
	return e
}

func (s *Server) children(dir string) ([]entry, error) {
	list, err := fs.ReadDir(s.cfg.Notebooks, dir)
	if err != nil {
		return nil, err
	}
	children := []entry{}
	for _, d := range list {
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) { // removed meanwhile
			continue
		}
		if err != nil {
			return nil, err
		}
		if d.IsDir() || info.Mode().IsRegular() {
			children = append(children, s.entry(path.Join(dir, d.Name()), info))
		}
	}
	return children, nil
}

func (s *Server) read(name string) ([]byte, error) {
	f, err := s.cfg.Notebooks.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: %w", name, errTooLarge)
	}
	return data, nil
}

// fileError is the one place where a failure to read becomes an answer; what
// is not the client's doing is logged and told without detail.
func (s *Server) fileError(err error) (status int, message string) {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrInvalid):
		return http.StatusNotFound, "No such file or directory"
	case errors.Is(err, errNotNotebook), errors.Is(err, errNotText):
		return http.StatusBadRequest, "The file is not what its name says"
	case errors.Is(err, errTooLarge):
		return http.StatusRequestEntityTooLarge, "The file is too large to be shown"
	}
	s.cfg.Logger.Error("file cannot be read", "error", err)
	return http.StatusInternalServerError, ""
}

func ptr[T any](v T) *T { return &v }
