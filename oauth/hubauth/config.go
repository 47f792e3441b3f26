package hubauth

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Secret is a token or key in the clear. However it is printed, logged or encoded it reads REDACTED; Reveal gives it.
type Secret string

const redacted = "REDACTED"

// Reveal is the secret itself, for the one place that needs it.
func (s Secret) Reveal() string { return string(s) }

// Format prints REDACTED for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String is REDACTED.
func (s Secret) String() string { return redacted }

// LogValue keeps the secret out of structured logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText keeps the secret out of JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// CookieOptions change the token cookie (OA-E17, OA-92).
type CookieOptions struct {
	SameSite http.SameSite // 0 = none is written, as JupyterHub does
	Secure   bool          // even if the browser's connection is not known to be https
	MaxAge   time.Duration // 0 = 30 days
}

// Config is what an [Auth] is made of: filled by hand, or by [FromEnv]. ClientID, APIToken and Prefix are required.
type Config struct {
	// APIURL is the hub's API as this process reaches it; "" = http://127.0.0.1:8081/hub/api (OA-E9).
	APIURL string
	// APIToken is this server's or service's own token, and its client secret (OA-6).
	APIToken Secret
	ClientID string // names the token cookie, too (OA-E3, OA-92)
	// Prefix is the escaped path that this server or service lives at, with slashes at both ends (OA-E12).
	Prefix string
	// CallbackURL is the registered redirect URI, a path or an absolute address; "" = Prefix + "oauth_callback" (OA-E4).
	CallbackURL string
	BaseURL     string // the hub's base path; "" = "/" (OA-E11)
	HubHost     string // scheme and host of the hub if a browser needs them; "" = the same host (OA-E8)
	PublicURL   string // this server's own address for browsers, if known: decides the cookies' Secure (OA-E16)
	// AccessScopes open this server to whoever holds any of them (OA-135). None: any identified visitor may enter.
	AccessScopes []string
	// NoLogin: visitors without a credential get 403 and are never sent to the hub (OA-136).
	NoLogin bool

	// CacheAge is how long an answer of the hub is believed; 0 = 5 minutes, negative = every request asks (OA-134). That a token is
	// good for nothing is believed for 30 seconds at most.
	CacheAge time.Duration
	// CheckSession demands at the callback that the token belongs to the browser session whose cookie the browser sends, if it sends one (OA-S11).
	CheckSession bool
	// AllowTokenInURL accepts ?token= on every request, not on WebSockets alone (OA-130).
	AllowTokenInURL bool
	// DenyWebSocketCookie refuses WebSockets that are authenticated by the cookie alone (OA-132).
	DenyWebSocketCookie bool
	// CookieHostPrefix gives cookies the __Host- prefix, for servers with a host of their own (OA-100).
	CookieHostPrefix bool
	Cookies          CookieOptions

	// Keys sign cookies, each 32 bytes or more: the first signs, all verify, so that a new one in front logs nobody out. They are the same
	// on every replica. None = one is drawn at start: then a restart logs every visitor out, and replicas refuse each other's.
	Keys [][]byte
	// TLS is for hubs whose parts prove themselves to each other by certificates: calls to the hub use it (OA-E20).
	TLS TLSFiles
	// Version is sent as X-JupyterHub-Version, and compared by [Auth.CheckVersion]; "" = neither (OA-140).
	Version string

	Now func() time.Time // nil = time.Now
	// Wait is how [Auth.CheckVersion] pauses; it returns early, with ctx's error, when ctx ends. nil = real time.
	Wait       func(ctx context.Context, d time.Duration) error
	Rand       io.Reader    // nil = crypto/rand; must be safe for concurrent use
	HTTPClient *http.Client // for calls to the hub, which TLS then means nothing to; nil = one with a timeout of 20 seconds
	Logger     *slog.Logger // nil = discard; never sees a secret
	// API says which requests want JSON: they are refused with 403 instead of being sent to log in (OA-136). nil = none.
	API func(*http.Request) bool
	// Error writes a refusal or failure; headers are set already. nil = plain text, or JSON where API says so.
	Error func(w http.ResponseWriter, r *http.Request, status int, message string)
}

// Format prints the client's id and no secret, for every verb.
func (c Config) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "hubauth.Config{ClientID: %q, %s}", c.ClientID, redacted)
}

// LogValue keeps token and key out of structured logs.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// FromEnv reads the variables that a hub hands to its servers and services (OA-E1 … OA-E23). getenv is usually os.Getenv. Variables
// that are missing leave their field empty; one that cannot be read is an error that names it.
func FromEnv(getenv func(string) string) (Config, error) {
	c := Config{
		APIURL:          getenv("JUPYTERHUB_API_URL"),
		APIToken:        Secret(getenv("JUPYTERHUB_API_TOKEN")),
		ClientID:        getenv("JUPYTERHUB_CLIENT_ID"),
		Prefix:          getenv("JUPYTERHUB_SERVICE_PREFIX"),
		CallbackURL:     getenv("JUPYTERHUB_OAUTH_CALLBACK_URL"),
		BaseURL:         getenv("JUPYTERHUB_BASE_URL"),
		HubHost:         getenv("JUPYTERHUB_HOST"),
		PublicURL:       getenv("JUPYTERHUB_PUBLIC_URL"),
		AllowTokenInURL: on(getenv("JUPYTERHUB_ALLOW_TOKEN_IN_URL")),
		TLS: TLSFiles{
			Key: getenv("JUPYTERHUB_SSL_KEYFILE"), Cert: getenv("JUPYTERHUB_SSL_CERTFILE"), CA: getenv("JUPYTERHUB_SSL_CLIENT_CA"),
		},
		CookieHostPrefix:    on(getenv("JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED")),
		DenyWebSocketCookie: getenv("JUPYTERHUB_ALLOW_WEBSOCKET_COOKIE_AUTH") != "" && !on(getenv("JUPYTERHUB_ALLOW_WEBSOCKET_COOKIE_AUTH")),
	}
	if c.APIToken == "" {
		c.APIToken = Secret(getenv("JPY_API_TOKEN"))
	}
	name := "JUPYTERHUB_OAUTH_ACCESS_SCOPES"
	text := getenv(name)
	if text == "" {
		name = "JUPYTERHUB_OAUTH_SCOPES" // the name before 3.0 (OA-E6)
		text = getenv(name)
	}
	if text != "" {
		if err := json.Unmarshal([]byte(text), &c.AccessScopes); err != nil {
			return Config{}, fmt.Errorf("read %s: %w", name, err)
		}
	} else if service := getenv("JUPYTERHUB_SERVICE_NAME"); service != "" {
		c.AccessScopes = []string{"access:services", "access:services!service=" + service} // OA-E15
	}
	if text := getenv("JUPYTERHUB_COOKIE_OPTIONS"); text != "" {
		var err error
		if c.Cookies, err = cookieOptions(text); err != nil {
			return Config{}, fmt.Errorf("read JUPYTERHUB_COOKIE_OPTIONS: %w", err)
		}
	}
	return c, nil
}

func on(v string) bool {
	return v == "1" || strings.EqualFold(v, "true") || strings.EqualFold(v, "yes") || strings.EqualFold(v, "on")
}

// cookieOptions reads those options, named as in Python, that make sense for this cookie; others are ignored.
func cookieOptions(text string) (CookieOptions, error) {
	var raw struct {
		SameSite    string  `json:"samesite"`
		Secure      bool    `json:"secure"`
		MaxAge      float64 `json:"max_age"`
		ExpiresDays float64 `json:"expires_days"`
	}
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return CookieOptions{}, err
	}
	o := CookieOptions{Secure: raw.Secure, MaxAge: time.Duration(raw.MaxAge * float64(time.Second))}
	if o.MaxAge == 0 {
		o.MaxAge = time.Duration(raw.ExpiresDays * 24 * float64(time.Hour))
	}
	switch strings.ToLower(raw.SameSite) {
	case "":
	case "lax":
		o.SameSite = http.SameSiteLaxMode
	case "strict":
		o.SameSite = http.SameSiteStrictMode
	case "none":
		o.SameSite = http.SameSiteNoneMode
	default:
		return CookieOptions{}, fmt.Errorf("no samesite %q", raw.SameSite)
	}
	return o, nil
}

// keyBytes is the least length of a signing key.
const keyBytes = 32

// check fills the defaults in, or says what is wrong.
func (c *Config) check() error {
	if c.APIURL == "" {
		c.APIURL = "http://127.0.0.1:8081/hub/api"
	}
	if c.BaseURL == "" {
		c.BaseURL = "/"
	}
	c.APIURL = strings.TrimSuffix(c.APIURL, "/")
	if c.CallbackURL == "" {
		c.CallbackURL = c.Prefix + "oauth_callback"
	}
	api, err := url.Parse(c.APIURL)
	switch {
	case err != nil || api.Scheme != "http" && api.Scheme != "https" || api.Host == "":
		return fmt.Errorf("hubauth: api url %q is no absolute http address", c.APIURL)
	case c.APIToken == "":
		return errors.New("hubauth: config has no api token")
	case c.ClientID == "" && !c.NoLogin:
		return errors.New("hubauth: config has no client id")
	case !slashed(c.Prefix):
		return fmt.Errorf("hubauth: prefix %q does not begin and end with a slash", c.Prefix)
	case !slashed(c.BaseURL):
		return fmt.Errorf("hubauth: base url %q does not begin and end with a slash", c.BaseURL)
	}
	for _, key := range c.Keys {
		if len(key) < keyBytes {
			return fmt.Errorf("hubauth: a key of %d bytes is too short, %d are needed", len(key), keyBytes)
		}
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if len(c.Keys) == 0 {
		key := make([]byte, keyBytes)
		if _, err := io.ReadFull(c.Rand, key); err != nil {
			return fmt.Errorf("hubauth: draw a key: %w", err)
		}
		c.Keys = [][]byte{key}
	}
	if c.CacheAge == 0 {
		c.CacheAge = 5 * time.Minute
	}
	if c.Cookies.MaxAge == 0 {
		c.Cookies.MaxAge = 30 * 24 * time.Hour
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Wait == nil {
		c.Wait = wait
	}
	if c.HTTPClient == nil {
		secured, err := c.TLS.client()
		if err != nil {
			return err
		}
		c.HTTPClient = &http.Client{Timeout: 20 * time.Second, Transport: ownTransport(secured)}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.API == nil {
		c.API = func(*http.Request) bool { return false }
	}
	return nil
}

func slashed(path string) bool { return strings.HasPrefix(path, "/") && strings.HasSuffix(path, "/") }

// ownTransport keeps calls to the hub apart from the process's default connections, which others may close: every httptest server that
// ends does. secured may be nil.
func ownTransport(secured *tls.Config) http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	switch {
	case ok:
		t = t.Clone()
	case secured == nil:
		return http.DefaultTransport
	default: // somebody replaced it by what takes no certificates
		t = &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	}
	if secured != nil {
		t.TLSClientConfig = secured
	}
	return t
}
