package real_test

import (
	"os"
	"testing"

	"github.com/hubshare/hubshare/e2e/browser"
)

func TestMain(m *testing.M) { os.Exit(browser.Main(m)) }
