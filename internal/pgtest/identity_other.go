//go:build !unix

package pgtest

import (
	"errors"
	"os/exec"
)

// identity has nothing to say where no server is started.
type identity struct{}

func account() (identity, error) {
	return identity{}, errors.New("on this system no server is started: name one in " + ServerEnv)
}

func (identity) own(string) error { return nil }
func (identity) run(*exec.Cmd)    {}
func apart(*exec.Cmd)             {}
