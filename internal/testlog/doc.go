// Package testlog keeps what a test's subject logs, to be looked into while it still runs.
//
//	var log testlog.Log
//	hub := hubsim.New(t, hubsim.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
//	…
//	assert.Contains(t, log.String(), "level=ERROR")
//
// It waits for nothing: a test that has to know when a line came has a writer of its own.
package testlog
