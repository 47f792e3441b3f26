package e2e_test

import (
	"flag"
	"os"
	"testing"

	"github.com/hubshare/hubshare/e2e/browser"
)

// go test ./e2e -headed -slow 300ms -run TestName
var options = browser.Flags(flag.CommandLine)

func TestMain(m *testing.M) { os.Exit(browser.MainWith(m, options)) }
