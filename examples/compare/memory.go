package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// resident is the memory of a hub, bytes; 0 = it cannot be known here.
func (s subject) resident() (total int64) {
	if !s.group {
		return residentOf(strconv.Itoa(s.pid))
	}
	all, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is right, and nothing is found where there is no /proc
	for _, file := range all {
		text, err := os.ReadFile(file) //nolint:gosec // the system's own
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(text), ") ") // the name before it may have blanks
		var state string
		var parent, group int
		if _, err := fmt.Sscan(rest, &state, &parent, &group); err == nil && group == s.pid {
			total += residentOf(filepath.Base(filepath.Dir(file)))
		}
	}
	return total
}

func residentOf(pid string) int64 {
	text, err := os.ReadFile(filepath.Join("/proc", pid, "status")) //nolint:gosec // the system's own
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		var kib int64
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	return 0
}
