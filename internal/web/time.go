package web

import (
	"encoding/json"
	"fmt"
	"time"
)

// FormatTime is t as the API shows it: UTC, with microseconds, or without a
// fraction when they are zero (HB-5, SH-71). Finer parts are cut off.
func FormatTime(t time.Time) string {
	t = t.UTC().Truncate(time.Microsecond)
	if t.Nanosecond() == 0 {
		return t.Format("2006-01-02T15:04:05Z")
	}
	return t.Format("2006-01-02T15:04:05.000000Z")
}

// Time is a time in a JSON model; the zero time is null.
type Time struct{ time.Time }

// MarshalJSON gives FormatTime in quotes, or null.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return []byte(`"` + FormatTime(t.Time) + `"`), nil
}

// UnmarshalJSON takes null or a string that ParseTime takes.
func (t *Time) UnmarshalJSON(text []byte) error {
	var s *string
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("read a time: %w", err)
	}
	if s == nil {
		t.Time = time.Time{}
		return nil
	}
	parsed, err := ParseTime(*s)
	t.Time = parsed
	return err
}

// ParseTime reads an ISO 8601 date and time, with any fraction and any zone;
// without a zone it is UTC (HB-5). The result is in UTC.
func ParseTime(s string) (time.Time, error) {
	for _, date := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		for _, zone := range []string{"Z07:00", "Z0700", "Z07", ""} {
			if t, err := time.Parse(date+zone, s); err == nil {
				return t.UTC(), nil
			}
		}
	}
	return time.Time{}, fmt.Errorf("%q is not an iso 8601 time", s)
}
