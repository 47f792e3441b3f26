package hubsim_test

import (
	"testing"

	"go.uber.org/goleak"
)

// Whatever a test started has to be gone when the tests are over.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
