//go:build unix && !linux

package spawner

import "syscall"

func dieWithParent(*syscall.SysProcAttr) {}
