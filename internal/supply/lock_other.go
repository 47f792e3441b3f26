//go:build !linux && !darwin

package supply

import (
	"errors"
	"io/fs"
	"os"
	"time"
)

// tryLock makes a file that must not exist yet. A holder that died leaves the
// file behind, so one older than stale is taken over.
func tryLock(path string, stale time.Duration) (unlock func(), held bool, err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
	if err == nil {
		return func() { _ = f.Close(); _ = os.Remove(path) }, false, nil
	}
	if !errors.Is(err, fs.ErrExist) {
		return nil, false, err
	}
	if info, statErr := os.Stat(path); statErr == nil && time.Since(info.ModTime()) > stale {
		_ = os.Remove(path)
	}
	return nil, true, nil
}
