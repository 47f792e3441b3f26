package realhub

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"regexp"
)

// Release is a line of JupyterHub releases of which one is pinned.
type Release string

// The releases that there are requirements for.
const (
	V55 Release = "5.5" // the newest of the line that scopes.P55 is of
	V61 Release = "6.1" // the newest stable release, of the line that scopes.P60 is of
)

// pinned holds for each release the packages that its environment is made of, and those of the proxy.
//
//go:embed env/requirements-*.txt env/package.json env/package-lock.json
var pinned embed.FS

// requirements gives the pinned packages of a release.
func (r Release) requirements() ([]byte, error) {
	text, err := pinned.ReadFile("env/requirements-" + string(r) + ".txt")
	if err != nil {
		return nil, fmt.Errorf("release %q is not one that there are requirements for: %w", r, err)
	}
	return text, nil
}

var hubLine = regexp.MustCompile(`(?m)^jupyterhub==(\S+)`)

// Version is that of the JupyterHub that is pinned, "5.5.4"; empty for a release that there is none of.
func (r Release) Version() string {
	text, err := r.requirements()
	if err != nil {
		return ""
	}
	m := hubLine.FindSubmatch(text)
	if m == nil {
		return ""
	}
	return string(m[1])
}

// digest names a folder after what it is made from.
func digest(parts ...[]byte) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}
