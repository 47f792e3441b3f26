package hubsim_test

import (
	"os"
	"os/signal"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// Whatever a test started has to be gone when the tests are over.
// Managed services, and servers of kind command, are this program in the part of one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "service" {
		os.Exit(playService(os.Args[2:]))
	}
	if len(os.Args) > 1 && os.Args[1] == "server" {
		os.Exit(playServer())
	}
	if len(os.Args) > 1 && os.Args[1] == "silent" { // runs, and never answers
		end := make(chan os.Signal, 1)
		signal.Notify(end, os.Interrupt, syscall.SIGTERM)
		<-end
		return
	}
	goleak.VerifyTestMain(&judged{m: m})
}
