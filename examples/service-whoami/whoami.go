package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/hubshare/hubshare/oauth/hubauth"
)

// whoami is the service: it answers every path below its prefix with what the hub knows about the visitor. All that it needs to know about the
// hub is in its environment. It says when it listens, and ends when ctx does.
func whoami(ctx context.Context, getenv func(string) string, noLogin bool, stdout io.Writer) error {
	cfg, err := hubauth.FromEnv(getenv)
	if err != nil {
		return err
	}
	cfg.NoLogin = noLogin
	auth, err := hubauth.New(cfg)
	if err != nil {
		return err
	}
	at, err := url.Parse(getenv("JUPYTERHUB_SERVICE_URL"))
	if err != nil || at.Host == "" {
		return errors.New("JUPYTERHUB_SERVICE_URL does not say where to listen")
	}
	mux := http.NewServeMux()
	mux.Handle(cfg.Prefix, auth.Middleware(teller{cfg.APIURL, &http.Client{Timeout: 20 * time.Second}}))
	mux.Handle(cfg.Prefix+"logout", auth.LogoutHandler())
	var listen net.ListenConfig
	l, err := listen.Listen(ctx, "tcp", at.Host)
	if err != nil {
		return err
	}
	say(stdout, "%s listens on %s\n", getenv("JUPYTERHUB_SERVICE_NAME"), l.Addr())
	return serve(ctx, l, mux)
}

// teller asks the hub about a visitor in the visitor's own name, and passes the answer on.
type teller struct {
	api string // the hub's
	hub *http.Client
}

func (t teller) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	visitor, _ := hubauth.UserFrom(r.Context())
	model, err := t.ask(r.Context(), visitor.Token)
	if err != nil {
		http.Error(w, "The hub does not say.", http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(append(model, '\n')) // the visitor has gone; nobody is left to tell
}

func (t teller) ask(ctx context.Context, token hubauth.Secret) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.api+"/user", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "token "+token.Reveal())
	res, err := t.hub.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the hub answered %s", res.Status)
	}
	var model map[string]json.RawMessage // which sorts the keys
	if err := json.NewDecoder(io.LimitReader(res.Body, 4<<20)).Decode(&model); err != nil {
		return nil, err
	}
	return json.MarshalIndent(model, "", " ")
}

func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	err := server.Close()
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
