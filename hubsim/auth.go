package hubsim

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"github.com/hubshare/hubshare/hubsim/pages"
	"github.com/hubshare/hubshare/internal/web"
	"github.com/hubshare/hubshare/oauth"
	oauthhttp "github.com/hubshare/hubshare/oauth/httpapi"
)

// Auth is how people log in, beside [Config.AllowedUsers] and [Config.Password]. The zero Auth is the dummy authenticator (HB-23).
type Auth struct {
	// Kind is AuthDummy or AuthSharedPassword; "" is AuthDummy.
	Kind AuthKind
	// UserPassword logs in whoever is no administrator, 8 bytes or more; AdminPassword those of AdminUsers, 32 bytes or more, and another one. Both are for
	// AuthSharedPassword (HB-24); who has no password there cannot log in.
	UserPassword, AdminPassword oauth.Secret
	// AdminUsers exist from the start and hold role admin.
	AdminUsers []string
	// UsernameMap gives those who type one name another one, after it was trimmed and lower-cased (HB-25).
	UsernameMap map[string]string
	// UsernamePattern is a regular expression that the whole of a name has to match, after UsernameMap; "" = any name (HB-25).
	UsernamePattern string
	// AutoLogin is who comes in without a form: opening the login page logs them in, and logging out leads to a page that says so (HB-27). "" = nobody.
	AutoLogin string
}

// AuthKind is a way to log in.
type AuthKind string

// The ways to log in.
const (
	AuthDummy          AuthKind = "dummy"           // any name; any password, or Config.Password
	AuthSharedPassword AuthKind = "shared-password" // one password for all users, another one for administrators
)

const (
	minUserPassword  = 8
	minAdminPassword = 32
)

func (a Auth) check(c Config) error {
	switch a.Kind {
	case "", AuthDummy:
		if a.UserPassword != "" || a.AdminPassword != "" {
			return wrongFieldf("UserPassword", "and AdminPassword are for kind %s; the password of kind %s is Config.Password (password in a file)", AuthSharedPassword, AuthDummy)
		}
	case AuthSharedPassword:
		switch {
		case c.Password != "":
			return wrongFieldf("Kind", "%s takes UserPassword and AdminPassword, not Config.Password (password in a file)", a.Kind)
		case a.UserPassword == "" && a.AdminPassword == "":
			return wrongFieldf("UserPassword", "or AdminPassword is needed by kind %s", a.Kind)
		case a.UserPassword != "" && len(a.UserPassword) < minUserPassword:
			return wrongFieldf("UserPassword", "must have %d bytes or more", minUserPassword)
		case a.AdminPassword != "" && len(a.AdminPassword) < minAdminPassword:
			return wrongFieldf("AdminPassword", "must have %d bytes or more", minAdminPassword)
		case a.AdminPassword == a.UserPassword:
			return wrongFieldf("AdminPassword", "must not be the users' one")
		case a.AdminPassword != "" && len(a.AdminUsers) == 0:
			return wrongFieldf("AdminUsers", "must name somebody if there is an AdminPassword")
		}
	default:
		return wrongFieldf("Kind", "%q must be %s or %s", string(a.Kind), AuthDummy, AuthSharedPassword)
	}
	if _, err := a.pattern(); err != nil {
		return wrongField("UsernamePattern", err)
	}
	for i, name := range a.AdminUsers {
		if err := checkUserName(name); err != nil {
			return wrongField(fmt.Sprintf("AdminUsers[%d]", i), err)
		}
	}
	for from, to := range a.UsernameMap {
		if err := checkUserName(to); err != nil {
			return wrongFieldf("UsernameMap", "%q: %w", from, err)
		}
	}
	if a.AutoLogin != "" {
		if err := checkUserName(a.AutoLogin); err != nil {
			return wrongField("AutoLogin", err)
		}
	}
	return nil
}

// pattern is what the whole of a name has to match; nil = anything.
func (a Auth) pattern() (*regexp.Regexp, error) {
	if a.UsernamePattern == "" {
		return nil, nil
	}
	return regexp.Compile(`\A(?:` + a.UsernamePattern + `)\z`)
}

// userNamed is whom a typed name means (HB-25).
func (h *Hub) userNamed(typed string) string {
	name := normalName(typed)
	if alias, ok := h.cfg.Auth.UsernameMap[name]; ok {
		return alias
	}
	return name
}

// mayLogIn says whether a name, as userNamed gives it, and a password log in (HB-23, HB-24).
func (h *Hub) mayLogIn(name, password string) bool {
	if !h.mayExist(name) {
		return false
	}
	a := h.cfg.Auth
	if a.Kind != AuthSharedPassword {
		return h.cfg.Password == "" || sameSecret(password, h.cfg.Password)
	}
	wanted := a.UserPassword
	if a.AdminPassword != "" && slices.Contains(a.AdminUsers, name) {
		wanted = a.AdminPassword // and no other, or the one that everybody knows would make administrators
	}
	return wanted != "" && sameSecret(password, wanted.Reveal())
}

// credentials are who asks for a token with a name and a password instead of a credential (HB-143). They have to be somebody already.
func (h *Hub) credentials(_ context.Context, raw json.RawMessage) (oauth.OwnerRef, error) {
	var given struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
	if err := json.Unmarshal(raw, &given); err != nil {
		return oauth.OwnerRef{}, oauthhttp.ErrBadCredentials
	}
	name := h.userNamed(given.Username)
	a, ok := h.roster.userByName(name)
	if !ok || !h.mayLogIn(name, given.Password) {
		return oauth.OwnerRef{}, oauthhttp.ErrBadCredentials
	}
	return oauth.OwnerRef{Kind: oauth.KindUser, ID: a.ID}, nil
}

// mayExist says whether a name could be somebody's who may log in.
func (h *Hub) mayExist(name string) bool {
	if checkUserName(name) != nil {
		return false
	}
	if h.namePattern != nil && !h.namePattern.MatchString(name) {
		return false
	}
	return len(h.cfg.AllowedUsers) == 0 || slices.Contains(h.cfg.AllowedUsers, name) || slices.Contains(h.cfg.Auth.AdminUsers, name)
}

// autoLogin logs somebody in who opens the login page, if the hub does so (HB-27).
func (h *Hub) autoLogin(w http.ResponseWriter, r *http.Request) (done bool, err error) {
	name := h.cfg.Auth.AutoLogin
	if name == "" {
		return false, nil
	}
	if !h.mayExist(name) {
		return true, web.Errorf(http.StatusForbidden, "")
	}
	return true, h.enterAs(w, r, name)
}

// enterAs is a login that succeeded: the user exists from now on (HB-26), and is sent on (HB-31).
func (h *Hub) enterAs(w http.ResponseWriter, r *http.Request, name string) error {
	a, err := h.roster.ensureUser(r.Context(), name, slices.Contains(h.cfg.Auth.AdminUsers, name), h.cfg.Clock.Now())
	if err != nil {
		return err
	}
	target := h.afterLogin(r, a)
	h.logIn(w, r, a)
	web.NoStore(w.Header())
	web.Redirect(w, http.StatusFound, target)
	return nil
}

// loggedOut says so to somebody whom the login page would log in again at once.
func (h *Hub) loggedOut(w http.ResponseWriter, r *http.Request) {
	h.pages.LoggedOut(w, pages.Shell{XSRF: h.xsrf.Fresh(w, r, web.Bind{})})
}

func readAuth(t *tree, c *Config) {
	known := []string{"kind", "password", "allowed_users", "user_password", "admin_password", "admin_users", "username_map", "username_pattern", "auto_login"}
	a := &c.Auth
	t.object(known, func(key string, v *tree) {
		switch key {
		case "kind":
			a.Kind = oneOf(v, map[string]AuthKind{string(AuthDummy): AuthDummy, string(AuthSharedPassword): AuthSharedPassword})
		case "password":
			c.Password = v.text()
		case "allowed_users":
			c.AllowedUsers = v.texts()
		case "user_password":
			a.UserPassword = oauth.Secret(v.text())
		case "admin_password":
			a.AdminPassword = oauth.Secret(v.text())
		case "admin_users":
			a.AdminUsers = v.texts()
		case "username_map":
			a.UsernameMap = v.pairs()
		case "username_pattern":
			a.UsernamePattern = v.text()
		case "auto_login":
			a.AutoLogin = v.text()
		}
	})
}
