package spawner

import (
	"bufio"
	"io"
	"strings"
	"sync"
)

const (
	longestLine = 4 << 10  // bytes
	tailLines   = 100      // of Child.Tail
	tailBytes   = 16 << 10 // of Child.Tail
)

// output takes what a program writes, line by line, and keeps the last of it.
type output struct {
	each func(string)
	hide *strings.Replacer

	mu    sync.Mutex
	lines []string
	bytes int
}

func hider(secrets []string) *strings.Replacer {
	var pairs []string
	for _, s := range secrets {
		if s != "" {
			pairs = append(pairs, s, "REDACTED")
		}
	}
	return strings.NewReplacer(pairs...)
}

// read returns when nobody can write any more, or at the reader's deadline.
func (o *output) read(r io.Reader) {
	lines := bufio.NewReaderSize(r, longestLine)
	for {
		line, _, err := lines.ReadLine()
		if err != nil {
			return
		}
		text := o.hide.Replace(string(line))
		o.keep(text)
		if o.each != nil {
			o.each(text)
		}
	}
}

func (o *output) keep(line string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines, o.bytes = append(o.lines, line), o.bytes+len(line)+1
	for len(o.lines) > tailLines || o.bytes > tailBytes {
		o.bytes -= len(o.lines[0]) + 1
		o.lines = o.lines[1:]
	}
}

func (o *output) last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.lines) == 0 {
		return ""
	}
	return strings.Join(o.lines, "\n") + "\n"
}
