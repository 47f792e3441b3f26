package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/hubshare/hubshare/internal/supply"
)

// npmUnpack fetches an npm package and puts its files at dir. It unpacks aside
// and renames, so dir is never half there; what stood at dir is replaced.
//
// npm does the fetching because it knows the user's proxy and mirror.
func (p *provision) npmUnpack(ctx context.Context, spec, dir string) error {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return fmt.Errorf("%w: install it (on Debian: apt-get install npm): %w", ErrNoNPM, err)
	}
	start := time.Now()
	p.log.printf("fetching %s from npm", spec)
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	if err := removeLeftovers(parent); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(parent, ".tmp-") // the same file system, so that renaming works
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(tmp) }()

	pack := supply.Command{Limit: 4 * time.Minute, Argv: []string{npm, "pack", spec, "--silent", "--pack-destination", tmp}}
	if _, err := pack.Output(ctx); err != nil {
		return err
	}
	archives, err := filepath.Glob(filepath.Join(tmp, "*.tgz"))
	if err != nil || len(archives) != 1 {
		return errors.Join(fmt.Errorf("npm pack %s left %d archives, wanted one", spec, len(archives)), err)
	}
	info, err := os.Stat(archives[0])
	if err != nil {
		return err
	}
	if err := untarGzip(ctx, archives[0], tmp); err != nil {
		return fmt.Errorf("unpack %s: %w", spec, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(tmp, "package"), dir); err != nil {
		return err
	}
	p.log.printf("unpacked %s, %.1f MB (%s)", spec, float64(info.Size())/1e6, rounded(time.Since(start)))
	return nil
}

// removeLeftovers deletes what a killed run left unpacked. The caller holds the
// lock, so nobody is using it.
func removeLeftovers(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, ".tmp-*"))
	if err != nil {
		return err
	}
	for _, path := range left {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}
