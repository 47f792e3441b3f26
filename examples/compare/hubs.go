package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/hubshare/hubshare/e2e/realhub"
)

// subject is a hub that runs and is to be measured.
type subject struct {
	url     string        // of the hub itself, with a slash at the end
	front   string        // where people come to it: of the proxy, if there is one
	started time.Duration // from its launch to its first answer
	pid     int
	group   bool // what it started belongs to it: all processes of its group
	close   func() error
}

// keys are the secrets that both hubs are configured with.
type keys struct{ admin, client string }

// starter runs a hub in a folder of its own.
type starter func(ctx context.Context, dir string, k keys) (subject, error)

// What both hubs are configured with. The service lets people in without asking them.
const (
	clientName  = "client"
	clientID    = "service-client"
	redirectURI = "http://127.0.0.1:9/oauth_callback" // nobody listens there
	adminName   = "realhub-admin"
)

// userScopes are those of everybody.
func userScopes() []string {
	return []string{"self", "shares!user", "access:services!service=" + clientName}
}

func realStarter(env realhub.Env) starter {
	return func(ctx context.Context, dir string, k keys) (subject, error) {
		hub, err := realhub.Start(ctx, realhub.Options{Env: env, Dir: dir, AdminToken: k.admin,
			Roles: []realhub.Role{{Name: "user", Scopes: userScopes()}},
			Services: []realhub.Service{{Name: clientName, APIToken: k.client, OAuthClientID: clientID, OAuthRedirectURI: redirectURI,
				OAuthNoConfirm: true}},
			// where the hub listens behind its proxy
			Config: "\nwith open('address', 'w') as f:\n    f.write(c.JupyterHub.hub_bind_url)\n"})
		if err != nil {
			return subject{}, err
		}
		address, err := os.ReadFile(filepath.Join(dir, "address")) //nolint:gosec // written above
		if err != nil {
			return subject{}, errors.Join(err, hub.Close())
		}
		return subject{url: strings.TrimRight(string(address), "/") + "/", front: hub.URL, started: hub.Started(), pid: hub.PID(), group: true, close: hub.Close}, nil
	}
}

// hubsimStarter runs a hubsim that behaves as the release.
func hubsimStarter(program string, release realhub.Release) starter {
	profile := "5.5"
	if release != realhub.V55 {
		profile = "6.0"
	}
	return func(ctx context.Context, dir string, k keys) (subject, error) {
		type object map[string]any
		config, err := json.Marshal(object{
			"profile": profile, "host": "127.0.0.1", "port": 0, "db": filepath.Join(dir, "hub.db"),
			"roles": []object{{"name": "user", "scopes": userScopes()}, {"name": "admin", "services": []string{adminName}}},
			"services": []object{{"name": adminName, "api_token": k.admin},
				{"name": clientName, "api_token": k.client, "oauth_redirect_uri": redirectURI, "oauth_no_confirm": true}},
		})
		if err != nil {
			return subject{}, err
		}
		log, err := os.Create(filepath.Join(dir, "log")) //nolint:gosec // a folder of this program
		if err != nil {
			return subject{}, err
		}
		defer func() { _ = log.Close() }()
		cmd := exec.Command(program, "--config", "-") //nolint:gosec,noctx // the program that was asked for; ctx bounds the start alone
		cmd.Stdin, cmd.Stderr = strings.NewReader(string(config)), log
		output, err := cmd.StdoutPipe()
		if err != nil {
			return subject{}, err
		}
		began := time.Now()
		if err := cmd.Start(); err != nil {
			return subject{}, err
		}
		end := func() error {
			_ = cmd.Process.Signal(os.Interrupt) // it may have ended
			return cmd.Wait()
		}
		defer context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })()
		line, err := bufio.NewReader(output).ReadString('\n')
		var ready struct{ URL string }
		if err == nil {
			err = json.Unmarshal([]byte(line), &ready)
		}
		if err == nil {
			err = newClient(ready.URL).call(ctx, "GET", "hub/api/", "", nil, nil)
		}
		s := subject{url: ready.URL, front: ready.URL, started: time.Since(began), pid: cmd.Process.Pid, close: end}
		if err != nil {
			_ = cmd.Process.Kill()
			said, _ := os.ReadFile(log.Name())
			return subject{}, fmt.Errorf("start hubsim: %w", errors.Join(err, end(), errors.New(string(said))))
		}
		return s, nil
	}
}

func buildHubsim(ctx context.Context, dir string) (string, error) {
	program := filepath.Join(dir, "hubsim")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "github.com/hubshare/hubshare/hubsim/cmd/hubsim").CombinedOutput() //nolint:gosec // its arguments are ours
	if err != nil {
		return "", fmt.Errorf("build hubsim (--hubsim names one that is built): %w: %s", err, out)
	}
	return program, nil
}

// versionOf is what a hubsim calls itself.
func versionOf(ctx context.Context, program string) (string, error) {
	out, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", program, err)
	}
	return strings.TrimSpace(string(out)), nil
}

func newKeys() keys { return keys{admin: rand.Text(), client: rand.Text()} }
