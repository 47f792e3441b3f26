package hubsim_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/hubshare/hubshare/hubsim"
)

// HB-129: an extension's module runs in the page of the stand-in server, which serves it and what it imports.
func TestPagesRunTheModulesOfAnExtension(t *testing.T) {
	t.Parallel()
	hub := hubsim.New(t, hubsim.Config{SingleUser: hubsim.SingleUser{
		Modules:     []string{"dist/index.js", "https://127.0.0.1/other.js"},
		ModuleFiles: fstest.MapFS{"dist/index.js": {Data: []byte("export default () => {}")}},
	}})
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	sharer := known(t, hub, "sharer")
	page := sharer.get(hub.UserURL("sharer", "") + "lab")
	require.Contains(t, page.body, `["/user/sharer/extensions/dist/index.js","https://127.0.0.1/other.js"]`)
	module := sharer.get(hub.UserURL("sharer", "") + "extensions/dist/index.js")
	require.Equal(t, http.StatusOK, module.status)
	require.Equal(t, "export default () => {}", module.body)
}

// HB-178: the same from a file, where the modules lie in a folder.
func TestModulesComeFromAConfigurationToo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "m.js"), []byte("export function activate() {}"), 0o600))
	parse := func(modules string) hubsim.Config {
		cfg, err := hubsim.ParseConfig([]byte(`{"port": 0, "singleuser": {"module_dir": "` + filepath.ToSlash(dir) + `", "modules": [` + modules + `]}}`))
		require.NoError(t, err)
		return cfg
	}
	hub := hubsim.New(t, parse(`"m.js"`))
	require.NoError(t, hub.StartServer(t.Context(), "sharer", ""))
	require.Equal(t, "export function activate() {}", known(t, hub, "sharer").get(hub.UserURL("sharer", "")+"extensions/m.js").body)

	for modules, wrong := range map[string]string{
		`"m.js", "n.js"`:    `SingleUser.Modules[1]: "n.js" is not among the module files`,
		`"."`:               `SingleUser.Modules[0]: "." is not among the module files`,
		`"../m.js"`:         `SingleUser.Modules[0]: "../m.js" must be a path below the module files`,
		`"/m.js"`:           `SingleUser.Modules[0]: "/m.js" must be a path below the module files`,
		`"ftp://host/m.js"`: `SingleUser.Modules[0]: "ftp://host/m.js"`,
	} {
		_, err := hubsim.Start(t.Context(), parse(modules))
		require.ErrorContains(t, err, wrong, modules)
		require.Equal(t, 0, strings.Count(err.Error(), "\n"))
	}
	_, err := hubsim.Start(t.Context(), hubsim.Config{SingleUser: hubsim.SingleUser{Modules: []string{"m.js"}}})
	require.ErrorContains(t, err, `SingleUser.Modules[0]: "m.js" is a file, and there are no module files to find it in`)
}
