package realhub

import (
	"context"
	_ "embed" // for the configuration
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

//go:embed hubconfig.py
var hubConfig []byte

// Limits of a hub's life. A start takes seconds, on a busy machine many.
const (
	startLimit = 4 * time.Minute
	stopLimit  = 20 * time.Second
	askAgain   = 20 * time.Millisecond
)

// Hub is a JupyterHub that runs, with its proxy. Its methods may be called from several goroutines.
type Hub struct {
	// URL is its address with the base, "http://127.0.0.1:PORT/".
	URL string
	// Dir holds its database, "jupyterhub.sqlite", and the homes of users, "home/NAME".
	Dir string

	cmd     *exec.Cmd
	output  *tail
	done    chan struct{} // closed when the process has ended and been waited for
	ended   error         // how; read after done
	tempDir bool
	started time.Duration
}

// errAgain says that another try may do: somebody took a port between the look for a free one and the hub's use of it, or the machine is so
// busy that the proxy did not come up within the ten seconds that a hub gives it.
var errAgain = errors.New("circumstances")

// Start runs a hub and returns when it answers through its proxy. ctx bounds the start alone. Close must be called; when this process dies
// without it, the hub ends too on Linux.
func Start(ctx context.Context, o Options) (*Hub, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for try := 1; ; try++ {
		h, err := start(ctx, o)
		if errors.Is(err, errAgain) && try < 4 {
			continue
		}
		return h, err
	}
}

func start(ctx context.Context, o Options) (*Hub, error) {
	if o.Env.Dir == "" {
		return nil, errors.New("start a hub: Options.Env is not set")
	}
	if o.BaseURL == "" {
		o.BaseURL = "/"
	}
	h := &Hub{Dir: o.Dir, output: &tail{to: o.Output}, done: make(chan struct{})}
	if h.Dir == "" {
		dir, err := os.MkdirTemp("", "realhub-")
		if err != nil {
			return nil, err
		}
		h.Dir, h.tempDir = dir, true
	}
	began := time.Now()
	if err := h.launch(o); err != nil {
		return nil, errors.Join(fmt.Errorf("start a hub: %w", err), h.removeDir())
	}
	if err := h.ready(ctx); err != nil {
		err = fmt.Errorf("start a hub: %w; its output ends with:\n%s", err, h.output)
		if text := h.output.String(); strings.Contains(text, "ddress already in use") || strings.Contains(text, "Failed to start proxy") {
			err = fmt.Errorf("%w: %w", errAgain, err)
		}
		return nil, errors.Join(err, h.Close())
	}
	h.started = time.Since(began)
	return h, nil
}

// launch writes the configuration and starts the process.
func (h *Hub) launch(o Options) error {
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	h.URL = fmt.Sprintf("http://127.0.0.1:%d%s", ports[0], o.BaseURL)
	settings, err := json.Marshal(struct {
		Options
		Dir       string   `json:"dir"`
		Proxy     []string `json:"proxy"`
		Port      int      `json:"port"`
		HubPort   int      `json:"hub_port"`
		ProxyPort int      `json:"proxy_port"`
	}{o, h.Dir, o.Env.Proxy(), ports[0], ports[1], ports[2]})
	if err != nil {
		return err
	}
	settingsFile, configFile := filepath.Join(h.Dir, "options.json"), filepath.Join(h.Dir, "jupyterhub_config.py")
	if err := errors.Join(
		os.WriteFile(settingsFile, settings, 0o600),
		os.WriteFile(configFile, []byte(string(hubConfig)+o.Config), 0o600),
		os.MkdirAll(filepath.Join(h.Dir, "home"), 0o755),
	); err != nil {
		return err
	}
	h.cmd = exec.Command(o.Env.Program("jupyterhub"), "--config", configFile)
	h.cmd.Dir = h.Dir
	h.cmd.Env = append(o.Env.Environ(), "REALHUB_OPTIONS="+settingsFile)
	h.cmd.Stdout, h.cmd.Stderr = h.output, h.output
	h.cmd.WaitDelay = 5 * time.Second // what outlives the hub may hold its output open
	ownGroup(h.cmd)
	launched := make(chan error, 1)
	go h.run(launched)
	return <-launched
}

// run owns the process from its start to its end.
func (h *Hub) run(launched chan<- error) {
	runtime.LockOSThread() // the kernel ends the hub with the thread that started it, not with the process
	defer runtime.UnlockOSThread()
	defer close(h.done)
	if err := h.cmd.Start(); err != nil {
		launched <- err
		return
	}
	launched <- nil
	h.ended = h.cmd.Wait()
	endGroup(h.cmd)
}

// ready waits for the first answer of the hub through the proxy.
func (h *Hub) ready(ctx context.Context) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	tick := time.NewTicker(askAgain)
	defer tick.Stop()
	for {
		if h.answers(ctx, client) {
			return nil
		}
		select {
		case <-h.done:
			return fmt.Errorf("it ended at once: %w", errors.Join(h.ended, errEnded))
		case <-ctx.Done():
			return fmt.Errorf("it does not answer: %w", context.Cause(ctx))
		case <-tick.C:
		}
	}
}

var errEnded = errors.New("the hub has ended")

func (h *Hub) answers(ctx context.Context, client *http.Client) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.URL+"hub/api/", nil)
	if err != nil {
		return false
	}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return err == nil && resp.StatusCode == http.StatusOK
}

// Started is how long the hub took from its launch to its first answer, to within 20 ms.
func (h *Hub) Started() time.Duration { return h.started }

// PID is the number of the hub's process, and of the process group that the proxy and users' servers are in too.
func (h *Hub) PID() int { return h.cmd.Process.Pid }

// Output is the end of what the hub and its proxy have printed, some 64 KiB.
func (h *Hub) Output() string { return h.output.String() }

// Close ends the hub, its proxy and its servers, and removes its folder if Start made it. It may be called more than once.
func (h *Hub) Close() error {
	if h.cmd.Process != nil {
		askToEnd(h.cmd)
		select {
		case <-h.done:
		case <-time.After(stopLimit):
			endGroup(h.cmd)
			<-h.done
		}
	}
	return h.removeDir()
}

func (h *Hub) removeDir() error {
	if !h.tempDir {
		return nil
	}
	return os.RemoveAll(h.Dir)
}

// freePorts finds ports that nobody listens on now.
func freePorts(n int) ([]int, error) {
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() //nolint:errcheck // all are held until all are found; a listener that nobody used closes
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}
