package pages

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/hubshare/hubshare/internal/web"
)

// TokenPage is where a user makes and revokes their tokens (HB-60…HB-63, OA-88).
// It never holds a secret: a new one is fetched and shown by the page's script.
type TokenPage struct {
	Shell        Shell         // its Login is taken as true
	Tokens       []Token       // API tokens, in order
	Applications []Application // OAuth clients that hold tokens, in order
	// MaxAge is the longest that a new token may live; 0 = no limit (HB-60).
	MaxAge time.Duration
	// Now is the hub's time, against which ages are told; zero = the browser's.
	Now time.Time
}

// Token is a row of the first table. Zero times show as "Never".
type Token struct {
	ID                         string // such as "a7"
	Note                       string
	Scopes                     []string // raw
	LastUsed, Created, Expires time.Time
}

// Application is a row of the second table: one OAuth client with all tokens
// it holds from this user (HB-63).
type Application struct {
	TokenID           string // of any of the tokens: revoking it revokes all
	Description       string // the client's
	Scopes            []string
	LastUsed, Created time.Time // latest use, first authorization
}

// Token answers 200 with the token page of Shell.User.
func (p *Pages) Token(w http.ResponseWriter, page TokenPage) {
	page.Shell.Login = true
	w.Header().Set("Referrer-Policy", "strict-origin") // OA-S7
	p.write(w, http.StatusOK, "token", page.Shell, struct {
		TokenPage
		TokensURL string
		Ages      []age
	}{page, p.hub("api", "users", page.Shell.User, "tokens"), ages(page.MaxAge)})
}

// When is the time as scripts and readers without scripts get it.
func (Token) When(t time.Time) string { return when(t) }

// When is the time as scripts and readers without scripts get it.
func (Application) When(t time.Time) string { return when(t) }

func when(t time.Time) string {
	if t.IsZero() {
		return "Never"
	}
	return web.FormatTime(t)
}

// age is one choice of lifetime: seconds, "" = as long as the hub allows.
type age struct {
	Value, Label string
	Selected     bool
}

// ages are the choices up to the limit; the last is the one selected (HB-60).
func ages(limit time.Duration) []age {
	const day = 24 * time.Hour
	longest := age{Label: "Never"}
	if limit > 0 {
		longest.Label = "Max (" + inWords(limit) + ")"
	}
	var choices []age
	for _, c := range []struct {
		d     time.Duration
		label string
	}{{time.Hour, "1 Hour"}, {day, "1 Day"}, {7 * day, "1 Week"}, {30 * day, "1 Month"}, {365 * day, "1 Year"}} {
		choice := age{Value: strconv.FormatInt(int64(c.d/time.Second), 10), Label: c.label}
		if limit == c.d {
			longest = choice
		}
		if limit > 0 && c.d >= limit {
			break
		}
		choices = append(choices, choice)
	}
	longest.Selected = true
	return append(choices, longest)
}

// inWords uses the largest unit that needs no fraction.
func inWords(d time.Duration) string {
	for _, unit := range []struct {
		d    time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if d%unit.d == 0 {
			return plural(int64(d/unit.d), unit.name)
		}
	}
	return plural(int64(d/time.Second), "second")
}

func plural(n int64, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}
