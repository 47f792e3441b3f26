package web

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
)

// WriteTagged answers a GET with v in JSON and a tag of its content, or with
// 304 if the client has just that (HB-135). The time to build v is spent either
// way; what is saved is the transfer.
func WriteTagged(w http.ResponseWriter, r *http.Request, v any) {
	text, ok := encode(w, v)
	if !ok {
		return
	}
	sum := sha256.Sum256(text)
	tag := `"` + hex.EncodeToString(sum[:20]) + `"`
	w.Header().Set("ETag", tag)
	for _, known := range strings.Split(r.Header.Get("If-None-Match"), ",") {
		if known = strings.TrimPrefix(strings.TrimSpace(known), "W/"); known == tag || known == "*" {
			w.Header().Del("Content-Type")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	writeJSON(w, http.StatusOK, text)
}
