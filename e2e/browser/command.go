package browser

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// errorTail is how much of a failed command's output an error carries.
const errorTail = 1500

// command is one bounded run of a program, without standard input.
type command struct {
	limit time.Duration
	env   []string // beside the process's own
	argv  []string
}

// output runs c and returns its standard output. An error carries the end of
// what the command wrote. When the limit or ctx ends it, its children end too:
// npm, apt-get and the driver all do their work in one.
func (c command) output(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	cmd.Env = append(os.Environ(), c.env...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	cmd.WaitDelay = 5 * time.Second
	endWithChildren(cmd)
	err := cmd.Run()
	if err == nil {
		return out.Bytes(), nil
	}
	if cause := ctx.Err(); cause != nil {
		err = fmt.Errorf("gave up (limit %s): %w", c.limit, cause)
	}
	text := strings.TrimSpace(out.String() + problems.String())
	if len(text) > errorTail {
		text = "… " + text[len(text)-errorTail:]
	}
	if text != "" {
		err = fmt.Errorf("%w: %s", err, text)
	}
	return nil, fmt.Errorf("%s: %w", c, err)
}

// String is the command as one would type it, cut where a script begins.
func (c command) String() string {
	words := c.argv
	if len(words) > 4 {
		words = append(append([]string(nil), words[:4]...), "…")
	}
	return strings.Join(words, " ")
}
