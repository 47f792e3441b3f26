package supply

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

// Command is one bounded run of a program, without standard input.
type Command struct {
	Limit time.Duration
	Env   []string // beside the process's own
	Dir   string   // to run in; "" = the process's own
	Argv  []string
}

// Output runs c and returns its standard output. An error carries the end of
// what the command wrote. When the limit or ctx ends it, its children end too:
// npm, apt-get and the driver all do their work in one.
func (c Command) Output(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.Limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.Env = append(os.Environ(), c.Env...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	cmd.Dir = c.Dir
	cmd.WaitDelay = 5 * time.Second
	endWithChildren(cmd)
	err := cmd.Run()
	if err == nil {
		return out.Bytes(), nil
	}
	if cause := ctx.Err(); cause != nil {
		err = fmt.Errorf("gave up (limit %s): %w", c.Limit, cause)
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
func (c Command) String() string {
	words := c.Argv
	if len(words) > 4 {
		words = append(append([]string(nil), words[:4]...), "…")
	}
	return strings.Join(words, " ")
}
