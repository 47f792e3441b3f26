package web

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
)

// WriteTagged answers a GET with v in JSON and a tag of its content, or with
// 304 if the client has just that (HB-135). The time to build v is spent either
// way; what is saved is the transfer.
func WriteTagged(w http.ResponseWriter, r *http.Request, v any) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		WriteError(w, &Error{Status: http.StatusInternalServerError})
		return
	}
	sum := sha256.Sum256(body.Bytes())
	tag := `"` + hex.EncodeToString(sum[:20]) + `"`
	w.Header().Set("ETag", tag)
	for _, known := range strings.Split(r.Header.Get("If-None-Match"), ",") {
		if known = strings.TrimPrefix(strings.TrimSpace(known), "W/"); known == tag || known == "*" {
			w.Header().Del("Content-Type")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	WriteJSON(w, http.StatusOK, json.RawMessage(bytes.TrimSuffix(body.Bytes(), []byte("\n"))))
}
