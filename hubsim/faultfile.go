package hubsim

import (
	"slices"
	"strings"
	"time"
)

// The keys of a fault in a file or a request (HB-170): whom it hits stands in match, or for faults without a scenario beside its effect.
var (
	matchKeys  = []string{"method", "path", "user", "actor", "nth"}
	countKeys  = []string{"match", "times", "probability"}
	effectKeys = []string{"delay", "hang", "status", "headers", "body", "cut"}
)

const maxCount = 1_000_000

func readFault(t *tree) (f Fault) {
	if t.fields["scenario"] != nil {
		return readScenario(t)
	}
	t.object(slices.Concat(matchKeys, countKeys, effectKeys), func(key string, v *tree) {
		switch key {
		case "delay":
			f.Delay = v.duration()
		case "hang":
			f.Hang = v.flag()
		case "status":
			f.Status = int(v.number(0, 999))
		case "headers":
			f.Headers = v.pairs()
		case "body":
			f.Body = v.text()
		case "cut":
			f.Cut = v.flag()
		default:
			if !f.readCount(key, v) {
				f.readMatch(key, v)
			}
		}
	})
	return f
}

func (f *Fault) readMatch(key string, v *tree) {
	switch key {
	case "method":
		f.Method = v.text()
	case "path":
		f.Path = v.text()
	case "user":
		f.User = v.text()
	case "actor":
		f.Actor = v.text()
	case "nth":
		f.Nth = int(v.number(0, maxCount))
	}
}

func (f *Fault) readCount(key string, v *tree) bool {
	switch key {
	case "match":
		v.object(matchKeys, f.readMatch)
	case "times":
		f.Times = int(v.number(0, maxCount))
	case "probability":
		f.Probability = v.fraction()
	default:
		return false
	}
	return true
}

// readScenario reads a fault that has a name, with what that scenario takes and no more (HB-171).
func readScenario(t *tree) (f Fault) {
	s := &f.Scenario
	named := t.fields["scenario"]
	s.Name = named.text()
	line := scenarioNamed(s.Name)
	if line == nil {
		var names []string
		for _, known := range scenarios() {
			names = append(names, known.name)
		}
		named.wrongf("must be one of %s", strings.Join(names, ", "))
		return f
	}
	t.object(slices.Concat([]string{"scenario"}, line.needs, line.takes, countKeys), func(key string, v *tree) {
		switch key {
		case "scenario":
		case "duration":
			s.Duration = v.signed()
		case "status":
			s.Status = int(v.number(0, 999))
		case "message":
			s.Message = v.text()
		case "owner":
			s.Owner = v.text()
		case "server":
			s.Server = v.text()
		case "user":
			s.User = v.text()
		case "group":
			s.Group = v.text()
		case "scopes":
			s.Scopes = v.texts()
		case "id":
			s.ID = v.text()
		case "error":
			s.Error = v.text()
		case "version":
			s.Version = v.text()
		default:
			f.readCount(key, v)
		}
	})
	return f
}

// signed reads a duration that may be negative.
func (t *tree) signed() time.Duration {
	switch v := t.token.(type) {
	case string:
		if rest, ok := strings.CutPrefix(v, "-"); ok {
			return -(&tree{path: t.path, line: t.line, kind: t.kind, first: t.first, token: rest}).duration()
		}
	case interface{ Float64() (float64, error) }:
		if seconds, err := v.Float64(); err == nil && seconds < 0 && seconds > -maxSkew.Seconds() {
			return time.Duration(seconds * float64(time.Second))
		}
	}
	return t.duration()
}

// maxSkew bounds a negative duration, as duration bounds others.
const maxSkew = 100 * 365 * 24 * time.Hour

// faultState is a fault as the control endpoints list it.
type faultState struct {
	ID       int64          `json:"id"`
	Hits     int            `json:"hits"`
	Method   string         `json:"method,omitempty"`
	Path     string         `json:"path,omitempty"`
	User     string         `json:"user,omitempty"`
	Actor    string         `json:"actor,omitempty"`
	Nth      int            `json:"nth,omitempty"`
	Times    int            `json:"times,omitempty"`
	Status   int            `json:"status,omitempty"`
	Hang     bool           `json:"hang,omitempty"`
	Scenario string         `json:"scenario,omitempty"`
	With     map[string]any `json:"with,omitempty"` // what the scenario was given
}

func stateOf(f FaultState) faultState {
	return faultState{f.ID, f.Hits, f.Method, f.Path, f.User, f.Actor, f.Nth, f.Times, f.Status, f.Hang, f.Scenario.Name, f.Scenario.parameters()}
}
