package realhub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hubshare/hubshare/internal/supply"
)

// ErrUnreachable says that an index gave nothing, or that there is no client to ask it with: no Python 3.11 or newer, or no npm.
var ErrUnreachable = errors.New("the package indexes cannot be reached from here")

// ensureLimit bounds the whole of Ensure, whatever its context allows.
const ensureLimit = 12 * time.Minute

// Cache says where installed programs are kept. The zero value works.
type Cache struct {
	// Dir is the folder; "" = hubshare/realhub in the user's cache folder.
	Dir string
	// Log gets a line for each thing that is fetched or waited for; nil discards them.
	Log io.Writer
}

// Env is an installed JupyterHub with what belongs to it. It is shared by all who ask for the release: nothing may be changed in it.
type Env struct {
	Release Release
	// Dir is a Python virtual environment with jupyterhub, jupyterlab, notebook and jupyter-collaboration.
	Dir string
	// Node is a folder with a node_modules that holds configurable-http-proxy.
	Node string
}

// Program is the path of a program in the environment: "python", "jupyterhub", "jupyterhub-singleuser", "jupyter".
func (e Env) Program(name string) string { return filepath.Join(e.Dir, "bin", name) }

// Proxy is the command line of configurable-http-proxy, without options.
func (e Env) Proxy() []string {
	return []string{"node", filepath.Join(e.Node, "node_modules", "configurable-http-proxy", "bin", "configurable-http-proxy")}
}

// Environ is the environment of this process with the programs of e found first, and no Python settings of its own.
func (e Env) Environ() []string {
	var out []string
	for _, kv := range os.Environ() {
		switch name, _, _ := strings.Cut(kv, "="); name {
		case "PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "JUPYTERHUB_API_TOKEN", "JUPYTER_CONFIG_DIR", "JUPYTER_PREFER_ENV_PATH":
		default:
			out = append(out, kv)
		}
	}
	path := filepath.Join(e.Dir, "bin") + string(os.PathListSeparator) + os.Getenv("PATH")
	return append(out, "PATH="+path, "VIRTUAL_ENV="+e.Dir, "PYTHONUNBUFFERED=1")
}

// Ensure gives the environment of a release, installing what is missing. It is idempotent and may be called from several processes at
// once: one works, the others wait. Where everything is in place it starts no process. The whole is bounded by twelve minutes or ctx.
// Errors: ErrUnreachable, the context's, or what a package manager said.
func Ensure(ctx context.Context, release Release, c Cache) (Env, error) {
	ctx, cancel := context.WithTimeout(ctx, ensureLimit)
	defer cancel()
	s, err := newShelf(release, c)
	if err != nil {
		return Env{}, err
	}
	if s.complete() {
		return s.env, nil
	}
	unlock, err := supply.Acquire(ctx, filepath.Join(s.base, "lock"), ensureLimit, func() {
		s.logf("another process is filling %s; waiting for it", s.base)
	})
	if err != nil {
		return Env{}, fmt.Errorf("wait for the lock in %s: %w", s.base, err)
	}
	defer unlock()
	if err := s.fill(ctx); err != nil {
		return Env{}, err
	}
	return s.env, nil
}

// shelf is one run of Ensure. Each folder on it is built aside and renamed, so one that stands there is whole.
type shelf struct {
	base string
	env  Env
	log  io.Writer
}

func newShelf(release Release, c Cache) (*shelf, error) {
	text, err := release.requirements()
	if err != nil {
		return nil, err
	}
	lock, err := pinned.ReadFile("env/package-lock.json")
	if err != nil {
		return nil, err
	}
	base := c.Dir
	if base == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("find the user's cache folder: %w", err)
		}
		base = filepath.Join(cache, "hubshare", "realhub")
	}
	if base, err = filepath.Abs(base); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(base, 0o755); err != nil {
		return nil, err
	}
	return &shelf{base: base, log: c.Log, env: Env{
		Release: release,
		Dir:     filepath.Join(base, "python-"+string(release)+"-"+digest(text)),
		Node:    filepath.Join(base, "proxy-"+digest(lock)),
	}}, nil
}

// complete says whether everything stands, the Python that the environment rests on included.
func (s *shelf) complete() bool {
	return stands(s.env.Program("python")) && stands(s.env.Proxy()[1])
}

func stands(file string) bool {
	info, err := os.Stat(file) // follows links: an interpreter may have been removed
	return err == nil && !info.IsDir()
}

func (s *shelf) fill(ctx context.Context) error {
	if left, _ := filepath.Glob(filepath.Join(s.base, ".tmp-*")); len(left) > 0 { // the pattern is sound; we hold the lock, so these are of a run that died
		for _, dir := range left {
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
		}
	}
	if !stands(s.env.Program("python")) {
		if err := s.build(ctx, s.env.Dir, s.python); err != nil {
			return fmt.Errorf("install JupyterHub %s: %w", s.env.Release.Version(), err)
		}
	}
	if !stands(s.env.Proxy()[1]) {
		if err := s.build(ctx, s.env.Node, s.proxy); err != nil {
			return fmt.Errorf("install configurable-http-proxy: %w", err)
		}
	}
	return nil
}

// build makes dir with make, aside, and puts it in place of what stood there.
func (s *shelf) build(ctx context.Context, dir string, make func(ctx context.Context, dir string) error) error {
	start := time.Now()
	tmp, err := os.MkdirTemp(s.base, ".tmp-") // the same file system, so that renaming works
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	made := filepath.Join(tmp, filepath.Base(dir))
	if err := make(ctx, made); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Rename(made, dir); err != nil {
		return err
	}
	s.logf("%s is ready (%s)", filepath.Base(dir), time.Since(start).Round(100*time.Millisecond))
	return nil
}

func (s *shelf) logf(format string, args ...any) {
	if s.log != nil {
		_, _ = fmt.Fprintf(s.log, "realhub: "+format+"\n", args...) // a log that cannot be written must not stop the work
	}
}
