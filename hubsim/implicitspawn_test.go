package hubsim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// HB-59: a stopped server's page follows its launch link by itself only on a hub that says after how long.
func TestAStoppedServersPageStartsItWhereTheHubSaysSo(t *testing.T) {
	t.Parallel()
	for text, follows := range map[string]bool{`{}`: false, `{"implicit_spawn_seconds": 0}`: false, `{"implicit_spawn_seconds": 2.5}`: true} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			cfg, err := hubsim.ParseConfig([]byte(text))
			require.NoError(t, err)
			cfg.Addr = ""
			hub := hubsim.New(t, cfg)
			page := known(t, hub, "sharer").get(hub.UserURL("sharer", "") + "lab")
			require.Equal(t, 424, page.status)
			if follows {
				require.Contains(t, page.body, `data-follow="2500"`)
			} else {
				require.NotContains(t, page.body, `data-follow=`)
			}
		})
	}
}
