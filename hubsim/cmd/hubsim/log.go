package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

// logger makes the log of a form.
func (w world) logger(form string) (*slog.Logger, error) {
	if form == "auto" {
		form = "text"
		if w.terminal {
			form = "human"
		}
	}
	switch form {
	case "human":
		_, plain := w.env("NO_COLOR")
		return slog.New(&human{out: w.stderr, colours: w.terminal && !plain, mu: &sync.Mutex{}}), nil
	case "text":
		return slog.New(slog.NewTextHandler(w.stderr, nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w.stderr, nil)), nil
	case "none":
		return slog.New(slog.DiscardHandler), nil
	}
	return nil, wrongUsage("--log: %q must be auto, human, text, json or none", form)
}

// human writes the log for people: a line for each event, and below a refused request why it was refused (HB-182, HB-202).
type human struct {
	out     io.Writer
	colours bool
	attrs   []slog.Attr
	mu      *sync.Mutex // of all that write to out
}

func (h *human) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

func (h *human) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	with.attrs = append(with.attrs[:len(with.attrs):len(with.attrs)], attrs...)
	return &with
}

// WithGroup is for libraries that group; this log has no use for it.
func (h *human) WithGroup(string) slog.Handler { return h }

func (h *human) Handle(_ context.Context, r slog.Record) error {
	var line strings.Builder
	line.WriteString(h.paint(faint, r.Time.Format("15:04:05.000")) + " ")
	if r.Message == "request" {
		h.request(&line, r)
	} else {
		h.event(&line, r)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := io.WriteString(h.out, line.String())
	return err
}

func (h *human) request(line *strings.Builder, r slog.Record) {
	of := map[string]slog.Value{}
	r.Attrs(func(a slog.Attr) bool {
		of[a.Key] = a.Value
		return true
	})
	status := of["status"].String()
	fmt.Fprintf(line, "%s %-6s %s", h.paint(colourOf(status), status), printable(of["method"].String()), printable(of["path"].String()))
	if user, ok := of["user"]; ok {
		line.WriteString("  " + h.paint(bold, printable(user.String())))
	}
	if ms := of["ms"]; ms.Kind() == slog.KindFloat64 {
		line.WriteString("  " + h.paint(faint, fmt.Sprintf("%.1f ms", ms.Float64())))
	}
	for _, a := range h.attrs {
		line.WriteString("  " + h.paint(faint, a.Key+"=") + printable(a.Value.String()))
	}
	line.WriteByte('\n')
	if fault, ok := of["fault"]; ok {
		line.WriteString("             " + h.paint(magenta, "fault: "+printable(fault.String())) + "\n")
	}
	if why, ok := of["why"]; ok {
		line.WriteString("             " + h.paint(yellow, printable(why.String())) + "\n")
	}
}

func (h *human) event(line *strings.Builder, r slog.Record) {
	colour := ""
	switch {
	case r.Level >= slog.LevelError:
		colour = red
	case r.Level >= slog.LevelWarn:
		colour = yellow
	}
	line.WriteString(h.paint(colour, printable(r.Message)))
	write := func(a slog.Attr) bool {
		value := a.Value.Resolve()
		text := value.String()
		if value.Kind() == slog.KindAny {
			if b, err := json.Marshal(value.Any()); err == nil && !isError(value) {
				text = string(b)
			}
		}
		line.WriteString(" " + h.paint(faint, a.Key+"=") + printable(text))
		return true
	}
	for _, a := range h.attrs {
		write(a)
	}
	r.Attrs(write)
	line.WriteByte('\n')
}

func isError(v slog.Value) bool {
	_, ok := v.Any().(error)
	return ok
}

// Colours of terminals.
const (
	faint   = "2"
	bold    = "1"
	red     = "31"
	green   = "32"
	yellow  = "33"
	magenta = "35"
	cyan    = "36"
)

func colourOf(status string) string {
	switch {
	case status >= "5":
		return red
	case status >= "4":
		return yellow
	case status >= "3":
		return cyan
	}
	return green
}

func (h *human) paint(colour, text string) string {
	if !h.colours || colour == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// printable shows what would move a terminal's cursor instead of doing it.
func printable(text string) string {
	if !strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return text
	}
	quoted := strconv.QuoteToGraphic(text)
	return quoted[1 : len(quoted)-1]
}
