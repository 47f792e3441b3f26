//go:build !unix

package realhub

import "os/exec"

func ownGroup(*exec.Cmd) {} // there are no process groups

func askToEnd(cmd *exec.Cmd) { _ = cmd.Process.Kill() }

func endGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
