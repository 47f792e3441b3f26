package realhub

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/hubshare/hubshare/internal/supply"
)

// uvVersion is that of the installer: it takes seconds for what takes pip minutes, and environments that share packages share their files.
const uvVersion = "0.13.9"

// Limits of single steps, for a busy machine behind a slow line.
const (
	askLimit   = time.Minute
	fetchLimit = 8 * time.Minute
)

// python makes the virtual environment of the release at dir.
func (s *shelf) python(ctx context.Context, dir string) error {
	interpreter, err := s.interpreter(ctx)
	if err != nil {
		return err
	}
	uv, err := s.uv(ctx, interpreter)
	if err != nil {
		return err
	}
	text, err := s.env.Release.requirements()
	if err != nil {
		return err
	}
	s.logf("installing JupyterHub %s and what belongs to it", s.env.Release.Version())
	list := filepath.Join(filepath.Dir(dir), "requirements.txt")
	if err := os.WriteFile(list, text, 0o644); err != nil {
		return err
	}
	env := []string{"UV_CACHE_DIR=" + filepath.Join(s.base, "uv-cache"), "UV_PYTHON_DOWNLOADS=never", "VIRTUAL_ENV="}
	if index := os.Getenv("PIP_INDEX_URL"); index != "" && os.Getenv("UV_DEFAULT_INDEX") == "" {
		env = append(env, "UV_DEFAULT_INDEX="+index) // whoever has a mirror has told pip
	}
	// Relocatable, since the folder is renamed when it is done.
	venv := supply.Command{Limit: askLimit, Env: env, Argv: []string{uv, "venv", "-q", "--relocatable", "--no-project", "--python", interpreter, dir}}
	if _, err := venv.Output(ctx); err != nil {
		return err
	}
	install := supply.Command{Limit: fetchLimit, Env: env,
		Argv: []string{uv, "pip", "install", "-q", "--no-deps", "--python", filepath.Join(dir, "bin", "python"), "-r", list}}
	if _, err := install.Output(ctx); err != nil {
		return s.blame(ctx, err, uvTool(s.base))
	}
	return nil
}

func uvTool(base string) string { return filepath.Join(base, "uv-"+uvVersion) }

// uv gives the installer, put into a folder of its own at first.
func (s *shelf) uv(ctx context.Context, interpreter string) (string, error) {
	dir := uvTool(s.base)
	bin := filepath.Join(dir, "bin", "uv")
	if stands(bin) && stands(filepath.Join(dir, "bin", "python")) {
		return bin, nil
	}
	return bin, s.build(ctx, dir, func(ctx context.Context, dir string) error {
		s.logf("fetching uv %s", uvVersion)
		venv := supply.Command{Limit: 3 * askLimit, Argv: []string{interpreter, "-m", "venv", dir}}
		if _, err := venv.Output(ctx); err != nil {
			return err
		}
		install := supply.Command{Limit: fetchLimit, Argv: []string{filepath.Join(dir, "bin", "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", "uv==" + uvVersion}}
		if _, err := install.Output(ctx); err != nil {
			return s.blame(ctx, err, dir)
		}
		return nil
	})
}

// blame tells an index that does not answer from an installation that went wrong: it asks for a small package. tool is an environment with pip.
func (s *shelf) blame(ctx context.Context, failed error, tool string) error {
	ask := supply.Command{Limit: askLimit, Argv: []string{filepath.Join(tool, "bin", "python"), "-m", "pip", "download", "-q", "--disable-pip-version-check",
		"--no-deps", "--no-cache-dir", "--retries", "1", "--timeout", "15", "--dest", filepath.Dir(tool), "six==1.17.0"}}
	if _, err := ask.Output(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, errors.Join(failed, err))
	}
	return failed
}

// usable makes a Python of at least 3.11 that can make environments print where it is. A version manager puts a launcher on the path.
const usable = `import sys, venv, ensurepip
assert sys.version_info >= (3, 11), sys.version
print(sys.executable)`

// interpreter finds a Python to build on. On Debian the module that makes environments is a package of its own.
func (s *shelf) interpreter(ctx context.Context) (string, error) {
	problem := s.lookForPython(ctx)
	if problem.found != "" {
		return problem.found, nil
	}
	s.logf("no Python to build on; asking apt-get for one")
	if err := supply.AptInstall(ctx, "python3", "python3-venv"); err != nil {
		return "", fmt.Errorf("%w: install Python 3.11 or newer with its venv module: %w", ErrUnreachable, errors.Join(problem.why, err))
	}
	if again := s.lookForPython(ctx); again.found != "" {
		return again.found, nil
	}
	return "", fmt.Errorf("%w: Python 3.11 or newer is needed: %w", ErrUnreachable, problem.why)
}

type pythonSearch struct {
	found string
	why   error // of all that were tried
}

func (s *shelf) lookForPython(ctx context.Context) pythonSearch {
	var out pythonSearch
	for _, name := range []string{"python3", "python3.14", "python3.13", "python3.12", "python3.11"} {
		path, err := exec.LookPath(name)
		if err != nil {
			out.why = errors.Join(out.why, err)
			continue
		}
		text, err := supply.Command{Limit: askLimit, Argv: []string{path, "-c", usable}}.Output(ctx)
		if err == nil {
			out.found = strings.TrimSpace(string(text))
			return out
		}
		out.why = errors.Join(out.why, err)
	}
	return out
}

// proxy installs configurable-http-proxy below dir.
func (s *shelf) proxy(ctx context.Context, dir string) error {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return fmt.Errorf("%w: install Node 20 or newer with npm: %w", ErrUnreachable, err)
	}
	s.logf("fetching configurable-http-proxy from npm")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := pinned.ReadFile("env/" + name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	install := supply.Command{Limit: fetchLimit, Dir: dir, Argv: []string{npm, "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"}}
	if _, err := install.Output(ctx); err != nil {
		ping := supply.Command{Limit: askLimit, Argv: []string{npm, "view", "--silent", "configurable-http-proxy", "version"}}
		if _, asked := ping.Output(ctx); asked != nil && ctx.Err() == nil {
			return fmt.Errorf("%w: %w", ErrUnreachable, errors.Join(err, asked))
		}
		return err
	}
	return nil
}
