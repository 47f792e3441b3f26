package browser

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hubshare/hubshare/internal/supply"
)

// The version is fixed, and so is what it must be, so that a page does not become
// inaccessible overnight and nobody else's script runs in it.
const (
	axeVersion = "4.14.1"
	axeDigest  = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
)

// Axe gives the script of axe-core, which checks a page for accessibility: run it
// in a page, then call axe.run(). It is fetched from npm at first and kept with
// the browser (see Options.CacheDir).
func Axe(ctx context.Context, o Options) (script string, err error) {
	ctx, cancel := context.WithTimeout(ctx, ensureLimit)
	defer cancel()
	p, err := newProvision(o)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(p.base, "axe-"+axeVersion)
	if text, err := axeIn(dir); err == nil {
		return text, nil
	}
	unlock, err := supply.Acquire(ctx, filepath.Join(p.base, "lock"), ensureLimit, func() {
		p.log.printf("another process is preparing %s; waiting for it", p.base)
	})
	if err != nil {
		return "", fmt.Errorf("wait for the lock in %s: %w", p.base, err)
	}
	defer unlock()
	if text, err := axeIn(dir); err == nil { // the other process did it
		return text, nil
	}
	if err := p.npmUnpack(ctx, "axe-core@"+axeVersion, dir); err != nil {
		return "", fmt.Errorf("fetch axe-core: %w", err)
	}
	return axeIn(dir)
}

func axeIn(dir string) (string, error) {
	text, err := os.ReadFile(filepath.Join(dir, "axe.min.js"))
	if err != nil {
		return "", fmt.Errorf("read axe-core: %w", err)
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != axeDigest {
		return "", errors.New("axe.min.js of axe-core " + axeVersion + " is not what it was")
	}
	return string(text), nil
}
