package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"
)

// process is a replica that runs.
type process struct {
	at    *url.URL
	cmd   *exec.Cmd
	input io.Closer // its end ends the replica, also when this program is killed
}

// startReplica returns once it listens.
func startReplica(ctx context.Context, s settings, stderr io.Writer) (_ *process, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self) //nolint:gosec,noctx // this very program; ctx bounds the start alone
	cmd.Env, cmd.Stderr = append(os.Environ(), asReplica+"=1"), stderr
	cmd.WaitDelay = 10 * time.Second
	unprompted(cmd)
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, input: input}
	defer context.AfterFunc(ctx, func() { _ = input.Close() })()
	if err := json.NewEncoder(input).Encode(s); err != nil {
		return nil, errors.Join(err, p.end())
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("it did not say where it listens: %w", err), p.end())
	}
	p.at = &url.URL{Scheme: "http", Host: strings.TrimSpace(line)}
	return p, nil
}

func (p *process) end() error {
	_ = p.input.Close() // closed already = ending already
	return p.cmd.Wait()
}
