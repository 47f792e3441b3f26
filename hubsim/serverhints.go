package hubsim

import (
	"encoding/json"
	"maps"
	"strconv"

	"github.com/hubshare/hubshare/oauth/hubauth"
)

// ServerHints are what servers find in their environment about how they are to run (OA-E19, OA-E21, OA-E22). The simulator hands them on and keeps
// none of them itself: what they mean is the program's affair. What is zero is not said.
type ServerHints struct {
	RootDir           string // the folder that the server opens
	Debug             bool
	DisableUserConfig bool // leave alone what the user configured
	// AdminAccess says that admins may enter; servers since 2.0 do not look at it.
	AdminAccess bool

	MemLimit, MemGuarantee int64   // bytes
	CPULimit, CPUGuarantee float64 // processors
}

// env gives the variables that say something.
func (s ServerHints) env() map[string]string {
	env := map[string]string{}
	for name, v := range map[string]bool{
		"JUPYTERHUB_DEBUG": s.Debug, "JUPYTERHUB_DISABLE_USER_CONFIG": s.DisableUserConfig, "JUPYTERHUB_ADMIN_ACCESS": s.AdminAccess,
	} {
		if v {
			env[name] = "1"
		}
	}
	for name, v := range map[string]int64{"MEM_LIMIT": s.MemLimit, "MEM_GUARANTEE": s.MemGuarantee} {
		if v != 0 {
			env[name] = strconv.FormatInt(v, 10)
		}
	}
	for name, v := range map[string]float64{"CPU_LIMIT": s.CPULimit, "CPU_GUARANTEE": s.CPUGuarantee} {
		if v != 0 {
			env[name] = strconv.FormatFloat(v, 'f', -1, 64)
		}
	}
	if s.RootDir != "" {
		env["JUPYTERHUB_ROOT_DIR"] = s.RootDir
	}
	return env
}

func (s ServerHints) check() error {
	if s.MemLimit < 0 || s.MemGuarantee < 0 || s.CPULimit < 0 || s.CPUGuarantee < 0 {
		return wrongFieldf("SingleUser.Hints", "a limit or guarantee is negative")
	}
	return nil
}

// tlsEnv names the files by which the inside of a hub proves itself, to servers and services (OA-E20).
func tlsEnv(f hubauth.TLSFiles) map[string]string {
	env := map[string]string{"JUPYTERHUB_SSL_KEYFILE": f.Key, "JUPYTERHUB_SSL_CERTFILE": f.Cert, "JUPYTERHUB_SSL_CLIENT_CA": f.CA}
	maps.DeleteFunc(env, func(_, path string) bool { return path == "" })
	return env
}

func readServerHints(t *tree) (s ServerHints) {
	known := []string{"root_dir", "debug", "disable_user_config", "admin_access", "mem_limit", "mem_guarantee", "cpu_limit", "cpu_guarantee"}
	t.object(known, func(key string, v *tree) {
		switch key {
		case "root_dir":
			s.RootDir = v.text()
		case "debug":
			s.Debug = v.flag()
		case "disable_user_config":
			s.DisableUserConfig = v.flag()
		case "admin_access":
			s.AdminAccess = v.flag()
		case "mem_limit":
			s.MemLimit = v.number(0, 1<<60)
		case "mem_guarantee":
			s.MemGuarantee = v.number(0, 1<<60)
		case "cpu_limit":
			s.CPULimit = v.amount()
		case "cpu_guarantee":
			s.CPUGuarantee = v.amount()
		}
	})
	return s
}

// amount reads a number that is not negative.
func (t *tree) amount() float64 {
	n, _ := t.token.(json.Number)
	f, err := n.Float64()
	if err != nil || f < 0 {
		t.wrongf("must be a number from 0")
		return 0
	}
	return f
}

func readTLSFiles(t *tree) (f hubauth.TLSFiles) {
	t.object([]string{"key", "cert", "ca"}, func(key string, v *tree) {
		switch key {
		case "key":
			f.Key = v.text()
		case "cert":
			f.Cert = v.text()
		case "ca":
			f.CA = v.text()
		}
	})
	return f
}
