package scenario

import (
	"fmt"
	"time"
)

// Login is how one person enters the hub.
type Login struct {
	// Name is what the hub calls them.
	Name string
	// Password is typed as it is; it may be empty where the hub allows that.
	Password Secret
	// Typed is what is typed for a name, where the hub should make Name of it
	// (HB-25). Empty means Name.
	Typed string
}

func (l Login) typed() string {
	if l.Typed == "" {
		return l.Name
	}
	return l.Typed
}

// Config is what Walk needs to know. BaseURL, Sharer.Name and Grantee.Name must
// be set.
type Config struct {
	// BaseURL is the address of the hub's front, with its base path if it has one.
	BaseURL string
	// Sharer owns the server. Grantee is let in.
	Sharer, Grantee Login
	// ScreenshotDir gets numbered pictures of the pages. Empty means none.
	ScreenshotDir string
	// Step is called after each step, in order, from the goroutine that called
	// Walk. Nil is allowed.
	Step func(Step)
}

// Step is one step of the walk, done or failed.
type Step struct {
	// Number is the step's in HB-187, from 1.
	Number int
	// Name says in a sentence what the step shows.
	Name string
	// Took is how long it lasted.
	Took time.Duration
	// Screenshot is the file of the step's last picture; empty if none was taken.
	Screenshot string
	// Err is why the step failed; nil when all was as it should be.
	Err error
}

// String is one line for a log.
func (s Step) String() string {
	line := fmt.Sprintf("%d. %s (%s)", s.Number, s.Name, s.Took.Round(time.Millisecond))
	if s.Err != nil {
		line += ": " + s.Err.Error()
	}
	return line
}
