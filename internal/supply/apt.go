package supply

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"time"
)

// aptLimit bounds each of apt-get's two runs.
const aptLimit = 6 * time.Minute

// AptInstall installs Debian packages, fetching the lists first. It is refused where it cannot work: without apt-get, or not as root.
func AptInstall(ctx context.Context, packages ...string) error {
	if os.Geteuid() != 0 {
		return errors.New("not running as root")
	}
	apt, err := exec.LookPath("apt-get")
	if err != nil {
		return err
	}
	for _, args := range [][]string{{"update"}, append([]string{"install", "-y", "--no-install-recommends"}, packages...)} {
		argv := append([]string{apt, "-o", "DPkg::Lock::Timeout=300", "-qq"}, args...)
		if _, err := (Command{Limit: aptLimit, Env: []string{"DEBIAN_FRONTEND=noninteractive"}, Argv: argv}).Output(ctx); err != nil {
			return err
		}
	}
	return nil
}
