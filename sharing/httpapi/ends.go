package httpapi

import (
	"fmt"
	"strings"
	"time"

	"github.com/hubshare/hubshare/sharing"
)

// accessEnds tells a visitor how long the access lasts that they accept; "" = until somebody takes it away.
func accessEnds(t sharing.Terms) string {
	switch {
	case t.Lifetime > 0 && t.Session:
		return "Your access ends " + inWords(t.Lifetime) + " after you accept, or when the server stops before that."
	case t.Lifetime > 0:
		return "Your access ends " + inWords(t.Lifetime) + " after you accept."
	case t.Session:
		return "Your access ends when the server stops."
	}
	return ""
}

// inWords says a duration of a second or more, like "1 hour" or "2 days, 3 hours and 1 second". Parts of a second are dropped.
func inWords(d time.Duration) string {
	var parts []string
	for _, unit := range []struct {
		name   string
		length time.Duration
	}{{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute}, {"second", time.Second}} {
		switch n := d / unit.length; n {
		case 0:
		case 1:
			parts = append(parts, "1 "+unit.name)
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", n, unit.name))
		}
		d %= unit.length
	}
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}
